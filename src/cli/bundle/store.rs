//! The store in numbers: files of ours with their sizes and modes, and, while no daemon runs, rows by table.

use std::fs::DirEntry;
use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::app;
use crate::config::Config;
use crate::store::{KEPT_BEFORE_UPGRADE, RealDisk, inspect};

/// The files that a data directory has; all others are only counted.
const OURS: [&str; 6] = ["store.redb", "keys", "lock", "probe", "admin.sock", "ballast"];

pub fn counts(config: &Config) -> Value {
    let mut files = Vec::new();
    let mut others = 0_u64;
    for below in ["", "journal"] {
        let entries = std::fs::read_dir(config.data_dir.join(below));
        for entry in entries.into_iter().flatten().flatten() {
            match (name(below, &entry), entry.metadata()) {
                (Some(name), Ok(metadata)) => files.push(json!({
                    "file": name,
                    "size": metadata.len(),
                    "on_disk": metadata.blocks() * 512,
                    "mode": format!("{:o}", metadata.mode() & 0o7777),
                    "uid": metadata.uid(),
                    "changed": metadata.mtime(),
                })),
                _ => others += 1,
            }
        }
    }
    let mut counts = json!({"files": files, "other_files": others});
    if app::has_store(config)
        && let Ok(found) = inspect(&RealDisk::read_only(&config.data_dir), &app::settings(config))
    {
        counts["format"] = found.stamp.format.into();
        counts["written_by"] = found.stamp.version.into();
        counts["rows"] = json!(found.rows);
        counts["to_replay"] = found.to_replay.into();
        counts["damaged"] = found.damage.is_some().into();
    }
    counts
}

/// The name of a file or directory that is ours.
fn name(below: &str, entry: &DirEntry) -> Option<String> {
    let name = entry.file_name().into_string().ok()?;
    let numbered = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    let ours = if below.is_empty() {
        let kept = name.strip_prefix(KEPT_BEFORE_UPGRADE).is_some_and(numbered);
        kept || name == "journal" || OURS.contains(&name.as_str())
    } else {
        name == "spare" || name.strip_suffix(".seg").is_some_and(numbered)
    };
    ours.then(|| if below.is_empty() { name } else { format!("{below}/{name}") })
}
