//! Presence (S3.18, S4.25): who is there, how much they have and take; and the next ticket for whoever asks.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::{Caller, Id, Input};
use super::queue::Nothing;
use super::ticket_view::show;
use crate::describe::{self, ToSchema};
use crate::domain::presence::{State as Presence, Workload};
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::automation::AutomationCommand;
use crate::engine::command::{Actor, Command, Reply};
use crate::engine::index::{AssigneeIs, Filter, Set, Sort};
use crate::wire::problem::Problem;

/// Somebody of the desk.
#[derive(Serialize, ToSchema)]
pub struct PresenceView {
    #[schema(example = 3)]
    agent_id: u64,
    #[schema(example = "Ani")]
    name: String,
    /// online, away or offline
    #[schema(example = "online")]
    state: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Micros>,
    /// Open tickets that they have
    #[schema(example = 4)]
    open_tickets: u64,
    /// Open tickets up to which assignment rules give them more
    #[schema(example = 20)]
    capacity: u32,
    /// The business hours in which they work; every hour if absent
    business_hours_id: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub struct Presences {
    agents: Vec<PresenceView>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresenceBody {
    /// online, away or offline
    #[schema(value_type = String, example = "online")]
    state: Presence,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadBody {
    /// Open tickets, 0 to 10000; that of the configuration (`automation.capacity`) if absent
    #[schema(example = 8, maximum = 10000)]
    capacity: Option<u32>,
    /// Business hours outside of which rules give them nothing
    #[schema(example = 1)]
    business_hours_id: Option<u64>,
}

fn views(state: &State) -> Result<Vec<PresenceView>, Failure> {
    let shared = state.engine.shared();
    let now = shared.presence();
    let mut agents = shared.people().agents();
    agents.retain(|agent| agent.disabled_at.is_none());
    let loads: Vec<u64> = state
        .engine
        .read(|rows| agents.iter().map(|agent| rows.open_tickets_of(agent.id)).collect())?;
    let view = |(agent, open_tickets): (std::sync::Arc<crate::domain::agent::Agent>, u64)| {
        let (presence, workload) = (now.of(agent.id), now.workload(agent.id));
        PresenceView {
            agent_id: agent.id,
            name: agent.name.clone(),
            state: presence.map_or(Presence::Offline, |p| p.state).as_str(),
            since: presence.map(|p| p.since),
            open_tickets,
            capacity: workload.capacity.unwrap_or(state.desk.capacity),
            business_hours_id: workload.hours,
        }
    };
    Ok(agents.into_iter().zip(loads).map(view).collect())
}

/// Who is there, with what they have and take.
#[describe::path(get, path = "/api/presence", operation_id = "list_presence", tag = "agents",
    responses((status = 200, body = Presences)))]
pub async fn list(Shared(state): Shared<State>) -> Result<Json<Presences>, Failure> {
    Ok(Json(Presences { agents: views(&state)? }))
}

/// Says that the caller is online, away or offline. To be repeated as a heartbeat: whoever is silent for a minute
/// (`automation.heartbeat_grace`) is offline. A repeated state writes nothing.
#[describe::path(post, path = "/api/presence", operation_id = "set_presence", tag = "agents", request_body = PresenceBody,
    responses((status = 200, body = PresenceView)))]
pub async fn set(
    Shared(state): Shared<State>,
    input: Input<PresenceBody>,
) -> Result<Json<PresenceView>, Failure> {
    let Actor::Agent { id: agent, .. } = input.caller.actor else {
        let why = "only an agent has a presence: log in, or use a token of scope agent";
        return Err(Problem::new(403, "Forbidden", why).into());
    };
    let wanted = input.value.state;
    let presence = state.engine.shared().presence();
    let same = presence.of(agent).is_some_and(|now| now.state == wanted && now.by_hand);
    presence.seen(agent);
    if !same {
        let command = AutomationCommand::SetPresence { agent, state: wanted, by_hand: true };
        state.engine.submit(input.submission(Command::Automation(command))).await?;
    }
    let view = views(&state)?.into_iter().find(|view| view.agent_id == agent);
    view.map(Json).ok_or_else(|| super::error::not_found("such agent"))
}

/// Sets how many open tickets an agent takes, and when they work; what is left out is as the configuration says.
#[describe::path(put, path = "/api/agents/{agent}/workload", operation_id = "set_workload", tag = "agents",
    params(("agent" = u64, Path, description = "the agent's id")), request_body = WorkloadBody,
    responses((status = 200, body = PresenceView)))]
pub async fn set_workload(
    Shared(state): Shared<State>,
    Id(agent): Id,
    input: Input<WorkloadBody>,
) -> Result<Json<PresenceView>, Failure> {
    let workload =
        Workload { capacity: input.value.capacity, hours: input.value.business_hours_id };
    let unknown = || super::error::not_found("such agent");
    state.engine.shared().people().agent(agent).ok_or_else(unknown)?;
    let command = AutomationCommand::SetWorkload { agent, workload };
    state.engine.submit(input.submission(Command::Automation(command))).await?;
    let view = views(&state)?.into_iter().find(|view| view.agent_id == agent);
    view.map(Json).ok_or_else(unknown)
}

/// Tickets among which one is chosen; the more others ask at once, the more of them are gone.
const CHOICE: usize = 100;

/// Gives the caller the ticket that is to be done next: by how its SLA stands, then by priority, then the oldest. 204:
/// nothing waits.
#[describe::path(post, path = "/api/tickets/next", operation_id = "next_ticket", tag = "queue", request_body = Nothing,
    responses((status = 200, body = super::ticket_view::TicketView), (status = 204, description = "nothing waits")))]
pub async fn next(
    Shared(state): Shared<State>,
    input: Input<Nothing>,
) -> Result<Response, Failure> {
    let tickets = next_in_line(&state, &input.caller);
    let command = Command::Automation(AutomationCommand::Next { tickets });
    match state.engine.submit(input.submission(command)).await? {
        Reply::Ticket(ticket) => {
            let view = state.engine.read(|rows| show(&state, &rows, *ticket))?;
            Ok(Json(view).into_response())
        }
        Reply::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        other => Err(unexpected(&other)),
    }
}

fn next_in_line(state: &State, caller: &Caller) -> Vec<u64> {
    let now = state.engine.shared().now();
    let statuses = Set::statuses(Status::ALL.into_iter().filter(|status| status.is_open()));
    let filter = Filter {
        statuses,
        assignee: Some(AssigneeIs::Nobody),
        running: Some(false),
        on_hold: Some(false),
        visible_to: caller.visible_to(),
        ..Filter::default()
    };
    let index = state.engine.shared().index();
    // By standing, each by priority and age.
    let mut line = Vec::new();
    for standing in [3, 2] {
        let filter = Filter { sla: Some((standing, now)), ..filter.clone() };
        line.extend(index.page(&filter, Sort::Queue, 0, CHOICE));
    }
    line.extend(index.page(&filter, Sort::Queue, 0, CHOICE));
    line.truncate(2 * CHOICE);
    line
}
