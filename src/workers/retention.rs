//! Deletes closed tickets whose time is over, and goes on with erasures that were cut off. Bounded a minute, so that a
//! rule that is set for the first time goes beside the work and not before it.

use std::time::Duration;

use crate::domain::reference::FIRST_NUMBER;
use crate::engine::privacy::Because;
use crate::engine::{Engine, Error};

const EVERY: Duration = Duration::from_secs(60);
/// Tickets deleted a minute at most.
const A_MINUTE: usize = 200;

pub async fn run(engine: Engine) {
    let mut from = FIRST_NUMBER;
    loop {
        if let Err(error) = engine.resume_erasures().await {
            tracing::warn!(%error, "an erasure that was cut off waits");
        }
        match sweep(&engine, from).await {
            Ok(next) => from = next,
            Err(error) => tracing::warn!(%error, "closed tickets could not be deleted yet"),
        }
        if let Err(error) = remove(&engine).await {
            tracing::warn!(%error, "deleted tickets could not be removed yet");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Removes for good what somebody deleted and nobody has brought back.
async fn remove(engine: &Engine) -> Result<(), Error> {
    for ticket in engine.deleted_for_good()?.into_iter().take(A_MINUTE) {
        engine.purge(ticket, Because::Asked).await?;
    }
    Ok(())
}

/// Deletes what is due from a number on; gives where to go on.
async fn sweep(engine: &Engine, from: u64) -> Result<u64, Error> {
    let Some(clock) = engine.shared().clock().filter(|clock| clock.trusted) else {
        return Ok(from);
    };
    let (due, next) = engine.outdated(from, clock.state.wall)?;
    let more = due.get(A_MINUTE).map(|(ticket, _)| ticket.number);
    let mut deleted = 0;
    for (ticket, days) in due.into_iter().take(A_MINUTE) {
        engine.purge(ticket.number, Because::Retention { days }).await?;
        deleted += 1;
    }
    if deleted > 0 {
        tracing::info!(deleted, "closed tickets were deleted, as privacy.retention wants it");
    }
    Ok(more.or(next).unwrap_or(FIRST_NUMBER))
}
