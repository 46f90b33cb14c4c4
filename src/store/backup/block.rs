//! The blocks of a backup and what is in them; see the format in [`super`].

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::super::plan::{MAX_PLAN, put_count, take_array, take_count};
use super::super::tables::Table;
use super::End;

/// Bytes of a block before what is stored.
pub const BLOCK_HEADER: usize = 24;
/// Bytes of a part, at most: a chunk that was nearly full and the largest row or plan behind it.
pub const MAX_PART: usize = MAX_PLAN + 2 * CHUNK;
/// Bytes after which a part takes nothing more.
pub const CHUNK: usize = 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    About = 1,
    Keys = 2,
    Rows = 3,
    Plans = 4,
    End = 5,
    File = 6,
}

impl Kind {
    pub fn from_number(number: u8) -> Option<Kind> {
        [Kind::About, Kind::Keys, Kind::Rows, Kind::Plans, Kind::End, Kind::File]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

/// What goes into one block, at most [`MAX_PART`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub kind: Kind,
    pub bytes: Vec<u8>,
}

/// A part of rows under construction.
pub struct RowsPart {
    bytes: Vec<u8>,
    count: u32,
}

impl RowsPart {
    pub fn new(table: Table) -> RowsPart {
        RowsPart { bytes: vec![table as u8, 0, 0, 0, 0], count: 0 }
    }

    pub fn put(&mut self, key: &[u8], value: &[u8]) {
        put_count(&mut self.bytes, key.len() as u64);
        put_count(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value);
        self.count += 1;
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn count(&self) -> u32 {
        self.count
    }

    pub fn finish(mut self) -> Part {
        self.bytes[1..5].copy_from_slice(&self.count.to_le_bytes());
        Part { kind: Kind::Rows, bytes: self.bytes }
    }
}

/// A key and its value, in the bytes of the part.
type RowRef<'a> = (&'a [u8], &'a [u8]);

/// The table and the rows of a part; on error says what was wrong.
pub fn rows(mut bytes: &[u8]) -> Result<(Table, Vec<RowRef<'_>>), String> {
    let input = &mut bytes;
    let [number] = take_array(input)?;
    let table = Table::from_number(number)
        .ok_or_else(|| format!("table {number} is unknown: written by a newer frontdesk"))?;
    let count = u32::from_le_bytes(take_array(input)?) as usize;
    let mut rows = Vec::with_capacity(count.min(input.len()));
    for _ in 0..count {
        let (key, value) = (take_count(input)?, take_count(input)?);
        rows.push((super::super::plan::take(input, key)?, super::super::plan::take(input, value)?));
    }
    if input.is_empty() { Ok((table, rows)) } else { Err("bytes left over behind the rows".into()) }
}

/// A piece of a file: its hash, where in the file it belongs, and its bytes.
pub fn file_part(sha256: &[u8; 32], offset: u64, bytes: &[u8]) -> Part {
    Part { kind: Kind::File, bytes: [&sha256[..], &offset.to_le_bytes(), bytes].concat() }
}

/// The hash, the place and the bytes of a piece of a file.
pub fn file(mut bytes: &[u8]) -> Result<([u8; 32], u64, &[u8]), String> {
    let sha256 = take_array(&mut bytes)?;
    let offset = take_array(&mut bytes).map(u64::from_le_bytes)?;
    Ok((sha256, offset, bytes))
}

/// How many rows or plans a part brings, without looking at them closely.
pub fn count(part: &Part) -> u64 {
    match part.kind {
        Kind::Rows => part
            .bytes
            .get(1..5)
            .and_then(|b| b.try_into().ok())
            .map_or(0, u32::from_le_bytes)
            .into(),
        Kind::Plans => plan_spans(&part.bytes).count() as u64,
        Kind::About | Kind::Keys | Kind::End | Kind::File => 0,
    }
}

/// Where each plan of a journal record begins and ends, by the lengths in front of them.
pub fn plan_spans(bytes: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let length = u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize;
        let span = at..at.checked_add(4 + length)?;
        at = span.end;
        (at <= bytes.len()).then_some(span)
    })
}

/// The end as the scan knows it: the last batch and sequence number.
pub fn end_part((batch, seq): (u64, u64)) -> Part {
    let bytes = [batch, seq].into_iter().flat_map(u64::to_le_bytes).collect();
    Part { kind: Kind::End, bytes }
}

/// The end as it is in the file, with the counts and the sum over all blocks before it.
pub fn encode_end(end: &End, whole: u64) -> Vec<u8> {
    [end.batch, end.seq, end.blocks, end.rows, end.plans, whole]
        .into_iter()
        .flat_map(u64::to_le_bytes)
        .collect()
}

/// The end and the sum over all blocks before it.
pub fn decode_end(mut bytes: &[u8]) -> Result<(End, u64), String> {
    let mut field = || take_array(&mut bytes).map(u64::from_le_bytes);
    let end =
        End { batch: field()?, seq: field()?, blocks: field()?, rows: field()?, plans: field()? };
    let whole = field()?;
    if bytes.is_empty() { Ok((end, whole)) } else { Err("bytes left over behind the end".into()) }
}

/// The sum over the checksums of all blocks so far.
pub fn fold(whole: u64, sum: u64) -> u64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&whole.to_le_bytes());
    bytes[8..].copy_from_slice(&sum.to_le_bytes());
    xxh3_64(&bytes)
}

/// The fields of a block before its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    pub kind: u8,
    /// 0 as it is, 1 deflated.
    pub codec: u8,
    pub number: u32,
    pub raw: u32,
    pub stored: u32,
}

impl BlockHeader {
    /// The header with its checksum over itself and `stored`, and that checksum.
    pub fn encode(&self, stored: &[u8], id: u64) -> ([u8; BLOCK_HEADER], u64) {
        let mut bytes = [0; BLOCK_HEADER];
        (bytes[0], bytes[1]) = (self.kind, self.codec);
        bytes[4..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.raw.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.stored.to_le_bytes());
        let sum = checksum(&bytes, stored, id);
        bytes[16..].copy_from_slice(&sum.to_le_bytes());
        (bytes, sum)
    }

    /// The fields and the checksum they came with; the two zeros are part of what is summed.
    pub fn decode(bytes: &[u8; BLOCK_HEADER]) -> (BlockHeader, u64) {
        let u32_at =
            |at: usize| bytes[at..at + 4].iter().rev().fold(0, |n, b| n << 8 | u32::from(*b));
        let header = BlockHeader {
            kind: bytes[0],
            codec: bytes[1],
            number: u32_at(4),
            raw: u32_at(8),
            stored: u32_at(12),
        };
        (header, bytes[16..].iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
    }
}

/// The checksum of a block with this header.
pub fn checksum(header: &[u8; BLOCK_HEADER], stored: &[u8], id: u64) -> u64 {
    xxh3_64_with_seed(stored, xxh3_64_with_seed(&header[..16], id))
}
