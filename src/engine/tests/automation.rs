//! A month of a desk with twenty people who come and go, power cuts and a clock that is set: every assignment, every
//! alert, every warning and every breach is what an obvious count of what happened to all tickets gives
//! (`automation_recount.rs`), and the same seed gives the same month. The long form has more tickets:
//! `FRONTDESK_MONTH_TICKETS=5000`.

#[path = "automation_recount.rs"]
mod recount;

use std::collections::BTreeSet;

use super::Desk;
use crate::domain::agent::Role;
use crate::domain::condition::Conditions;
use crate::domain::presence::State;
use crate::domain::reference::Reference;
use crate::domain::rule::{Action, RuleBody, Since, Strategy, Trigger};
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::account::{AccountCommand, NewPerson};
use crate::engine::automation::{AutomationCommand, Happening, NewAssignment, load_of};
use crate::engine::command::{Actor, Command, InboundMessage, Reply};
use crate::engine::event::EventKind;
use crate::engine::index::{AssigneeIs, Filter, Set, Sort};
use crate::store::records::Count;
use recount::Recount;

const AGENTS: u64 = 20;
const CAPACITY: u64 = 3;
const ALERT: i64 = 5 * Micros::MINUTE;

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        xxhash_rust::xxh3::xxh3_64(&self.0.to_le_bytes()) % n
    }
}

struct Month {
    desk: Desk,
    seq: u64,
    online: BTreeSet<u64>,
    recount: Recount,
    /// Which stretches without anybody were told of: ticket, and since when.
    alerted: BTreeSet<(u64, Micros)>,
    /// Everything that happened by itself, in its order.
    told: Vec<(EventKind, u64, Option<u64>)>,
}

impl Month {
    fn begin() -> Month {
        let mut desk = Desk::new();
        desk.rules.automation.capacity = CAPACITY as u32;
        desk.own(Command::SeedSla).unwrap();
        let mut month = Month {
            desk,
            seq: 0,
            online: BTreeSet::new(),
            recount: Recount::default(),
            alerted: BTreeSet::new(),
            told: Vec::new(),
        };
        for n in 0..AGENTS {
            let person = NewPerson {
                name: format!("Agent {n}"),
                email: format!("agent{n}@example.com"),
                role: Role::Agent,
                password: None,
            };
            month.desk.own(Command::Account(AccountCommand::Add(person))).unwrap();
        }
        let rule = NewAssignment {
            name: "everything".into(),
            active: true,
            position: 0,
            conditions: Conditions::default(),
            strategy: Strategy::LeastBusy,
            agents: Vec::new(),
        };
        month.asks(AutomationCommand::SaveAssignment { id: None, rule: Box::new(rule) });
        let body = RuleBody {
            active: true,
            position: 0,
            stop: false,
            trigger: Trigger::After { since: Since::Unclaimed, seconds: 300 },
            conditions: Conditions::default(),
            actions: vec![Action::Notify],
        };
        let body = Box::new(body);
        month.asks(AutomationCommand::SaveRule { id: None, name: "alert".into(), body });
        month
    }

    fn asks(&mut self, command: AutomationCommand) -> Reply {
        self.carry_out(&Actor::System, Command::Automation(command)).expect("it is carried out")
    }

    /// Carries a command out, and lets the rules see what it did.
    fn carry_out(&mut self, actor: &Actor, command: Command) -> Option<Reply> {
        let done = self.desk.ask(actor, command).ok().map(|(reply, _)| reply);
        loop {
            let events = self.desk.last_events();
            self.recount.follow(&mut self.desk, &events);
            let happenings: Vec<Happening> = (events.into_iter().zip(self.seq + 1..))
                .filter_map(|(event, seq)| {
                    let entry = event.entry;
                    let (kind, at, depth) = (event.kind, self.desk.reading.wall, event.depth);
                    let ticket = event.ticket?;
                    Some(Happening { seq, kind, ticket, entry, at, depth, similar: Vec::new() })
                })
                .collect();
            if happenings.is_empty() {
                return done;
            }
            self.seq += happenings.len() as u64;
            let react = AutomationCommand::React { upto: self.seq, happenings };
            self.desk.own(Command::Automation(react)).unwrap();
        }
    }

    fn is_trusted(&mut self) -> bool {
        self.desk.clock.read(self.desk.reading).trusted
    }

    /// What is due is told, and is what a look at every ticket gives.
    fn look(&mut self) {
        let mut wanted = BTreeSet::new();
        if self.is_trusted() {
            self.look_at_promises();
            for (number, line) in &self.recount.lines {
                let since = line.unclaimed_since();
                let due = since.filter(|since| self.desk.reading.wall >= since.plus(ALERT));
                wanted.extend(due.map(|since| (*number, since)));
            }
        }
        let wanted: BTreeSet<_> = wanted.difference(&self.alerted).copied().collect();
        let mut told = Vec::new();
        loop {
            let due = Command::Automation(AutomationCommand::Due);
            let Ok((Reply::Swept(dealt), _)) = self.desk.own(due) else { panic!("refused") };
            let events = self.desk.last_events();
            let alerts = events.iter().filter(|event| event.kind == EventKind::TicketAlert);
            told.extend(alerts.filter_map(|event| event.ticket));
            if dealt == 0 {
                break;
            }
        }
        let mut sorted = told.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, wanted.iter().map(|(ticket, _)| *ticket).collect::<Vec<_>>());
        self.told.extend(told.into_iter().map(|ticket| (EventKind::TicketAlert, ticket, None)));
        self.alerted.extend(wanted);
    }

    /// What is due of what was promised is told, and is what the recount gives.
    fn look_at_promises(&mut self) {
        let mut told = Vec::new();
        loop {
            let Ok((Reply::Swept(dealt), _)) = self.desk.own(Command::SlaDue) else {
                panic!("refused")
            };
            let events = self.desk.last_events();
            let of_promises = events.iter().filter(|event| event.kind.sla_target().is_some());
            told.extend(of_promises.map(|event| (event.ticket.unwrap(), event.kind)));
            if dealt == 0 {
                break;
            }
        }
        let now = self.desk.reading.wall;
        let mut wanted = self.recount.due(now);
        self.told.extend(told.iter().map(|(ticket, kind)| (*kind, *ticket, None)));
        let by_name = |(ticket, kind): &(u64, EventKind)| (*ticket, *kind as u8);
        told.sort_unstable_by_key(by_name);
        wanted.sort_unstable_by_key(by_name);
        assert_eq!(told, wanted);
    }

    /// What was followed step by step is what the rows say of each ticket at the end.
    fn check_rows(&self) {
        let tickets = self.desk.tickets();
        assert_eq!(tickets.len(), self.recount.lines.len());
        for ticket in &tickets {
            let line = &self.recount.lines[&ticket.number];
            let holder = ticket.assignee.as_ref().map(|holder| holder.agent);
            assert_eq!((line.holder, line.status), (holder, ticket.status), "{}", ticket.number);
            let history = self.desk.rows().status_history(ticket).unwrap();
            let changes: Vec<_> = history.iter().map(|change| (change.at, change.to)).collect();
            assert_eq!(line.changes, changes, "{}", ticket.number);
        }
        let loads = self.recount.loads();
        for agent in 1..=AGENTS {
            let counted = self.desk.rows().get::<Count>(load_of(agent).as_bytes()).unwrap();
            let counted = counted.map_or(0, |count| count.0);
            assert_eq!(counted, loads.get(&agent).copied().unwrap_or(0), "agent {agent}");
        }
    }

    fn hand_out(&mut self) {
        let statuses = Set::statuses(Status::ALL.into_iter().filter(|status| status.is_open()));
        let assignee = Some(AssigneeIs::Nobody);
        let filter = Filter { statuses, assignee, ..Filter::default() };
        let tickets = self.desk.index.find(&filter, Sort::Queue, 0, 50).numbers;
        let mut loads = self.recount.loads();
        let mut wanted = Vec::new();
        for ticket in &tickets {
            let load = |agent: &u64| loads.get(agent).copied().unwrap_or(0);
            let free = self.online.iter().filter(|agent| load(agent) < CAPACITY);
            let Some(agent) = free.min_by_key(|agent| (load(agent), **agent)).copied() else {
                break;
            };
            wanted.push((*ticket, agent));
            *loads.entry(agent).or_default() += 1;
        }
        self.asks(AutomationCommand::HandOut { tickets });
        for (ticket, agent) in wanted {
            assert_eq!(self.recount.lines[&ticket].holder, Some(agent), "ticket {ticket}");
            self.told.push((EventKind::TicketAssigned, ticket, Some(agent)));
        }
        assert_eq!(self.recount.loads(), loads, "nobody else was given anything");
    }

    fn run(seed: u64, tickets: u64) -> Month {
        let mut month = Month::begin();
        let mut dice = Dice(seed);
        let actions = tickets * 6;
        for n in 0..actions {
            let minutes = 2 * 30 * 24 * 60 / actions + 1;
            month.desk.wait(dice.below(minutes * 60) as i64 * Micros::SECOND);
            month.look();
            let known = month.recount.lines.len() as u64;
            let ticket = Reference::Number(1001 + dice.below(known.max(1)));
            match dice.below(14) {
                0..=2 => {
                    let message = InboundMessage {
                        instance: "bridge 0".into(),
                        id: Some(n.to_string()),
                        addresses: vec![format!("62800{:06}@s.whatsapp.net", dice.below(tickets))],
                        text: "halo".into(),
                        ..InboundMessage::default()
                    };
                    let message = Box::new(message);
                    month.carry_out(&Actor::System, Command::ReceiveMessage(message));
                }
                3..=6 => {
                    let to = Status::ALL[dice.below(7) as usize];
                    let moved = Command::SetStatus { ticket, to, reason: None, notes: None };
                    month.carry_out(&Actor::System, moved);
                }
                7..=9 => {
                    let agent = 1 + dice.below(AGENTS);
                    let is_on = month.online.contains(&agent);
                    let state = if is_on { State::Offline } else { State::Online };
                    month.asks(AutomationCommand::SetPresence { agent, state, by_hand: true });
                    if is_on {
                        month.online.remove(&agent);
                        let filter = Filter {
                            assignee: Some(AssigneeIs::Agent(agent)),
                            ..Filter::default()
                        };
                        let tickets = month.desk.index.find(&filter, Sort::Queue, 0, 200).numbers;
                        month.asks(AutomationCommand::TakeBack { agent, tickets, last: true });
                        assert_eq!(month.recount.loads().get(&agent), None, "S4.25");
                    } else {
                        month.online.insert(agent);
                    }
                }
                10..=11 => {
                    let who = Actor::Agent {
                        id: 1 + dice.below(AGENTS),
                        name: "agent".into(),
                        role: Role::Supervisor,
                        sees_all: true,
                    };
                    let (body, attachments) = ("we look into it".to_owned(), Vec::new());
                    let is_internal = dice.below(4) == 0;
                    let answer = Command::AddComment { ticket, body, is_internal, attachments };
                    month.carry_out(&who, answer);
                }
                12 if dice.below(4) == 0 => {
                    let off = [-Micros::HOUR, 0, Micros::HOUR][dice.below(3) as usize];
                    month.desk.power_cut(off);
                }
                _ if dice.below(8) == 0 => {
                    let by = [-Micros::HOUR, Micros::HOUR][dice.below(2) as usize];
                    month.desk.set_clock(by, true);
                }
                _ => {}
            }
            month.hand_out();
        }
        month.check_rows();
        month
    }
}

#[test]
fn a_month_of_assignments_and_alerts_is_what_a_slow_count_gives() {
    let asked = std::env::var("FRONTDESK_MONTH_TICKETS").ok();
    let tickets = asked.and_then(|tickets| tickets.parse().ok()).unwrap_or(60);
    let month = Month::run(7, tickets);
    let told = |wanted: &dyn Fn(EventKind) -> bool| {
        month.told.iter().filter(|(kind, ..)| wanted(*kind)).count()
    };
    let alerts = told(&|kind| kind == EventKind::TicketAlert);
    let given = told(&|kind| kind == EventKind::TicketAssigned);
    let warnings = told(&|kind| kind.name() == "ticket.sla.warning");
    let breaches = told(&|kind| kind.name() == "ticket.sla.breached");
    let known = month.recount.lines.len();
    eprintln!(
        "{known} tickets: {given} given, {alerts} alerts, {warnings} warnings, {breaches} breaches"
    );
    assert!(alerts > 0 && given > 0 && warnings > 0 && breaches > 0);
    assert_eq!(Month::run(7, tickets).told, month.told, "the same seed, the same month");
}
