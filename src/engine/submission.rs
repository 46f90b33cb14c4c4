//! A command on its way to the writer: who asks, where they come from, and the key by which a request that comes
//! again is known.

use super::command::{Actor, Command, Idempotency};
use super::origin::Origin;

#[derive(Clone, Debug)]
pub struct Submission {
    pub actor: Actor,
    pub origin: Origin,
    pub idempotency: Option<Idempotency>,
    pub command: Command,
}

impl Submission {
    pub fn new(actor: Actor, command: Command) -> Submission {
        Submission { actor, origin: Origin::INSIDE, idempotency: None, command }
    }

    pub fn from(self, origin: Origin) -> Submission {
        Submission { origin, ..self }
    }

    pub fn keyed(self, idempotency: Option<Idempotency>) -> Submission {
        Submission { idempotency, ..self }
    }
}
