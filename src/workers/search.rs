//! Tends the search index: writes what is fresh, merges segments, builds it where it is missing. What is searched for is
//! found without this; it keeps memory and start short.

use std::time::Duration;

use crate::engine::{Engine, Error};

/// After news, before it is looked again whether something is due: the more comes at once, the less it costs.
const NAP: Duration = Duration::from_millis(500);
/// Before what failed is tried again.
const PAUSE: Duration = Duration::from_secs(5);
/// Without news something may be due for its age.
const LONGEST: Duration = Duration::from_secs(600);

pub async fn run(engine: Engine) {
    let mut news = engine.shared().news();
    loop {
        news.mark_unchanged();
        match engine.tend_search().await {
            Ok(_) => tokio::time::sleep(NAP).await,
            Err(Error::Stopping) => return,
            Err(error) => {
                tracing::warn!(%error, "the search index could not be written yet");
                tokio::time::sleep(PAUSE).await;
            }
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            () = engine.search_wants_tending() => {}
            () = tokio::time::sleep(LONGEST) => {}
        }
    }
}
