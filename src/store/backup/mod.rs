//! Backups: the whole store as one stream, made beside a running writer, and made into a store again.
//!
//! A backup is a scan of every table in short snapshots, with the journal from the scan's start to its end
//! between them. What always holds in the stream: a chunk of rows is followed by every plan up to the
//! position of its snapshot before the next chunk comes, and a chunk is never older than the plans before
//! it. So putting chunks and applying plans in the order in which they come gives exactly the rows as they
//! were at the position that the end names.
//!
//! ```text
//! file  = head, blocks                      (encrypted: head, chunks, which hold the blocks)
//! head  = 128 bytes: magic "fdbackup", format u32, lock u8, 3 zeros, id u64, salt 16, nonce 19, zero,
//!         argon2 memory KiB u32, passes u32, lanes u32, key check 16, 32 zeros, checksum u64
//! block = kind u8, codec u8, 2 zeros, number u32, raw length u32, stored length u32, checksum u64, stored
//! ```
//!
//! Integers are little endian. `lock` is 0 (none), 1 (passphrase) or 2 (key file). Checksums are XXH3-64
//! seeded with the head's random `id`, over all fields before them and, of a block, what is stored. Blocks
//! are numbered from 0; codec 0 is stored as it is, 1 is deflated. Kinds, in the order of the file:
//!
//! | kind | once | what is in it |
//! |---|---|---|
//! | 1 about | first | JSON: who wrote it, when, the format of the rows, the feed's epoch, rows expected |
//! | 2 keys | second | the text of the file `keys`, without which addresses cannot be found again |
//! | 3 rows | | table u8, count u32, then key length and value length (LEB128), key, value of each |
//! | 4 plans | | plans as they are in the journal ([`super::plan`]) |
//! | 6 file | behind the rows, since format 2 | name of a file 32, offset u64, bytes; the pieces of a file in order |
//! | 5 end | last | batch u64, sequence u64, blocks u64, rows u64, plans u64, XXH3-64 over all checksums of blocks u64 |
//!
//! Nothing follows the end. Encrypted chunks are 64 KiB of XChaCha20-Poly1305 in the STREAM construction
//! (32-bit counter, last-chunk flag), with the head as associated data; the key comes from a passphrase by
//! argon2id or from a key file by HMAC-SHA256, both with the head's salt. The format is frozen: a change gets
//! a new format number.

mod block;
pub(super) mod cipher;
mod error;
mod filing;
pub(in crate::store) mod head;
mod read;
mod restore;
mod scan;
mod tail;
mod write;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::domain::time::Micros;

pub use block::{Kind, MAX_PART, Part};
pub use error::{BackupError, ScanError};
pub use head::{Lock, Secret};
pub use read::{Backup, Content, Whole};
pub use restore::{RestoreError, Restored, Ring, UNFINISHED, restore};
pub use scan::Scan;
pub use write::Writer;

/// The format this version writes, and the newest it reads. Format 1 has no files.
pub const FORMAT: u32 = 2;

/// What a backup says of itself. Fields of later versions are passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The version of frontdesk whose store it is.
    pub frontdesk: String,
    /// The format of its rows: what restores it must know that, or a newer one.
    pub store_format: u32,
    /// By the clock of the box.
    pub made_at: Micros,
    /// The feed that ends with it; the restored store begins another.
    pub feed_epoch: String,
    /// Rows when the scan began.
    pub rows: u64,
    /// The id of the keyring that opens what of it is encrypted, as hex digits; none if nothing is.
    #[serde(default)]
    pub keyring: Option<String>,
}

/// What a whole backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// The last batch and sequence number it has.
    pub batch: u64,
    pub seq: u64,
    pub blocks: u64,
    /// Rows as scanned; plans may have changed some since.
    pub rows: u64,
    pub plans: u64,
}
