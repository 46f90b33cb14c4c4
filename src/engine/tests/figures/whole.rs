//! Every answer, whole, against its recount: over several years, in zones whose clocks change at odd hours, by filters
//! and ranges; and that the recount knows every figure that the documentation lists.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};

use super::known::Known;
use super::{YEAR, Year, recount};
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::analytics::{self, Buckets, ESCALATION_TARGET, Granularity, Period};
use crate::engine::index::{AssigneeIs, Filter, Set};

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];

/// What a filter leaves, in words of its own.
type Leaves = fn(&Known) -> bool;

fn filters() -> Vec<(Filter, Leaves)> {
    let all = Filter::default;
    let ended = Set::statuses([Status::Resolved, Status::Closed]);
    let urgent = Set::priorities([Priority::Urgent]);
    let written = Set::channels([Channel::Web, Channel::Whatsapp]);
    vec![
        (all(), |_| true),
        (Filter { statuses: ended, ..all() }, |t| !t.ticket.status.is_open()),
        (Filter { priorities: urgent, ..all() }, |t| t.ticket.priority == Priority::Urgent),
        (Filter { channels: written, ..all() }, |t| t.ticket.channel != Channel::Call),
        (Filter { assignee: Some(AssigneeIs::Agent(2)), ..all() }, |t| t.agent() == Some(2)),
        (Filter { assignee: Some(AssigneeIs::Nobody), ..all() }, |t| t.agent().is_none()),
        (Filter { categories: vec!["shipping".into()], ..all() }, |t| {
            t.ticket.category.as_deref() == Some("shipping")
        }),
        (Filter { tag: Some("VIP".into()), ..all() }, |t| t.ticket.tags.iter().any(|t| t == "vip")),
        (Filter { tag: Some("loan".into()), priorities: urgent, ..all() }, |t| {
            t.ticket.tags.iter().any(|t| t == "loan") && t.ticket.priority == Priority::Urgent
        }),
    ]
}

/// With the pieces that each is told in.
fn periods(year: &Year, zone: &TimeZone) -> Vec<(Period, Granularity)> {
    let day = |n: i64| Period::midnight(year.start.plus(n * Micros::DAY).date_in(zone), zone);
    let odd = Period { from: year.start.plus(YEAR / 3), to: year.start.plus(YEAR / 2 + 12_345) };
    vec![
        (Period { from: day(0), to: day(900) }, Granularity::Month),
        (Period { from: day(100), to: day(130) }, Granularity::Hour),
        (Period { from: day(110), to: day(250) }, Granularity::Day),
        (odd, Granularity::Week),
    ]
}

fn json(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

/// The answers of analytics by name, and their recounts.
fn answers(
    (year, tickets): (&Year, &[Known]),
    (filter, leaves): &(Filter, Leaves),
    (period, granularity): (Period, Granularity),
    zone: &TimeZone,
) -> Vec<(&'static str, Value, Value)> {
    let known: Vec<&Known> = tickets.iter().filter(|t| leaves(t)).collect();
    let facts = || year.desk.index.facts(filter);
    let (known, period) = (&known[..], &period);
    let buckets = &Buckets::new(*period, granularity, zone).unwrap();
    let by = (granularity, zone);
    let agents = analytics::agents(facts(), period).into_iter().map(|(id, figures)| {
        let mut row = json(&figures);
        row["agent_id"] = json!(id);
        row
    });
    let agents = json!({
        "escalation_target": ESCALATION_TARGET, "agents": agents.collect::<Vec<_>>(),
    });
    let at = year.desk.reading.wall;
    let [today, month] = [1, 30].map(|days| Period::last_days(days, at, zone));
    let told = analytics::now(facts(), at, &today, &month);
    let promises = analytics::promises(facts(), period, buckets);
    let csat = analytics::csat(facts(), period, buckets);
    let volume = analytics::volume(facts(), period, buckets);
    let peak = analytics::peak_hours(facts(), period, zone);
    let distribution = analytics::distribution(facts(), period);
    vec![
        ("overview", json(&analytics::overview(facts(), period)), recount::overview(known, period)),
        ("volume", json(&volume), recount::volume(known, period, buckets, by)),
        ("distribution", json(&distribution), recount::distribution(known, period)),
        ("agents", agents, recount::agents(known, period)),
        ("sla/detailed", json(&promises), recount::promises(known, period, buckets, by)),
        ("csat", json(&csat), recount::csat(known, period, buckets, by)),
        ("peak-hours", json(&peak), recount::peak_hours(known, period, zone)),
        ("now", json(&told), recount::now(known, at, &today, &month)),
    ]
}

#[test]
fn every_figure_of_a_year_is_what_a_recount_of_the_rows_gives() {
    let said = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let steps = said("FRONTDESK_FIGURES_STEPS").unwrap_or(1500);
    for seed in said("FRONTDESK_SEED").map_or(vec![11, 12], |seed| vec![seed]) {
        let year = Year::run(seed, steps);
        year.desk.check();
        let tickets = year.tickets();
        for (zone, filter) in
            ZONES.iter().flat_map(|zone| filters().into_iter().map(move |f| (zone, f)))
        {
            let zone = TimeZone::get(zone).unwrap();
            for asked in periods(&year, &zone) {
                for (of, served, counted) in answers((&year, &tickets), &filter, asked, &zone) {
                    let asked = format!("{of} of year {seed}, {asked:?}, {:?}", filter.0);
                    assert_eq!(served, counted, "{asked}");
                }
            }
        }
        assert_everything_happened(&year, &tickets);
    }
}

/// A year without escalations, say, would show nothing of them.
fn assert_everything_happened(year: &Year, tickets: &[Known]) {
    let zone = TimeZone::UTC;
    let told = answers((year, tickets), &filters()[0], periods(year, &zone)[0], &zone);
    let overview = &told[0].1;
    let count = |path: &str| overview.pointer(path).and_then(Value::as_u64).unwrap();
    assert!(count("/created") > 100, "{overview}");
    for figure in ["/reopened", "/escalated", "/resolved_by_bot", "/csat/responses"] {
        assert!(count(figure) > 3, "{figure}: {overview}");
    }
    for figure in ["first_response/met", "first_response/breached", "resolution/breached"] {
        assert!(count(&format!("/sla/{figure}")) > 2, "{figure}: {overview}");
    }
    let gone = year.desk.tickets().iter().filter(|t| !t.is_live()).count();
    assert!(gone > 1, "some were deleted or merged");
}

/// `docs/figures.md` lists what the API's description has (`tests/openapi.rs`). Whatever is added there is recounted here.
#[test]
fn every_figure_that_the_documentation_lists_is_recounted() {
    let year = Year::run(11, 200);
    let zone = TimeZone::UTC;
    let mut counted = BTreeSet::new();
    let asked = periods(&year, &zone)[0];
    for (of, _, recount) in answers((&year, &year.tickets()), &filters()[0], asked, &zone) {
        recount::names(&recount, of, &mut counted);
    }
    let page = include_str!("../../../../docs/figures.md");
    let mut listed = BTreeSet::new();
    for section in page.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap();
        if title.starts_with(char::is_lowercase) {
            list(page, title, title, &mut listed);
        }
    }
    // Whose figures they are is no figure.
    listed.remove("agents.agents.name");
    assert_eq!(counted, listed);
}

/// The figures of a section of the page, and those of their parts.
fn list(page: &str, title: &str, of: &str, listed: &mut BTreeSet<String>) {
    let mut sections = page.split("\n## ").skip(1);
    let section = sections.find(|section| section.lines().next() == Some(title)).unwrap();
    for row in section.lines().filter_map(|line| line.strip_prefix("| `")) {
        let (name, rest) = row.split_once('`').unwrap();
        let shape = rest.rsplit('|').nth(1).unwrap().trim();
        match shape {
            "" => drop(listed.insert(format!("{of}.{name}"))),
            shape => list(page, shape, &format!("{of}.{name}"), listed),
        }
    }
}
