//! Tests of the store as a whole, on a simulated disk; the random long run is `tests/power_cuts.rs`.

mod compaction;
mod faults;
mod feed;
mod full;
mod opening;
mod retention;
mod rows;
mod unlocking;
mod upgrading;

use std::path::PathBuf;
use std::sync::Arc;

use super::sim::SimDisk;
use super::{
    Committed, OpenError, PlanRecord, Row, Store, StoreSettings, Table, Upgrade, View, WriteError,
};
use crate::domain::time::Micros;

/// An empty directory of its own below the temporary directory, removed when dropped.
pub struct Scratch(PathBuf);

pub fn scratch(name: &str) -> Scratch {
    let path = std::env::temp_dir().join(format!("frontdesk-store-{}-{name}", std::process::id()));
    if path.exists() {
        std::fs::remove_dir_all(&path).expect("old scratch directory");
    }
    Scratch(path)
}

impl AsRef<std::path::Path> for Scratch {
    fn as_ref(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Small segments, so that a test sees rolls and checkpoints.
pub fn small() -> StoreSettings {
    StoreSettings {
        cache_bytes: 1024 * 1024,
        segment_bytes: 32 * 1024,
        checkpoint_bytes: 64 * 1024,
        checkpoint_events: 1_000,
        disk_reserve: 64 * 1024,
        ballast: 256 * 1024,
        feed_keep: Micros::DAY,
        feed_max_bytes: 1024 * 1024,
        inline: true,
        ..StoreSettings::default()
    }
}

fn open(disk: &SimDisk) -> Store {
    try_open(disk).expect("the store opens")
}

fn try_open(disk: &SimDisk) -> Result<Store, OpenError> {
    Store::open(disk.boot(), small())
}

/// A plan with one row in `Tickets` and one event, both saying `text`.
fn plan(key: u64, text: &str) -> PlanRecord {
    PlanRecord {
        at: Micros(key as i64),
        rows: vec![Row {
            table: Table::Tickets,
            key: key.to_be_bytes().into(),
            value: Some(text.as_bytes().into()),
        }],
        events: vec![text.as_bytes().to_vec()],
    }
}

fn write(store: &mut Store, plan: PlanRecord) -> Result<Committed, WriteError> {
    let written = store.write(|batch| batch.apply(plan))?;
    written.result.expect("the plan goes in");
    Ok(written.committed.expect("a plan was applied"))
}

/// The text under a key as readers see it.
fn read(store: &Store, key: u64) -> Option<String> {
    let row = store.reader().read(|view| view.get(Table::Tickets, &key.to_be_bytes()));
    row.expect("reads work").map(|value| String::from_utf8(value.to_vec()).expect("text"))
}

/// The events of the whole feed.
fn events(store: &Store) -> Vec<String> {
    let plans = store.feed().read(0, u64::MAX, (usize::MAX, usize::MAX)).expect("the feed reads");
    let mut texts = Vec::new();
    for found in plans {
        assert_eq!(found.first_seq, texts.len() as u64 + 1, "gapless");
        for event in found.plan.events {
            texts.push(String::from_utf8(event).expect("text"));
        }
    }
    texts
}

fn disk() -> SimDisk {
    SimDisk::new(7)
}
