//! `[clock]`: how it is known that a time server has set the clock.

use std::path::PathBuf;

use serde::Deserialize;

use super::problem::Limits;

const MAX_MARKS: usize = 8;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockConfig {
    /// Each of these files says, by being there, that the clock was set since the machine started.
    pub synchronized_files: Vec<PathBuf>,
}

impl ClockConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let files = &self.synchronized_files;
        if files.len() > MAX_MARKS || files.iter().any(|file| !file.is_absolute()) {
            limits.broken(
                "clock.synchronized_files",
                format!("expected at most {MAX_MARKS} absolute paths, found {files:?}"),
            );
        }
    }
}
