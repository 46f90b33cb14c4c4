//! A WhatsApp message: contact and conversation found or made, message kept, ticket found or made, the
//! conversation handed to the agents; all in one plan (S4.4 to S4.10).

use super::day;
use crate::domain::channel::Channel;
use crate::domain::contact::{Contact, Conversation, MAX_ADDRESSES, MAX_CONVERSATIONS, Mode};
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::status::Status;
use crate::domain::ticket::{Extent, MAX_NAME, MAX_RELATED, Requester, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::{InboundMessage, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::engine::timeline::Place;
use crate::store::records::{AddressOf, ConversationOf, Seen};

/// The prefix of a WhatsApp ticket's reference (DESIGN C1).
const PREFIX: &str = "TKT";
/// Merged contacts followed; a chain is never longer than a few.
const MAX_MERGES: usize = 32;

pub fn receive(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Reply, Refusal> {
    let identities = identities(draft, message);
    if let Some(seen) = seen(draft, &identities)? {
        return Ok(Reply::Message { ticket: seen.ticket, mode: seen.mode });
    }
    let outcome = if message.from_me {
        own_message(draft, message)?
    } else {
        customer_message(draft, message)?
    };
    for identity in &identities {
        let row = Seen { ticket: outcome.ticket, mode: outcome.mode };
        draft.put(&key::bucketed(day(draft.ctx.now), identity), &row);
    }
    Ok(Reply::Message { ticket: outcome.ticket, mode: outcome.mode })
}

/// One hash for every address under which the message may come again.
fn identities(draft: &Draft<'_>, message: &InboundMessage) -> Vec<[u8; 16]> {
    let direction: &[u8] = if message.from_me { b"out" } else { b"in" };
    let hash = |address: &str| {
        let (address, instance) = (address.as_bytes(), message.instance.as_bytes());
        match &message.id {
            Some(id) => {
                draft.ctx.seal.hash("message", &[instance, address, id.as_bytes(), direction])
            }
            None => {
                // The bridge of seed 004 sends no id: the same words in the same second are one message.
                let second = message.sent_at.unwrap_or(draft.ctx.now).0 / 1_000_000;
                let (text, second) = (message.text.as_bytes(), second.to_be_bytes());
                draft.ctx.seal.hash("content", &[instance, address, text, &second, direction])
            }
        }
    };
    message.addresses.iter().take(MAX_ADDRESSES).map(|a| hash(a)).collect()
}

fn seen(draft: &Draft<'_>, identities: &[[u8; 16]]) -> Result<Option<Seen>, Refusal> {
    let today = day(draft.ctx.now);
    let oldest = today.saturating_sub(draft.ctx.rules.dedup_days);
    for identity in identities {
        for day in (oldest..=today).rev() {
            if draft.ctx.seen.is_some_and(|window| !window.may_hold(day, identity)) {
                continue;
            }
            if let Some(seen) = draft.get::<Seen>(&key::bucketed(day, identity))? {
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
    let Some(number) = conversation.ticket else {
        return Ok(Outcome { ticket: None, mode: conversation.mode });
    };
    let Some(mut ticket) = draft.rows().ticket(number)? else { return Ok(nothing) };
    add_message(draft, &mut ticket, message, Speaker::Agent)?;
    let now = draft.ctx.now;
    ticket.first_response_at.get_or_insert(now);
    if matches!(ticket.status, Status::New | Status::Open) {
        draft.set_status(&mut ticket, Status::InProgress, Some("an agent answered"));
    }
    draft.put_ticket(&ticket);
    conversation.last_message_at = now;
    draft.put(&key::number(conversation.id), &conversation);
    Ok(Outcome { ticket: Some(number), mode: conversation.mode })
}

fn customer_message(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Outcome, Refusal> {
    let mut contact = meet_contact(draft, message)?;
    let mut conversation = match find_conversation(draft, &message.instance, contact.id)? {
        Some(conversation) => conversation,
        None => new_conversation(draft, &message.instance, &mut contact)?,
    };
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
        Some(mut ticket) if now < ended_at(&ticket).plus(window) => {
            draft.set_status(&mut ticket, Status::Open, Some("the customer wrote again"));
            ticket
        }
        earlier => new_ticket(draft, &contact, &mut conversation, message, earlier)?,
    };
    add_message(draft, &mut ticket, message, Speaker::User)?;
    if ticket.requester.name.is_none() {
        ticket.requester.name = contact.name.clone();
    }
    if ticket.requester.phone.is_none() {
        ticket.requester.phone = contact.phone.clone();
    }
    draft.put_ticket(&ticket);
    conversation.last_message_at = now;
    conversation.ticket = Some(ticket.number);
    if conversation.mode != Mode::Agent {
        conversation.mode = Mode::Agent;
        draft.notice(
            "[CHAT] Mode changed to 'agent' - future messages will go to agent queue".into(),
        );
    }
    draft.notice("[SKIP BOT] Chat mode is 'agent', message will go to agent queue".into());
    draft.put(&key::number(conversation.id), &conversation);
    Ok(Outcome { ticket: Some(ticket.number), mode: Mode::Agent })
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
    // A phone whose clock is far ahead must not keep its words behind all that follows.
    let at = message.sent_at.filter(|at| *at <= now.plus(Micros::DAY)).unwrap_or(now);
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
    let no = draft.add_entry(ticket, &entry, Place::ByTime(at))?;
    ticket.updated_at = now;
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
            draft.put_ticket(&earlier);
            draft.event(EventKind::TicketUpdated, Some(earlier.number));
        }
    }
    draft.write_history(&mut ticket, None, None);
    draft.event(EventKind::TicketCreated, Some(number));
    draft.notice(format!(
        "[TICKET] ✅ Created new ticket #{number} for chat #{} (priority={})",
        conversation.id,
        priority.as_str()
    ));
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

fn find_conversation(
    draft: &Draft<'_>,
    instance: &str,
    contact: u64,
) -> Result<Option<Conversation>, Refusal> {
    let row = conversation_key(draft, instance, contact);
    Ok(match draft.get::<ConversationOf>(&row)? {
        Some(ConversationOf(id)) => draft.get::<Conversation>(&key::number(id))?,
        None => None,
    })
}

fn conversation_key(draft: &Draft<'_>, instance: &str, contact: u64) -> [u8; 16] {
    draft.ctx.seal.hash("conversation", &[instance.as_bytes(), &contact.to_be_bytes()])
}

fn new_conversation(
    draft: &mut Draft<'_>,
    instance: &str,
    contact: &mut Contact,
) -> Result<Conversation, Refusal> {
    let id = draft.next("conversation", 1)?;
    let row = conversation_key(draft, instance, contact.id);
    draft.put(&row, &ConversationOf(id));
    if contact.conversations.len() < MAX_CONVERSATIONS {
        contact.conversations.push(id);
        draft.put(&key::number(contact.id), contact);
    }
    Ok(Conversation {
        id,
        contact: contact.id,
        instance: instance.to_owned(),
        mode: Mode::Bot,
        ticket: None,
        created_at: draft.ctx.now,
        last_message_at: draft.ctx.now,
    })
}

/// The contacts that these addresses lead to, oldest first, each once.
fn find_contact(draft: &Draft<'_>, addresses: &[String]) -> Result<Vec<u64>, Refusal> {
    let mut found = Vec::new();
    for address in addresses.iter().take(MAX_ADDRESSES) {
        let row = draft.ctx.seal.hash("address", &[address.as_bytes()]);
        if let Some(AddressOf(id)) = draft.get(&row)? {
            let id = surviving(draft, id)?;
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn surviving(draft: &Draft<'_>, mut id: u64) -> Result<u64, Refusal> {
    for _ in 0..MAX_MERGES {
        match draft.get::<Contact>(&key::number(id))?.and_then(|c| c.merged_into) {
            Some(into) => id = into,
            None => break,
        }
    }
    Ok(id)
}

/// The contact who wrote, made or brought up to date.
fn meet_contact(draft: &mut Draft<'_>, message: &InboundMessage) -> Result<Contact, Refusal> {
    let contact = one_contact(draft, &message.addresses, message.phone.as_deref())?;
    let name = message.name.as_deref().map(cut_name).filter(|n| !n.is_empty());
    if name.is_none() || contact.name == name {
        return Ok(contact);
    }
    let contact = Contact { name, ..contact };
    draft.put(&key::number(contact.id), &contact);
    Ok(contact)
}

fn cut_name(name: &str) -> String {
    name.trim().chars().take(MAX_NAME / 4).collect()
}

pub fn join(draft: &mut Draft<'_>, lid: &str, phone: &str) -> Result<Reply, Refusal> {
    let addresses = [phone.to_owned(), lid.to_owned()];
    // People who never wrote are not our contacts yet.
    if !find_contact(draft, &addresses)?.is_empty() {
        let digits = phone.split('@').next().filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        one_contact(draft, &addresses, digits)?;
    }
    Ok(Reply::Done)
}

/// The one contact of these addresses: found, made, or made one out of several.
fn one_contact(
    draft: &mut Draft<'_>,
    addresses: &[String],
    phone: Option<&str>,
) -> Result<Contact, Refusal> {
    let found = find_contact(draft, addresses)?;
    let (mut contact, known) = match found.split_first() {
        None => {
            let id = draft.next("contact", 1)?;
            draft.event_about(EventKind::ContactCreated, None, None, Some(id));
            let created_at = draft.ctx.now;
            let addresses = Vec::new();
            let conversations = Vec::new();
            let (name, phone, merged_into) = (None, None, None);
            (Contact { id, name, phone, addresses, conversations, created_at, merged_into }, false)
        }
        Some((first, others)) => {
            let mut contact = stored_contact(draft, *first)?;
            for other in others {
                merge(draft, &mut contact, *other)?;
            }
            (contact, true)
        }
    };
    let before = contact.clone();
    if let Some(phone) = phone {
        contact.phone.get_or_insert_with(|| phone.to_owned());
    }
    for address in addresses.iter().take(MAX_ADDRESSES) {
        if contact.addresses.len() < MAX_ADDRESSES && !contact.addresses.contains(address) {
            contact.addresses.push(address.clone());
            let row = draft.ctx.seal.hash("address", &[address.as_bytes()]);
            draft.put(&row, &AddressOf(contact.id));
        }
    }
    if contact != before {
        draft.put(&key::number(contact.id), &contact);
        if known {
            draft.event_about(EventKind::ContactUpdated, None, None, Some(contact.id));
        }
    }
    Ok(contact)
}

fn stored_contact(draft: &Draft<'_>, id: u64) -> Result<Contact, Refusal> {
    draft
        .get::<Contact>(&key::number(id))?
        .ok_or_else(|| Refusal::Store(format!("contact {id} is pointed to but is not there")))
}

/// `other` turns out to be `survivor`, who takes over addresses and conversations. Where both talk over the
/// same bridge, the conversation with an open ticket goes on; a second open ticket is worked off by itself.
fn merge(draft: &mut Draft<'_>, survivor: &mut Contact, other: u64) -> Result<(), Refusal> {
    let mut absorbed = stored_contact(draft, other)?;
    absorbed.merged_into = Some(survivor.id);
    draft.put(&key::number(other), &absorbed);
    for address in absorbed.addresses {
        if survivor.addresses.len() < MAX_ADDRESSES && !survivor.addresses.contains(&address) {
            survivor.addresses.push(address);
        }
    }
    survivor.phone = survivor.phone.take().or(absorbed.phone);
    survivor.name = survivor.name.take().or(absorbed.name);
    for id in absorbed.conversations {
        if let Some(conversation) = draft.get::<Conversation>(&key::number(id))? {
            take_over(draft, survivor, conversation)?;
        }
    }
    draft.put(&key::number(survivor.id), survivor);
    draft.event_about(EventKind::ContactMerged, None, None, Some(other));
    Ok(())
}

fn take_over(
    draft: &mut Draft<'_>,
    survivor: &mut Contact,
    mut theirs: Conversation,
) -> Result<(), Refusal> {
    if let Some(own) = find_conversation(draft, &theirs.instance, survivor.id)?
        && (open_ticket(draft, &own)?.is_some() || open_ticket(draft, &theirs)?.is_none())
    {
        return Ok(());
    }
    let row = conversation_key(draft, &theirs.instance, survivor.id);
    draft.put(&row, &ConversationOf(theirs.id));
    theirs.contact = survivor.id;
    draft.put(&key::number(theirs.id), &theirs);
    if survivor.conversations.len() < MAX_CONVERSATIONS {
        survivor.conversations.push(theirs.id);
    }
    if let Some(mut ticket) = open_ticket(draft, &theirs)? {
        ticket.requester.contact = Some(survivor.id);
        ticket.requester.phone = survivor.phone.clone();
        draft.put_ticket(&ticket);
    }
    Ok(())
}

fn open_ticket(draft: &Draft<'_>, conversation: &Conversation) -> Result<Option<Ticket>, Refusal> {
    Ok(match conversation.ticket {
        Some(number) => draft.rows().ticket(number)?.filter(|t| t.status.is_open()),
        None => None,
    })
}
