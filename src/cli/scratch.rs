//! A private directory for what is thrown away at the end.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::Failure;

/// A directory that only this user can read, removed with everything in it when this is dropped.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes `frontdesk-<purpose>-<random>` in `parent`.
    pub fn new(parent: &Path, purpose: &str) -> Result<Scratch, Failure> {
        let random = getrandom::u64().map_err(Failure::failed)?;
        let path = parent.join(format!("frontdesk-{purpose}-{random:016x}"));
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|e| {
            Failure::failed(format!("no directory can be made in {}: {e}", parent.display()))
        })?;
        Ok(Scratch { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %self.path.display(), %error, "could not be removed; remove it by hand");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_in_it_is_gone_with_it() {
        let scratch = Scratch::new(&std::env::temp_dir(), "test").unwrap();
        let path = scratch.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::create_dir(path.join("deep")).unwrap();
        fs::write(path.join("deep/file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let failure = Scratch::new(Path::new("/nonexistent"), "test").err().unwrap();
        assert!(failure.text.contains("made in /nonexistent"), "{}", failure.text);
    }
}
