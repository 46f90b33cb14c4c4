//! A bot gives a chat to people (S3.33, S3.34): the chat becomes a ticket's timeline, an escalation its flag, and the
//! customer gets a token by which to look at that one ticket.

use super::intake::{add_turn, complete, cut, known, open, remember, requester, seen};
use crate::domain::channel::Channel;
use crate::domain::email;
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::ticket::{MAX_SUMMARY, Ticket};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::intake::{Handover, NewCase, NewEscalation, NewTurn};
use crate::engine::rows::key;
use crate::engine::timeline::Place;
use crate::store::Table;
use crate::store::records::{MAX_PORTAL_TOKENS, Portal, PortalToken};

/// Entries of the ticket that a chat's history is laid over.
const COMPARED: usize = 500;

pub fn hand_over(draft: &mut Draft<'_>, new: &Handover) -> Result<Reply, Refusal> {
    let case = NewCase {
        channel: Channel::Chat,
        source: None,
        name: Some(new.name.clone()),
        delivery: None,
        requester: new.requester.clone(),
        subject: new.subject.clone(),
        // What the customer wrote is in the history; without one it is all there is.
        description: new.description.clone().filter(|_| new.history.is_empty()),
        described_by: Speaker::User,
        opened_at: None,
        order_id: None,
        priority: None,
        tags: Vec::new(),
        turns: Vec::new(),
        status: None,
    };
    let found = known(draft, Some(&new.name))?;
    if let Some(ticket) = &found {
        same_customer(ticket, new)?;
    }
    let made = found.is_none();
    let mut ticket = match found {
        Some(ticket) => ticket,
        None => {
            let contact = requester(draft, &new.requester)?;
            let mut ticket = open(draft, &case, contact.clone(), None)?;
            let words = new.history.iter().find(|turn| turn.speaker == Speaker::User);
            ticket.subject = new.subject.clone();
            if ticket.subject.is_none() {
                ticket.subject = words.map(|turn| crate::domain::ticket::first_line(&turn.text));
            }
            complete(draft, &mut ticket, &case, contact)?;
            ticket.description = ticket.description.or_else(|| new.description.clone());
            if let Some(text) = &new.description {
                super::infer::from_text(draft, &mut ticket, text);
            }
            ticket
        }
    };
    let before = ticket.clone();
    if !made && ticket.requester.email.is_none() {
        ticket.requester.email = new.requester.email.clone();
    }
    let history = if made { new.history.clone() } else { said_since(&ticket, new) };
    let known = told_before(draft, &ticket, &history)?;
    for turn in &history[known..] {
        add_turn(draft, &mut ticket, &case, turn)?;
    }
    if let Some(escalation) = &new.escalation {
        escalate(draft, &mut ticket, &new.name, escalation)?;
    }
    if made || ticket != before {
        ticket.updated_at = draft.ctx.now;
        draft.put_ticket(&ticket)?;
        if !made {
            draft.event(EventKind::TicketUpdated, Some(ticket.number));
        }
    }
    if let Some(hash) = new.token {
        grant(draft, ticket.number, hash)?;
    }
    Ok(Reply::Taken { ticket: Box::new(ticket), made })
}

/// Nobody asks these doors for a token, so whoever names another's conversation must not get at it.
fn same_customer(ticket: &Ticket, new: &Handover) -> Result<(), Refusal> {
    let (known, told) = (&ticket.requester.email, &new.requester.email);
    let same =
        |known: &String| told.as_ref().is_some_and(|t| email::folded(t) == email::folded(known));
    if new.token.is_none() || known.as_ref().is_none_or(same) {
        return Ok(());
    }
    let why = "this conversation was handed over with another customer_email";
    Err(Refusal::Forbidden(why.into()))
}

/// The history of a chat that was handed over before; without one the description, if it is another than then.
fn said_since(ticket: &Ticket, new: &Handover) -> Vec<NewTurn> {
    let told = new.description.as_ref().filter(|_| new.history.is_empty());
    let Some(text) = told.filter(|text| ticket.description.as_ref() != Some(*text)) else {
        return new.history.clone();
    };
    let speaker = Speaker::User;
    vec![NewTurn { id: None, at: None, speaker, author: None, text: text.clone(), private: false }]
}

/// How many turns at the start of a history stand at the end of the ticket's chat already: bots send all of it again,
/// or its newest part.
fn told_before(draft: &Draft<'_>, ticket: &Ticket, history: &[NewTurn]) -> Result<usize, Refusal> {
    let mut directory = draft.directory(ticket)?;
    // A chat that went on after its ticket had ended is told by the earlier tickets, too.
    let mut before = before(ticket);
    while let (Some(number), true) = (before, directory.len() < COMPARED) {
        let Some(earlier) = draft.rows().ticket(number)? else { break };
        directory.splice(0..0, draft.directory(&earlier)?);
        before = self::before(&earlier);
    }
    let newest = &directory[directory.len().saturating_sub(COMPARED)..];
    let mut stored = Vec::with_capacity(newest.len());
    for item in newest {
        let entry = draft.rows().entry(item)?;
        if entry.kind == Kind::Message && matches!(entry.speaker, Speaker::User | Speaker::Bot) {
            stored.push((entry.speaker, entry.body));
        }
    }
    let same = |(stored, told): (&(Speaker, String), &NewTurn)| {
        stored.0 == told.speaker && stored.1 == told.text
    };
    let most = stored.len().min(history.len());
    let overlap =
        (1..=most).rev().find(|n| stored[stored.len() - n..].iter().zip(history).all(same));
    Ok(overlap.unwrap_or(0))
}

/// The ticket that this one follows up.
fn before(ticket: &Ticket) -> Option<u64> {
    ticket.related.iter().copied().filter(|number| *number < ticket.number).max()
}

/// Flags the ticket, raises it to high at least, and notes what the bot knows; the same escalation once.
fn escalate(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    name: &str,
    new: &NewEscalation,
) -> Result<(), Refusal> {
    let parts = [name, &new.by, &new.reason, &new.context].map(str::as_bytes);
    let identity = draft.ctx.seal.hash("escalation", &parts);
    if seen(draft, &identity)?.is_some() {
        return Ok(());
    }
    let now = draft.ctx.now;
    let (reason, by) = (cut(&new.reason, MAX_SUMMARY), new.by.clone());
    let mut body = format!("Escalated by {by}: {reason}");
    if !new.context.is_empty() {
        body.push('\n');
        body.push_str(&new.context);
    }
    super::escalate::flag(draft, ticket, (&reason, &by), None)?;
    ticket.priority = ticket.priority.max(Priority::High);
    let entry = Entry {
        ticket: ticket.number,
        id: draft.reserve_entry(ticket),
        at: now,
        received_at: now,
        speaker: Speaker::System,
        kind: Kind::Event,
        author: Some(by),
        body,
        tool_calls: Vec::new(),
        attachment: None,
        provider_id: None,
        edited_at: None,
        deleted_at: None,
    };
    let no = draft.add_entry(ticket, &entry, Place::End)?;
    draft.event_about(EventKind::TicketEscalated, Some(ticket.number), Some(no), None);
    remember(draft, &identity, ticket.number);
    Ok(())
}

/// Nobody looks at the ticket by a token that was given before; [`Reply::Swept`] says how many were good.
pub fn revoke_tokens(draft: &mut Draft<'_>, ticket: &Reference) -> Result<Reply, Refusal> {
    let row = key::number(draft.ticket(ticket)?.number);
    let tokens = draft.get::<Portal>(&row)?.unwrap_or_default().tokens;
    if !tokens.is_empty() {
        draft.delete(Table::Portals, &row);
    }
    let good = tokens.iter().filter(|token| token.expires > draft.ctx.steady).count();
    Ok(Reply::Swept(good))
}

/// One more token for the ticket; the oldest one goes when there are too many.
pub fn grant(draft: &mut Draft<'_>, ticket: u64, hash: [u8; 32]) -> Result<(), Refusal> {
    let row = key::number(ticket);
    let mut portal = draft.get::<Portal>(&row)?.unwrap_or_default();
    let steady = draft.ctx.steady;
    portal.tokens.retain(|token| token.expires > steady);
    if portal.tokens.len() >= MAX_PORTAL_TOKENS {
        portal.tokens.remove(0);
    }
    portal.tokens.push(PortalToken { hash, expires: steady.plus(draft.ctx.rules.portal_life) });
    draft.put(&row, &portal);
    Ok(())
}
