//! Tickets with their figures as CSV or JSON lines (S3.27), streamed: a bounded number of records is read at once, when
//! the client has taken those before.

use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::State;
use super::analytics_query::{AnalyticsQuery, Question};
use super::calls::tickets;
use super::error::Failure;
use super::extract::{Caller, Query};
use crate::describe::{self, IntoParams};
use crate::domain::figures::Outcome;
use crate::domain::sla::State as SlaState;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::Engine;
use crate::engine::index::{Fact, Filter};
use crate::wire::problem::Problem;

/// Records of one chunk.
const CHUNK: usize = 250;

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormQuery {
    /// csv or jsonl; csv if absent
    #[param(pattern = "^(csv|jsonl)?$")]
    format: Option<String>,
    /// Whether CSV begins with a byte order mark, as some spreadsheets want it
    #[param(value_type = Option<bool>)]
    bom: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    JsonLines,
}

/// The tickets made in the period, a row each, the oldest first. In CSV what a spreadsheet would take for a formula
/// has an apostrophe before it.
#[describe::path(get, path = "/api/tickets/analytics/export", operation_id = "analytics_export", tag = "analytics",
    params(AnalyticsQuery, FormQuery), responses((status = 200, content((String = "text/csv"), (String = "application/x-ndjson")))))]
pub async fn export(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<AnalyticsQuery>,
    Query(form): Query<FormQuery>,
) -> Result<Response, Failure> {
    let (form, has_mark) = (as_form(form.format.as_deref())?, as_mark(form.bom.as_deref())?);
    let question = Question::of(&state, &caller, &query)?;
    let numbers: Vec<u64> = {
        let index = state.engine.shared().index();
        let facts = index.facts(&question.filter);
        facts.filter(|fact| question.period.holds(fact.created_at)).map(|f| f.number).collect()
    };
    let mut head = String::new();
    if form == Form::Csv {
        if has_mark {
            head.push('\u{feff}');
        }
        head += &record(COLUMNS.iter().map(|name| Value::from(*name)));
    }
    let filter = question.filter;
    let rest = (state.engine.clone(), filter, numbers.into_iter(), Some(head));
    let stream = unfold(rest, move |(engine, filter, mut numbers, mut head)| async move {
        if let Some(head) = head.take().filter(|head| !head.is_empty()) {
            return Some((Ok(Bytes::from(head)), (engine, filter, numbers, None)));
        }
        let wanted: Vec<u64> = numbers.by_ref().take(CHUNK).collect();
        if wanted.is_empty() {
            return None;
        }
        let (engine, filter, read) = tokio::task::spawn_blocking(move || {
            let read = chunk(&engine, &filter, &wanted, form);
            (engine, filter, read)
        })
        .await
        .ok()?;
        Some((read, (engine, filter, numbers, None)))
    });
    let (kind, name) = match form {
        Form::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"tickets.csv\""),
        Form::JsonLines => ("application/x-ndjson", "attachment; filename=\"tickets.jsonl\""),
    };
    let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(stream)).into_response())
}

fn as_form(text: Option<&str>) -> Result<Form, Failure> {
    match text.map(str::trim) {
        None | Some("" | "csv") => Ok(Form::Csv),
        Some("jsonl") => Ok(Form::JsonLines),
        Some(_) => Err(Problem::field("format", "must be csv or jsonl").into()),
    }
}

fn as_mark(text: Option<&str>) -> Result<bool, Failure> {
    match text.map(str::trim) {
        None | Some("" | "false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Problem::field("bom", "must be true or false").into()),
    }
}

/// A failure ends the body early: what came is no whole export, and the client sees that.
fn chunk(engine: &Engine, filter: &Filter, numbers: &[u64], form: Form) -> std::io::Result<Bytes> {
    let found = engine.read(|rows| tickets(&rows, numbers)).map_err(std::io::Error::other)?;
    let index = engine.shared().index();
    let mut text = String::new();
    // What changed hands or was deleted since the export began is for others.
    for ticket in found {
        let Some(fact) = index.fact_of(ticket.number, filter) else { continue };
        let values = values(ticket, &fact);
        match form {
            Form::Csv => text += &record(values.into_iter()),
            Form::JsonLines => {
                let names = COLUMNS.iter().map(|name| (*name).to_owned());
                let object: Map<String, Value> = names.zip(values).collect();
                // Writing into a string does not fail.
                let _ = writeln!(text, "{}", Value::Object(object));
            }
        }
    }
    Ok(Bytes::from(text))
}

const COLUMNS: [&str; 34] = [
    "number",
    "id",
    "ticket_id",
    "subject",
    "status",
    "priority",
    "channel",
    "category",
    "tags",
    "requester_name",
    "requester_email",
    "requester_phone",
    "order_id",
    "assignee_id",
    "assignee_name",
    "created_at",
    "updated_at",
    "first_response_at",
    "answered_by_person_at",
    "resolved_at",
    "closed_at",
    "first_response_seconds",
    "resolution_seconds",
    "resolution_business_seconds",
    "sla_first_response",
    "sla_resolution",
    "reopened",
    "escalated",
    "rating",
    "rated_at",
    "tool_calls",
    "searches",
    "summary",
    "resolution_notes",
];

/// One value a column.
fn values(ticket: Ticket, fact: &Fact<'_>) -> [Value; 34] {
    let figures = &fact.figures;
    let seconds = |length: Option<i64>| length.map(|micros| micros / Micros::SECOND);
    let state =
        |outcome: Option<Outcome>| outcome.map(|outcome| outcome.state).map(SlaState::as_str);
    [
        json!(ticket.number),
        json!(ticket.id.to_string()),
        json!(ticket.ticket_id),
        json!(ticket.subject),
        json!(ticket.status.on_helpdesk_face()),
        json!(ticket.priority.as_str()),
        json!(ticket.channel.as_str()),
        json!(ticket.category),
        json!(ticket.tags),
        json!(ticket.requester.name),
        json!(ticket.requester.email),
        json!(ticket.requester.phone),
        json!(ticket.order_id),
        json!(ticket.assignee.as_ref().map(|a| a.agent)),
        json!(ticket.assignee.map(|a| a.name)),
        json!(ticket.created_at),
        json!(ticket.updated_at),
        json!(ticket.first_response_at),
        json!(fact.answered_at()),
        json!(ticket.resolved_at),
        json!(ticket.closed_at),
        json!(seconds(fact.answered_after())),
        json!(seconds(fact.resolved_after())),
        json!(figures.resolution.and_then(|outcome| outcome.took)),
        json!(state(figures.first_response)),
        json!(state(figures.resolution)),
        json!(figures.reopened),
        json!(figures.escalated),
        json!(figures.rating.map(|rated| rated.rating)),
        json!(figures.rating.map(|rated| rated.at)),
        json!(figures.tool_calls),
        json!(figures.searches),
        json!(ticket.summary),
        json!(ticket.resolution_notes),
    ]
}

/// A line of CSV (RFC 4180).
fn record(values: impl Iterator<Item = Value>) -> String {
    let mut line = String::new();
    for (at, value) in values.enumerate() {
        if at > 0 {
            line.push(',');
        }
        match value {
            Value::Null => {}
            Value::String(text) => line += &field(&text),
            Value::Array(texts) => {
                let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
                line += &field(&texts.join(", "));
            }
            other => line += &other.to_string(),
        }
    }
    line + "\r\n"
}

/// A text as a spreadsheet shows it: quoted where it must be, and never a formula.
fn field(text: &str) -> String {
    let safe = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    if safe.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        let line = record(["=1+1", "+62", "-2", "@x", "\tx", "\rx"].into_iter().map(Value::from));
        assert_eq!(line, "'=1+1,'+62,'-2,'@x,'\tx,\"'\rx\"\r\n");
    }

    #[test]
    fn quotes_commas_and_line_ends_stay_in_their_field() {
        let values =
            [json!("a \"b\", c"), json!(null), json!(-3), json!(["x", "y"]), json!("1\n2")];
        assert_eq!(record(values.into_iter()), "\"a \"\"b\"\", c\",,-3,\"x, y\",\"1\n2\"\r\n");
    }
}
