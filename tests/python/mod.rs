//! A python with a library of somebody else's, as `tests/interop/<folder>/requirements.txt` pins it.
//!
//! Needs python3 with `venv`, and once the package index; where they are missing it says so, and the test is skipped.
//! What was installed is kept in `target/interop`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the sources that the library is used by.
pub fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(folder)
}

/// The directory of its programs (`python` and what the library brings); none, and a word on why, where it cannot
/// be had.
pub fn programs(folder: &str) -> Option<PathBuf> {
    let requirements =
        std::fs::read_to_string(sources(folder).join("requirements.txt")).expect("a file");
    let pinned = requirements.trim();
    let version = pinned.rsplit('=').next().expect("a version");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target");
    let venv = target.join(format!("interop/{folder}-{version}"));
    let (programs, done) = (venv.join("bin"), venv.join("complete"));
    if done.exists() {
        return Some(programs);
    }
    let makes = [
        Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv).output(),
        Command::new(programs.join("python"))
            .args(["-m", "pip", "install", "--quiet", pinned])
            .output(),
    ];
    for made in makes {
        match made {
            Ok(made) if made.status.success() => {}
            Ok(made) => {
                let why = String::from_utf8_lossy(&made.stderr).trim().to_owned();
                eprintln!("skipped: {pinned} cannot be installed here: {why}");
                return None;
            }
            Err(why) => {
                eprintln!("skipped: there is no python3: {why}");
                return None;
            }
        }
    }
    std::fs::write(done, "").expect("a mark");
    Some(programs)
}
