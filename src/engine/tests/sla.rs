//! A month of tickets in a desk's time: what was told of their clocks, and when, is what an obvious count of their
//! minutes gives. The long form has more tickets: `FRONTDESK_SLA_TICKETS=5000`.

use std::collections::BTreeMap;

use super::{Desk, agent};
use crate::domain::agent::Role;
use crate::domain::calendar::Span;
use crate::domain::reference::Reference;
use crate::domain::sla::{Promise, Target, Targets, standard};
use crate::domain::sla_policy::{Conditions, SlaClock, SlaTimer};
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::command::{
    Actor, Command, InboundMessage, NewBusinessHours, NewSlaPolicy, Reply,
};
use crate::engine::event::{Event, EventKind};
use crate::engine::rows::key;
use crate::store::Order;

const MONTH: i64 = 30 * 24 * 60;
/// Office hours are told in a zone without changes of the clocks, so that counting them stays obvious.
const ZONE: &str = "Asia/Jakarta";
const EAST: i64 = 7 * 60;

pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        xxhash_rust::xxh3::xxh3_64(&self.0.to_le_bytes()) % n
    }
}

struct Month {
    desk: Desk,
    start: Micros,
    minute: i64,
    /// Ticket, target, warning or breach, in the order of telling, with its minute.
    told: Vec<(i64, u64, EventKind)>,
    /// When each ticket was answered, by its number.
    answered: BTreeMap<u64, i64>,
}

impl Month {
    fn begin() -> Month {
        let mut desk = Desk::new();
        desk.own(Command::SeedSla).unwrap();
        let hours = NewBusinessHours {
            name: "Jakarta".into(),
            timezone: ZONE.into(),
            week: std::array::from_fn(|day| match day {
                0..=4 => vec![Span { start: 9 * 60, end: 18 * 60 }],
                _ => Vec::new(),
            }),
            holidays: vec!["2025-12-25".into()],
        };
        let saved = desk.own(Command::SaveBusinessHours { id: None, hours: Box::new(hours) });
        let Ok((Reply::BusinessHours(hours), _)) = saved else { panic!("{saved:?}") };
        let policy = NewSlaPolicy {
            name: "Office".into(),
            description: String::new(),
            promise: standard(),
            hours: Some(hours.id),
            is_default: false,
            conditions: Conditions { categories: vec!["shipping".into()], ..Default::default() },
        };
        desk.own(Command::SaveSlaPolicy { id: None, policy: Box::new(policy) }).unwrap();
        let start = desk.reading.wall;
        Month { desk, start, minute: 0, told: Vec::new(), answered: BTreeMap::new() }
    }

    /// Time passes, and whatever is due on the way is told at its time.
    fn wait_until(&mut self, minute: i64) {
        loop {
            let next = self
                .desk
                .next_timer::<SlaTimer>()
                .map(|at| (at.0 - self.start.0).div_euclid(Micros::MINUTE));
            let to = next.map_or(minute, |next| next.max(self.minute)).min(minute);
            self.desk.wait((to - self.minute) * Micros::MINUTE);
            self.minute = to;
            if self.due() == 0 && to == minute {
                return;
            }
        }
    }

    fn due(&mut self) -> usize {
        let timers = self.desk.due::<SlaTimer>();
        let Ok((Reply::Swept(dealt), _)) = self.desk.own(Command::SlaDue { timers }) else {
            panic!("refused")
        };
        let minute = self.minute;
        let told = self.desk.last_events().into_iter().filter(|e| e.kind.sla_target().is_some());
        self.told.extend(told.map(|e| (minute, e.ticket.unwrap(), e.kind)));
        dealt
    }

    fn customer_writes(&mut self, customer: u64, text: &str, n: usize) {
        let message = InboundMessage {
            instance: "bridge 0".into(),
            id: Some(format!("{customer}-{n}")),
            addresses: vec![format!("62800{customer:06}@s.whatsapp.net")],
            text: text.into(),
            ..InboundMessage::default()
        };
        self.desk.own(Command::ReceiveMessage(Box::new(message))).unwrap();
    }

    fn agent_answers(&mut self, who: &Actor, ticket: u64) {
        let reference = Reference::Number(ticket);
        let body = "we look into it".to_owned();
        let answer = Command::AddComment {
            ticket: reference,
            body,
            is_internal: false,
            attachments: Vec::new(),
        };
        if self.desk.ask(who, answer).is_ok() {
            self.answered.entry(ticket).or_insert(self.minute);
        }
    }

    fn run(seed: u64, tickets: u64) -> Month {
        let mut month = Month::begin();
        let mut dice = Dice(seed);
        let actions = tickets * 6;
        for n in 0..actions {
            let later = dice.below(2 * MONTH as u64 / actions + 1) as i64;
            let minute = (month.minute + later).min(MONTH);
            month.wait_until(minute);
            let known = month.desk.tickets().len() as u64;
            let number = 1001 + dice.below(known.max(1));
            let who = Actor::Agent {
                id: 1 + dice.below(20),
                name: "agent".into(),
                role: Role::Supervisor,
                sees_all: true,
            };
            match dice.below(6) {
                0 => {
                    let text = ["has it shipped?", "hello"][dice.below(2) as usize];
                    month.customer_writes(dice.below(tickets), text, n as usize);
                }
                _ if known == 0 => {}
                1 => month.agent_answers(&who, number),
                _ => {
                    let to = Status::ALL[dice.below(7) as usize];
                    let ticket = Reference::Number(number);
                    let _ = month
                        .desk
                        .ask(&who, Command::SetStatus { ticket, to, reason: None, notes: None });
                }
            }
        }
        month.wait_until(MONTH + 400);
        month
    }

    /// The minutes of a ticket, one by one: when it is warned of a target, and when it is breached.
    fn counted(&self, number: u64) -> Vec<(i64, u64, EventKind)> {
        let ticket = self.desk.ticket(number);
        let clock: SlaClock = self.desk.rows().get(&key::number(number)).unwrap().unwrap();
        let office = clock.policy_name == "Office";
        let minute_of = |at: Micros| (at.0 - self.start.0) / Micros::MINUTE;
        let history = self.desk.rows().status_history(&ticket).unwrap();
        let changes: Vec<(i64, Status)> = history.iter().map(|c| (minute_of(c.at), c.to)).collect();
        let mut found = Vec::new();
        for target in Target::ALL {
            let allowed = clock.targets.of(target).unwrap() / Micros::MINUTE;
            let mut passed = 0;
            for minute in minute_of(ticket.created_at)..=self.minute {
                if passed == allowed - allowed / 4 {
                    found.push((minute, number, EventKind::sla_warning(target)));
                }
                if passed == allowed {
                    found.push((minute, number, EventKind::sla_breached(target)));
                    break;
                }
                let answered = self.answered.get(&number).is_some_and(|at| *at <= minute);
                if target == Target::FirstResponse && answered {
                    break;
                }
                // The last of several changes in one minute holds from then on.
                let status = changes.iter().rfind(|(at, _)| *at <= minute).unwrap().1;
                let runs = status.is_open() && status != Status::PendingCustomer;
                passed += i64::from(runs && (!office || self.is_office_hour(minute)));
            }
            // Each is told once; the minutes in which nothing passes repeat the count.
            found.dedup_by_key(|(_, _, kind)| *kind);
        }
        found
    }

    fn is_office_hour(&self, minute: i64) -> bool {
        let local = self.start.0 / Micros::MINUTE + minute + EAST;
        let (day, of_day) = (local.div_euclid(1440), local.rem_euclid(1440));
        let weekday = (day + 3) % 7; // 1970-01-01 was a Thursday
        let christmas = day == 20_447; // 2025-12-25
        weekday < 5 && !christmas && (540..1080).contains(&of_day)
    }
}

#[test]
fn what_is_told_in_a_month_is_what_an_obvious_count_of_minutes_gives() {
    let tickets = std::env::var("FRONTDESK_SLA_TICKETS").ok().and_then(|n| n.parse().ok());
    let month = Month::run(7, tickets.unwrap_or(60));
    month.desk.check();
    let numbers: Vec<u64> = month.desk.tickets().iter().map(|t| t.number).collect();
    let mut counted: Vec<_> = numbers.iter().flat_map(|n| month.counted(*n)).collect();
    let mut told = month.told.clone();
    let by_name = |(minute, ticket, kind): &(i64, u64, EventKind)| (*ticket, *kind as u8, *minute);
    counted.sort_by_key(by_name);
    told.sort_by_key(by_name);
    assert_eq!(told, counted);
    let breaches = told.iter().filter(|(_, _, kind)| kind.name() == "ticket.sla.breached").count();
    assert!(numbers.len() > 20 && breaches > 10, "{} tickets, {breaches} breaches", numbers.len());
}

#[test]
fn the_same_seed_gives_the_same_month() {
    let told = |seed| Month::run(seed, 20).told;
    assert_eq!(told(3), told(3));
}

/// A desk with one ticket that nobody has answered.
fn waiting() -> Month {
    let mut month = Month::begin();
    month.customer_writes(1, "hello", 0);
    month
}

fn told_of(month: &Month) -> Vec<(i64, EventKind)> {
    month.told.iter().map(|(minute, _, kind)| (*minute, *kind)).collect()
}

#[test]
fn nothing_is_told_by_a_clock_that_is_not_to_be_believed() {
    let mut month = waiting();
    month.desk.power_cut(-20 * 365 * Micros::DAY);
    month.desk.wait(10 * Micros::DAY);
    assert_eq!(month.due(), 0);
    // A time server tells the time: all that fell due meanwhile is told, once.
    month.desk.set_clock(20 * 365 * Micros::DAY, true);
    assert!(month.due() > 0);
    assert_eq!(month.due(), 0);
    let kinds: Vec<EventKind> = told_of(&month).into_iter().map(|(_, kind)| kind).collect();
    assert_eq!(kinds, [EventKind::FirstResponseBreached, EventKind::ResolutionBreached]);
}

#[test]
fn what_fell_due_long_ago_is_told_in_short_batches_the_oldest_first() {
    let mut month = Month::begin();
    for customer in 0..450 {
        month.customer_writes(customer, "hello", 0);
    }
    month.desk.wait(100 * Micros::DAY);
    let mut batches = Vec::new();
    loop {
        match month.due() {
            0 => break,
            dealt => batches.push(dealt),
        }
    }
    assert_eq!(batches, [100, 100, 100, 100, 50]);
    assert_eq!(month.told.len(), 900, "both targets of each, once");
    let order: Vec<u64> = month.told.iter().map(|(_, ticket, _)| *ticket).collect();
    assert!(order.is_sorted(), "the oldest first");
}

#[test]
fn a_changed_policy_touches_open_tickets_only_when_it_is_applied() {
    let mut month = waiting();
    let policy = NewSlaPolicy {
        name: "Standard".into(),
        description: String::new(),
        promise: Promise { targets: Targets::minutes(20, 40), overrides: Vec::new() },
        hours: None,
        is_default: true,
        conditions: Conditions::default(),
    };
    month.desk.own(Command::SaveSlaPolicy { id: Some(1), policy: Box::new(policy) }).unwrap();
    month.wait_until(30);
    assert_eq!(told_of(&month), []);
    let apply = Command::ApplySlaPolicy { id: 1, tickets: vec![1001] };
    let (reply, _) = month.desk.own(apply.clone()).unwrap();
    assert_eq!(reply, Reply::Swept(1));
    assert_eq!(month.desk.own(apply).unwrap().0, Reply::Swept(0));
    month.wait_until(35);
    assert_eq!(
        told_of(&month),
        [(30, EventKind::FirstResponseBreached), (30, EventKind::ResolutionAtRisk)]
    );
}

#[test]
fn a_resolved_ticket_leaves_no_timer_behind() {
    let mut month = waiting();
    month.wait_until(10);
    let ticket = Reference::Number(1001);
    let done = Command::SetStatus { ticket, to: Status::Resolved, reason: None, notes: None };
    month.desk.ask(&agent(1), done).unwrap();
    let timers = month.desk.rows().scan::<SlaTimer>(&[], None, Order::Ascending, 10).unwrap();
    assert!(timers.is_empty());
    month.wait_until(MONTH);
    assert_eq!(told_of(&month), []);
}

impl Desk {
    /// The events of the last plan.
    pub(super) fn last_events(&self) -> Vec<Event> {
        self.last.iter().map(|e| Event::decode(e, &self.seal).unwrap()).collect()
    }
}
