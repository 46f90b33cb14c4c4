//! Writes the store anew in the hours that are set aside for it, when enough of its file holds nothing. Work goes on
//! meanwhile, so a window that a wrong clock opens at noon does no harm either.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::MaintenanceConfig;
use crate::domain::time::Micros;
use crate::engine::Engine;
use crate::engine::compaction::Compaction;

/// How often it is looked whether it is time.
const EVERY: Duration = Duration::from_secs(60);
/// One look a window, by the steady clock.
const BETWEEN: i64 = 12 * Micros::HOUR;

pub async fn run(engine: Engine, config: MaintenanceConfig, zone: TimeZone) {
    let Some(window) = config.window else { return };
    let mut looked: Option<Micros> = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let steady = engine.shared().steady();
        let again = looked.is_none_or(|last| steady >= last.plus(BETWEEN));
        if !again || !window.holds(Timestamp::now().to_zoned(zone.clone()).time()) {
            continue;
        }
        looked = Some(steady);
        match engine.compact(u64::from(config.compact_unused), true).await {
            Ok(Compaction::NotWorthIt(packed)) => {
                tracing::debug!(unused = packed.unused(), "the store needs no compaction");
            }
            Ok(Compaction::Done { .. }) => {}
            Err(error) => tracing::warn!(error, "the store was not compacted"),
        }
    }
}
