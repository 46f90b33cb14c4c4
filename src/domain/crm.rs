//! What the CRM keeps of a ticket beside the ticket itself (S2.12, S2.32), and who it is asked for.

use serde::{Deserialize, Serialize};

/// Lengths are in characters.
pub const MAX_SUBCATEGORY: usize = 64;
pub const MAX_PLACE: usize = 500;
/// The longest id of a tool call.
pub const MAX_CALL_ID: usize = 128;
/// The longest subject that an assistant or the CRM's form gives (S2.1, S2.39).
pub const MAX_CRM_SUBJECT: usize = 200;

/// What a ticket of the CRM has beside the rest; a ticket without any of it has no such row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Details {
    pub subcategory: Option<String>,
    pub location: Option<Location>,
    /// The chat that it came from, where another ticket is that chat's open one.
    pub conversation: Option<u64>,
    /// The agent to whom it was escalated.
    pub escalated_to: Option<u64>,
}

/// Where something is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Location {
    pub address: Option<String>,
    /// Degrees, both or none.
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
}

/// The customer for whom something is asked, as whoever asks knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Customer {
    Unknown,
    Contact(u64),
    /// Whoever writes in this chat.
    Conversation(u64),
    /// One person's addresses, as chats spell them, and the digits of their number.
    At {
        addresses: Vec<String>,
        phone: Option<String>,
    },
    /// Whoever is on the phone in this call, by its ticket's number.
    Call(u64),
}
