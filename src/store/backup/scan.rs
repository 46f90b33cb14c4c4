//! The scan: every row in short snapshots, and between them the journal up to the last one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::epoch::is_own;
use super::super::feed::Feed;
use super::super::files::Files;
use super::super::reader::{Reader, View};
use super::super::stamp::{STAMP, Stamp};
use super::super::tables::Table;
use super::super::unlock::{MARK, Mark};
use super::block::{self, CHUNK, Kind, Part, RowsPart};
use super::filing::Filing;
use super::tail::Tail;
use super::{About, ScanError};
use crate::domain::time::Micros;
use crate::telemetry::progress::Progress;

/// A snapshot is let go after this, however little it gave: pages that it sees are not freed.
const SNAPSHOT: Duration = Duration::from_millis(250);

/// A backup's parts, but for the keys. Holds nothing between two calls but its place: it may be as slow as its reader.
pub struct Scan {
    reader: Reader,
    feed: Feed,
    stage: Stage,
    /// The position of the last snapshot.
    applied: (u64, u64),
    tail: Option<Tail>,
    progress: Progress,
    ready: VecDeque<Part>,
    /// Bytes after which a part takes nothing more.
    chunk: usize,
    files: Option<Files>,
}

enum Stage {
    Begin {
        about: Box<About>,
    },
    /// The table of this place in [`Table::ALL`], from this key on.
    Rows {
        table: usize,
        start: Vec<u8>,
    },
    Files(Filing),
    End,
    Over,
}

impl Scan {
    /// A scan of what `reader` and `feed`, both of one store, show. Rows are counted in `progress`.
    pub fn new(
        (reader, feed): (Reader, Feed),
        feed_epoch: String,
        made_at: Micros,
        progress: Progress,
    ) -> Scan {
        let frontdesk = env!("CARGO_PKG_VERSION").to_owned();
        let about = Box::new(About {
            frontdesk,
            store_format: 1,
            made_at,
            feed_epoch,
            rows: 0,
            keyring: None,
        });
        Scan {
            reader,
            feed,
            stage: Stage::Begin { about },
            applied: (0, 0),
            tail: None,
            progress,
            ready: VecDeque::new(),
            chunk: CHUNK,
            files: None,
        }
    }

    /// The same with the files that its rows speak of. They are read behind the rows, so none is missing that one of
    /// them speaks of, but for those whose row was deleted meanwhile.
    pub fn with_files(mut self, files: Files) -> Scan {
        self.files = Some(files);
        self
    }

    /// Smaller parts, so that a test sees many.
    #[cfg(test)]
    pub fn in_parts_of(mut self, bytes: usize) -> Scan {
        self.chunk = bytes;
        self
    }

    /// The next part; none behind the end.
    pub fn part(&mut self) -> Result<Option<Part>, ScanError> {
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Ok(Some(part));
            }
            if let Some(part) = self.plans()? {
                return Ok(Some(part));
            }
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Begin { about } => self.begin(*about)?,
                Stage::Rows { table, start } => self.rows(table, &start)?,
                Stage::Files(mut filing) => match filing.piece(self.chunk)? {
                    Some(part) => {
                        self.stage = Stage::Files(filing);
                        self.ready.push_back(part);
                    }
                    None => self.stage = Stage::End,
                },
                Stage::End => self.ready.push_back(block::end_part(self.applied)),
                Stage::Over => return Ok(None),
            }
        }
    }

    fn begin(&mut self, mut about: About) -> Result<(), ScanError> {
        let (rows, stamp, mark) = self.reader.read(|snapshot| {
            let rows = Table::ALL.iter().map(|table| snapshot.count(*table));
            let (stamp, mark) =
                (snapshot.get(Table::Meta, STAMP)?, snapshot.get(Table::Meta, MARK)?);
            Ok((rows.sum::<Result<u64, _>>()?, stamp, mark))
        })?;
        about.keyring = mark.and_then(|mark| Mark::decode(&mark)).and_then(Mark::wanted);
        about.rows = rows;
        // The first version wrote no stamp.
        about.store_format =
            stamp.and_then(|stamp| Stamp::decode(&stamp)).map_or(1, |stamp| stamp.format);
        self.progress.set_total(about.rows);
        // Strings and numbers only: this does not fail.
        let bytes = serde_json::to_vec(&about).unwrap_or_default();
        self.ready.push_back(Part { kind: Kind::About, bytes });
        self.stage = Stage::Rows { table: 0, start: Vec::new() };
        Ok(())
    }

    fn rows(&mut self, at: usize, start: &[u8]) -> Result<(), ScanError> {
        let Some(table) = Table::ALL.get(at) else {
            self.stage = match &self.files {
                Some(files) => Stage::Files(Filing::begin(files.clone())?),
                None => Stage::End,
            };
            return Ok(());
        };
        let mut part = RowsPart::new(*table);
        let mut last: Option<Vec<u8>> = None;
        let (applied, ended) = self.reader.read(|snapshot| {
            let began = Instant::now();
            let ended = snapshot.walk(*table, start, |key, value| {
                // One row at least, or it would never end.
                if part.len() >= self.chunk || (last.is_some() && began.elapsed() > SNAPSHOT) {
                    return false;
                }
                if !is_own(*table, key) {
                    part.put(key, value);
                }
                let last = last.get_or_insert_default();
                last.clear();
                last.extend_from_slice(key);
                true
            })?;
            Ok((snapshot.position(), ended))
        })?;
        self.applied = applied;
        self.tail.get_or_insert_with(|| Tail::new(&self.feed, applied.0));
        self.stage = match last {
            Some(mut last) if !ended => {
                last.push(0);
                Stage::Rows { table: at, start: last }
            }
            _ => Stage::Rows { table: at + 1, start: Vec::new() },
        };
        if part.count() > 0 {
            self.progress.add(part.count().into());
            self.ready.push_back(part.finish());
        }
        Ok(())
    }

    /// Plans that the last snapshot has and that were not given out yet.
    fn plans(&mut self) -> Result<Option<Part>, ScanError> {
        let Some(tail) = &mut self.tail else { return Ok(None) };
        let mut bytes: Vec<u8> = Vec::new();
        while bytes.len() < self.chunk
            && let Some(payload) = tail.next(self.applied.0)?
        {
            // A batch may be larger than a part: it is taken apart between its plans.
            for span in block::plan_spans(&payload) {
                bytes.extend_from_slice(&payload[span]);
                if bytes.len() >= self.chunk {
                    let bytes = std::mem::take(&mut bytes);
                    self.ready.push_back(Part { kind: Kind::Plans, bytes });
                }
            }
            if !self.ready.is_empty() {
                break;
            }
        }
        if !bytes.is_empty() {
            self.ready.push_back(Part { kind: Kind::Plans, bytes });
        }
        Ok(self.ready.pop_front())
    }
}
