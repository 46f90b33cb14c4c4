//! Compaction beside the work: begun and finished by the writer, the long part on a thread of its own.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::sync::oneshot::Sender;

use super::command::{Actor, Command, Submission};
use super::{Engine, Job, privacy};
use crate::store::{Compacted, Copied, Copy, Packed, WriteError};

/// How long the writer's queue may stay full before the copy is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the writer is asked for.
pub(crate) enum Step {
    Begin { pace: bool, anew: bool, answer: Sender<Result<Copy, WriteError>> },
    Finish { copied: Box<Copied>, answer: Sender<Result<Compacted, WriteError>> },
}

/// What became of a compaction.
#[derive(Clone, Copy, Debug)]
pub enum Compaction {
    /// The file is mostly in use.
    NotWorthIt(Packed),
    Done {
        compacted: Compacted,
        took: Duration,
    },
}

impl Engine {
    /// Compacts the store if at least `unused` per cent of its file hold nothing, or if it is owed: then erased words,
    /// or values that lie otherwise than the configuration wants, are nowhere any more, in the feed neither. With `pace`
    /// it takes its time. Goes on to the end even when nobody waits for it any more; everything else goes on meanwhile.
    pub async fn compact(&self, unused: u64, pace: bool) -> Result<Compaction, String> {
        let anew = self.shared().owes_rewrite();
        let engine = self.clone();
        let work = tokio::spawn(
            async move { engine.compact_to_the_end(unused, pace, anew).await }.boxed(),
        );
        work.await.map_err(|e| e.to_string())?
    }

    /// Writes the store anew, so that every value lies as the configuration wants, and gives up the feed so far.
    pub async fn rewrite(&self) -> Result<Compaction, String> {
        let engine = self.clone();
        let work =
            tokio::spawn(async move { engine.compact_to_the_end(0, false, true).await }.boxed());
        work.await.map_err(|e| e.to_string())?
    }

    async fn compact_to_the_end(
        &self,
        unused: u64,
        pace: bool,
        anew: bool,
    ) -> Result<Compaction, String> {
        let began = Instant::now();
        let since = self.shared().steady();
        let unused = if anew { 0 } else { unused };
        let copy = self.step(|answer| Step::Begin { pace, anew, answer }).await?;
        let work = tokio::task::spawn_blocking(move || {
            let packed = copy.measure().map_err(|e| e.to_string())?;
            if packed.unused() < unused {
                return Ok(Err(packed));
            }
            copy.run(packed).map(Ok).map_err(|e| e.to_string())
        });
        let copied = match work.await.map_err(|e| e.to_string())?? {
            Ok(copied) => Box::new(copied),
            Err(packed) => return Ok(Compaction::NotWorthIt(packed)),
        };
        let compacted = self.step(|answer| Step::Finish { copied, answer }).await?;
        if anew {
            let done = Command::Privacy(privacy::Step::Rewritten { since });
            let done = self.submit(Submission::new(Actor::System, done)).await;
            done.map_err(|e| e.to_string())?;
        }
        let took = began.elapsed();
        tracing::info!(
            before = compacted.before,
            after = compacted.after,
            anew,
            ?took,
            kept_writer = ?compacted.kept_writer,
            "the store was compacted"
        );
        Ok(Compaction::Done { compacted, took })
    }

    /// Asks the writer, however busy it is.
    async fn step<T>(
        &self,
        step: impl FnOnce(Sender<Result<T, WriteError>>) -> Step,
    ) -> Result<T, String> {
        let (answer, receiver) = oneshot::channel();
        let mut job = Job::Compact(step(answer));
        let began = Instant::now();
        while let Err(refused) = self.queue.try_send(job) {
            match refused {
                std::sync::mpsc::TrySendError::Full(again) if began.elapsed() < PATIENCE => {
                    job = again;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                _ => return Err("the writer takes no more work".to_owned()),
            }
        }
        let told = receiver.await.map_err(|_| "the daemon is stopping".to_owned())?;
        told.map_err(|e| e.to_string())
    }
}
