//! A simulated disk for fault tests: deterministic from a seed.
//!
//! Only what was synced survives a power cut for certain; of the rest a random part does: torn and
//! reordered sectors, lengths, directory operations. [`SimDisk::boot`] gives the disk as one life of the
//! machine sees it; after a crash every handle of that life fails.

mod inode;
mod life;
mod random;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use inode::Inode;
use life::Life;
pub use random::Random;

use super::disk::Disk;

/// Kinds of operation that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Read,
    /// Fails after a part of the data is written.
    Write,
    /// Fails with the cache calling the pages clean, as Linux does.
    Sync,
    SetLen,
    /// Create, remove, rename and sync of a directory.
    Directory,
}

#[derive(Debug)]
struct Fault {
    op: Op,
    file: String,
    countdown: u64,
    lasting: bool,
}

#[derive(Debug)]
enum Change {
    Link(String, u64),
    Unlink(String),
    Rename(String, String, u64),
}

#[derive(Debug)]
struct State {
    random: Random,
    inodes: BTreeMap<u64, Inode>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    changes: Vec<Change>,
    capacity: u64,
    faults: Vec<Fault>,
    life: u64,
    powered: bool,
    locked: bool,
    steps: u64,
    crash_at: Option<u64>,
}

/// The disk itself; outlives the lives of the machine.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.files()).finish()
    }
}

impl SimDisk {
    pub fn new(seed: u64) -> SimDisk {
        SimDisk(Arc::new(Mutex::new(State {
            random: Random::new(seed),
            inodes: BTreeMap::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            capacity: u64::MAX,
            faults: Vec::new(),
            life: 0,
            powered: true,
            locked: false,
            steps: 0,
            crash_at: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a new life of the machine; handles of earlier ones are dead.
    pub fn boot(&self) -> Arc<dyn Disk> {
        let mut state = self.state();
        state.end_life();
        Arc::new(Life { disk: self.clone(), life: state.life })
    }

    /// The power goes and comes back: a random part of what was not synced is lost.
    pub fn power_cut(&self) {
        let mut state = self.state();
        state.end_life();
        let State { random, inodes, durable_names, changes, .. } = &mut *state;
        let keep = [0, 50, 100][random.below(3) as usize];
        for change in std::mem::take(changes) {
            if random.chance(keep) {
                change.apply(durable_names);
            }
        }
        inodes.retain(|id, _| durable_names.values().any(|named| named == id));
        for inode in inodes.values_mut() {
            inode.power_cut(random);
        }
        state.names = state.durable_names.clone();
    }

    /// The process dies, the machine lives on: nothing is lost, not even what the cache only pretends.
    pub fn kill(&self) {
        self.state().end_life();
    }

    /// Everything from the `n`-th changing operation from now on (1 is the next) fails as if power were gone.
    pub fn crash_at(&self, n: u64) {
        let mut state = self.state();
        state.crash_at = Some(state.steps + n);
    }

    /// False once [`SimDisk::crash_at`] struck.
    pub fn powered(&self) -> bool {
        self.state().powered
    }

    /// Changing operations so far.
    pub fn steps(&self) -> u64 {
        self.state().steps
    }

    /// The `nth` operation of this kind from now (1 is the next) on a file whose name contains `file` fails, once.
    pub fn fail(&self, op: Op, file: &str, nth: u64) {
        let fault = Fault { op, file: file.to_owned(), countdown: nth, lasting: false };
        self.state().faults.push(fault);
    }

    /// Every operation of this kind on such files fails, until [`SimDisk::mend`].
    pub fn break_down(&self, op: Op, file: &str) {
        let fault = Fault { op, file: file.to_owned(), countdown: 1, lasting: true };
        self.state().faults.push(fault);
    }

    /// Takes back every fault and every limit.
    pub fn mend(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.crash_at = None;
        state.capacity = u64::MAX;
    }

    /// Leaves `free` bytes free.
    pub fn leave_free(&self, free: u64) {
        let mut state = self.state();
        state.capacity = state.allocated() + free;
    }

    /// Flips one bit on the disk.
    pub fn flip_bit(&self, name: &str, offset: u64) {
        let mut state = self.state();
        if let Some(inode) = state.names.get(name).copied().and_then(|id| state.inodes.get_mut(&id))
        {
            inode.flip_bit(offset);
        }
    }

    /// The files as the machine sees them, with their lengths.
    pub fn files(&self) -> Vec<(String, u64)> {
        let state = self.state();
        let len = |id| state.inodes.get(id).map_or(0, Inode::len);
        state.names.iter().map(|(name, id)| (name.clone(), len(id))).collect()
    }

    fn enter(&self, life: u64) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.powered && state.life == life { Ok(state) } else { Err(power_is_off()) }
    }
}

fn power_is_off() -> io::Error {
    io::Error::other("power is off")
}

fn fault() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error())
}

fn no_space() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::NOSPC.raw_os_error())
}

fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(dir, _)| dir)
}

impl Change {
    fn dir(&self) -> &str {
        match self {
            Change::Link(name, _) | Change::Unlink(name) | Change::Rename(_, name, _) => {
                parent(name)
            }
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Change::Link(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            Change::Unlink(name) => {
                names.remove(name);
            }
            Change::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

impl State {
    fn end_life(&mut self) {
        self.life += 1;
        self.powered = true;
        self.locked = false;
        self.crash_at = None;
    }

    fn allocated(&self) -> u64 {
        self.names.values().filter_map(|id| self.inodes.get(id)).map(Inode::allocated).sum()
    }

    fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.allocated())
    }

    /// Counts a changing operation; true when the power goes during it.
    fn step(&mut self) -> bool {
        self.steps += 1;
        let cut = self.crash_at.is_some_and(|at| self.steps >= at);
        if cut {
            self.powered = false;
        }
        cut
    }

    fn faulty(&mut self, op: Op, file: &str) -> bool {
        let mut faulty = false;
        self.faults.retain_mut(|fault| {
            if faulty || fault.op != op || !file.contains(&fault.file) {
                return true;
            }
            fault.countdown = fault.countdown.saturating_sub(1);
            faulty = fault.countdown == 0;
            !faulty || fault.lasting
        });
        faulty
    }

    fn name_of(&self, inode: u64) -> String {
        let mut names = self.names.iter();
        names.find(|(_, id)| **id == inode).map_or_else(String::new, |(name, _)| name.clone())
    }

    /// A change of the directory: takes effect at once, durable with the next sync.
    fn change(&mut self, change: Change) -> io::Result<()> {
        let cut = self.step();
        let name = match &change {
            Change::Link(name, _) | Change::Unlink(name) | Change::Rename(_, name, _) => {
                name.clone()
            }
        };
        if self.faulty(Op::Directory, &name) {
            return Err(fault());
        }
        change.apply(&mut self.names);
        self.changes.push(change);
        if cut { Err(power_is_off()) } else { Ok(()) }
    }

    fn inode(&mut self, id: u64) -> io::Result<&mut Inode> {
        self.inodes.get_mut(&id).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
