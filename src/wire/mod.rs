//! The payloads of others, parsed into plain facts. Knows nothing of ours; never errs on what it does not know.

pub mod baileys;
pub mod json;
pub mod long;
pub mod problem;
pub mod realtime;
pub mod source;
pub mod when;
