//! A WhatsApp message: contact and conversation found or made, message kept, ticket found or made, the
//! conversation handed to the agents; all in one plan (S4.4 to S4.10).

use super::people::{find_contact, find_conversation, meet_contact, new_conversation};
use super::{changes, comments, identity, mode, outbox, unclaimed};
use crate::domain::channel::Channel;
use crate::domain::contact::{Contact, Conversation, Mode};
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::status::Status;
use crate::domain::ticket::{MAX_RELATED, Requester, Ticket, first_line};
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
    let addresses = identity::addresses(draft, message)?;
    if let Some(seen) = identity::seen(draft, message, &addresses)? {
        if let Some(entry) = seen.entry.filter(|_| seen.undecrypted && !message.undecrypted) {
            changes::fill(draft, entry, message)?;
            identity::remember(draft, message, &Seen { undecrypted: false, ..seen.clone() });
        }
        return Ok(Reply::Message { ticket: seen.ticket, mode: seen.mode });
    }
    let (ticket, mode) = add(draft, message, &addresses)?;
    if !message.from_me {
        unclaimed::claim(draft, message, &addresses)?;
    } else if ticket.is_none() && !message.undecrypted {
        unclaimed::keep(draft, message)?;
    }
    Ok(Reply::Message { ticket, mode })
}

/// Adds a message that was not seen under any of these addresses, and remembers it.
pub fn add(
    draft: &mut Draft<'_>,
    message: &InboundMessage,
    addresses: &[String],
) -> Result<(Option<u64>, Mode), Refusal> {
    let Outcome { ticket, mode, entry } = if message.from_me {
        own_message(draft, message)?
    } else {
        customer_message(draft, message)?
    };
    let undecrypted = message.undecrypted;
    identity::remember(draft, message, &Seen { ticket, mode, entry, undecrypted });
    if let Some(entry) = entry {
        changes::catch_up(draft, message, addresses, entry)?;
    }
    Ok((ticket, mode))
}

struct Outcome {
    ticket: Option<u64>,
    mode: Mode,
    /// The global number of what was added.
    entry: Option<u64>,
}

/// What was typed on the business's own phone is the agent's, and never makes a ticket.
fn own_message(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Outcome, Refusal> {
    let nothing = Outcome { ticket: None, mode: Mode::Bot, entry: None };
    let Some(contact) = find_contact(draft, &message.addresses)?.first().copied() else {
        return Ok(nothing);
    };
    let Some(mut conversation) = find_conversation(draft, &message.instance, contact)? else {
        return Ok(nothing);
    };
    if let Some(entry) = outbox::echoed(draft, &conversation, message)? {
        let Conversation { ticket, mode, .. } = conversation;
        return Ok(Outcome { ticket, mode, entry: Some(entry) });
    }
    if mode::to_agents(draft, &mut conversation)? {
        draft.put(&key::number(conversation.id), &conversation);
    }
    let Some(number) = conversation.ticket else {
        return Ok(Outcome { mode: conversation.mode, ..nothing });
    };
    let Some(mut ticket) = draft.rows().live(number)? else { return Ok(nothing) };
    let entry = Some(add_message(draft, &mut ticket, message, Speaker::Agent)?);
    comments::answered(draft, &mut ticket);
    draft.put_ticket(&ticket)?;
    Ok(Outcome { ticket: Some(ticket.number), mode: conversation.mode, entry })
}

fn customer_message(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Outcome, Refusal> {
    let mut contact = meet_contact(draft, message)?;
    let mut conversation = match find_conversation(draft, &message.instance, contact.id)? {
        Some(conversation) => conversation,
        None => new_conversation(draft, &message.instance, &mut contact)?,
    };
    let before = conversation.clone();
    let current = match conversation.ticket {
        Some(number) => draft.rows().live(number)?,
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
    // Of a ticket with two conversations it is the one in which the customer wrote last.
    ticket.conversation = Some(conversation.id);
    conversation.ticket = Some(ticket.number);
    let entry = Some(add_message(draft, &mut ticket, message, Speaker::User)?);
    super::infer::from_text(draft, &mut ticket, &message.text);
    if ticket.extent.entries == 1 {
        super::infer::urgency(draft, &mut ticket, &message.text);
    }
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
    Ok(Outcome { ticket: Some(ticket.number), mode: conversation.mode, entry })
}

fn ended_at(ticket: &Ticket) -> Micros {
    ticket.closed_at.or(ticket.resolved_at).unwrap_or(ticket.updated_at)
}

fn add_message(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    message: &InboundMessage,
    speaker: Speaker,
) -> Result<u64, Refusal> {
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
        author: if speaker == Speaker::User { author(message) } else { None },
        body: message.text.clone(),
        tool_calls: Vec::new(),
        attachment: message.attachment.clone(),
        provider_id: message.id.clone(),
        edited_at: None,
        deleted_at: None,
    };
    let no = draft.add_entry(ticket, &entry, place)?;
    if let Some(quote) = &message.quoted {
        draft.put(&key::of_entry(entry.ticket, entry.id, &[]), quote);
    }
    ticket.updated_at = now;
    ticket.last_message_at = Some(now);
    draft.event_about(EventKind::MessageAdded, Some(ticket.number), Some(no), None);
    Ok(no)
}

/// Who wrote, as far as it is known: in a group the number does where there is no name.
fn author(message: &InboundMessage) -> Option<String> {
    let number = || message.group.as_ref()?.phone.as_ref().map(|digits| format!("+{digits}"));
    message.name.clone().or_else(number)
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
        priority,
        subject: Some(first_line(&message.text)),
        requester: Requester {
            contact: Some(contact.id),
            name: contact.name.clone(),
            phone: contact.phone.clone(),
            email: None,
        },
        conversation: Some(conversation.id),
        ..Ticket::new((number, id, ticket_id), Channel::Whatsapp, Status::New, now)
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

/// A ticket goes back to work: it is its conversation's open ticket, unless another one is.
pub fn reopened(draft: &mut Draft<'_>, ticket: &Ticket) -> Result<(), Refusal> {
    let Some(id) = ticket.conversation else { return Ok(()) };
    let Some(mut conversation) = draft.get::<Conversation>(&key::number(id))? else {
        return Ok(());
    };
    if let Some(other) = conversation.ticket.filter(|n| *n != ticket.number)
        && draft
            .rows()
            .live(other)?
            .is_some_and(|t| t.number != ticket.number && t.status.is_open())
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
