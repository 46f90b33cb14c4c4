//! Mails that go out: agents' public comments, and what the desk writes by itself. Each is an entry, a row of the outbox
//! and what is known of it as a mail, in one plan.
//!
//! What always holds: an automatic mail answers no machine, and to one address only some go in an hour; the Message-ID of
//! whatever went out leads to its ticket from before the first attempt on.

use super::{chat, hour, outbox, people};
use crate::domain::channel::Channel;
use crate::domain::email;
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::mail::{LANE, MAIL, MAX_LINKS, Mail, MailKind, MailOf, MailPace, shorten};
use crate::domain::ticket::Ticket;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::mail::{link_token, token_hash};
use crate::engine::rows::{ReadError, key};
use crate::store::Order;

/// The address that a ticket's public comments go to; none where they do not go out by mail.
pub fn way(draft: &Draft<'_>, ticket: &Ticket) -> Result<Option<String>, Refusal> {
    let rules = &draft.ctx.rules.mail;
    if !rules.sends || !rules.channels.contains(&ticket.channel) {
        return Ok(None);
    }
    address(draft, ticket)
}

/// The address of a ticket's customer.
fn address(draft: &Draft<'_>, ticket: &Ticket) -> Result<Option<String>, Refusal> {
    let told = ticket.requester.email.as_deref().map(str::trim);
    if let Some(told) = told.filter(|told| email::is_address(told)) {
        return Ok(Some(told.to_owned()));
    }
    let Some(contact) = ticket.requester.contact else { return Ok(None) };
    let contact = people::stored_contact(draft, contact)?;
    let mut known = contact.addresses.iter().filter_map(|known| known.strip_prefix("mailto:"));
    Ok(known.find(|known| email::is_address(known)).map(str::to_owned))
}

pub fn of_entry(draft: &Draft<'_>, entry: &Entry) -> Result<Option<Mail>, ReadError> {
    draft.get::<Mail>(&key::of_entry(entry.ticket, entry.id, &[]))
}

/// An agent's comment.
pub fn comment(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    written: (u64, &Entry),
    to: String,
) -> Result<(), Refusal> {
    send(draft, ticket, written, MailKind::Comment, to, Vec::new())
}

/// A mail that failed goes out once more, to where its customer is reached now.
pub fn resend(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    written: (u64, &Entry),
    mail: Mail,
) -> Result<(), Refusal> {
    let to = if draft.ctx.rules.mail.sends { address(draft, ticket)? } else { None };
    let to = to.ok_or_else(|| {
        let why = "has no address of mail that it could go to, or mail.smtp is not set";
        Refusal::Conflict(format!("ticket #{} {why}", ticket.number))
    })?;
    send(draft, ticket, written, mail.kind, to, mail.links)
}

/// A new ticket's customer is told that it is there.
pub fn receipt(draft: &mut Draft<'_>, ticket: &mut Ticket) -> Result<(), Refusal> {
    if !draft.ctx.rules.mail.receipts {
        return Ok(());
    }
    let body = "A receipt was sent to the customer.";
    let links = vec![ticket.number];
    automatic(draft, ticket, MailKind::Receipt, (body, links)).map(|_| ())
}

/// The customer of a ticket that was resolved is asked to rate it.
pub fn rating(draft: &mut Draft<'_>, ticket: &mut Ticket) -> Result<(), Refusal> {
    let rules = &draft.ctx.rules.mail;
    // Who called, or chats, is not asked by mail.
    let asked = rules.rating && rules.links && rules.channels.contains(&ticket.channel);
    if !asked || matches!(ticket.channel, Channel::Call | Channel::Whatsapp) {
        return Ok(());
    }
    let body = "The customer was asked for a rating.";
    let links = vec![ticket.number];
    automatic(draft, ticket, MailKind::Rating, (body, links)).map(|_| ())
}

/// Who called is sent what the call came to (S0.63).
pub fn summary(draft: &mut Draft<'_>, ticket: &mut Ticket) -> Result<(), Refusal> {
    if !draft.ctx.rules.mail.call_summary || ticket.summary.is_none() {
        return Ok(());
    }
    let body = "The call's summary was sent to the customer.";
    automatic(draft, ticket, MailKind::Summary, (body, Vec::new())).map(|_| ())
}

/// Links to these tickets, as far as they are of this address, in one mail (S3.43).
pub fn links(draft: &mut Draft<'_>, asked: &str, tickets: &[u64]) -> Result<Reply, Refusal> {
    let mut theirs = Vec::new();
    for number in tickets.iter().take(MAX_LINKS) {
        let ticket = draft.rows().live(*number)?;
        let is_theirs = |ticket: &Ticket| {
            ticket.requester.email.as_ref().is_some_and(|known| email::folded(known) == asked)
        };
        theirs.extend(ticket.filter(is_theirs));
    }
    let links: Vec<u64> = theirs.iter().map(|ticket| ticket.number).collect();
    let Some(mut newest) = theirs.into_iter().next() else { return Ok(Reply::Done) };
    if !draft.ctx.rules.mail.links {
        return Ok(Reply::Done);
    }
    let body = "A link to the ticket was sent to the customer, who asked for it.";
    if automatic(draft, &mut newest, MailKind::Links, (body, links))? {
        draft.put_ticket(&newest)?;
    }
    Ok(Reply::Done)
}

/// Writes an entry for a mail that the desk sends by itself, and queues it. False: it was one too many.
fn automatic(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    kind: MailKind,
    (body, links): (&str, Vec<u64>),
) -> Result<bool, Refusal> {
    let rules = &draft.ctx.rules.mail;
    let links = if rules.links { links } else { Vec::new() };
    let to = if rules.sends { address(draft, ticket)? } else { None };
    let Some(to) = to.filter(|to| !is_own(draft, to)) else { return Ok(false) };
    let hash = draft.ctx.seal.hash("mail pace", &[email::folded(&to).as_bytes()]);
    let row = key::bucketed(hour(draft.ctx.steady), &hash);
    let pace = draft.get::<MailPace>(&row)?.unwrap_or_default();
    if pace.sent >= draft.ctx.rules.mail.per_hour {
        return Ok(false);
    }
    let now = draft.ctx.now;
    let entry = Entry {
        ticket: ticket.number,
        id: draft.reserve_entry(ticket),
        at: now,
        received_at: now,
        speaker: Speaker::System,
        kind: Kind::Event,
        author: None,
        body: body.to_owned(),
        tool_calls: Vec::new(),
        attachment: None,
        provider_id: None,
        edited_at: None,
        deleted_at: None,
    };
    let no = draft.add_last(ticket, &entry)?;
    match send(draft, ticket, (no, &entry), kind, to, links) {
        Ok(()) => {}
        // What the customer wrote is not refused because the outbox is full.
        Err(Refusal::Overloaded(_)) => return Ok(true),
        Err(other) => return Err(other),
    }
    draft.put(&row, &MailPace { sent: pace.sent + 1 });
    draft.event_about(EventKind::MessageAdded, Some(ticket.number), Some(no), None);
    Ok(true)
}

/// Whether an address is the desk's, with or without a tag.
pub fn is_own(draft: &Draft<'_>, address: &str) -> bool {
    let bare = |address: &str| {
        let address = email::folded(address);
        match address.rsplit_once('@') {
            Some((local, domain)) => {
                format!("{}@{domain}", local.split('+').next().unwrap_or_default())
            }
            None => address,
        }
    };
    let asked = bare(address);
    draft.ctx.rules.mail.own.iter().any(|own| bare(own) == asked)
}

/// Puts a mail into the outbox, in its ticket's thread.
fn send(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    (no, entry): (u64, &Entry),
    kind: MailKind,
    to: String,
    links: Vec<u64>,
) -> Result<(), Refusal> {
    let way = (MAIL.to_owned(), to.clone());
    let id = outbox::put(draft, LANE | entry.ticket, way, (no, entry))?;
    let from = draft.ctx.rules.mail.own.first().map_or("", String::as_str);
    let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let message_id = format!("{}@{domain}", id.to_ascii_lowercase());
    for link in &links {
        let token = link_token(draft.ctx.seal, &message_id, *link);
        chat::grant(draft, *link, token_hash(&token))?;
    }
    let subject = ticket.subject.clone().unwrap_or_default();
    let references = thread(draft, ticket)?;
    let mail = Mail {
        kind,
        message_id,
        subject,
        from: from.to_owned(),
        to: vec![to],
        cc: Vec::new(),
        references,
        full: None,
        links,
    };
    let row = key::of_entry(entry.ticket, entry.id, &[]);
    let hash = id_hash(draft, &mail.message_id);
    draft.put(&row, &mail);
    draft.put(&hash, &MailOf { ticket: Some(ticket.number), entry: Some(no), ours: true });
    Ok(())
}

/// The row key of a Message-ID.
pub fn id_hash(draft: &Draft<'_>, message_id: &str) -> [u8; 16] {
    draft.ctx.seal.hash("mail", &[message_id.as_bytes()])
}

/// The Message-IDs of a ticket's thread so far, oldest first.
fn thread(draft: &Draft<'_>, ticket: &Ticket) -> Result<Vec<String>, ReadError> {
    let (start, end) = (key::number(ticket.number), key::number(ticket.number + 1));
    let last = draft.rows().scan::<Mail>(&start, Some(&end), Order::Descending, 1)?;
    let Some((_, last)) = last.into_iter().next() else { return Ok(Vec::new()) };
    let mut ids = last.references;
    ids.push(last.message_id);
    shorten(&mut ids);
    Ok(ids)
}
