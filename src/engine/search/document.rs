//! What is found: documents, made from the rows as they are now.
//!
//! A ticket is one document (what it is known by), each of its entries is one, each contact is one. What a document
//! is found by are terms: a letter that tells of what kind it is, and a folded word. Only words as they were written
//! have positions, so a phrase is found in just these words.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::postings::width;
use crate::domain::contact::Contact;
use crate::domain::entry::Entry;
use crate::domain::search::stem::{Lexicon, guess};
use crate::domain::search::{phone, phone_reversed, words};
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::rows::{ReadError, Rows, key};

/// A word as it was written, folded.
pub const WORD: char = 'w';
/// The stem of a word that is not its own stem.
pub const STEM: char = 's';
/// A word of the name of whoever wrote it, or asks.
pub const FROM: char = 'f';
/// Something that it is or has: a speaker, an attachment.
pub const MARK: char = 'm';
/// A telephone number from its end: whoever knows its end knows how this begins.
pub const PHONE: char = 'p';
/// The day on which something was said, by UTC.
pub const DAY: char = 'd';

/// The word of a day; in their order words of days are the days in theirs.
pub fn day(at: Micros) -> String {
    format!("{:07}", at.0.div_euclid(Micros::DAY).max(0))
}

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
    /// How many bits its highest position takes.
    pub width: u8,
    /// Of everything above and below: another one, another document.
    pub digest: u32,
    pub terms: Terms,
}

/// The terms of a document, sorted, each with the positions of words; none of what has no place.
///
/// Thousands of documents are made a second: all of this lies in three allocations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    text: String,
    /// Where each term stands in the text, and where its positions end.
    each: Vec<(u32, u32, u32)>,
    positions: Vec<u32>,
}

impl Terms {
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u32])> {
        let mut from = 0;
        self.each.iter().map(move |(start, end, to)| {
            let positions =
                &self.positions[std::mem::replace(&mut from, *to) as usize..*to as usize];
            (&self.text[*start as usize..*end as usize], positions)
        })
    }
}

impl Document {
    /// The document as the rows are now; none where there is nothing to be found.
    pub fn read(
        rows: &Rows<'_>,
        of: Key,
        words: &mut Lexicon,
    ) -> Result<Option<Document>, ReadError> {
        Ok(match of {
            Key::Entry(number) => rows
                .get::<Entry>(&key::number(number))?
                .and_then(|entry| Document::entry(&entry, words)),
            Key::Ticket(number) => {
                rows.ticket(number)?.map(|ticket| Document::ticket(&ticket, words))
            }
            Key::Contact(id) => rows
                .get::<Contact>(&key::number(id))?
                .and_then(|contact| Document::contact(&contact, words)),
        })
    }

    pub fn entry(entry: &Entry, words: &mut Lexicon) -> Option<Document> {
        // What a deleted message says in its place was said by nobody.
        if entry.deleted_at.is_some() {
            return None;
        }
        let mut made = Maker::new(words);
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
        if made.each.is_empty() {
            return None;
        }
        made.put(MARK, entry.speaker.as_str());
        made.put(DAY, &day(entry.at));
        made.names(entry.author.as_deref().unwrap_or_default());
        Some(made.finish(entry.ticket))
    }

    pub fn ticket(ticket: &Ticket, words: &mut Lexicon) -> Document {
        let mut made = Maker::new(words);
        made.text(&ticket.number.to_string());
        made.text(&ticket.ticket_id);
        texts(ticket).into_iter().flatten().for_each(|text| made.text(text));
        ticket.tags.iter().chain(&ticket.external_ids).for_each(|text| made.text(text));
        let asks = &ticket.requester;
        // Whoever looks for a number finds it by its end.
        let phone = asks.phone.as_ref().filter(|number| phone(number).is_none());
        for name in [asks.name.as_ref(), asks.email.as_ref(), phone].into_iter().flatten() {
            made.names(name);
        }
        made.phone(asks.phone.as_deref().unwrap_or_default());
        made.finish(ticket.number)
    }

    /// What tells whether a ticket's document is another than before: of all that [`Document::ticket`] is made of.
    pub fn print(ticket: &Ticket) -> u64 {
        let mut hasher = Xxh3::new();
        let mut add = |text: Option<&str>| {
            hasher.update(&text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            hasher.update(text.unwrap_or_default().as_bytes());
        };
        add(Some(&ticket.ticket_id));
        texts(ticket).into_iter().for_each(|text| add(text.map(String::as_str)));
        for some in [&ticket.tags, &ticket.external_ids] {
            add(None);
            some.iter().for_each(|text| add(Some(text)));
        }
        hasher.digest()
    }

    /// What a ticket is about: no names and no numbers of its own.
    pub fn about(ticket: &Ticket, words: &mut Lexicon) -> Terms {
        let mut made = Maker::new(words);
        let texts = [&ticket.subject, &ticket.description, &ticket.summary];
        texts.into_iter().flatten().for_each(|text| made.text(text));
        ticket.tags.iter().for_each(|tag| made.text(tag));
        made.finish(0).terms
    }

    pub fn contact(contact: &Contact, words: &mut Lexicon) -> Option<Document> {
        if contact.merged_into.is_some() {
            return None;
        }
        let mut made = Maker::new(words);
        contact.name.iter().chain(&contact.phone).for_each(|text| made.text(text));
        made.phone(contact.phone.as_deref().unwrap_or_default());
        for address in &contact.addresses {
            match address.strip_suffix("@s.whatsapp.net") {
                Some(digits) => made.phone(digits),
                None => made.text(address.strip_prefix("mailto:").unwrap_or(address)),
            }
        }
        (!made.each.is_empty()).then(|| made.finish(0))
    }
}

/// What is said of a ticket.
fn texts(ticket: &Ticket) -> [Option<&String>; 8] {
    let asks = &ticket.requester;
    [
        ticket.subject.as_ref(),
        ticket.description.as_ref(),
        ticket.summary.as_ref(),
        ticket.resolution_notes.as_ref(),
        ticket.order_id.as_ref(),
        asks.name.as_ref(),
        asks.email.as_ref(),
        asks.phone.as_ref(),
    ]
}

/// Between two texts of a document: no phrase goes from one into the next.
const GAP: u32 = 16;

struct Maker<'l> {
    lexicon: &'l mut Lexicon,
    text: String,
    /// Where each term stands in the text, with its position if it has one.
    each: Vec<(u32, u32, Option<u32>)>,
    position: u32,
    length: u32,
}

impl<'l> Maker<'l> {
    fn new(lexicon: &'l mut Lexicon) -> Maker<'l> {
        Maker { lexicon, text: String::new(), each: Vec::new(), position: 0, length: 0 }
    }

    fn text(&mut self, text: &str) {
        let found = words(text);
        if found.is_empty() {
            return;
        }
        let language = guess(&found);
        for word in &found {
            self.add(WORD, &word.folded, Some(self.position));
            self.position += 1;
            let Maker { lexicon, text, each, .. } = self;
            for stem in lexicon.stems(&word.folded, language) {
                append(text, each, STEM, stem, None);
            }
        }
        self.length = self.length.saturating_add(found.len() as u32);
        self.position += GAP;
    }

    fn names(&mut self, name: &str) {
        for word in words(name) {
            self.put(FROM, &word.folded);
        }
    }

    fn phone(&mut self, digits: &str) {
        let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
        if let Some(reversed) = phone_reversed(&digits) {
            self.put(PHONE, &reversed);
        }
    }

    fn put(&mut self, kind: char, word: &str) {
        self.add(kind, word, None);
    }

    fn add(&mut self, kind: char, word: &str, position: Option<u32>) {
        append(&mut self.text, &mut self.each, kind, word, position);
    }

    fn finish(mut self, ticket: u64) -> Document {
        let Maker { text, each, .. } = &mut self;
        let word = |start: u32, end: u32| &text[start as usize..end as usize];
        each.sort_unstable_by(|a, b| word(a.0, a.1).cmp(word(b.0, b.1)).then(a.2.cmp(&b.2)));
        let mut terms = Terms::default();
        for (start, end, position) in each.iter() {
            let last = terms.each.last();
            if last.is_none_or(|last| word(last.0, last.1) != word(*start, *end)) {
                terms.each.push((*start, *end, 0));
            }
            terms.positions.extend(position);
            if let Some(last) = terms.each.last_mut() {
                last.2 = terms.positions.len() as u32;
            }
        }
        terms.text = self.text;
        let mut bytes = ticket.to_le_bytes().to_vec();
        for (term, positions) in terms.iter() {
            bytes.extend_from_slice(term.as_bytes());
            bytes.push(0);
            positions.iter().for_each(|at| bytes.extend_from_slice(&at.to_le_bytes()));
        }
        Document {
            ticket: u32::try_from(ticket).unwrap_or(0),
            length: self.length,
            width: width(&terms.positions),
            digest: xxh3_64(&bytes) as u32,
            terms,
        }
    }
}

fn append(
    text: &mut String,
    each: &mut Vec<(u32, u32, Option<u32>)>,
    kind: char,
    word: &str,
    position: Option<u32>,
) {
    let start = text.len() as u32;
    text.push(kind);
    text.push_str(word);
    each.push((start, text.len() as u32, position));
}
