//! What a Baileys bridge posts (WhatsApp, seed 004), read into [`chat`](super::chat).
//!
//! No standard for the body exists, so every shape seen in the wild is read: `{event, data}`, `{type, …}`,
//! `{messages, type}`, a bare array, one bare message, and the flat bridge of seed 004 (`{from, text, …}`).

pub(super) mod content;
mod envelope;
mod flat;
mod kinds;
pub(super) mod message;
pub(super) mod receipt;
#[cfg(test)]
mod tests;

pub(super) use envelope::event_items;
pub use envelope::parse;
