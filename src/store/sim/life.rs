//! The simulated disk as one life of the machine sees it.

use std::io;
use std::sync::Arc;

use super::inode::Inode;
use super::{Change, Op, SimDisk, State, fault, no_space, parent, power_is_off};
use crate::store::disk::{Disk, DiskFile, DiskLock, Held};

#[derive(Debug)]
pub(super) struct Life {
    pub disk: SimDisk,
    pub life: u64,
}

impl Life {
    fn file(&self, inode: u64) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.disk.clone(), life: self.life, inode })
    }
}

impl Disk for Life {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.disk.enter(self.life)?;
        let inode = state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.file(*inode))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.disk.enter(self.life)?;
        let inode = state.inodes.keys().last().map_or(1, |last| last + 1);
        state.inodes.insert(inode, Inode::default());
        state.change(Change::Link(name.to_owned(), inode))?;
        Ok(self.file(inode))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.disk.enter(self.life)?;
        if !state.names.contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.change(Change::Unlink(name.to_owned()))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.disk.enter(self.life)?;
        let inode = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.change(Change::Rename(from.to_owned(), to.to_owned(), inode))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let state = self.disk.enter(self.life)?;
        let files = state.names.keys().filter(|name| parent(name) == dir);
        Ok(files.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.disk.enter(self.life)?;
        if state.step() {
            return Err(power_is_off());
        }
        if state.faulty(Op::Directory, dir) {
            return Err(fault());
        }
        let State { changes, durable_names, .. } = &mut *state;
        changes.retain(|change| {
            let synced = change.dir() == dir;
            if synced {
                change.apply(durable_names);
            }
            !synced
        });
        Ok(())
    }

    /// A directory is there as soon as something is in it.
    fn make_dir(&self, _dir: &str) -> io::Result<()> {
        self.disk.enter(self.life).map(|_| ())
    }

    fn free_space(&self) -> io::Result<u64> {
        Ok(self.disk.enter(self.life)?.free())
    }

    fn lock(&self) -> io::Result<DiskLock> {
        let mut state = self.disk.enter(self.life)?;
        if state.locked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.locked = true;
        Ok(DiskLock::new(SimLock { disk: self.disk.clone(), life: self.life }))
    }

    fn random(&self) -> io::Result<u64> {
        Ok(self.disk.enter(self.life)?.random.number())
    }
}

#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    life: u64,
}

impl Held for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.life == self.life {
            state.locked = false;
        }
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    life: u64,
    inode: u64,
}

impl SimFile {
    fn faulty(&self, state: &mut State, op: Op) -> bool {
        let name = state.name_of(self.inode);
        state.faulty(op, &name)
    }
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.enter(self.life)?.inode(self.inode)?.len())
    }

    fn allocated(&self) -> io::Result<u64> {
        Ok(self.disk.enter(self.life)?.inode(self.inode)?.allocated())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.disk.enter(self.life)?;
        if self.faulty(&mut state, Op::Read) {
            return Err(fault());
        }
        state.inode(self.inode)?.read(offset, out)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.disk.enter(self.life)?;
        let cut = state.step();
        let free = state.free();
        let faulty = self.faulty(&mut state, Op::Write);
        let short = state.random.below(data.len() as u64) as usize;
        let inode = state.inode(self.inode)?;
        let full = inode.growth(offset, data.len()) > free;
        if full || faulty {
            if inode.growth(offset, short) <= free {
                inode.write(offset, &data[..short]);
            }
            return Err(if full { no_space() } else { fault() });
        }
        inode.write(offset, data);
        if cut { Err(power_is_off()) } else { Ok(()) }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.enter(self.life)?;
        let cut = state.step();
        if self.faulty(&mut state, Op::SetLen) {
            return Err(fault());
        }
        state.inode(self.inode)?.set_len(len);
        if cut { Err(power_is_off()) } else { Ok(()) }
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        let mut state = self.disk.enter(self.life)?;
        let cut = state.step();
        let free = state.free();
        if self.faulty(&mut state, Op::Write) {
            return Err(fault());
        }
        let inode = state.inode(self.inode)?;
        if inode.growth(0, len as usize) > free {
            return Err(no_space());
        }
        inode.allocate(len);
        if cut { Err(power_is_off()) } else { Ok(()) }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.enter(self.life)?;
        if state.step() {
            return Err(power_is_off());
        }
        let faulty = self.faulty(&mut state, Op::Sync);
        let State { inodes, random, .. } = &mut *state;
        let inode = inodes.get_mut(&self.inode).ok_or(io::ErrorKind::NotFound)?;
        if faulty {
            inode.fail_sync(random);
            return Err(fault());
        }
        inode.sync();
        Ok(())
    }

    fn forget_cache(&self) -> io::Result<()> {
        self.disk.enter(self.life)?.inode(self.inode)?.forget_cache();
        Ok(())
    }
}
