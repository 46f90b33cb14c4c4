//! Tells systemd that the daemon lives, but only after a probe of the store was written and synced: a hung
//! writer or a dead disk ends in a restart.

use sd_notify::NotifyState;

use crate::engine::Engine;

pub async fn run(engine: Engine) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(limit / 2);
    loop {
        ticks.tick().await;
        match engine.probe().await {
            Ok(()) => {
                if let Err(error) = sd_notify::notify(&[NotifyState::Watchdog]) {
                    tracing::warn!(%error, "systemd could not be told that all is well");
                }
            }
            Err(reason) => tracing::error!(%reason, "the watchdog is not fed"),
        }
    }
}
