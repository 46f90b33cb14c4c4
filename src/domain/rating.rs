//! What a customer says of a ticket once it is resolved (S3.44).

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// One a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// 1 to 5.
    pub rating: u8,
    pub feedback: Option<String>,
    /// Who had the ticket then.
    pub agent: Option<u64>,
    pub rated_at: Micros,
    /// The first rating, by the steady clock: it may be changed for a day.
    pub first_at: Micros,
}

pub const BEST: u8 = 5;
/// Characters.
pub const MAX_FEEDBACK: usize = 2000;
/// How long a rating may be changed.
pub const CHANGEABLE_FOR: i64 = Micros::DAY;
