//! Removes what is kept only for a time: dedup keys, remembered answers, old segments of the feed.

use std::time::Duration;

use crate::engine::Engine;
use crate::engine::command::{Actor, Command, Submission};

const EVERY: Duration = Duration::from_secs(60);

pub async fn run(engine: Engine) {
    loop {
        // A bounded number of rows a minute: after a long power cut the backlog goes slowly, beside the work.
        if let Err(error) = engine.submit(Submission::new(Actor::System, Command::Sweep)).await {
            tracing::debug!(%error, "housekeeping was put off");
        }
        engine.trim();
        tokio::time::sleep(EVERY).await;
    }
}
