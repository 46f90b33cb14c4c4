//! The worker of the outbox on that disk: it tells how a message ended, and does so again when it was not told that
//! this is stored.

use frontdesk::domain::outbound::Outbound;
use frontdesk::engine::command::{Actor, Command, Outcome, Submission};
use frontdesk::engine::rows::{ReadError, Rows, key};
use frontdesk::store::{Order, Store};

use super::World;

impl World {
    /// The worker tells how sending the first message of the outbox ended; perhaps in vain, then it does so again.
    pub fn post(&mut self, store: &mut Store) {
        let seal = &self.seal;
        let first = store.reader().read(|view| {
            let rows = Rows { view, seal };
            Ok(rows.scan::<Outbound>(&[], None, Order::Ascending, 1))
        });
        let first = match first {
            Ok(Ok(first)) => first,
            // The disk fails just now: the worker looks again later.
            Err(_) | Ok(Err(ReadError::Store(_))) => return,
            Ok(Err(other)) => panic!("the outbox cannot be read: {other}"),
        };
        let Some((place, row)) = first.into_iter().next() else { return };
        let (conversation, number) = key::numbers(&place).expect("a place in the outbox");
        let outcome = if self.random.chance(70) {
            let id = Some(format!("WA-{}", row.message_id));
            Outcome::Sent { id, uncertain: self.random.chance(30) }
        } else {
            Outcome::Failed { error: "the bridge answered 400".into() }
        };
        let command = Command::Dispatched { conversation, number, entry: row.entry, outcome };
        if self.send(store, vec![Submission::new(Actor::System, command)]).is_some() {
            self.tally.posted += 1;
        }
    }
}
