//! What a customer may ask of the desk over the portal, and what is asked of the files of tickets.

use crate::domain::file::FileKey;
use crate::engine::intake::NewCase;

#[derive(Clone, Debug)]
pub enum PortalCommand {
    /// A ticket, and the SHA-256 of the token by which its customer looks at it (S3.41).
    Submit { case: Box<NewCase>, token: [u8; 32] },
    /// What the customer writes more; on a ticket that ended long ago it opens another.
    /// Its files lie on the disk already.
    Reply { ticket: u64, token: [u8; 32], body: String, files: Vec<NewFile> },
    /// S3.44
    Rate { ticket: u64, token: [u8; 32], rating: u8, feedback: Option<String> },
}

/// A file whose bytes lie on the disk already.
#[derive(Clone, Debug)]
pub struct NewFile {
    pub name: String,
    pub media_type: String,
    pub bytes: u64,
    pub sha256: [u8; 32],
    pub key: FileKey,
}
