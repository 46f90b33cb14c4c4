//! Every figure once more, slowly and obviously, from the rows of tickets, statuses, entries, ratings and promises.

use jiff::tz::TimeZone;

use super::{Told, Year};
use crate::domain::channel::Channel;
use crate::domain::entry::{Kind, Speaker};
use crate::domain::rating::Rating;
use crate::domain::sla::{State, Target};
use crate::domain::sla_policy::SlaClock;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::analytics::{self, Buckets, Granularity, Period, Spread};
use crate::engine::index::Filter;
use crate::engine::rows::key;

/// A ticket as its rows tell it.
pub(super) struct Known {
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
    pub(super) fn of(year: &Year, ticket: Ticket) -> Known {
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

pub(super) fn overview(year: &Year, tickets: &[Known], period: &Period) {
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

pub(super) fn agents(year: &Year, tickets: &[Known], period: &Period) {
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

pub(super) fn promises(year: &Year, tickets: &[Known], period: &Period, zone: &TimeZone) {
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

pub(super) fn csat(year: &Year, tickets: &[Known], period: &Period, zone: &TimeZone) {
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

pub(super) fn volume(
    year: &Year,
    tickets: &[Known],
    period: &Period,
    of: Granularity,
    zone: &TimeZone,
) {
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

pub(super) fn peak_hours(year: &Year, tickets: &[Known], period: &Period, zone: &TimeZone) {
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

pub(super) fn distribution(year: &Year, tickets: &[Known], period: &Period) {
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
