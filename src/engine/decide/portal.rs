//! What a customer does over the portal, by the token of their one ticket: a ticket, a reply, a rating (S3.40 to S3.44).

use super::chat::grant;
use super::{files, intake};
use crate::domain::activity::{MAX_VALUE, Value, What};
use crate::domain::channel::Channel;
use crate::domain::entry::Speaker;
use crate::domain::figures::Rated;
use crate::domain::file;
use crate::domain::rating::{BEST, CHANGEABLE_FOR, MAX_FEEDBACK, Rating};
use crate::domain::ticket::{MAX_DESCRIPTION, Ticket};
use crate::domain::words::head;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::intake::{NewCase, NewRequester, NewTurn};
use crate::engine::portal::{CUSTOMER, NewFile, PortalCommand, spent_today};
use crate::engine::rows::key;

pub fn decide(draft: &mut Draft<'_>, command: &PortalCommand) -> Result<Reply, Refusal> {
    match command {
        PortalCommand::Submit { case, token } => {
            let reply = intake::take(draft, case)?;
            if let Reply::Taken { ticket, .. } = &reply {
                grant(draft, ticket.number, *token)?;
            }
            Ok(reply)
        }
        PortalCommand::Reply { ticket, token, body, files } => {
            say(draft, *ticket, *token, (body, files))
        }
        PortalCommand::Rate { ticket, token, rating, feedback } => {
            rate(draft, *ticket, token, *rating, feedback.as_deref())
        }
    }
}

/// The ticket that a token opens; a wrong one learns nothing.
fn opened(draft: &Draft<'_>, number: u64, token: &[u8; 32]) -> Result<Ticket, Refusal> {
    let rows = draft.rows();
    let opens = rows.opens(number, token, draft.ctx.steady)?;
    let ticket = if opens { rows.ticket(number)? } else { None };
    ticket.ok_or_else(|| Refusal::NotFound("such ticket".into()))
}

fn say(
    draft: &mut Draft<'_>,
    number: u64,
    token: [u8; 32],
    (body, new): (&str, &[NewFile]),
) -> Result<Reply, Refusal> {
    if body.trim().is_empty() || body.chars().count() > MAX_DESCRIPTION {
        let why = format!("must be 1 to {MAX_DESCRIPTION} characters, and not blank");
        return Err(Refusal::Invalid { field: "body", why });
    }
    let mut ticket = opened(draft, number, &token)?;
    if !new.is_empty() {
        may_send(draft, number, new.iter().map(|file| file.bytes).sum())?;
    }
    let turn = NewTurn {
        id: None,
        at: None,
        speaker: Speaker::User,
        author: ticket.requester.name.clone(),
        text: body.to_owned(),
        private: false,
    };
    let case = follow_up(&ticket);
    intake::add_turn(draft, &mut ticket, &case, &turn)?;
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    if ticket.number != number {
        // The customer looks at the one that goes on by the same token.
        grant(draft, ticket.number, token)?;
    }
    let newest = draft.directory(&ticket)?.into_iter().max_by_key(|item| item.id);
    let newest = newest.ok_or_else(|| Refusal::Store("what was just said is not there".into()))?;
    let entry = draft.rows().entry(&newest)?;
    if files::attach_new(draft, ticket.number, new, newest.id)? > 0 {
        let why = "this ticket has as many files as it can hold: send the others with a new one";
        return Err(Refusal::Conflict(why.into()));
    }
    Ok(Reply::Interaction { ticket: Box::new(ticket), entry: Box::new(entry) })
}

/// Asked again when the bytes are there: other requests of the customer's may have come first.
fn may_send(draft: &Draft<'_>, ticket: u64, bytes: u64) -> Result<(), Refusal> {
    let (files, daily) = (draft.rows().files(ticket)?, draft.ctx.rules.customer_daily);
    let room = file::room(&files, CUSTOMER, (daily, bytes), draft.ctx.steady);
    room.map(drop).map_err(|spent| spent_today(daily, spent))
}

/// The case of a ticket that follows this one, if it comes to that.
fn follow_up(ticket: &Ticket) -> NewCase {
    // A chat that went on is this bot's chat still.
    let chat = ticket.external_ids.iter().find(|_| ticket.channel == Channel::Chat);
    NewCase {
        channel: match ticket.channel {
            Channel::Chat => Channel::Chat,
            _ => Channel::Web,
        },
        source: ticket.source.clone(),
        name: chat.cloned(),
        delivery: None,
        requester: NewRequester::default(),
        subject: None,
        description: None,
        described_by: Speaker::User,
        opened_at: None,
        order_id: None,
        priority: None,
        tags: Vec::new(),
        turns: Vec::new(),
        status: None,
    }
}

fn rate(
    draft: &mut Draft<'_>,
    number: u64,
    token: &[u8; 32],
    rating: u8,
    feedback: Option<&str>,
) -> Result<Reply, Refusal> {
    if !(1..=BEST).contains(&rating) {
        let why = format!("must be a whole number, 1 to {BEST}");
        return Err(Refusal::Invalid { field: "rating", why });
    }
    if feedback.is_some_and(|text| text.chars().count() > MAX_FEEDBACK) {
        let why = format!("must be at most {MAX_FEEDBACK} characters");
        return Err(Refusal::Invalid { field: "feedback", why });
    }
    let ticket = opened(draft, number, token)?;
    let known = draft.get::<Rating>(&key::number(number))?;
    let (now, steady) = (draft.ctx.now, draft.ctx.steady);
    if let Some(known) = &known
        && steady.0.saturating_sub(known.first_at.0) > CHANGEABLE_FOR
    {
        let why = "this ticket was rated more than a day ago: a rating can be changed for a day";
        return Err(Refusal::Conflict(why.into()));
    }
    if known.is_none() && ticket.status.is_open() {
        let why = "this ticket can be rated once it is resolved";
        return Err(Refusal::Conflict(why.into()));
    }
    let rated = Rating {
        rating,
        feedback: feedback.map(str::to_owned),
        agent: match &known {
            Some(known) => known.agent,
            None => ticket.assignee.as_ref().map(|assignee| assignee.agent),
        },
        rated_at: now,
        first_at: known.as_ref().map_or(steady, |known| known.first_at),
    };
    let stars = |rating: &Rating| Value::text(rating.rating.to_string());
    let (before, after) = (known.as_ref().map(stars), Some(stars(&rated)));
    if before != after || known.is_some_and(|known| known.feedback != rated.feedback) {
        let why = rated.feedback.as_deref().map(|text| head(text, MAX_VALUE).to_owned());
        draft.log_because(number, (What::Rating, before, after), why);
    }
    draft.put(&key::number(number), &rated);
    draft.figure(number, |figures| {
        figures.rating = Some(Rated { rating, at: now, agent: rated.agent });
    })?;
    draft.put_ticket(&ticket)?;
    draft.event(EventKind::TicketRated, Some(number));
    Ok(Reply::Rating(Box::new(rated)))
}
