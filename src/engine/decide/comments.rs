//! What an agent writes on a ticket: an internal note stays inside, a public comment goes to the customer where
//! the ticket's channel has a way to them (S3.32, S4.18).

use super::{changes, files, mail_out, mentions, mode, outbox};
use crate::domain::activity::{Value, What};
use crate::domain::agent::Role;
use crate::domain::channel::Channel;
use crate::domain::contact::Conversation;
use crate::domain::entry::{Delivery, Entry, Kind, MAX_COMMENT, Speaker};
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::engine::command::{Actor, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::store::records::{DirItem, WrittenBy};

pub fn add(
    draft: &mut Draft<'_>,
    reference: &Reference,
    (body, is_internal): (&str, bool),
    attachments: &[u64],
) -> Result<Reply, Refusal> {
    let characters = checked(body)?;
    let by_rule = *draft.ctx.actor == Actor::System;
    let mut ticket = draft.ticket(reference)?;
    let files = files::check(draft, ticket.number, attachments)?;
    let way = if is_internal { None } else { way(draft, &ticket, characters)? };
    let entry = Entry {
        ticket: ticket.number,
        id: draft.reserve_entry(&mut ticket),
        at: draft.ctx.now,
        received_at: draft.ctx.now,
        // What a rule says is nobody's answer.
        speaker: if by_rule { Speaker::System } else { Speaker::Agent },
        kind: if is_internal { Kind::Note } else { Kind::Message },
        author: Some(draft.ctx.actor.name().to_owned()),
        body: body.to_owned(),
        tool_calls: Vec::new(),
        attachment: None,
        provider_id: None,
        edited_at: None,
        deleted_at: None,
    };
    let no = draft.add_last(&mut ticket, &entry)?;
    files::attach(draft, files, entry.id);
    draft.event_about(EventKind::MessageAdded, Some(ticket.number), Some(no), None);
    if let Actor::Agent { id, .. } = draft.ctx.actor {
        draft.put(&key::of_entry(ticket.number, entry.id, &[]), &WrittenBy(*id));
    }
    mentions::note(draft, &mut ticket, no, body)?;
    ticket.updated_at = draft.ctx.now;
    if !is_internal && !by_rule && ticket.channel != Channel::Call {
        answered(draft, &mut ticket);
    }
    let delivery = way.as_ref().map(|_| Delivery::Queued);
    if way.is_some() {
        ticket.last_message_at = Some(draft.ctx.now);
    }
    match way {
        Some(Way::Chat(mut route)) => {
            if mode::to_agents(draft, &mut route.conversation)? {
                draft.put(&key::number(route.conversation.id), &route.conversation);
            }
            outbox::queue(draft, *route, no, &entry)?;
        }
        Some(Way::Mail(to)) => mail_out::comment(draft, &ticket, (no, &entry), to)?,
        None => {}
    }
    draft.put_ticket(&ticket)?;
    Ok(Reply::Comment { ticket: Box::new(ticket), entry: Box::new(entry), delivery })
}

/// How a public comment reaches the customer.
enum Way {
    Chat(Box<outbox::Route>),
    /// To this address.
    Mail(String),
}

/// The way to a ticket's customer; none where a comment stays here.
fn way(draft: &Draft<'_>, ticket: &Ticket, characters: usize) -> Result<Option<Way>, Refusal> {
    if goes_out(draft, ticket)? {
        may_be_answered(ticket)?;
        let route = outbox::route(draft, ticket, characters)?;
        return Ok(Some(Way::Chat(Box::new(route))));
    }
    let Some(to) = mail_out::way(draft, ticket)? else { return Ok(None) };
    // A call is closed as soon as it ends: what is written then is written after it.
    if ticket.channel != Channel::Call {
        may_be_answered(ticket)?;
    }
    Ok(Some(Way::Mail(to)))
}

/// How many characters it has.
fn checked(body: &str) -> Result<usize, Refusal> {
    let characters = body.chars().count();
    if body.trim().is_empty() || characters > MAX_COMMENT {
        let why = format!("must be 1 to {MAX_COMMENT} characters, and not blank");
        return Err(Refusal::Invalid { field: "body", why });
    }
    Ok(characters)
}

/// Whether public comments of this ticket go to the customer's phone.
fn goes_out(draft: &Draft<'_>, ticket: &Ticket) -> Result<bool, Refusal> {
    if ticket.channel == Channel::Whatsapp {
        return Ok(true);
    }
    // One of another channel that a chat was merged into.
    let Some(id) = ticket.conversation else { return Ok(false) };
    let conversation = draft.get::<Conversation>(&key::number(id))?;
    Ok(conversation.is_some_and(|c| draft.ctx.rules.outbound.contains_key(&c.instance)))
}

fn may_be_answered(ticket: &Ticket) -> Result<(), Refusal> {
    if ticket.status == Status::Closed {
        return Err(Refusal::Conflict(format!(
            "ticket #{} is closed: reopen it to answer, or write an internal note",
            ticket.number
        )));
    }
    Ok(())
}

/// The first public turn of an agent is the first response, and the work has begun (C3).
pub fn answered(draft: &mut Draft<'_>, ticket: &mut Ticket) {
    let now = draft.ctx.now;
    ticket.first_response_at.get_or_insert(now);
    if matches!(ticket.status, Status::New | Status::Open) {
        draft.set_status(ticket, Status::InProgress, Some("an agent answered"));
    }
}

/// A comment that failed goes into the outbox again, behind what waits there.
pub fn resend(draft: &mut Draft<'_>, reference: &Reference, id: u32) -> Result<Reply, Refusal> {
    let ticket = draft.ticket(reference)?;
    let (item, entry) = find(draft, &ticket, id)?;
    let conflict = |why: &str| Err(Refusal::Conflict(format!("comment {id} {why}")));
    match draft.rows().dispatch(item.no)?.map(|dispatch| dispatch.state) {
        None => return conflict("never went out: there is nothing to send again"),
        Some(Delivery::Failed) => {}
        Some(Delivery::Queued) => return conflict("waits to be sent already"),
        Some(state) => {
            return conflict(&format!("is {}; only what failed is sent again", state.as_str()));
        }
    }
    if let Some(mail) = mail_out::of_entry(draft, &entry)? {
        mail_out::resend(draft, &ticket, (item.no, &entry), mail)?;
    } else {
        may_be_answered(&ticket)?;
        let route = outbox::route(draft, &ticket, entry.body.chars().count())?;
        outbox::queue(draft, route, item.no, &entry)?;
    }
    outbox::tell(draft, ticket.number, item.no, &entry)?;
    let delivery = Some(Delivery::Queued);
    let entry = Entry { id, ..entry };
    Ok(Reply::Comment { ticket: Box::new(ticket), entry: Box::new(entry), delivery })
}

/// An entry of a ticket, and its place there.
fn find(draft: &Draft<'_>, ticket: &Ticket, id: u32) -> Result<(DirItem, Entry), Refusal> {
    let item = draft.directory(ticket)?.into_iter().find(|item| item.id == id);
    let item = item.ok_or_else(|| Refusal::NotFound("such comment on this ticket".into()))?;
    Ok((item, draft.rows().entry(&item)?))
}

/// Other words for a comment; the earlier ones are kept.
pub fn edit(
    draft: &mut Draft<'_>,
    reference: &Reference,
    id: u32,
    body: &str,
) -> Result<Reply, Refusal> {
    checked(body)?;
    let ticket = draft.ticket(reference)?;
    let (item, entry) = changeable(draft, &ticket, id)?;
    if entry.body != body {
        changes::reword(draft, item.no, entry, body)?;
        draft.log(ticket.number, What::CommentEdited, None, Some(Value::text(id.to_string())));
    }
    told(draft, &ticket, item)
}

/// Takes a comment out of the timeline; its words are kept for admins.
pub fn delete(draft: &mut Draft<'_>, reference: &Reference, id: u32) -> Result<Reply, Refusal> {
    let ticket = draft.ticket(reference)?;
    let (item, entry) = changeable(draft, &ticket, id)?;
    let now = draft.ctx.now;
    changes::delete(draft, item.no, entry, Some(now))?;
    draft.log(ticket.number, What::CommentDeleted, Some(Value::text(id.to_string())), None);
    told(draft, &ticket, item)
}

fn told(draft: &Draft<'_>, ticket: &Ticket, item: DirItem) -> Result<Reply, Refusal> {
    let entry = Entry { id: item.id, ..draft.rows().entry(&item)? };
    let delivery = draft.rows().dispatch(item.no)?.map(|dispatch| dispatch.state);
    Ok(Reply::Comment { ticket: Box::new(ticket.clone()), entry: Box::new(entry), delivery })
}

/// A comment that this actor may change: their own, anybody's for supervisors. What a customer has, or is about to get,
/// cannot be unsaid here.
fn changeable(draft: &Draft<'_>, ticket: &Ticket, id: u32) -> Result<(DirItem, Entry), Refusal> {
    let (item, entry) = find(draft, ticket, id)?;
    let conflict = |why: &str| Err(Refusal::Conflict(format!("comment {id} {why}")));
    let is_comment =
        entry.speaker == Speaker::Agent && matches!(entry.kind, Kind::Message | Kind::Note);
    if !is_comment {
        return conflict("was not written by an agent: what others said is not changed");
    }
    if entry.deleted_at.is_some() {
        return conflict("was deleted");
    }
    match draft.rows().dispatch(item.no)?.map(|dispatch| dispatch.state) {
        Some(Delivery::Failed) => {}
        Some(Delivery::Queued) => return conflict("is on its way to the customer"),
        Some(_) => {
            return conflict("has gone out to the customer: write another one to correct it");
        }
        None if entry.provider_id.is_some() => {
            return conflict("came from another system, where it stays as it is");
        }
        None => {}
    }
    let author = draft.get::<WrittenBy>(&key::of_entry(entry.ticket, entry.id, &[]))?;
    let own = match (draft.ctx.actor, author) {
        (Actor::Agent { role, .. }, _) if *role >= Role::Supervisor => true,
        (Actor::Agent { id, .. }, Some(WrittenBy(author))) => *id == author,
        (actor, _) => entry.author.as_deref() == Some(actor.name()),
    };
    if !own {
        let why = "only its author, a supervisor or an admin may change a comment";
        return Err(Refusal::Forbidden(why.into()));
    }
    Ok((item, entry))
}
