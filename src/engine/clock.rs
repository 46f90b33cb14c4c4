//! The machine's clocks, and the keeping of what the domain says of them: read once a batch, written with it.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::rows::{ReadError, Rows};
use crate::domain::clock::{Clock, ClockState, Reading};
use crate::domain::time::Micros;
use crate::store::owner::Owner;
use crate::store::records::CLOCK;
use crate::store::seal::{Nonces, Place, Seal};
use crate::store::{Order, PlanRecord, Reader, Row, Table, View, codec};

/// Where time comes from; a test has its own.
pub trait Clocks: Send + Sync {
    fn read(&self) -> Reading;
}

/// How often it is looked whether the clock was synchronised.
const LOOKED_EVERY: Duration = Duration::from_secs(1);

/// The machine's. A time server's work is known by a file that it leaves.
pub struct MachineClocks {
    began: Instant,
    marks: Vec<PathBuf>,
    looked: Mutex<Option<(Instant, bool)>>,
}

impl MachineClocks {
    /// `marks`: each of these files says, by being there, that the clock was set by a time server.
    pub fn new(marks: Vec<PathBuf>) -> MachineClocks {
        MachineClocks { began: Instant::now(), marks, looked: Mutex::new(None) }
    }

    fn is_synchronized(&self, at: Instant) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match *looked {
            Some((when, found)) if at.saturating_duration_since(when) < LOOKED_EVERY => found,
            _ => {
                let found = self.marks.iter().any(|mark| mark.exists());
                *looked = Some((at, found));
                found
            }
        }
    }
}

impl Clocks for MachineClocks {
    fn read(&self) -> Reading {
        let at = Instant::now();
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => micros(since),
            Err(before) => -micros(before.duration()),
        };
        Reading {
            wall: Micros(wall),
            machine: Micros(micros(at.saturating_duration_since(self.began))),
            synchronized: self.is_synchronized(at),
        }
    }
}

/// When this program was built.
pub fn built() -> Micros {
    let seconds = env!("BUILT_AT").parse::<i64>().unwrap_or(0);
    Micros(seconds.saturating_mul(Micros::SECOND))
}

/// Goes on with the clock that the store has kept.
pub fn start(reader: &Reader, seal: &Seal, clocks: &dyn Clocks) -> Result<Clock, ReadError> {
    reader.read(|view| {
        Ok((|| {
            let stored = Rows { view, seal }.get::<ClockState>(CLOCK)?;
            let newest = if stored.is_none() { newest_bucket(view)? } else { None };
            Ok(Clock::start(stored, newest, clocks.read(), built()))
        })())
    })?
}

/// The newest day or hour under which anything is kept for a time.
fn newest_bucket(view: &dyn View) -> Result<Option<Micros>, ReadError> {
    let mut newest = None;
    for (table, span) in [(Table::Seen, Micros::DAY), (Table::Idempotency, Micros::HOUR)] {
        let last = view.scan(table, &[], None, Order::Descending, 1)?;
        let bucket = last.first().and_then(|(key, _)| key.first_chunk::<4>());
        let began = bucket.map(|b| Micros(i64::from(u32::from_be_bytes(*b)).saturating_mul(span)));
        newest = newest.max(began);
    }
    Ok(newest)
}

/// The plan that keeps the clock's state.
pub fn plan(state: &ClockState, seal: &Seal) -> PlanRecord {
    let mut value = Vec::new();
    // It tells of nobody, so it takes no nonce.
    let (place, mut none) = (Place::row(Table::Clock, CLOCK), Nonces::new([0; 16]));
    seal.seal(place, Owner::Nobody, &mut none, &mut value, |out| codec::encode(state, out));
    let row = Row { table: Table::Clock, key: CLOCK.into(), value: Some(value.into()) };
    PlanRecord { at: state.wall, rows: vec![row], events: Vec::new() }
}
