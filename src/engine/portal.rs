//! What a customer may ask of the desk over the portal, and what is asked of the files of tickets.

use super::command::Refusal;
use crate::domain::file::{FileKey, Spent};
use crate::engine::intake::NewCase;

/// As whom customers act.
pub const CUSTOMER: &str = "customer";

/// Why a customer's files are not taken: the ticket got as many bytes as a customer may send it in a day.
pub fn spent_today(daily: u64, Spent { seconds }: Spent) -> Refusal {
    let why = format!(
        "a customer may send a ticket {daily} bytes of files a day (attachments.customer_daily), and nearly all of \
         them came: send fewer, or the rest later"
    );
    Refusal::Spent { why, seconds }
}

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
