//! What is left behind when keys were destroyed and the store was written anew.

use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::privacy::Step;
use crate::store::Table;
use crate::store::records::{OWED, RewriteOwed};

pub fn step(draft: &mut Draft<'_>, step: &Step) -> Result<Reply, Refusal> {
    match step {
        Step::KeysDestroyed(owners) => {
            owners.iter().for_each(|owner| draft.delete(Table::Doomed, &owner.key()));
            Ok(Reply::Done)
        }
        Step::Rewritten { since } => {
            // What was erased meanwhile may be in the new file.
            if draft.get::<RewriteOwed>(OWED)?.is_some_and(|owed| owed.since <= *since) {
                draft.delete(Table::Rewrites, OWED);
            }
            Ok(Reply::Done)
        }
    }
}
