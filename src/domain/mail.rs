//! Mail: what is known of one beside the words of its entry, the tag by which a reply finds its ticket, and how far a
//! mailbox was read.
//!
//! A tag is `t1001.0123456789abcdef`: the ticket's number and a keyed hash of it, so that nobody writes into a ticket
//! whose number they guess. It stands in the address that a reply goes to (`support+TAG@…`), in the subject (`[#TAG]`), or in
//! both. A subject alone never joins two mails.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// The way by which mail goes out, among the bridges' instances.
pub const MAIL: &str = "email";
/// Outbox lanes of mails: one a ticket, apart from the ids of conversations.
pub const LANE: u64 = 1 << 63;
/// Message-IDs that a mail may say it answers; of more the first and the newest are kept.
pub const MAX_REFERENCES: usize = 32;
/// Bytes of a Message-ID.
pub const MAX_MESSAGE_ID: usize = 512;
/// People besides the sender that are kept of a mail.
pub const MAX_PEOPLE: usize = 50;
/// Bytes of the whole text that is kept where the entry holds less of it.
pub const MAX_FULL: usize = 256 << 10;
/// Tickets whose links one mail gives.
pub const MAX_LINKS: usize = 5;

/// Why a mail came or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
// Stored by position: only ever append.
pub enum MailKind {
    /// It came in.
    Received,
    /// An agent's public comment.
    Comment,
    /// That a ticket was opened.
    Receipt,
    /// Links to tickets that somebody asked for (S3.43).
    Links,
    /// That a ticket is resolved, and how it may be rated.
    Rating,
    /// What a call came to (S0.63).
    Summary,
}

impl MailKind {
    pub fn as_str(self) -> &'static str {
        match self {
            MailKind::Received => "received",
            MailKind::Comment => "comment",
            MailKind::Receipt => "receipt",
            MailKind::Links => "links",
            MailKind::Rating => "rating",
            MailKind::Summary => "summary",
        }
    }
}

/// A mail, beside its entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    pub kind: MailKind,
    /// Without its angle brackets.
    pub message_id: String,
    pub subject: String,
    /// Whom it is from, if it came in.
    pub from: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    /// The Message-IDs of its thread, oldest first.
    pub references: Vec<String>,
    /// All of its text, where the entry holds it without what it quotes; at most [`MAX_FULL`] bytes.
    pub full: Option<String>,
    /// The tickets that its links lead to.
    pub links: Vec<u64>,
}

/// The ticket, and the entry, that a Message-ID is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailOf {
    /// None of what was taken and belongs to no ticket.
    pub ticket: Option<u64>,
    /// The entry's global number.
    pub entry: Option<u64>,
    /// Whether it is one that we sent.
    pub ours: bool,
}

/// How far a mailbox was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxPosition {
    /// Of another number all mails are new.
    pub uid_validity: u32,
    /// The last mail that was dealt with.
    pub uid: u32,
    /// When that was, by the wall clock.
    pub at: Micros,
}

/// How many automatic mails went to an address in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPace {
    pub sent: u32,
}

/// `t1001.0123456789abcdef`.
pub fn tag(number: u64, mac: &[u8; 16]) -> String {
    let mac: String = mac[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t{number}.{mac}")
}

/// The tags in a text, with the tickets that they say they are of.
pub fn tags(text: &str) -> Vec<(u64, &str)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(['t', 'T']) {
        let before = text[..at].chars().next_back();
        if !matches!(before, Some('+' | '#')) {
            continue;
        }
        let digits = text[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = text[at + 1..at + 1 + digits].parse() else { continue };
        let rest = &text[at + 1 + digits..];
        let mac = rest
            .strip_prefix('.')
            .map_or(0, |mac| mac.bytes().take_while(|b| b.is_ascii_hexdigit()).count());
        if mac == 16 {
            found.push((number, &text[at..at + 1 + digits + 1 + mac]));
        }
    }
    found
}

/// `support@example.org` with a tag behind its local part.
pub fn tagged(address: &str, tag: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{local}+{tag}@{domain}"),
        None => address.to_owned(),
    }
}

/// The Message-IDs of a header, without their brackets.
pub fn message_ids(text: &str) -> Vec<String> {
    let good = |id: &&str| !id.is_empty() && id.len() <= MAX_MESSAGE_ID;
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ','));
    let mut ids: Vec<String> = Vec::new();
    for id in parts.filter(good) {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    shorten(&mut ids);
    ids
}

/// Keeps the first, which began the thread, and the newest.
pub fn shorten(ids: &mut Vec<String>) {
    if ids.len() > MAX_REFERENCES {
        ids.drain(1..=ids.len() - MAX_REFERENCES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_an_address_and_in_a_subject() {
        let tag = tag(1001, &[0xab; 16]);
        assert_eq!(tag, "t1001.abababababababab");
        let address = tagged("support@example.org", &tag);
        assert_eq!(address, "support+t1001.abababababababab@example.org");
        assert_eq!(tags(&address), [(1001, tag.as_str())]);
        assert_eq!(tags(&format!("Re: Lieferung [#{tag}]")), [(1001, tag.as_str())]);
        for none in
            ["t1001.abababababababab", "+t1001.abab@x", "#t.abababababababab", "+tést", "#t"]
        {
            assert_eq!(tags(none), [], "{none}");
        }
    }

    #[test]
    fn of_many_references_the_first_and_the_newest_stay() {
        let text: String = (0..100).map(|n| format!("<{n}@x> ")).collect();
        let ids = message_ids(&text);
        assert_eq!(ids.len(), MAX_REFERENCES);
        assert_eq!((ids[0].as_str(), ids[1].as_str()), ("0@x", "69@x"));
        assert_eq!(ids.last().map(String::as_str), Some("99@x"));
        assert_eq!(message_ids("<a@b>, <a@b>\r\n <c@d>"), ["a@b", "c@d"]);
    }
}
