//! The data directory and the disk beneath: whose it is, who may read it, what kind it is, how much is free.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, StatVfsMountFlags};

use super::Finding;
use crate::cli::size::bytes;
use crate::config::Config;
use crate::store::KEPT_BEFORE_UPGRADE;

const DIRECTORY: &str = "directory";
const DISK: &str = "disk";

pub fn check(config: &Config) -> Vec<Finding> {
    let dir = &config.data_dir;
    match std::fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => {
            let mut findings = access(dir, &metadata);
            findings.extend(kind(dir));
            findings.extend(space(dir, config));
            findings.extend(kept(dir));
            findings
        }
        Ok(_) => {
            let advice = "set data_dir to a directory";
            vec![Finding::error(DIRECTORY, "data_dir is no directory", advice).with([shown(dir)])]
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let seen = "not there yet; the daemon makes it at its first start";
            vec![Finding::ok(DIRECTORY, seen).with([shown(dir)])]
        }
        Err(error) => {
            let seen = format!("it cannot be looked at: {error}");
            let advice = "run this as root or as the daemon's user";
            vec![Finding::error(DIRECTORY, seen, advice).with([shown(dir)])]
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Owner and modes of everything that is ours.
fn access(dir: &Path, metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    let files = files(dir);
    let open: Vec<_> = std::iter::once((dir.to_owned(), metadata.clone()))
        .chain(
            files
                .iter()
                .filter(|(path, _)| path.ends_with("keys") || path.ends_with("signing-keys"))
                .cloned(),
        )
        .filter(|(_, metadata)| metadata.mode() & 0o077 != 0)
        .collect();
    if !open.is_empty() {
        let mode = open[0].1.mode() & 0o777;
        findings.push(
            Finding::warning(
                DIRECTORY,
                format!("other users may read what is in it (mode {mode:o}): transcripts and keys"),
                "chmod go-rwx it; the daemon makes it so when it makes it",
            )
            .with(open.iter().map(|(path, _)| shown(path))),
        );
    }
    let (owner, group) = (metadata.uid(), metadata.gid());
    let foreign: Vec<_> = files.iter().filter(|(_, metadata)| metadata.uid() != owner).collect();
    if !foreign.is_empty() {
        findings.push(
            Finding::error(
                DIRECTORY,
                format!(
                    "{} files belong to another user than the directory (uid {owner}): the daemon may fail to \
                     open them",
                    foreign.len()
                ),
                format!("with the daemon stopped: chown -R {owner}:{group} the directory"),
            )
            .with(foreign.iter().take(5).map(|(path, _)| shown(path))),
        );
    }
    if rustix::fs::access(dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let me = rustix::process::geteuid().as_raw();
        let seen = format!("this user (uid {me}) may not write it; it belongs to uid {owner}");
        let advice = "as another user than the daemon's this is as it should be; else chown it";
        findings.push(Finding::warning(DIRECTORY, seen, advice));
    }
    if findings.is_empty() {
        let seen = format!("{} files of uid {owner}, private", files.len());
        findings.push(Finding::ok(DIRECTORY, seen).with([shown(dir)]));
    }
    findings
}

/// The files of the daemon: in the directory and its journal. Not in copies and backups, which may be anybody's.
fn files(dir: &Path) -> Vec<(PathBuf, Metadata)> {
    let mut found = Vec::new();
    for below in [dir.to_owned(), dir.join("journal")] {
        let entries = std::fs::read_dir(below).into_iter().flatten().flatten();
        let entries = entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)));
        found.extend(entries.filter(|(_, metadata)| metadata.is_file()));
    }
    found
}

/// What kind of file system it is; None when nobody says.
fn kind(dir: &Path) -> Option<Finding> {
    let magic = rustix::fs::statfs(dir).ok()?.f_type;
    let (name, doubt) = match u64::try_from(magic).ok()? {
        0xef53 => ("ext4", None),
        0x5846_5342 => ("xfs", None),
        0xf2f5_2010 => ("f2fs", None),
        0x9123_683e => {
            ("btrfs", Some("it copies on write: the journal fragments and wears the flash out"))
        }
        0x0102_1994 | 0x8584_58f6 => {
            ("a file system in memory", Some("everything is gone with the power"))
        }
        0x794c_7630 => ("overlayfs", Some("in a container's own layer data go with the container")),
        0x6969 | 0xff53_4d42 | 0xfe53_4d42 => {
            ("a network file system", Some("its syncs and locks are not to be relied on"))
        }
        0x4d44 | 0x2011_bab0 => {
            ("FAT", Some("it has no owners, no modes and does not survive power cuts"))
        }
        0x6573_5546 => {
            ("a FUSE file system", Some("whether its syncs reach the disk nobody knows"))
        }
        _ => return Some(Finding::ok(DISK, format!("a file system of kind {magic:#x}"))),
    };
    Some(match doubt {
        None => Finding::ok(DISK, name),
        Some(doubt) => Finding::warning(
            DISK,
            format!("{name}: {doubt}"),
            "put data_dir on ext4 on a local disk",
        ),
    })
}

fn space(dir: &Path, config: &Config) -> Option<Finding> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    if stat.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let advice = "look into the kernel's log for why (dmesg), check the disk, mount it again";
        return Some(Finding::error(DISK, "it is mounted read-only", advice));
    }
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let size = stat.f_blocks.saturating_mul(stat.f_frsize);
    let reserve = config.store.disk_reserve;
    let seen =
        format!("{} of {} free; the reserve is {}", bytes(free), bytes(size), bytes(reserve));
    // A checkpoint and the next segment want room beside the reserve.
    let least = reserve + 2 * config.store.segment;
    Some(if free < least {
        Finding::error(
            DISK,
            format!("{seen}: new events are refused, or soon will be"),
            "free some space",
        )
    } else if free < 4 * least || free < size / 20 {
        Finding::warning(DISK, seen, "free some space before it becomes urgent")
    } else if stat.f_files > 0 && stat.f_favail < 100 {
        Finding::error(DISK, "no inodes are left: no file can be made", "remove small files")
    } else {
        Finding::ok(DISK, seen)
    })
}

/// Copies that upgrades left.
fn kept(dir: &Path) -> Option<Finding> {
    let entries = std::fs::read_dir(dir).ok()?.flatten();
    let copies = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(KEPT_BEFORE_UPGRADE));
    let copies: Vec<PathBuf> = copies.map(|entry| entry.path()).collect();
    if copies.is_empty() {
        return None;
    }
    let size: u64 = copies.iter().flat_map(|copy| files(copy)).map(|(_, m)| m.blocks() * 512).sum();
    let seen = format!("{} copies from before upgrades take {}", copies.len(), bytes(size));
    let advice = "remove them once you are content with the newer version";
    Some(Finding::warning(DISK, seen, advice).with(copies.iter().map(|copy| shown(copy))))
}
