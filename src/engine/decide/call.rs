//! The life of a call: opened, detached, resumed, ended; and what callers of the ledger change (seed 000).

use crate::domain::call::{CallItem, OpenCall, RUNNING};
use crate::domain::channel::Channel;
use crate::domain::entry::{Entry, Kind, MAX_BODY, MAX_TOOL_CALLS, Speaker, ToolCall};
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::summary;
use crate::domain::ticket::{
    MAX_CATEGORY, MAX_METADATA, MAX_METADATA_KEY, MAX_METADATA_VALUE, MAX_NAME, MAX_SESSION_ID,
    MAX_SUMMARY, Metadata, Requester, Ticket,
};
use crate::engine::command::{CallChanges, IfAttached, NewCall, NewInteraction, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::{ReadError, key};
use crate::engine::timeline::Place;
use crate::store::records::Pointer;
use crate::store::{Order, Table};

/// Rows of speech items removed when a call ends; more than a call may have.
const ALL_ITEMS: usize = 3 * crate::domain::call::MAX_ITEMS as usize;
/// Entries looked at for category and summary, and bytes of each.
const JUDGED_ENTRIES: usize = 5000;
const JUDGED_BYTES: usize = 64 * 1024;

pub fn open(draft: &mut Draft<'_>, new: &NewCall) -> Result<Reply, Refusal> {
    check_text("session_id", &new.session_id, MAX_SESSION_ID)?;
    if let Some(name) = &new.customer_name {
        check_text("customer_name", name, MAX_NAME)?;
    }
    if let Some(category) = &new.category {
        check_category(category)?;
    }
    let session = key::session(&draft.ctx.seal.hash("session", &[new.session_id.as_bytes()]));
    if let Some(connection) = new.connection
        && let Some(call) = running(draft, &session)?
    {
        match (call.connection, new.if_attached) {
            (Some(other), IfAttached::Ask) => {
                return Ok(Reply::CallAttached { ticket: call.ticket, connection: other });
            }
            (Some(_), IfAttached::OpenAnother) => {}
            (None, _) | (Some(_), IfAttached::TakeOver) => return resume(draft, call, connection),
        }
    }
    has_room(draft)?;
    draft.count(RUNNING)?;
    let prefix = draft.ctx.rules.call_prefix.clone();
    let (number, id, ticket_id) = draft.name_ticket(&prefix)?;
    let now = draft.ctx.now;
    let mut ticket = Ticket {
        priority: new.priority.unwrap_or_default(),
        category: new.category.clone(),
        category_is_manual: new.category.is_some(),
        requester: Requester {
            name: new.customer_name.clone(),
            phone: new.customer_phone.clone(),
            ..Requester::default()
        },
        session_id: Some(new.session_id.clone()),
        call_running: true,
        ..Ticket::new((number, id, ticket_id), Channel::Call, Status::Open, now)
    };
    draft.write_history(&mut ticket, None, None);
    draft.put_ticket(&ticket)?;
    draft.put(&session, &Pointer(number));
    let call = OpenCall {
        ticket: number,
        session_id: new.session_id.clone(),
        connection: new.connection,
        detached_at: None,
        items: 0,
        heard_at: draft.ctx.steady,
    };
    draft.put(&key::number(number), &call);
    draft.event(EventKind::TicketCreated, Some(number));
    draft.event(EventKind::CallStarted, Some(number));
    Ok(Reply::Call { ticket: Box::new(ticket), resumed: false })
}

/// Whether one more call may run.
pub fn has_room(draft: &Draft<'_>) -> Result<(), Refusal> {
    let (running, limit) = (draft.counted(RUNNING)?, draft.ctx.rules.max_open_calls);
    if running >= limit {
        let why = format!("{running} calls are running, the limit calls.max_open is {limit}");
        return Err(Refusal::Overloaded(why));
    }
    Ok(())
}

/// Something came for a call that no connection streams: it is not idle.
pub fn heard(draft: &mut Draft<'_>, ticket: u64) -> Result<(), Refusal> {
    let row = key::number(ticket);
    if let Some(mut call) = draft.get::<OpenCall>(&row)?.filter(|c| c.connection.is_none()) {
        call.heard_at = draft.ctx.steady;
        draft.put(&row, &call);
    }
    Ok(())
}

/// The call of a session that has not ended.
fn running(draft: &Draft<'_>, session: &[u8]) -> Result<Option<OpenCall>, Refusal> {
    Ok(match draft.rows().pointer(session)? {
        Some(ticket) => draft.get::<OpenCall>(&key::number(ticket))?,
        None => None,
    })
}

fn resume(draft: &mut Draft<'_>, mut call: OpenCall, connection: u64) -> Result<Reply, Refusal> {
    call.connection = Some(connection);
    call.detached_at = None;
    draft.put(&key::number(call.ticket), &call);
    draft.event(EventKind::CallResumed, Some(call.ticket));
    let ticket = draft.ticket(&Reference::Number(call.ticket))?;
    Ok(Reply::Call { ticket: Box::new(ticket), resumed: true })
}

pub fn detach(draft: &mut Draft<'_>, ticket: u64, connection: u64) -> Result<Reply, Refusal> {
    let row = key::number(ticket);
    if let Some(mut call) = draft.get::<OpenCall>(&row)?
        && call.connection == Some(connection)
    {
        call.connection = None;
        call.detached_at = Some(draft.ctx.steady);
        draft.put(&row, &call);
        draft.event(EventKind::CallInterrupted, Some(ticket));
    }
    Ok(Reply::Done)
}

pub fn orphan_all(draft: &mut Draft<'_>) -> Result<Reply, Refusal> {
    for (row, mut call) in draft.rows().scan::<OpenCall>(&[], None, Order::Ascending, usize::MAX)? {
        let steady = draft.ctx.steady;
        if call.connection.take().is_some() {
            call.detached_at = Some(steady);
            draft.put(&row, &call);
            draft.event(EventKind::CallInterrupted, Some(call.ticket));
        } else if call.heard_at > steady || call.detached_at.is_some_and(|at| at > steady) {
            // A power cut costs the steady clock some minutes: the wait begins anew.
            call.heard_at = call.heard_at.min(steady);
            call.detached_at = call.detached_at.map(|at| at.min(steady));
            draft.put(&row, &call);
        }
    }
    Ok(Reply::Done)
}

pub fn expire(draft: &mut Draft<'_>, ticket: u64) -> Result<Reply, Refusal> {
    let Some(call) = draft.get::<OpenCall>(&key::number(ticket))? else { return Ok(Reply::Done) };
    let rules = draft.ctx.rules;
    if !call.is_over(draft.ctx.steady, rules.resume_grace, rules.idle_end) {
        return Ok(Reply::Done);
    }
    let ticket = draft.ticket(&Reference::Number(ticket))?;
    let why = if call.detached_at.is_some() {
        "the relay did not come back"
    } else {
        "nothing more came"
    };
    let ticket = close(draft, ticket, false, true, Some(why))?;
    forget(draft, ticket)
}

/// Ends a call. `connection` is the one that closed; a call that another connection has taken over goes on.
/// Ended by anybody else while a relay streams it, the call is closed at once, but what was heard stays known
/// until the relay's connection ends: what it delivers again adds nothing, what is new still gets in.
pub fn end(
    draft: &mut Draft<'_>,
    reference: &Reference,
    connection: Option<u64>,
    auto_categorize: bool,
) -> Result<Reply, Refusal> {
    let ticket = call_ticket(draft, reference)?;
    let call = draft.get::<OpenCall>(&key::number(ticket.number))?;
    let is_streamed = call.as_ref().is_some_and(|c| c.is_streamed());
    if connection.is_some() && call.is_none_or(|c| c.connection != connection) {
        return Ok(Reply::Ticket(Box::new(ticket)));
    }
    let asked = connection.is_none();
    let ticket = close(draft, ticket, asked, auto_categorize, None)?;
    if asked && is_streamed {
        return Ok(Reply::Ticket(Box::new(ticket)));
    }
    forget(draft, ticket)
}

/// Status closed, category and summary set (S0.37 to S0.39). A call that had ended before is judged again, as
/// more may have been said since; its status is left as it is, unless somebody `asked`.
fn close(
    draft: &mut Draft<'_>,
    mut ticket: Ticket,
    asked: bool,
    auto_categorize: bool,
    reason: Option<&str>,
) -> Result<Ticket, Refusal> {
    let before = ticket.clone();
    flush_nameless_tools(draft, &mut ticket)?;
    let was_running = std::mem::take(&mut ticket.call_running);
    let first = was_running || asked;
    judge(draft, &mut ticket, auto_categorize && (first || before.category.is_some()))?;
    if first && ticket.status.may_become(Status::Closed) {
        draft.set_status(&mut ticket, Status::Closed, reason);
    }
    if was_running {
        super::mail_out::summary(draft, &mut ticket)?;
    }
    if ticket != before {
        ticket.updated_at = draft.ctx.now;
        draft.put_ticket(&ticket)?;
    }
    if was_running {
        draft.event(EventKind::CallEnded, Some(ticket.number));
    }
    Ok(ticket)
}

/// Nobody streams the call any more: what told one delivery of its words from another is dropped.
fn forget(draft: &mut Draft<'_>, ticket: Ticket) -> Result<Reply, Refusal> {
    let call = key::number(ticket.number);
    if draft.get::<OpenCall>(&call)?.is_some() {
        draft.delete(Table::OpenCalls, &call);
        draft.uncount(RUNNING)?;
    }
    draft.delete_of_ticket(Table::CallItems, ticket.number, ALL_ITEMS)?;
    Ok(Reply::Ticket(Box::new(ticket)))
}

/// Tool calls whose arguments came but never their name are kept all the same.
fn flush_nameless_tools(draft: &mut Draft<'_>, ticket: &mut Ticket) -> Result<(), Refusal> {
    let (start, end) = (key::number(ticket.number), key::number(ticket.number + 1));
    let items = draft.rows().scan::<CallItem>(&start, Some(&end), Order::Ascending, ALL_ITEMS)?;
    for (_, mut item) in items {
        if item.parts.is_empty() && item.tool_arguments.is_some() {
            super::call_facts::write_tool_call(draft, ticket, &mut item, "unknown")?;
        }
    }
    Ok(())
}

/// Sets category and summary from what was said, where no person has set them.
fn judge(draft: &Draft<'_>, ticket: &mut Ticket, categorize: bool) -> Result<(), Refusal> {
    let (mut turns, mut befell) = (Vec::new(), None);
    for item in draft.directory(ticket)?.iter().take(JUDGED_ENTRIES) {
        let entry = draft.rows().entry(item)?;
        // What bears a name was written on the ticket, not said in the call.
        if entry.kind == Kind::Message && entry.author.is_none() && entry.deleted_at.is_none() {
            let mut body = entry.body;
            truncate(&mut body, JUDGED_BYTES);
            turns.push((entry.speaker == Speaker::User, body));
        } else if entry.kind == Kind::Event && entry.speaker == Speaker::System {
            befell = Some(entry.body);
        }
    }
    // Where nobody spoke, what befell the call is all that there is to say.
    let befell = befell.filter(|_| turns.is_empty());
    let turns = || turns.iter().map(|(customer, text)| (*customer, text.as_str()));
    if categorize && !ticket.category_is_manual {
        ticket.category = Some(draft.ctx.category_of_call(turns()));
    }
    if !ticket.summary_is_manual {
        let said = || summary::summarise(turns());
        ticket.summary = Some(befell.unwrap_or_else(said).chars().take(MAX_SUMMARY).collect());
    }
    Ok(())
}

fn truncate(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let end = (0..=bytes).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
    }
}

pub fn log_interaction(draft: &mut Draft<'_>, new: &NewInteraction) -> Result<Reply, Refusal> {
    if new.message.is_empty() && new.tool_calls.is_empty() {
        return Err(Refusal::Invalid { field: "message", why: "must not be empty".into() });
    }
    if new.message.len() > MAX_BODY {
        let why = format!("must be at most {MAX_BODY} bytes, this one has {}", new.message.len());
        return Err(Refusal::Invalid { field: "message", why });
    }
    if new.tool_calls.len() > MAX_TOOL_CALLS {
        let why = format!("must be at most {MAX_TOOL_CALLS} calls");
        return Err(Refusal::Invalid { field: "tool_calls", why });
    }
    let mut ticket = call_ticket(draft, &new.ticket)?;
    let id = draft.reserve_entry(&mut ticket);
    let now = draft.ctx.now;
    let message = match new.tool_calls.first() {
        Some(call) if new.message.is_empty() => ToolCall::message(&call.name),
        _ => new.message.clone(),
    };
    let entry = Entry {
        ticket: ticket.number,
        id,
        at: new.at.unwrap_or(now),
        received_at: now,
        speaker: new.speaker,
        kind: if new.tool_calls.is_empty() { Kind::Message } else { Kind::ToolCall },
        author: None,
        body: message,
        tool_calls: new.tool_calls.clone(),
        attachment: None,
        provider_id: None,
        edited_at: None,
        deleted_at: None,
    };
    for call in &new.tool_calls {
        count_tool(draft, ticket.number, &call.name)?;
    }
    let place = new.at.map_or(Place::End, Place::ByTime);
    let no = draft.add_entry(&mut ticket, &entry, place)?;
    if entry.speaker == Speaker::Agent {
        ticket.first_response_at.get_or_insert(now);
    }
    ticket.updated_at = now;
    draft.put_ticket(&ticket)?;
    heard(draft, ticket.number)?;
    draft.event_about(EventKind::MessageAdded, Some(ticket.number), Some(no), None);
    Ok(Reply::Interaction { ticket: Box::new(ticket), entry: Box::new(entry) })
}

/// Counts a call of a tool, among all and for its ticket (S0.48, S0.62).
pub fn count_tool(draft: &mut Draft<'_>, ticket: u64, name: &str) -> Result<(), ReadError> {
    draft.count(&tool_count(name))?;
    let searches = u16::from(name.to_lowercase().contains("search"));
    draft.figure(ticket, |figures| {
        figures.tool_calls = figures.tool_calls.saturating_add(1);
        figures.searches = figures.searches.saturating_add(searches);
    })
}

/// The name under which the calls of a tool are counted (S0.48).
fn tool_count(name: &str) -> String {
    let mut name = name.to_owned();
    truncate(&mut name, 200);
    format!("tool:{name}")
}

pub fn add_metadata(
    draft: &mut Draft<'_>,
    reference: &Reference,
    name: &str,
    value: &str,
) -> Result<Reply, Refusal> {
    check_text("key", name, MAX_METADATA_KEY)?;
    check_length("value", value, MAX_METADATA_VALUE)?;
    let mut ticket = call_ticket(draft, reference)?;
    if ticket.extent.metadata >= MAX_METADATA {
        return Err(Refusal::Conflict(format!("a ticket holds at most {MAX_METADATA} metadata")));
    }
    let row = Metadata { key: name.to_owned(), value: value.to_owned() };
    draft.put(&key::page(ticket.number, ticket.extent.metadata), &row);
    ticket.extent.metadata += 1;
    ticket.updated_at = draft.ctx.now;
    draft.put_ticket(&ticket)?;
    draft.event(EventKind::TicketUpdated, Some(ticket.number));
    let id = ticket.extent.metadata;
    Ok(Reply::Metadata { ticket: Box::new(ticket), id, key: row.key, value: row.value })
}

pub fn update(
    draft: &mut Draft<'_>,
    reference: &Reference,
    changes: &CallChanges,
) -> Result<Reply, Refusal> {
    let mut ticket = call_ticket(draft, reference)?;
    let before = ticket.clone();
    if let Some(name) = &changes.customer_name {
        check_text("customer_name", name, MAX_NAME)?;
        ticket.requester.name = Some(name.clone());
    }
    if let Some(category) = &changes.category {
        check_category(category)?;
        ticket.category = Some(category.clone());
        ticket.category_is_manual = true;
    }
    if let Some(summary) = &changes.summary {
        check_length("summary", summary, MAX_SUMMARY)?;
        ticket.summary = Some(summary.clone());
        ticket.summary_is_manual = true;
    }
    if let Some(notes) = &changes.resolution_notes {
        check_length("resolution_notes", notes, MAX_SUMMARY)?;
        ticket.resolution_notes = Some(notes.clone());
    }
    if let Some(priority) = changes.priority {
        ticket.priority = priority;
    }
    if let Some(to) = changes.status.filter(|to| *to != ticket.status) {
        super::queue::change_status(draft, &mut ticket, to, None)?;
    }
    if ticket != before {
        ticket.updated_at = draft.ctx.now;
        draft.put_ticket(&ticket)?;
        draft.event(EventKind::TicketUpdated, Some(ticket.number));
    }
    Ok(Reply::Ticket(Box::new(ticket)))
}

/// The ledger shows calls only.
fn call_ticket(draft: &Draft<'_>, reference: &Reference) -> Result<Ticket, Refusal> {
    let ticket = draft.ticket(reference)?;
    if ticket.channel == Channel::Call {
        Ok(ticket)
    } else {
        Err(Refusal::NotFound("such call".into()))
    }
}

fn check_text(field: &'static str, text: &str, max: usize) -> Result<(), Refusal> {
    if text.is_empty() || text.chars().any(char::is_control) {
        let why = format!("must be 1 to {max} characters, none of them a control character");
        return Err(Refusal::Invalid { field, why });
    }
    check_length(field, text, max)
}

fn check_length(field: &'static str, text: &str, max: usize) -> Result<(), Refusal> {
    let length = text.chars().count();
    if length > max {
        let why = format!("must be at most {max} characters, this one has {length}");
        return Err(Refusal::Invalid { field, why });
    }
    Ok(())
}

/// A category is a slug; it need not be one of the configured ones (S0.50).
fn check_category(category: &str) -> Result<(), Refusal> {
    let fits = !category.is_empty()
        && category.len() <= MAX_CATEGORY
        && category.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if fits {
        return Ok(());
    }
    let why = format!("must be 1 to {MAX_CATEGORY} letters, digits, `_` or `-`");
    Err(Refusal::Invalid { field: "category", why })
}
