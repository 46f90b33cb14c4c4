//! A file of the data directory that holds nothing but room: given up when the disk is full, so that what is
//! acknowledged can be settled and a start finds space to work in, and made again once there is enough.
//!
//! It costs no writes where the file system can set blocks aside. A disk without room for it goes without:
//! it is never a reason to refuse anything.

use super::disk::Disk;

/// Its name in the data directory.
pub const FILE: &str = "ballast";

#[derive(Debug)]
pub struct Ballast {
    /// Bytes it should have; 0 switches it off.
    size: u64,
    held: bool,
    /// Making it failed; said once.
    failed: bool,
}

impl Ballast {
    /// Takes over the file of an earlier run; one of another size, or half made, is given up.
    pub fn open(disk: &dyn Disk, size: u64) -> Ballast {
        let mut ballast = Ballast { size, held: false, failed: false };
        if let Ok(file) = disk.open(FILE) {
            ballast.held = true;
            if size == 0 || !file.len().is_ok_and(|len| len == size) {
                ballast.release(disk);
            }
        }
        ballast
    }

    /// Bytes it keeps free.
    pub fn held(&self) -> u64 {
        if self.held { self.size } else { 0 }
    }

    /// Gives its room to whoever needs it; true if there was one.
    pub fn release(&mut self, disk: &dyn Disk) -> bool {
        if !self.held {
            return false;
        }
        match disk.remove(FILE).and_then(|()| disk.sync_dir("")) {
            Ok(()) => self.held = false,
            Err(error) => tracing::warn!(%error, "the ballast file could not be given up"),
        }
        !self.held
    }

    /// Makes it if there is none and `spare` bytes are free beyond what everything else needs.
    pub fn tend(&mut self, disk: &dyn Disk, spare: u64) {
        if self.held || self.size == 0 || spare < self.size {
            return;
        }
        let made = disk.create(FILE).and_then(|file| {
            file.allocate(self.size)?;
            file.sync_data()
        });
        match made.and_then(|()| disk.sync_dir("")) {
            Ok(()) => {
                self.held = true;
                self.failed = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::warn!(%error, "there is no ballast file for the case of a full disk");
                }
                // Half a file is of no use; what is left of it is removed at the next start.
                let _ = disk.remove(FILE);
            }
        }
    }
}
