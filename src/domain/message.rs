//! What happens to a chat message after it was sent: edited, taken back, reacted to, answered.

use serde::{Deserialize, Serialize};

use super::entry::{Attachment, Speaker};
use super::time::Micros;

/// The body of an entry whose message was taken back. Its words are among its revisions.
pub const DELETED: &str = "[Message deleted]";

/// Words that a message had. Position 0 is what was sent first; the others lie in the order of arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    pub body: String,
    /// When it was sent, or changed to this.
    pub at: Micros,
    /// What came with it; kept for the first one only.
    pub attachment: Option<Attachment>,
}

/// What a message said, one after the other: its first words, then by time; what says the same as the one before
/// it is no other wording. The last one is what it says.
pub fn wordings(mut revisions: Vec<Revision>) -> Vec<Revision> {
    if let Some((_, later)) = revisions.split_first_mut() {
        later.sort_by_key(|revision| revision.at);
    }
    revisions.dedup_by(|later, earlier| later.body == earlier.body);
    revisions
}

/// Words of one message that are kept; of further edits only the newest.
pub const MAX_REVISIONS: u32 = 64;

/// What one person put at a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reaction {
    /// None: taken away. The row stays, so that an older one that comes late does not bring it back.
    pub emoji: Option<String>,
    pub by: Speaker,
    pub author: Option<String>,
    pub at: Micros,
}

/// Reactions to one message, those that were taken away included.
pub const MAX_REACTIONS: usize = 64;

/// The message that another one answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The provider's id of that message.
    pub id: String,
    /// Its first words, where the bridge repeats them.
    pub text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    Edit {
        text: String,
    },
    Delete,
    /// No emoji takes it away.
    React {
        emoji: Option<String>,
    },
}

/// Who changed a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changer {
    /// Our side; `None` where the bridge does not say.
    pub from_me: Option<bool>,
    /// In a group: their address.
    pub address: Option<String>,
    /// In a group: how they are called.
    pub name: Option<String>,
}

/// A change that came before its message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyChange {
    pub change: Change,
    pub by: Changer,
    pub at: Option<Micros>,
}

/// What came before the message that it changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Early {
    /// In the order of arrival; at most [`MAX_EARLY`], of [`MAX_EARLY_BYTES`] of text together.
    pub changes: Vec<EarlyChange>,
}

pub const MAX_EARLY: usize = 16;
pub const MAX_EARLY_BYTES: usize = 1 << 20;

impl Early {
    /// Adds a change, unless it is there or there is no room for it.
    pub fn add(&mut self, change: EarlyChange) -> bool {
        let length = |c: &EarlyChange| match &c.change {
            Change::Edit { text } => text.len(),
            _ => 0,
        };
        let bytes: usize = self.changes.iter().chain([&change]).map(length).sum();
        let fits = self.changes.len() < MAX_EARLY && bytes <= MAX_EARLY_BYTES;
        let adds = fits && !self.changes.contains(&change);
        if adds {
            self.changes.push(change);
        }
        adds
    }
}

/// A message of our own that came while its chat had no ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnMessage {
    pub id: String,
    /// Under which its chat was named: it is kept once under each, and claimed once.
    pub addresses: Vec<String>,
    pub at: Micros,
    pub text: String,
    pub attachment: Option<Attachment>,
    pub quoted: Option<Quote>,
}

/// Messages of our own that nobody has a ticket for, in the order of arrival: the newest [`MAX_EARLY`], of
/// [`MAX_EARLY_BYTES`] of text together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unclaimed {
    pub messages: Vec<OwnMessage>,
}

impl Unclaimed {
    pub fn add(&mut self, message: OwnMessage) {
        self.messages.push(message);
        let too_much = |kept: &[OwnMessage]| {
            let bytes: usize = kept.iter().map(|message| message.text.len()).sum();
            kept.len() > MAX_EARLY || bytes > MAX_EARLY_BYTES
        };
        while too_much(&self.messages) {
            self.messages.remove(0);
        }
    }
}
