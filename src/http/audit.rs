//! The audit, for admins: who did what, from where, by which door.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::State;
use super::error::Failure;
use super::extract::{Query, limit, named, number};
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::reference::Reference;
use crate::domain::time::Micros;
use crate::engine::audit::read::{Extent, Line, Wanted};
use crate::wire::problem::Problem;
use crate::wire::when;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// A kind (person, token, customer, rule, system, unknown), or one of them: `person:3`, `token:bridge`
    actor: Option<String>,
    /// An action, `ticket.claim`, or all that begin so, `ticket`
    action: Option<String>,
    /// Any reference of a ticket
    ticket: Option<String>,
    /// The client's address
    address: Option<String>,
    /// Not before this time, RFC 3339
    from: Option<String>,
    /// Before this time, RFC 3339
    to: Option<String>,
    /// Rows before this one: `next` of the page before
    #[param(value_type = Option<i32>, minimum = 0)]
    before: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct AuditPage {
    /// The newest first
    entries: Vec<Line>,
    /// Give this as `before` for the next page; absent at the end. A page may hold less than `limit`, even nothing,
    /// and still have one
    next: Option<u64>,
    /// How much there is in all, and the newest row with its hash
    audit: Option<ExtentView>,
}

#[derive(Serialize, ToSchema)]
pub struct ExtentView {
    rows: u64,
    /// Keep it elsewhere: `frontdesk verify --audit-head` finds with it whether anything before it was changed
    #[schema(example = "42:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    head: String,
}

impl From<Extent> for ExtentView {
    fn from(Extent { rows, head }: Extent) -> ExtentView {
        ExtentView { rows, head }
    }
}

/// Who did what: changes, logins and refusals, the newest first.
#[describe::path(get, path = "/api/audit", operation_id = "read_audit", tag = "operations", params(AuditQuery),
    responses((status = 200, body = AuditPage)))]
pub async fn list(
    Shared(state): Shared<State>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditPage>, Failure> {
    let most = limit(query.limit.as_deref(), 50)?;
    let before = query.before.as_deref().map(|text| number("before", Some(text), 0)).transpose()?;
    let address = query.address.as_deref().map(|text| {
        text.trim().parse().map_err(|_| Problem::field("address", "must be an IP address"))
    });
    let wanted = Wanted {
        actor: query.actor,
        action: query.action,
        ticket: query.ticket.as_deref().map(|text| ticket(&state, text)).transpose()?,
        address: address.transpose()?,
        since: time("from", query.from.as_deref())?,
        until: time("to", query.to.as_deref())?,
        before: before.map(|before| before as u64),
    };
    let page = state.engine.audit(&wanted, most)?;
    let audit = state.engine.audit_extent()?.map(ExtentView::from);
    Ok(Json(AuditPage { entries: page.lines, next: page.next, audit }))
}

/// A ticket's number. One that is gone is still asked for by its number.
fn ticket(state: &State, text: &str) -> Result<u64, Failure> {
    let reference =
        named(text).map_err(|_| Problem::field("ticket", "must be a reference of a ticket"))?;
    if let Reference::Number(number) = reference {
        return Ok(number);
    }
    let found = state.engine.read(|rows| rows.resolve(&reference))?;
    let ticket = found.ok_or_else(|| Problem::field("ticket", "there is no such ticket"))?;
    Ok(ticket.number)
}

fn time(field: &str, text: Option<&str>) -> Result<Option<Micros>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let micros = when::micros(&serde_json::Value::from(text));
    let wrong = || Problem::field(field, "must be a time as 2025-11-28T10:30:00Z");
    Ok(Some(Micros(micros.ok_or_else(wrong)?)))
}
