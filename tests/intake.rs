//! The doors beside calls and WhatsApp, from outside: forms and the API (seed 001), Zendesk, Intercom, chatbots
//! (seed 003), and platforms that report calls.

#[path = "intake/chat.rs"]
mod chat;
#[path = "intake/desk.rs"]
mod desk;
#[path = "intake/desks.rs"]
mod desks;
#[path = "intake/form.rs"]
mod form;
mod harness;
mod mutated;
#[path = "intake/odd.rs"]
mod odd;
#[path = "intake/reports.rs"]
mod reports;
#[path = "intake/signed.rs"]
mod signed;
