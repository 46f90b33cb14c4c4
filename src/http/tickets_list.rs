//! The list of tickets: every filter, order and page of it (S3.4, S3.5, S3.28, S3.29).
//!
//! It is one pass over the index of tickets and reads the records of the page alone, but for what lists have shown lately;
//! with `q` the index of words tells before which of them are meant.

use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::State;
use super::error::Failure;
use super::extract::{Caller, Query, limit, number};
use super::search_query::{self, Wanted};
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::agent::Role;
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::rule::{STANDINGS, SlaStanding};
use crate::domain::status::Status;
use crate::domain::ticket::{MAX_CATEGORY, MAX_TAG, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::Actor;
use crate::engine::index::{AssigneeIs, Filter, Found, Set, Shown, Sort, Span};
use crate::engine::search::Asked;
use crate::wire::problem::Problem;

/// Names of categories in one request.
const MAX_CATEGORIES: usize = 32;

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
    /// How it stands by its SLA: met, on_track, at_risk or breached
    #[param(example = "breached")]
    sla: Option<String>,
    /// True lists what is deleted and can be restored; for admins
    #[param(value_type = Option<bool>)]
    deleted: Option<String>,
    /// Words that all stand somewhere in the ticket or in what was said; `"a phrase"`, `-not`, `begin*`, and `from:`,
    /// `status:`, `priority:`, `assignee:`, `channel:`, `tag:`, `category:`, `before:`, `after:`, `has:attachment`,
    /// `speaker:user`
    #[param(max_length = 200, example = "\"never arrived\" -refund channel:call")]
    q: Option<String>,
    /// Whether `q` is still being typed: then its last word may go on
    #[param(value_type = Option<bool>)]
    typing: Option<String>,
    /// created_at, updated_at, priority, number, sla (what is due first) or, with `q`, relevance; with `-` before it the
    /// other way round. The newest first if absent
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
    /// How it stands by its SLA; null without a promise
    sla: Option<ListedSla>,
}

/// How a ticket stands by its SLA (S3.10, S3.12).
#[derive(Serialize, ToSchema)]
pub struct ListedSla {
    /// met, on_track, at_risk or breached: the worse of first response and resolution
    #[schema(example = "on_track")]
    state: &'static str,
    /// The next moment at which a target is missed; absent while its clocks stand still
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Micros>,
    /// Until then; below 0 what it is late
    remaining_seconds: Option<i64>,
}

impl ListedSla {
    fn of(standing: SlaStanding, now: Micros) -> ListedSla {
        let remaining = standing.due_at.map(|at| (at.0 - now.0) / Micros::SECOND);
        let state = STANDINGS[usize::from(standing.at(now)).min(3)];
        ListedSla { state, due_at: standing.due_at, remaining_seconds: remaining }
    }
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
            sla: None,
        }
    }
}

/// What the list says of a ticket, up to how it stands by its SLA: that changes by itself.
fn before_sla(ticket: &Ticket) -> String {
    let mut text = json(&ListedTicket::from(ticket.clone()));
    text.truncate(text.len() - "null}".len());
    text
}

/// A view as JSON.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("its maps have names for keys")
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
    /// False while the index is built, as after an upgrade: there may be more
    complete: bool,
}

/// Lists tickets, the newest first. The total is exact, and counts only what the caller may see.
#[describe::path(get, path = "/api/tickets", operation_id = "list_tickets", tag = "tickets", params(ListQuery), responses((status = 200, body = TicketList)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Response, Failure> {
    let Listed { numbers, page, limit, total, search } = find(&state, &caller, &query).await?;
    let tickets = state.engine.tickets(&numbers)?;
    let pagination = Pagination::of(page, limit, total);
    let list = json(&TicketList { tickets: Vec::new(), pagination, search });
    let (head, tail) = list.split_at("{\"tickets\":[".len());
    let mut body = String::with_capacity(1024 * (tickets.len() + 1));
    body.push_str(head);
    let now = state.engine.shared().now();
    let index = state.engine.shared().index();
    for (at, cached) in tickets.iter().enumerate() {
        body.push_str(if at == 0 { "" } else { "," });
        body.push_str(cached.written(before_sla));
        let standing = index.standing(cached.ticket.number);
        body.push_str(&json(&standing.map(|standing| ListedSla::of(standing, now))));
        body.push('}');
    }
    drop(index);
    body.push_str(tail);
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// A page of tickets.
pub struct Listed {
    pub numbers: Vec<u64>,
    pub page: usize,
    pub limit: usize,
    /// How many there are on all pages.
    pub total: u64,
    search: Option<SearchView>,
}

impl Listed {
    pub fn of(numbers: Vec<u64>, page: usize, limit: usize, total: u64) -> Listed {
        Listed { numbers, page, limit, total, search: None }
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
    let now = state.engine.shared().now();
    let mut filter = filter(state, caller, query)?;
    filter.sla = sla(query.sla.as_deref())?.map(|wanted| (wanted, now));
    let known = state.engine.shared().categories();
    filter.categories =
        filter.categories.iter().flat_map(|slug| known.with_children(slug)).collect();
    let words = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let by_relevance = words.is_some() && query.sort.as_deref().map(str::trim) == Some("relevance");
    let sort = match by_relevance {
        true => Sort::NewestFirst,
        false => sort(query.sort.as_deref(), query.order.as_deref())?,
    };
    let (found, search) = match words {
        None => (state.engine.shared().index().find(&filter, sort, offset, limit), None),
        Some(words) => {
            let typing = flag("typing", query.typing.as_deref())?.unwrap_or(false);
            let Wanted { query, also, time, named } =
                search_query::read(state, caller, "q", words, typing)?;
            let tickets = if by_relevance { offset.saturating_add(limit) } else { 0 };
            let (messages, contacts, filtered) = (0, 0, filter.clone());
            let asked = Asked { query, filter, also, time, named, messages, contacts, tickets };
            let searched = state.engine.find(asked).await?;
            let search = Some(SearchView { complete: searched.complete });
            let found = match by_relevance {
                true => Found {
                    total: u64::from(searched.tickets.count()),
                    numbers: searched.weights.iter().skip(offset).map(|(n, _)| *n).collect(),
                },
                false => {
                    let among = Filter { among: Some(searched.tickets), ..filtered };
                    state.engine.shared().index().find(&among, sort, offset, limit)
                }
            };
            (found, search)
        }
    };
    Ok(Listed { numbers: found.numbers, page, limit, total: found.total, search })
}

/// What a query leaves of what the caller may see.
pub fn filter(state: &State, caller: &Caller, query: &ListQuery) -> Result<Filter, Failure> {
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
    let contacts = match contact as u64 {
        0 => Vec::new(),
        id => state.engine.read(|rows| rows.ids_of(id))?,
    };
    Ok(Filter {
        statuses: statuses(query.status.as_deref())?,
        priorities: priorities(query.priority.as_deref())?,
        channels: channels(query.channel.as_deref())?,
        running: None,
        assignee: assignee(caller, query.assignee.as_deref())?,
        categories: categories(query.category.as_deref())?,
        tag: tag(query.tag.as_deref())?,
        contacts,
        created: span("created", query.created_from.as_deref(), query.created_to.as_deref())?,
        updated: span("updated", query.updated_from.as_deref(), query.updated_to.as_deref())?,
        on_hold: flag("on_hold", query.on_hold.as_deref())?,
        escalated: flag("escalated", query.escalated.as_deref())?,
        shown,
        sla: None,
        among: None,
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

pub fn statuses(text: Option<&str>) -> Result<Set, Failure> {
    let known = Status::ALL.into_iter().map(Status::on_helpdesk_face);
    let found = meant("status", text, Status::parse, known)?;
    Ok(found.map_or(Set::ALL, Set::statuses))
}

pub fn priorities(text: Option<&str>) -> Result<Set, Failure> {
    let known = Priority::ALL.into_iter().map(Priority::as_str);
    let found = meant("priority", text, Priority::parse, known)?;
    Ok(found.map_or(Set::ALL, Set::priorities))
}

pub fn channels(text: Option<&str>) -> Result<Set, Failure> {
    let known = Channel::ALL.into_iter().map(Channel::as_str);
    let found = meant("channel", text, Channel::parse, known)?;
    Ok(found.map_or(Set::ALL, Set::channels))
}

pub fn assignee(caller: &Caller, text: Option<&str>) -> Result<Option<AssigneeIs>, Failure> {
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

pub fn categories(text: Option<&str>) -> Result<Vec<String>, Failure> {
    let names = words(text);
    if names.len() > MAX_CATEGORIES || names.iter().any(|name| name.len() > 4 * MAX_CATEGORY) {
        let why = format!("at most {MAX_CATEGORIES} names of at most {MAX_CATEGORY} characters");
        return Err(Problem::field("category", why).into());
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

pub fn tag(text: Option<&str>) -> Result<Option<String>, Failure> {
    let tag = text.map(str::trim).filter(|tag| !tag.is_empty());
    if tag.is_some_and(|tag| tag.chars().count() > MAX_TAG) {
        return Err(Problem::field("tag", format!("at most {MAX_TAG} characters")).into());
    }
    Ok(tag.map(str::to_owned))
}

pub(super) fn flag(field: &str, text: Option<&str>) -> Result<Option<bool>, Failure> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(Problem::field(field, "must be true or false").into()),
    }
}

/// As [`SlaStanding::at`] says it.
fn sla(text: Option<&str>) -> Result<Option<u8>, Failure> {
    let Some(word) = text.map(str::trim).filter(|word| !word.is_empty()) else { return Ok(None) };
    let found = STANDINGS.iter().position(|standing| *standing == word);
    let found = found.and_then(|at| u8::try_from(at).ok());
    let why = || format!("must be one of {}", STANDINGS.join(", "));
    found.map(Some).ok_or_else(|| Problem::field("sla", why()).into())
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
        ("sla", false) => Sort::DueFirst,
        _ => {
            let why = "must be created_at, updated_at, priority, number, sla or, with q, relevance, with - before it for the other way round";
            return Err(Problem::field("sort", why).into());
        }
    })
}
