//! The store as the parts of a backup, read beside the writer.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Engine;
use crate::domain::time::Micros;
pub use crate::store::backup::{Kind, MAX_PART, Part, Scan, ScanError};
use crate::telemetry::progress::Progress;

impl Engine {
    /// A scan of everything, from now on; rows are counted in `progress`.
    pub fn scan(&self, progress: Progress) -> Scan {
        let shared = self.shared();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        let store = (shared.reader.clone(), shared.feed.clone());
        Scan::new(store, shared.feed_epoch.clone(), now, progress).with_files(self.files().clone())
    }
}
