//! Something of a plan that is done as a whole or not at all. What it changes is noted, not copied before: a command may
//! try hundreds of things beside thousands of rows.

use super::Draft;
use crate::engine::command::Refusal;
use crate::store::{Blob, RowKey, Table};

/// A row, and what the draft had to say of it before; none if nothing.
pub(super) type Undo = (Table, RowKey, Option<Option<Blob>>);

impl Draft<'_> {
    /// Does something as a whole or not at all: what a refusal left half done is taken back.
    pub fn attempt<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let activities = self.activities.clone();
        let (events, notices, doomed) = (self.events.len(), self.notices.len(), self.doomed.len());
        let outer = self.undo.replace(Vec::new());
        let done = act(self);
        let undo = std::mem::replace(&mut self.undo, outer).unwrap_or_default();
        if done.is_ok() {
            if let Some(outer) = &mut self.undo {
                outer.extend(undo);
            }
        } else {
            for (table, key, before) in undo.into_iter().rev() {
                match before {
                    Some(value) => _ = self.rows.put(table, key, value),
                    None => self.rows.forget(table, &key),
                }
            }
            self.activities = activities;
            self.events.truncate(events);
            self.notices.truncate(notices);
            self.doomed.truncate(doomed);
        }
        done
    }

    pub(super) fn change(&mut self, table: Table, key: &[u8], value: Option<Blob>) {
        let key: RowKey = key.into();
        match &mut self.undo {
            Some(undo) => undo.push((table, key.clone(), self.rows.put(table, key, value))),
            None => _ = self.rows.put(table, key, value),
        }
    }
}
