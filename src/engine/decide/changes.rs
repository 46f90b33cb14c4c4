//! What happens to a message after it was sent: edits, deletions, reactions, its content coming late. The old
//! words stay among its revisions; nothing that comes twice, or before what is newer, changes more.

use super::identity;
use super::whatsapp::first_line;
use crate::domain::entry::{Entry, Speaker};
use crate::domain::message::{
    Change, Changer, DELETED, EarlyChange, MAX_REACTIONS, MAX_REVISIONS, Reaction, Revision,
};
use crate::domain::time::Micros;
use crate::engine::command::{InboundMessage, MessageChange, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;

pub fn receive(draft: &mut Draft<'_>, change: &MessageChange) -> Result<Reply, Refusal> {
    let early = EarlyChange { change: change.change.clone(), by: change.by.clone(), at: change.at };
    if let Some(seen) = identity::target(draft, change)? {
        if let Some(entry) = seen.entry {
            apply(draft, entry, &early)?;
        }
        return Ok(Reply::Changed { ticket: seen.ticket });
    }
    for hash in identity::waiting(draft, change) {
        let mut waits = identity::waits_under(draft, &hash)?.unwrap_or_default();
        if waits.add(early.clone()) {
            identity::keep_waiting(draft, &hash, &waits);
        }
    }
    Ok(Reply::Changed { ticket: None })
}

/// Makes up for what came before this message, whose entry has this global number, under any of these addresses.
pub fn catch_up(
    draft: &mut Draft<'_>,
    message: &InboundMessage,
    addresses: &[String],
    entry: u64,
) -> Result<(), Refusal> {
    for early in identity::early(draft, message, addresses)? {
        for change in &early.changes {
            apply(draft, entry, change)?;
        }
    }
    Ok(())
}

fn apply(draft: &mut Draft<'_>, no: u64, change: &EarlyChange) -> Result<(), Refusal> {
    let Some(entry) = draft.get::<Entry>(&key::number(no))? else { return Ok(()) };
    match &change.change {
        Change::Edit { text } if wrote(&change.by, &entry) => {
            edit(draft, no, entry, text, change.at)
        }
        // In a group its admins may take a message back too.
        Change::Delete if wrote(&change.by, &entry) || change.by.address.is_some() => {
            delete(draft, no, entry, change.at)
        }
        Change::Edit { .. } | Change::Delete => Ok(()),
        Change::React { emoji } => react(draft, no, &entry, emoji.as_deref(), change),
    }
}

/// Only the side that wrote a message may change it.
fn wrote(by: &Changer, entry: &Entry) -> bool {
    let ours = matches!(entry.speaker, Speaker::Agent | Speaker::Bot);
    by.from_me.is_none_or(|from_me| from_me == ours)
}

/// Every wording of an entry, the first one first and then by time. Empty as long as it has only one.
fn revisions(draft: &Draft<'_>, entry: &Entry) -> Result<Vec<Revision>, Refusal> {
    Ok(draft.rows().revisions(entry.ticket, entry.id)?)
}

fn put_revision(draft: &mut Draft<'_>, entry: &Entry, position: u32, revision: &Revision) {
    draft.put(&key::of_entry(entry.ticket, entry.id, &position.to_be_bytes()), revision);
}

/// Keeps the words that an entry was sent with, before they are changed.
fn keep_first(draft: &mut Draft<'_>, entry: &Entry) -> Revision {
    let (body, attachment) = (entry.body.clone(), entry.attachment.clone());
    let first = Revision { body, at: entry.at, attachment };
    put_revision(draft, entry, 0, &first);
    first
}

fn edit(
    draft: &mut Draft<'_>,
    no: u64,
    mut entry: Entry,
    text: &str,
    at: Option<Micros>,
) -> Result<(), Refusal> {
    let known = revisions(draft, &entry)?;
    let is_known = match at {
        // The same edit told in another form, perhaps without its time, stands at this time or behind it.
        Some(at) => {
            let mut edits = known.iter().skip(1);
            let next = edits.clone().find(|r| r.at > at);
            edits.any(|r| r.at == at && r.body == text) || next.is_some_and(|r| r.body == text)
        }
        None => entry.body == text || known.iter().any(|r| r.body == text),
    };
    if is_known {
        return Ok(());
    }
    let mut known = known;
    if known.is_empty() {
        known.push(keep_first(draft, &entry));
    }
    let at = at.unwrap_or(draft.ctx.now);
    let position = u32::try_from(known.len()).unwrap_or(MAX_REVISIONS).min(MAX_REVISIONS - 1);
    let new = Revision { body: text.to_owned(), at, attachment: None };
    put_revision(draft, &entry, position, &new);
    let newest = known.iter().skip(1).filter(|r| r.at > at).max_by_key(|r| r.at);
    let newest = newest.unwrap_or(&new);
    entry.edited_at = Some(newest.at);
    let body = newest.body.clone();
    rewrite(draft, no, entry, |entry| {
        if entry.deleted_at.is_none() {
            entry.body = body;
        }
    })
}

fn delete(draft: &mut Draft<'_>, no: u64, entry: Entry, at: Option<Micros>) -> Result<(), Refusal> {
    // One of the two forms in which it comes may not tell when.
    let at = at.unwrap_or(draft.ctx.now);
    if entry.deleted_at.is_some_and(|known| known <= at) {
        return Ok(());
    }
    if revisions(draft, &entry)?.is_empty() {
        keep_first(draft, &entry);
    }
    rewrite(draft, no, entry, |entry| {
        entry.deleted_at = Some(at);
        entry.body = DELETED.to_owned();
        entry.attachment = None;
    })
}

/// The content of a message that came undecrypted first.
pub fn fill(draft: &mut Draft<'_>, no: u64, message: &InboundMessage) -> Result<(), Refusal> {
    let Some(entry) = draft.get::<Entry>(&key::number(no))? else { return Ok(()) };
    let known = revisions(draft, &entry)?;
    if let Some(first) = known.into_iter().next() {
        let (body, attachment) = (message.text.clone(), message.attachment.clone());
        put_revision(draft, &entry, 0, &Revision { body, attachment, ..first });
    }
    if let Some(quote) = &message.quoted {
        draft.put(&key::of_entry(entry.ticket, entry.id, &[]), quote);
    }
    rewrite(draft, no, entry, |entry| {
        if entry.deleted_at.is_none() {
            entry.attachment = message.attachment.clone();
            if entry.edited_at.is_none() {
                entry.body = message.text.clone();
            }
        }
        if entry.speaker == Speaker::User && entry.author.is_none() {
            entry.author = message.name.clone();
        }
    })
}

/// Puts an entry anew; the subject that its first line made follows it.
fn rewrite(
    draft: &mut Draft<'_>,
    no: u64,
    mut entry: Entry,
    how: impl FnOnce(&mut Entry),
) -> Result<(), Refusal> {
    let before = first_line(&entry.body);
    how(&mut entry);
    draft.put(&key::number(no), &entry);
    draft.event_about(EventKind::EntryUpdated, Some(entry.ticket), Some(no), None);
    let Some(mut ticket) = draft.rows().ticket(entry.ticket)? else { return Ok(()) };
    ticket.updated_at = draft.ctx.now;
    if ticket.subject.as_ref() == Some(&before) {
        ticket.subject = Some(first_line(&entry.body));
    }
    draft.put_ticket(&ticket)?;
    Ok(())
}

fn react(
    draft: &mut Draft<'_>,
    no: u64,
    entry: &Entry,
    emoji: Option<&str>,
    change: &EarlyChange,
) -> Result<(), Refusal> {
    let by = if change.by.from_me == Some(true) { Speaker::Agent } else { Speaker::User };
    let who = change.by.address.as_deref().unwrap_or_default();
    let who = draft.ctx.seal.hash("reactor", &[by.as_str().as_bytes(), who.as_bytes()]);
    let row = key::of_entry(entry.ticket, entry.id, &who);
    let at = change.at.unwrap_or(draft.ctx.now);
    let known = draft.get::<Reaction>(&row)?;
    let shown = known.as_ref().and_then(|known| known.emoji.as_deref());
    let is_same = shown == emoji;
    match &known {
        Some(known) if known.at > at => return Ok(()),
        Some(known) if is_same && (change.at.is_none() || known.at == at) => return Ok(()),
        Some(_) => {}
        None if draft.rows().reactions(entry.ticket, entry.id)?.len() >= MAX_REACTIONS => {
            return Ok(());
        }
        None => {}
    }
    let (emoji, author) = (emoji.map(str::to_owned), change.by.name.clone());
    draft.put(&row, &Reaction { emoji, by, author, at });
    if is_same {
        return Ok(());
    }
    // The entry is put again so that the event shows it.
    draft.put(&key::number(no), entry);
    draft.event_about(EventKind::EntryUpdated, Some(entry.ticket), Some(no), None);
    Ok(())
}
