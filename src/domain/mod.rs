//! The words and rules of the trade. Pure: no clock, no randomness, no I/O; time and ids come as arguments.

pub mod agent;
pub mod calendar;
pub mod call;
pub mod categorise;
pub mod channel;
pub mod clock;
pub mod contact;
pub mod email;
pub mod entry;
pub mod message;
pub mod order;
pub mod outbound;
pub mod priority;
pub mod redact;
pub mod reference;
pub mod reply_draft;
pub mod session;
pub mod sla;
pub mod sla_policy;
pub mod source;
pub mod status;
pub mod summary;
pub mod ticket;
pub mod time;
pub mod totp;
pub mod words;
