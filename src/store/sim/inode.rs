//! One simulated file: what is on the disk, and what only the cache holds, by sectors of 512 bytes.
//!
//! A read sees, in this order: `pending` (written, not synced), `phantom` (its sync failed: the cache
//! shows it and calls it clean, the disk never got it), `durable`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::random::Random;

const SECTOR: u64 = 512;
const BLOCK: u64 = 4096;

type Sector = [u8; SECTOR as usize];

#[derive(Debug, Default)]
pub(super) struct Inode {
    durable: Vec<u8>,
    len: u64,
    /// Lengths given since the last sync: after a power cut the file may have any of them.
    lens: Vec<u64>,
    pending: BTreeMap<u64, Sector>,
    phantom: BTreeMap<u64, Sector>,
    /// Blocks that take space; a hole takes none.
    blocks: BTreeSet<u64>,
}

impl Inode {
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Bytes of disk the file takes.
    pub fn allocated(&self) -> u64 {
        self.blocks.len() as u64 * BLOCK
    }

    /// Bytes of disk a write would newly take.
    pub fn growth(&self, offset: u64, length: usize) -> u64 {
        self.blocks_of(offset, length).filter(|block| !self.blocks.contains(block)).count() as u64
            * BLOCK
    }

    fn blocks_of(&self, offset: u64, length: usize) -> impl Iterator<Item = u64> + use<> {
        offset / BLOCK..(offset + length as u64).div_ceil(BLOCK)
    }

    fn sector(&self, number: u64) -> Sector {
        if let Some(sector) = self.pending.get(&number).or_else(|| self.phantom.get(&number)) {
            return *sector;
        }
        let mut sector = [0; SECTOR as usize];
        let start = usize::try_from(number * SECTOR).unwrap_or(usize::MAX);
        if let Some(rest) = self.durable.get(start..) {
            let length = rest.len().min(sector.len());
            sector[..length].copy_from_slice(&rest[..length]);
        }
        sector
    }

    pub fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, from, part) in sectors(offset, out.len()) {
            let sector = self.sector(number);
            let length = part.len();
            out[part].copy_from_slice(&sector[from..from + length]);
        }
        Ok(())
    }

    pub fn write(&mut self, offset: u64, data: &[u8]) {
        for (number, from, part) in sectors(offset, data.len()) {
            let mut sector = self.sector(number);
            let length = part.len();
            sector[from..from + length].copy_from_slice(&data[part]);
            self.phantom.remove(&number);
            self.pending.insert(number, sector);
        }
        self.blocks.extend(self.blocks_of(offset, data.len()));
        let end = offset + data.len() as u64;
        if end > self.len {
            self.len = end;
            self.lens.push(end);
        }
    }

    pub fn set_len(&mut self, len: u64) {
        if len < self.len {
            let whole = len.div_ceil(SECTOR);
            self.pending.split_off(&whole);
            self.phantom.split_off(&whole);
            self.blocks.split_off(&len.div_ceil(BLOCK));
            let tail = (len % SECTOR) as usize;
            if tail > 0 {
                let mut sector = self.sector(len / SECTOR);
                sector[tail..].fill(0);
                self.pending.insert(len / SECTOR, sector);
            }
        } else {
            // What an earlier, longer life of the file left behind must read as zeros.
            for number in
                self.len.div_ceil(SECTOR)..len.min(self.durable.len() as u64).div_ceil(SECTOR)
            {
                self.pending.insert(number, [0; SECTOR as usize]);
            }
        }
        self.len = len;
        self.lens.push(len);
    }

    /// Takes blocks for `len` bytes and makes the file that long.
    pub fn allocate(&mut self, len: u64) {
        self.blocks.extend(self.blocks_of(0, len as usize));
        if len > self.len {
            self.set_len(len);
        }
    }

    pub fn sync(&mut self) {
        for (number, sector) in std::mem::take(&mut self.pending) {
            self.store(number, &sector);
        }
        self.durable.resize(self.len as usize, 0);
        self.lens.clear();
    }

    /// A failed sync, as Linux has it: some sectors reached the disk, the cache calls all of them clean.
    pub fn fail_sync(&mut self, random: &mut Random) {
        for (number, sector) in std::mem::take(&mut self.pending) {
            if random.chance(30) && number * SECTOR < self.durable.len() as u64 {
                let length = self.durable.len();
                self.store(number, &sector);
                self.durable.truncate(length);
            } else {
                self.phantom.insert(number, sector);
            }
        }
    }

    pub fn forget_cache(&mut self) {
        self.phantom.clear();
    }

    /// Keeps a random part of what was not synced.
    pub fn power_cut(&mut self, random: &mut Random) {
        let keep = [0, 50, 90, 100][random.below(4) as usize];
        let lengths = 1 + self.lens.len() as u64;
        let len = match random.below(lengths) {
            0 => self.durable.len() as u64,
            n => self.lens[n as usize - 1],
        };
        for (number, sector) in std::mem::take(&mut self.pending) {
            if random.chance(keep) {
                self.store(number, &sector);
            }
        }
        self.durable.resize(len as usize, 0);
        self.blocks.split_off(&len.div_ceil(BLOCK));
        self.len = len;
        self.lens.clear();
        self.phantom.clear();
    }

    pub fn flip_bit(&mut self, offset: u64) {
        let mut byte = [0];
        if self.read(offset, &mut byte).is_ok() {
            let lens = self.lens.len();
            self.write(offset, &[byte[0] ^ 0x10]);
            self.lens.truncate(lens);
            if let Some(sector) = self.pending.remove(&(offset / SECTOR)) {
                self.store(offset / SECTOR, &sector);
            }
        }
    }

    fn store(&mut self, number: u64, sector: &Sector) {
        let start = (number * SECTOR) as usize;
        let end = start + sector.len();
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        self.durable[start..end].copy_from_slice(sector);
    }
}

/// The sectors a range touches: number, first byte within the sector, the part of the range.
fn sectors(
    offset: u64,
    length: usize,
) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let from = (at % SECTOR) as usize;
        let part = done..length.min(done + SECTOR as usize - from);
        done = part.end;
        Some((at / SECTOR, from, part))
    })
}
