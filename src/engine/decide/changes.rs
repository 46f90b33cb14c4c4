//! What happens to a message after it was sent: edits, deletions, reactions, its content coming late. The old
//! words stay among its revisions; nothing that comes twice, or before what is newer, changes more.

use super::{identity, outbox};
use crate::domain::entry::{Entry, Speaker};
use crate::domain::message::{
    Change, Changer, DELETED, EarlyChange, MAX_REACTIONS, MAX_REVISIONS, Reaction, Revision,
    wordings,
};
use crate::domain::ticket::first_line;
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
    // One that was written here, and has not come back from the bridge.
    if let Some(no) = outbox::sent_as(draft, &change.instance, &change.target)?
        && let Some(entry) = draft.get::<Entry>(&key::number(no))?
    {
        apply(draft, no, &early)?;
        return Ok(Reply::Changed { ticket: Some(entry.ticket) });
    }
    for hash in identity::waiting(draft, change) {
        let mut waits = identity::waits_under(draft, &hash)?.unwrap_or_default();
        if waits.add(early.clone()) {
            identity::keep_waiting(draft, &change.addresses, &hash, &waits)?;
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

/// The words that an entry ever had, in the order of arrival. Empty as long as it has only one.
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
    entry: Entry,
    text: &str,
    at: Option<Micros>,
) -> Result<(), Refusal> {
    let mut known = revisions(draft, &entry)?;
    let is_known = match at {
        Some(at) => known.iter().skip(1).any(|r| r.at == at && r.body == text),
        // One of the two forms in which it comes may not tell when.
        None => entry.body == text || known.iter().any(|r| r.body == text),
    };
    if is_known {
        return Ok(());
    }
    if known.is_empty() {
        known.push(keep_first(draft, &entry));
    }
    let at = at.unwrap_or(draft.ctx.now);
    let new = Revision { body: text.to_owned(), at, attachment: None };
    known.truncate(MAX_REVISIONS as usize - 1);
    put_revision(draft, &entry, known.len() as u32, &new);
    known.push(new);
    rewrite(draft, no, entry, |entry| say_last(entry, known))
}

/// Other words for an entry that was written here: they count from now on, whatever the clock says.
pub fn reword(draft: &mut Draft<'_>, no: u64, entry: Entry, text: &str) -> Result<(), Refusal> {
    let known = revisions(draft, &entry)?;
    let newest = known.iter().map(|revision| revision.at).max().unwrap_or(entry.at);
    let at = draft.ctx.now.max(newest.plus(1));
    edit(draft, no, entry, text, Some(at))
}

/// The entry says the last of these wordings, unless it was deleted.
fn say_last(entry: &mut Entry, revisions: Vec<Revision>) {
    let mut wordings = wordings(revisions);
    let is_edited = wordings.len() > 1;
    let Some(last) = wordings.pop() else { return };
    entry.edited_at = is_edited.then_some(last.at);
    if entry.deleted_at.is_none() {
        entry.body = last.body;
    }
}

pub fn delete(
    draft: &mut Draft<'_>,
    no: u64,
    entry: Entry,
    at: Option<Micros>,
) -> Result<(), Refusal> {
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
    let mut known = revisions(draft, &entry)?;
    if let Some(first) = known.first_mut() {
        (first.body, first.attachment) = (message.text.clone(), message.attachment.clone());
        put_revision(draft, &entry, 0, first);
    }
    if let Some(quote) = &message.quoted {
        draft.put(&key::of_entry(entry.ticket, entry.id, &[]), quote);
    }
    rewrite(draft, no, entry, |entry| {
        if entry.deleted_at.is_none() {
            entry.attachment = message.attachment.clone();
            entry.body = message.text.clone();
        }
        say_last(entry, known);
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
    let Some(mut ticket) = draft.rows().home(entry.ticket)? else { return Ok(()) };
    draft.event_about(EventKind::EntryUpdated, Some(ticket.number), Some(no), None);
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
    let home = draft.rows().home(entry.ticket)?.map_or(entry.ticket, |ticket| ticket.number);
    draft.event_about(EventKind::EntryUpdated, Some(home), Some(no), None);
    Ok(())
}
