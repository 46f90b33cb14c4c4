//! The words and rules of the trade. Pure: no clock, no randomness, no I/O; time and ids come as arguments.

pub mod agent;
pub mod call;
pub mod canned;
pub mod categorise;
pub mod category;
pub mod channel;
pub mod clock;
pub mod contact;
pub mod email;
pub mod entry;
pub mod file;
pub mod message;
pub mod order;
pub mod outbound;
pub mod priority;
pub mod rating;
pub mod redact;
pub mod reference;
pub mod source;
pub mod status;
pub mod summary;
pub mod ticket;
pub mod time;
pub mod webhook;
pub mod words;
