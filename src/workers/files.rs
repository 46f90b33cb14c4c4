//! Removes the bytes of files that no row speaks of any more.

use std::time::Duration;

use crate::engine::Engine;

/// After the start, so that it is not in the way of one.
const FIRST: Duration = Duration::from_secs(600);
const EVERY: Duration = Duration::from_secs(24 * 3600);

pub async fn run(engine: Engine) {
    tokio::time::sleep(FIRST).await;
    loop {
        let engine = engine.clone();
        let swept = tokio::task::spawn_blocking(move || engine.sweep_files()).await;
        match swept {
            Ok(Ok(0)) => {}
            Ok(Ok(removed)) => tracing::info!(removed, "files that belong to nothing were removed"),
            Ok(Err(error)) => tracing::warn!(%error, "files could not be swept"),
            Err(_) => tracing::error!("sweeping files panicked"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
