//! A mail, from what is stored of it: the same bytes of meaning in every attempt.

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart};

use super::template::{self, Values};
use super::{Letter, Mailer};
use crate::domain::mail::{MailKind, tagged};

/// Characters of a subject.
const MAX_SUBJECT: usize = 250;

/// Why a mail cannot be made is told to the agent.
pub fn message(mailer: &Mailer, letter: &Letter) -> Result<Message, String> {
    let Letter { mail, .. } = letter;
    let to = mail.to.first().map(String::as_str).unwrap_or_default();
    let to = address(to)?;
    let place = mailer.config.tag;
    let (reply, envelope) = match place.in_address() {
        true => (tagged(&mailer.reply, &letter.tag), tagged(&mailer.reply, &letter.tag)),
        false => (mailer.reply.clone(), mailer.sender.address.clone()),
    };
    let (subject, text) = words(mailer, letter);
    let name = Some(mailer.sender.name.clone()).filter(|name| !name.is_empty());
    let mut builder = Message::builder()
        .from(Mailbox::new(name, address(&mailer.sender.address)?))
        .to(Mailbox::new(None, to.clone()))
        .reply_to(Mailbox::new(None, address(&reply)?))
        .subject(subject)
        .message_id(Some(format!("<{}>", mail.message_id)))
        .envelope(
            Envelope::new(Some(address(&envelope)?), vec![to])
                .map_err(|error| format!("it has nobody to go to: {error}"))?,
        );
    // What is no plain id would break the header.
    let plain = |id: &&String| id.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>');
    let thread: Vec<String> =
        mail.references.iter().filter(plain).map(|id| format!("<{id}>")).collect();
    if let Some(last) = thread.last() {
        builder = builder.in_reply_to(last.clone()).references(thread.join(" "));
    }
    builder = builder.raw_header(header("X-Frontdesk", &letter.own_mark));
    let automatic = match mail.kind {
        MailKind::Comment | MailKind::Received => None,
        MailKind::Receipt => Some("auto-replied"),
        MailKind::Links | MailKind::Rating | MailKind::Summary => Some("auto-generated"),
    };
    if let Some(automatic) = automatic {
        builder = builder
            .raw_header(header("Auto-Submitted", automatic))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
    }
    let html = template::html(&text);
    let body = MultiPart::alternative_plain_html(text, html);
    let made = if letter.files.is_empty() {
        builder.multipart(body)
    } else {
        let mut whole = MultiPart::mixed().multipart(body);
        for (file, bytes) in &letter.files {
            let kind = ContentType::parse(&file.media_type).or_else(|_| ContentType::parse(ANY));
            let kind = kind.map_err(|error| format!("{}: {error}", file.name))?;
            whole = whole.singlepart(Attachment::new(file.name.clone()).body(bytes.clone(), kind));
        }
        builder.multipart(whole)
    };
    made.map_err(|error| format!("no mail can be made of it: {error}"))
}

const ANY: &str = "application/octet-stream";

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("{text:?} is no address that mail can go to: {error}"))
}

/// Subject and text.
fn words(mailer: &Mailer, letter: &Letter) -> (String, String) {
    let Letter { mail, ticket, entry, .. } = letter;
    let number = ticket.number.to_string();
    let links: Vec<&str> = letter.links.iter().map(|(_, link)| link.as_str()).collect();
    let links = match mail.kind {
        MailKind::Links => {
            let shown = letter.links.iter().map(|(number, link)| format!("#{number}: {link}"));
            shown.collect::<Vec<_>>().join("\n")
        }
        _ => links.join("\n"),
    };
    let values = Values {
        number: &number,
        subject: ticket.subject.as_deref().unwrap_or_default(),
        name: ticket.requester.name.as_deref().unwrap_or_default(),
        desk: &mailer.desk,
        link: &links,
        text: ticket.summary.as_deref().unwrap_or_default(),
    };
    let templates = &mailer.config.templates;
    let (own_subject, mut text) = match mail.kind {
        MailKind::Comment | MailKind::Received => (None, entry.body.clone()),
        MailKind::Receipt => template::fill(&templates.receipt, &values),
        MailKind::Rating => template::fill(&templates.rating, &values),
        MailKind::Links => template::fill(&templates.links, &values),
        MailKind::Summary => template::fill(&templates.summary, &values),
    };
    if !letter.left_out.is_empty() {
        let names = letter.left_out.join(", ");
        text.push_str(&format!("\n\n[Not attached, as the mail would be too large: {names}]"));
    }
    let signature = mailer.config.signature.trim();
    if !signature.is_empty() {
        text.push_str(&format!("\n\n-- \n{signature}"));
    }
    let subject = own_subject.unwrap_or_else(|| answered(&mail.subject, &number));
    (finished(&subject, mailer.config.tag.in_subject().then_some(letter.tag.as_str())), text)
}

/// `Re:` before a subject that has none.
fn answered(subject: &str, number: &str) -> String {
    let subject = subject.trim();
    if subject.is_empty() {
        return format!("#{number}");
    }
    let begins = |prefix: &str| {
        subject.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    };
    if begins("re:") { subject.to_owned() } else { format!("Re: {subject}") }
}

/// A subject in one line, with the tag behind it unless it is there.
fn finished(subject: &str, tag: Option<&str>) -> String {
    let one_line = subject.split(|c: char| c.is_control()).collect::<Vec<_>>().join(" ");
    let short: String = one_line.chars().take(MAX_SUBJECT).collect();
    match tag {
        Some(tag) if !short.contains(tag) => format!("{short} [#{tag}]"),
        _ => short,
    }
}
