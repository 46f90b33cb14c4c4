//! What happened to a ticket: who changed what, when, from what to what, and why (S3.45).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::State;
use super::error::{Failure, not_found};
use super::extract::{Caller, Named, Query, limit, sequence};
use super::tickets::visible;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::activity::{Activity, Value, What};
use crate::domain::agent::Agent;
use crate::domain::time::Micros;
use crate::engine::rows::{ReadError, Rows, key};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// The id of the line to go on behind; the beginning if absent
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ActivityList {
    /// In the order in which it happened
    activity: Vec<ActivityView>,
    /// Give this as `after` for the next page; absent at the end
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// One change.
#[derive(Serialize, ToSchema)]
pub struct ActivityView {
    id: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
    /// Who: an agent, a machine's token, or `system`
    actor: String,
    /// The agent's id
    actor_id: Option<u64>,
    /// created, changed, assigned, unassigned, deleted, restored, merged, unmerged, comment_edited or comment_deleted
    action: &'static str,
    /// What changed
    #[schema(example = "assignee")]
    field: &'static str,
    /// What it was, in words
    from: Option<String>,
    /// The agent or the ticket that `from` names
    #[serde(skip_serializing_if = "Option::is_none")]
    from_id: Option<u64>,
    /// What it became
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_id: Option<u64>,
    /// Why, where somebody said so
    reason: Option<String>,
}

/// Everything that happened to a ticket besides what was said on it; its assignment history among it.
#[describe::path(get, path = "/api/tickets/{ref}/activity", operation_id = "list_activity", tag = "tickets", params(("ref" = String, Path, description = "any reference of the ticket"), ActivityQuery),
    responses((status = 200, body = ActivityList)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
    Query(query): Query<ActivityQuery>,
) -> Result<Json<ActivityList>, Failure> {
    let limit = limit(query.limit.as_deref(), 50)?;
    let after = sequence("after", query.after.as_deref())?;
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(&reference)?.filter(|t| visible(&caller, t)) else {
            return Ok(None);
        };
        let mut lines = rows.activity(ticket.number, after, limit + 1)?;
        let more = lines.len() > limit;
        lines.truncate(limit);
        let next = lines.last().filter(|_| more).map(|(id, _)| *id);
        let mut names = Names::default();
        let lines: Result<Vec<_>, _> =
            lines.into_iter().map(|(id, line)| view(&rows, &mut names, id, line)).collect();
        Ok(Some(ActivityList { activity: lines?, next }))
    })?;
    Ok(Json(found.ok_or_else(|| not_found("such ticket"))?))
}

/// Names of agents that were looked up.
type Names = HashMap<u64, Option<String>>;

fn view(
    rows: &Rows<'_>,
    names: &mut Names,
    id: u64,
    line: Activity,
) -> Result<ActivityView, ReadError> {
    let Activity { at, by, agent, what, from, to, why } = line;
    let action = match (what, &from, &to) {
        (What::Created, ..) => "created",
        (What::Assignee, _, Some(_)) => "assigned",
        (What::Assignee, _, None) => "unassigned",
        (What::Deleted, _, Some(_)) => "deleted",
        (What::Deleted, _, None) => "restored",
        (What::Merged, ..) => "merged",
        (What::Unmerged, ..) => "unmerged",
        (What::CommentEdited, ..) => "comment_edited",
        (What::CommentDeleted, ..) => "comment_deleted",
        _ => "changed",
    };
    let [from, to] = [from, to].map(|value| named(rows, names, what, value));
    let ((from, from_id), (to, to_id)) = (from?, to?);
    Ok(ActivityView {
        id,
        at,
        actor: by,
        actor_id: agent,
        action,
        field: what.name(),
        from,
        from_id,
        to,
        to_id,
        reason: why,
    })
}

/// Who follows or was named is kept by id alone, and shown by name.
fn named(
    rows: &Rows<'_>,
    names: &mut Names,
    what: What,
    value: Option<Value>,
) -> Result<(Option<String>, Option<u64>), ReadError> {
    let Some(Value { mut text, id }) = value else { return Ok((None, None)) };
    if let (What::Follower | What::Mentioned, Some(agent)) = (what, id) {
        let name = match names.entry(agent) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let found = rows.get::<Agent>(&key::number(agent))?;
                unknown.insert(found.map(|agent| agent.name))
            }
        };
        text = name.clone().unwrap_or(text);
    }
    Ok((Some(text), id))
}
