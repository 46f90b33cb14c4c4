//! The streams of segments, read piece by piece through a cache of bounded size.

use std::io::Read as _;
use std::sync::Arc;

use flate2::read::DeflateDecoder;

use super::cache::{Cache, Piece};
use super::coding::BEHIND;
use super::varint::damaged;
use super::write::{CHUNK, Stream, chunk_key};
use crate::engine::rows::{ReadError, Rows};
use crate::store::records::SearchChunk;

/// The rows as a search sees them, and what it has read of them before.
#[derive(Clone, Copy)]
pub struct Pieces<'a> {
    pub rows: Rows<'a>,
    pub cache: &'a Cache,
}

impl Pieces<'_> {
    /// A piece, with [`BEHIND`] zeros behind it.
    pub fn chunk(
        &self,
        segment: u64,
        stream: Stream,
        position: u32,
    ) -> Result<Arc<[u8]>, ReadError> {
        let place = (segment, stream as u8, position);
        if let Some(Piece::Bytes(bytes)) = self.cache.get(place) {
            return Ok(bytes);
        }
        let row = self.rows.get::<SearchChunk>(&chunk_key(segment, stream as u8, position))?;
        let packed = row.ok_or_else(damaged)?.0;
        let mut bytes = Vec::with_capacity(CHUNK + BEHIND);
        let mut inflate = DeflateDecoder::new(packed.as_slice()).take(CHUNK as u64 + 1);
        inflate.read_to_end(&mut bytes).map_err(|_| damaged())?;
        if bytes.len() > CHUNK {
            return Err(damaged());
        }
        bytes.extend([0; BEHIND]);
        let bytes: Arc<[u8]> = bytes.into();
        self.cache.put(place, Piece::Bytes(Arc::clone(&bytes)));
        Ok(bytes)
    }
}

/// Reads ranges of one stream, in whichever order; neighbours cost no look into the cache.
pub struct Window<'a> {
    pieces: Pieces<'a>,
    segment: u64,
    stream: Stream,
    /// The piece that was read last.
    held: Option<(u32, Arc<[u8]>)>,
    /// A range that no piece has by itself.
    across: Vec<u8>,
}

impl<'a> Window<'a> {
    pub fn new(pieces: Pieces<'a>, segment: u64, stream: Stream) -> Window<'a> {
        Window { pieces, segment, stream, held: None, across: Vec::new() }
    }

    /// A range.
    pub fn bytes(&mut self, range: (u64, u64)) -> Result<&[u8], ReadError> {
        let bits = self.bits(range)?;
        Ok(&bits[..bits.len() - BEHIND])
    }

    /// A range of a stream of bits, with [`BEHIND`] bytes of no meaning behind it.
    pub fn bits(&mut self, (from, to): (u64, u64)) -> Result<&[u8], ReadError> {
        let place = |at: u64| u32::try_from(at / CHUNK as u64).map_err(|_| damaged());
        let (first, start) = (place(from)?, (from % CHUNK as u64) as usize);
        let length = to.checked_sub(from).and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or_else(damaged)?;
        if length == 0 {
            return Ok(&[0; BEHIND]);
        }
        if start.saturating_add(length) <= CHUNK {
            let chunk = self.hold(first)?;
            return chunk.get(start..start + length + BEHIND).ok_or_else(damaged);
        }
        let mut across = std::mem::take(&mut self.across);
        across.clear();
        let last = place(to - 1)?;
        for position in first..=last {
            let chunk = self.hold(position)?;
            let chunk = &chunk[..chunk.len().saturating_sub(BEHIND)];
            let start = if position == first { start } else { 0 };
            let end = chunk.len().min(start + (length - across.len()));
            across.extend_from_slice(chunk.get(start..end).ok_or_else(damaged)?);
        }
        if across.len() < length {
            return Err(damaged());
        }
        across.extend([0; BEHIND]);
        self.across = across;
        Ok(&self.across)
    }

    fn hold(&mut self, position: u32) -> Result<&[u8], ReadError> {
        let held = match self.held.take() {
            Some(held) if held.0 == position => held,
            _ => (position, self.pieces.chunk(self.segment, self.stream, position)?),
        };
        Ok(&self.held.insert(held).1)
    }
}
