//! What may be asked of canned responses, and how they are read.

use super::rows::{ReadError, Rows};
use crate::domain::canned::CannedResponse;
use crate::store::Order;
use crate::store::records::Count;

/// A change; see [`super::decide`].
#[derive(Clone, Debug)]
pub enum CannedCommand {
    Create(Box<NewCanned>),
    Update {
        id: u64,
        changes: Box<CannedChanges>,
    },
    Delete {
        id: u64,
    },
    /// Counts one use (S3.26).
    Use {
        id: u64,
    },
}

#[derive(Clone, Debug, Default)]
pub struct NewCanned {
    pub title: String,
    /// With or without its `/`.
    pub shortcut: Option<String>,
    pub category: Option<String>,
    pub content: String,
}

/// Fields that are absent stay as they are.
#[derive(Clone, Debug, Default)]
pub struct CannedChanges {
    pub title: Option<String>,
    pub shortcut: Option<Option<String>>,
    pub category: Option<Option<String>>,
    pub content: Option<String>,
}

impl Rows<'_> {
    /// Canned responses, oldest first.
    pub fn all_canned(&self, limit: usize) -> Result<Vec<CannedResponse>, ReadError> {
        let rows = self.scan::<CannedResponse>(&[], None, Order::Ascending, limit)?;
        Ok(rows.into_iter().map(|(_, response)| response).collect())
    }

    /// A named count.
    pub fn count(&self, name: &str) -> Result<u64, ReadError> {
        Ok(self.get::<Count>(name.as_bytes())?.map_or(0, |count| count.0))
    }
}
