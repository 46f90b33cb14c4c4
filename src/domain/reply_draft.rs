//! What an agent has begun to write on a ticket and not sent yet.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// One a person and ticket; at most [`super::entry::MAX_COMMENT`] characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyDraft {
    pub body: String,
    pub is_internal: bool,
    pub updated_at: Option<Micros>,
}
