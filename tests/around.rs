//! What stands around a ticket, from outside: categories and canned responses, the customer's portal, files, and webhooks
//! that go out (seed 003).

#[path = "around/canned.rs"]
mod canned;
#[path = "around/categories.rs"]
mod categories;
#[path = "around/deliveries.rs"]
mod deliveries;
#[path = "around/desk.rs"]
mod desk;
mod examples;
mod faketime;
#[path = "around/files.rs"]
mod files;
mod harness;
#[path = "around/kills.rs"]
mod kills;
#[path = "around/names.rs"]
mod names;
#[path = "around/portal.rs"]
mod portal;
#[path = "around/rebinding.rs"]
mod rebinding;
#[path = "around/receiver.rs"]
mod receiver;
#[path = "around/seed.rs"]
mod seed;
#[path = "around/signed.rs"]
mod signed;
#[path = "around/webhooks.rs"]
mod webhooks;
