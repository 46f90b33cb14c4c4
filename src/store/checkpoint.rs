//! Checkpoints: the recent rows go into redb, sorted, in one synced transaction, beside the writer.
//!
//! Until redb has taken them they stay in memory under the rows that come meanwhile; if redb fails they go
//! back under those, and a later checkpoint takes them all. Nothing is lost by a checkpoint that fails, and
//! nobody waits for one unless it takes longer than its rows took to come.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use redb::{Durability, WriteTransaction};

use super::changes::{Merge, bounds};
use super::database::{APPLIED, Instance, definition, encode_applied, failed, guarded};
use super::error::{StoreError, WriteError};
use super::reader::{Base, Order};
use super::recent::Recent;
use super::space::Since;
use super::tables::Table;
use super::writer::{Store, refused};

/// After a failure the next checkpoint waits for this part of what makes one due.
const PATIENCE: u64 = 8;
/// So many times what makes a checkpoint due is held in memory at most, when they fail.
pub(super) const ENDURANCE: u64 = 4;

/// A checkpoint under way.
pub(super) struct Settling {
    /// The last batch it takes.
    last_batch: u64,
    /// What it settles.
    since: Since,
    began: Instant,
    work: Work,
}

enum Work {
    Running(JoinHandle<Result<(), StoreError>>),
    Done(Result<(), StoreError>),
}

impl Settling {
    fn is_running(&self) -> bool {
        matches!(&self.work, Work::Running(thread) if !thread.is_finished())
    }

    /// Waits for its end.
    fn wait(&mut self) -> Result<(), StoreError> {
        let done = match std::mem::replace(&mut self.work, Work::Done(Ok(()))) {
            Work::Running(thread) => thread.join().unwrap_or_else(|_| {
                Err(StoreError::Database("the checkpoint panicked".to_owned()))
            }),
            Work::Done(result) => result,
        };
        self.work = Work::Done(done.clone());
        done
    }
}

impl Store {
    /// Makes everything so far durable in redb itself, so that the journal before it is needed by the feed
    /// alone. `write` does it beside itself when it is due. After an error redb is reopened, and nothing is lost.
    pub fn checkpoint(&mut self) -> Result<(), WriteError> {
        // What a failed one could not settle, this one takes.
        drop(self.end_checkpoint());
        self.begin_checkpoint()?;
        self.end_checkpoint()
    }

    /// Begins or ends a checkpoint where it is time to; an error only when memory holds all it may.
    pub(super) fn tend_checkpoint(&mut self) -> Result<(), WriteError> {
        if self.settling.as_ref().is_some_and(|settling| !settling.is_running()) {
            drop(self.end_checkpoint());
        }
        if !self.is_due(1, 1) || self.postponed.is_some_and(|until| !self.since.reached(&until)) {
            return Ok(());
        }
        if self.settling.is_some() {
            // The rows of the next one are there already.
            drop(self.end_checkpoint());
        }
        if self.is_due(ENDURANCE, 1) {
            return self.checkpoint();
        }
        self.begin_checkpoint()?;
        if self.settings.inline {
            drop(self.end_checkpoint());
        }
        Ok(())
    }

    fn is_due(&self, times: u64, part: u64) -> bool {
        self.since.reached(&self.limits(times, part))
    }

    /// So many times a part of what makes a checkpoint due.
    fn limits(&self, times: u64, part: u64) -> Since {
        let of = |limit: u64| limit.saturating_mul(times) / part;
        Since {
            rows: 0,
            journal_bytes: of(self.settings.checkpoint_bytes),
            events: of(self.settings.checkpoint_events),
        }
    }

    fn begin_checkpoint(&mut self) -> Result<(), WriteError> {
        let instance = self.database.current().map_err(refused)?;
        let rows = {
            let mut state = self.current.write();
            state.settling = std::mem::take(&mut state.recent);
            state.settling.clone()
        };
        let position = (self.journal.last_batch(), self.last_seq());
        let settle = move || guarded(|| settle(&instance, &rows, position));
        let work = if self.settings.inline {
            Work::Done(settle())
        } else {
            let thread = std::thread::Builder::new().name("checkpoint".to_owned());
            match thread.spawn(settle) {
                Ok(thread) => Work::Running(thread),
                Err(error) => Work::Done(Err(StoreError::Database(error.to_string()))),
            }
        };
        let since = std::mem::take(&mut self.since);
        let (last_batch, began) = (position.0, Instant::now());
        self.settling = Some(Settling { last_batch, since, began, work });
        Ok(())
    }

    /// Waits for the checkpoint under way, if there is one, and draws the conclusions.
    pub(super) fn end_checkpoint(&mut self) -> Result<(), WriteError> {
        let Some(mut settling) = self.settling.take() else { return Ok(()) };
        let done = settling.wait().and_then(|()| Base::of(&self.database.current()?));
        match done {
            Ok(base) => {
                let mut state = self.current.write();
                state.settling = Recent::default();
                state.base = Ok(Arc::new(base));
                drop(state);
                self.durable_batch = settling.last_batch;
                self.checkpointed = Some(Instant::now());
                self.short = false;
                self.postponed = None;
                self.figures.checkpoints += 1;
                self.figures.last_checkpoint = settling.began.elapsed();
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "a checkpoint failed; redb is reopened");
                self.settling = Some(settling);
                if let Err(again) = self.reopen() {
                    self.fail(format!("redb does not open after a failed checkpoint: {again}"));
                }
                Err(refused(error))
            }
        }
    }

    /// Drops redb and opens it again; readers wait meanwhile. The rows of a checkpoint that was under way go back
    /// under the recent ones, even if redb shows them: after a failed sync that proves nothing.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        self.figures.reopened += 1;
        if let Some(settling) = &mut self.settling {
            drop(settling.wait());
        }
        let mut state = self.current.write();
        state.base = Err(StoreError::Closed("it is being reopened".to_owned()));
        self.known.clear();
        let opened = self.database.reopen().and_then(|instance| {
            let (applied, durable) = (instance.applied()?.0, self.durable_batch);
            if applied < durable {
                let what = format!("it has applied batch {applied}, before it was {durable}");
                return Err(StoreError::Damaged(what));
            }
            Base::of(&instance)
        });
        match opened {
            Ok(base) => state.base = Ok(Arc::new(base)),
            Err(error) => {
                state.base = Err(StoreError::Closed(error.to_string()));
                return Err(error);
            }
        }
        if let Some(settling) = self.settling.take() {
            let later = std::mem::take(&mut state.recent);
            state.recent = std::mem::take(&mut state.settling);
            state.recent.absorb(later);
            self.since = self.since.with(settling.since);
        }
        drop(state);
        self.postponed = Some(self.since.with(self.limits(1, PATIENCE)));
        Ok(())
    }

    /// Whether a checkpoint is under way: redb is its until it ends.
    pub(super) fn is_settling(&self) -> bool {
        self.settling.as_ref().is_some_and(Settling::is_running)
    }

    /// Ends what is under way and closes redb; readers see nothing more.
    pub(super) fn shut(&mut self) {
        if let Some(mut settling) = self.settling.take() {
            drop(settling.wait());
        }
        self.current.write().base = Err(StoreError::Closed("the daemon is stopping".to_owned()));
        self.database.close();
    }

    /// What has happened since the last checkpoint that is done.
    pub(super) fn unsettled(&self) -> Since {
        self.settling.as_ref().map_or(self.since, |settling| self.since.with(settling.since))
    }
}

/// Puts rows into redb, durably.
fn settle(instance: &Instance, rows: &Recent, position: (u64, u64)) -> Result<(), StoreError> {
    let mut transaction = begin(instance, Durability::Immediate)?;
    transaction.set_quick_repair(true);
    let everything = bounds(&[], None).ok_or(StoreError::Closed(String::new()))?;
    for table in Table::ALL.iter().copied() {
        let mut changes = Merge::new(rows.layers(), table, everything, Order::Ascending).peekable();
        if changes.peek().is_none() {
            continue;
        }
        let mut opened = transaction.open_table(definition(table)).map_err(failed)?;
        for (key, value) in changes {
            match value {
                Some(value) => drop(opened.insert(&*key, &*value).map_err(failed)?),
                None => drop(opened.remove(&*key).map_err(failed)?),
            }
        }
    }
    put_applied(&transaction, position)?;
    transaction.commit().map_err(failed)
}

/// Notes the last batch and sequence number applied.
pub(super) fn put_applied(
    transaction: &WriteTransaction,
    position: (u64, u64),
) -> Result<(), StoreError> {
    let mut meta = transaction.open_table(definition(Table::Meta)).map_err(failed)?;
    drop(meta.insert(APPLIED, encode_applied(position).as_slice()).map_err(failed)?);
    Ok(())
}

/// Begins a write transaction.
pub(super) fn begin(
    instance: &Instance,
    durability: Durability,
) -> Result<WriteTransaction, StoreError> {
    let mut transaction = instance.redb()?.begin_write().map_err(failed)?;
    transaction.set_durability(durability).map_err(failed)?;
    Ok(transaction)
}
