//! A file system of 64 MB that a test fills to the last byte.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of 64 MB at the daemon's directory, gone with the test.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None, and a word on why, where none can be mounted.
    pub fn mount(at: &Path) -> Option<SmallDisk> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64000000,mode=0700", "tmpfs"]).arg(at);
        match mount.output() {
            Ok(done) if done.status.success() => Some(SmallDisk(at.to_owned())),
            Ok(done) => {
                let why = String::from_utf8_lossy(&done.stderr).trim().to_owned();
                eprintln!("skipped: a small file system cannot be mounted here: {why}");
                None
            }
            Err(why) => {
                eprintln!("skipped: there is no `mount`: {why}");
                None
            }
        }
    }

    fn filler(&self) -> PathBuf {
        self.0.join("somebody-elses-file")
    }

    /// Leaves not a byte, also of what is given up meanwhile.
    pub fn fill(&self) {
        let options = File::options().create(true).append(true).open(self.filler());
        let mut filler = options.expect("a file");
        let zeros = vec![0; 64 * 1024];
        while filler.write(&zeros).is_ok_and(|written| written > 0) {}
    }

    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("the other file goes");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
