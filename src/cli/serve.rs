//! `frontdesk serve`: the daemon.

use std::io::Write;

use clap::Args;

use super::{Failure, Shared};
use crate::app;
use crate::config::Config;
use crate::telemetry;

#[derive(Args)]
pub struct Command {
    /// Address to listen on (http.listen)
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let sources = shared.sources().flag("http.listen", "--listen", command.listen.as_ref());
    let config = Config::load(&sources)?;
    telemetry::init(&config.log).map_err(Failure::failed)?;
    let runtime = runtime()?;
    runtime
        .block_on(app::serve(&config, |bound| {
            let scheme = config.http.tls.scheme();
            if let Some(link) = &bound.set_up {
                tracing::warn!("nobody can log in yet; the first admin begins at {link}");
            }
            let mut lines = format!("ready {scheme}://{}\n", bound.http);
            if let Some(link) = &bound.set_up {
                lines.push_str(&format!("set up at {link}\n"));
            }
            // Whoever started the daemon may have stopped reading: that is no reason to stop serving.
            if let Err(error) = out.write_all(lines.as_bytes()).and_then(|()| out.flush()) {
                tracing::warn!(%error, "the ready line could not be printed");
            }
            if let Some(address) = bound.redirect {
                tracing::info!(%address, "plain HTTP is sent on to TLS");
            }
            for address in bound.inherited {
                tracing::info!(%address, "served as well, on a socket of systemd's");
            }
            if let Some(legacy) = bound.legacy {
                tracing::info!(address = %legacy, "the calls face of seed 000 is served");
            }
        }))
        .map_err(Failure::failed)
}

/// Threads on a small box, where a core has two: a row that no cache has is read on its request's own thread, and while
/// that waits for the disk another uses the core.
const THREADS: usize = 8;

/// The runtime of the daemon.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(THREADS.min(2 * cores)))
        .enable_all()
        .build()
        .map_err(Failure::failed)
}
