//! `docs/openapi.json` is what the code describes (S2.49), and what a daemon serves: `tests/openapi.rs`.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --lib app::description` writes it anew; look at its difference.

use std::fs;
use std::path::Path;

use crate::{http, ingest};

#[test]
fn the_snapshot_is_what_the_code_describes() {
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    // Keys in order, so that the difference of two snapshots is the difference of two APIs.
    let document = serde_json::to_value(http::describe(ingest::routes)).expect("JSON");
    let now = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&snapshot, &now).expect("the snapshot is written");
    }
    let pinned = fs::read_to_string(&snapshot).expect("the snapshot");
    let differs =
        now.lines().zip(pinned.lines()).enumerate().find(|(_, (now, pinned))| now != pinned);
    assert!(
        now == pinned,
        "what the code describes is not docs/openapi.json, from line {:?} on; if that is meant: UPDATE_SNAPSHOTS=1 cargo test --lib app::description",
        differs.map(|(line, (now, pinned))| (line + 1, now, pinned)),
    );
}
