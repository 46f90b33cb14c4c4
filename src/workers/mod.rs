//! What the daemon does by itself. Each worker takes no input, may run twice, and is dropped at the end.

mod call_closer;
mod housekeeping;
mod watchdog;

use std::time::Duration;

use tokio::task::JoinSet;

use crate::engine::Engine;

/// Starts all workers; they end when the set is dropped.
pub fn start(engine: &Engine, resume_grace: Duration, idle_end: Duration) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(call_closer::run(engine.clone(), resume_grace, idle_end));
    workers.spawn(housekeeping::run(engine.clone()));
    workers.spawn(watchdog::run(engine.clone()));
    workers
}
