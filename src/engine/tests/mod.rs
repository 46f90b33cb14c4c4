//! Properties of deciding: whatever is asked in whatever order, the rows keep their promises.
//!
//! Deciding is pure, so a map in memory stands in for the store, and the clocks are numbers that a test moves
//! as it likes, the wall clock by years and backwards too. What the writer does beside deciding (the index, the window of dedup keys) is
//! done here in the same way, after every plan.

mod attempts;
mod audit;
mod automation;
mod calls;
mod cases;
mod changes;
mod contacts;
mod endings;
mod figures;
mod memory;
mod messages;
mod people;
mod privacy;
mod receipts;
mod replies;
mod sequences;
mod sla;
mod sources;
mod spoken_order;
mod steps;
mod timeline;

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::ProptestConfig;

use super::automation::{AutomationCommand, REDATED};
use super::command::{Actor, Command, Idempotency, Refusal, Reply, Submission};
use super::decide::decide;
use super::draft::Context;
use super::event::Event;
use super::index::{Filter, Index, Set, Sort};
use super::rows::{Rows, key};
use super::rules::{AutomationRules, BotReturns, Rules, WebhookRules};
use super::timers::{AT_ONCE, Timer};
use super::verify;
use super::window::Window;
use super::{blocks, load};
use crate::domain::agent::Role;
use crate::domain::categorise::Categoriser;
use crate::domain::clock::{Clock, ClockState, Reading};
use crate::domain::contact::Contact;
use crate::domain::entry::Entry;
use crate::domain::figures::TicketFigures;
use crate::domain::outbound::Outbound;
use crate::domain::priority::Priority;
use crate::domain::rule::SlaStanding;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::store::codec::Record;
use crate::store::records::{AddressOf, Count, IndexRow};
use crate::store::seal::Seal;
use crate::store::{Order, PlanRecord, Row, Table};
use memory::Memory;

/// Small, so that old days are asked of the rows in the course of a test.
const SEEN_WINDOW: usize = 12;

/// What the writer has around deciding, on rows in memory.
struct Desk {
    rows: Memory,
    rules: Rules,
    seal: Seal,
    seen: Window,
    index: Index,
    /// What the box's clocks show, and what it makes of it.
    reading: Reading,
    clock: Clock,
    /// What a power cut leaves of the clock.
    kept: ClockState,
    /// What the customers' phones show: the right time.
    phones: Micros,
    drawn: u64,
    /// The events of the last command, as they are stored.
    last: Vec<Vec<u8>>,
}

/// The reply, and whether anything was written for it.
type Answer = Result<(Reply, bool), Refusal>;

impl Desk {
    fn new() -> Desk {
        let now = Micros::parse_rfc3339("2025-11-28T09:00:00Z").unwrap();
        let reading = Reading { wall: now, machine: Micros(0), synchronized: false };
        let clock = Clock::start(None, None, reading, now);
        Desk {
            rows: Memory::default(),
            rules: rules(),
            seal: Seal::new([7; 32]),
            seen: Window::new(SEEN_WINDOW),
            index: Index::default(),
            reading,
            kept: clock.state().clone(),
            clock,
            phones: now,
            drawn: 0,
            last: Vec::new(),
        }
    }

    /// The timers of a table that are due, as a worker reads them.
    fn due<T: Record>(&self) -> Vec<Timer> {
        self.rows().timers_due::<T>(self.reading.wall, AT_ONCE).unwrap()
    }

    /// What the worker does once the clock is believed.
    fn redate(&mut self) {
        loop {
            let tickets = self.rows().undated(REDATED).unwrap();
            let redate = Command::Automation(AutomationCommand::Redate { tickets });
            if self.own(redate).unwrap().0 == Reply::Swept(0) {
                return;
            }
        }
    }

    /// The moment of the first timer of a table.
    fn next_timer<T: Record>(&self) -> Option<Micros> {
        let first = self.rows().timers_due::<T>(Micros(i64::MAX), 1).unwrap();
        first.first().map(|(at, _)| *at)
    }

    /// Time passes.
    fn wait(&mut self, micros: i64) {
        self.reading.machine = self.reading.machine.plus(micros);
        self.reading.wall = self.reading.wall.plus(micros);
        self.phones = self.phones.plus(micros);
        self.clock.read(self.reading);
    }

    /// Somebody sets the box's clock, or a time server does.
    fn set_clock(&mut self, by: i64, synchronized: bool) {
        self.reading.wall = self.reading.wall.plus(by);
        self.reading.synchronized = synchronized;
        self.clock.read(self.reading);
    }

    /// The box comes back with a clock that is off by so much: connections are gone, the steady clock goes on.
    fn power_cut(&mut self, by: i64) {
        self.reading.wall = self.reading.wall.plus(by);
        self.reading.machine = Micros(0);
        self.reading.synchronized = false;
        if self.drawn.is_multiple_of(2) {
            self.keep_blocks();
        }
        self.index = load::index(&self.rows()).unwrap();
        self.seen = Window::new(SEEN_WINDOW);
        let built = self.kept.believed.unwrap_or_default().plus(-Micros::DAY);
        self.clock = Clock::start(Some(self.kept.clone()), None, self.reading, built);
        self.own(Command::OrphanCalls).unwrap();
    }

    fn steady(&self) -> Micros {
        self.clock.state().steady
    }

    /// What the writer does to its window when the feed is trimmed.
    fn trim(&mut self) {
        let today = u32::try_from(self.steady().0 / Micros::DAY).unwrap();
        self.seen.forget_before(today.saturating_sub(self.rules.dedup_days));
        self.keep_blocks();
    }

    fn keep_blocks(&mut self) {
        for number in self.index.unstored(1) {
            let plan = blocks::plan(&self.index, &self.seal, number, self.steady()).unwrap();
            self.take(plan);
        }
    }

    fn ask(&mut self, actor: &Actor, command: Command) -> Answer {
        self.submit(&Submission::new(actor.clone(), command))
    }

    /// The daemon's own commands.
    fn own(&mut self, command: Command) -> Answer {
        self.ask(&Actor::System, command)
    }

    fn submit(&mut self, submission: &Submission) -> Answer {
        self.drawn += 1;
        if self.drawn.is_multiple_of(3) {
            self.seen.take(&self.rows).unwrap();
        }
        let mut random = [0; 32];
        random[..8].copy_from_slice(&self.drawn.to_le_bytes());
        let time = self.clock.read(self.reading);
        let ctx = Context {
            now: time.now,
            steady: time.steady,
            trusted: time.trusted,
            random,
            rules: &self.rules,
            seal: &self.seal,
            actor: &submission.actor,
            seen: self.seen.whole(),
            categories: None,
        };
        self.last.clear();
        let decision = decide(&self.rows, submission, &ctx)?;
        if let Some(plan) = decision.plan {
            if let Some(state) = self.clock.due() {
                self.kept = state.clone();
                self.clock.written();
            }
            self.every_visible_change_is_an_event(&plan);
            self.last.clone_from(&plan.events);
            self.take(plan);
            return Ok((decision.reply, true));
        }
        Ok((decision.reply, false))
    }

    fn take(&mut self, mut plan: PlanRecord) {
        self.index.note_behind(&mut plan, &self.seal);
        self.rows.apply(&plan);
        for row in &plan.rows {
            let number = || u64::from_be_bytes((*row.key).try_into().unwrap());
            match row.table {
                Table::Index => match self.written(row) {
                    Some(line) => self.index.put(number(), &line),
                    None => self.index.remove(number()),
                },
                Table::Figures => {
                    let figures: Option<TicketFigures> = self.written(row);
                    self.index.put_figures(number(), figures.as_ref());
                }
                Table::SlaStandings => self.index.stand(number(), self.written(row)),
                Table::IndexBlocks => self.index.note_stored(number()),
                _ => self.seen.note(row),
            }
        }
    }

    fn written<R: Record>(&self, row: &Row) -> Option<R> {
        row.value.as_ref().map(|value| self.rows().open(&row.key, value).unwrap())
    }

    /// Consumers know of changes by the feed alone: status, assignee, transcript.
    fn every_visible_change_is_an_event(&self, plan: &PlanRecord) {
        let events: Vec<Event> =
            plan.events.iter().map(|e| Event::decode(e, &self.seal).unwrap()).collect();
        for row in plan.rows.iter().filter(|r| r.table == Table::Tickets) {
            let Some(value) = &row.value else { continue };
            let after: Ticket = self.rows().open(&row.key, value).unwrap();
            let shown =
                |t: &Ticket| (t.status, t.assignee.clone(), t.extent.entries, t.call_running);
            let before = self.rows().ticket(after.number).unwrap();
            if before.as_ref().map(shown) != Some(shown(&after)) {
                let told = events.iter().any(|e| e.ticket == Some(after.number));
                assert!(told, "#{} changed and no event says so", after.number);
            }
        }
    }

    fn rows(&self) -> Rows<'_> {
        Rows { view: &self.rows, seal: &self.seal }
    }

    fn tickets(&self) -> Vec<Ticket> {
        let all = self.rows().scan::<Ticket>(&[], None, Order::Ascending, usize::MAX).unwrap();
        all.into_iter().map(|(_, t)| t).collect()
    }

    fn ticket(&self, number: u64) -> Ticket {
        self.rows().ticket(number).unwrap().expect("the ticket")
    }

    /// The contact that the first known of these addresses leads to.
    fn contact_of(&self, addresses: &[String]) -> Option<u64> {
        let known = |address: &String| {
            let row = key::address(&self.seal, address);
            self.rows().get::<AddressOf>(&row).unwrap()
        };
        let mut id = addresses.iter().find_map(known)?.0;
        while let Some(into) = self.contact(id).merged_into {
            id = into;
        }
        Some(id)
    }

    /// The outbox: conversation and number, message.
    fn waiting(&self) -> Vec<((u64, u64), Outbound)> {
        let rows = self.rows().scan::<Outbound>(&[], None, Order::Ascending, usize::MAX).unwrap();
        rows.into_iter().map(|(k, row)| (key::numbers(&k).unwrap(), row)).collect()
    }

    fn contact(&self, id: u64) -> Contact {
        self.rows().get(&key::number(id)).unwrap().expect("the contact")
    }

    fn entries(&self, number: u64) -> Vec<Entry> {
        let timeline = self.rows().timeline(&self.ticket(number), 0, usize::MAX, usize::MAX);
        timeline.unwrap().unwrap().0
    }

    /// What was said in a ticket, in the order of its timeline.
    fn spoken(&self, number: u64) -> Vec<String> {
        self.entries(number).into_iter().map(|e| e.body).collect()
    }

    /// How often each text stands in any timeline.
    fn said(&self) -> HashMap<String, usize> {
        let mut said = HashMap::new();
        // What is part of another ticket is said there.
        for ticket in self.tickets().into_iter().filter(|t| t.merged.is_none()) {
            for entry in self.entries(ticket.number) {
                *said.entry(entry.body).or_default() += 1;
            }
        }
        said
    }

    /// Everything that holds at any time.
    fn check(&self) {
        self.rows_are_sound();
        self.index_is_what_a_scan_gives();
        self.counters_are_a_recount();
        self.queue_is_in_its_order();
    }

    fn rows_are_sound(&self) {
        let report = verify::verify_rows(&self.rows()).unwrap();
        assert!(report.findings.is_empty(), "{:#?}", report.findings);
        let numbers: Vec<u64> = self.tickets().iter().map(|t| t.number).collect();
        let dense: Vec<u64> = (1001..1001 + numbers.len() as u64).collect();
        assert_eq!(numbers, dense, "ticket numbers are dense");
        let written = self.rows.count(Table::Entries);
        assert_eq!(written, report.entries, "every entry is in a timeline");
        let given = self.rows().get::<Count>(b"entry").unwrap().map_or(0, |c| c.0);
        assert_eq!(written, given, "entry numbers are dense");
    }

    fn index_is_what_a_scan_gives(&self) {
        let rows = self.rows().scan::<IndexRow>(&[], None, Order::Ascending, usize::MAX).unwrap();
        let loaded = load::index(&self.rows()).unwrap();
        let mut scanned = Index::default();
        for (row_key, row) in &rows {
            let number = u64::from_be_bytes(row_key[..].try_into().unwrap());
            scanned.put(number, row);
            assert!(scanned.agrees(number, row));
            let figures = self.rows().get::<TicketFigures>(row_key).unwrap().unwrap_or_default();
            let standing = self.rows().get::<SlaStanding>(row_key).unwrap();
            for index in [&self.index, &loaded] {
                assert!(index.agrees(number, row), "the index says otherwise of #{number}");
                assert_eq!(index.figures(number), Some(figures), "of #{number}");
                assert_eq!(index.standing(number), standing, "of #{number}");
            }
        }
        assert_eq!([self.index.len(), loaded.len()], [rows.len() as u64; 2]);
        let all = Filter::default();
        assert_eq!(
            self.index.find(&all, Sort::Queue, 0, usize::MAX),
            scanned.find(&all, Sort::Queue, 0, usize::MAX)
        );
    }

    fn counters_are_a_recount(&self) {
        let whole = self.tickets();
        let tickets: Vec<Ticket> = whole.iter().filter(|t| t.is_live()).cloned().collect();
        for status in Status::ALL {
            let filter = Filter { statuses: Set::statuses([status]), ..Filter::default() };
            let counted = tickets.iter().filter(|t| t.status == status).count() as u64;
            let found = self.index.find(&filter, Sort::NewestFirst, 0, 1).total;
            assert_eq!(found, counted, "{status:?}");
        }
        for priority in Priority::ALL {
            let filter = Filter { priorities: Set::priorities([priority]), ..Filter::default() };
            let counted = tickets.iter().filter(|t| t.priority == priority).count() as u64;
            assert_eq!(self.index.find(&filter, Sort::NewestFirst, 0, 1).total, counted);
        }
        let mut by_category: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for ticket in &tickets {
            *by_category.entry(ticket.category.as_deref()).or_default() += 1;
        }
        let mut shown: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let all = Filter::default();
        for line in self.index.lines(&all) {
            *shown.entry(line.category).or_default() += 1;
        }
        assert_eq!(shown, by_category);
        let mut tools: BTreeMap<String, u64> = BTreeMap::new();
        for ticket in whole.iter().filter(|t| t.merged.is_none()) {
            for call in self.entries(ticket.number).into_iter().flat_map(|e| e.tool_calls) {
                *tools.entry(call.name).or_default() += 1;
            }
        }
        let counted = self.rows().counts("tool:", usize::MAX).unwrap();
        assert_eq!(counted, Vec::from_iter(tools), "S0.48");
    }

    /// S4.12: the highest priority first, then the oldest.
    fn queue_is_in_its_order(&self) {
        let queue = self.index.find(&Filter::default(), Sort::Queue, 0, usize::MAX).numbers;
        let ranks: Vec<_> = queue
            .iter()
            .map(|n| self.ticket(*n))
            .map(|t| (std::cmp::Reverse(t.priority), t.number))
            .collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
}

fn rules() -> Rules {
    let table = [
        ("card_inquiry".to_owned(), vec!["card".to_owned()]),
        ("loan_inquiry".to_owned(), vec!["loan".to_owned()]),
    ];
    Rules {
        zone: jiff::tz::TimeZone::UTC,
        call_prefix: "GXS".into(),
        default_priority: Priority::Medium,
        reopen_window: 7 * Micros::DAY,
        resume_grace: 10 * Micros::SECOND,
        idle_end: Micros::HOUR,
        max_open_calls: 4,
        dedup_days: 8,
        idempotency_hours: 24,
        categoriser: Categoriser::new(table, "general_inquiry".into()),
        intake: Categoriser::new([("shipping".into(), vec!["shipped".into()])], String::new()),
        portal_life: 90 * Micros::DAY,
        customer_daily: 1 << 20,
        outbound: [("bridge 0".to_owned(), 60)].into(),
        max_outbox: 20,
        retention: Vec::new(),
        bot_returns: BotReturns::After(Micros::HOUR),
        crm: Default::default(),
        automation: AutomationRules { capacity: 20, urgent_words: Vec::new() },
        webhooks: WebhookRules {
            retry_for: Micros::DAY,
            pause_after: 3 * Micros::DAY,
            max_waiting: 100,
            keep_log: 10,
        },
        audit_keep: 30 * Micros::DAY,
        redactor: std::sync::Arc::default(),
        mail: super::rules::MailRules::default(),
    }
}

fn relay() -> Actor {
    Actor::Token { name: "relay".into() }
}

fn agent(id: u64) -> Actor {
    Actor::Agent { id, name: format!("agent {id}"), role: Role::Agent, sees_all: false }
}

/// The row of a call that has not ended.
fn is_running(desk: &Desk, number: u64) -> bool {
    let row = desk.rows().get::<crate::domain::call::OpenCall>(&key::number(number));
    row.unwrap().is_some()
}

fn idempotency(key: &str, request: &str) -> Idempotency {
    Idempotency::new(1, key.as_bytes(), &[request.as_bytes()]).unwrap()
}

/// `PROPTEST_CASES` asks for a long run. A failure prints the smallest input that shows it.
fn cases(short: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(short);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
