//! A raw mail (RFC 5322, MIME) as what somebody says: who, to whom, in which thread, in which words, with which files.
//!
//! What always holds: whatever the bytes are, nothing panics and nothing is looked up; words are plain text; a mail
//! that a machine wrote is told from a person's. What it quotes is taken out of its words ([`quote`]) and stays in its text.

mod nature;
pub mod quote;
#[cfg(test)]
mod tests;

use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders, PartType};

use super::html;

pub use nature::{Bounce, Nature};

/// Files of one mail that are read.
pub const MAX_PARTS: usize = 20;
/// Addresses of one header that are read.
const MAX_ADDRESSES: usize = 50;
/// Bytes of text that are read.
const MAX_TEXT: usize = 4 << 20;
const MAX_LINE: usize = 998;

/// The header by which a desk knows its own mails.
pub const OWN_HEADER: &str = "X-Frontdesk";

/// One mail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mail {
    /// Without its angle brackets.
    pub message_id: Option<String>,
    /// What it answers and what that answered, as the headers have them: `References`, then `In-Reply-To`.
    pub references: String,
    pub subject: String,
    pub from: Option<Person>,
    /// Where an answer shall go, if not to `from`.
    pub reply_to: Option<Person>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    /// Where it was delivered, in whatever way the servers on its way wrote that down.
    pub delivered_to: Vec<String>,
    /// Microseconds since 1970.
    pub sent_at: Option<i64>,
    /// All of its text.
    pub text: String,
    /// Its text without what it quotes and without a signature.
    pub words: String,
    pub nature: Nature,
    /// What stands in [`OWN_HEADER`].
    pub own: Option<String>,
    pub files: Vec<File>,
    /// Files beyond [`MAX_PARTS`].
    pub files_left_out: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub name: Option<String>,
    pub address: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Reads a mail; none where there is not even a header.
pub fn parse(raw: &[u8]) -> Option<Mail> {
    let message = MessageParser::default().parse(raw)?;
    if message.headers().is_empty() {
        return None;
    }
    let text = text(&message);
    let mut references = texts(message.references());
    references.push(' ');
    references.push_str(&texts(message.in_reply_to()));
    let (files, files_left_out) = files(&message);
    Some(Mail {
        message_id: message.message_id().map(|id| cut(id.trim(), MAX_LINE)),
        references,
        subject: message.subject().map(one_line).unwrap_or_default(),
        from: message.from().and_then(first).or_else(|| message.sender().and_then(first)),
        reply_to: message.reply_to().and_then(first),
        to: addresses(message.to()),
        cc: addresses(message.cc()),
        delivered_to: delivered_to(&message),
        sent_at: message.date().and_then(|date| date.to_timestamp().checked_mul(1_000_000)),
        words: quote::words(&text),
        nature: nature::of(&message),
        own: raw_header(&message, OWN_HEADER),
        text,
        files,
        files_left_out,
    })
}

/// A header as plain text, unfolded; none if it is not there.
fn raw_header(message: &Message<'_>, name: &str) -> Option<String> {
    message
        .headers_raw()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| one_line(value))
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    cut(&words.join(" "), MAX_LINE)
}

fn cut(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

fn texts(value: &HeaderValue<'_>) -> String {
    match value {
        HeaderValue::Text(text) => text.to_string(),
        HeaderValue::TextList(list) => list.join(" "),
        _ => String::new(),
    }
}

fn first(address: &Address<'_>) -> Option<Person> {
    let found = address.iter().find(|one| one.address().is_some())?;
    let name = found.name().map(one_line).filter(|name| !name.is_empty());
    Some(Person { name, address: cut(found.address()?.trim(), MAX_LINE) })
}

fn addresses(address: Option<&Address<'_>>) -> Vec<String> {
    let all = address.into_iter().flat_map(|address| address.iter());
    let all = all.filter_map(|one| one.address()).map(|one| cut(one.trim(), MAX_LINE));
    all.take(MAX_ADDRESSES).collect()
}

fn delivered_to(message: &Message<'_>) -> Vec<String> {
    const NAMES: [&str; 5] =
        ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To"];
    let all = message.headers_raw();
    let known = |name: &str| NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    let found = all.filter(|(name, _)| known(name)).map(|(_, value)| one_line(value));
    found.take(MAX_ADDRESSES).collect()
}

/// All of the text, of every part that is to be read.
fn text(message: &Message<'_>) -> String {
    let mut whole = String::new();
    for part in message.text_bodies() {
        let piece = match &part.body {
            PartType::Text(text) => text.replace("\r\n", "\n").replace('\r', "\n"),
            PartType::Html(markup) => html::plain(markup),
            _ => continue,
        };
        let room = MAX_TEXT.saturating_sub(whole.len());
        if room == 0 {
            break;
        }
        if !whole.is_empty() {
            whole.push_str("\n\n");
        }
        whole.push_str(&cut(&piece, room));
    }
    whole.retain(|c| c == '\n' || c == '\t' || !c.is_control());
    whole.trim().to_owned()
}

fn files(message: &Message<'_>) -> (Vec<File>, usize) {
    let mut files = Vec::new();
    let mut left_out = 0;
    for part in message.attachments() {
        let bytes = match &part.body {
            PartType::Message(inner) => inner.raw_message().to_vec(),
            _ => part.contents().to_vec(),
        };
        if bytes.is_empty() {
            continue;
        }
        if files.len() == MAX_PARTS {
            left_out += 1;
            continue;
        }
        let named = part.attachment_name().map(one_line).filter(|name| !name.is_empty());
        let name = named.unwrap_or_else(|| unnamed(part.content_type(), part.is_message()));
        files.push(File { name, bytes });
    }
    (files, left_out)
}

fn unnamed(kind: Option<&mail_parser::ContentType<'_>>, is_message: bool) -> String {
    if is_message {
        return "mail.eml".to_owned();
    }
    let subtype = kind.and_then(|kind| kind.subtype()).unwrap_or("bin");
    let good = |c: char| c.is_ascii_alphanumeric();
    let subtype: String = subtype.chars().filter(|c| good(*c)).take(12).collect();
    format!("attachment.{}", subtype.to_ascii_lowercase())
}
