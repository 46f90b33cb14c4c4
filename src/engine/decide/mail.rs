//! A mail that comes: its thread found by tag or Message-ID, never by subject alone; its words kept in the ticket; how far
//! its mailbox was read, all in one plan (S3.35).
//!
//! What always holds: a Message-ID adds something once; what no person wrote opens, reopens and answers nothing; mails
//! that answer one another share a ticket, in whatever order they come.

use super::mail_out::{id_hash, is_own};
use super::{files, intake, mail_out, outbox};
use crate::domain::channel::Channel;
use crate::domain::contact::Conversation;
use crate::domain::email;
use crate::domain::entry::Speaker;
use crate::domain::mail::{MAX_PEOPLE, Mail, MailKind, MailOf, MailboxPosition, tag};
use crate::domain::ticket::{MAX_DESCRIPTION, MAX_SUBJECT, Requester, Ticket};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::intake::{NewCase, NewRequester, NewTurn};
use crate::engine::mail::{Became, MailCommand, Nature, NewMail, own_mark, tag_mac};
use crate::engine::rows::key;

/// Said of a mail that says nothing.
const NO_WORDS: &str = "(no text)";
/// On tickets that a machine opened.
const AUTOMATED: &str = "automated";

pub fn decide(draft: &mut Draft<'_>, command: &MailCommand) -> Result<Reply, Refusal> {
    match command {
        MailCommand::Take(mail) => take(draft, mail),
        MailCommand::Begin { mailbox, position } => {
            moved(draft, mailbox, position)?;
            Ok(Reply::Done)
        }
        MailCommand::Links { address, tickets } => mail_out::links(draft, address, tickets),
    }
}

/// Notes how far a mailbox was read; never backwards within one numbering.
fn moved(draft: &mut Draft<'_>, mailbox: &str, position: &MailboxPosition) -> Result<(), Refusal> {
    let row = draft.ctx.seal.hash("mailbox", &[mailbox.as_bytes()]);
    let known = draft.get::<MailboxPosition>(&row)?;
    let is_behind = |known: MailboxPosition| {
        known.uid_validity == position.uid_validity && known.uid >= position.uid
    };
    if !known.is_some_and(is_behind) {
        draft.put(&row, position);
    }
    Ok(())
}

fn take(draft: &mut Draft<'_>, mail: &NewMail) -> Result<Reply, Refusal> {
    if let Some((mailbox, position)) = &mail.mailbox {
        moved(draft, mailbox, position)?;
    }
    let hash = id_hash(draft, &mail.id);
    let known = draft.get::<MailOf>(&hash)?;
    // What others only spoke of is known by its ticket, and has no entry yet.
    let spoken_of = known.filter(|of| !of.ours && of.entry.is_none()).and_then(|of| of.ticket);
    if let Some(known) = known.filter(|_| spoken_of.is_none()) {
        let became = if known.ours { Became::Own } else { Became::Duplicate };
        return Ok(Reply::Mail { ticket: known.ticket, became });
    }
    let sender = mail.from.as_ref().map(|from| from.address.as_str());
    let is_ours = mail.own.as_deref() == Some(own_mark(draft.ctx.seal).as_str());
    if is_ours || sender.is_some_and(|sender| is_own(draft, sender)) {
        draft.put(&hash, &MailOf { ticket: None, entry: None, ours: true });
        return Ok(Reply::Mail { ticket: None, became: Became::Own });
    }
    let thread = thread(draft, mail, spoken_of)?;
    let (ticket, became) = match (&mail.nature, thread) {
        (Nature::Bounce { of, failed, why }, thread) => {
            match bounced(draft, thread, (of.as_deref(), *failed, why), mail)? {
                Some(ticket) => (ticket, Became::Note),
                None => return ignored(draft, &hash),
            }
        }
        (Nature::AutoReply, None) => return ignored(draft, &hash),
        (Nature::AutoReply | Nature::Automatic, Some(mut ticket)) => {
            let turn = turn(mail, true);
            intake::add_turn(draft, &mut ticket, &case(mail), &turn)?;
            (ticket, Became::Note)
        }
        (Nature::Person, Some(mut ticket)) => {
            let number = ticket.number;
            intake::add_turn(draft, &mut ticket, &case(mail), &turn(mail, false))?;
            let made = ticket.number != number;
            (ticket, if made { Became::Ticket } else { Became::Reply })
        }
        (Nature::Person | Nature::Automatic, None) => (open(draft, mail)?, Became::Ticket),
    };
    keep(draft, mail, &hash, ticket, became)
}

/// What a machine says of nothing that we know is remembered, and no more.
fn ignored(draft: &mut Draft<'_>, hash: &[u8; 16]) -> Result<Reply, Refusal> {
    draft.put(hash, &MailOf { ticket: None, entry: None, ours: false });
    Ok(Reply::Mail { ticket: None, became: Became::Ignored })
}

/// The ticket of a mail's thread, as it goes on today.
fn thread(
    draft: &Draft<'_>,
    mail: &NewMail,
    spoken_of: Option<u64>,
) -> Result<Option<Ticket>, Refusal> {
    let right = |(number, told): &&(u64, String)| {
        tag(*number, &tag_mac(draft.ctx.seal, *number)).eq_ignore_ascii_case(told)
    };
    let tagged = mail.tags.iter().find(right).map(|(number, _)| *number);
    let mut candidates: Vec<u64> = tagged.into_iter().chain(spoken_of).collect();
    // The newest one says it best.
    for id in mail.references.iter().rev() {
        let of = draft.get::<MailOf>(&id_hash(draft, id))?;
        candidates.extend(of.and_then(|of| of.ticket));
    }
    for number in candidates {
        let found = draft.rows().live(number)?;
        // An erased customer's ticket is hollow: whoever writes now is somebody new.
        let whole = found.filter(|ticket| ticket.requester != Requester::default());
        if let Some(ticket) = whole {
            return current(draft, ticket).map(Some);
        }
    }
    Ok(None)
}

/// The ticket in which the conversation of an ended one has gone on, if it has.
fn current(draft: &Draft<'_>, ticket: Ticket) -> Result<Ticket, Refusal> {
    if ticket.status.is_open() {
        return Ok(ticket);
    }
    let Some(id) = ticket.conversation else { return Ok(ticket) };
    let conversation = draft.get::<Conversation>(&key::number(id))?;
    let next = match conversation.and_then(|conversation| conversation.ticket) {
        Some(next) => draft.rows().live(next)?,
        None => None,
    };
    Ok(next.unwrap_or(ticket))
}

fn open(draft: &mut Draft<'_>, mail: &NewMail) -> Result<Ticket, Refusal> {
    let mut new = case(mail);
    if mail.nature == Nature::Automatic {
        new.tags.push(AUTOMATED.to_owned());
    }
    let contact = intake::requester(draft, &new.requester)?;
    let mut ticket = intake::open(draft, &new, contact.clone(), None)?;
    intake::complete(draft, &mut ticket, &new, contact)?;
    Ok(ticket)
}

/// The case of a mail that opens a ticket, or follows one up.
fn case(mail: &NewMail) -> NewCase {
    NewCase {
        channel: Channel::Email,
        source: None,
        name: Some(format!("email:{}", mail.id)),
        delivery: None,
        requester: requester(mail),
        subject: Some(mail.subject.chars().take(MAX_SUBJECT).collect::<String>())
            .filter(|subject| !subject.is_empty()),
        description: Some(words(mail).chars().take(MAX_DESCRIPTION).collect()),
        described_by: Speaker::User,
        opened_at: mail.sent_at,
        order_id: None,
        priority: None,
        tags: Vec::new(),
        turns: Vec::new(),
        status: None,
    }
}

fn words(mail: &NewMail) -> &str {
    if mail.words.is_empty() { NO_WORDS } else { &mail.words }
}

fn requester(mail: &NewMail) -> NewRequester {
    let Some(from) = &mail.from else { return NewRequester::default() };
    let address = Some(from.address.trim()).filter(|address| email::is_address(address));
    NewRequester {
        addresses: address.map(email::contact_address).into_iter().collect(),
        name: from.name.clone(),
        email: address.map(str::to_owned),
    }
}

fn turn(mail: &NewMail, private: bool) -> NewTurn {
    let author = mail.from.as_ref();
    let author = author.map(|from| from.name.clone().unwrap_or_else(|| from.address.clone()));
    NewTurn {
        id: Some(mail.id.clone()),
        at: mail.sent_at,
        speaker: Speaker::User,
        author,
        text: words(mail).to_owned(),
        private,
    }
}

/// A server says that a mail of ours did not arrive: it is told to the agents, and never answered.
fn bounced(
    draft: &mut Draft<'_>,
    thread: Option<Ticket>,
    (of, failed, why): (Option<&str>, bool, &str),
    mail: &NewMail,
) -> Result<Option<Ticket>, Refusal> {
    let known = match of {
        Some(id) => draft.get::<MailOf>(&id_hash(draft, id))?.filter(|of| of.ours),
        None => None,
    };
    if let Some(entry) = known.and_then(|of| of.entry).filter(|_| failed) {
        let told = if why.is_empty() { "it came back" } else { why };
        outbox::bounced(draft, entry, told)?;
    }
    let home = match known.and_then(|of| of.ticket) {
        Some(number) => draft.rows().live(number)?,
        None => None,
    };
    let Some(mut ticket) = home.or(thread) else { return Ok(None) };
    let what = if failed { "A mail could not be delivered" } else { "A mail is delayed" };
    let text = if why.is_empty() { format!("{what}.") } else { format!("{what}: {why}") };
    let turn = NewTurn { speaker: Speaker::System, author: None, text, ..turn(mail, true) };
    intake::add_turn(draft, &mut ticket, &case(mail), &turn)?;
    Ok(Some(ticket))
}

/// Keeps what belongs to the entry that was written last: the mail itself, its files, its Message-ID.
fn keep(
    draft: &mut Draft<'_>,
    mail: &NewMail,
    hash: &[u8; 16],
    mut ticket: Ticket,
    became: Became,
) -> Result<Reply, Refusal> {
    let entry = ticket.extent.last_entry;
    let item = draft.rows().item(&ticket, entry)?;
    let item = item.ok_or_else(|| Refusal::Store("the mail's entry is not there".into()))?;
    let left_out = files::attach_new(draft, ticket.number, &mail.files, entry)?;
    let kept = Mail {
        kind: MailKind::Received,
        message_id: mail.id.clone(),
        subject: mail.subject.clone(),
        from: mail.from.as_ref().map(|from| from.address.clone()).unwrap_or_default(),
        to: mail.to.iter().take(MAX_PEOPLE).cloned().collect(),
        cc: mail.cc.iter().take(MAX_PEOPLE).cloned().collect(),
        references: mail.references.clone(),
        full: mail.full.clone(),
        links: Vec::new(),
    };
    draft.put(&key::of_entry(ticket.number, entry, &[]), &kept);
    draft.put(hash, &MailOf { ticket: Some(ticket.number), entry: Some(item.no), ours: false });
    if matches!(became, Became::Ticket | Became::Reply) {
        spoken_of(draft, mail, ticket.number)?;
    }
    let more =
        (left_out > 0).then(|| format!("{left_out} files were left out: the ticket is full."));
    let notes: Vec<&str> = mail.note.as_deref().into_iter().chain(more.as_deref()).collect();
    if !notes.is_empty() {
        let turn = NewTurn {
            id: None,
            at: None,
            speaker: Speaker::System,
            author: None,
            text: notes.join("\n"),
            private: true,
        };
        intake::add_turn(draft, &mut ticket, &case(mail), &turn)?;
    }
    if became == Became::Ticket && mail.nature == Nature::Person {
        mail_out::receipt(draft, &mut ticket)?;
    }
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    Ok(Reply::Mail { ticket: Some(ticket.number), became })
}

/// A mail of the same thread that comes later, though it is older, joins this ticket.
fn spoken_of(draft: &mut Draft<'_>, mail: &NewMail, ticket: u64) -> Result<(), Refusal> {
    for id in &mail.references {
        let hash = id_hash(draft, id);
        if draft.get::<MailOf>(&hash)?.is_none() {
            draft.put(&hash, &MailOf { ticket: Some(ticket), entry: None, ours: false });
        }
    }
    Ok(())
}
