//! Cases of other desks, of forms and of the API become tickets (seed 001).
//!
//! What always holds: a case has one ticket at a time, whatever of it comes first; a delivery, a comment or a status
//! that comes again, or late, changes nothing that is newer; what is known is never overwritten by a later delivery.

use super::people::{self, new_conversation};
use super::{buckets, day, infer, queue};
use crate::domain::contact::{Contact, Conversation, Mode};
use crate::domain::entry::{Entry, Kind, MAX_BODY, Speaker};
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::{
    MAX_DESCRIPTION, MAX_EXTERNAL_IDS, MAX_NAME, MAX_RELATED, MAX_SUBJECT, MAX_TAG, MAX_TAGS,
    Ticket, first_line,
};
use crate::domain::time::Micros;
use crate::domain::words::head;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::intake::{NewCase, NewRequester, NewTurn, ToldStatus};
use crate::engine::rows::key;
use crate::engine::timeline::Place;
use crate::store::records::{Pointer, Seen};

/// The prefix of these tickets' references (DESIGN C1).
const PREFIX: &str = "TKT";

pub fn take(draft: &mut Draft<'_>, new: &NewCase) -> Result<Reply, Refusal> {
    let delivery =
        new.delivery.as_ref().map(|id| draft.ctx.seal.hash("delivery", &[id.as_bytes()]));
    if let Some(delivery) = &delivery
        && let Some(number) = seen(draft, delivery)?.and_then(|seen| seen.ticket)
        && let Some(ticket) = draft.rows().home(number)?
    {
        return Ok(Reply::Taken { ticket: Box::new(ticket), made: false });
    }
    // First, because two contacts that become one may change the ticket.
    let contact = requester(draft, &new.requester)?;
    let known = known(draft, new.name.as_deref())?;
    let made = known.is_none();
    let mut ticket = match known {
        Some(ticket) => ticket,
        None => open(draft, new, contact.clone(), None)?,
    };
    let before = ticket.clone();
    complete(draft, &mut ticket, new, contact)?;
    for turn in &new.turns {
        say(draft, &mut ticket, new, turn)?;
    }
    if let Some(told) = new.status {
        follow(draft, &mut ticket, told)?;
    }
    if made || ticket != before {
        ticket.updated_at = draft.ctx.now;
        draft.put_ticket(&ticket)?;
        if !made {
            draft.event(EventKind::TicketUpdated, Some(ticket.number));
        }
    }
    if let Some(delivery) = &delivery {
        remember(draft, delivery, ticket.number);
    }
    Ok(Reply::Taken { ticket: Box::new(ticket), made })
}

/// The ticket that a case of this name has now.
pub fn known(draft: &Draft<'_>, name: Option<&str>) -> Result<Option<Ticket>, Refusal> {
    Ok(match name {
        Some(name) => draft.rows().resolve(&Reference::External(name.to_owned()))?,
        None => None,
    })
}

/// What was dealt with under this key before.
pub fn seen(draft: &Draft<'_>, hash: &[u8; 16]) -> Result<Option<Seen>, Refusal> {
    let (today, kept) = (day(draft.ctx.steady), draft.ctx.rules.dedup_days);
    buckets::find::<Seen>(draft, today, kept, hash, draft.ctx.seen)
}

pub fn remember(draft: &mut Draft<'_>, hash: &[u8; 16], ticket: u64) {
    let row = Seen { ticket: Some(ticket), mode: Mode::Agent, entry: None, undecrypted: false };
    draft.put(&key::bucketed(day(draft.ctx.steady), hash), &row);
}

/// The contact of these addresses, found or made; none when there is no address.
pub fn requester(draft: &mut Draft<'_>, new: &NewRequester) -> Result<Option<Contact>, Refusal> {
    if new.addresses.is_empty() {
        return Ok(None);
    }
    let mut contact = people::one_contact(draft, &new.addresses, None)?;
    if contact.name.is_none() && new.name.is_some() {
        contact.name = new.name.as_deref().map(|name| cut(name, MAX_NAME / 4));
        draft.put(&key::number(contact.id), &contact);
    }
    Ok(Some(contact))
}

/// A new ticket, which its case's name leads to from now on. `earlier` is the one that it follows up.
pub fn open(
    draft: &mut Draft<'_>,
    new: &NewCase,
    contact: Option<Contact>,
    earlier: Option<&mut Ticket>,
) -> Result<Ticket, Refusal> {
    let names = draft.name_ticket(PREFIX)?;
    let now = draft.ctx.now;
    let mut ticket = Ticket {
        priority: new.priority.unwrap_or(draft.ctx.rules.default_priority),
        source: new.source.clone(),
        ..Ticket::new(names, new.channel, Status::New, now)
    };
    if let Some(name) = &new.name {
        name_externally(draft, &mut ticket, name);
        let found = earlier.as_ref().and_then(|earlier| earlier.conversation);
        let found = found.map(|id| draft.get::<Conversation>(&key::number(id))).transpose()?;
        join(draft, &mut ticket, name, contact, found.flatten())?;
    }
    if let Some(earlier) = earlier {
        ticket.related.push(earlier.number);
        if earlier.related.len() < MAX_RELATED {
            earlier.related.push(ticket.number);
            draft.event(EventKind::TicketUpdated, Some(earlier.number));
        }
    }
    draft.write_history(&mut ticket, None, None);
    draft.event(EventKind::TicketCreated, Some(ticket.number));
    let (number, channel) = (ticket.number, ticket.channel.as_str());
    draft.notice(format!("[TICKET] ✅ Created new ticket #{number} ({channel})").into());
    Ok(ticket)
}

/// Makes another system's name of a case lead to this ticket.
pub fn name_externally(draft: &mut Draft<'_>, ticket: &mut Ticket, name: &str) {
    let row = draft.rows().external(name);
    draft.put(&row, &Pointer(ticket.number));
    if ticket.external_ids.len() < MAX_EXTERNAL_IDS {
        ticket.external_ids.push(name.to_owned());
    }
}

/// Makes the ticket its conversation's, one that is found or else made as soon as somebody is known.
fn join(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    name: &str,
    contact: Option<Contact>,
    found: Option<Conversation>,
) -> Result<(), Refusal> {
    let mut conversation = match (found, contact) {
        (Some(conversation), _) => conversation,
        (None, Some(mut contact)) => new_conversation(draft, name, &mut contact)?,
        (None, None) => return Ok(()),
    };
    conversation.mode = Mode::Agent;
    conversation.ticket = Some(ticket.number);
    draft.put(&key::number(conversation.id), &conversation);
    ticket.conversation = Some(conversation.id);
    Ok(())
}

/// Takes over what the ticket does not know yet.
pub fn complete(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    new: &NewCase,
    contact: Option<Contact>,
) -> Result<(), Refusal> {
    let by_contact = contact.as_ref().and_then(|contact| contact.name.clone());
    let requester = &mut ticket.requester;
    let name = new.requester.name.as_deref().map(|name| cut(name, MAX_NAME));
    requester.name = requester.name.take().or(name).or(by_contact);
    requester.email = requester.email.take().or_else(|| new.requester.email.clone());
    requester.contact = requester.contact.or(contact.as_ref().map(|contact| contact.id));
    if let (None, Some(name), true) = (ticket.conversation, &new.name, ticket.status.is_open()) {
        join(draft, ticket, name, contact, None)?;
    }
    if ticket.tags.is_empty() {
        let tags = new.tags.iter().take(MAX_TAGS);
        ticket.tags = tags.map(|tag| cut(tag, MAX_TAG)).collect();
    }
    ticket.order_id = ticket.order_id.take().or_else(|| new.order_id.clone());
    let told = new.subject.as_deref().map(|subject| cut(subject, MAX_SUBJECT));
    if ticket.subject.is_none() {
        ticket.subject = told.or_else(|| new.description.as_deref().map(first_line));
    }
    if let (None, Some(text)) = (&ticket.description, &new.description) {
        ticket.description = Some(cut(text, MAX_DESCRIPTION));
        let author =
            if new.described_by == Speaker::User { ticket.requester.name.clone() } else { None };
        let first = NewTurn {
            id: None,
            at: new.opened_at,
            speaker: new.described_by,
            author,
            text: text.clone(),
            private: false,
        };
        write(draft, ticket, &first)?;
        let words = format!("{}\n{text}", new.subject.as_deref().unwrap_or_default());
        if new.described_by == Speaker::User {
            infer::from_text(draft, ticket, &words);
        }
    }
    Ok(())
}

/// Adds a turn, unless it came before.
fn say(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    new: &NewCase,
    turn: &NewTurn,
) -> Result<(), Refusal> {
    let case = new.name.as_deref().unwrap_or_default().as_bytes();
    let identity = match &turn.id {
        Some(id) => draft.ctx.seal.hash("turn", &[case, id.as_bytes()]),
        // Without an id it is the delivery that comes again; without that either, the same words.
        None => {
            let delivery = new.delivery.as_deref().unwrap_or_default().as_bytes();
            let parts = [case, delivery, turn.speaker.as_str().as_bytes(), turn.text.as_bytes()];
            draft.ctx.seal.hash("words", &parts)
        }
    };
    if seen(draft, &identity)?.is_some() {
        return Ok(());
    }
    add_turn(draft, ticket, new, turn)?;
    remember(draft, &identity, ticket.number);
    Ok(())
}

/// Adds a turn and does what it means: an answer sets to work, a customer's reply brings back. A turn that is older than
/// the newest status changes none.
pub fn add_turn(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    new: &NewCase,
    turn: &NewTurn,
) -> Result<(), Refusal> {
    let late = ticket.followed_at.zip(turn.at).is_some_and(|(newest, at)| at <= newest);
    let public = !turn.private;
    if public && turn.speaker == Speaker::User && !late {
        bring_back(draft, ticket, new)?;
    }
    write(draft, ticket, turn)?;
    match turn.speaker {
        Speaker::Agent if public => {
            ticket.first_response_at.get_or_insert(draft.ctx.now);
            if !late && matches!(ticket.status, Status::New | Status::Open) {
                draft.set_status(ticket, Status::InProgress, Some("an agent answered"));
            }
        }
        Speaker::User if public => infer::from_text(draft, ticket, &turn.text),
        _ => {}
    }
    Ok(())
}

/// A customer's reply: to a ticket that waits for it, or that has ended (DESIGN C3).
fn bring_back(draft: &mut Draft<'_>, ticket: &mut Ticket, new: &NewCase) -> Result<(), Refusal> {
    if ticket.status == Status::PendingCustomer {
        draft.set_status(ticket, Status::InProgress, Some("the customer replied"));
    }
    if ticket.status.is_open() {
        return Ok(());
    }
    let ended = ticket.closed_at.or(ticket.resolved_at).unwrap_or(ticket.updated_at);
    // By a clock that is not to be believed nothing is too late.
    if !draft.ctx.trusted || draft.ctx.now < ended.plus(draft.ctx.rules.reopen_window) {
        return reopen(draft, ticket, "the customer wrote again");
    }
    let contact = match ticket.requester.contact {
        Some(id) => Some(people::stored_contact(draft, id)?),
        None => None,
    };
    let mut next = open(draft, new, contact, Some(ticket))?;
    next.requester = ticket.requester.clone();
    next.subject = ticket.subject.clone();
    next.description = ticket.description.clone();
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(ticket)?;
    *ticket = next;
    Ok(())
}

/// Opens an ended ticket, unless its conversation has gone on in another: then it stays as it is.
fn reopen(draft: &mut Draft<'_>, ticket: &mut Ticket, why: &str) -> Result<(), Refusal> {
    match queue::change_status(draft, ticket, Status::Open, Some(why)) {
        Err(Refusal::Conflict(_)) => Ok(()),
        other => other,
    }
}

/// Goes where the other system says that the case is, if that is news.
fn follow(draft: &mut Draft<'_>, ticket: &mut Ticket, told: ToldStatus) -> Result<(), Refusal> {
    if told.at.zip(ticket.followed_at).is_some_and(|(at, newest)| at < newest) {
        return Ok(());
    }
    ticket.followed_at = told.at.or(ticket.followed_at);
    let why = "as the other system tells";
    let to = match (ticket.status, told.status) {
        (Status::Open | Status::InProgress, Status::Open) => return Ok(()),
        (Status::PendingCustomer | Status::WaitingInternal, Status::Open) => Status::InProgress,
        (_, to) => to,
    };
    if ticket.status.is_open() {
        for step in ticket.status.way(to) {
            draft.set_status(ticket, step, Some(why));
        }
        return Ok(());
    }
    if to.is_open() {
        reopen(draft, ticket, why)?;
    }
    if ticket.status.is_open() || !to.is_open() && ticket.status.may_become(to) {
        for step in ticket.status.way(to) {
            draft.set_status(ticket, step, Some(why));
        }
    }
    Ok(())
}

/// Writes what somebody said, at the place of its time.
fn write(draft: &mut Draft<'_>, ticket: &mut Ticket, turn: &NewTurn) -> Result<(), Refusal> {
    let now = draft.ctx.now;
    // A clock that is far ahead must not keep its words behind all that follows; but it is the box that may be
    // far behind.
    let too_late = draft.ctx.trusted.then(|| now.plus(Micros::DAY));
    let at = turn.at.filter(|at| too_late.is_none_or(|limit| *at <= limit));
    let entry = Entry {
        ticket: ticket.number,
        id: draft.reserve_entry(ticket),
        at: at.unwrap_or(now),
        received_at: now,
        speaker: turn.speaker,
        kind: if turn.private { Kind::Note } else { Kind::Message },
        author: turn.author.as_deref().map(|author| cut(author, MAX_NAME)),
        body: head(&turn.text, MAX_BODY).to_owned(),
        tool_calls: Vec::new(),
        attachment: None,
        provider_id: turn.id.clone(),
        edited_at: None,
        deleted_at: None,
    };
    let no = draft.add_entry(ticket, &entry, at.map_or(Place::End, Place::ByTime))?;
    ticket.last_message_at = Some(now);
    draft.event_about(EventKind::MessageAdded, Some(ticket.number), Some(no), None);
    Ok(())
}

pub fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
