//! What there was with a contact: their tickets, and all their conversations.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::State;
use super::contacts::ContactId;
use super::contacts_view::seen;
use super::error::Failure;
use super::extract::{Caller, Query, limit, number};
use super::tickets::EntryView;
use super::tickets_list::{ListedTicket, Pagination};
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::entry::Entry;
use crate::domain::ticket::Ticket;
use crate::engine::rows::{ReadError, Rows};
use crate::wire::problem::Problem;

/// Entries of one ticket in a contact's timeline, the newest ones.
const ENTRIES: usize = 50;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From 1
    #[param(value_type = Option<i32>, minimum = 1)]
    page: Option<String>,
    /// 1 to 100, 20 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ContactTickets {
    tickets: Vec<ListedTicket>,
    pagination: Pagination,
}

/// A contact's tickets that the caller may see, the newest first (S2.43).
#[describe::path(get, path = "/api/contacts/{id}/tickets", operation_id = "contact_tickets", tag = "contacts",
    params(("id" = u64, Path, description = "The contact's id"), PageQuery), responses((status = 200, body = ContactTickets), (status = 404, body = Problem)))]
pub async fn tickets(
    Shared(state): Shared<State>,
    caller: Caller,
    ContactId(id): ContactId,
    Query(query): Query<PageQuery>,
) -> Result<Json<ContactTickets>, Failure> {
    let limit = limit(query.limit.as_deref(), 20)?;
    let page = number("page", query.page.as_deref(), 1)?;
    let Some(before) = page.checked_sub(1) else {
        return Err(Problem::field("page", "at least 1").into());
    };
    let (_, theirs) = seen(&state, &caller, id)?;
    let shown = theirs.iter().skip(before.saturating_mul(limit)).take(limit);
    let tickets = state.engine.read(|rows| {
        let found = shown.filter_map(|number| rows.ticket(*number).transpose());
        found.map(|ticket| ticket.map(ListedTicket::from)).collect::<Result<Vec<_>, _>>()
    })?;
    let pagination = Pagination::of(page, limit, theirs.len() as u64);
    Ok(Json(ContactTickets { tickets, pagination }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The number of the ticket to go on behind; the newest if absent
    #[param(value_type = Option<i32>, minimum = 0)]
    before: Option<String>,
    /// Tickets at once, 1 to 100, 10 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// One ticket, and the end of what was said in it.
#[derive(Serialize, ToSchema)]
pub struct Chapter {
    ticket: ListedTicket,
    /// In spoken or sent order; the newest 50
    entries: Vec<EntryView>,
    /// Earlier ones that are not shown here: `GET /api/tickets/{ref}/timeline` has all
    earlier: u64,
}

#[derive(Serialize, ToSchema)]
pub struct ContactTimeline {
    /// The newest ticket first
    chapters: Vec<Chapter>,
    /// Give this as `before` for what was earlier; absent at the end
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// All conversations with a contact, over every channel, ticket by ticket.
#[describe::path(get, path = "/api/contacts/{id}/timeline", operation_id = "contact_timeline", tag = "contacts",
    params(("id" = u64, Path, description = "The contact's id"), HistoryQuery), responses((status = 200, body = ContactTimeline), (status = 404, body = Problem)))]
pub async fn timeline(
    Shared(state): Shared<State>,
    caller: Caller,
    ContactId(id): ContactId,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<ContactTimeline>, Failure> {
    let limit = limit(query.limit.as_deref(), 10)?;
    let before = match number("before", query.before.as_deref(), 0)? {
        0 => u64::MAX,
        number => number as u64,
    };
    let (_, theirs) = seen(&state, &caller, id)?;
    let mut rest = theirs.into_iter().filter(|number| *number < before);
    let shown: Vec<u64> = rest.by_ref().take(limit).collect();
    let next = shown.last().copied().filter(|_| rest.next().is_some());
    let chapters = state.engine.read(|rows| {
        let mut chapters = Vec::with_capacity(shown.len());
        for number in &shown {
            if let Some(ticket) = rows.ticket(*number)? {
                let entries = newest(&rows, &ticket)?;
                let earlier = u64::from(ticket.extent.entries).saturating_sub(entries.len() as u64);
                let entries = entries.into_iter().map(EntryView::from).collect();
                chapters.push(Chapter { ticket: ticket.into(), entries, earlier });
            }
        }
        Ok(chapters)
    })?;
    Ok(Json(ContactTimeline { chapters, next }))
}

/// The last entries of a ticket, in order.
fn newest(rows: &Rows<'_>, ticket: &Ticket) -> Result<Vec<Entry>, ReadError> {
    let mut items = Vec::new();
    for page in (0..ticket.extent.pages).rev() {
        let mut earlier = rows.page(ticket.number, page)?.items;
        earlier.append(&mut items);
        items = earlier;
        if items.len() >= ENTRIES {
            break;
        }
    }
    let from = items.len().saturating_sub(ENTRIES);
    let shown = items.split_off(from).into_iter();
    shown.map(|item| Ok(Entry { id: item.id, ..rows.entry(&item)? })).collect()
}
