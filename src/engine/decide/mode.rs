//! Bot or human (S4.6, S4.7): who answers in a conversation.
//!
//! A new ticket and every human reply give it to the agents; a person, or the end of the ticket, gives it back to
//! the bot, and there it stays until the next ticket or human reply.

use crate::domain::contact::{Conversation, Mode};
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::{ReadError, key};
use crate::engine::rules::BotReturns;
use crate::store::codec::Record;
use crate::store::records::BotReturn;
use crate::store::{Order, RowKey, Table, View};

/// Returns that are dealt with at once.
const MAX_DUE: usize = 500;

/// Somebody decides who answers from now on.
pub fn set(draft: &mut Draft<'_>, id: u64, mode: Mode) -> Result<Reply, Refusal> {
    let unknown = || Refusal::NotFound("such conversation".into());
    let mut conversation = draft.get::<Conversation>(&key::number(id))?.ok_or_else(unknown)?;
    if let Some(number) = conversation.ticket {
        let ticket = draft.rows().live(number)?;
        if ticket.is_some_and(|ticket| !draft.ctx.actor.may_see(&ticket)) {
            return Err(Refusal::Hidden("such conversation".into()));
        }
    }
    if turn(draft, &mut conversation, mode)? {
        draft.put(&key::number(id), &conversation);
    }
    Ok(Reply::Conversation(Box::new(conversation)))
}

/// Gives a conversation to the agents. True if it was the bot's; the caller puts it then.
pub fn to_agents(draft: &mut Draft<'_>, conversation: &mut Conversation) -> Result<bool, Refusal> {
    turn(draft, conversation, Mode::Agent)
}

fn turn(
    draft: &mut Draft<'_>,
    conversation: &mut Conversation,
    mode: Mode,
) -> Result<bool, Refusal> {
    if conversation.mode == mode {
        return Ok(false);
    }
    conversation.mode = mode;
    draft.notice(
        match mode {
            Mode::Agent => {
                "[CHAT] Mode changed to 'agent' - future messages will go to agent queue"
            }
            Mode::Bot => "[CHAT] Mode changed to 'bot' - the bot answers until an agent does",
        }
        .into(),
    );
    // The feed shows the ticket as this plan has it.
    if let Some(number) = conversation.ticket
        && let Some(ticket) = draft.rows().home(number)?
    {
        let now = draft.ctx.now;
        let waits = ticket.status.is_open() && ticket.first_response_at.is_none();
        if mode == Mode::Agent && waits && ticket.created_at != now {
            draft.figure(number, |figures| figures.people_since = Some(now))?;
        }
        draft.put_ticket(&ticket)?;
    }
    draft.event(EventKind::ConversationModeChanged, conversation.ticket);
    Ok(true)
}

/// A ticket was resolved or closed: its conversation goes back to the bot, at once or in time.
pub fn ended(draft: &mut Draft<'_>, was: Status, ticket: &Ticket) -> Result<(), Refusal> {
    let Some(id) = ticket.conversation else { return Ok(()) };
    match draft.ctx.rules.bot_returns {
        BotReturns::AtClose if ticket.status == Status::Closed => give_back(draft, id, ticket),
        BotReturns::After(0) if was.is_open() => give_back(draft, id, ticket),
        BotReturns::After(wait) if was.is_open() => {
            let due = draft.ctx.steady.plus(wait);
            let row = BotReturn { ticket: ticket.number, resolved_at: ticket.resolved_at };
            draft.put(&key::bot_return(due.0, id), &row);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn give_back(draft: &mut Draft<'_>, id: u64, ticket: &Ticket) -> Result<(), Refusal> {
    let Some(mut conversation) = draft.get::<Conversation>(&key::number(id))? else {
        return Ok(());
    };
    if conversation.ticket == Some(ticket.number) && turn(draft, &mut conversation, Mode::Bot)? {
        draft.put(&key::number(id), &conversation);
    }
    Ok(())
}

/// The customer writes again after the end of the ticket: what was due by now, and not done yet, is done.
pub fn return_if_due(
    draft: &mut Draft<'_>,
    conversation: &mut Conversation,
    ended: &Ticket,
) -> Result<(), Refusal> {
    for (row_key, row) in due(draft)? {
        let of_this = key::numbers(&row_key).is_some_and(|(_, id)| id == conversation.id);
        if of_this && holds(&row, ended) {
            draft.delete(Table::BotReturns, &row_key);
            turn(draft, conversation, Mode::Bot)?;
        }
    }
    Ok(())
}

/// Carries out what is due; gives the number of rows that are done with.
pub fn sweep(draft: &mut Draft<'_>) -> Result<usize, Refusal> {
    let due = due(draft)?;
    let done = due.len();
    for (row_key, row) in due {
        draft.delete(Table::BotReturns, &row_key);
        let Some((_, id)) = key::numbers(&row_key) else { continue };
        if let Some(ticket) = draft.rows().ticket(row.ticket)?.filter(|t| holds(&row, t)) {
            give_back(draft, id, &ticket)?;
        }
    }
    Ok(done)
}

/// Whether the ticket is still at the end that asked for the return.
fn holds(row: &BotReturn, ticket: &Ticket) -> bool {
    row.ticket == ticket.number && !ticket.status.is_open() && row.resolved_at == ticket.resolved_at
}

fn due(draft: &Draft<'_>) -> Result<Vec<(RowKey, BotReturn)>, ReadError> {
    let end = key::bot_return(draft.ctx.steady.0.saturating_add(1), 0);
    let rows = View::scan(draft, BotReturn::TABLE, &[], Some(&end), Order::Ascending, MAX_DUE)?;
    rows.into_iter()
        .map(|(row_key, bytes)| {
            let record = draft.rows().open(&row_key, &bytes)?;
            Ok((row_key, record))
        })
        .collect()
}
