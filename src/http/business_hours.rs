//! Business hours: when SLA clocks run (S3.15, S3.16).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::Failure;
use super::extract::{Id, Input};
use super::queue::Nothing;
use super::sla::name;
use crate::describe::{self, ToSchema};
use crate::domain::calendar::{MAX_HOLIDAYS, Span, Week, clock};
use crate::domain::sla_policy::{BusinessHours, DAYS};
use crate::domain::time::Micros;
use crate::engine::command::{Command, NewBusinessHours, Reply};
use crate::wire::problem::Problem;

/// From one time of the day to another, `09:00` to `18:00`; an end that is not later lies on the next day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    #[schema(example = "09:00")]
    start: String,
    #[schema(example = "18:00")]
    end: String,
}

/// One interval, or a list of them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Day {
    One(Interval),
    Several(Vec<Interval>),
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct HoursBody {
    /// `Business hours` if absent
    #[schema(example = "Jakarta office")]
    name: Option<String>,
    /// IANA
    #[schema(example = "Asia/Jakarta")]
    timezone: String,
    /// monday to sunday; a day that is left out is closed
    #[schema(example = json!({"monday": {"start": "09:00", "end": "18:00"}}))]
    schedule: BTreeMap<String, Day>,
    /// Days on which no work begins
    #[serde(default)]
    #[schema(example = json!(["2025-12-25"]))]
    holidays: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct HoursView {
    id: u64,
    name: String,
    timezone: String,
    schedule: BTreeMap<&'static str, Day>,
    holidays: Vec<String>,
    /// Whether somebody works now
    open: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
}

#[derive(Serialize, ToSchema)]
pub struct AllHours {
    business_hours: Vec<HoursView>,
}

fn view(hours: BusinessHours, now: Micros) -> HoursView {
    let open = hours.calendar().is_ok_and(|calendar| calendar.is_open(now));
    let days = hours.week.iter().zip(DAYS).filter(|(spans, _)| !spans.is_empty());
    let interval = |span: &Span| Interval { start: clock(span.start), end: clock(span.end) };
    let day = |spans: &Vec<Span>| match spans.as_slice() {
        [one] => Day::One(interval(one)),
        several => Day::Several(several.iter().map(interval).collect()),
    };
    HoursView {
        id: hours.id,
        schedule: days.map(|(spans, name)| (name, day(spans))).collect(),
        name: hours.name,
        timezone: hours.timezone,
        holidays: hours.holidays,
        open,
        created_at: hours.created_at,
        updated_at: hours.updated_at,
    }
}

fn hours(body: HoursBody) -> Result<NewBusinessHours, Problem> {
    let mut week = Week::default();
    for (named, day) in body.schedule {
        let field = format!("schedule.{named}");
        let at = DAYS.iter().position(|day| named.eq_ignore_ascii_case(day));
        let at = at.ok_or_else(|| Problem::field(&field, "is no day: monday to sunday"))?;
        let intervals = match day {
            Day::One(interval) => vec![interval],
            Day::Several(intervals) => intervals,
        };
        for Interval { start, end } in intervals {
            let why = "start and end must be times such as 09:00; the latest end is 24:00";
            week[at].push(Span::parse(&start, &end).ok_or_else(|| Problem::field(&field, why))?);
        }
    }
    let mut holidays = body.holidays;
    if holidays.len() > MAX_HOLIDAYS {
        return Err(Problem::field("holidays", format!("must be at most {MAX_HOLIDAYS}")));
    }
    holidays.sort_unstable();
    holidays.dedup();
    Ok(NewBusinessHours {
        name: name(body.name.as_deref().unwrap_or("Business hours"))?,
        timezone: body.timezone,
        week,
        holidays,
    })
}

/// All business hours; the first ones are taken where a policy names none.
#[describe::path(get, path = "/api/business-hours", operation_id = "list_business_hours", tag = "sla",
    responses((status = 200, body = AllHours)))]
pub async fn list(Shared(state): Shared<State>) -> Result<Json<AllHours>, Failure> {
    let now = state.engine.shared().now();
    let all = state.engine.read(|rows| rows.business_hours())?;
    let business_hours = all.into_iter().map(|hours| view(hours, now)).collect();
    Ok(Json(AllHours { business_hours }))
}

/// Makes business hours.
#[describe::path(post, path = "/api/business-hours", operation_id = "create_business_hours", tag = "sla",
    request_body = HoursBody, responses((status = 201, body = HoursView)))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<HoursBody>,
) -> Result<(StatusCode, Json<HoursView>), Failure> {
    let view = save(&state, None, input).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Replaces business hours.
#[describe::path(put, path = "/api/business-hours/{id}", operation_id = "update_business_hours", tag = "sla",
    params(("id" = u64, Path)), request_body = HoursBody, responses((status = 200, body = HoursView)))]
pub async fn update(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<HoursBody>,
) -> Result<Json<HoursView>, Failure> {
    Ok(Json(save(&state, Some(id), input).await?))
}

async fn save(
    state: &State,
    id: Option<u64>,
    input: Input<HoursBody>,
) -> Result<HoursView, Failure> {
    let hours = Box::new(hours(input.value.clone())?);
    let submission = input.submission(Command::SaveBusinessHours { id, hours });
    match state.engine.submit(submission).await? {
        Reply::BusinessHours(hours) => Ok(view(*hours, state.engine.shared().now())),
        other => Err(unexpected(&other)),
    }
}

/// Deletes business hours that no policy counts in.
#[describe::path(delete, path = "/api/business-hours/{id}", operation_id = "delete_business_hours", tag = "sla",
    params(("id" = u64, Path)), responses((status = 204)))]
pub async fn delete(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    input.carry_out(&state, Command::DeleteBusinessHours { id }).await
}
