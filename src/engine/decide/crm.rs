//! Tickets of the CRM: made by agents, or reported by an assistant while it talks with a customer (S2.4, S2.22).
//!
//! What always holds: they bear the next reference of their year; one tool call of a customer makes one ticket, however
//! often it is told; a chat keeps its open ticket, beside which what an assistant reports in it stands as related.

use super::desk::{self, active_agent};
use super::people::{self, stored_contact};
use super::{escalate, intake, queue};
use crate::domain::activity::{Value, What};
use crate::domain::channel::Channel;
use crate::domain::contact::{Contact, Conversation};
use crate::domain::crm::{Customer, Details, Location};
use crate::domain::reference::Reference;
use crate::domain::ticket::{MAX_RELATED, Requester, Ticket};
use crate::engine::command::{Refusal, Reply};
use crate::engine::crm::{NewCrmTicket, reported_as};
use crate::engine::desk::{DetailEdits, Edits};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::store::Table;

/// Whom a ticket is for, as far as the rows know.
#[derive(Default)]
struct Known {
    contact: Option<Contact>,
    conversation: Option<Conversation>,
    /// The call during which it was reported.
    call: Option<Ticket>,
}

pub fn open(draft: &mut Draft<'_>, new: &NewCrmTicket) -> Result<Reply, Refusal> {
    let mut known = known(draft, new)?;
    let name = new.tool_call.as_deref().map(|call| {
        let customer = match (&known.contact, &known.call) {
            (Some(contact), _) => contact.id.to_string(),
            (None, Some(call)) => format!("#{}", call.number),
            (None, None) => String::new(),
        };
        reported_as(&customer, call)
    });
    if let Some(name) = &name
        && let Some(number) = draft.rows().named(&Reference::External(name.clone()))?
        && let Some(ticket) = draft.rows().home(number)?
    {
        return Ok(Reply::Taken { ticket: Box::new(ticket), made: false });
    }
    if !new.by_assistant {
        needs_subcategory(draft, new.ticket.category.as_deref(), &new.details)?;
    } else if known.conversation.is_none() {
        known.conversation = chat_of(draft, known.contact.as_ref())?;
    }
    let case = &new.ticket.case;
    let names = draft.name_yearly_ticket()?;
    let now = draft.ctx.now;
    let channel = known.conversation.as_ref().map_or(Ok(case.channel), |c| channel(draft, c))?;
    let mut ticket = Ticket {
        priority: case.priority.unwrap_or(draft.ctx.rules.default_priority),
        category: new.ticket.category.clone(),
        category_is_manual: new.ticket.category.is_some(),
        source: case.source.clone(),
        requester: requester(new, &known),
        ..Ticket::new(names, channel, new.status, now)
    };
    if let Some(name) = &name {
        intake::name_externally(draft, &mut ticket, name);
    }
    draft.write_history(&mut ticket, None, None);
    draft.event(EventKind::TicketCreated, Some(ticket.number));
    let line = format!("[TICKET] ✅ Created new ticket #{} ({})", ticket.number, channel.as_str());
    draft.notice(line.into());
    let mut details = new.details.clone();
    if let Some(conversation) = known.conversation {
        place(draft, &mut ticket, &mut details, conversation)?;
    }
    if let Some(call) = known.call {
        beside(draft, &mut ticket, call)?;
    }
    intake::complete(draft, &mut ticket, case, known.contact)?;
    draft.put_ticket(&ticket)?;
    let set = new.ticket.metadata.iter().map(|(key, value)| (key.as_str(), Some(value.as_str())));
    desk::write_metadata(draft, &mut ticket, set)?;
    if let Some(agent) = new.ticket.assignee {
        desk::assign(draft, &mut ticket, agent)?;
    }
    keep(draft, ticket.number, &details);
    draft.put_ticket(&ticket)?;
    Ok(Reply::Taken { ticket: Box::new(ticket), made: true })
}

fn known(draft: &mut Draft<'_>, new: &NewCrmTicket) -> Result<Known, Refusal> {
    let invalid = |field, why: &str| Refusal::Invalid { field, why: why.to_owned() };
    Ok(match &new.customer {
        Customer::Unknown => Known {
            contact: intake::requester(draft, &new.ticket.case.requester)?,
            ..Known::default()
        },
        Customer::Contact(id) => {
            let found = draft.rows().person(*id)?;
            let contact =
                found.ok_or_else(|| invalid("customerId", "there is no such customer"))?;
            Known { contact: Some(contact), ..Known::default() }
        }
        Customer::Conversation(id) => {
            let found = draft.get::<Conversation>(&key::number(*id))?;
            let conversation =
                found.ok_or_else(|| invalid("conversationId", "there is no such conversation"))?;
            let contact = draft.rows().person(conversation.contact)?;
            Known { contact, conversation: Some(conversation), call: None }
        }
        Customer::At { addresses, phone } => {
            let contact = people::one_contact(draft, addresses, phone.as_deref())?;
            Known { contact: Some(contact), ..Known::default() }
        }
        Customer::Call(number) => {
            let call = draft.rows().live(*number)?;
            let call = call.ok_or_else(|| invalid("conversationId", "there is no such call"))?;
            let contact = match (call.requester.contact, &call.requester.phone) {
                (Some(id), _) => Some(stored_contact(draft, id)?),
                (None, Some(digits)) => {
                    let address = format!("{digits}@s.whatsapp.net");
                    Some(people::one_contact(draft, &[address], Some(digits))?)
                }
                (None, None) => None,
            };
            Known { contact, conversation: None, call: Some(call) }
        }
    })
}

fn requester(new: &NewCrmTicket, known: &Known) -> Requester {
    let (contact, call) = (known.contact.as_ref(), known.call.as_ref());
    let given = &new.ticket.case.requester;
    let of_contact = |contact: &Contact| contact.name.clone();
    let of_call = |call: &Ticket| call.requester.name.clone();
    let name = given.name.clone().or_else(|| contact.and_then(of_contact));
    let phone = new.ticket.phone.clone().or_else(|| contact.and_then(|c| c.phone.clone()));
    let mail = |contact: &Contact| {
        contact.addresses.iter().find_map(|a| a.strip_prefix("mailto:")).map(str::to_owned)
    };
    Requester {
        contact: contact.map(|contact| contact.id),
        name: name.or_else(|| call.and_then(of_call)),
        phone: phone.or_else(|| call.and_then(|call| call.requester.phone.clone())),
        email: given.email.clone().or_else(|| contact.and_then(mail)),
    }
}

/// The channel of what comes in a chat: that of the chat's tickets.
fn channel(draft: &Draft<'_>, conversation: &Conversation) -> Result<Channel, Refusal> {
    let ticket = match conversation.ticket {
        Some(number) => draft.rows().ticket(number)?,
        None => None,
    };
    Ok(ticket.map_or(Channel::Api, |ticket| ticket.channel))
}

/// The newest WhatsApp chat of a contact: there the assistant talks with whom it knows by a number alone.
fn chat_of(draft: &Draft<'_>, contact: Option<&Contact>) -> Result<Option<Conversation>, Refusal> {
    for id in contact.iter().flat_map(|contact| contact.conversations.iter().rev()) {
        if let Some(found) = draft.get::<Conversation>(&key::number(*id))?
            && channel(draft, &found)? == Channel::Whatsapp
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Makes it the open ticket of its chat, or a related one of that.
fn place(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    details: &mut Details,
    mut conversation: Conversation,
) -> Result<(), Refusal> {
    let current = match conversation.ticket {
        Some(number) => draft.rows().live(number)?.filter(|other| other.status.is_open()),
        None => None,
    };
    match current {
        Some(other) => {
            details.conversation = Some(conversation.id);
            beside(draft, ticket, other)
        }
        None => {
            ticket.conversation = Some(conversation.id);
            conversation.ticket = Some(ticket.number);
            draft.put(&key::number(conversation.id), &conversation);
            Ok(())
        }
    }
}

/// Ties it to another ticket, as far as there is room.
fn beside(draft: &mut Draft<'_>, ticket: &mut Ticket, mut other: Ticket) -> Result<(), Refusal> {
    if ticket.related.contains(&other.number) || other.related.len() >= MAX_RELATED {
        return Ok(());
    }
    ticket.related.push(other.number);
    other.related.push(ticket.number);
    other.updated_at = draft.ctx.now;
    draft.put_ticket(&other)?;
    draft.event(EventKind::TicketUpdated, Some(other.number));
    Ok(())
}

/// Some categories say little without a subcategory (S2.32).
fn needs_subcategory(
    draft: &Draft<'_>,
    category: Option<&str>,
    details: &Details,
) -> Result<(), Refusal> {
    let needing = &draft.ctx.rules.crm.needs_subcategory;
    match category.filter(|slug| needing.iter().any(|needs| needs == slug)) {
        Some(slug) if details.subcategory.is_none() => Err(Refusal::Unprocessable {
            field: "subcategory",
            why: format!("is required for category {slug} (crm.subcategory_required)"),
        }),
        _ => Ok(()),
    }
}

fn keep(draft: &mut Draft<'_>, ticket: u64, details: &Details) {
    if *details == Details::default() {
        draft.delete(Table::CrmDetails, &key::number(ticket));
    } else {
        draft.put(&key::number(ticket), details);
    }
}

/// True if rows beside the ticket's own have changed.
pub fn edit(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    edits: &Edits,
    wanted: &DetailEdits,
) -> Result<bool, Refusal> {
    let before = draft.rows().details(ticket.number)?;
    let category = ticket.category.clone();
    let changes_rows = desk::edit(draft, ticket, edits)?;
    let mut details = before.clone();
    if let Some(subcategory) = &wanted.subcategory {
        details.subcategory.clone_from(subcategory);
    }
    if let Some(location) = &wanted.location {
        details.location.clone_from(location);
    }
    if ticket.category != category || details.subcategory != before.subcategory {
        needs_subcategory(draft, ticket.category.as_deref(), &details)?;
    }
    if details == before {
        return Ok(changes_rows);
    }
    keep(draft, ticket.number, &details);
    let shown = |name: &str, value: &str| Value::text(format!("{name}: {value}"));
    let places = [&before.location, &details.location].map(|place| place.as_ref().map(words));
    let [from, to] = places;
    let changes =
        [("subcategory", before.subcategory, details.subcategory), ("location", from, to)];
    for (name, from, to) in changes.into_iter().filter(|(_, from, to)| from != to) {
        let shown = |value: Option<String>| value.map(|value| shown(name, &value));
        draft.log(ticket.number, What::Metadata, shown(from), shown(to));
    }
    Ok(true)
}

fn words(place: &Location) -> String {
    let degrees = place.latitude.zip(place.longitude);
    let degrees = degrees.map(|(north, east)| format!("{north}, {east}"));
    [place.address.clone(), degrees].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Flags it and gives it to an agent (S2.22); what was known of it stays.
pub fn escalate(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    agent: u64,
    reason: &str,
) -> Result<(), Refusal> {
    active_agent(draft, agent, "toAgent")?;
    draft.because(Some(reason));
    if !ticket.status.is_open() {
        queue::change_status(draft, ticket, crate::domain::status::Status::Open, Some(reason))?;
    }
    escalate::escalate(draft, ticket, reason, Some(agent))?;
    let details = draft.rows().details(ticket.number)?;
    keep(draft, ticket.number, &Details { escalated_to: Some(agent), ..details });
    Ok(())
}
