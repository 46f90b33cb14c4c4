//! What was done for privacy: somebody's data given out or erased, tickets deleted because their time was over. Kept
//! for whoever is asked for an account of it; it names nobody but by numbers.

use serde::{Deserialize, Serialize};

use super::audit::Who;
use super::time::Micros;

/// One row of that account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When, by the wall clock; of deletions the last one of the day.
    pub at: Micros,
    pub who: Who,
    pub what: What,
    /// The contact whose data they were; none for somebody who was none, and for deletions.
    pub contact: Option<u64>,
    /// Tickets that were deleted that day or given out; none where they stay, hollow.
    pub tickets: Option<u64>,
    /// Why, in the words of who asked for it.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    Exported,
    Erased,
    /// Tickets went for good: by a rule of retention, or some time after somebody deleted them.
    Deleted,
}

impl What {
    pub fn as_str(self) -> &'static str {
        match self {
            What::Exported => "exported",
            What::Erased => "erased",
            What::Deleted => "deleted",
        }
    }
}

/// Rows that are kept, the newest.
pub const MAX_DEEDS: u64 = 1000;
/// Characters of a reason.
pub const MAX_REASON: usize = 500;
