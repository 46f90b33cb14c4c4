//! The journal of a store that was made from a backup: no batches, and the numbers go on behind the last one.

use std::io;
use std::sync::atomic::AtomicU64;

use super::format::{PAGE, SegmentHeader};
use super::segment::Segment;
use super::spare::create_zeroed;
use super::{Journal, RECOVERY_SEGMENT, UNFINISHED};
use crate::domain::time::Micros;
use crate::store::disk::Disk;

impl Journal {
    /// Makes the first segment of an empty directory, durable, as the one behind `batch` and `seq`; `latest` is
    /// the time of the newest plan before it.
    pub fn begin_at(disk: &dyn Disk, (batch, seq): (u64, u64), latest: Micros) -> io::Result<()> {
        let header = SegmentHeader {
            id: disk.random()?,
            number: 1,
            epoch: 1,
            first_batch: batch + 1,
            first_seq: seq + 1,
            before: latest,
            previous: 0,
        };
        let (size, uncounted) = (RECOVERY_SEGMENT.max(2 * PAGE), AtomicU64::new(0));
        let file = create_zeroed(disk, UNFINISHED, size, &uncounted)?;
        file.write_at(0, &header.encode())?;
        file.sync_data()?;
        disk.rename(UNFINISHED, &Segment::file_name(1))?;
        disk.sync_dir("journal")
    }
}
