//! Files that people attach to a ticket: what is known of each, and what it may be served as.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// What opens one file's bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileKey(pub [u8; 32]);

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileKey")
    }
}

/// A file of a ticket. Its bytes lie beside the store, sealed under a key of their own: where the row goes, they go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    pub id: u64,
    pub ticket: u64,
    /// Cleaned; at most [`MAX_FILE_NAME`] characters.
    pub name: String,
    /// As its bytes say, not as its sender does.
    pub media_type: String,
    pub bytes: u64,
    /// Of its bytes, as they are given back.
    pub sha256: [u8; 32],
    /// Under which its bytes are sealed; none for those that lie there as they are, from before that was done.
    pub key: Option<FileKey>,
    /// The entry that it is attached to; none until somebody attaches it.
    pub entry: Option<u32>,
    pub uploaded_by: String,
    pub uploaded_at: Micros,
    /// By the steady clock.
    pub arrived_at: Micros,
}

/// Files of one ticket.
pub const MAX_FILES: usize = 200;
/// Files attached to one comment.
pub const MAX_ATTACHED: usize = 20;
/// Files that a customer sends with one reply.
pub const MAX_FROM_CUSTOMER: usize = 10;
/// Characters of a file's name.
pub const MAX_FILE_NAME: usize = 120;
/// Bytes of a file by which its type is told.
pub const SNIFFED: usize = 512;
/// How long a file may wait to be attached.
pub const UNATTACHED_FOR: i64 = Micros::DAY;

/// How long what a customer sent counts against what they may send, in running time.
pub const COUNTED_FOR: i64 = Micros::DAY;

/// What a customer sent to a ticket is all that they may send in a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Until something of it no longer counts.
    pub seconds: u32,
}

/// Bytes of the `daily` ones that `sender` may still send to the ticket whose files these are, if it is as many as
/// `wanted`.
pub fn room(
    files: &[StoredFile],
    sender: &str,
    (daily, wanted): (u64, u64),
    steady: Micros,
) -> Result<u64, Spent> {
    let age = |file: &StoredFile| steady.0.saturating_sub(file.arrived_at.0).max(0);
    let counts = |file: &&StoredFile| file.uploaded_by == sender && age(file) < COUNTED_FOR;
    let (mut sent, mut oldest) = (0_u64, 0);
    for file in files.iter().filter(counts) {
        sent = sent.saturating_add(file.bytes);
        oldest = oldest.max(age(file));
    }
    match daily.checked_sub(sent) {
        Some(room) if room >= wanted => Ok(room),
        _ => {
            let seconds = (COUNTED_FOR - oldest) / Micros::SECOND + 1;
            Err(Spent { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) })
        }
    }
}

const UNKNOWN: &str = "application/octet-stream";

/// What a file is, told by its first bytes alone. What a browser could run is `application/octet-stream`.
pub fn media_type(head: &[u8]) -> &'static str {
    const MAGIC: [(&[u8], &str); 11] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b", "application/gzip"),
        (b"OggS", "audio/ogg"),
        (b"ID3", "audio/mpeg"),
        (b"fLaC", "audio/flac"),
        (b"\x1aE\xdf\xa3", "video/webm"),
    ];
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return kind;
    }
    match (head.get(..4), head.get(4..12)) {
        (Some(b"RIFF"), Some(rest)) if rest.ends_with(b"WEBP") => return "image/webp",
        (Some(b"RIFF"), Some(rest)) if rest.ends_with(b"WAVE") => return "audio/wav",
        (_, Some(rest)) if rest.starts_with(b"ftyp") => return "video/mp4",
        _ => {}
    }
    if is_plain_text(head) { "text/plain" } else { UNKNOWN }
}

/// UTF-8 without control characters, and without a tag: what a browser might take for a page is no plain text.
fn is_plain_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut in two at the end.
        Err(e) if e.error_len().is_none() && head.len() >= SNIFFED => {
            std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    !whole.is_empty() && !whole.contains(['<', '\0']) && !whole.chars().any(control)
}

/// Whether a browser may show it in a page: images that cannot run anything.
pub fn may_be_shown(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp")
}

/// A name without paths, control and direction characters, and what shells and browsers read otherwise.
pub fn clean_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let unsafe_ = |c: char| {
        c.is_control()
            || matches!(c, '"' | '<' | '>' | '|' | ':' | '*' | '?' | '%' | ';' | '`' | '$')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let kept: String = last.chars().map(|c| if unsafe_(c) { '_' } else { c }).collect();
    let kept = kept.trim().trim_start_matches('.').trim();
    let long = kept.chars().count().saturating_sub(MAX_FILE_NAME);
    // The end tells what it is.
    let kept: String = kept.chars().skip(long).collect();
    if kept.is_empty() { "file".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n\0\0"), "image/png");
        assert_eq!(media_type(b"RIFF\x10\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(media_type(b"%PDF-1.7"), "application/pdf");
        assert_eq!(media_type("Grüße\r\n".as_bytes()), "text/plain");
        for page in ["<html>", "  <svg xmlns=", "a\0b", "\u{1b}[2J"] {
            assert_eq!(media_type(page.as_bytes()), UNKNOWN, "{page}");
        }
        assert_eq!(media_type(b""), UNKNOWN);
        assert_eq!(media_type("é".repeat(300).as_bytes().get(..511).unwrap()), UNKNOWN);
        let cut = ["x".as_bytes(), "é".repeat(300).as_bytes()].concat();
        assert_eq!(media_type(&cut[..SNIFFED]), "text/plain");
    }

    #[test]
    fn what_was_sent_counts_for_a_day_of_running_time() {
        let file = |by: &str, bytes, hour: i64| StoredFile {
            id: 1,
            ticket: 1001,
            name: "a.txt".into(),
            media_type: "text/plain".into(),
            bytes,
            sha256: [0; 32],
            key: None,
            entry: None,
            uploaded_by: by.into(),
            uploaded_at: Micros(0),
            arrived_at: Micros(hour * Micros::HOUR),
        };
        let files = [file("customer", 60, 1), file("agent", 500, 2), file("customer", 40, 20)];
        let at = |hour: i64| room(&files, "customer", (100, 1), Micros(hour * Micros::HOUR));
        assert_eq!(at(20), Err(Spent { seconds: 5 * 3600 + 1 }));
        assert_eq!(at(25), Ok(60));
        assert_eq!(at(44), Ok(100));
        let more = room(&files, "customer", (100, 61), Micros(25 * Micros::HOUR));
        assert_eq!(more, Err(Spent { seconds: 19 * 3600 + 1 }));
    }

    #[test]
    fn a_name_is_only_a_name() {
        assert_eq!(clean_name("../../etc/passwd"), "passwd");
        assert_eq!(clean_name("C:\\Users\\me\\photo.jpg"), "photo.jpg");
        assert_eq!(clean_name("a\r\nb\".html"), "a__b_.html");
        assert_eq!(clean_name("x\u{202e}gpj.exe"), "x_gpj.exe");
        assert_eq!(clean_name(" .. "), "file");
        assert!(clean_name(&format!("{}.pdf", "n".repeat(500))).ends_with("n.pdf"));
        assert_eq!(clean_name(&"n".repeat(500)).chars().count(), MAX_FILE_NAME);
    }
}
