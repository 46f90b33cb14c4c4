//! A year of tickets through the engine's commands: every figure is what a slow, obvious recount of the rows gives, in
//! zones whose clocks change too.

use jiff::tz::TimeZone;

use super::sla::Dice;
use super::{Desk, relay};
use crate::domain::agent::Role;
use crate::domain::channel::Channel;
use crate::domain::contact::Mode;
use crate::domain::entry::{Kind, Speaker, ToolCall};
use crate::domain::rating::Rating;
use crate::domain::reference::Reference;
use crate::domain::sla::{State, Target};
use crate::domain::sla_policy::SlaClock;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::analytics::{self, Buckets, Granularity, Period, Spread};
use crate::engine::command::{Actor, Command, InboundMessage, Reply};
use crate::engine::desk::TicketChange;
use crate::engine::event::{Event, EventKind};
use crate::engine::index::Filter;
use crate::engine::intake::{CallReport, CallTurn, NewCase, NewRequester};
use crate::engine::portal::PortalCommand;
use crate::engine::rows::key;

const YEAR: i64 = 365 * Micros::DAY;
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

fn token(ticket: u64) -> [u8; 32] {
    let mut token = [9; 32];
    token[..8].copy_from_slice(&ticket.to_le_bytes());
    token
}

fn person(id: u64) -> Actor {
    Actor::Agent { id, name: format!("agent {id}"), role: Role::Supervisor, sees_all: true }
}

/// What of a ticket the commands tell that its rows do not keep in one place.
#[derive(Clone, Default)]
struct Told {
    escalated_from: Vec<Option<u64>>,
    people_since: Option<Micros>,
}

struct Year {
    desk: Desk,
    start: Micros,
    dice: Dice,
    /// By number, from the first.
    told: Vec<Told>,
}

impl Year {
    fn run(seed: u64, steps: u64) -> Year {
        let mut desk = Desk::new();
        desk.own(Command::SeedSla).unwrap();
        let start = desk.reading.wall;
        let mut year = Year { desk, start, dice: Dice(seed), told: Vec::new() };
        for step in 0..steps {
            // Some things happen soon after others.
            let soon = year.dice.below(2) == 0;
            let most = if soon { Micros::HOUR as u64 } else { 4 * YEAR as u64 / steps };
            let wait = year.dice.below(most) as i64;
            year.wait(wait);
            year.step(step);
            let known = year.desk.index.len() as usize;
            year.told.resize(known, Told::default());
        }
        year.wait(0);
        year
    }

    /// Time passes in strides that end where something falls due.
    fn wait(&mut self, micros: i64) {
        let until = self.desk.reading.wall.plus(micros);
        loop {
            while self.desk.own(Command::SlaDue).unwrap().0 != Reply::Swept(0) {}
            let now = self.desk.reading.wall;
            if now >= until {
                return;
            }
            let next = self.desk.rows().next_sla_timer().unwrap().unwrap_or(until);
            self.desk.wait((next.min(until).0 - now.0).max(1));
        }
    }

    fn step(&mut self, step: u64) {
        let known = self.desk.index.len();
        // Mostly the newest ones.
        let among = if self.dice.below(3) == 0 { known } else { known.min(5) };
        let number = 1000 + known.max(1) - self.dice.below(among.max(1));
        let ticket = Reference::Number(number);
        let who = person(1 + self.dice.below(4));
        let dice = self.dice.below(17);
        match dice {
            0 | 1 => self.form(step),
            2 => self.message(step),
            3 => self.call(step),
            _ if known == 0 => self.form(step),
            4 => drop(self.desk.ask(&who, Command::Claim { ticket })),
            5 | 6 => self.comment(number, &who, dice == 6),
            7 => self.escalate(number, &who),
            8 => self.with_the_bot_for_an_hour(number, &who),
            9 | 10 => {
                let rating = 1 + self.dice.below(5) as u8;
                let rate = PortalCommand::Rate {
                    ticket: number,
                    token: token(number),
                    rating,
                    feedback: None,
                };
                let _ = self.desk.own(Command::Portal(rate));
            }
            _ => {
                let to = Status::ALL[self.dice.below(7) as usize];
                let set = Command::SetStatus { ticket, to, reason: None, notes: None };
                let _ = self.desk.ask(&who, set);
            }
        }
    }

    fn form(&mut self, step: u64) {
        let case = NewCase {
            channel: Channel::Web,
            source: None,
            name: None,
            delivery: None,
            requester: NewRequester::default(),
            subject: Some(format!("form {step}")),
            description: Some(["has it shipped?", "hello"][self.dice.below(2) as usize].into()),
            described_by: Speaker::User,
            opened_at: None,
            order_id: None,
            priority: None,
            tags: [vec![], vec!["vip".into()], vec!["vip".into(), "loan".into()]]
                [self.dice.below(3) as usize]
                .clone(),
            turns: Vec::new(),
            status: None,
        };
        let token = token(1001 + self.desk.index.len());
        let submit = PortalCommand::Submit { case: Box::new(case), token };
        self.desk.own(Command::Portal(submit)).unwrap();
    }

    fn message(&mut self, step: u64) {
        let customer = self.dice.below(30);
        let message = InboundMessage {
            instance: "bridge 0".into(),
            id: Some(format!("{step}")),
            addresses: vec![format!("62800{customer:06}@s.whatsapp.net")],
            text: "hello".into(),
            ..InboundMessage::default()
        };
        self.desk.own(Command::ReceiveMessage(Box::new(message))).unwrap();
    }

    /// A person who answers in place of the bot kept nobody waiting.
    fn comment(&mut self, number: u64, who: &Actor, is_internal: bool) {
        let waits = self.desk.ticket(number).first_response_at.is_none();
        let ticket = Reference::Number(number);
        let body = "we look into it".to_owned();
        let comment = Command::AddComment { ticket, body, is_internal, attachments: Vec::new() };
        if self.desk.ask(who, comment).is_err() {
            return;
        }
        let mut events = self.desk.last.iter().map(|e| Event::decode(e, &self.desk.seal).unwrap());
        if waits && events.any(|event| event.kind == EventKind::ConversationModeChanged) {
            self.told[(number - 1001) as usize].people_since = Some(self.desk.reading.wall);
        }
    }

    /// A call with a bot that begins, and ends some minutes later.
    fn call(&mut self, step: u64) {
        let tools = self.dice.below(3);
        let names = ["search_policy", "get_balance", "kbSearch"];
        let tool_calls = names.into_iter().take(tools as usize);
        let tool_calls = tool_calls.map(|name| ToolCall {
            name: name.into(),
            arguments: "{}".into(),
            output: None,
        });
        let turn =
            |speaker, tool_calls| CallTurn { speaker, text: "hello".into(), at: None, tool_calls };
        let report = CallReport {
            session_id: format!("session {step}"),
            event: format!("begin {step}"),
            customer_name: None,
            customer_phone: None,
            turns: vec![
                turn(Speaker::User, Vec::new()),
                turn(Speaker::Agent, tool_calls.collect()),
            ],
            summary: None,
            ended: false,
            details: Vec::new(),
        };
        self.desk.ask(&relay(), Command::ReportCall(Box::new(report.clone()))).unwrap();
        let number = 1000 + self.desk.index.len();
        self.told.resize(self.desk.index.len() as usize, Told::default());
        let minutes = self.dice.below(20) as i64;
        self.wait(minutes * Micros::MINUTE + 1);
        let ended = CallReport { ended: true, event: format!("end {step}"), ..report };
        self.desk.ask(&relay(), Command::ReportCall(Box::new(ended))).unwrap();
        if !self.desk.ticket(number).call_running {
            self.told[(number - 1001) as usize].people_since = Some(self.desk.reading.wall);
        }
    }

    fn escalate(&mut self, number: u64, who: &Actor) {
        let had = self.desk.ticket(number).assignee.map(|assignee| assignee.agent);
        let reason = format!("too hard {}", self.desk.drawn);
        let change = TicketChange::Escalate { reason, to: None };
        let ticket = Reference::Number(number);
        let asked = Command::ChangeTicket { ticket, change, expected: None };
        if self.desk.ask(who, asked).is_ok() {
            let had = had.or(self.desk.ticket(number).assignee.map(|assignee| assignee.agent));
            self.told[(number - 1001) as usize].escalated_from.push(had);
        }
    }

    /// Somebody gives the chat to the bot, which gives it back after an hour.
    fn with_the_bot_for_an_hour(&mut self, number: u64, who: &Actor) {
        let Some(conversation) = self.desk.ticket(number).conversation else { return };
        let set = |mode| Command::SetMode { conversation, mode };
        let _ = self.desk.ask(who, set(Mode::Bot));
        self.wait(Micros::HOUR);
        let of_this = |year: &Year| {
            let row = year.desk.rows().get(&key::number(conversation)).unwrap();
            let conversation: crate::domain::contact::Conversation = row.unwrap();
            (conversation.ticket, conversation.mode)
        };
        let (at, mode) = of_this(self);
        let _ = self.desk.ask(who, set(Mode::Agent));
        if let (Some(at), Mode::Bot) = (at, mode) {
            let ticket = self.desk.rows().home(at).unwrap().unwrap();
            if ticket.status.is_open() && ticket.first_response_at.is_none() {
                self.told[(at - 1001) as usize].people_since = Some(self.desk.reading.wall);
            }
        }
    }

    fn tickets(&self) -> Vec<Known> {
        let known = |ticket: Ticket| Known::of(self, ticket);
        self.desk.tickets().into_iter().map(known).collect()
    }
}

/// A ticket as its rows tell it.
struct Known {
    ticket: Ticket,
    told: Told,
    reopened: u64,
    answered: Option<Micros>,
    rating: Option<Rating>,
    /// State, and what it took if it is done.
    promises: Vec<(Target, State, Option<i64>)>,
    tools: Vec<String>,
}

impl Known {
    fn of(year: &Year, ticket: Ticket) -> Known {
        let desk = &year.desk;
        let history = desk.rows().status_history(&ticket).unwrap();
        let back = |from: Status, to: Status| !from.is_open() && to.is_open();
        let reopened =
            history.iter().filter(|c| c.from.is_some_and(|from| back(from, c.to))).count();
        let entries = desk.entries(ticket.number);
        let by_person = |entry: &&crate::domain::entry::Entry| {
            entry.speaker == Speaker::Agent && entry.kind == Kind::Message && entry.author.is_some()
        };
        let clock = desk.rows().get::<SlaClock>(&key::number(ticket.number)).unwrap();
        let standings = clock.map_or(Vec::new(), |clock| {
            desk.rows().standings(&ticket, &clock, desk.reading.wall).unwrap()
        });
        let promises = standings.into_iter().map(|(target, standing)| {
            let done = match target {
                Target::FirstResponse => ticket.first_response_at.is_some(),
                Target::Resolution => !ticket.status.is_open(),
            };
            let took = done.then_some(standing.elapsed / Micros::SECOND);
            (target, standing.state, took)
        });
        Known {
            told: year.told[(ticket.number - 1001) as usize].clone(),
            reopened: reopened as u64,
            answered: entries
                .iter()
                .filter(by_person)
                .map(|entry| entry.at)
                .min()
                .filter(|_| ticket.channel != Channel::Call),
            rating: desk.rows().get(&key::number(ticket.number)).unwrap(),
            promises: promises.collect(),
            tools: entries.iter().flat_map(|e| &e.tool_calls).map(|c| c.name.clone()).collect(),
            ticket,
        }
    }

    fn agent(&self) -> Option<u64> {
        self.ticket.assignee.as_ref().map(|assignee| assignee.agent)
    }

    fn waited(&self) -> Option<i64> {
        let since = self.told.people_since.unwrap_or(self.ticket.created_at);
        Some((self.answered?.0 - since.0).max(0))
    }

    fn took(&self) -> Option<i64> {
        Some(self.ticket.resolved_at?.0 - self.ticket.created_at.0)
    }

    fn handled(&self) -> Option<i64> {
        Some((self.ticket.resolved_at?.0 - self.answered?.0).max(0))
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

/// By sorting, in seconds.
fn spread(lengths: impl Iterator<Item = i64>) -> Spread {
    let mut lengths: Vec<i64> = lengths.collect();
    lengths.sort_unstable();
    let seconds = |micros: f64| (micros / 1000.0).round() / 1000.0;
    let mut spread = Spread { count: lengths.len() as u64, ..Spread::default() };
    if !lengths.is_empty() {
        let at_least = |part: f64| {
            let enough = |n: &usize| *n as f64 >= part * lengths.len() as f64 - 1e-9;
            lengths[(1..=lengths.len()).find(enough).unwrap() - 1]
        };
        let mean = lengths.iter().sum::<i64>() as f64 / lengths.len() as f64;
        spread.mean_seconds = Some(seconds(mean));
        spread.median_seconds = Some(seconds(at_least(0.5) as f64));
        spread.p90_seconds = Some(seconds(at_least(0.9) as f64));
    }
    spread
}

fn periods(year: &Year, zone: &TimeZone) -> Vec<Period> {
    let day = |n: i64| Period::midnight(year.start.plus(n * Micros::DAY).date_in(zone), zone);
    vec![
        Period { from: day(0), to: day(900) },
        Period { from: day(100), to: day(130) },
        Period { from: day(110), to: day(250) },
        Period { from: year.start.plus(YEAR / 3), to: year.start.plus(YEAR / 2 + 12_345) },
    ]
}

#[test]
fn every_figure_of_a_year_is_what_a_recount_of_the_rows_gives() {
    let steps = std::env::var("FRONTDESK_FIGURES_STEPS").ok().and_then(|n| n.parse().ok());
    let year = Year::run(11, steps.unwrap_or(1500));
    year.desk.check();
    let tickets = year.tickets();
    for zone in ZONES {
        let zone = TimeZone::get(zone).unwrap();
        for period in periods(&year, &zone) {
            overview(&year, &tickets, &period);
            agents(&year, &tickets, &period);
            promises(&year, &tickets, &period, &zone);
            csat(&year, &tickets, &period, &zone);
            for granularity in [Granularity::Day, Granularity::Week, Granularity::Month] {
                volume(&year, &tickets, &period, granularity, &zone);
            }
            peak_hours(&year, &tickets, &period, &zone);
            distribution(&year, &tickets, &period);
        }
    }
    let whole = periods(&year, &TimeZone::UTC)[0];
    let all = Filter::default();
    let told = analytics::overview(year.desk.index.facts(&all), &whole);
    let seen = [told.reopened, told.escalated, told.resolved_by_bot, told.csat.responses];
    assert!(told.created > 200 && seen.iter().all(|n| *n > 3), "a year with everything: {told:?}");
    let sla = [&told.sla.first_response, &told.sla.resolution];
    assert!(sla.iter().all(|kept| kept.met > 2 && kept.breached > 2), "{sla:?}");
}

fn overview(year: &Year, tickets: &[Known], period: &Period) {
    let all = Filter::default();
    let told = analytics::overview(year.desk.index.facts(&all), period);
    let made: Vec<_> = tickets.iter().filter(|t| period.holds(t.ticket.created_at)).collect();
    let done: Vec<_> = tickets.iter().filter(|t| period.has(t.ticket.resolved_at)).collect();
    let answered = tickets.iter().filter(|t| period.has(t.answered));
    let open_at_end = |t: &&Known| {
        t.ticket.created_at < period.to && t.ticket.resolved_at.is_none_or(|at| at >= period.to)
    };
    assert_eq!(told.created, made.len() as u64);
    assert_eq!(told.resolved, done.len() as u64);
    assert_eq!(told.backlog, tickets.iter().filter(open_at_end).count() as u64);
    let reopened = made.iter().filter(|t| t.reopened > 0).count();
    let ever = made.iter().filter(|t| t.reopened > 0 || t.ticket.resolved_at.is_some()).count();
    assert_eq!((told.reopened, told.reopen_rate), (reopened as u64, share(reopened, ever)));
    let resolved = made.iter().filter(|t| t.ticket.resolved_at.is_some()).count();
    assert_eq!(told.resolution_rate, share(resolved, made.len()));
    let escalated = made.iter().filter(|t| !t.told.escalated_from.is_empty()).count();
    let rate = share(escalated, made.len());
    assert_eq!((told.escalated, told.escalation_rate), (escalated as u64, rate));
    let alone = done.iter().filter(|t| t.answered.is_none() && t.agent().is_none()).count();
    assert_eq!(told.resolved_by_bot, alone as u64);
    assert_eq!(told.first_response_time, spread(answered.filter_map(Known::waited)));
    assert_eq!(told.resolution_time, spread(done.iter().filter_map(|t| t.took())));
    assert_eq!(told.handle_time, spread(done.iter().filter_map(|t| t.handled())));
    let business = done.iter().flat_map(|t| &t.promises);
    let business = business.filter(|(target, ..)| *target == Target::Resolution);
    let business = business.filter_map(|(_, _, took)| *took).map(|s| s * Micros::SECOND);
    assert_eq!(told.resolution_time_business, spread(business));
    let stars: Vec<u8> = tickets
        .iter()
        .filter_map(|t| t.rating.as_ref())
        .filter(|r| period.holds(r.rated_at))
        .map(|r| r.rating)
        .collect();
    let sum: usize = stars.iter().map(|s| usize::from(*s)).sum();
    assert_eq!(told.csat.responses, stars.len() as u64);
    assert_eq!(told.csat.average, share(sum, stars.len()));
    let satisfied = stars.iter().filter(|s| **s > 3).count();
    assert_eq!(told.csat.satisfied, share(satisfied, stars.len()));
}

fn agents(year: &Year, tickets: &[Known], period: &Period) {
    let all = Filter::default();
    let told = analytics::agents(year.desk.index.facts(&all), period);
    for agent in (1..=4).map(Some).chain([None]) {
        let figures = told.get(&agent).cloned().unwrap_or_default();
        let own: Vec<_> = tickets.iter().filter(|t| t.agent() == agent).collect();
        let made: Vec<_> = own.iter().filter(|t| period.holds(t.ticket.created_at)).collect();
        let done: Vec<_> = own.iter().filter(|t| period.has(t.ticket.resolved_at)).collect();
        assert_eq!(figures.assigned, made.len() as u64);
        assert_eq!(figures.resolved, done.len() as u64);
        let open = own.iter().filter(|t| t.ticket.status.is_open()).count();
        assert_eq!(figures.open_now, open as u64);
        let (mut had, mut away) = (0, 0);
        for ticket in tickets.iter().filter(|t| period.holds(t.ticket.created_at)) {
            match ticket.told.escalated_from.last() {
                Some(from) if *from == agent => (had, away) = (had + 1, away + 1),
                None if ticket.agent() == agent => had += 1,
                _ => {}
            }
        }
        assert_eq!((figures.escalated, figures.escalation_rate), (away as u64, share(away, had)));
        let good = share(away, had).map(|rate| rate <= 0.05);
        assert_eq!(figures.within_escalation_target, good, "S2.34");
        let answered = own.iter().filter(|t| period.has(t.answered));
        assert_eq!(figures.first_response_time, spread(answered.filter_map(|t| t.waited())));
        assert_eq!(figures.resolution_time, spread(done.iter().filter_map(|t| t.took())));
        assert_eq!(figures.handle_time, spread(done.iter().filter_map(|t| t.handled())));
        let tools: usize = made.iter().map(|t| t.tools.len()).sum();
        let is_search = |name: &&String| name.to_lowercase().contains("search");
        let searches: usize = made.iter().map(|t| t.tools.iter().filter(is_search).count()).sum();
        assert_eq!(figures.tool_calls_per_ticket, share(tools, made.len()));
        assert_eq!(figures.searches_per_ticket, share(searches, made.len()), "S0.62");
        let ratings = tickets.iter().filter_map(|t| t.rating.as_ref());
        let ratings = ratings.filter(|r| r.agent == agent && period.holds(r.rated_at));
        assert_eq!(figures.csat.responses, ratings.count() as u64);
    }
}

fn promises(year: &Year, tickets: &[Known], period: &Period, zone: &TimeZone) {
    let buckets = Buckets::new(*period, Granularity::Week, zone).unwrap();
    let all = Filter::default();
    let told = analytics::promises(year.desk.index.facts(&all), period, &buckets);
    let made = tickets.iter().filter(|t| period.holds(t.ticket.created_at));
    let promised: Vec<_> = made.filter(|t| !t.promises.is_empty()).collect();
    assert_eq!(told.promised, promised.len() as u64);
    for (target, kept) in [
        (Target::FirstResponse, &told.both.first_response),
        (Target::Resolution, &told.both.resolution),
    ] {
        let of = promised.iter().flat_map(|t| &t.promises).filter(|(of, ..)| *of == target);
        let states: Vec<State> = of.map(|(_, state, _)| *state).collect();
        let count = |state: State| states.iter().filter(|s| **s == state).count() as u64;
        let counted = [State::Met, State::Breached, State::AtRisk, State::OnTrack].map(count);
        assert_eq!([kept.met, kept.breached, kept.at_risk, kept.on_track], counted);
        let (met, broken) = (counted[0] as usize, counted[1] as usize);
        assert_eq!(kept.compliance, share(met, met + broken));
    }
    let pieces: u64 = told.trend.iter().map(|p| p.both.resolution.breached).sum();
    assert_eq!(pieces, told.both.resolution.breached);
}

fn csat(year: &Year, tickets: &[Known], period: &Period, zone: &TimeZone) {
    let buckets = Buckets::new(*period, Granularity::Month, zone).unwrap();
    let all = Filter::default();
    let told = analytics::csat(year.desk.index.facts(&all), period, &buckets);
    for star in 1..=5_u8 {
        let given = tickets.iter().filter_map(|t| t.rating.as_ref());
        let given = given.filter(|r| r.rating == star && period.holds(r.rated_at)).count();
        assert_eq!(told.figures.distribution[usize::from(star) - 1], given as u64);
    }
    let done: Vec<_> = tickets.iter().filter(|t| period.has(t.ticket.resolved_at)).collect();
    let rated = done.iter().filter(|t| t.rating.is_some()).count();
    assert_eq!(told.response_rate, share(rated, done.len()));
    let pieces: u64 = told.trend.iter().map(|p| p.figures.responses).sum();
    assert_eq!(pieces, told.figures.responses);
}

fn volume(year: &Year, tickets: &[Known], period: &Period, of: Granularity, zone: &TimeZone) {
    let buckets = Buckets::new(*period, of, zone).unwrap();
    let all = Filter::default();
    let told = analytics::volume(year.desk.index.facts(&all), period, &buckets);
    let date = |at: Micros| at.date_in(zone);
    let same = |a: Micros, b: Micros| match of {
        Granularity::Day | Granularity::Hour => date(a) == date(b),
        Granularity::Week => {
            date(a).iso_week_date().week() == date(b).iso_week_date().week()
                && date(a).iso_week_date().year() == date(b).iso_week_date().year()
        }
        Granularity::Month => {
            (date(a).year(), date(a).month()) == (date(b).year(), date(b).month())
        }
    };
    for (at, piece) in told.iter().enumerate() {
        let end = told.get(at + 1).map_or(period.to, |next| next.start);
        let inside = |at: Micros| period.holds(at) && same(at, piece.start);
        let made = tickets.iter().filter(|t| inside(t.ticket.created_at)).count();
        let done = tickets.iter().filter(|t| t.ticket.resolved_at.is_some_and(inside)).count();
        assert_eq!((piece.created, piece.resolved), (made as u64, done as u64), "{}", piece.start);
        let left = |t: &&Known| {
            t.ticket.created_at < end && t.ticket.resolved_at.is_none_or(|at| at >= end)
        };
        assert_eq!(piece.backlog, tickets.iter().filter(left).count() as u64, "{}", piece.start);
    }
}

fn peak_hours(year: &Year, tickets: &[Known], period: &Period, zone: &TimeZone) {
    let all = Filter::default();
    let told = analytics::peak_hours(year.desk.index.facts(&all), period, zone);
    let shown = |t: &Known| {
        let at = jiff::Timestamp::from_microsecond(t.ticket.created_at.0).unwrap();
        at.to_zoned(zone.clone()).strftime("%A %H").to_string()
    };
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let made: Vec<_> = tickets.iter().filter(|t| period.holds(t.ticket.created_at)).collect();
    let shown: Vec<String> = made.into_iter().map(shown).collect();
    for (day, name) in days.into_iter().enumerate() {
        for hour in 0..24 {
            let wanted = format!("{name} {hour:02}");
            let count = shown.iter().filter(|shown| **shown == wanted).count();
            assert_eq!(told.hours[day][hour], count as u64, "{wanted}");
        }
    }
    assert_eq!(
        told.busiest.map(|b| b.count),
        told.hours.iter().flatten().copied().max().filter(|n| *n > 0)
    );
}

fn distribution(year: &Year, tickets: &[Known], period: &Period) {
    let all = Filter::default();
    let told = analytics::distribution(year.desk.index.facts(&all), period);
    let made: Vec<_> = tickets.iter().filter(|t| period.holds(t.ticket.created_at)).collect();
    for share in &told.category {
        let of = made.iter().filter(|t| t.ticket.category == share.key);
        assert_eq!(share.count, of.count() as u64);
    }
    for share in &told.tag {
        let tag = share.key.as_ref().unwrap();
        assert_eq!(share.count, made.iter().filter(|t| t.ticket.tags.contains(tag)).count() as u64);
    }
    let sums = [&told.status, &told.priority, &told.channel, &told.category];
    for sum in sums.map(|groups| groups.iter().map(|s| s.count).sum::<u64>()) {
        assert_eq!(sum, made.len() as u64);
    }
}

#[test]
fn a_filter_counts_its_tickets_alone() {
    let year = Year::run(5, 300);
    let whole = periods(&year, &TimeZone::UTC)[0];
    let of = |filter: Filter| analytics::overview(year.desk.index.facts(&filter), &whole).created;
    let by_channel: u64 = Channel::ALL
        .into_iter()
        .map(|channel| {
            of(Filter {
                channels: crate::engine::index::Set::channels([channel]),
                ..Filter::default()
            })
        })
        .sum();
    assert_eq!(by_channel, of(Filter::default()));
    let tagged = of(Filter { tag: Some("VIP".into()), ..Filter::default() });
    let tags = |t: &&Ticket| t.tags.iter().any(|tag| tag == "vip");
    let counted = year.desk.tickets().iter().filter(tags).count() as u64;
    assert!(tagged > 0);
    assert_eq!(tagged, counted);
}
