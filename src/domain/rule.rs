//! Rules as data: what wakes one, what it asks, what it does; which tickets go to whom (S2.33, S3.17 to S3.19).

use serde::{Deserialize, Serialize};

use super::condition::Conditions;
use super::priority::Priority;
use super::status::Status;
use super::ticket::Ticket;
use super::time::Micros;

/// Rules of each kind that there may be.
pub const MAX_RULES: usize = 100;
pub const MAX_RULE_NAME: usize = 100;
pub const MAX_ACTIONS: usize = 10;
/// Characters of a note, a reply or a reason.
pub const MAX_ACTION_TEXT: usize = 2000;
/// Waits of a rule, in seconds: up to a year.
pub const MAX_WAIT: u64 = 366 * 86_400;
/// Steps from rule to rule that one happening may cause.
pub const MAX_DEPTH: u8 = 3;
/// Runs of a rule that are remembered.
pub const KEPT_RUNS: u64 = 200;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub id: u64,
    pub name: String,
    /// What it is called among those that ship.
    pub key: Option<String>,
    /// Somebody changed it here: what ships does not replace it any more.
    pub changed: bool,
    /// One that shipped and was deleted here; it does not come back.
    pub deleted: bool,
    pub body: RuleBody,
    /// Set while it does nothing as it failed.
    pub paused: Option<Paused>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

impl Rule {
    /// Switched on, and neither deleted nor paused.
    pub fn runs(&self) -> bool {
        self.body.active && !self.deleted && self.paused.is_none()
    }
}

/// What people say of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleBody {
    pub active: bool,
    /// Rules are asked in this order, then by id.
    pub position: u32,
    /// When it has run, no later rule is asked of that happening.
    pub stop: bool,
    pub trigger: Trigger,
    pub conditions: Conditions,
    pub actions: Vec<Action>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    pub at: Micros,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Names of events, as webhooks have them.
    Events(Vec<String>),
    /// So many seconds after something began, once each time that it begins.
    After { since: Since, seconds: u64 },
}

/// From when on a rule waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// An open ticket has nobody: "pending" in the queue's words (S4.23).
    Unclaimed,
    /// The customer wrote, and nobody of the desk has answered since (S3.19, S4.24).
    Unanswered,
    /// Nothing was said on an open ticket, and its status did not change.
    Idle,
    /// It waits for the customer.
    PendingCustomer,
    /// It is resolved (S2.14).
    Resolved,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// To this agent, whoever has it.
    Assign(u64),
    Unassign,
    SetStatus(Status),
    SetPriority(Priority),
    SetCategory(String),
    Tag(Vec<String>),
    Untag(Vec<String>),
    /// An internal note. In texts `{similar}` stands for the numbers of tickets alike, `{rule}` for the rule's name,
    /// `{customer_messages}` for how often the customer wrote without an answer.
    Note(String),
    /// A public message to the customer.
    Reply(String),
    Escalate {
        reason: String,
        to: Option<u64>,
    },
    /// Event `ticket.alert`, for pages and webhooks.
    Notify,
    /// Event `rule.fired`, for the webhooks that subscribe to it.
    Webhook,
}

/// Of a ticket: what rules of time and of repetition need to know, kept by the consumer that runs them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The customer's first word that nobody has answered.
    pub unanswered: Option<Micros>,
    /// Messages of the customer since the last answer.
    pub customer_messages: u32,
    /// Since when nobody has it.
    pub unclaimed: Option<Micros>,
    /// When something was said last.
    pub spoken: Option<Micros>,
    /// Since when its status is what it is.
    pub status_since: Option<Micros>,
    /// Which rules of time have run, each with the beginning that it waited from; at most [`MAX_RULES`].
    pub fired: Vec<(u64, Micros)>,
    /// The key of its row among the timers.
    pub wakes_at: Option<Micros>,
}

impl Watch {
    /// Of a ticket that was not watched yet.
    pub fn of(ticket: &Ticket) -> Watch {
        let open = ticket.status.is_open();
        let unanswered = ticket.first_response_at.is_none() && open;
        Watch {
            unanswered: unanswered.then_some(ticket.created_at),
            unclaimed: (ticket.assignee.is_none() && open).then_some(ticket.created_at),
            spoken: ticket.last_message_at,
            ..Watch::default()
        }
    }

    /// From when on a rule waits on this ticket; none if it does not.
    pub fn since(&self, since: Since, ticket: &Ticket) -> Option<Micros> {
        let open = ticket.status.is_open() && !ticket.call_running && ticket.on_hold.is_none();
        let status = self.status_since.unwrap_or(ticket.created_at);
        match since {
            Since::Unclaimed => self.unclaimed.filter(|_| open && ticket.assignee.is_none()),
            Since::Unanswered => {
                self.unanswered.filter(|_| open && ticket.status != Status::PendingCustomer)
            }
            Since::Idle => open.then(|| self.spoken.map_or(status, |at| at.max(status))),
            Since::PendingCustomer => (ticket.status == Status::PendingCustomer).then_some(status),
            Since::Resolved => (ticket.status == Status::Resolved).then_some(status),
        }
    }

    /// When a rule that waits so long is due, unless it has run of this beginning.
    pub fn due(
        &self,
        rule: u64,
        (since, seconds): (Since, u64),
        ticket: &Ticket,
    ) -> Option<Micros> {
        let from = self.since(since, ticket)?;
        if self.fired.contains(&(rule, from)) {
            return None;
        }
        let wait = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(Micros::SECOND);
        Some(from.plus(wait))
    }
}

/// That a ticket's rules of time are to be looked at, at the time that its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTimer {}

/// One run of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRun {
    pub ticket: u64,
    pub at: Micros,
    /// The number of the event that made it run; none for one of time.
    pub cause: Option<u64>,
    pub depth: u8,
    /// Why it did nothing.
    pub failed: Option<String>,
}

/// Which tickets go to whom by themselves (S3.17).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentRule {
    pub id: u64,
    pub name: String,
    pub active: bool,
    /// The first rule that a ticket fits counts, in this order, then by id.
    pub position: u32,
    pub conditions: Conditions,
    pub strategy: Strategy,
    /// To one of these; empty is everybody.
    pub agents: Vec<u64>,
    pub created_at: Micros,
    pub updated_at: Micros,
}

pub const MAX_RULE_AGENTS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Whoever has the fewest open tickets (S3.18).
    LeastBusy,
    RoundRobin,
    /// Whoever had this customer last; else the least busy.
    Sticky,
}

impl Strategy {
    pub fn as_str(self) -> &'static str {
        match self {
            Strategy::LeastBusy => "least_busy",
            Strategy::RoundRobin => "round_robin",
            Strategy::Sticky => "sticky",
        }
    }
}

/// The agent who had a customer last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAgent(pub u64);

/// One escalation of a ticket; the last that has not ended is what the ticket's flag shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    pub reason: String,
    pub by: String,
    pub at: Micros,
    /// The agent whom it was given to.
    pub to: Option<(u64, String)>,
    pub ended: Option<(Micros, String)>,
}

/// Escalations of a ticket that are remembered.
pub const KEPT_ESCALATIONS: u32 = 50;

/// How a ticket stands by its SLA, as of its last change; what time makes of it follows from the two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaStanding {
    /// met 0, on_track 1, at_risk 2, breached 3: the worse of the two targets.
    pub settled: u8,
    pub warns_at: Option<Micros>,
    pub due_at: Option<Micros>,
}

impl SlaStanding {
    /// As `settled`, at a time.
    pub fn at(&self, now: Micros) -> u8 {
        let past = |at: Option<Micros>| at.is_some_and(|at| at <= now);
        let by_time = if past(self.due_at) { 3 } else { 2 * u8::from(past(self.warns_at)) };
        self.settled.max(by_time)
    }
}

/// The words for [`SlaStanding::at`].
pub const STANDINGS: [&str; 4] = ["met", "on_track", "at_risk", "breached"];
