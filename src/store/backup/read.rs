//! Reading a backup: every byte is checked before anything of it is believed.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::super::keyfile;
use super::super::plan::PlanRecord;
use super::super::reader::Pair;
use super::super::tables::Table;
use super::block::{self, BLOCK_HEADER, BlockHeader, Kind, MAX_PART};
use super::cipher::Opener;
use super::head::{HEAD, Head, Lock, Secret};
use super::{About, BackupError, End};
use crate::telemetry::progress::Progress;

/// A backup under reading: the blocks in order, from the one after the keys on.
pub struct Backup<R> {
    blocks: Blocks<R>,
    about: About,
    keys: String,
}

/// What one block brings.
#[derive(Debug)]
pub enum Content {
    Rows {
        table: Table,
        rows: Vec<Pair>,
    },
    Plans(Vec<PlanRecord>),
    /// A piece of a file; the pieces of one come in order, one after the other.
    File {
        sha256: [u8; 32],
        offset: u64,
        bytes: Vec<u8>,
    },
    /// Everything was read, and nothing follows.
    End(Whole),
}

/// What a whole backup says.
#[derive(Clone, Debug)]
pub struct Whole {
    pub about: About,
    pub end: End,
    /// Bytes of the file.
    pub bytes: u64,
    pub lock: Lock,
}

impl<R: Read> Backup<R> {
    /// Reads the beginning, and refuses rows of a format above `newest`. `secret` is asked for one only if the
    /// backup is encrypted. Bytes read are counted in `progress`.
    pub fn open(
        input: R,
        newest: u32,
        progress: &Progress,
        secret: impl FnOnce(Lock) -> Option<Secret>,
    ) -> Result<Backup<R>, BackupError> {
        let mut input = Counted { input, bytes: 0, progress: progress.clone() };
        let head = Head::read(&mut input)?;
        let layer = match head.lock() {
            Lock::None => Layer::Plain(input),
            lock => {
                let secret = secret(lock).ok_or(BackupError::Locked(match lock {
                    Lock::Passphrase => "passphrase",
                    _ => "key file",
                }))?;
                let key = head.unlock(&secret)?;
                let opener = Box::new(Opener::new(input, head.bytes(), head.nonce(), &key)?);
                Layer::Sealed { opener, chunk: Vec::new(), used: 0, from: HEAD as u64 }
            }
        };
        let mut blocks = Blocks {
            layer,
            lock: head.lock(),
            id: head.id(),
            number: 0,
            whole: head.format().into(),
            end: End::default(),
        };
        let about = blocks.expect(Kind::About)?;
        let about: About = serde_json::from_slice(&about.bytes)
            .map_err(|error| about.damaged(format!("what it says of itself: {error}")))?;
        if about.store_format > newest {
            let (found, version) = (about.store_format, about.frontdesk);
            return Err(BackupError::NewerStore { found, known: newest, version });
        }
        let keys = blocks.expect(Kind::Keys)?;
        let text = String::from_utf8(keys.bytes.clone()).ok();
        let text = text.filter(|text| keyfile::parse(text).is_some());
        let keys = text.ok_or_else(|| keys.damaged("the keys of the store are no keys".into()))?;
        Ok(Backup { blocks, about, keys })
    }

    pub fn about(&self) -> &About {
        &self.about
    }

    /// The text of the file `keys`.
    pub fn keys(&self) -> &str {
        &self.keys
    }

    /// The next rows or plans, or the end. Not to be called again behind that.
    pub fn content(&mut self) -> Result<Content, BackupError> {
        let block = self.blocks.read()?;
        match block.kind {
            Kind::Rows => {
                let (table, rows) =
                    block::rows(&block.bytes).map_err(|what| block.damaged(what))?;
                self.blocks.end.rows += rows.len() as u64;
                let rows = rows.into_iter().map(|(key, value)| (key.into(), value.into()));
                Ok(Content::Rows { table, rows: rows.collect() })
            }
            Kind::Plans => {
                let plans = PlanRecord::decode_all(&block.bytes);
                let plans = plans.map_err(|what| block.damaged(what))?;
                self.blocks.end.plans += plans.len() as u64;
                Ok(Content::Plans(plans))
            }
            Kind::File => {
                let (sha256, offset, bytes) =
                    block::file(&block.bytes).map_err(|what| block.damaged(what))?;
                Ok(Content::File { sha256, offset, bytes: bytes.to_vec() })
            }
            Kind::End => {
                let (end, bytes) = self.blocks.finish(&block)?;
                let lock = self.blocks.lock;
                Ok(Content::End(Whole { about: self.about.clone(), end, bytes, lock }))
            }
            Kind::About | Kind::Keys => Err(block.damaged("it is a second beginning".to_owned())),
        }
    }

    /// Reads to the end, as a restore would, and keeps nothing.
    pub fn check(mut self) -> Result<Whole, BackupError> {
        loop {
            if let Content::End(whole) = self.content()? {
                return Ok(whole);
            }
        }
    }
}

/// A block that holds together.
struct Block {
    kind: Kind,
    bytes: Vec<u8>,
    /// Where it begins in the file; of an encrypted one, where its chunk does.
    at: u64,
    number: u32,
    /// The sum over all blocks before it.
    before: u64,
}

impl Block {
    fn damaged(&self, what: String) -> BackupError {
        BackupError::Damaged { at: self.at, what: format!("block {}: {what}", self.number) }
    }
}

struct Blocks<R> {
    layer: Layer<R>,
    lock: Lock,
    id: u64,
    number: u32,
    whole: u64,
    /// What was counted so far.
    end: End,
}

impl<R: Read> Blocks<R> {
    fn expect(&mut self, kind: Kind) -> Result<Block, BackupError> {
        let block = self.read()?;
        if block.kind == kind {
            return Ok(block);
        }
        Err(block.damaged(format!("{kind:?} was expected here, it is {:?}", block.kind)))
    }

    fn read(&mut self) -> Result<Block, BackupError> {
        let at = self.layer.at();
        let mut bytes = [0; BLOCK_HEADER];
        self.layer.fill(&mut bytes)?;
        let number = self.number;
        let damaged =
            |what: &str| BackupError::Damaged { at, what: format!("block {number}: {what}") };
        let (header, sum) = BlockHeader::decode(&bytes);
        if header.raw.max(header.stored) as usize > MAX_PART {
            return Err(damaged("its length is beyond the limit"));
        }
        let mut stored = vec![0; header.stored as usize];
        self.layer.fill(&mut stored)?;
        if block::checksum(&bytes, &stored, self.id) != sum {
            return Err(damaged("its checksum is wrong"));
        }
        if header.number != number {
            return Err(damaged(&format!("block {} is in its place", header.number)));
        }
        let kind = Kind::from_number(header.kind)
            .ok_or_else(|| damaged(&format!("its kind {} is unknown", header.kind)))?;
        let raw = match header.codec {
            0 => stored,
            1 => {
                let mut raw = Vec::with_capacity(header.raw as usize);
                let limit = u64::from(header.raw) + 1;
                let inflated = DeflateDecoder::new(&stored[..]).take(limit).read_to_end(&mut raw);
                inflated.map_err(|error| damaged(&format!("it cannot be inflated: {error}")))?;
                raw
            }
            other => return Err(damaged(&format!("its codec {other} is unknown"))),
        };
        if raw.len() != header.raw as usize {
            return Err(damaged("it does not have the length it says"));
        }
        let before = self.whole;
        self.whole = block::fold(self.whole, sum);
        self.number = self.number.wrapping_add(1);
        Ok(Block { kind, bytes: raw, at, number, before })
    }

    /// Compares the end with what was read; gives it and the bytes of the file.
    fn finish(&mut self, block: &Block) -> Result<(End, u64), BackupError> {
        let (end, whole) = block::decode_end(&block.bytes).map_err(|what| block.damaged(what))?;
        let counted = End {
            batch: end.batch,
            seq: end.seq,
            blocks: u64::from(block.number),
            rows: self.end.rows,
            plans: self.end.plans,
        };
        if end != counted || whole != block.before {
            let what = format!("the end speaks of {end:?}, what came before it is {counted:?}");
            return Err(block.damaged(what));
        }
        let at = self.layer.at();
        if self.layer.is_at_end()? {
            return Ok((end, self.layer.bytes()));
        }
        Err(BackupError::Damaged { at, what: "something follows behind its end".to_owned() })
    }
}

/// The file, or what is inside its encryption.
enum Layer<R> {
    Plain(Counted<R>),
    Sealed {
        opener: Box<Opener<Counted<R>>>,
        chunk: Vec<u8>,
        used: usize,
        /// Where the chunk begins in the file.
        from: u64,
    },
}

impl<R: Read> Layer<R> {
    /// Where reading is in the file; of an encrypted one, where its present chunk begins.
    fn at(&self) -> u64 {
        match self {
            Layer::Plain(input) => input.bytes,
            Layer::Sealed { from, .. } => *from,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Layer::Plain(input) => input.bytes,
            Layer::Sealed { opener, .. } => opener.input().bytes,
        }
    }

    fn fill(&mut self, mut out: &mut [u8]) -> Result<(), BackupError> {
        while !out.is_empty() {
            let read = self.some(out)?;
            if read == 0 {
                return Err(BackupError::CutOff { at: self.bytes() });
            }
            out = &mut out[read..];
        }
        Ok(())
    }

    fn is_at_end(&mut self) -> Result<bool, BackupError> {
        Ok(self.some(&mut [0])? == 0)
    }

    fn some(&mut self, out: &mut [u8]) -> Result<usize, BackupError> {
        match self {
            Layer::Plain(input) => loop {
                match input.read(out) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(BackupError::Io { at: input.bytes, error }),
                    Ok(read) => return Ok(read),
                }
            },
            Layer::Sealed { opener, chunk, used, from } => {
                while *used == chunk.len() {
                    let Some((opened, at)) = opener.chunk()? else { return Ok(0) };
                    (*chunk, *used, *from) = (opened, 0, at);
                }
                let length = out.len().min(chunk.len() - *used);
                out[..length].copy_from_slice(&chunk[*used..*used + length]);
                *used += length;
                Ok(length)
            }
        }
    }
}

/// Counts the bytes that were read.
pub struct Counted<R> {
    input: R,
    bytes: u64,
    progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(out)?;
        self.bytes += read as u64;
        self.progress.add(read as u64);
        Ok(read)
    }
}
