//! The payloads of others, parsed into plain facts. Knows nothing of ours; never errs on what it does not know.

pub mod assistant;
pub mod asterisk;
pub mod baileys;
pub mod case;
pub mod chat;
pub mod csv;
pub mod evolution;
pub mod form;
pub mod html;
pub mod intercom;
pub mod json;
pub mod livekit;
pub mod long;
pub mod meta;
#[cfg(test)]
mod mutation;
pub mod problem;
pub mod realtime;
pub mod report;
pub mod sip;
pub mod source;
pub mod twilio;
pub mod vapi;
pub mod waha;
pub mod whapi;
pub mod when;
pub mod wuzapi;
pub mod zendesk;
