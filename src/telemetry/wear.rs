//! What was written to the flash, as the kernel counts it: what this process caused, and what reached the device that
//! the data directory lies on, whoever wrote it.

use std::fs;
use std::path::Path;

/// The unit of the kernel's counts, whatever the device's sectors are.
const SECTOR: u64 = 512;

/// Bytes written; none where the kernel does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// By this process since its start, as it went to the page cache: what is written twice before it reaches the
    /// disk counts twice.
    pub process: Option<u64>,
    /// To the block device of the data directory since the machine started, by everybody.
    pub device: Option<u64>,
}

/// Reads the counts; a few system calls.
pub fn written(data_dir: &Path) -> Written {
    Written { process: by_process(), device: to_device(data_dir) }
}

fn by_process() -> Option<u64> {
    let io = fs::read_to_string("/proc/self/io").ok()?;
    io.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.parse().ok()
}

fn to_device(data_dir: &Path) -> Option<u64> {
    let device = rustix::fs::stat(data_dir).ok()?.st_dev;
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let stat = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    // Reads, merged, sectors, ms; writes, merged, sectors, …
    let sectors: u64 = stat.split_ascii_whitespace().nth(6)?.parse().ok()?;
    Some(sectors * SECTOR)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_this_process_writes_is_counted_where_the_kernel_tells() {
        let path = std::env::temp_dir().join(format!("frontdesk-wear-{}", std::process::id()));
        let before = written(&std::env::temp_dir());
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(&[7; 1 << 20]).unwrap();
        file.sync_all().unwrap();
        let after = written(&std::env::temp_dir());
        fs::remove_file(&path).unwrap();
        if let (Some(before), Some(after)) = (before.device, after.device) {
            assert!(after >= before + (1 << 20), "{before} {after}");
        }
        if let (Some(before), Some(after)) = (before.process, after.process) {
            assert!(after >= before, "{before} {after}");
        }
        assert_eq!(written(Path::new("/nonexistent")).device, None);
    }
}
