//! Every answer of analytics once more, slowly and obviously, from the rows of tickets, statuses, entries, ratings and
//! promises. An answer is compared whole, as JSON: a figure that is served and not recounted here is a difference.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::known::Known;
use crate::domain::sla::{State, Target};
use crate::domain::time::Micros;
use crate::engine::analytics::{Buckets, Granularity, Period};

/// The tickets that a filter leaves.
pub(super) type Tickets<'a> = [&'a Known];

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

/// By sorting, in seconds.
fn spread(lengths: impl Iterator<Item = i64>) -> Value {
    let mut lengths: Vec<i64> = lengths.collect();
    lengths.sort_unstable();
    let seconds = |micros: f64| (micros / 1000.0).round() / 1000.0;
    let at_least = |part: f64| {
        let enough = |n: &usize| *n as f64 >= part * lengths.len() as f64 - 1e-9;
        let enough = (1..=lengths.len()).find(enough)?;
        Some(seconds(lengths[enough - 1] as f64))
    };
    let sum = lengths.iter().sum::<i64>() as f64;
    let mean = (!lengths.is_empty()).then(|| seconds(sum / lengths.len() as f64));
    json!({
        "count": lengths.len(),
        "mean_seconds": mean,
        "median_seconds": at_least(0.5),
        "p90_seconds": at_least(0.9),
    })
}

/// Ratings given in the period.
fn stars<'a>(tickets: impl Iterator<Item = &'a Known>) -> Value {
    let stars: Vec<u8> = tickets.filter_map(|t| t.rating.as_ref()).map(|r| r.rating).collect();
    let sum: usize = stars.iter().map(|star| usize::from(*star)).sum();
    let of = |star: u8| stars.iter().filter(|given| **given == star).count();
    json!({
        "responses": stars.len(),
        "average": share(sum, stars.len()),
        "satisfied": share(of(4) + of(5), stars.len()),
        "distribution": [of(1), of(2), of(3), of(4), of(5)],
    })
}

fn kept<'a>(tickets: impl Iterator<Item = &'a Known>, target: Target) -> Value {
    let of = tickets.flat_map(|t| &t.promises).filter(|(of, ..)| *of == target);
    let states: Vec<State> = of.map(|(_, state, _)| *state).collect();
    let count = |state: State| states.iter().filter(|s| **s == state).count();
    let (met, breached) = (count(State::Met), count(State::Breached));
    json!({
        "met": met,
        "breached": breached,
        "at_risk": count(State::AtRisk),
        "on_track": count(State::OnTrack),
        "compliance": share(met, met + breached),
    })
}

fn both<'a>(tickets: impl Iterator<Item = &'a Known> + Clone) -> Value {
    json!({
        "first_response": kept(tickets.clone(), Target::FirstResponse),
        "resolution": kept(tickets, Target::Resolution),
    })
}

/// The members of both objects in one.
fn with(mut value: Value, more: Value) -> Value {
    let (Value::Object(members), Value::Object(more)) = (&mut value, more) else { panic!() };
    members.extend(more);
    value
}

/// One object for each key that a ticket has, by key.
fn grouped<'a>(
    tickets: &[&'a Known],
    key: impl Fn(&'a Known) -> Option<&'a str>,
    figures: impl Fn(&[&'a Known]) -> Value,
) -> Vec<Value> {
    let mut groups: BTreeMap<Option<&str>, Vec<&Known>> = BTreeMap::new();
    for &ticket in tickets {
        groups.entry(key(ticket)).or_default().push(ticket);
    }
    let groups = groups.into_iter();
    groups.map(|(key, of)| with(figures(&of), json!({"key": key}))).collect()
}

fn since(start: Micros, figures: Value) -> Value {
    with(json!({"start": start.to_string()}), figures)
}

/// The hour, day, week or month of a time, as a calendar names it.
fn name_of(at: Micros, granularity: Granularity, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_microsecond(at.0).unwrap().to_zoned(zone.clone());
    let pattern = match granularity {
        Granularity::Hour => "%F %H %z",
        Granularity::Day => "%F",
        Granularity::Week => "%G week %V",
        Granularity::Month => "%Y-%m",
    };
    at.strftime(pattern).to_string()
}

/// For each piece of the period when it begins, and whose times lie in it.
fn pieces<'a>(
    tickets: &[&'a Known],
    of: impl Fn(&Known) -> Option<Micros>,
    buckets: &Buckets,
    (granularity, zone): (Granularity, &TimeZone),
) -> Vec<(Micros, Vec<&'a Known>)> {
    let mut named: BTreeMap<String, Vec<&Known>> = BTreeMap::new();
    for &ticket in tickets {
        let Some(at) = of(ticket) else { continue };
        named.entry(name_of(at, granularity, zone)).or_default().push(ticket);
    }
    let starts = buckets.starts.iter();
    let pieces: Vec<_> = starts
        .map(|start| {
            (*start, named.remove(&name_of(*start, granularity, zone)).unwrap_or_default())
        })
        .collect();
    assert!(named.is_empty(), "there is a piece for each of {:?}", named.keys());
    pieces
}

pub(super) fn overview(tickets: &Tickets<'_>, period: &Period) -> Value {
    let (made, done) = (made(tickets, period), done(tickets, period));
    let open_at_end = |t: &&&Known| {
        t.ticket.created_at < period.to && t.ticket.resolved_at.is_none_or(|at| at >= period.to)
    };
    let reopened = made.iter().filter(|t| t.reopened > 0).count();
    let ever = made.iter().filter(|t| t.reopened > 0 || t.ticket.resolved_at.is_some()).count();
    let resolved = made.iter().filter(|t| t.ticket.resolved_at.is_some()).count();
    let escalated = made.iter().filter(|t| !t.told.escalated_from.is_empty()).count();
    let answered = tickets.iter().filter(|t| period.has(t.answered));
    let alone = done.iter().filter(|t| t.answered.is_none() && t.agent().is_none()).count();
    json!({
        "created": made.len(),
        "resolved": done.len(),
        "resolution_rate": share(resolved, made.len()),
        "backlog": tickets.iter().filter(open_at_end).count(),
        "reopened": reopened,
        "reopen_rate": share(reopened, ever),
        "escalated": escalated,
        "escalation_rate": share(escalated, made.len()),
        "resolved_by_bot": alone,
        "first_response_time": spread(answered.filter_map(|t| t.waited())),
        "resolution_time": spread(done.iter().filter_map(|t| t.took())),
        "resolution_time_business": spread(done.iter().filter_map(|t| t.lasted(Target::Resolution))),
        "handle_time": spread(done.iter().filter_map(|t| t.handled())),
        "sla": both(made.iter().copied()),
        "csat": stars(rated(tickets, period)),
    })
}

fn made<'a>(tickets: &[&'a Known], period: &Period) -> Vec<&'a Known> {
    tickets.iter().copied().filter(|t| period.holds(t.ticket.created_at)).collect()
}

fn done<'a>(tickets: &[&'a Known], period: &Period) -> Vec<&'a Known> {
    tickets.iter().copied().filter(|t| period.has(t.ticket.resolved_at)).collect()
}

fn rated<'a>(tickets: &[&'a Known], period: &Period) -> impl Iterator<Item = &'a Known> {
    let period = *period;
    tickets.iter().copied().filter(move |t| period.has(t.rating.as_ref().map(|r| r.rated_at)))
}

/// What an agent did, none: what nobody has.
fn agent(tickets: &Tickets<'_>, agent: Option<u64>, period: &Period) -> Value {
    let own: Vec<_> = tickets.iter().copied().filter(|t| t.agent() == agent).collect();
    let (made, done) = (made(&own, period), done(&own, period));
    let (mut had, mut away) = (0, 0);
    for ticket in tickets.iter().filter(|t| period.holds(t.ticket.created_at)) {
        match ticket.told.escalated_from.last() {
            Some(from) if *from == agent => (had, away) = (had + 1, away + 1),
            None if ticket.agent() == agent => had += 1,
            _ => {}
        }
    }
    let reopened = made.iter().filter(|t| t.reopened > 0).count();
    let ever = made.iter().filter(|t| t.reopened > 0 || t.ticket.resolved_at.is_some()).count();
    let resolved = made.iter().filter(|t| t.ticket.resolved_at.is_some()).count();
    let answered = own.iter().filter(|t| period.has(t.answered));
    let tools: usize = made.iter().map(|t| t.tools.len()).sum();
    let is_search = |name: &&String| name.to_lowercase().contains("search");
    let searches: usize = made.iter().map(|t| t.tools.iter().filter(is_search).count()).sum();
    let rated_then = |t: &&Known| t.rating.as_ref().is_some_and(|r| r.agent == agent);
    json!({
        "assigned": made.len(),
        "open_now": own.iter().filter(|t| t.ticket.status.is_open()).count(),
        "resolved": done.len(),
        "resolution_rate": share(resolved, made.len()),
        "reopened": reopened,
        "reopen_rate": share(reopened, ever),
        "escalated": away,
        "escalation_rate": share(away, had),
        "within_escalation_target": share(away, had).map(|rate| rate <= 0.05),
        "first_response_time": spread(answered.filter_map(|t| t.waited())),
        "resolution_time": spread(done.iter().filter_map(|t| t.took())),
        "handle_time": spread(done.iter().filter_map(|t| t.handled())),
        "sla": both(made.iter().copied()),
        "csat": stars(rated(tickets, period).filter(rated_then)),
        "tool_calls_per_ticket": share(tools, made.len()),
        "searches_per_ticket": share(searches, made.len()),
    })
}

/// By agent, those of whom there is nothing to tell left out (S0.62, S2.34).
pub(super) fn agents(tickets: &Tickets<'_>, period: &Period) -> Value {
    let nothing = agent(&[], None, period);
    let who = [None].into_iter().chain((1..=4).map(Some));
    let rows = who.map(|id| (id, agent(tickets, id, period))).filter(|(_, row)| *row != nothing);
    let rows = rows.map(|(id, row)| with(row, json!({"agent_id": id})));
    json!({"escalation_target": 0.05, "agents": rows.collect::<Vec<_>>()})
}

pub(super) fn promises(
    tickets: &Tickets<'_>,
    period: &Period,
    buckets: &Buckets,
    by: (Granularity, &TimeZone),
) -> Value {
    let mut promised = made(tickets, period);
    promised.retain(|t| !t.promises.is_empty());
    let answered = tickets.iter().filter(|t| period.has(t.ticket.first_response_at));
    let done = done(tickets, period);
    let of = |tickets: &[&Known]| both(tickets.iter().copied());
    let trend = pieces(&promised, |t| Some(t.ticket.created_at), buckets, by);
    let told = json!({
        "promised": promised.len(),
        "first_response_time": spread(answered.filter_map(|t| t.lasted(Target::FirstResponse))),
        "resolution_time": spread(done.iter().filter_map(|t| t.lasted(Target::Resolution))),
        "by_priority": grouped(&promised, |t| Some(t.ticket.priority.as_str()), of),
        "by_channel": grouped(&promised, |t| Some(t.ticket.channel.as_str()), of),
        "by_category": grouped(&promised, |t| t.ticket.category.as_deref(), of),
        "trend": trend.iter().map(|(start, made)| since(*start, of(made))).collect::<Vec<_>>(),
    });
    with(told, of(&promised))
}

pub(super) fn csat(
    tickets: &Tickets<'_>,
    period: &Period,
    buckets: &Buckets,
    by: (Granularity, &TimeZone),
) -> Value {
    let given: Vec<&Known> = rated(tickets, period).collect();
    let done = done(tickets, period);
    let of = |tickets: &[&Known]| stars(tickets.iter().copied());
    let trend = pieces(&given, |t| t.rating.as_ref().map(|r| r.rated_at), buckets, by);
    let told = json!({
        "resolved": done.len(),
        "response_rate": share(done.iter().filter(|t| t.rating.is_some()).count(), done.len()),
        "by_channel": grouped(&given, |t| Some(t.ticket.channel.as_str()), of),
        "by_category": grouped(&given, |t| t.ticket.category.as_deref(), of),
        "trend": trend.iter().map(|(start, given)| since(*start, of(given))).collect::<Vec<_>>(),
    });
    with(told, of(&given))
}

pub(super) fn volume(
    tickets: &Tickets<'_>,
    period: &Period,
    buckets: &Buckets,
    by: (Granularity, &TimeZone),
) -> Value {
    let (made, done) = (made(tickets, period), done(tickets, period));
    let created = pieces(&made, |t| Some(t.ticket.created_at), buckets, by);
    let resolved = pieces(&done, |t| t.ticket.resolved_at, buckets, by);
    let ends = buckets.starts.iter().copied().skip(1).chain([period.to]);
    let pieces =
        created.iter().zip(&resolved).zip(ends).map(|(((start, made), (_, done)), end)| {
            let left = |t: &&&Known| {
                t.ticket.created_at < end && t.ticket.resolved_at.is_none_or(|at| at >= end)
            };
            let backlog = tickets.iter().filter(left).count();
            let figures =
                json!({"created": made.len(), "resolved": done.len(), "backlog": backlog});
            since(*start, figures)
        });
    Value::Array(pieces.collect())
}

pub(super) fn peak_hours(tickets: &Tickets<'_>, period: &Period, zone: &TimeZone) -> Value {
    let shown = |t: &&Known| {
        let at = jiff::Timestamp::from_microsecond(t.ticket.created_at.0).unwrap();
        at.to_zoned(zone.clone()).strftime("%A %H").to_string()
    };
    let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let shown: Vec<String> = made(tickets, period).iter().map(shown).collect();
    let count = |wanted: &dyn Fn(&str) -> bool| shown.iter().filter(|at| wanted(at)).count();
    let of_day = |day: usize| count(&|at| at.starts_with(days[day]));
    let of_hour = |hour: usize| count(&|at| at.ends_with(&format!(" {hour:02}")));
    let of_both = |day: usize, hour: usize| count(&|at| at == format!("{} {hour:02}", days[day]));
    let mut busiest = Value::Null;
    let mut most = 0;
    for (weekday, hour) in (0..7).flat_map(|day| (0..24).map(move |hour| (day, hour))) {
        let count = of_both(weekday, hour);
        if count > most {
            most = count;
            busiest = json!({"weekday": weekday, "hour": hour, "count": count});
        }
    }
    let week = |day: usize| (0..24).map(|hour| of_both(day, hour)).collect::<Vec<_>>();
    json!({
        "total": shown.len(),
        "hours": (0..7).map(week).collect::<Vec<_>>(),
        "by_hour": (0..24).map(of_hour).collect::<Vec<_>>(),
        "by_weekday": (0..7).map(of_day).collect::<Vec<_>>(),
        "busiest": busiest,
    })
}

pub(super) fn distribution(tickets: &Tickets<'_>, period: &Period) -> Value {
    let made = made(tickets, period);
    let shares = |keys: &dyn Fn(&Known) -> Vec<Option<String>>| {
        let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
        for key in made.iter().flat_map(|t| keys(t)) {
            *counts.entry(key).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let shown = counts.into_iter().map(
            |(key, count)| json!({"key": key, "count": count, "share": share(count, made.len())}),
        );
        shown.collect::<Vec<Value>>()
    };
    let one = |word: &str| vec![Some(word.to_owned())];
    json!({
        "total": made.len(),
        "status": shares(&|t| one(t.ticket.status.on_helpdesk_face())),
        "priority": shares(&|t| one(t.ticket.priority.as_str())),
        "channel": shares(&|t| one(t.ticket.channel.as_str())),
        "category": shares(&|t| vec![t.ticket.category.clone()]),
        "tag": shares(&|t| t.ticket.tags.iter().cloned().map(Some).collect()),
    })
}

/// At the time `at`, of which `today` and the `month` of ratings are told apart.
pub(super) fn now(tickets: &Tickets<'_>, at: Micros, today: &Period, month: &Period) -> Value {
    let open: Vec<_> = tickets.iter().filter(|t| t.ticket.status.is_open()).collect();
    let ended: Vec<_> = open.iter().filter(|t| !t.ticket.call_running).collect();
    let stands = |t: &Known, state: State| t.promises.iter().any(|(_, is, _)| *is == state);
    let breached = ended.iter().filter(|t| stands(t, State::Breached));
    let at_risk = ended.iter().filter(|t| stands(t, State::AtRisk) && !stands(t, State::Breached));
    let waiting: Vec<_> = ended.iter().filter(|t| t.agent().is_none()).collect();
    let longest = waiting.iter().min_by_key(|t| (t.waits_since(), t.ticket.number));
    json!({
        "open": open.len(),
        "waiting": waiting.len(),
        "longest_wait_seconds": longest.map(|t| (at.0 - t.waits_since().0) / Micros::SECOND),
        "longest_wait_ticket": longest.map(|t| t.ticket.number),
        "at_risk": at_risk.count(),
        "breached": breached.count(),
        "escalated": open.iter().filter(|t| t.ticket.escalation.is_some()).count(),
        "calls_running": open.len() - ended.len(),
        "created_today": made(tickets, today).len(),
        "answered_today": tickets.iter().filter(|t| today.has(t.answered)).count(),
        "resolved_today": done(tickets, today).len(),
        "satisfaction": stars(rated(tickets, month)),
    })
}

/// The names of all figures in an answer, `sla.resolution.met`, whatever lists they lie in.
pub(super) fn names(answer: &Value, of: &str, found: &mut std::collections::BTreeSet<String>) {
    match answer {
        Value::Object(members) => names_of_members(members, of, found),
        Value::Array(elements) if elements.iter().any(|e| !e.is_number()) => {
            elements.iter().for_each(|element| names(element, of, found));
        }
        _ => drop(found.insert(of.to_owned())),
    }
}

fn names_of_members(
    members: &Map<String, Value>,
    of: &str,
    found: &mut std::collections::BTreeSet<String>,
) {
    members.iter().for_each(|(name, member)| names(member, &format!("{of}.{name}"), found));
}
