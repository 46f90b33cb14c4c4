//! What is asked of the engine about mail, and the tokens that links in mails bear. Plain data.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::index::Filter;
use super::rows::key;
use super::{Engine, Error};
use crate::domain::email;
use crate::domain::mail::{MAX_LINKS, MailboxPosition};
use crate::domain::time::Micros;
use crate::engine::portal::NewFile;
use crate::store::records::AddressOf;
use crate::store::seal::Seal;

#[derive(Clone, Debug)]
pub enum MailCommand {
    /// A mail came.
    Take(Box<NewMail>),
    /// A mailbox is looked at for the first time, and what lies in it stays there.
    Begin { mailbox: String, position: MailboxPosition },
    /// Somebody asks where the tickets of this address are (S3.43).
    Links { address: String, tickets: Vec<u64> },
}

/// A mail as it came, its files on the disk already.
#[derive(Clone, Debug, Default)]
pub struct NewMail {
    /// The mailbox that it lay in, and its place there.
    pub mailbox: Option<(String, MailboxPosition)>,
    /// Its Message-ID, or what stands for one.
    pub id: String,
    /// Message-IDs of its thread, oldest first.
    pub references: Vec<String>,
    /// Tags in the addresses that it went to and in its subject, with the tickets that they say they are of.
    pub tags: Vec<(u64, String)>,
    pub subject: String,
    pub from: Option<MailPerson>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub sent_at: Option<Micros>,
    /// What is new in it.
    pub words: String,
    /// All of its text, where that is more.
    pub full: Option<String>,
    pub nature: Nature,
    /// What it says of the desk that sent it.
    pub own: Option<String>,
    pub files: Vec<NewFile>,
    /// What is missing of it, for agents.
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailPerson {
    pub name: Option<String>,
    /// May be none at all: it is the sender's word.
    pub address: String,
}

/// Who wrote a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Nature {
    #[default]
    Person,
    /// A machine that answers whatever it gets.
    AutoReply,
    /// A machine that tells something.
    Automatic,
    /// A server that could not deliver a mail.
    Bounce { of: Option<String>, failed: bool, why: String },
}

/// What a mail became.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
// Kept in replies by position: only ever append.
pub enum Became {
    Ticket,
    Reply,
    /// Something for agents alone, in a ticket: what a machine answered, a bounce.
    Note,
    /// It had come before.
    Duplicate,
    /// One of our own.
    Own,
    /// What a machine answered to nothing of ours.
    Ignored,
}

impl Became {
    pub fn as_str(self) -> &'static str {
        match self {
            Became::Ticket => "ticket",
            Became::Reply => "reply",
            Became::Note => "note",
            Became::Duplicate => "duplicate",
            Became::Own => "own",
            Became::Ignored => "ignored",
        }
    }
}

/// The token in a mail's link to a ticket: derived, so that it lies nowhere, and every attempt at the mail bears the same.
pub fn link_token(seal: &Seal, message_id: &str, ticket: u64) -> String {
    let half = |which: &[u8]| {
        seal.hash("mail link", &[which, message_id.as_bytes(), &ticket.to_be_bytes()])
    };
    format!("fd_{}", URL_SAFE_NO_PAD.encode([half(b"1"), half(b"2")].concat()))
}

/// As which a token is kept.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Engine {
    /// The newest tickets whose customer has this address, as far as one mail has room for their links.
    pub fn tickets_of_address(&self, address: &str) -> Result<Vec<u64>, Error> {
        let contacts = self.read(|rows| {
            let row = key::address(rows.seal, &email::contact_address(address));
            rows.get(&row)?.map_or(Ok(Vec::new()), |AddressOf(id)| rows.ids_of(id))
        })?;
        if contacts.is_empty() {
            return Ok(Vec::new());
        }
        let filter = Filter { contacts, ..Filter::default() };
        let index = self.shared().index();
        let mut numbers: Vec<u64> = index.lines(&filter).map(|line| line.number).collect();
        numbers.sort_unstable_by(|one, other| other.cmp(one));
        numbers.truncate(MAX_LINKS);
        Ok(numbers)
    }
}

/// The keyed hash in a ticket's tag.
pub fn tag_mac(seal: &Seal, ticket: u64) -> [u8; 16] {
    seal.hash("mail tag", &[&ticket.to_be_bytes()])
}

/// By which this desk knows its own mails.
pub fn own_mark(seal: &Seal) -> String {
    seal.hash("mail desk", &[]).iter().map(|byte| format!("{byte:02x}")).collect()
}
