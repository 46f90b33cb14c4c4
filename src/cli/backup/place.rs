//! Where backups lie: a file, a directory of dated ones, an object, or a prefix of dated ones.

use std::fmt;
use std::path::PathBuf;

use crate::cli::Failure;

/// What dated backups are called, so that the order of their names is that of their times.
const FIRST: &str = "frontdesk-";
const LAST: &str = ".fdb";
/// Characters of `20261121T120438.217Z`.
const STAMP: usize = 20;

/// A place that a user named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    File(PathBuf),
    /// Holds dated files.
    Directory(PathBuf),
    Object {
        bucket: String,
        key: String,
    },
    /// Holds dated objects; empty, or ends with `/`.
    Prefix {
        bucket: String,
        prefix: String,
    },
}

impl Place {
    pub fn parse(text: &str) -> Result<Place, Failure> {
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                let why = "names no bucket; expected s3://bucket/prefix";
                return Err(Failure::usage(format!("{text}: {why}")));
            }
            let bucket = bucket.to_owned();
            if key.ends_with(LAST) {
                return Ok(Place::Object { bucket, key: key.to_owned() });
            }
            let end = if key.is_empty() || key.ends_with('/') { "" } else { "/" };
            return Ok(Place::Prefix { bucket, prefix: format!("{key}{end}") });
        }
        if text.is_empty() || text.contains("://") {
            let why = "expected a file, a directory or s3://bucket/prefix";
            return Err(Failure::usage(format!("{text:?}: {why}")));
        }
        let path = PathBuf::from(text);
        if text.ends_with('/') || path.is_dir() {
            return Ok(Place::Directory(path));
        }
        Ok(Place::File(path))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) | Place::Directory(path) => path.display().fmt(f),
            Place::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Place::Prefix { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

/// The name of a backup that is made now.
pub fn dated() -> String {
    dated_at(jiff::Timestamp::now())
}

fn dated_at(time: jiff::Timestamp) -> String {
    let millis = time.as_millisecond().rem_euclid(1000);
    format!("{FIRST}{}.{millis:03}Z{LAST}", time.strftime("%Y%m%dT%H%M%S"))
}

/// Whether a name is that of a dated backup: nothing else is ever listed or removed.
pub fn is_dated(name: &str) -> bool {
    let stamp = name.strip_prefix(FIRST).and_then(|rest| rest.strip_suffix(LAST));
    stamp.is_some_and(|stamp| {
        stamp.len() == STAMP
            && stamp.bytes().enumerate().all(|(at, byte)| match at {
                8 => byte == b'T',
                15 => byte == b'.',
                19 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            })
    })
}

/// Of all dated names those to remove, so that `keep` are left; `new`, which was just made, stays whatever
/// the clock said.
pub fn outdated(mut names: Vec<String>, new: &str, keep: usize) -> Vec<String> {
    names.retain(|name| is_dated(name) && name != new);
    names.sort_unstable();
    names.truncate((names.len() + 1).saturating_sub(keep));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_form() {
        let parse = |text: &str| Place::parse(text).unwrap();
        assert_eq!(parse("/mnt/share/new/"), Place::Directory("/mnt/share/new/".into()));
        assert_eq!(parse("/"), Place::Directory("/".into()));
        assert_eq!(parse("desk.fdb"), Place::File("desk.fdb".into()));
        let prefix = |prefix: &str| Place::Prefix { bucket: "box".into(), prefix: prefix.into() };
        assert_eq!(parse("s3://box"), prefix(""));
        assert_eq!(parse("s3://box/a/b"), prefix("a/b/"));
        assert_eq!(parse("s3://box/a/"), prefix("a/"));
        let object = Place::Object { bucket: "box".into(), key: "a.fdb".into() };
        assert_eq!(parse("s3://box/a.fdb"), object);
        for text in ["", "s3://", "s3:///a", "ftp://box/a"] {
            assert_eq!(Place::parse(text).unwrap_err().code, 2, "{text}");
        }
    }

    #[test]
    fn dated_names_sort_by_time_and_are_known_again() {
        let name = dated_at("2026-11-21T12:04:38.217Z".parse().unwrap());
        assert_eq!(name, "frontdesk-20261121T120438.217Z.fdb");
        assert!(is_dated(&name) && is_dated(&dated()));
        for other in ["frontdesk-old.fdb", "frontdesk-20261121T120438.217Z.fdb.part", "notes.txt"] {
            assert!(!is_dated(other), "{other}");
        }
    }

    #[test]
    fn the_last_ones_are_kept_and_nothing_of_others_is_touched() {
        let name = |day: u32| format!("frontdesk-202611{day:02}T000000.000Z.fdb");
        let names = || (1..=5).map(name).chain(["mine.fdb".to_owned()]).collect::<Vec<_>>();
        assert_eq!(outdated(names(), &name(5), 2), [name(1), name(2), name(3)]);
        assert_eq!(outdated(names(), &name(5), 9), Vec::<String>::new());
        // The clock was reset: the newest is the oldest by its name, and stays.
        assert_eq!(outdated(names(), &name(1), 2), [name(2), name(3), name(4)]);
        assert_eq!(outdated(names(), &name(1), 1), [name(2), name(3), name(4), name(5)]);
    }
}
