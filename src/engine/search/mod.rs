//! Full text search: every word of tickets, entries and contacts, from the moment it is acknowledged.
//!
//! ```text
//! commit ──► keys of changed rows (memory) ──► documents as the rows are now ──► fresh documents (memory)
//!                                                                   full ──► a segment (rows) ──► eight are one
//! ```
//!
//! What always holds:
//! - the writer notes keys and nothing else; whoever searches first takes over what is noted, so what was acknowledged
//!   is found, and intake never waits for the index;
//! - the index is a function of the rows: a key that is noted twice, late or for nothing does no harm. After a power
//!   cut the keys come from the feed, behind the event that the manifest names;
//! - segments are rows as any others: journaled, checkpointed, backed up. They never change; what is replaced or
//!   removed is marked, and a document lives in one place;
//! - a segment lies under a key of its own. Erasing a person writes the segments anew that have words of theirs, and
//!   destroys the keys of the old ones, in backups too;
//! - an index that is missing, of another form or of another feed is built from the rows, beside everything else.

mod account;
mod bits;
mod cache;
mod coding;
mod document;
mod evaluate;
mod find;
mod forget;
mod fresh;
mod gate;
mod highlight;
mod hits;
mod merging;
mod part;
mod pieces;
mod postings;
mod prints;
mod rank;
mod said;
mod segment;
mod similar;
mod source;
mod suggest;
mod tend;
mod varint;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::{HashMap, HashSet};

use super::index::Index;
use super::rows::{ReadError, Rows};
use super::shared::Shared;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::search::stem::Lexicon;
use crate::domain::ticket::MAX_MERGES;
use crate::domain::time::Micros;
use crate::store::records::{MANIFEST, SearchBuilding, SearchDead, SearchManifest, SearchSegment};
use crate::store::{Blob, Order, Pair, PlanRecord, Reader, Row, StoreError, Table, View};
pub use bits::Bits;
use cache::Cache;
use document::{Document, Key};
pub use evaluate::{Asked, Contact, Found, Message};
use fresh::Fresh;
use gate::Gate;
pub use highlight::{Highlighter, Snippet};
use pieces::Pieces;
use prints::Prints;
use segment::Segment;
use source::Source;
use write::Piece;

/// The form of segments and terms; whoever changes either counts it up, and every index is built anew.
const FORM: u32 = 6;

/// The consumer of the feed that keeps what the segments do not have yet.
pub const CURSOR: &str = "search";

/// The tables that documents are made of.
const SOURCES: [Table; 3] = [Table::Entries, Table::Tickets, Table::Contacts];

/// Limits of the index.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes that segments may hold in memory.
    pub cache: usize,
    /// Bytes that queries may take together while they run.
    pub queries: u64,
    /// Bytes of fresh documents before they are written.
    pub fresh_bytes: usize,
    /// Fresh documents before they are written.
    pub fresh_documents: usize,
    /// Segments of about one size before they become one.
    pub merged: usize,
    /// Bytes of a segment that one plan takes with its manifest; a larger one is written before it, in parts.
    pub plan_bytes: usize,
}

impl Settings {
    /// The usual ones within so many bytes of memory.
    pub fn within(memory: u64) -> Settings {
        let bytes = usize::try_from(memory).unwrap_or(usize::MAX);
        Settings {
            cache: bytes / 2,
            // One that takes more runs alone.
            queries: memory / 6,
            // Twice while they are written. Fewer at once make more segments, which each query asks.
            fresh_bytes: bytes / 6,
            fresh_documents: 4096,
            merged: 8,
            plan_bytes: 2 << 20,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::within(32 << 20)
    }
}

/// A step of tending the index: one plan.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub(super) pieces: Vec<Piece>,
    /// Whole rows of what died in segments.
    pub(super) dead: Vec<(u64, SearchDead)>,
    /// With it the feed's cursor moves.
    pub(super) manifest: Option<SearchManifest>,
    /// A segment whose rows go, some at once, and with the last of them its key.
    pub(super) gone: Option<u64>,
}

/// The index in memory.
pub struct Search {
    pub(super) settings: Settings,
    /// Keys of rows that changed and were not looked at yet.
    noted: Mutex<HashSet<Key>>,
    /// Events behind the segments which a start left to be looked at, from after the first to the second.
    behind: Mutex<Option<(u64, u64)>>,
    cache: Cache,
    gate: Gate,
    state: RwLock<State>,
    /// Something is to be done that no news tell of.
    pub(super) wanted: tokio::sync::Notify,
    /// One tends the index at a time.
    tending: tokio::sync::Mutex<()>,
    /// Searches at once: the other threads are for others.
    pub(super) searching: tokio::sync::Semaphore,
}

#[derive(Default)]
struct State {
    fresh: Fresh,
    /// What is being written as a segment, and what of it died meanwhile.
    settling: Option<(Arc<Fresh>, Bits)>,
    segments: Vec<Segment>,
    /// Segments with deaths that the rows do not know.
    mortal: HashSet<u64>,
    manifest: SearchManifest,
    /// How far it was built when what is in the rows was written.
    landed: Option<SearchBuilding>,
    /// The rows name segments that are to go: the manifest must be written before anything of them goes.
    unsaved: bool,
    /// What merged tickets became part of.
    homes: HashMap<u32, u32>,
    /// Tickets that are in `homes`, or were.
    merged: Bits,
    /// When segments were last written anew for what died in them, by the steady clock.
    cleaned: Micros,
    lexicon: Lexicon,
    prints: Prints,
}

/// How far the index is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub documents: u64,
    pub segments: usize,
    /// Rows looked at of about so many, while it is built.
    pub building: Option<(u64, u64)>,
}

impl Search {
    pub fn new(settings: Settings) -> Search {
        const AT_ONCE: usize = 2;
        Search {
            settings,
            noted: Mutex::default(),
            behind: Mutex::default(),
            cache: Cache::new(settings.cache),
            gate: Gate::new(settings.queries),
            state: RwLock::default(),
            wanted: tokio::sync::Notify::new(),
            tending: tokio::sync::Mutex::default(),
            searching: tokio::sync::Semaphore::new(AT_ONCE),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what committed plans changed.
    pub(super) fn note(&self, plans: &[PlanRecord]) {
        let rows = plans.iter().flat_map(|plan| &plan.rows);
        let keys: Vec<Key> =
            rows.filter_map(|Row { table, key, .. }| key_of(*table, key)).collect();
        if !keys.is_empty() {
            self.note_keys(keys);
        }
    }

    fn note_keys(&self, keys: impl IntoIterator<Item = Key>) {
        self.noted().extend(keys);
    }

    fn pieces<'a>(&'a self, rows: Rows<'a>) -> Pieces<'a> {
        Pieces { rows, cache: &self.cache }
    }

    fn noted(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what is noted, as the rows are now.
    fn catch_up(&self, shared: &Shared, rows: Rows<'_>) -> Result<(), ReadError> {
        self.look_behind(shared);
        if self.noted().is_empty() {
            return Ok(());
        }
        let mut state = self.write();
        // Taken before the rows are read: what changes meanwhile is noted again.
        let mut noted: Vec<Key> = std::mem::take(&mut *self.noted()).into_iter().collect();
        noted.sort_unstable();
        let pieces = self.pieces(rows);
        let done = noted.iter().try_for_each(|key| state.take(&pieces, *key));
        if done.is_err() {
            self.note_keys(noted);
        }
        done
    }

    /// Notes what changed behind the segments before the start, unless that was done. It takes a quarter of a second after
    /// some thousand changes, for which a start does not wait.
    fn look_behind(&self, shared: &Shared) {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((after, until)) = *behind else { return };
        match shared.feed.touched(after, until, &SOURCES) {
            Ok(touched) => {
                self.note_keys(touched.iter().filter_map(|(table, key)| key_of(*table, key)));
            }
            Err(error) => {
                tracing::info!(%error, "the search index is built anew");
                self.build_anew(shared);
            }
        }
        *behind = None;
    }

    /// Begins to build the index anew from the rows.
    fn build_anew(&self, shared: &Shared) {
        let mut state = self.write();
        let before = std::mem::take(&mut state.manifest);
        state.anew(before, shared);
        self.wanted.notify_one();
    }

    pub fn progress(&self, rows_in_all: u64) -> Progress {
        let state = self.read();
        let living = |segment: &Segment| u64::from(segment.known.documents - segment.dead_count);
        let frozen: u64 = state.segments.iter().map(living).sum();
        let settling = state.settling.as_ref().map_or(0, |(fresh, _)| fresh.len());
        let fresh = (state.fresh.len() + settling) as u64;
        let building = state.manifest.building.map(|at| (at.done, rows_in_all));
        Progress { documents: frozen + fresh, segments: state.segments.len(), building }
    }
}

/// A segment with what died in it, as the rows say.
fn opened(pieces: &Pieces<'_>, known: &SearchSegment) -> Result<Segment, ReadError> {
    let row = known.number.to_be_bytes();
    let dead = pieces.rows.get::<SearchDead>(&row)?.unwrap_or_default();
    let mut at = 0;
    let dead = dead.0.iter().map(|step| {
        at += step;
        at
    });
    Segment::open(pieces, known.clone(), dead.collect())
}

fn key_of(table: Table, key: &[u8]) -> Option<Key> {
    let number = || key.try_into().ok().map(u64::from_be_bytes);
    match table {
        Table::Entries => number().map(Key::Entry),
        Table::Tickets => number().map(Key::Ticket),
        Table::Contacts => number().map(Key::Contact),
        _ => None,
    }
}

impl State {
    /// Reads the manifest and has its segments opened; false if the index must be built anew.
    fn open(
        &mut self,
        rows: &Rows<'_>,
        epoch: &str,
        open: impl Fn(&[SearchSegment]) -> Result<Vec<Segment>, ReadError>,
    ) -> Result<bool, ReadError> {
        let manifest = rows.get::<SearchManifest>(MANIFEST)?;
        let Some(manifest) = manifest.filter(|m| m.form == FORM && m.epoch == epoch) else {
            return Ok(false);
        };
        // Of a backup that is older than an erasure some do not open, nor do their deaths.
        let Ok(segments) = open(&manifest.segments) else { return Ok(false) };
        self.segments = segments;
        self.landed = manifest.building;
        self.manifest = manifest;
        Ok(true)
    }

    /// The manifest for the rows, of what is in them: what is fresh is not, however far building has come.
    fn to_save(&self) -> SearchManifest {
        SearchManifest { building: self.landed, ..self.manifest.clone() }
    }

    fn find_homes(&mut self, rows: &Rows<'_>, index: &Index) -> Result<(), ReadError> {
        for number in index.merged() {
            if let Some(merged) = rows.ticket(number)?.and_then(|ticket| ticket.merged) {
                self.settle(number, Some(merged.into));
            }
        }
        Ok(())
    }

    fn settle(&mut self, ticket: u64, into: Option<u64>) {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(0);
        match into {
            Some(into) => {
                self.merged.put(narrow(ticket));
                self.homes.insert(narrow(ticket), narrow(into))
            }
            None => self.homes.remove(&narrow(ticket)),
        };
    }

    /// The ticket that this one is part of today.
    fn home(&self, mut ticket: u32) -> u32 {
        // Asked of every document that is found: most tickets are part of no other.
        if !self.merged.has(ticket) {
            return ticket;
        }
        for _ in 0..MAX_MERGES {
            match self.homes.get(&ticket) {
                Some(into) => ticket = *into,
                None => break,
            }
        }
        ticket
    }

    /// Takes over a document as the rows are now.
    fn take(&mut self, pieces: &Pieces<'_>, key: Key) -> Result<(), ReadError> {
        let Key::Ticket(number) = key else {
            let now = Document::read(&pieces.rows, key, &mut self.lexicon)?;
            let print = now.as_ref().map(|document| u64::from(document.digest));
            return self.replace(pieces, key, print, |_| now);
        };
        let ticket = pieces.rows.ticket(number)?;
        let merged = ticket.as_ref().and_then(|ticket| ticket.merged.as_ref());
        self.settle(number, merged.map(|merged| merged.into));
        let print = ticket.as_ref().map(Document::print);
        self.replace(pieces, key, print, |words| {
            ticket.map(|ticket| Document::ticket(&ticket, words))
        })
    }

    /// Puts a document in the place of the one before, unless its print says that it is the same: most changes of tickets
    /// and entries are none of their words.
    fn replace(
        &mut self,
        pieces: &Pieces<'_>,
        key: Key,
        print: Option<u64>,
        made: impl FnOnce(&mut Lexicon) -> Option<Document>,
    ) -> Result<(), ReadError> {
        if print.is_some() && self.prints.get(key) == print {
            return Ok(());
        }
        self.prints.remove(key);
        let now = made(&mut self.lexicon);
        self.place(pieces, key, now)?;
        if let Some(print) = print {
            self.prints.put(key, print);
        }
        Ok(())
    }

    /// Puts a document in the place of the one before, if it is another.
    fn place(
        &mut self,
        pieces: &Pieces<'_>,
        key: Key,
        now: Option<Document>,
    ) -> Result<(), ReadError> {
        let digest = now.as_ref().map(|document| document.digest);
        let is_same = |known: Option<u32>| known.is_some() && digest == known;
        if let Some((_, known)) = self.fresh.document(key) {
            if is_same(known) {
                return Ok(());
            }
            self.fresh.remove(key);
        } else if let Some((known, at)) = self.settling(key) {
            if is_same(known) {
                return Ok(());
            }
            if let Some((_, died)) = &mut self.settling {
                died.put(at);
            }
        } else {
            for segment in self.segments.iter_mut().rev() {
                let Some((at, known)) = segment.document(pieces, key)? else { continue };
                if is_same(known) {
                    return Ok(());
                }
                segment.bury(at);
                self.mortal.insert(segment.number());
                break;
            }
        }
        if let Some(document) = now {
            self.fresh.add(key, document);
        }
        Ok(())
    }

    /// The digest and position of a document that is being written and lives.
    fn settling(&self, key: Key) -> Option<(Option<u32>, u32)> {
        let (fresh, died) = self.settling.as_ref()?;
        let (at, digest) = fresh.document(key)?;
        (!died.has(at)).then_some((digest, at))
    }

    fn sources<'a>(&'a self, pieces: Pieces<'a>) -> Vec<Source<'a>> {
        static NONE: Bits = Bits::NONE;
        let segments = self.segments.iter().map(|segment| Source::Segment(segment, pieces));
        let settling = self.settling.iter().map(|(fresh, died)| Source::Fresh(fresh, died));
        segments.chain(settling).chain([Source::Fresh(&self.fresh, &NONE)]).collect()
    }
}

/// The rows as they are, each read for itself: what lies in segments never changes, and of anything else the newest is
/// right.
pub(super) struct Newest<'a>(pub &'a Reader);

impl View for Newest<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError> {
        self.0.read(|rows| rows.get(table, key))
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        self.0.read(|rows| rows.scan(table, start, end, order, limit))
    }
}

/// The place of a ticket in a set of tickets.
fn place(ticket: u32) -> Option<u32> {
    ticket.checked_sub(FIRST_NUMBER as u32)
}
