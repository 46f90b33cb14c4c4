//! Writes refusals into the audit, soon after they happened.

use std::time::{Duration, Instant};

use crate::domain::audit::Audited;
use crate::engine::Engine;
use crate::engine::command::{Actor, Command, Submission};

const EVERY: Duration = Duration::from_secs(1);
/// What is put into one command, so that a batch stays short.
const AT_ONCE: usize = 256;

pub async fn run(engine: Engine) {
    loop {
        tokio::time::sleep(EVERY).await;
        write(&engine, engine.shared().refusals.due(Instant::now())).await;
    }
}

/// What is not written is kept for the next time.
pub async fn write(engine: &Engine, mut refused: Vec<Audited>) {
    while !refused.is_empty() {
        let some: Vec<_> = refused.drain(..refused.len().min(AT_ONCE)).collect();
        let command = Command::Audit(some.clone());
        if let Err(error) = engine.submit(Submission::new(Actor::System, command)).await {
            tracing::debug!(%error, "refusals wait to be audited");
            engine.shared().refusals.put_back(some);
            return engine.shared().refusals.put_back(refused);
        }
    }
}
