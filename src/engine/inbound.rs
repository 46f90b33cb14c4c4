//! Chat messages, and what becomes of them, as bridges deliver them. Plain data.

use crate::domain::entry::Attachment;
use crate::domain::message::{Change, Changer, Quote};
use crate::domain::time::Micros;

#[derive(Clone, Debug, Default)]
pub struct InboundMessage {
    pub instance: String,
    /// The bridge's message id; without one, content and time tell messages apart.
    pub id: Option<String>,
    pub ids: IdScope,
    /// Chat addresses of the customer, or the group's, most certain first; never empty.
    pub addresses: Vec<String>,
    pub phone: Option<String>,
    pub from_me: bool,
    pub name: Option<String>,
    pub sent_at: Option<Micros>,
    pub text: String,
    pub attachment: Option<Attachment>,
    pub quoted: Option<Quote>,
    /// Its content has not come yet: the same id may come again with it.
    pub undecrypted: bool,
    pub group: Option<GroupPost>,
}

/// How far ids of messages tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdScope {
    /// Within a chat and a direction; in a group also by who wrote.
    #[default]
    Chat,
    /// The same, but what happens to a message may name it by its id alone.
    ChatOrId,
    /// Within the instance.
    Instance,
}

/// Where and by whom a message of a group was written.
#[derive(Clone, Debug, Default)]
pub struct GroupPost {
    /// The group's name, where the bridge tells it.
    pub title: Option<String>,
    /// Addresses of who wrote; empty when it was us.
    pub author: Vec<String>,
    /// The writer's number.
    pub phone: Option<String>,
}

#[derive(Clone, Debug)]
pub struct MessageChange {
    pub instance: String,
    /// The id of the message that changes.
    pub target: String,
    pub ids: IdScope,
    /// Addresses of its chat; empty where the bridge names it by its id alone.
    pub addresses: Vec<String>,
    pub by: Changer,
    pub at: Option<Micros>,
    pub change: Change,
}
