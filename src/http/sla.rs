//! SLA policies (S3.14, S3.25), and how a ticket stands by its own (S3.10 to S3.12).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::{Failure, not_found};
use super::extract::{Caller, Id, Input, Named};
use super::queue::Nothing;
use super::tickets::visible;
use crate::describe::{self, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::sla::{MAX_TARGET, Promise, Standing, State as SlaState, Target, Targets};
use crate::domain::sla_policy::{
    Conditions, MAX_CONDITION, MAX_POLICY_NAME, MAX_POLICY_TEXT, SlaClock, SlaPolicy,
};
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{Command, NewSlaPolicy, Reply};
use crate::engine::index::{Filter, Set};
use crate::engine::rows::{ReadError, Rows, key};
use crate::wire::problem::Problem;

/// The two targets, in hours; fractions are minutes. One that is left out is no promise, or in an override
/// the policy's own.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    #[schema(example = 4, minimum = 0.016, maximum = 8784)]
    first_response_hours: Option<f64>,
    #[schema(example = 24, minimum = 0.016, maximum = 8784)]
    resolution_hours: Option<f64>,
}

/// For which tickets a policy is: those that fit every list that names something.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConditionsBody {
    /// call, whatsapp, web, email, chat, zendesk, intercom or api
    channels: Vec<String>,
    categories: Vec<String>,
    tags: Vec<String>,
    /// true: tickets of VIPs, false: those of others; absent: both
    #[serde(skip_serializing_if = "Option::is_none")]
    vip: Option<bool>,
    /// As noted of the contact (es is for es-MX too), else the one of description or subject
    #[schema(example = json!(["es"]))]
    languages: Vec<String>,
    /// Attributes of the contact, each with the values that fit
    #[schema(value_type = std::collections::HashMap<String, Vec<String>>, example = json!({"plan": ["gold", "enterprise"]}))]
    contact: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PolicyBody {
    #[schema(example = "Enterprise SLA")]
    name: String,
    #[serde(default)]
    description: String,
    #[schema(example = 4)]
    first_response_hours: Option<f64>,
    #[schema(example = 24)]
    resolution_hours: Option<f64>,
    /// By priority: low, medium, high, urgent
    #[serde(default)]
    priority_overrides: BTreeMap<String, Hours>,
    /// Time runs in business hours only
    #[serde(default)]
    business_hours_only: bool,
    /// Which ones, where there are several; the first if absent
    business_hours_id: Option<u64>,
    /// It is for every ticket that no other policy is for
    #[serde(default)]
    is_default: bool,
    #[serde(default)]
    conditions: ConditionsBody,
}

#[derive(Serialize, ToSchema)]
pub struct PolicyView {
    id: u64,
    name: String,
    description: String,
    first_response_hours: Option<f64>,
    resolution_hours: Option<f64>,
    priority_overrides: BTreeMap<&'static str, Hours>,
    business_hours_only: bool,
    business_hours_id: Option<u64>,
    is_default: bool,
    conditions: ConditionsBody,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
}

#[derive(Serialize, ToSchema)]
pub struct Policies {
    policies: Vec<PolicyView>,
}

#[derive(Serialize, ToSchema)]
pub struct Applied {
    /// Open tickets whose targets changed
    applied: usize,
}

fn hours(micros: Option<i64>) -> Option<f64> {
    micros.map(|micros| micros as f64 / Micros::HOUR as f64)
}

impl From<Targets> for Hours {
    fn from(targets: Targets) -> Hours {
        Hours {
            first_response_hours: hours(targets.first_response),
            resolution_hours: hours(targets.resolution),
        }
    }
}

impl From<SlaPolicy> for PolicyView {
    fn from(policy: SlaPolicy) -> PolicyView {
        let Promise { targets, overrides } = policy.promise;
        let overrides = overrides.into_iter().map(|(of, targets)| (of.as_str(), targets.into()));
        let channels = policy.conditions.channels.iter().map(|c| c.as_str().to_owned()).collect();
        PolicyView {
            id: policy.id,
            name: policy.name,
            description: policy.description,
            first_response_hours: hours(targets.first_response),
            resolution_hours: hours(targets.resolution),
            priority_overrides: overrides.collect(),
            business_hours_only: policy.hours.is_some(),
            business_hours_id: policy.hours,
            is_default: policy.is_default,
            conditions: ConditionsBody {
                channels,
                categories: policy.conditions.categories,
                tags: policy.conditions.tags,
                vip: policy.conditions.vip,
                languages: policy.conditions.languages,
                contact: policy.conditions.contact.into_iter().collect(),
            },
            created_at: policy.created_at,
            updated_at: policy.updated_at,
        }
    }
}

/// A name of 1 to [`MAX_POLICY_NAME`] characters.
pub fn name(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_POLICY_NAME;
    if !fits || text.chars().any(char::is_control) {
        let why =
            format!("must be 1 to {MAX_POLICY_NAME} characters, none of them a control character");
        return Err(Problem::field("name", why));
    }
    Ok(text.to_owned())
}

fn target(field: &str, hours: Option<f64>) -> Result<Option<i64>, Problem> {
    let Some(hours) = hours else { return Ok(None) };
    let minutes = (hours * 60.0).round();
    if !(1.0..=(MAX_TARGET / Micros::MINUTE) as f64).contains(&minutes) {
        return Err(Problem::field(field, "must be a number of hours, a minute to 8784 (a year)"));
    }
    Ok(Some(minutes as i64 * Micros::MINUTE))
}

fn targets(within: &str, hours: Hours) -> Result<Targets, Problem> {
    let at = |name: &str| format!("{within}{name}");
    Ok(Targets {
        first_response: target(&at("first_response_hours"), hours.first_response_hours)?,
        resolution: target(&at("resolution_hours"), hours.resolution_hours)?,
    })
}

fn conditions(body: ConditionsBody) -> Result<Conditions, Problem> {
    let mut lists = vec![
        ("conditions.channels".to_owned(), &body.channels),
        ("conditions.categories".to_owned(), &body.categories),
        ("conditions.tags".to_owned(), &body.tags),
        ("conditions.languages".to_owned(), &body.languages),
    ];
    let names: Vec<String> = body.contact.keys().cloned().collect();
    lists.push(("conditions.contact".to_owned(), &names));
    for (name, values) in &body.contact {
        let field = format!("conditions.contact.{name}");
        if values.is_empty() {
            return Err(Problem::field(field, "must be at least one value"));
        }
        lists.push((field, values));
    }
    for (field, values) in lists {
        if values.len() > MAX_CONDITION {
            return Err(Problem::field(field, format!("must be at most {MAX_CONDITION} values")));
        }
        if values.iter().any(|value| value.is_empty() || value.chars().count() > MAX_POLICY_NAME) {
            let why = format!("each value must be 1 to {MAX_POLICY_NAME} characters");
            return Err(Problem::field(field, why));
        }
    }
    let channel = |text: &String| {
        let known: Vec<_> = Channel::ALL.iter().map(|c| c.as_str()).collect();
        let why = || format!("{text:?} is none of {}", known.join(", "));
        Channel::parse(text).ok_or_else(|| Problem::field("conditions.channels", why()))
    };
    let channels = body.channels.iter().map(channel).collect::<Result<_, _>>()?;
    Ok(Conditions {
        channels,
        categories: body.categories,
        tags: body.tags,
        vip: body.vip,
        languages: body.languages,
        contact: body.contact.into_iter().collect(),
    })
}

fn policy(state: &State, body: PolicyBody) -> Result<NewSlaPolicy, Failure> {
    if body.description.chars().count() > MAX_POLICY_TEXT {
        let why = format!("must be at most {MAX_POLICY_TEXT} characters");
        return Err(Problem::field("description", why).into());
    }
    let (first_response_hours, resolution_hours) =
        (body.first_response_hours, body.resolution_hours);
    let own = targets("", Hours { first_response_hours, resolution_hours })?;
    let mut overrides: Vec<(Priority, Targets)> = Vec::new();
    for (name, hours) in body.priority_overrides {
        let field = format!("priority_overrides.{name}");
        let why = "is no priority: low, medium, high or urgent";
        let priority = Priority::parse(&name).ok_or_else(|| Problem::field(&field, why))?;
        if overrides.iter().any(|(of, _)| *of == priority) {
            return Err(Problem::field(field, "is named twice").into());
        }
        overrides.push((priority, targets(&format!("{field}."), hours)?));
    }
    let named = |targets: &Targets| targets.first_response.or(targets.resolution).is_some();
    if !named(&own) && !overrides.iter().any(|(_, targets)| named(targets)) {
        let why = "give first_response_hours, resolution_hours or priority_overrides: a policy promises something";
        return Err(Problem::field("first_response_hours", why).into());
    }
    let hours = if body.business_hours_only || body.business_hours_id.is_some() {
        let first = || state.engine.read(|rows| Ok(rows.business_hours()?.first().map(|h| h.id)));
        let id = match body.business_hours_id {
            Some(id) => Some(id),
            None => first()?,
        };
        let none = || {
            Problem::field("business_hours_only", "there are no business hours: make some first")
        };
        Some(id.ok_or_else(none)?)
    } else {
        None
    };
    Ok(NewSlaPolicy {
        name: name(&body.name)?,
        description: body.description,
        promise: Promise { targets: own, overrides },
        hours,
        is_default: body.is_default,
        conditions: conditions(body.conditions)?,
    })
}

/// The SLA policies.
#[describe::path(get, path = "/api/tickets/sla-policies", operation_id = "list_sla_policies", tag = "sla",
    responses((status = 200, body = Policies)))]
pub async fn list(Shared(state): Shared<State>) -> Result<Json<Policies>, Failure> {
    let policies = state.engine.read(|rows| rows.sla_policies())?;
    Ok(Json(Policies { policies: policies.into_iter().map(PolicyView::from).collect() }))
}

/// Makes a policy (S3.14). Tickets that are made from now on are promised what it says.
#[describe::path(post, path = "/api/tickets/sla-policies", operation_id = "create_sla_policy", tag = "sla",
    request_body = PolicyBody, responses((status = 201, body = PolicyView)))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<PolicyBody>,
) -> Result<(StatusCode, Json<PolicyView>), Failure> {
    let view = save(&state, None, input).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Replaces a policy. Tickets keep what they were promised until it is applied.
#[describe::path(put, path = "/api/tickets/sla-policies/{id}", operation_id = "update_sla_policy", tag = "sla",
    params(("id" = u64, Path)), request_body = PolicyBody, responses((status = 200, body = PolicyView)))]
pub async fn update(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<PolicyBody>,
) -> Result<Json<PolicyView>, Failure> {
    Ok(Json(save(&state, Some(id), input).await?))
}

async fn save(
    state: &State,
    id: Option<u64>,
    input: Input<PolicyBody>,
) -> Result<PolicyView, Failure> {
    let policy = Box::new(policy(state, input.value.clone())?);
    let submission = input.submission(Command::SaveSlaPolicy { id, policy });
    match state.engine.submit(submission).await? {
        Reply::SlaPolicy(policy) => Ok((*policy).into()),
        other => Err(unexpected(&other)),
    }
}

/// Deletes a policy; tickets keep what they were promised.
#[describe::path(delete, path = "/api/tickets/sla-policies/{id}", operation_id = "delete_sla_policy", tag = "sla",
    params(("id" = u64, Path)), responses((status = 204)))]
pub async fn delete(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    input.carry_out(&state, Command::DeleteSlaPolicy { id }).await
}

/// Tickets that one command looks at.
const APPLIED_AT_ONCE: usize = 200;

/// Promises what the policy says now to the open tickets that have it.
#[describe::path(post, path = "/api/tickets/sla-policies/{id}/apply", operation_id = "apply_sla_policy", tag = "sla",
    params(("id" = u64, Path)), responses((status = 200, body = Applied)))]
pub async fn apply(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<Json<Applied>, Failure> {
    let statuses = Set::statuses(Status::ALL.into_iter().filter(|status| status.is_open()));
    let open = Filter { statuses, ..Filter::default() };
    let open = state.engine.shared().index().newest(&open, usize::MAX);
    let mut applied = 0;
    // An empty step too, so that a policy that is not there is told.
    let mut steps: Vec<&[u64]> = open.chunks(APPLIED_AT_ONCE).collect();
    steps.push(&[]);
    for tickets in steps {
        let command = Command::ApplySlaPolicy { id, tickets: tickets.to_vec() };
        match state.engine.submit(input.caller.submission(command)).await? {
            Reply::Swept(changed) => applied += changed,
            other => return Err(unexpected(&other)),
        }
    }
    Ok(Json(Applied { applied }))
}

/// How a ticket stands by what it was promised.
#[derive(Serialize, ToSchema)]
pub struct SlaView {
    /// The name of its policy
    #[schema(example = "Standard")]
    policy: String,
    policy_id: u64,
    policy_name: String,
    business_hours_id: Option<u64>,
    /// The worse of the two: breached, at_risk, on_track or met
    #[schema(example = "on_track")]
    status: &'static str,
    /// As `status`
    #[schema(example = "on_track")]
    state: &'static str,
    first_response: Option<TargetView>,
    resolution: Option<TargetView>,
}

#[derive(Serialize, ToSchema)]
pub struct TargetView {
    #[schema(example = 240)]
    target_minutes: i64,
    /// met, on_track, at_risk (three quarters of the time have passed) or breached
    #[schema(example = "on_track")]
    status: &'static str,
    /// As `status`
    #[schema(example = "on_track")]
    state: &'static str,
    /// When it will be breached; absent while its clock stands still
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Micros>,
    /// Time left, in seconds of the policy's hours; below 0 what it is late
    remaining_seconds: i64,
    elapsed_seconds: i64,
    /// Its clock stands still: the customer is waited for, or it is done
    paused: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    warned_at: Option<Micros>,
    #[schema(value_type = Option<String>, format = DateTime)]
    breached_at: Option<Micros>,
}

/// What a ticket was promised and how it stands; none for one without a promise, as a call that ended well.
pub fn view(rows: &Rows<'_>, ticket: &Ticket, now: Micros) -> Result<Option<SlaView>, ReadError> {
    let Some(clock) = rows.get::<SlaClock>(&key::number(ticket.number))? else { return Ok(None) };
    let standings = rows.standings(ticket, &clock, now)?;
    let of = |wanted: Target| {
        let (_, standing) = standings.iter().find(|(target, _)| *target == wanted)?;
        Some(target_view(standing, &clock, wanted))
    };
    let worst =
        standings.iter().map(|(_, standing)| standing.state).max_by_key(|state| match state {
            SlaState::Met => 0,
            SlaState::OnTrack => 1,
            SlaState::AtRisk => 2,
            SlaState::Breached => 3,
        });
    Ok(Some(SlaView {
        policy: clock.policy_name.clone(),
        policy_id: clock.policy,
        policy_name: clock.policy_name.clone(),
        business_hours_id: clock.hours,
        status: worst.unwrap_or(SlaState::Met).as_str(),
        state: worst.unwrap_or(SlaState::Met).as_str(),
        first_response: of(Target::FirstResponse),
        resolution: of(Target::Resolution),
    }))
}

fn target_view(standing: &Standing, clock: &SlaClock, target: Target) -> TargetView {
    let told = clock.told(target);
    TargetView {
        target_minutes: standing.target / Micros::MINUTE,
        status: standing.state.as_str(),
        state: standing.state.as_str(),
        due_at: standing.due_at,
        remaining_seconds: standing.remaining() / Micros::SECOND,
        elapsed_seconds: standing.elapsed / Micros::SECOND,
        paused: standing.stopped,
        warned_at: told.warned_at,
        breached_at: told.breached_at,
    }
}

/// How a ticket stands by its SLA.
#[describe::path(get, path = "/api/tickets/{ref}/sla", operation_id = "read_ticket_sla", tag = "sla",
    params(("ref" = String, Path, description = "any reference of the ticket")), responses((status = 200, body = SlaView)))]
pub async fn of_ticket(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
) -> Result<Json<SlaView>, Failure> {
    let now = state.engine.shared().now();
    let found = state.engine.read(|rows| {
        let ticket = rows.resolve(&reference)?.filter(|ticket| visible(&caller, ticket));
        ticket.map(|ticket| view(&rows, &ticket, now)).transpose()
    })?;
    let promised = found.ok_or_else(|| not_found("such ticket"))?;
    promised.map(Json).ok_or_else(|| not_found("SLA of this ticket"))
}
