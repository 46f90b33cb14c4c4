//! Reading a segment: terms, their documents, their positions, the table of documents. Pieces come through a cache of
//! bounded size.

use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use flate2::read::DeflateDecoder;

use super::bits::Bits;
use super::cache::{Cache, Piece};
use super::coding::BEHIND;
use super::document::Key;
use super::postings::Listed;
use super::varint::{self, damaged};
use super::write::{CHUNK, DOCUMENTS, Head, Line, Stream, chunk_key, is_word};
use crate::engine::rows::{ReadError, Rows};
use crate::store::records::{SearchChunk, SearchDead, SearchSegment};

/// Where a term's documents lie.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub documents: u32,
    pub is_word: bool,
    pub postings: (u64, u64),
    pub positions: (u64, u64),
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
#[derive(Default)]
pub struct Columns {
    pub tickets: Vec<u32>,
    /// Of words, 255 where there are more.
    pub lengths: Vec<u8>,
    /// Bits of positions.
    pub widths: Vec<u8>,
}

impl Columns {
    pub fn push(&mut self, line: &Line) {
        self.tickets.push(line.ticket);
        self.lengths.push(u8::try_from(line.length).unwrap_or(u8::MAX));
        self.widths.push(line.width);
    }
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
        let length = usize::try_from(to - from).map_err(|_| damaged())?;
        let mut out = Vec::with_capacity(length + BEHIND);
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
            let is_word = is_word(&term);
            let of_postings = varint::take(input)?;
            let of_positions = if is_word { varint::take(input)? } else { 0 };
            let at = At {
                documents,
                is_word,
                postings: (postings, postings.saturating_add(of_postings)),
                positions: (positions, positions.saturating_add(of_positions)),
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
        let bytes = self.bits(pieces, Stream::Postings, at.postings)?;
        self.listed(&bytes, at).times(|document, times| {
            visit(document, times);
            Ok(())
        })
    }

    /// The same without telling how often.
    pub fn documents(
        &self,
        pieces: &Pieces<'_>,
        at: At,
        visit: impl FnMut(u32),
    ) -> Result<(), ReadError> {
        let bytes = self.bits(pieces, Stream::Postings, at.postings)?;
        self.listed(&bytes, at).documents(visit)
    }

    fn listed<'a>(&self, bytes: &'a [u8], At { documents, is_word, .. }: At) -> Listed<'a> {
        Listed { bytes, is_word, count: documents, all: self.head.documents }
    }

    /// Visits the documents of a term that `wanted` wants, with the positions of the word in each; a term of another
    /// kind has none.
    pub fn positions(
        &self,
        pieces: &Pieces<'_>,
        at: At,
        mut wanted: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(u32, &[u32]),
    ) -> Result<(), ReadError> {
        if !at.is_word {
            return self.documents(pieces, at, |document| {
                if wanted(document) {
                    visit(document, &[]);
                }
            });
        }
        let columns = self.columns(pieces)?;
        let documents = self.bits(pieces, Stream::Postings, at.postings)?;
        let positions = self.bits(pieces, Stream::Positions, at.positions)?;
        self.listed(&documents, at).positions((&positions, &columns.widths), wanted, visit)
    }

    /// A stream of bits.
    fn bits(
        &self,
        pieces: &Pieces<'_>,
        stream: Stream,
        of: (u64, u64),
    ) -> Result<Vec<u8>, ReadError> {
        let mut bytes = self.bytes(pieces, stream, of)?;
        bytes.extend([0; BEHIND]);
        Ok(bytes)
    }

    /// A block of the table.
    pub fn lines(&self, pieces: &Pieces<'_>, block: usize) -> Result<Vec<Line>, ReadError> {
        let Some((_, from)) = self.head.table.get(block) else { return Ok(Vec::new()) };
        let to = self.head.table.get(block + 1).map_or(self.head.table_end, |(_, offset)| *offset);
        let bytes = self.bytes(pieces, Stream::Table, (*from, to))?;
        let input = &mut bytes.as_slice();
        let count = varint::take(input)?;
        if count > DOCUMENTS as u64 {
            return Err(damaged());
        }
        let blank = Line { key: Key::Entry(0), ticket: 0, length: 0, width: 0, digest: None };
        let mut lines = vec![blank; count as usize];
        let (mut key, mut ticket) = (0u64, 0i64);
        for line in &mut lines {
            key = key.checked_add(varint::take(input)?).ok_or_else(damaged)?;
            line.key = Key::unpacked(key);
        }
        for line in &mut lines {
            ticket = ticket.checked_add(varint::take_signed(input)?).ok_or_else(damaged)?;
            line.ticket = u32::try_from(ticket).map_err(|_| damaged())?;
        }
        for line in &mut lines {
            line.length = varint::take_u32(input)?;
        }
        for (line, width) in lines.iter_mut().zip(varint::take_bytes(input, count)?) {
            line.width = *width;
        }
        for line in lines.iter_mut().filter(|line| Line::keeps_digest(line.key)) {
            let digest = varint::take_bytes(input, 4)?.try_into().map_err(|_| damaged())?;
            line.digest = Some(u32::from_le_bytes(digest));
        }
        Ok(lines)
    }

    /// The living document of this key, and its digest, if it is known.
    pub fn document(
        &self,
        pieces: &Pieces<'_>,
        key: Key,
    ) -> Result<Option<(u32, Option<u32>)>, ReadError> {
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
        let mut columns = Columns::default();
        for block in 0..self.head.table.len() {
            for line in self.lines(pieces, block)? {
                columns.push(&line);
            }
        }
        let columns = Arc::new(columns);
        pieces.cache.put_columns(self.number(), &columns);
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
