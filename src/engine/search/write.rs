//! Writing a segment: documents in the order of their keys, then terms in theirs. Pieces come out as they get full, so a
//! segment of any size is written in little memory.
//!
//! ```text
//! head      numbers of documents and words, the first term of each block of terms, the first key of each block of documents
//! terms     blocks of 64: where postings and positions begin, then like things of all terms beside each other: how much
//!           each shares with the one before and how much follows, in how many documents it is, by how much its
//!           postings and positions are longer than usual, what follows
//! postings  the documents of each term, and
//! positions where in them words stand: streams of bits (`postings.rs`)
//! table     blocks of 256 documents: all keys, all tickets, all lengths, by how much widths are more than lengths tell,
//!           the digests
//! ```

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use super::coding::{Writing, parameter};
use super::document::{Key, WORD};
use super::postings::{Postings, width};
use super::varint;
use crate::store::records::{SEARCH_STREAMS, SearchChunk, SearchSegment};

/// Bytes of a chunk before it is deflated. What does not get shorter fits with its key and envelope into 16 KiB, as redb's
/// pages of long values are powers of two.
pub const CHUNK: usize = 16 * 1024 - 256;
/// Terms in a block.
pub const TERMS: usize = 64;
/// Documents in a block.
pub const DOCUMENTS: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Stream {
    Head = 0,
    Terms = 1,
    Postings = 2,
    Positions = 3,
    Table = 4,
}

const STREAMS: [Stream; SEARCH_STREAMS] =
    [Stream::Head, Stream::Terms, Stream::Postings, Stream::Positions, Stream::Table];

/// What a segment is opened by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub documents: u32,
    /// Those of them that are of entries; they come first.
    pub entries: u32,
    /// Words of all documents.
    pub words: u64,
    /// Bits of the positions of all these words.
    pub position_bits: u64,
    /// First term and offset of each block.
    pub terms: Vec<(String, u64)>,
    pub terms_end: u64,
    /// First key and offset of each block.
    pub table: Vec<(u64, u64)>,
    pub table_end: u64,
    pub last_key: u64,
}

/// A document of a segment, beside its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub key: Key,
    pub ticket: u32,
    /// How many words it has.
    pub length: u32,
    /// How many bits its highest position takes.
    pub width: u8,
    /// Of all that it is found by, where that is known: segments do not say it of entries, which seldom change, and are
    /// many.
    pub digest: Option<u32>,
}

impl Head {
    /// Bytes of the postings and positions of a term in so many documents, if chance scattered them. What segments say is
    /// the difference.
    pub fn usual(&self, documents: u32, is_word: bool) -> (u64, u64) {
        let count = u64::from(documents);
        // Of a distance what lies beyond the parameter is about 1, which are two bits.
        let postings = count.saturating_mul(2 + u64::from(parameter(self.documents, documents)));
        let positions = if is_word {
            u128::from(count) * u128::from(self.position_bits) / u128::from(self.words.max(1))
        } else {
            0
        };
        (postings / 8, u64::try_from(positions / 8).unwrap_or(u64::MAX))
    }
}

impl Line {
    /// How many bits the highest position takes where all words stand side by side.
    pub fn usual_width(&self) -> u8 {
        width(&[self.length.saturating_sub(1)])
    }

    /// The digest, of what segments say it of.
    fn kept_digest(&self) -> Option<u32> {
        self.digest.filter(|_| Line::keeps_digest(self.key))
    }

    pub fn keeps_digest(key: Key) -> bool {
        !matches!(key, Key::Entry(_))
    }
}

pub struct Writer {
    number: u64,
    head: Head,
    streams: [Filling; SEARCH_STREAMS],
    pieces: Vec<Piece>,
    /// The block of the table that is being filled.
    lines: Vec<Line>,
    /// Of all documents.
    widths: Vec<u8>,
    /// The block of terms that is being filled.
    terms: Terms,
    last_term: String,
    /// What the terms so far take of postings and of positions.
    taken: (u64, u64),
    /// Of the term that is written.
    coded: (Writing, Writing),
}

/// A row of a segment.
pub type Piece = (Vec<u8>, SearchChunk);

/// Terms of one block, by columns.
#[derive(Default)]
struct Terms {
    count: usize,
    /// Where their postings and positions begin.
    begin: (u64, u64),
    shared: Vec<u8>,
    lengths: Vec<u8>,
    documents: Vec<u8>,
    postings: Vec<u8>,
    positions: Vec<u8>,
    /// What each does not share with the one before.
    texts: Vec<u8>,
}

#[derive(Default)]
struct Filling {
    bytes: Vec<u8>,
    length: u64,
    chunks: u32,
}

/// The row key of a chunk.
pub fn chunk_key(segment: u64, stream: u8, position: u32) -> Vec<u8> {
    [&segment.to_be_bytes()[..], &[stream], &position.to_be_bytes()].concat()
}

impl Writer {
    pub fn new(number: u64) -> Writer {
        Writer {
            number,
            head: Head::default(),
            streams: Default::default(),
            pieces: Vec::new(),
            lines: Vec::new(),
            widths: Vec::new(),
            terms: Terms::default(),
            last_term: String::new(),
            taken: (0, 0),
            coded: Default::default(),
        }
    }

    /// The next document; keys ascend, and all of them come before the first term.
    pub fn document(&mut self, line: Line) {
        self.head.documents += 1;
        self.head.entries += u32::from(matches!(line.key, Key::Entry(_)));
        self.head.words += u64::from(line.length);
        self.head.position_bits += u64::from(line.length) * u64::from(line.width);
        self.head.last_key = line.key.packed();
        self.widths.push(line.width);
        self.lines.push(line);
        if self.lines.len() == DOCUMENTS {
            self.end_lines();
        }
    }

    /// Like things beside each other: they deflate better so.
    fn end_lines(&mut self) {
        let lines = std::mem::take(&mut self.lines);
        let Some(first) = lines.first() else { return };
        let offset = self.streams[Stream::Table as usize].length;
        self.head.table.push((first.key.packed(), offset));
        let mut out = Vec::with_capacity(12 * DOCUMENTS);
        varint::put(&mut out, lines.len() as u64);
        let mut key = 0;
        for line in &lines {
            varint::put(&mut out, line.key.packed() - key);
            key = line.key.packed();
        }
        let mut ticket = 0;
        for line in &lines {
            varint::put_signed(&mut out, i64::from(line.ticket) - ticket);
            ticket = i64::from(line.ticket);
        }
        lines.iter().for_each(|line| varint::put(&mut out, u64::from(line.length)));
        out.extend(lines.iter().map(|line| line.width.wrapping_sub(line.usual_width())));
        out.extend(lines.iter().filter_map(Line::kept_digest).flat_map(u32::to_le_bytes));
        self.put(Stream::Table, &out);
    }

    /// The next term, with its documents ascending; terms ascend.
    pub fn term(&mut self, term: &str, postings: &Postings) {
        self.end_lines();
        let is_word = is_word(term.as_bytes());
        let mut coded = std::mem::take(&mut self.coded);
        postings.write(is_word, &self.widths, &mut coded);
        let (documents, positions) = (coded.0.bytes(), coded.1.bytes());
        let terms = &mut self.terms;
        if terms.count == 0 {
            let offset = self.streams[Stream::Terms as usize].length;
            self.head.terms.push((term.to_owned(), offset));
            terms.begin = self.taken;
            self.last_term.clear();
        }
        let shared = shared(&self.last_term, term);
        varint::put(&mut terms.shared, shared as u64);
        varint::put(&mut terms.lengths, (term.len() - shared) as u64);
        varint::put(&mut terms.documents, postings.len() as u64);
        let usual = self.head.usual(postings.len() as u32, is_word);
        let lengths = (documents.len() as u64, positions.len() as u64);
        varint::put_signed(&mut terms.postings, lengths.0.wrapping_sub(usual.0) as i64);
        varint::put_signed(&mut terms.positions, lengths.1.wrapping_sub(usual.1) as i64);
        terms.texts.extend_from_slice(&term.as_bytes()[shared..]);
        terms.count += 1;
        self.taken.0 += lengths.0;
        self.taken.1 += lengths.1;
        term.clone_into(&mut self.last_term);
        self.put(Stream::Postings, documents);
        self.put(Stream::Positions, positions);
        self.coded = coded;
        if self.terms.count == TERMS {
            self.end_terms();
        }
    }

    fn end_terms(&mut self) {
        let terms = std::mem::take(&mut self.terms);
        if terms.count == 0 {
            return;
        }
        let mut out = Vec::new();
        for number in [terms.begin.0, terms.begin.1, terms.count as u64] {
            varint::put(&mut out, number);
        }
        let Terms { shared, lengths, documents, postings, positions, texts, .. } = &terms;
        for column in [shared, lengths, documents, postings, positions, texts] {
            out.extend_from_slice(column);
        }
        self.put(Stream::Terms, &out);
    }

    /// The pieces that are full.
    pub fn pieces(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.pieces)
    }

    /// Bytes of the pieces that wait.
    pub fn waiting(&self) -> usize {
        self.pieces.iter().map(|(_, chunk)| chunk.0.len()).sum()
    }

    /// The last pieces, and what the manifest is to say of the segment.
    pub fn finish(mut self) -> (Vec<Piece>, SearchSegment) {
        self.end_lines();
        self.end_terms();
        self.head.terms_end = self.streams[Stream::Terms as usize].length;
        self.head.table_end = self.streams[Stream::Table as usize].length;
        let mut head = Vec::new();
        crate::store::codec::append(&self.head, &mut head);
        self.put(Stream::Head, &head);
        for stream in STREAMS {
            self.cut(stream);
        }
        let chunks = std::array::from_fn(|at| self.streams[at].chunks);
        let segment = SearchSegment { number: self.number, documents: self.head.documents, chunks };
        (self.pieces, segment)
    }

    fn put(&mut self, stream: Stream, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let filling = &mut self.streams[stream as usize];
            let room = CHUNK - filling.bytes.len();
            let (now, rest) = bytes.split_at(bytes.len().min(room));
            filling.bytes.extend_from_slice(now);
            filling.length += now.len() as u64;
            bytes = rest;
            if filling.bytes.len() == CHUNK {
                self.cut(stream);
            }
        }
    }

    fn cut(&mut self, stream: Stream) {
        let filling = &mut self.streams[stream as usize];
        if filling.bytes.is_empty() {
            return;
        }
        let key = chunk_key(self.number, stream as u8, filling.chunks);
        filling.chunks += 1;
        let bytes = std::mem::take(&mut filling.bytes);
        let level = match stream {
            // They are as short as they get: deflated they were no shorter, and took longer to read.
            Stream::Postings | Stream::Positions => Compression::none(),
            _ => Compression::new(6),
        };
        let mut packed = DeflateEncoder::new(Vec::new(), level);
        // Writing into memory does not fail.
        let packed = packed.write_all(&bytes).and_then(|()| packed.finish()).unwrap_or_default();
        self.pieces.push((key, SearchChunk(packed)));
    }
}

/// Whether a term is a word as it was written: only such have positions.
pub fn is_word(term: &[u8]) -> bool {
    term.first() == Some(&(WORD as u8))
}

/// Bytes that two terms begin with alike, up to a border between characters.
fn shared(a: &str, b: &str) -> usize {
    let alike = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    (0..=alike).rev().find(|at| b.is_char_boundary(*at)).unwrap_or(0)
}
