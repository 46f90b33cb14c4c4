//! The agents' queue in seed 004's words: `pending` is what nobody has, `assigned` what somebody has; `id` is
//! the ticket's number (S4.11 to S4.16).

use axum::Json;
use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::{Caller, Input, Named, Query, limit, number};
use super::tickets_list::json;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, Reply};
use crate::engine::index::{AssigneeIs, Filter, Set, Sort};
use crate::wire::problem::Problem;

#[derive(Serialize, ToSchema)]
pub struct QueueTicket {
    id: u64,
    customer_name: String,
    /// Digits of the international number, if known (S4.19).
    customer_phone: Option<String>,
    /// pending, assigned, resolved or closed
    status: &'static str,
    /// low, medium, high or urgent
    priority: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    assigned_agent_id: Option<u64>,
}

/// The queue's word for where a ticket is.
fn queue_status(ticket: &Ticket) -> &'static str {
    match ticket.status {
        Status::Resolved => "resolved",
        Status::Closed => "closed",
        _ if ticket.assignee.is_some() => "assigned",
        _ => "pending",
    }
}

impl From<&Ticket> for QueueTicket {
    fn from(t: &Ticket) -> QueueTicket {
        let name = t.requester.name.clone().or_else(|| t.requester.phone.clone());
        QueueTicket {
            id: t.number,
            status: queue_status(t),
            customer_name: name.unwrap_or_else(|| "Unknown".into()),
            customer_phone: t.requester.phone.clone(),
            priority: t.priority.as_str(),
            created_at: t.created_at,
            assigned_agent_id: t.assignee.as_ref().map(|a| a.agent),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct QueueList {
    tickets: Vec<QueueTicket>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LimitQuery {
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// 0 if absent
    #[param(value_type = Option<i32>, minimum = 0)]
    offset: Option<String>,
}

/// Still to be worked off: neither resolved nor closed, and no running call.
fn waiting() -> Filter {
    let statuses = Set::statuses(Status::ALL.into_iter().filter(|s| s.is_open()));
    let assignee = Some(AssigneeIs::Nobody);
    Filter { statuses, assignee, running: Some(false), ..Filter::default() }
}

fn page(
    state: &State,
    filter: &Filter,
    sort: Sort,
    query: &LimitQuery,
) -> Result<Response, Failure> {
    let limit = limit(query.limit.as_deref(), 50)?;
    let offset = number("offset", query.offset.as_deref(), 0)?;
    let numbers = state.engine.shared().index().page(filter, sort, offset, limit);
    let found = state.engine.tickets(&numbers)?;
    let list = json(&QueueList { tickets: Vec::new() });
    let (head, tail) = list.split_at("{\"tickets\":[".len());
    let mut body = String::with_capacity(256 * (found.len() + 1));
    body.push_str(head);
    for (at, cached) in found.iter().enumerate() {
        body.push_str(if at == 0 { "" } else { "," });
        body.push_str(cached.queued(|ticket| json(&QueueTicket::from(ticket))));
    }
    body.push_str(tail);
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// What waits for an agent: the highest priority first, then the oldest (S4.11, S4.12).
#[describe::path(get, path = "/api/tickets/queue", tag = "queue", params(LimitQuery), responses((status = 200, body = QueueList)))]
pub async fn queue(
    Shared(state): Shared<State>,
    Query(query): Query<LimitQuery>,
) -> Result<Response, Failure> {
    page(&state, &waiting(), Sort::Queue, &query)
}

/// What the current agent has claimed, newest first (S4.14).
#[describe::path(get, path = "/api/tickets/my-tickets", tag = "queue", params(LimitQuery), responses((status = 200, body = QueueList)))]
pub async fn my_tickets(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<LimitQuery>,
) -> Result<Response, Failure> {
    let Actor::Agent { id, .. } = caller.actor else {
        return Err(Problem::new(403, "Forbidden", "this token acts as no agent").into());
    };
    let filter = Filter { assignee: Some(AssigneeIs::Agent(id)), ..Filter::default() };
    page(&state, &filter, Sort::NewestFirst, &query)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AllQuery {
    /// pending, assigned, resolved or closed
    #[param(pattern = "^(pending|assigned|resolved|closed)?$")]
    status: Option<String>,
    /// low, medium, high or urgent
    #[param(pattern = "^(low|normal|medium|high|urgent|critical)?$")]
    priority: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// 0 if absent
    #[param(value_type = Option<i32>, minimum = 0)]
    offset: Option<String>,
}

/// Every ticket, for supervisors and admins (S4.15).
#[describe::path(get, path = "/api/tickets/all", tag = "queue", params(AllQuery), responses((status = 200, body = QueueList)))]
pub async fn all(
    Shared(state): Shared<State>,
    Query(query): Query<AllQuery>,
) -> Result<Response, Failure> {
    let mut filter = Filter::default();
    match query.status.as_deref() {
        None | Some("") => {}
        Some("pending") => filter = Filter { running: None, ..waiting() },
        Some("assigned") => {
            filter = Filter { assignee: Some(AssigneeIs::Somebody), running: None, ..waiting() };
        }
        Some("resolved") => filter.statuses = Set::statuses([Status::Resolved]),
        Some("closed") => filter.statuses = Set::statuses([Status::Closed]),
        Some(_) => {
            return Err(
                Problem::field("status", "must be pending, assigned, resolved or closed").into()
            );
        }
    }
    if let Some(word) = query.priority.as_deref().filter(|w| !w.is_empty()) {
        let priority = Priority::parse(word)
            .ok_or_else(|| Problem::field("priority", "must be low, medium, high or urgent"))?;
        filter.priorities = Set::priorities([priority]);
    }
    let query = LimitQuery { limit: query.limit, offset: query.offset };
    page(&state, &filter, Sort::Queue, &query)
}

#[derive(Serialize, ToSchema)]
pub struct ClaimAnswer {
    #[schema(example = "success")]
    status: &'static str,
    ticket: Claimed,
}

#[derive(Serialize, ToSchema)]
pub struct Claimed {
    id: u64,
    #[schema(example = "assigned")]
    status: &'static str,
    assigned_agent_id: Option<u64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    assigned_at: Option<Micros>,
}

#[derive(Deserialize, ToSchema)]
pub struct Nothing {}

/// Takes a ticket. Of many agents at once one wins; the others get 409 and learn who has it (S4.13).
#[describe::path(post, path = "/api/tickets/{ref}/claim", tag = "queue", params(("ref" = String, Path, description = "any reference of the ticket")),
    responses((status = 200, body = ClaimAnswer)))]
pub async fn claim(
    Shared(state): Shared<State>,
    Named(ticket): Named,
    input: Input<Nothing>,
) -> Result<Json<ClaimAnswer>, Failure> {
    match state.engine.submit(input.submission(Command::Claim { ticket })).await? {
        Reply::Ticket(ticket) => Ok(Json(ClaimAnswer {
            status: "success",
            ticket: Claimed {
                id: ticket.number,
                status: queue_status(&ticket),
                assigned_agent_id: ticket.assignee.as_ref().map(|a| a.agent),
                assigned_at: ticket.assigned_at,
            },
        })),
        other => Err(unexpected(&other)),
    }
}
