//! `frontdesk bench` measures the real binary: a small run of it, from an empty store to its report.

use std::fs;
use std::time::Duration;

use frontdesk::bench::{Options, Plan, measure};
use serde_json::Value;

/// S2.35, S4.8, S0.52: how long answers take, with many tickets; what came out is in ARCHITECTURE.
#[test]
fn a_run_tells_rates_limits_memory_start_and_bytes_written() {
    let dir = std::env::temp_dir().join(format!("frontdesk-bench-test-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let options = Options {
        program: env!("CARGO_BIN_EXE_frontdesk").into(),
        config: None,
        dir: dir.clone(),
        plan: Plan {
            rounds: 1,
            tickets: 250,
            load: Duration::from_millis(600),
            limit: Duration::from_millis(150),
            starts: 1,
            unsaved: 150,
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(measure(&options, |_| {}));
    fs::remove_dir_all(&dir).unwrap();

    let report = serde_json::to_value(report.unwrap()).unwrap();
    let positive = |pointer: &str| {
        let figure = report.pointer(pointer).and_then(Value::as_f64);
        assert!(figure.is_some_and(|figure| figure > 0.0), "{pointer} is {figure:?} in {report:#}");
    };
    for (table, lines) in [("daemon", 4), ("limits", 9)] {
        assert_eq!(report[table].as_array().unwrap().len(), lines);
        for line in 0..lines {
            positive(&format!("/{table}/{line}/events_per_second/median"));
            positive(&format!("/{table}/{line}/p50_us"));
        }
    }
    assert_eq!(report["ratios"].as_array().unwrap().len(), 8);
    positive("/memory/idle");
    positive("/memory/filled");
    positive("/start/after_clean_stop_ms/median");
    positive("/start/after_kill_ms/median");
    positive("/written_per_event/journal");
}
