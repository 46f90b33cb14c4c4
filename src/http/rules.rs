//! Rules (S2.33, S3.19, S4.23, S4.24): what happens by itself, the rules that ship among them; dry runs, and what ran.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::{Failure, not_found};
use super::extract::{Id, Input, named_as};
use super::queue::Nothing;
use crate::describe::{self, ToSchema};
use crate::domain::condition::Conditions;
use crate::domain::rule::{
    Action, MAX_ACTION_TEXT, MAX_ACTIONS, MAX_RULE_NAME, MAX_WAIT, Rule, RuleBody, RuleRun, Trigger,
};
use crate::domain::ticket::{MAX_CATEGORY, Ticket};
use crate::domain::time::Micros;
use crate::engine::automation::AutomationCommand;
use crate::engine::command::{Command, Reply};
use crate::engine::decide::rules::holds;
use crate::engine::event::EventKind;
use crate::engine::index::{Filter, Span};
use crate::engine::rows::key;
use crate::wire::problem::Problem;

/// Tickets that a dry run looks at, the newest ones.
const TRIED: usize = 1000;

fn yes() -> bool {
    true
}

#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleInput {
    #[schema(example = "Refunds are urgent", max_length = 100)]
    name: String,
    #[serde(default = "yes")]
    active: bool,
    /// Rules are asked in the order of this number
    #[serde(default)]
    #[schema(example = 200)]
    position: u32,
    /// When it has run, no later rule is asked about the same happening
    #[serde(default)]
    stop: bool,
    /// `{"events": [names of events as of webhooks]}`, or `{"after": {"since": S, "seconds": N}}` with S one of
    /// unclaimed (nobody has it), unanswered (the customer waits for an answer), idle, pending_customer, resolved
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>, example = json!({"events": ["ticket.message.added"]}))]
    trigger: Trigger,
    /// `all` of them, and one of `any` if there are any. Fields: channel, status, priority, category, tags, subject, text
    /// (what the customer wrote), language (as noted of the contact, else id, es, en by the words), assignee, requester,
    /// vip (true or false: of the contact, or a tag of the ticket), contact_tags, speaker (customer, agent, bot, system),
    /// escalated, on_hold, customer_messages (without an answer), similar (tickets alike within an hour), sentiment,
    /// order_id, source, metadata.KEY, contact.KEY (an attribute of the contact). Operators: is, is_not, contains and
    /// contains_not (words or phrases), at_least, at_most, is_set, is_not_set
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>, example = json!({"all": [{"field": "text", "op": "contains", "values": ["refund"]}, {"field": "speaker", "op": "is", "values": ["customer"]}]}))]
    conditions: Conditions,
    /// One or more of `{"assign": agent id}`, `"unassign"`, `{"set_status": status}`, `{"set_priority": priority}`,
    /// `{"set_category": name}`, `{"tag": [...]}`, `{"untag": [...]}`, `{"note": text}`, `{"reply": text}`,
    /// `{"escalate": {"reason": text, "to": agent id}}`, `"notify"` (event ticket.alert), `"webhook"` (event rule.fired)
    #[schema(value_type = Vec<serde_json::Value>, example = json!([{"set_priority": "urgent"}, {"tag": ["refund"]}, "notify"]))]
    actions: Vec<Action>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchBody {
    #[schema(example = false)]
    active: bool,
}

#[derive(Serialize, ToSchema)]
pub struct RuleView {
    id: u64,
    name: String,
    /// What it is called among the rules that ship
    #[schema(example = "pending_alert")]
    key: Option<String>,
    active: bool,
    position: u32,
    stop: bool,
    #[schema(value_type = Object)]
    trigger: Trigger,
    #[schema(value_type = Object)]
    conditions: Conditions,
    #[schema(value_type = Vec<serde_json::Value>)]
    actions: Vec<Action>,
    /// Why it does nothing at present, as it failed; changing it or switching it on ends that
    paused: Option<PausedView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
}

#[derive(Serialize, ToSchema)]
pub struct PausedView {
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
    why: String,
}

#[derive(Serialize, ToSchema)]
pub struct RuleList {
    rules: Vec<RuleView>,
}

impl From<Rule> for RuleView {
    fn from(rule: Rule) -> RuleView {
        let RuleBody { active, position, stop, trigger, conditions, actions } = rule.body;
        RuleView {
            id: rule.id,
            name: rule.name,
            key: rule.key,
            active,
            position,
            stop,
            trigger,
            conditions,
            actions,
            paused: rule.paused.map(|paused| PausedView { at: paused.at, why: paused.why }),
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        }
    }
}

/// A name of 1 to [`MAX_RULE_NAME`] characters.
pub fn name(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let fits = (1..=MAX_RULE_NAME).contains(&text.chars().count());
    if !fits || text.chars().any(char::is_control) {
        let why = format!("must be 1 to {MAX_RULE_NAME} characters, none a control character");
        return Err(Problem::field("name", why));
    }
    Ok(text.to_owned())
}

pub fn conditions(conditions: &Conditions) -> Result<(), Problem> {
    conditions.check().map_err(|(field, why)| Problem::field(field, why))
}

fn body(input: RuleInput) -> Result<RuleBody, Problem> {
    match &input.trigger {
        Trigger::Events(names) => {
            let known = |name: &String| EventKind::ALL.iter().any(|kind| kind.name() == name);
            if let Some(odd) = names.iter().find(|name| !known(name)) {
                return Err(Problem::field("trigger.events", format!("there is no event {odd:?}")));
            }
            if !(1..=EventKind::ALL.len()).contains(&names.len()) {
                return Err(Problem::field("trigger.events", "must be one event or more"));
            }
        }
        Trigger::After { seconds, .. } if !(1..=MAX_WAIT).contains(seconds) => {
            let why = format!("must be 1 to {MAX_WAIT} seconds (a year)");
            return Err(Problem::field("trigger.after.seconds", why));
        }
        Trigger::After { .. } => {}
    }
    conditions(&input.conditions)?;
    if !(1..=MAX_ACTIONS).contains(&input.actions.len()) {
        return Err(Problem::field("actions", format!("must be 1 to {MAX_ACTIONS} actions")));
    }
    for (at, action) in input.actions.iter().enumerate() {
        action_fits(action).map_err(|why| Problem::field(format!("actions[{at}]"), why))?;
    }
    let RuleInput { active, position, stop, trigger, conditions, actions, .. } = input;
    Ok(RuleBody { active, position, stop, trigger, conditions, actions })
}

fn action_fits(action: &Action) -> Result<(), String> {
    let (text, most) = match action {
        Action::Note(text) | Action::Reply(text) | Action::Escalate { reason: text, .. } => {
            (text.clone(), MAX_ACTION_TEXT)
        }
        Action::SetCategory(name) => (name.clone(), MAX_CATEGORY),
        Action::Tag(tags) | Action::Untag(tags) => {
            let good = |tag: &String| {
                (1..=crate::domain::ticket::MAX_TAG).contains(&tag.trim().chars().count())
                    && !tag.contains(',')
            };
            if tags.is_empty() || tags.len() > 10 || !tags.iter().all(good) {
                return Err("must be 1 to 10 tags of 1 to 64 characters, without commas".into());
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    if text.trim().is_empty() || text.chars().count() > most {
        return Err(format!("must be 1 to {most} characters, and not blank"));
    }
    Ok(())
}

/// The rules, in the order in which they are asked.
#[describe::path(get, path = "/api/rules", operation_id = "list_rules", tag = "rules", responses((status = 200, body = RuleList)))]
pub async fn list(Shared(state): Shared<State>) -> Result<Json<RuleList>, Failure> {
    let rules = state.engine.read(|rows| rows.rules())?;
    Ok(Json(RuleList { rules: rules.into_iter().map(RuleView::from).collect() }))
}

fn known(state: &State, id: u64) -> Result<Rule, Failure> {
    let found = state.engine.read(|rows| rows.get::<Rule>(&key::number(id)))?;
    found.filter(|rule| !rule.deleted).ok_or_else(|| not_found("such rule"))
}

/// One of them.
#[describe::path(get, path = "/api/rules/{id}", operation_id = "read_rule", tag = "rules", params(("id" = u64, Path)),
    responses((status = 200, body = RuleView)))]
pub async fn read(Shared(state): Shared<State>, Id(id): Id) -> Result<Json<RuleView>, Failure> {
    known(&state, id).map(|rule| Json(rule.into()))
}

/// Makes a rule. One of time looks at what waits already, too.
#[describe::path(post, path = "/api/rules", operation_id = "create_rule", tag = "rules", request_body = RuleInput,
    responses((status = 201, body = RuleView)))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<RuleInput>,
) -> Result<(StatusCode, Json<RuleView>), Failure> {
    Ok((StatusCode::CREATED, Json(save(&state, None, input).await?)))
}

/// Replaces a rule. One that ships does not follow the configuration any more.
#[describe::path(put, path = "/api/rules/{id}", operation_id = "update_rule", tag = "rules", params(("id" = u64, Path)),
    request_body = RuleInput, responses((status = 200, body = RuleView)))]
pub async fn update(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<RuleInput>,
) -> Result<Json<RuleView>, Failure> {
    Ok(Json(save(&state, Some(id), input).await?))
}

async fn save(
    state: &State,
    id: Option<u64>,
    input: Input<RuleInput>,
) -> Result<RuleView, Failure> {
    let name = name(&input.value.name)?;
    let body = Box::new(body(input.value.clone())?);
    rule_of(state, &input, AutomationCommand::SaveRule { id, name, body }).await
}

async fn rule_of<T>(
    state: &State,
    input: &Input<T>,
    command: AutomationCommand,
) -> Result<RuleView, Failure> {
    match state.engine.submit(input.submission(Command::Automation(command))).await? {
        Reply::Rule(rule) => Ok((*rule).into()),
        other => Err(unexpected(&other)),
    }
}

/// Switches a rule on or off; on ends a pause.
#[describe::path(patch, path = "/api/rules/{id}", operation_id = "switch_rule", tag = "rules", params(("id" = u64, Path)),
    request_body = SwitchBody, responses((status = 200, body = RuleView)))]
pub async fn switch(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<SwitchBody>,
) -> Result<Json<RuleView>, Failure> {
    let command = AutomationCommand::SwitchRule { id, active: input.value.active };
    Ok(Json(rule_of(&state, &input, command).await?))
}

/// Deletes a rule with the record of its runs. One that ships does not come back.
#[describe::path(delete, path = "/api/rules/{id}", operation_id = "delete_rule", tag = "rules", params(("id" = u64, Path)),
    responses((status = 204)))]
pub async fn delete(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let command = Command::Automation(AutomationCommand::DeleteRule { id });
    input.carry_out(&state, command).await
}

#[derive(Serialize, ToSchema)]
pub struct RunView {
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
    #[schema(example = "#1001")]
    ticket_number: String,
    /// The number of the event that made it run; absent for a rule of time
    cause: Option<u64>,
    /// Steps from rule to rule, this one included
    depth: u8,
    /// Why nothing was done
    failed: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Runs {
    /// The newest first, 200 at most
    runs: Vec<RunView>,
}

/// When a rule ran, and on what.
#[describe::path(get, path = "/api/rules/{id}/runs", operation_id = "list_rule_runs", tag = "rules",
    params(("id" = u64, Path)), responses((status = 200, body = Runs)))]
pub async fn runs(Shared(state): Shared<State>, Id(id): Id) -> Result<Json<Runs>, Failure> {
    known(&state, id)?;
    let rows = state.engine.read(|rows| rows.rule_runs(id))?;
    let view = |run: RuleRun| RunView {
        at: run.at,
        ticket_number: format!("#{}", run.ticket),
        cause: run.cause,
        depth: run.depth,
        failed: run.failed,
    };
    Ok(Json(Runs { runs: rows.into_iter().map(view).collect() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TryBody {
    /// Any reference of a ticket; without one those of the last week are tried
    #[schema(example = "#1001", max_length = 128)]
    ticket: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Tried {
    /// Tickets that were looked at
    looked_at: usize,
    /// Those of them for which its conditions hold, the newest first
    #[schema(example = json!(["#1004", "#1001"]))]
    tickets: Vec<String>,
    /// What it would do with each
    #[schema(value_type = Vec<serde_json::Value>)]
    actions: Vec<Action>,
}

/// What a rule would do, and to which tickets, as they are now; nothing is done. A rule about what the customer writes is
/// tried as if they had just written their first words.
#[describe::path(post, path = "/api/rules/{id}/test", operation_id = "test_rule", tag = "rules",
    params(("id" = u64, Path)), request_body = TryBody, responses((status = 200, body = Tried)))]
pub async fn test(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<TryBody>,
) -> Result<Json<Tried>, Failure> {
    let named = input.value.ticket.as_deref().map(|text| named_as("ticket", text)).transpose()?;
    let rule = known(&state, id)?;
    let numbers = match named {
        Some(reference) => {
            let found = state.engine.read(|rows| rows.resolve(&reference))?;
            vec![found.ok_or_else(|| not_found("such ticket"))?.number]
        }
        None => {
            let week = state.engine.shared().now().plus(-7 * Micros::DAY);
            let created = Span { from: Some(week), to: None };
            let filter = Filter { created, ..Filter::default() };
            state.engine.shared().index().newest(&filter, TRIED)
        }
    };
    let mut tickets = Vec::new();
    // A few at a time, so that no snapshot lives long.
    for chunk in numbers.chunks(100) {
        let fitting = state.engine.read(|rows| {
            let mut fitting = Vec::new();
            for number in chunk {
                let Some(ticket) = rows.ticket(*number)?.filter(Ticket::is_live) else { continue };
                if holds(&rows, &ticket, &rule.body.conditions)? {
                    fitting.push(format!("#{number}"));
                }
            }
            Ok(fitting)
        })?;
        tickets.extend(fitting);
    }
    Ok(Json(Tried { looked_at: numbers.len(), tickets, actions: rule.body.actions }))
}
