//! Encryption's and erasure's own commands.

use crate::domain::time::Micros;
use crate::store::owner::Owner;

/// One step of what is done for privacy; each is one plan.
#[derive(Clone, Debug)]
pub enum Step {
    /// The keyring has these keys no more.
    KeysDestroyed(Vec<Owner>),
    /// The store was written anew; that was begun at this time of the steady clock.
    Rewritten { since: Micros },
}
