//! The list of tickets: every filter, order and page of it (S3.4, S3.5, S3.28, S3.29).
//!
//! Without `q` it is one pass over the index and reads the records of the page alone. With `q` the records of the
//! newest matching tickets are read too, `tickets.search_scan` of them at most; the answer says whether that was all.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::State;
use super::calls::tickets;
use super::error::Failure;
use super::extract::{Caller, Query, limit, number};
use super::tickets_search::{Searched, search};
use crate::domain::agent::Role;
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::ticket::{MAX_CATEGORY, MAX_TAG, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::Actor;
use crate::engine::index::{AssigneeIs, Filter, Found, Set, Shown, Sort, Span};
use crate::wire::problem::Problem;

/// Names of categories in one request.
const MAX_CATEGORIES: usize = 32;
/// The longest `q`, in characters.
const MAX_QUERY: usize = 200;

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// One or more of new, open, in_progress, pending, waiting_internal, resolved, closed, with commas between them
    #[param(example = "open,pending")]
    status: Option<String>,
    /// One or more of low, medium, high, urgent, with commas between them
    #[param(example = "high,urgent")]
    priority: Option<String>,
    /// me, none, any, or an agent's id
    #[param(example = "me")]
    assignee: Option<String>,
    /// Names of categories, with commas between them
    category: Option<String>,
    /// One or more of call, whatsapp, web, email, chat, zendesk, intercom, api, with commas between them
    channel: Option<String>,
    /// A tag, however it is capitalised
    tag: Option<String>,
    /// The number of the contact, `contact_id` of a ticket
    #[param(value_type = Option<i32>, minimum = 0)]
    contact: Option<String>,
    /// Made then or later: a day (UTC) or a time, 2026-01-28 or 2026-01-28T10:00:00Z
    created_from: Option<String>,
    /// Made before that time, or on that day or before
    created_to: Option<String>,
    /// Last changed then or later
    updated_from: Option<String>,
    /// Last changed before that time, or on that day or before
    updated_to: Option<String>,
    /// Whether it is held back
    #[param(value_type = Option<bool>)]
    on_hold: Option<String>,
    /// Whether it is escalated
    #[param(value_type = Option<bool>)]
    escalated: Option<String>,
    /// True lists what is deleted and can be restored; for admins
    #[param(value_type = Option<bool>)]
    deleted: Option<String>,
    /// Words that all stand in number, references, subject, tags, or name, e-mail or phone of the requester
    #[param(max_length = 200)]
    q: Option<String>,
    /// created_at, updated_at, priority or number; with `-` before it the other way round. The newest first if absent
    #[param(example = "-created_at")]
    sort: Option<String>,
    /// asc or desc, instead of the `-`
    #[param(pattern = "^(asc|desc)?$")]
    order: Option<String>,
    /// From 1
    #[param(value_type = Option<i32>, minimum = 1)]
    page: Option<String>,
    /// 1 to 100, 20 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// A ticket of a list (S3.29).
#[derive(Serialize, ToSchema)]
pub struct ListedTicket {
    /// UUIDv7
    id: String,
    number: u64,
    #[schema(example = "#1001")]
    ticket_number: String,
    ticket_id: String,
    subject: Option<String>,
    /// new, open, in_progress, pending, waiting_internal, resolved or closed
    status: &'static str,
    /// low, medium, high or urgent
    priority: &'static str,
    channel: &'static str,
    category: Option<String>,
    contact_id: Option<u64>,
    requester_name: Option<String>,
    requester_email: Option<String>,
    requester_phone: Option<String>,
    assignee_id: Option<u64>,
    assignee_name: Option<String>,
    tags: Vec<String>,
    escalated: bool,
    on_hold: bool,
    call_running: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_message_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    first_response_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Micros>,
}

impl From<Ticket> for ListedTicket {
    fn from(t: Ticket) -> ListedTicket {
        ListedTicket {
            id: t.id.to_string(),
            number: t.number,
            ticket_number: format!("#{}", t.number),
            ticket_id: t.ticket_id,
            subject: t.subject,
            status: t.status.on_helpdesk_face(),
            priority: t.priority.as_str(),
            channel: t.channel.as_str(),
            category: t.category,
            contact_id: t.requester.contact,
            requester_name: t.requester.name,
            requester_email: t.requester.email,
            requester_phone: t.requester.phone,
            assignee_id: t.assignee.as_ref().map(|a| a.agent),
            assignee_name: t.assignee.map(|a| a.name),
            tags: t.tags,
            escalated: t.escalation.is_some(),
            on_hold: t.on_hold.is_some(),
            call_running: t.call_running,
            created_at: t.created_at,
            updated_at: t.updated_at,
            last_message_at: t.last_message_at,
            first_response_at: t.first_response_at,
            resolved_at: t.resolved_at,
            deleted_at: t.deleted.map(|d| d.at),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct TicketList {
    tickets: Vec<ListedTicket>,
    pagination: Pagination,
    /// With `q` only
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<SearchView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    page: usize,
    limit: usize,
    /// How many there are on all pages
    total: u64,
    total_pages: u64,
}

impl Pagination {
    /// Of `total` rows in all.
    pub fn of(page: usize, limit: usize, total: u64) -> Pagination {
        Pagination { page, limit, total, total_pages: total.div_ceil(limit.max(1) as u64) }
    }
}

/// How far a search went.
#[derive(Serialize, ToSchema)]
pub struct SearchView {
    /// Tickets whose records were read
    scanned: usize,
    /// Whether these were all that the filters leave; else older ones may match, too (`tickets.search_scan`)
    complete: bool,
}

/// Lists tickets, the newest first. The total is exact, and counts only what the caller may see.
#[utoipa::path(get, path = "/api/tickets", operation_id = "list_tickets", tag = "tickets", params(ListQuery), responses((status = 200, body = TicketList)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<TicketList>, Failure> {
    let Listed { tickets, page, limit, total, search } = find(&state, &caller, &query).await?;
    let total_pages = total.div_ceil(limit as u64);
    Ok(Json(TicketList {
        tickets: tickets.into_iter().map(ListedTicket::from).collect(),
        pagination: Pagination { page, limit, total, total_pages },
        search,
    }))
}

/// A page of tickets.
pub struct Listed {
    pub tickets: Vec<Ticket>,
    pub page: usize,
    pub limit: usize,
    /// How many there are on all pages.
    pub total: u64,
    search: Option<SearchView>,
}

impl Listed {
    pub fn of(tickets: Vec<Ticket>, page: usize, limit: usize, total: u64) -> Listed {
        Listed { tickets, page, limit, total, search: None }
    }
}

/// The tickets that a query means, as far as the caller may see them.
pub async fn find(state: &State, caller: &Caller, query: &ListQuery) -> Result<Listed, Failure> {
    let limit = limit(query.limit.as_deref(), 20)?;
    let page = number("page", query.page.as_deref(), 1)?;
    let Some(before) = page.checked_sub(1) else {
        return Err(Problem::field("page", "at least 1").into());
    };
    let offset = before.saturating_mul(limit);
    let mut filter = filter(caller, query)?;
    let known = state.engine.shared().categories();
    filter.categories =
        filter.categories.iter().flat_map(|slug| known.with_children(slug)).collect();
    let sort = sort(query.sort.as_deref(), query.order.as_deref())?;
    let words = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    if words.is_some_and(|q| q.chars().count() > MAX_QUERY) {
        return Err(Problem::field("q", format!("at most {MAX_QUERY} characters")).into());
    }
    let (found, search) = match words {
        None => (state.engine.shared().index().find(&filter, sort, offset, limit), None),
        Some(words) => {
            let searched = search(state, filter, sort, words).await?;
            let Searched { numbers, scanned, complete } = searched;
            let total = numbers.len() as u64;
            let page = numbers.into_iter().skip(offset).take(limit).collect();
            (Found { numbers: page, total }, Some(SearchView { scanned, complete }))
        }
    };
    let tickets = state.engine.read(|rows| tickets(&rows, &found.numbers))?;
    Ok(Listed { tickets, page, limit, total: found.total, search })
}

/// What a query leaves of what the caller may see.
pub fn filter(caller: &Caller, query: &ListQuery) -> Result<Filter, Failure> {
    let shown = match flag("deleted", query.deleted.as_deref())? {
        Some(true) if caller.token.acts_as() < Role::Admin => {
            return Err(
                Problem::new(403, "Forbidden", "deleted tickets are shown to admins").into()
            );
        }
        Some(true) => Shown::Deleted,
        _ => Shown::Live,
    };
    let contact = number("contact", query.contact.as_deref().filter(|c| !c.is_empty()), 0)?;
    Ok(Filter {
        statuses: statuses(query.status.as_deref())?,
        priorities: priorities(query.priority.as_deref())?,
        channels: channels(query.channel.as_deref())?,
        running: None,
        assignee: assignee(caller, query.assignee.as_deref())?,
        categories: categories(query.category.as_deref())?,
        tag: tag(query.tag.as_deref())?,
        contact: (contact > 0).then_some(contact as u64),
        created: span("created", query.created_from.as_deref(), query.created_to.as_deref())?,
        updated: span("updated", query.updated_from.as_deref(), query.updated_to.as_deref())?,
        on_hold: flag("on_hold", query.on_hold.as_deref())?,
        escalated: flag("escalated", query.escalated.as_deref())?,
        shown,
        visible_to: caller.visible_to(),
    })
}

/// The words of a list with commas; none where the parameter is absent or empty.
fn words(text: Option<&str>) -> Vec<&str> {
    let words = text.unwrap_or_default().split(',').map(str::trim);
    words.filter(|word| !word.is_empty()).collect()
}

/// What each of these words means; the error names those that there are.
fn meant<T>(
    field: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
    known: impl Iterator<Item = &'static str>,
) -> Result<Option<Vec<T>>, Failure> {
    let words = words(text);
    if words.is_empty() {
        return Ok(None);
    }
    let meant: Option<Vec<T>> = words.iter().map(|word| parse(&word.to_lowercase())).collect();
    if meant.is_none() {
        let known: Vec<&str> = known.collect();
        let why = format!("must be one or more of {}", known.join(", "));
        return Err(Problem::field(field, why).into());
    }
    Ok(meant)
}

fn statuses(text: Option<&str>) -> Result<Set, Failure> {
    let known = Status::ALL.into_iter().map(Status::on_helpdesk_face);
    let found = meant("status", text, Status::parse, known)?;
    Ok(found.map_or(Set::ALL, Set::statuses))
}

fn priorities(text: Option<&str>) -> Result<Set, Failure> {
    let known = Priority::ALL.into_iter().map(Priority::as_str);
    let found = meant("priority", text, Priority::parse, known)?;
    Ok(found.map_or(Set::ALL, Set::priorities))
}

fn channels(text: Option<&str>) -> Result<Set, Failure> {
    let known = Channel::ALL.into_iter().map(Channel::as_str);
    let found = meant("channel", text, Channel::parse, known)?;
    Ok(found.map_or(Set::ALL, Set::channels))
}

fn assignee(caller: &Caller, text: Option<&str>) -> Result<Option<AssigneeIs>, Failure> {
    let Some(word) = text.map(str::trim).filter(|word| !word.is_empty()) else { return Ok(None) };
    Ok(Some(match word {
        "none" | "null" | "unassigned" => AssigneeIs::Nobody,
        "any" | "assigned" => AssigneeIs::Somebody,
        "me" => match caller.actor {
            Actor::Agent { id, .. } => AssigneeIs::Agent(id),
            _ => return Err(Problem::field("assignee", "me: this token acts as no agent").into()),
        },
        id => AssigneeIs::Agent(id.parse().map_err(|_| {
            Problem::field("assignee", "must be me, none, any, or the id of an agent, a number")
        })?),
    }))
}

fn categories(text: Option<&str>) -> Result<Vec<String>, Failure> {
    let names = words(text);
    if names.len() > MAX_CATEGORIES || names.iter().any(|name| name.len() > 4 * MAX_CATEGORY) {
        let why = format!("at most {MAX_CATEGORIES} names of at most {MAX_CATEGORY} characters");
        return Err(Problem::field("category", why).into());
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn tag(text: Option<&str>) -> Result<Option<String>, Failure> {
    let tag = text.map(str::trim).filter(|tag| !tag.is_empty());
    if tag.is_some_and(|tag| tag.chars().count() > MAX_TAG) {
        return Err(Problem::field("tag", format!("at most {MAX_TAG} characters")).into());
    }
    Ok(tag.map(str::to_owned))
}

fn flag(field: &str, text: Option<&str>) -> Result<Option<bool>, Failure> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(Problem::field(field, "must be true or false").into()),
    }
}

fn span(what: &str, from: Option<&str>, to: Option<&str>) -> Result<Span, Failure> {
    let point = |end: &str, text: Option<&str>, whole_day: bool| {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        // In a query string a plus that was not escaped is a space.
        let text = text.replace(' ', "+");
        let day = Micros::parse_rfc3339(&format!("{text}T00:00:00Z"));
        let day = day.map(|start| if whole_day { start.plus(Micros::DAY) } else { start });
        day.or_else(|| Micros::parse_rfc3339(&text)).map(Some).ok_or_else(|| {
            let why = "must be a day or a time, as 2026-01-28 or 2026-01-28T10:00:00Z";
            Failure::from(Problem::field(format!("{what}_{end}"), why))
        })
    };
    Ok(Span { from: point("from", from, false)?, to: point("to", to, true)? })
}

fn sort(sort: Option<&str>, order: Option<&str>) -> Result<Sort, Failure> {
    let word = sort.map(str::trim).filter(|word| !word.is_empty()).unwrap_or("-created_at");
    let (field, reversed) = match word.strip_prefix('-') {
        Some(field) => (field, true),
        None => (word, false),
    };
    let descending = match order.map(str::trim) {
        None | Some("") => reversed,
        Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(Problem::field("order", "must be asc or desc").into()),
    };
    Ok(match (field, descending) {
        ("created_at" | "number" | "ticket_number", true) => Sort::NewestFirst,
        ("created_at" | "number" | "ticket_number", false) => Sort::OldestFirst,
        ("updated_at", true) => Sort::UpdatedLast,
        ("updated_at", false) => Sort::UpdatedFirst,
        ("priority", true) => Sort::Queue,
        ("priority", false) => Sort::QueueReversed,
        _ => {
            let why = "must be created_at, updated_at, priority or number, with - before it for the other way round";
            return Err(Problem::field("sort", why).into());
        }
    })
}
