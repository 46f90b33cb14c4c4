//! What is found: documents, made from the rows as they are now.
//!
//! A ticket is one document (what it is known by), each of its entries is one, each contact is one. What a document
//! is found by are terms: a letter that tells of what kind it is, and a folded word. Only words as they were written
//! have positions, so a phrase is found in just these words.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::domain::contact::Contact;
use crate::domain::entry::Entry;
use crate::domain::search::stem::{guess, stems};
use crate::domain::search::{phone_ends, words};
use crate::domain::ticket::Ticket;
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::seal::SealError;

/// A word as it was written, folded.
pub const WORD: char = 'w';
/// The stem of a word that is not its own stem.
pub const STEM: char = 's';
/// A word of the name of whoever wrote it, or asks.
pub const FROM: char = 'f';
/// Something that it is or has: a speaker, an attachment.
pub const MARK: char = 'm';
/// The end of a telephone number.
pub const PHONE: char = 'p';

pub fn term(kind: char, word: &str) -> String {
    let mut term = String::with_capacity(1 + word.len());
    term.push(kind);
    term.push_str(word);
    term
}

/// The mark of an entry that has an attachment.
pub const ATTACHMENT: &str = "attachment";

/// What a document is of; sorts by kind, then by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// The global number of an entry.
    Entry(u64),
    /// The number of a ticket.
    Ticket(u64),
    /// The id of a contact.
    Contact(u64),
}

const NUMBER: u32 = 62;

impl Key {
    pub fn packed(self) -> u64 {
        let (kind, number) = match self {
            Key::Entry(number) => (0, number),
            Key::Ticket(number) => (1, number),
            Key::Contact(number) => (2, number),
        };
        kind << NUMBER | number & ((1 << NUMBER) - 1)
    }

    pub fn unpacked(packed: u64) -> Key {
        let number = packed & ((1 << NUMBER) - 1);
        match packed >> NUMBER {
            0 => Key::Entry(number),
            1 => Key::Ticket(number),
            _ => Key::Contact(number),
        }
    }
}

/// A document as the index takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The ticket that it is of when nothing is merged; 0 of contacts.
    pub ticket: u32,
    /// How many words it has.
    pub length: u32,
    /// Of everything above and below: another one, another document.
    pub digest: u32,
    /// Term to the positions of words; none of what has no place.
    pub terms: BTreeMap<String, Vec<u32>>,
}

impl Document {
    /// The document as the rows are now; none where there is nothing to be found.
    pub fn read(rows: &Rows<'_>, of: Key) -> Result<Option<Document>, ReadError> {
        Ok(match of {
            Key::Entry(number) => {
                known(rows.get::<Entry>(&key::number(number)))?.and_then(|e| Document::entry(&e))
            }
            Key::Ticket(number) => {
                known(rows.ticket(number))?.map(|ticket| Document::ticket(&ticket))
            }
            Key::Contact(id) => {
                known(rows.get::<Contact>(&key::number(id)))?.and_then(|c| Document::contact(&c))
            }
        })
    }

    pub fn entry(entry: &Entry) -> Option<Document> {
        // What a deleted message says in its place was said by nobody.
        if entry.deleted_at.is_some() {
            return None;
        }
        let mut made = Maker::default();
        made.text(&entry.body);
        for call in &entry.tool_calls {
            made.text(&call.name);
            made.text(&call.arguments);
            made.text(call.output.as_deref().unwrap_or_default());
        }
        if let Some(attachment) = &entry.attachment {
            made.text(attachment.file_name.as_deref().unwrap_or_default());
            made.put(MARK, ATTACHMENT);
            made.put(MARK, &attachment.kind.to_lowercase());
        }
        if made.terms.is_empty() {
            return None;
        }
        made.put(MARK, entry.speaker.as_str());
        made.names(entry.author.as_deref().unwrap_or_default());
        Some(made.finish(entry.ticket))
    }

    pub fn ticket(ticket: &Ticket) -> Document {
        let mut made = Maker::default();
        made.text(&ticket.number.to_string());
        made.text(&ticket.ticket_id);
        let asks = &ticket.requester;
        let texts = [
            &ticket.subject,
            &ticket.description,
            &ticket.summary,
            &ticket.resolution_notes,
            &ticket.order_id,
            &asks.name,
            &asks.email,
            &asks.phone,
        ];
        texts.into_iter().flatten().for_each(|text| made.text(text));
        ticket.tags.iter().chain(&ticket.external_ids).for_each(|text| made.text(text));
        for name in [&asks.name, &asks.email, &asks.phone].into_iter().flatten() {
            made.names(name);
        }
        made.phone(asks.phone.as_deref().unwrap_or_default());
        made.finish(ticket.number)
    }

    /// What a ticket is about: no names and no numbers of its own.
    pub fn about(ticket: &Ticket) -> BTreeMap<String, Vec<u32>> {
        let mut made = Maker::default();
        let texts = [&ticket.subject, &ticket.description, &ticket.summary];
        texts.into_iter().flatten().for_each(|text| made.text(text));
        ticket.tags.iter().for_each(|tag| made.text(tag));
        made.terms
    }

    pub fn contact(contact: &Contact) -> Option<Document> {
        if contact.merged_into.is_some() {
            return None;
        }
        let mut made = Maker::default();
        contact.name.iter().chain(&contact.phone).for_each(|text| made.text(text));
        made.phone(contact.phone.as_deref().unwrap_or_default());
        for address in &contact.addresses {
            match address.strip_suffix("@s.whatsapp.net") {
                Some(digits) => made.phone(digits),
                None => made.text(address.strip_prefix("mailto:").unwrap_or(address)),
            }
        }
        (!made.terms.is_empty()).then(|| made.finish(0))
    }
}

/// What was erased is not there.
fn known<R>(read: Result<Option<R>, ReadError>) -> Result<Option<R>, ReadError> {
    match read {
        Err(ReadError::Seal(SealError::Erased)) => Ok(None),
        other => other,
    }
}

/// Between two texts of a document: no phrase goes from one into the next.
const GAP: u32 = 16;

#[derive(Default)]
struct Maker {
    terms: BTreeMap<String, Vec<u32>>,
    position: u32,
    length: u32,
}

impl Maker {
    fn text(&mut self, text: &str) {
        let found = words(text);
        if found.is_empty() {
            return;
        }
        let language = guess(&found);
        for word in &found {
            self.terms.entry(term(WORD, &word.folded)).or_default().push(self.position);
            self.position += 1;
            for stem in stems(&word.folded, language) {
                self.terms.entry(term(STEM, &stem)).or_default();
            }
        }
        self.length = self.length.saturating_add(found.len() as u32);
        self.position += GAP;
    }

    fn names(&mut self, name: &str) {
        for word in words(name) {
            self.terms.entry(term(FROM, &word.folded)).or_default();
        }
    }

    fn phone(&mut self, digits: &str) {
        let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
        for end in phone_ends(&digits) {
            self.terms.entry(term(PHONE, end)).or_default();
        }
    }

    fn put(&mut self, kind: char, word: &str) {
        self.terms.entry(term(kind, word)).or_default();
    }

    fn finish(self, ticket: u64) -> Document {
        let mut bytes = ticket.to_le_bytes().to_vec();
        for (term, positions) in &self.terms {
            bytes.extend_from_slice(term.as_bytes());
            bytes.push(0);
            positions.iter().for_each(|at| bytes.extend_from_slice(&at.to_le_bytes()));
        }
        Document {
            ticket: u32::try_from(ticket).unwrap_or(0),
            length: self.length,
            digest: xxh3_64(&bytes) as u32,
            terms: self.terms,
        }
    }
}
