//! Reading a segment: terms, their documents, their positions, the table of documents. Pieces come through a cache of
//! bounded size.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use flate2::read::DeflateDecoder;

use super::bits::Bits;
use super::document::Key;
use super::varint::{self, damaged};
use super::write::{CHUNK, DOCUMENTS, Head, Line, Stream, chunk_key};
use crate::engine::rows::{ReadError, Rows};
use crate::store::records::{SearchChunk, SearchDead, SearchSegment};

/// Where a term's documents lie.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub documents: u32,
    postings: (u64, u64),
    positions: (u64, u64),
}

/// A segment that lies in the rows; a clone shares all of it.
#[derive(Clone)]
pub struct Segment {
    pub known: SearchSegment,
    pub head: Arc<Head>,
    /// Documents that are there no more.
    pub dead: Arc<Bits>,
    pub dead_count: u32,
    /// The highest entry that it has, packed, once somebody asked.
    last_entry: Arc<OnceLock<u64>>,
}

/// What the table tells of all documents, by their positions.
pub struct Columns {
    pub tickets: Vec<u32>,
    pub lengths: Vec<u8>,
}

/// The rows as a search sees them, and what it has read of them before.
#[derive(Clone, Copy)]
pub struct Pieces<'a> {
    pub rows: Rows<'a>,
    pub cache: &'a Cache,
}

impl Segment {
    pub fn open(
        pieces: &Pieces<'_>,
        known: SearchSegment,
        dead: Bits,
    ) -> Result<Segment, ReadError> {
        let mut bytes = Vec::new();
        for at in 0..known.chunks[Stream::Head as usize] {
            bytes.extend_from_slice(&pieces.chunk(known.number, Stream::Head, at)?);
        }
        let head = postcard::from_bytes(&bytes).map_err(|_| damaged())?;
        let dead_count = dead.count();
        let last_entry = Arc::default();
        Ok(Segment { known, head: Arc::new(head), dead: Arc::new(dead), dead_count, last_entry })
    }

    /// Marks a document as there no more.
    pub fn bury(&mut self, document: u32) {
        self.dead_count += u32::from(Arc::make_mut(&mut self.dead).put(document));
    }

    /// What died, as its row says it.
    pub fn deaths(&self) -> SearchDead {
        let mut before = 0;
        let steps = self.dead.iter().map(|at| at - std::mem::replace(&mut before, at));
        SearchDead(steps.collect())
    }

    pub fn number(&self) -> u64 {
        self.known.number
    }

    fn bytes(
        &self,
        pieces: &Pieces<'_>,
        stream: Stream,
        (from, to): (u64, u64),
    ) -> Result<Vec<u8>, ReadError> {
        let mut out = Vec::with_capacity(usize::try_from(to - from).map_err(|_| damaged())?);
        let mut at = from;
        while at < to {
            let position = u32::try_from(at / CHUNK as u64).map_err(|_| damaged())?;
            let chunk = pieces.chunk(self.number(), stream, position)?;
            let start = (at % CHUNK as u64) as usize;
            let end = chunk.len().min(start + (to - at) as usize);
            let part = chunk.get(start..end).filter(|part| !part.is_empty()).ok_or_else(damaged)?;
            out.extend_from_slice(part);
            at += part.len() as u64;
        }
        Ok(out)
    }

    pub fn find(&self, pieces: &Pieces<'_>, term: &str) -> Result<Option<At>, ReadError> {
        let after = self.head.terms.partition_point(|(first, _)| first.as_str() <= term);
        let Some(block) = after.checked_sub(1) else { return Ok(None) };
        let mut found = None;
        self.block(pieces, block, |known, at| {
            if known == term {
                found = Some(at);
            }
            known < term
        })?;
        Ok(found)
    }

    /// Visits the terms that begin so, in order, until `visit` wants no more.
    pub fn terms(
        &self,
        pieces: &Pieces<'_>,
        prefix: &str,
        mut visit: impl FnMut(&str, At) -> bool,
    ) -> Result<(), ReadError> {
        let after = self.head.terms.partition_point(|(first, _)| first.as_str() <= prefix);
        for block in after.saturating_sub(1)..self.head.terms.len() {
            let more = self.block(pieces, block, |term, at| {
                term < prefix || (term.starts_with(prefix) && visit(term, at))
            })?;
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// Visits a block of terms; true if `visit` wanted all of them.
    pub fn block(
        &self,
        pieces: &Pieces<'_>,
        block: usize,
        mut visit: impl FnMut(&str, At) -> bool,
    ) -> Result<bool, ReadError> {
        let Some((_, from)) = self.head.terms.get(block) else { return Ok(true) };
        let to = self.head.terms.get(block + 1).map_or(self.head.terms_end, |(_, offset)| *offset);
        let bytes = self.bytes(pieces, Stream::Terms, (*from, to))?;
        let input = &mut bytes.as_slice();
        let (mut postings, mut positions) = (varint::take(input)?, varint::take(input)?);
        let mut term = Vec::new();
        while !input.is_empty() {
            let shared = usize::try_from(varint::take(input)?).map_err(|_| damaged())?;
            if shared > term.len() {
                return Err(damaged());
            }
            term.truncate(shared);
            let length = varint::take(input)?;
            term.extend_from_slice(varint::take_bytes(input, length)?);
            let documents = varint::take_u32(input)?;
            let (of_postings, of_positions) = (varint::take(input)?, varint::take(input)?);
            let at = At {
                documents,
                postings: (postings, postings + of_postings),
                positions: (positions, positions + of_positions),
            };
            (postings, positions) = (at.postings.1, at.positions.1);
            if !visit(std::str::from_utf8(&term).map_err(|_| damaged())?, at) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Visits the documents of a term, ascending and dead ones included, with how often it is in each.
    pub fn postings(
        &self,
        pieces: &Pieces<'_>,
        at: At,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<(), ReadError> {
        let bytes = self.bytes(pieces, Stream::Postings, at.postings)?;
        let input = &mut bytes.as_slice();
        let mut document = 0;
        for _ in 0..at.documents {
            let times = self.posting(input, &mut document)?;
            visit(document, times);
        }
        Ok(())
    }

    /// The same with the positions of the word in each document that `wanted` wants; a term of another kind has none.
    pub fn positions(
        &self,
        pieces: &Pieces<'_>,
        at: At,
        mut wanted: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(u32, &[u32]),
    ) -> Result<(), ReadError> {
        let postings = self.bytes(pieces, Stream::Postings, at.postings)?;
        let positions = self.bytes(pieces, Stream::Positions, at.positions)?;
        let (postings, positions) = (&mut postings.as_slice(), &mut positions.as_slice());
        let has_positions = !positions.is_empty();
        let (mut document, mut all) = (0, Vec::new());
        for _ in 0..at.documents {
            let times = self.posting(postings, &mut document)?;
            let is_wanted = wanted(document);
            all.clear();
            if has_positions && is_wanted {
                let mut position = 0u32;
                for _ in 0..times {
                    let step = varint::take_u32(positions)?;
                    position = position.checked_add(step).ok_or_else(damaged)?;
                    all.push(position);
                }
            } else if has_positions {
                varint::skip(positions, times)?;
            }
            if is_wanted {
                visit(document, &all);
            }
        }
        Ok(())
    }

    /// The next document of a term, after the last one, and how often the term is in it.
    #[inline]
    fn posting(&self, input: &mut &[u8], document: &mut u32) -> Result<u32, ReadError> {
        let number = varint::take(input)?;
        let next = u64::from(*document) + (number >> 1);
        if next >= u64::from(self.head.documents) {
            return Err(damaged());
        }
        *document = next as u32;
        if number & 1 == 1 { varint::take_u32(input) } else { Ok(1) }
    }

    /// A block of the table.
    pub fn lines(&self, pieces: &Pieces<'_>, block: usize) -> Result<Vec<Line>, ReadError> {
        let Some((_, from)) = self.head.table.get(block) else { return Ok(Vec::new()) };
        let to = self.head.table.get(block + 1).map_or(self.head.table_end, |(_, offset)| *offset);
        let bytes = self.bytes(pieces, Stream::Table, (*from, to))?;
        let input = &mut bytes.as_slice();
        let (mut lines, mut key, mut ticket) = (Vec::with_capacity(DOCUMENTS), 0u64, 0i64);
        while !input.is_empty() {
            key = key.checked_add(varint::take(input)?).ok_or_else(damaged)?;
            ticket = ticket.checked_add(varint::take_signed(input)?).ok_or_else(damaged)?;
            let length = varint::take_u32(input)?;
            let digest = varint::take_bytes(input, 4)?.try_into().map_err(|_| damaged())?;
            lines.push(Line {
                key: Key::unpacked(key),
                ticket: u32::try_from(ticket).map_err(|_| damaged())?,
                length,
                digest: u32::from_le_bytes(digest),
            });
        }
        Ok(lines)
    }

    /// The living document of this key, and its digest.
    pub fn document(&self, pieces: &Pieces<'_>, key: Key) -> Result<Option<(u32, u32)>, ReadError> {
        let packed = key.packed();
        if packed > self.head.last_key
            || matches!(key, Key::Entry(_)) && packed > self.last_entry(pieces)?
        {
            return Ok(None);
        }
        let after = self.head.table.partition_point(|(first, _)| *first <= packed);
        let Some(block) = after.checked_sub(1) else { return Ok(None) };
        let lines = self.lines(pieces, block)?;
        let Ok(at) = lines.binary_search_by_key(&packed, |line| line.key.packed()) else {
            return Ok(None);
        };
        let document = (block * DOCUMENTS + at) as u32;
        Ok((!self.dead.has(document)).then_some((document, lines[at].digest)))
    }

    /// The highest entry that it has, packed; 0 without one. Entries come first, and most that are looked for are new.
    fn last_entry(&self, pieces: &Pieces<'_>) -> Result<u64, ReadError> {
        if let Some(known) = self.last_entry.get() {
            return Ok(*known);
        }
        let last = match self.head.entries.checked_sub(1) {
            Some(at) => {
                let lines = self.lines(pieces, at as usize / DOCUMENTS)?;
                lines.get(at as usize % DOCUMENTS).ok_or_else(damaged)?.key.packed()
            }
            None => 0,
        };
        Ok(*self.last_entry.get_or_init(|| last))
    }

    pub fn columns(&self, pieces: &Pieces<'_>) -> Result<Arc<Columns>, ReadError> {
        if let Some(columns) = pieces.cache.columns(self.number()) {
            return Ok(columns);
        }
        let mut columns = Columns { tickets: Vec::new(), lengths: Vec::new() };
        for block in 0..self.head.table.len() {
            for line in self.lines(pieces, block)? {
                columns.tickets.push(line.ticket);
                columns.lengths.push(u8::try_from(line.length).unwrap_or(u8::MAX));
            }
        }
        let columns = Arc::new(columns);
        pieces.cache.put((self.number(), COLUMNS, 0), Piece::Columns(Arc::clone(&columns)));
        Ok(columns)
    }
}

impl Pieces<'_> {
    fn chunk(&self, segment: u64, stream: Stream, position: u32) -> Result<Arc<[u8]>, ReadError> {
        let place = (segment, stream as u8, position);
        if let Some(Piece::Bytes(bytes)) = self.cache.get(place) {
            return Ok(bytes);
        }
        let row = self.rows.get::<SearchChunk>(&chunk_key(segment, stream as u8, position))?;
        let packed = row.ok_or_else(damaged)?.0;
        let mut bytes = Vec::with_capacity(CHUNK);
        let mut inflate = DeflateDecoder::new(packed.as_slice()).take(CHUNK as u64 + 1);
        inflate.read_to_end(&mut bytes).map_err(|_| damaged())?;
        if bytes.len() > CHUNK {
            return Err(damaged());
        }
        let bytes: Arc<[u8]> = bytes.into();
        self.cache.put(place, Piece::Bytes(Arc::clone(&bytes)));
        Ok(bytes)
    }
}

/// Beside the streams.
const COLUMNS: u8 = u8::MAX;

#[derive(Clone)]
enum Piece {
    Bytes(Arc<[u8]>),
    Columns(Arc<Columns>),
}

impl Piece {
    fn size(&self) -> usize {
        const BESIDE: usize = 64;
        BESIDE
            + match self {
                Piece::Bytes(bytes) => bytes.len(),
                Piece::Columns(columns) => columns.tickets.len() * 5,
            }
    }
}

type PlaceOf = (u64, u8, u32);

/// What was read lately, within a number of bytes: what was not asked for while half of them came anew goes.
pub struct Cache {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    young: HashMap<PlaceOf, Piece>,
    old: HashMap<PlaceOf, Piece>,
    young_bytes: usize,
}

impl Cache {
    pub fn new(most: usize) -> Cache {
        Cache { most, held: Mutex::default() }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, place: PlaceOf) -> Option<Piece> {
        let mut held = self.held();
        if let Some(piece) = held.young.get(&place) {
            return Some(piece.clone());
        }
        let piece = held.old.remove(&place)?;
        self.insert(&mut held, place, piece.clone());
        Some(piece)
    }

    fn columns(&self, segment: u64) -> Option<Arc<Columns>> {
        match self.get((segment, COLUMNS, 0)) {
            Some(Piece::Columns(columns)) => Some(columns),
            _ => None,
        }
    }

    fn put(&self, place: PlaceOf, piece: Piece) {
        let mut held = self.held();
        self.insert(&mut held, place, piece);
    }

    fn insert(&self, held: &mut Held, place: PlaceOf, piece: Piece) {
        let size = piece.size();
        if held.young_bytes + size > self.most / 2 {
            held.old = std::mem::take(&mut held.young);
            held.young_bytes = 0;
        }
        // What alone is more than half of all is not kept.
        if size <= self.most / 2 && held.young.insert(place, piece).is_none() {
            held.young_bytes += size;
        }
    }
}
