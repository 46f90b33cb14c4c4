//! Rules of assignment (S3.17, S3.18): which tickets go to whom by themselves. Without any, tickets wait to be claimed.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::{Failure, not_found};
use super::extract::{Id, Input};
use super::queue::Nothing;
use super::rules::{conditions, name};
use crate::describe::{self, ToSchema};
use crate::domain::condition::Conditions;
use crate::domain::rule::{AssignmentRule, Strategy};
use crate::domain::time::Micros;
use crate::engine::automation::{AutomationCommand, NewAssignment};
use crate::engine::command::{Command, Reply};

fn yes() -> bool {
    true
}

fn least_busy() -> Strategy {
    Strategy::LeastBusy
}

#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentBody {
    #[schema(example = "Billing to Ani and Budi", max_length = 100)]
    name: String,
    #[serde(default = "yes")]
    active: bool,
    /// The first rule that a ticket fits counts, by this number
    #[serde(default)]
    #[schema(example = 10)]
    position: u32,
    /// As of `/api/rules`; without any it is for every ticket
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>, example = json!({"all": [{"field": "category", "op": "is", "values": ["billing"]}]}))]
    conditions: Conditions,
    /// least_busy, round_robin or sticky (whoever had this customer last, else the least busy)
    #[serde(default = "least_busy")]
    #[schema(value_type = String, example = "least_busy")]
    strategy: Strategy,
    /// Ids of the agents whom it gives to; everybody if empty
    #[serde(default)]
    agents: Vec<u64>,
}

#[derive(Serialize, ToSchema)]
pub struct AssignmentView {
    id: u64,
    name: String,
    active: bool,
    position: u32,
    #[schema(value_type = Object)]
    conditions: Conditions,
    strategy: &'static str,
    agents: Vec<u64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
}

#[derive(Serialize, ToSchema)]
pub struct AssignmentRules {
    rules: Vec<AssignmentView>,
}

impl From<AssignmentRule> for AssignmentView {
    fn from(rule: AssignmentRule) -> AssignmentView {
        AssignmentView {
            id: rule.id,
            name: rule.name,
            active: rule.active,
            position: rule.position,
            conditions: rule.conditions,
            strategy: rule.strategy.as_str(),
            agents: rule.agents,
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        }
    }
}

/// The rules of assignment, in their order.
#[describe::path(get, path = "/api/assignment-rules", operation_id = "list_assignment_rules", tag = "rules",
    responses((status = 200, body = AssignmentRules)))]
pub async fn list(Shared(state): Shared<State>) -> Result<Json<AssignmentRules>, Failure> {
    let rules = state.engine.read(|rows| rows.assignment_rules())?;
    Ok(Json(AssignmentRules { rules: rules.into_iter().map(AssignmentView::from).collect() }))
}

/// One of them.
#[describe::path(get, path = "/api/assignment-rules/{id}", operation_id = "read_assignment_rule", tag = "rules",
    params(("id" = u64, Path)), responses((status = 200, body = AssignmentView)))]
pub async fn read(
    Shared(state): Shared<State>,
    Id(id): Id,
) -> Result<Json<AssignmentView>, Failure> {
    let rules = state.engine.read(|rows| rows.assignment_rules())?;
    let found = rules.into_iter().find(|rule| rule.id == id);
    found.map(|rule| Json(rule.into())).ok_or_else(|| not_found("such assignment rule"))
}

/// Makes a rule. From now on what fits it is given to whoever is online and has room, what waits already included.
#[describe::path(post, path = "/api/assignment-rules", operation_id = "create_assignment_rule", tag = "rules",
    request_body = AssignmentBody, responses((status = 201, body = AssignmentView)))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<AssignmentBody>,
) -> Result<(StatusCode, Json<AssignmentView>), Failure> {
    Ok((StatusCode::CREATED, Json(save(&state, None, input).await?)))
}

/// Replaces a rule.
#[describe::path(put, path = "/api/assignment-rules/{id}", operation_id = "update_assignment_rule", tag = "rules",
    params(("id" = u64, Path)), request_body = AssignmentBody, responses((status = 200, body = AssignmentView)))]
pub async fn update(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<AssignmentBody>,
) -> Result<Json<AssignmentView>, Failure> {
    Ok(Json(save(&state, Some(id), input).await?))
}

async fn save(
    state: &State,
    id: Option<u64>,
    input: Input<AssignmentBody>,
) -> Result<AssignmentView, Failure> {
    let body = input.value.clone();
    conditions(&body.conditions)?;
    let rule = NewAssignment {
        name: name(&body.name)?,
        active: body.active,
        position: body.position,
        conditions: body.conditions,
        strategy: body.strategy,
        agents: body.agents,
    };
    let command = AutomationCommand::SaveAssignment { id, rule: Box::new(rule) };
    match state.engine.submit(input.submission(Command::Automation(command))).await? {
        Reply::AssignmentRule(rule) => Ok((*rule).into()),
        other => Err(unexpected(&other)),
    }
}

/// Deletes a rule; whoever has a ticket keeps it.
#[describe::path(delete, path = "/api/assignment-rules/{id}", operation_id = "delete_assignment_rule", tag = "rules",
    params(("id" = u64, Path)), responses((status = 204)))]
pub async fn delete(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let command = AutomationCommand::DeleteAssignment { id };
    input.carry_out(&state, Command::Automation(command)).await
}
