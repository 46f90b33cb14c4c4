//! Removes what is kept only for a time: dedup keys, remembered answers, old segments of the feed.

use std::time::Duration;

use crate::engine::Engine;
use crate::engine::command::{Actor, Command, Reply, Submission};

const EVERY: Duration = Duration::from_secs(60);
/// Between two bounded removals, so that a backlog goes beside the work and not before it.
const PAUSE: Duration = Duration::from_millis(100);

pub async fn run(engine: Engine) {
    loop {
        while sweep(&engine).await {
            tokio::time::sleep(PAUSE).await;
        }
        engine.trim();
        tokio::time::sleep(EVERY).await;
    }
}

/// True while there is more to remove.
async fn sweep(engine: &Engine) -> bool {
    match engine.submit(Submission::new(Actor::System, Command::Sweep)).await {
        Ok(reply) => matches!(reply, Reply::Swept(rows) if rows > 0),
        Err(error) => {
            tracing::debug!(%error, "housekeeping was put off");
            false
        }
    }
}
