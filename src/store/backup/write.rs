//! Writing a backup: parts in, a file out, never more than a part of it in memory.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::block::{self, BlockHeader, Kind, MAX_PART, Part};
use super::cipher::Sealer;
use super::head::{Head, Secret};
use super::{End, FORMAT};

/// Writes one backup. Nothing before [`Writer::finish`] makes it whole.
pub struct Writer<W: Write> {
    out: Layer<W>,
    id: u64,
    number: u32,
    whole: u64,
    end: End,
    position: Option<(u64, u64)>,
}

enum Layer<W: Write> {
    Plain(W),
    Sealed(Box<Sealer<W>>),
}

impl<W: Write> Write for Layer<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Layer::Plain(out) => out.write(data),
            Layer::Sealed(out) => out.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Layer::Plain(out) => out.flush(),
            Layer::Sealed(out) => out.flush(),
        }
    }
}

impl<W: Write> Writer<W> {
    /// Begins a backup on `out`, encrypted if there is a secret.
    pub fn new(mut out: W, secret: Option<&Secret>) -> io::Result<Writer<W>> {
        let made = Head::new(secret);
        let (head, key) = made.map_err(|error| io::Error::other(error.to_string()))?;
        out.write_all(head.bytes())?;
        let id = head.id();
        let out = match key {
            Some(key) => {
                Layer::Sealed(Box::new(Sealer::new(out, head.bytes(), head.nonce(), &key)))
            }
            None => Layer::Plain(out),
        };
        Ok(Writer { out, id, number: 0, whole: FORMAT.into(), end: End::default(), position: None })
    }

    /// Writes the next part. The end of the scan is kept for [`Writer::finish`].
    pub fn put(&mut self, part: &Part) -> io::Result<()> {
        if self.position.is_some() || part.bytes.len() > MAX_PART {
            return Err(io::Error::other("a part that is too large, or behind the end"));
        }
        match part.kind {
            Kind::Rows => self.end.rows += block::count(part),
            Kind::Plans => self.end.plans += block::count(part),
            Kind::About | Kind::Keys | Kind::File => {}
            Kind::End => {
                let (batch, seq) = part.bytes.split_at(part.bytes.len().min(8));
                let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes);
                let position = number(batch).and_then(|batch| Ok((batch, number(seq)?)));
                self.position = Some(position.map_err(io::Error::other)?);
                return Ok(());
            }
        }
        self.block(part.kind, &part.bytes)
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.end.rows
    }

    /// Writes the end; the error if the scan had none. What comes back is flushed, not synced.
    pub fn finish(mut self) -> io::Result<(W, End)> {
        let Some((batch, seq)) = self.position else {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the scan did not come to its end",
            ));
        };
        (self.end.batch, self.end.seq) = (batch, seq);
        self.end.blocks = u64::from(self.number);
        let end = block::encode_end(&self.end, self.whole);
        self.block(Kind::End, &end)?;
        let mut out = match self.out {
            Layer::Plain(out) => out,
            Layer::Sealed(out) => out.finish()?,
        };
        out.flush()?;
        Ok((out, self.end))
    }

    fn block(&mut self, kind: Kind, raw: &[u8]) -> io::Result<()> {
        // Level 1: on the wire and on a flash card the time of a higher one is not worth its bytes.
        let mut deflated =
            DeflateEncoder::new(Vec::with_capacity(raw.len() / 2), Compression::fast());
        deflated.write_all(raw)?;
        let deflated = deflated.finish()?;
        let (codec, stored) =
            if deflated.len() < raw.len() { (1, &deflated[..]) } else { (0, raw) };
        let header = BlockHeader {
            kind: kind as u8,
            codec,
            number: self.number,
            raw: raw.len() as u32,
            stored: stored.len() as u32,
        };
        let (header, sum) = header.encode(stored, self.id);
        self.whole = block::fold(self.whole, sum);
        self.number = self.number.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        self.out.write_all(&header)?;
        self.out.write_all(stored)
    }
}
