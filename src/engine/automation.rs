//! What may be asked of presence, assignment and rules. Plain data; `decide/{presence,assign,rules}` make plans of it.

use crate::domain::presence::{State, Workload};
use crate::domain::rule::{AssignmentRule, KEPT_RUNS, Rule, RuleBody, RuleRun};
use crate::domain::time::Micros;
use crate::engine::event::EventKind;
use crate::engine::rows::{ReadError, Rows, key};
use crate::engine::timers::Timer;
use crate::store::Order;
use crate::store::records::Count;

/// The consumer of the feed that runs the rules.
pub const CURSOR: &str = "rules";

/// The count under which the open tickets of an agent lie.
pub fn load_of(agent: u64) -> String {
    format!("agent.open:{agent}")
}

/// Where that lies from which tickets' timers are to be set anew, as rules have changed.
pub const REWIND: &str = "rules.rewind";

/// Tickets whose moments are set right at once.
pub const REDATED: usize = 50;

/// That the loads of agents are counted.
pub const LOADS: &str = "agent.open";

#[derive(Clone, Debug)]
pub enum AutomationCommand {
    SetPresence {
        agent: u64,
        state: State,
        by_hand: bool,
    },
    SetWorkload {
        agent: u64,
        workload: Workload,
    },
    SaveAssignment {
        id: Option<u64>,
        rule: Box<NewAssignment>,
    },
    DeleteAssignment {
        id: u64,
    },
    /// Gives those of these tickets that nobody has to whom the rules say, as far as there is room.
    HandOut {
        tickets: Vec<u64>,
    },
    /// Takes these tickets from an agent who went.
    TakeBack {
        agent: u64,
        tickets: Vec<u64>,
        /// These are all.
        last: bool,
    },
    /// Gives the caller the first of these tickets that is still to be had.
    Next {
        tickets: Vec<u64>,
    },
    /// The rules that ship, as the configuration has them.
    Follow(Vec<Shipped>),
    SaveRule {
        id: Option<u64>,
        name: String,
        body: Box<RuleBody>,
    },
    /// On or off; switching on ends a pause.
    SwitchRule {
        id: u64,
        active: bool,
    },
    DeleteRule {
        id: u64,
    },
    /// The feed was read up to `upto`, and this happened that rules look at.
    React {
        upto: u64,
        happenings: Vec<Happening>,
    },
    /// Runs the rules of time of these timers, as far as they are due.
    Due {
        timers: Vec<Timer>,
    },
    /// Sets the moments of these tickets right that were told while the clock was not believed; each with the last of them.
    Redate {
        tickets: Vec<(u64, Micros)>,
    },
    /// Sets the timers of these tickets anew; `next` is where to go on, if there are more.
    Rewind {
        tickets: Vec<u64>,
        next: Option<u64>,
    },
    /// How many open tickets each agent has, of a store in which nobody counted before.
    CountLoads {
        loads: Vec<(u64, u64)>,
    },
}

#[derive(Clone, Debug)]
pub struct NewAssignment {
    pub name: String,
    pub active: bool,
    pub position: u32,
    pub conditions: crate::domain::condition::Conditions,
    pub strategy: crate::domain::rule::Strategy,
    pub agents: Vec<u64>,
}

/// A rule that ships.
#[derive(Clone, Debug)]
pub struct Shipped {
    pub key: &'static str,
    pub name: &'static str,
    pub body: RuleBody,
}

/// An event, as far as rules look at it.
#[derive(Clone, Debug)]
pub struct Happening {
    pub seq: u64,
    pub kind: EventKind,
    pub ticket: u64,
    /// The global number of the entry that it is about.
    pub entry: Option<u64>,
    pub at: Micros,
    pub depth: u8,
    /// Tickets of the last hour that read alike, this one among them.
    pub similar: Vec<u64>,
}

impl Rows<'_> {
    /// How many open tickets an agent has.
    pub fn open_tickets_of(&self, agent: u64) -> Result<u64, ReadError> {
        Ok(self.get::<Count>(load_of(agent).as_bytes())?.map_or(0, |count| count.0))
    }

    /// From which ticket on timers are to be set anew; none if all are right.
    pub fn rewinds_from(&self) -> Result<Option<u64>, ReadError> {
        Ok(self.get::<Count>(REWIND.as_bytes())?.map(|count| count.0))
    }

    /// The last runs of a rule, the newest first.
    pub fn rule_runs(&self, rule: u64) -> Result<Vec<RuleRun>, ReadError> {
        let (start, end) = (key::pair(rule, 0), key::pair(rule + 1, 0));
        let most = KEPT_RUNS as usize;
        let rows = self.scan::<RuleRun>(&start, Some(&end), Order::Descending, most)?;
        Ok(rows.into_iter().map(|(_, run)| run).collect())
    }

    /// All rules that were not deleted, in the order in which they are asked.
    pub fn rules(&self) -> Result<Vec<Rule>, ReadError> {
        let rows = self.scan::<Rule>(&[], None, Order::Ascending, usize::MAX)?;
        let mut rules: Vec<Rule> = rows.into_iter().map(|(_, rule)| rule).collect();
        rules.retain(|rule| !rule.deleted);
        rules.sort_by_key(|rule| (rule.body.position, rule.id));
        Ok(rules)
    }

    /// All rules of assignment, in the order in which they are asked.
    pub fn assignment_rules(&self) -> Result<Vec<AssignmentRule>, ReadError> {
        let rows = self.scan::<AssignmentRule>(&[], None, Order::Ascending, usize::MAX)?;
        let mut rules: Vec<AssignmentRule> = rows.into_iter().map(|(_, rule)| rule).collect();
        rules.sort_by_key(|rule| (rule.position, rule.id));
        Ok(rules)
    }
}
