//! What the daemon does by itself. Each worker takes no input, may run twice, and is dropped at the end.

mod automation;
pub mod backoff;
mod call_closer;
mod certificates;
mod due;
mod files;
mod housekeeping;
mod mail;
mod maintenance;
pub mod outbox;
pub mod refusals;
mod retention;
mod search;
mod sla;
mod watchdog;
pub mod webhooks;

use std::sync::Arc;

use futures_util::FutureExt;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::engine::Engine;
use crate::net::tls::Certificates;

/// Starts all workers; they end when the set is dropped.
pub fn start(
    engine: &Engine,
    config: &Config,
    certificates: Option<Arc<Certificates>>,
) -> JoinSet<()> {
    let (resume_grace, idle_end) = (config.calls.resume_grace, config.calls.idle_end);
    let mut workers = JoinSet::new();
    // Boxed, here and in `app`: what drives a task is generated for each type of future.
    workers.spawn(call_closer::run(engine.clone(), resume_grace, idle_end).boxed());
    let (maintenance, zone) = (config.maintenance.clone(), config.timezone.clone());
    workers.spawn(maintenance::run(engine.clone(), maintenance, zone).boxed());
    workers.spawn(housekeeping::run(engine.clone()).boxed());
    workers.spawn(refusals::run(engine.clone()).boxed());
    workers.spawn(retention::run(engine.clone()).boxed());
    workers.spawn(search::run(engine.clone()).boxed());
    workers.spawn(sla::run(engine.clone()).boxed());
    workers.spawn(automation::run(engine.clone(), config.automation.clone()).boxed());
    workers.spawn(watchdog::run(engine.clone()).boxed());
    workers.spawn(files::run(engine.clone()).boxed());
    workers.spawn(webhooks::feeder::run(engine.clone()).boxed());
    if let Some(certificates) = certificates {
        workers.spawn(certificates::run(certificates).boxed());
    }
    workers
}
