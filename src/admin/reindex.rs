//! Building the search index anew, and telling how far that is.

use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::{Answer, TELL};
use crate::engine::Engine;

/// Work and searches go on meanwhile; these find what is in the index already.
pub async fn carry_out(engine: &Engine, out: &mpsc::Sender<Answer>) -> Result<(), String> {
    let gone = |_| "nobody listens any more".to_owned();
    engine.reindex().await;
    let tended = engine.clone();
    let mut work = tokio::spawn(async move { tended.tend_search().await }.boxed());
    loop {
        if let Ok(done) = tokio::time::timeout(TELL, &mut work).await {
            done.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
            break;
        }
        let progress = engine.search_progress().map_err(|e| e.to_string())?;
        if let Some((done, total)) = progress.building {
            out.send(Answer::Progress { done, total }).await.map_err(gone)?;
        }
    }
    let documents = engine.search_progress().map_err(|e| e.to_string())?.documents;
    out.send(Answer::Reindexed { documents }).await.map_err(gone)
}
