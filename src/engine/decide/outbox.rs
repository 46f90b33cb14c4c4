//! The outbox: messages that go to a customer, from the agent's reply to the mark that it was read.
//!
//! Three tell of a message, in any order: the bridge's answer to our request, its echo of our own message, and its
//! receipts. Whichever is first makes a message `sent` and its id known; the others find it by that id.

use super::people::{find_contact, find_conversation};
use super::{buckets, day};
use crate::domain::contact::{Contact, Conversation};
use crate::domain::entry::{Delivery, Entry};
use crate::domain::outbound::{Dispatch, MAX_ERROR, Outbound, WAITING};
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{InboundMessage, Outcome, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::{MAX_WAITING, key};
use crate::store::Table;
use crate::store::owner::Owner;
use crate::store::records::{EarlyReceipt, SentAs};

/// How long an echo whose id nobody told us may be late and still be known by its words.
const ECHO_BY_WORDS: i64 = Micros::HOUR;

/// The way to the customer of a ticket.
pub struct Route {
    pub conversation: Conversation,
    to: String,
}

/// The way by which a text of so many characters reaches the customer, or why there is none.
pub fn route(draft: &Draft<'_>, ticket: &Ticket, characters: usize) -> Result<Route, Refusal> {
    let number = ticket.number;
    let conflict = |why: String| Refusal::Conflict(format!("ticket #{number} {why}"));
    let found = match draft.rows().conversation_of(ticket)? {
        Some(id) => draft.get::<Conversation>(&key::number(id))?,
        None => None,
    };
    let conversation = found.ok_or_else(|| {
        conflict("has no conversation that a reply could go out in; write an internal note".into())
    })?;
    let contact = draft.get::<Contact>(&key::number(conversation.contact))?;
    let to = contact.as_ref().and_then(address).ok_or_else(|| {
        conflict("cannot be answered: no chat address of its customer is known".into())
    })?;
    let instance = &conversation.instance;
    let Some(longest) = draft.ctx.rules.outbound.get(instance) else {
        return Err(conflict(format!(
            "cannot be answered: no bridge is configured for {instance:?}; add it to whatsapp.bridges"
        )));
    };
    if characters > *longest {
        let why = format!("must be at most {longest} characters for {instance}");
        return Err(Refusal::Invalid { field: "body", why });
    }
    Ok(Route { conversation, to })
}

/// Where a person is written to: a phone number's address, as every bridge takes one, else the first there is.
fn address(contact: &Contact) -> Option<String> {
    const PHONE: &str = "@s.whatsapp.net";
    let known = contact.addresses.iter().find(|a| a.ends_with(PHONE));
    let known = known.or(contact.addresses.first()).cloned();
    known.or_else(|| contact.phone.as_ref().map(|digits| format!("{digits}{PHONE}")))
}

/// Puts a message into the outbox, behind those of its conversation.
pub fn queue(draft: &mut Draft<'_>, route: Route, no: u64, entry: &Entry) -> Result<(), Refusal> {
    let Route { conversation, to } = route;
    put(draft, conversation.id, (conversation.instance, to), (no, entry)).map(|_| ())
}

/// Puts a message into the outbox, behind those of its lane: a conversation, or the mails of a ticket. Gives the id
/// that all its attempts bear.
pub fn put(
    draft: &mut Draft<'_>,
    lane: u64,
    (instance, to): (String, String),
    (no, entry): (u64, &Entry),
) -> Result<String, Refusal> {
    let limit = draft.ctx.rules.max_outbox;
    if draft.counted(WAITING)? >= limit {
        return Err(Refusal::Overloaded(format!(
            "{limit} messages wait to be sent already (whatsapp.max_outbox); is a bridge down?"
        )));
    }
    if draft.rows().waiting(lane)?.len() >= MAX_WAITING {
        return Err(Refusal::Overloaded(format!(
            "{MAX_WAITING} messages of this conversation wait to be sent already; is its bridge down?"
        )));
    }
    let number = draft.next("outbox", 1)?;
    let row = Outbound {
        entry: no,
        ticket: entry.ticket,
        instance,
        to,
        message_id: draft.message_id(),
        queued_at: draft.ctx.steady,
    };
    draft.put(&key::outbox(lane, number), &row);
    draft.count(WAITING)?;
    let round = draft.rows().dispatch(no)?.map_or(1, |d| d.round + 1);
    let changed_at = draft.ctx.now;
    let dispatch = Dispatch { state: Delivery::Queued, round, error: None, changed_at };
    draft.put_as(Owner::Ticket(entry.ticket), &key::number(no), &dispatch);
    Ok(row.message_id)
}

/// A mail of ours came back.
pub fn bounced(draft: &mut Draft<'_>, no: u64, why: &str) -> Result<(), Refusal> {
    let at = draft.ctx.now;
    advance(draft, no, Delivery::Failed, at, Some(why))
}

/// The worker has sent a message, or has given it up.
pub fn dispatched(
    draft: &mut Draft<'_>,
    (conversation, number): (u64, u64),
    entry: u64,
    outcome: &Outcome,
) -> Result<Reply, Refusal> {
    let row = draft.get::<Outbound>(&key::outbox(conversation, number))?;
    let Some(row) = row.filter(|row| row.entry == entry) else {
        return already_left(draft, conversation, entry, outcome);
    };
    match outcome {
        Outcome::Sent { id, uncertain } => {
            sent(draft, (conversation, number), &row, id.as_deref())?;
            if id.is_none() || *uncertain {
                expect_echo(draft, conversation, &row)?;
            }
        }
        Outcome::Failed { error } => {
            leave(draft, conversation, number)?;
            let at = draft.ctx.now;
            advance(draft, entry, Delivery::Failed, at, Some(error))?;
        }
    }
    Ok(Reply::Done)
}

/// An echo without an id was faster than the answer that tells the id; or this comes a second time.
fn already_left(
    draft: &mut Draft<'_>,
    conversation: u64,
    no: u64,
    outcome: &Outcome,
) -> Result<Reply, Refusal> {
    if let Outcome::Sent { id: Some(id), .. } = outcome
        && draft.get::<Entry>(&key::number(no))?.is_some_and(|e| e.provider_id.is_none())
        && let Some(Conversation { instance, .. }) = draft.get(&key::number(conversation))?
    {
        learn(draft, &instance, no, id)?;
    }
    Ok(Reply::Done)
}

fn leave(draft: &mut Draft<'_>, conversation: u64, number: u64) -> Result<(), Refusal> {
    draft.delete(Table::Outbox, &key::outbox(conversation, number));
    draft.uncount(WAITING)?;
    Ok(())
}

fn sent(
    draft: &mut Draft<'_>,
    (conversation, number): (u64, u64),
    row: &Outbound,
    id: Option<&str>,
) -> Result<(), Refusal> {
    leave(draft, conversation, number)?;
    let at = draft.ctx.now;
    advance(draft, row.entry, Delivery::Sent, at, None)?;
    if let Some(id) = id {
        learn(draft, &row.instance, row.entry, id)?;
    }
    Ok(())
}

/// From now on the bridge's id leads to our message; what was told of the id before is made up for.
fn learn(draft: &mut Draft<'_>, instance: &str, no: u64, id: &str) -> Result<(), Refusal> {
    let id = bare(id);
    let hash = by_id(draft, instance, id);
    let early = find(draft, &hash)?.and_then(|known| known.early);
    let round = draft.rows().dispatch(no)?.map_or(1, |d| d.round);
    let row = SentAs { entry: Some(no), round, noted_at: draft.ctx.steady, early: None };
    note(draft, &hash, &row);
    if let Some(mut entry) = draft.get::<Entry>(&key::number(no))? {
        entry.provider_id = Some(id.to_owned());
        draft.put(&key::number(no), &entry);
    }
    if let Some(EarlyReceipt { state, at, error }) = early {
        advance(draft, no, state, at, error.as_deref())?;
    }
    Ok(())
}

/// Moves a message on; what would move it backwards changes nothing.
fn advance(
    draft: &mut Draft<'_>,
    no: u64,
    state: Delivery,
    at: Micros,
    error: Option<&str>,
) -> Result<(), Refusal> {
    let Some(dispatch) = draft.rows().dispatch(no)? else { return Ok(()) };
    let Some(entry) = draft.get::<Entry>(&key::number(no))? else { return Ok(()) };
    if !dispatch.state.may_become(state) {
        return Ok(());
    }
    let error = match state {
        Delivery::Failed => {
            let why = error.unwrap_or("the bridge says that it failed, and not why");
            Some(why.chars().take(MAX_ERROR).collect())
        }
        _ => None,
    };
    let moved = Dispatch { state, error, changed_at: at, ..dispatch };
    draft.put_as(Owner::Ticket(entry.ticket), &key::number(no), &moved);
    tell(draft, entry.ticket, no, &entry)
}

/// Tells the feed of it, with the entry and its ticket as they are.
pub fn tell(draft: &mut Draft<'_>, ticket: u64, no: u64, entry: &Entry) -> Result<(), Refusal> {
    draft.put(&key::number(no), entry);
    let home = draft.rows().home(ticket)?;
    if let Some(ticket) = &home {
        draft.put_ticket(ticket)?;
    }
    let number = home.map_or(ticket, |home| home.number);
    draft.event_about(EventKind::EntryUpdated, Some(number), Some(no), None);
    Ok(())
}

/// A bridge's receipt, of whatever message.
pub fn receipt(
    draft: &mut Draft<'_>,
    (instance, addresses): (&str, &[String]),
    id: &str,
    (state, at, error): (Delivery, Option<Micros>, Option<&str>),
) -> Result<Reply, Refusal> {
    let id = bare(id);
    let at = at.unwrap_or(draft.ctx.now);
    let hash = by_id(draft, instance, id);
    let known = find(draft, &hash)?;
    if let Some((no, row)) = known.as_ref().and_then(|row| Some((row.entry?, row))) {
        let round = draft.rows().dispatch(no)?.map_or(0, |d| d.round);
        // Of an earlier round only that it arrived is news.
        let arrived = matches!(state, Delivery::Delivered | Delivery::Read);
        if row.round == round || arrived {
            arrive(draft, instance, addresses, no)?;
            advance(draft, no, state, at, error)?;
        }
        return Ok(Reply::Done);
    }
    let Some(conversation) = conversation(draft, instance, addresses)? else {
        return Ok(Reply::Done);
    };
    let waiting = draft.rows().waiting(conversation.id)?;
    if let Some((number, row)) = waiting.iter().find(|(_, row)| row.message_id == id) {
        sent(draft, (conversation.id, *number), row, Some(id))?;
        advance(draft, row.entry, state, at, error)?;
    } else if !waiting.is_empty() {
        // Perhaps of what is being sent just now: its id is known when the bridge has answered.
        let furthest = match known.and_then(|row| row.early) {
            Some(early) if !early.state.may_become(state) => early,
            _ => EarlyReceipt { state, at, error: error.map(str::to_owned) },
        };
        let (round, noted_at) = (0, draft.ctx.steady);
        let row = SentAs { entry: None, round, noted_at, early: Some(furthest) };
        // What it says of a failure may name the customer.
        let row_key = key::bucketed(day(draft.ctx.steady), &hash);
        draft.put_as(Owner::Contact(conversation.contact), &row_key, &row);
    }
    Ok(Reply::Done)
}

/// What has arrived need not be sent once more.
fn arrive(
    draft: &mut Draft<'_>,
    instance: &str,
    addresses: &[String],
    no: u64,
) -> Result<(), Refusal> {
    let queued = draft.rows().dispatch(no)?.is_some_and(|d| d.state == Delivery::Queued);
    if !queued {
        return Ok(());
    }
    // Who told of it may name the chat by an address that leads elsewhere by now: then it is the ticket's own.
    let told = conversation(draft, instance, addresses)?;
    let mut lanes: Vec<u64> = told.into_iter().map(|conversation| conversation.id).collect();
    if let Some(entry) = draft.get::<Entry>(&key::number(no))? {
        let rows = draft.rows();
        for ticket in [rows.ticket(entry.ticket)?, rows.home(entry.ticket)?].into_iter().flatten() {
            lanes.extend(rows.conversation_of(&ticket)?);
        }
    }
    for lane in lanes {
        let waiting = draft.rows().waiting(lane)?;
        if let Some((number, _)) = waiting.iter().find(|(_, row)| row.entry == no) {
            return leave(draft, lane, *number);
        }
    }
    Ok(())
}

fn conversation(
    draft: &Draft<'_>,
    instance: &str,
    addresses: &[String],
) -> Result<Option<Conversation>, Refusal> {
    match find_contact(draft, addresses)?.first() {
        Some(contact) => find_conversation(draft, instance, *contact),
        None => Ok(None),
    }
}

/// The number of the entry that a bridge knows by this id.
pub fn sent_as(draft: &Draft<'_>, instance: &str, id: &str) -> Result<Option<u64>, Refusal> {
    Ok(find(draft, &by_id(draft, instance, bare(id)))?.and_then(|known| known.entry))
}

/// The entry's number, if a message from our own side is one of the outbox that comes back from the bridge: known by
/// its id, or else, before its id is known, by its words. It is `sent` then, and needs no entry of its own.
pub fn echoed(
    draft: &mut Draft<'_>,
    conversation: &Conversation,
    message: &InboundMessage,
) -> Result<Option<u64>, Refusal> {
    let id = message.id.as_deref().map(bare);
    if let Some(id) = id
        && let Some(no) = sent_as(draft, &conversation.instance, id)?
    {
        return Ok(Some(no));
    }
    let waiting = draft.rows().waiting(conversation.id)?;
    let mut same = waiting.iter().find(|(_, row)| id == Some(row.message_id.as_str()));
    for candidate in waiting.iter().take_while(|_| same.is_none()) {
        let entry = draft.get::<Entry>(&key::number(candidate.1.entry))?;
        if entry.is_some_and(|e| e.body.trim() == message.text.trim()) {
            same = Some(candidate);
            break;
        }
    }
    if let Some((number, row)) = same {
        sent(draft, (conversation.id, *number), row, id)?;
        return Ok(Some(row.entry));
    }
    let words = by_words(draft, conversation.id, &message.text);
    let recent = |row: &SentAs| draft.ctx.steady.0 - row.noted_at.0 < ECHO_BY_WORDS;
    let Some(expected) = find(draft, &words)?.filter(recent) else { return Ok(None) };
    let Some(no) = expected.entry else { return Ok(None) };
    // One echo is expected, not every message of these words.
    note(draft, &words, &SentAs { entry: None, noted_at: draft.ctx.steady, ..expected });
    if let Some(id) = id {
        learn(draft, &conversation.instance, no, id)?;
    }
    Ok(Some(no))
}

/// The message may come back under an id that we were not told.
fn expect_echo(draft: &mut Draft<'_>, conversation: u64, row: &Outbound) -> Result<(), Refusal> {
    let Some(entry) = draft.get::<Entry>(&key::number(row.entry))? else { return Ok(()) };
    let round = draft.rows().dispatch(row.entry)?.map_or(1, |d| d.round);
    let expected =
        SentAs { entry: Some(row.entry), round, noted_at: draft.ctx.steady, early: None };
    let words = by_words(draft, conversation, &entry.body);
    note(draft, &words, &expected);
    Ok(())
}

fn by_id(draft: &Draft<'_>, instance: &str, id: &str) -> [u8; 16] {
    draft.ctx.seal.hash("sent", &[instance.as_bytes(), id.as_bytes()])
}

fn by_words(draft: &Draft<'_>, conversation: u64, text: &str) -> [u8; 16] {
    draft.ctx.seal.hash("echo", &[&conversation.to_be_bytes(), text.trim().as_bytes()])
}

fn find(draft: &Draft<'_>, hash: &[u8; 16]) -> Result<Option<SentAs>, Refusal> {
    buckets::find(draft, day(draft.ctx.steady), draft.ctx.rules.dedup_days, hash, None)
}

fn note(draft: &mut Draft<'_>, hash: &[u8; 16], row: &SentAs) {
    draft.put(&key::bucketed(day(draft.ctx.steady), hash), row);
}

/// A message's id without the chat that some bridges put around it: `true_628…@c.us_3EB0…`.
fn bare(id: &str) -> &str {
    let around = id.strip_prefix("true_").or_else(|| id.strip_prefix("false_"));
    around.and_then(|rest| rest.split('_').nth(1)).filter(|id| !id.is_empty()).unwrap_or(id)
}
