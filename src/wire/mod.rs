//! The payloads of others, parsed into plain facts. Knows nothing of ours; never errs on what it does not know.

pub mod baileys;
pub mod chat;
pub mod evolution;
pub mod json;
pub mod long;
pub mod meta;
pub mod problem;
pub mod realtime;
pub mod waha;
pub mod whapi;
pub mod when;
pub mod wuzapi;
