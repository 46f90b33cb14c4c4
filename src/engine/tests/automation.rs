//! A month of a desk with twenty people who come, go and fall silent, power cuts and a clock that is set: every assignment
//! and every return, every alert, every warning and every breach is what an obvious count of what happened to all tickets
//! and people gives (`automation_recount.rs`, `automation_people.rs`), and the same seed gives the same month. The long form has more tickets:
//! `FRONTDESK_MONTH_TICKETS=5000`.

#[path = "automation_people.rs"]
mod people;
#[path = "automation_recount.rs"]
mod recount;

use std::collections::BTreeSet;

use super::Desk;
use crate::domain::agent::Role;
use crate::domain::calendar::Span;
use crate::domain::condition::{Condition, Conditions, Field, Op};
use crate::domain::presence::{Presence, State, Workload};
use crate::domain::reference::Reference;
use crate::domain::rule::{Action, RuleBody, RuleTimer, Since, Strategy, Trigger};
use crate::domain::sla_policy::SlaTimer;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::account::{AccountCommand, NewPerson};
use crate::engine::automation::{AutomationCommand, Happening, NewAssignment, load_of};
use crate::engine::command::{Actor, Command, InboundMessage, NewBusinessHours, Reply};
use crate::engine::event::EventKind;
use crate::engine::index::{AssigneeIs, Filter, Set, Sort};
use crate::engine::presence::Presences;
use crate::engine::rows::key;
use crate::store::Order;
use crate::store::records::Count;
use people::{GRACE, OF_TURNS, People, STICKY, TURNS};
use recount::{CANNOT_WAIT, Recount};

const AGENTS: u64 = 20;
const CAPACITY: u64 = 3;
const ALERT: i64 = 5 * Micros::MINUTE;
/// Where the clock begins that lost its time.
const LONG_AGO: i64 = -400 * Micros::DAY;
/// Waiting tickets that are offered at once.
const OFFERED: usize = 50;
/// What customers write.
const SAID: [&str; 5] =
    ["halo", "kartu saya hilang", "ini saya lagi", "gawat, kartu saya", "gawat"];

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
    /// What the daemon holds of who is there.
    presences: Presences,
    people: People,
    recount: Recount,
    /// Which stretches without anybody were told of: ticket, and since when.
    alerted: BTreeSet<(u64, Micros)>,
    /// Everything that happened by itself, in its order.
    told: Vec<(EventKind, u64, Option<u64>)>,
    /// How many moments were set right.
    redated: usize,
    /// How far the clock is behind since it began long ago.
    behind: i64,
}

impl Month {
    fn begin() -> Month {
        let mut desk = Desk::new();
        desk.rules.automation.capacity = CAPACITY as u32;
        desk.rules.automation.urgent_words = vec![CANNOT_WAIT.into()];
        desk.own(Command::SeedSla).unwrap();
        let mut month = Month {
            desk,
            seq: 0,
            presences: Presences::default(),
            people: People::default(),
            recount: Recount::default(),
            alerted: BTreeSet::new(),
            told: Vec::new(),
            redated: 0,
            behind: 0,
        };
        let hours = NewBusinessHours {
            name: "Days".into(),
            timezone: "UTC".into(),
            week: std::array::from_fn(|_| vec![Span::parse("06:00", "18:00").unwrap()]),
            holidays: Vec::new(),
        };
        let hours = Command::SaveBusinessHours { id: None, hours: Box::new(hours) };
        let Ok((Reply::BusinessHours(hours), _)) = month.desk.own(hours) else { panic!("refused") };
        for agent in 1..=AGENTS {
            let person = NewPerson {
                name: format!("Agent {agent}"),
                email: format!("agent{agent}@example.com"),
                role: Role::Agent,
                password: None,
            };
            month.desk.own(Command::Account(AccountCommand::Add(person))).unwrap();
            // Some take more or less than the others, or nothing, and some work by day.
            let (capacity, by_day) = match agent {
                5 | 12 => (Some(1), false),
                7 => (Some(0), false),
                9 | 14 => (Some(5), true),
                16.. => (None, true),
                _ => (None, false),
            };
            let workload = Workload { capacity, hours: by_day.then_some(hours.id) };
            month.asks(AutomationCommand::SetWorkload { agent, workload });
            let capacity = capacity.map_or(CAPACITY, u64::from);
            month.people.join(agent, capacity, by_day.then_some((6, 18)));
        }
        let about = |word: &str| Conditions {
            all: vec![Condition {
                field: Field::try_from("text".to_owned()).unwrap(),
                op: Op::Contains,
                values: vec![word.to_owned()],
            }],
            any: Vec::new(),
        };
        for (position, (conditions, strategy, agents)) in [
            (about(TURNS), Strategy::RoundRobin, OF_TURNS.collect()),
            (about(STICKY), Strategy::Sticky, Vec::new()),
            (Conditions::default(), Strategy::LeastBusy, Vec::new()),
        ]
        .into_iter()
        .enumerate()
        {
            let rule = NewAssignment {
                name: strategy.as_str().into(),
                active: true,
                position: position as u32,
                conditions,
                strategy,
                agents,
            };
            month.asks(AutomationCommand::SaveAssignment { id: None, rule: Box::new(rule) });
        }
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
            self.redate();
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
            let timers = self.desk.due::<RuleTimer>();
            let due = Command::Automation(AutomationCommand::Due { timers });
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

    /// Moments that a clock told that was not believed are set right.
    fn redate(&mut self) {
        self.desk.redate();
        let moved = self.recount.redate(self.desk.reading.wall, self.desk.steady());
        for (number, at, dated) in moved {
            if self.alerted.remove(&(number, at)) {
                self.alerted.insert((number, dated));
            }
            self.redated += 1;
        }
    }

    /// What is due of what was promised is told, and is what the recount gives.
    fn look_at_promises(&mut self) {
        let mut told = Vec::new();
        loop {
            let timers = self.desk.due::<SlaTimer>();
            let Ok((Reply::Swept(dealt), _)) = self.desk.own(Command::SlaDue { timers }) else {
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

    /// Somebody's state as the rows have it now, for the daemon's memory.
    fn show(&self, agent: u64) {
        let presence = self.desk.rows().get(&key::number(agent)).unwrap();
        self.presences.put(agent, presence);
    }

    fn set_presence(&mut self, agent: u64, state: State, by_hand: bool) {
        self.asks(AutomationCommand::SetPresence { agent, state, by_hand });
        self.show(agent);
        self.people.set(agent, state, by_hand, self.desk.steady());
    }

    /// Pages tell that they are open; who fell silent is offline, and what they had goes back a minute later.
    fn come_and_go(&mut self) {
        let steady = self.desk.steady();
        for agent in self.people.beat(steady) {
            self.presences.at(steady).seen(agent);
        }
        let turning = self.presences.at(steady).turns(GRACE);
        assert_eq!(turning, self.people.turning(steady));
        for (agent, state) in turning {
            self.set_presence(agent, state, false);
        }
        for agent in std::mem::take(&mut self.recount.reopened) {
            self.people.reopened(agent);
            self.show(agent);
        }
        let leaving = self.presences.at(steady).gone(GRACE);
        assert_eq!(leaving, self.people.leaving(steady), "S4.25");
        for agent in leaving {
            let wanted = self.recount.of(agent);
            let assignee = Some(AssigneeIs::Agent(agent));
            let filter = Filter { assignee, ..open() };
            let tickets = self.desk.index.find(&filter, Sort::Queue, 0, 200).numbers;
            let before = self.recount.taken.len();
            self.asks(AutomationCommand::TakeBack { agent, tickets, last: true });
            self.show(agent);
            assert_eq!(self.recount.taken[before..], wanted, "S4.25");
            self.told.extend(wanted.iter().map(|n| (EventKind::TicketUnassigned, *n, Some(agent))));
        }
    }

    fn hand_out(&mut self) {
        let filter = Filter { assignee: Some(AssigneeIs::Nobody), ..open() };
        let tickets = self.desk.index.find(&filter, Sort::Queue, 0, OFFERED).numbers;
        let moment = (self.desk.reading.wall, self.is_trusted());
        let wanted = self.people.hand_out(&mut self.recount, moment, OFFERED);
        let before = self.recount.given.len();
        self.asks(AutomationCommand::HandOut { tickets });
        assert_eq!(self.recount.given[before..], wanted, "S3.17, S3.18");
        let given = |(ticket, agent)| (EventKind::TicketAssigned, ticket, Some(agent));
        self.told.extend(wanted.into_iter().map(given));
    }

    /// Somebody comes, goes, has a break, or falls silent.
    fn somebody_comes_or_goes(&mut self, dice: &mut Dice) {
        let agent = 1 + dice.below(AGENTS);
        let person = self.people.people.get_mut(&agent).unwrap();
        let there = matches!(person.state, Some(State::Online | State::Away));
        match (there, dice.below(4)) {
            // By a page that is opened, or by hand.
            (false, 0) => person.page = true,
            (false, _) => {
                person.page = true;
                self.set_presence(agent, State::Online, true);
            }
            (true, 0) => {
                person.page = false;
                self.set_presence(agent, State::Offline, true);
            }
            (true, 1) => person.page = false,
            (true, 2) => self.set_presence(agent, State::Away, true),
            (true, _) => self.set_presence(agent, State::Online, true),
        }
    }

    fn power_cut(&mut self, off: i64) {
        self.desk.power_cut(off);
        let rows = self.desk.rows().scan::<Presence>(&[], None, Order::Ascending, 100).unwrap();
        let agent = |row: &[u8]| u64::from_be_bytes(row.try_into().unwrap());
        let rows = rows.into_iter().map(|(row, presence)| (agent(&row), presence)).collect();
        self.presences.replace(rows, Vec::new(), self.desk.steady());
        self.people.start(self.desk.steady());
    }

    fn run(seed: u64, tickets: u64) -> Month {
        let mut month = Month::begin();
        let mut dice = Dice(seed);
        let actions = tickets * 6;
        for n in 0..actions {
            let minutes = 2 * 30 * 24 * 60 / actions + 1;
            // Some things happen soon after others.
            let most = if dice.below(3) == 0 { 90 } else { minutes * 60 };
            month.desk.wait(dice.below(most) as i64 * Micros::SECOND);
            month.come_and_go();
            month.look();
            let known = month.recount.lines.len() as u64;
            let ticket = Reference::Number(1001 + dice.below(known.max(1)));
            match dice.below(14) {
                0..=2 => {
                    let customer = dice.below(tickets);
                    let text = SAID[dice.below(SAID.len() as u64) as usize];
                    let message = InboundMessage {
                        instance: "bridge 0".into(),
                        id: Some(n.to_string()),
                        addresses: vec![format!("62800{customer:06}@s.whatsapp.net")],
                        text: text.into(),
                        ..InboundMessage::default()
                    };
                    let message = Box::new(message);
                    month.recount.writing = (customer, text.into());
                    month.carry_out(&Actor::System, Command::ReceiveMessage(message));
                }
                3..=6 => {
                    let to = Status::ALL[dice.below(7) as usize];
                    let moved = Command::SetStatus { ticket, to, reason: None, notes: None };
                    month.carry_out(&Actor::System, moved);
                }
                7..=9 => month.somebody_comes_or_goes(&mut dice),
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
                    let off = [-Micros::HOUR, 0, Micros::HOUR, LONG_AGO][dice.below(4) as usize];
                    month.behind -= if off == LONG_AGO { off } else { 0 };
                    month.power_cut(off);
                }
                _ if dice.below(8) == 0 => {
                    let by = [-Micros::HOUR, Micros::HOUR][dice.below(2) as usize];
                    let behind = std::mem::take(&mut month.behind);
                    month.desk.set_clock(behind + by, true);
                }
                _ => {}
            }
            month.hand_out();
        }
        month.check_rows();
        month
    }
}

fn open() -> Filter {
    let statuses = Set::statuses(Status::ALL.into_iter().filter(|status| status.is_open()));
    Filter { statuses, ..Filter::default() }
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
    let taken = told(&|kind| kind == EventKind::TicketUnassigned);
    eprintln!(
        "{known} tickets: {given} given, {taken} taken back, {alerts} alerts, {warnings} warnings, {breaches} breaches"
    );
    assert!([alerts, given, taken, warnings, breaches].iter().all(|many| *many > 0));
    // In a short month no clock begins long ago and is set.
    assert!(tickets < 400 || month.redated > 0);
    assert_eq!(Month::run(7, tickets).told, month.told, "the same seed, the same month");
}
