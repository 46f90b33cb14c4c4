//! A WhatsApp message: contact and conversation found or made, message kept, ticket found or made, the
//! conversation handed to the agents; all in one plan (S4.4 to S4.10).

use super::people::{
    find_contact, find_conversation, meet_contact, new_conversation, stored_contact,
};
use super::{buckets, comments, day, mode, outbox};
use crate::domain::channel::Channel;
use crate::domain::contact::{Contact, Conversation, MAX_ADDRESSES, Mode};
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::status::Status;
use crate::domain::ticket::{Extent, MAX_RELATED, Requester, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::{InboundMessage, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::engine::timeline::Place;
use crate::store::records::Seen;

/// The prefix of a WhatsApp ticket's reference (DESIGN C1).
const PREFIX: &str = "TKT";

pub fn receive(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Reply, Refusal> {
    if let Some(seen) = seen(draft, message)? {
        return Ok(Reply::Message { ticket: seen.ticket, mode: seen.mode });
    }
    let outcome = if message.from_me {
        own_message(draft, message)?
    } else {
        customer_message(draft, message)?
    };
    for address in message.addresses.iter().take(MAX_ADDRESSES) {
        let row = Seen { ticket: outcome.ticket, mode: outcome.mode };
        draft.put(&key::bucketed(day(draft.ctx.steady), &identity(draft, message, address)), &row);
    }
    Ok(Reply::Message { ticket: outcome.ticket, mode: outcome.mode })
}

/// The hash by which a message is known again when it comes under this address.
fn identity(draft: &Draft<'_>, message: &InboundMessage, address: &str) -> [u8; 16] {
    let direction: &[u8] = if message.from_me { b"out" } else { b"in" };
    let (address, instance) = (address.as_bytes(), message.instance.as_bytes());
    match &message.id {
        Some(id) => draft.ctx.seal.hash("message", &[instance, address, id.as_bytes(), direction]),
        None => {
            // The bridge of seed 004 sends no id: the same words in the same second are one message.
            let second = message.sent_at.unwrap_or(draft.ctx.now).0 / 1_000_000;
            let (text, second) = (message.text.as_bytes(), second.to_be_bytes());
            draft.ctx.seal.hash("content", &[instance, address, text, &second, direction])
        }
    }
}

/// What became of the message when it came before, under one of its addresses or another of its person's.
fn seen(draft: &Draft<'_>, message: &InboundMessage) -> Result<Option<Seen>, Refusal> {
    let (today, kept) = (day(draft.ctx.steady), draft.ctx.rules.dedup_days);
    let under = |address: &String| {
        let identity = identity(draft, message, address);
        buckets::find::<Seen>(draft, today, kept, &identity, draft.ctx.seen)
    };
    for address in message.addresses.iter().take(MAX_ADDRESSES) {
        if let Some(seen) = under(address)? {
            return Ok(Some(seen));
        }
    }
    for contact in find_contact(draft, &message.addresses)? {
        let addresses = stored_contact(draft, contact)?.addresses;
        for address in addresses.iter().filter(|a| !message.addresses.contains(a)) {
            if let Some(seen) = under(address)? {
                return Ok(Some(seen));
            }
        }
    }
    Ok(None)
}

struct Outcome {
    ticket: Option<u64>,
    mode: Mode,
}

/// What was typed on the business's own phone is the agent's, and never makes a ticket.
fn own_message(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Outcome, Refusal> {
    let nothing = Outcome { ticket: None, mode: Mode::Bot };
    let Some(contact) = find_contact(draft, &message.addresses)?.first().copied() else {
        return Ok(nothing);
    };
    let Some(mut conversation) = find_conversation(draft, &message.instance, contact)? else {
        return Ok(nothing);
    };
    if outbox::echoed(draft, &conversation, message)?.is_some() {
        return Ok(Outcome { ticket: conversation.ticket, mode: conversation.mode });
    }
    if mode::to_agents(draft, &mut conversation)? {
        draft.put(&key::number(conversation.id), &conversation);
    }
    let Some(number) = conversation.ticket else {
        return Ok(Outcome { ticket: None, mode: conversation.mode });
    };
    let Some(mut ticket) = draft.rows().ticket(number)? else { return Ok(nothing) };
    add_message(draft, &mut ticket, message, Speaker::Agent)?;
    comments::answered(draft, &mut ticket);
    draft.put_ticket(&ticket)?;
    Ok(Outcome { ticket: Some(number), mode: conversation.mode })
}

fn customer_message(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Outcome, Refusal> {
    let mut contact = meet_contact(draft, message)?;
    let mut conversation = match find_conversation(draft, &message.instance, contact.id)? {
        Some(conversation) => conversation,
        None => new_conversation(draft, &message.instance, &mut contact)?,
    };
    let before = conversation.clone();
    let current = match conversation.ticket {
        Some(number) => draft.rows().ticket(number)?,
        None => None,
    };
    let now = draft.ctx.now;
    let window = draft.ctx.rules.reopen_window;
    let mut ticket = match current {
        Some(mut ticket) if ticket.status.is_open() => {
            if ticket.status == Status::PendingCustomer {
                draft.set_status(&mut ticket, Status::InProgress, Some("the customer replied"));
            }
            ticket
        }
        // By a clock that is not to be believed nothing is too late.
        Some(mut ticket) if !draft.ctx.trusted || now < ended_at(&ticket).plus(window) => {
            mode::return_if_due(draft, &mut conversation, &ticket)?;
            draft.set_status(&mut ticket, Status::Open, Some("the customer wrote again"));
            ticket
        }
        earlier => {
            let ticket = new_ticket(draft, &contact, &mut conversation, message, earlier)?;
            conversation.ticket = Some(ticket.number);
            mode::to_agents(draft, &mut conversation)?;
            ticket
        }
    };
    add_message(draft, &mut ticket, message, Speaker::User)?;
    if ticket.requester.name.is_none() {
        ticket.requester.name = contact.name.clone();
    }
    if ticket.requester.phone.is_none() {
        ticket.requester.phone = contact.phone.clone();
    }
    draft.put_ticket(&ticket)?;
    if conversation.mode == Mode::Agent {
        draft.notice("[SKIP BOT] Chat mode is 'agent', message will go to agent queue".into());
    }
    if conversation != before {
        draft.put(&key::number(conversation.id), &conversation);
    }
    Ok(Outcome { ticket: Some(ticket.number), mode: conversation.mode })
}

fn ended_at(ticket: &Ticket) -> Micros {
    ticket.closed_at.or(ticket.resolved_at).unwrap_or(ticket.updated_at)
}

fn add_message(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    message: &InboundMessage,
    speaker: Speaker,
) -> Result<(), Refusal> {
    let now = draft.ctx.now;
    // A phone whose clock is far ahead must not keep its words behind all that follows; but it is the box that
    // may be far behind. What came without a time of its own stands in the order of arrival.
    let too_late = draft.ctx.trusted.then(|| now.plus(Micros::DAY));
    let sent_at = message.sent_at.filter(|at| too_late.is_none_or(|limit| *at <= limit));
    let at = sent_at.unwrap_or(now);
    let place = sent_at.map_or(Place::End, Place::ByTime);
    let entry = Entry {
        ticket: ticket.number,
        id: draft.reserve_entry(ticket),
        at,
        received_at: now,
        speaker,
        kind: Kind::Message,
        author: if speaker == Speaker::User { message.name.clone() } else { None },
        body: message.text.clone(),
        tool_calls: Vec::new(),
        attachment: message.attachment.clone(),
        provider_id: message.id.clone(),
        edited_at: None,
        deleted_at: None,
    };
    let no = draft.add_entry(ticket, &entry, place)?;
    ticket.updated_at = now;
    ticket.last_message_at = Some(now);
    draft.event_about(EventKind::MessageAdded, Some(ticket.number), Some(no), None);
    Ok(())
}

fn new_ticket(
    draft: &mut Draft<'_>,
    contact: &Contact,
    conversation: &mut Conversation,
    message: &InboundMessage,
    earlier: Option<Ticket>,
) -> Result<Ticket, Refusal> {
    let (number, id, ticket_id) = draft.name_ticket(PREFIX)?;
    let now = draft.ctx.now;
    let priority = draft.ctx.rules.default_priority;
    let mut ticket = Ticket {
        number,
        id,
        ticket_id,
        channel: Channel::Whatsapp,
        status: Status::New,
        priority,
        category: None,
        category_is_manual: false,
        subject: Some(first_line(&message.text)),
        summary: None,
        summary_is_manual: false,
        resolution_notes: None,
        requester: Requester {
            contact: Some(contact.id),
            name: contact.name.clone(),
            phone: contact.phone.clone(),
        },
        conversation: Some(conversation.id),
        session_id: None,
        call_running: false,
        assignee: None,
        assigned_at: None,
        created_at: now,
        updated_at: now,
        last_message_at: None,
        first_response_at: None,
        resolved_at: None,
        closed_at: None,
        related: Vec::new(),
        extent: Extent::default(),
    };
    if let Some(mut earlier) = earlier {
        ticket.related.push(earlier.number);
        if earlier.related.len() < MAX_RELATED {
            earlier.related.push(number);
            earlier.updated_at = now;
            draft.put_ticket(&earlier)?;
            draft.event(EventKind::TicketUpdated, Some(earlier.number));
        }
    }
    draft.write_history(&mut ticket, None, None);
    draft.event(EventKind::TicketCreated, Some(number));
    draft.notice(
        format!(
            "[TICKET] ✅ Created new ticket #{number} for chat #{} (priority={})",
            conversation.id,
            priority.as_str()
        )
        .into(),
    );
    Ok(ticket)
}

/// The subject of a ticket that a chat message opened: its first line, at most 120 characters.
fn first_line(text: &str) -> String {
    const MAX: usize = 120;
    let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    if line.chars().count() <= MAX {
        return line.to_owned();
    }
    line.chars().take(MAX - 1).chain(['…']).collect()
}

/// A ticket goes back to work: it is its conversation's open ticket, unless another one is.
pub fn reopened(draft: &mut Draft<'_>, ticket: &Ticket) -> Result<(), Refusal> {
    let Some(id) = ticket.conversation else { return Ok(()) };
    let Some(mut conversation) = draft.get::<Conversation>(&key::number(id))? else {
        return Ok(());
    };
    if let Some(other) = conversation.ticket.filter(|n| *n != ticket.number)
        && draft.rows().ticket(other)?.is_some_and(|t| t.status.is_open())
    {
        return Err(Refusal::Conflict(format!(
            "the conversation of ticket #{} goes on in ticket #{other}, which is open",
            ticket.number
        )));
    }
    conversation.ticket = Some(ticket.number);
    draft.put(&key::number(id), &conversation);
    Ok(())
}
