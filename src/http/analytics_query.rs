//! What analytics are asked for: a period in a time zone, filters, and what to compare with (S3.27, S3.48).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::State;
use super::error::Failure;
use super::extract::Caller;
use super::tickets_list::{assignee, categories, channels, priorities, statuses, tag};
use crate::describe::{IntoParams, ToSchema};
use crate::domain::time::Micros;
use crate::engine::analytics::{Buckets, Granularity, MAX_BUCKETS, MAX_DAYS, Period};
use crate::engine::index::{AssigneeIs, Fact, Filter, Index};
use crate::wire::problem::Problem;

/// Days that figures are of when nobody says which.
const DEFAULT_DAYS: i32 = 30;

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AnalyticsQuery {
    /// The first day, or a time: 2026-01-01 or 2026-01-01T08:00:00Z. 29 days before today if absent
    #[param(example = "2026-01-01")]
    from: Option<String>,
    /// The last day, which is part of it, or the time up to which. Today if absent
    #[param(example = "2026-01-31")]
    to: Option<String>,
    /// The time zone whose days and hours are meant, by its IANA name. The box's own if absent
    #[param(example = "Asia/Jakarta")]
    tz: Option<String>,
    /// hour, day, week or month, where figures are told in pieces. What gives some dozens of them if absent
    #[param(pattern = "^(hour|day|week|month)?$")]
    granularity: Option<String>,
    /// previous: the same figures of as many days before
    #[param(pattern = "^(previous)?$")]
    compare: Option<String>,
    /// One or more of new, open, in_progress, pending, waiting_internal, resolved, closed, with commas between them
    status: Option<String>,
    /// One or more of low, medium, high, urgent, with commas between them
    priority: Option<String>,
    /// me, none, any, or an agent's id. Agents are told their own figures only
    assignee: Option<String>,
    /// Names of categories, with commas between them; what is part of them counts, too
    category: Option<String>,
    /// One or more of call, whatsapp, web, email, chat, zendesk, intercom, api, with commas between them
    channel: Option<String>,
    /// A tag, however it is capitalised
    tag: Option<String>,
}

/// A stretch of time.
#[derive(Serialize, ToSchema)]
pub struct PeriodView {
    #[schema(value_type = String, format = DateTime)]
    from: Micros,
    /// The first time that is no longer in it
    #[schema(value_type = String, format = DateTime)]
    to: Micros,
    #[schema(example = "Asia/Jakarta")]
    timezone: String,
}

/// Figures of a period and, if asked for, of the one before.
#[derive(Serialize, ToSchema)]
pub struct FiguresAnswer<T: ToSchema> {
    period: PeriodView,
    /// hour, day, week or month: how long the pieces are where there are some
    #[schema(example = "day")]
    granularity: &'static str,
    current: T,
    /// With `compare=previous` only
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_period: Option<PeriodView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<T>,
}

/// A question that was understood.
pub struct Question {
    pub filter: Filter,
    pub zone: TimeZone,
    pub period: Period,
    granularity: Granularity,
    compares: bool,
}

impl Question {
    pub fn of(state: &State, caller: &Caller, query: &AnalyticsQuery) -> Result<Question, Failure> {
        let said = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let zone = match said(&query.tz) {
            None => state.desk.zone.clone(),
            Some(name) => TimeZone::get(&name).map_err(|_| {
                Problem::field("tz", "must be the IANA name of a time zone, as Asia/Jakarta")
            })?,
        };
        let now = state.engine.shared().now();
        let last = Period::last_days(DEFAULT_DAYS, now, &zone);
        let to = said(&query.to).map(|text| point("to", &text, true, &zone)).transpose()?;
        let to = to.unwrap_or(last.to);
        let from = said(&query.from).map(|text| point("from", &text, false, &zone)).transpose()?;
        let from = from.unwrap_or_else(|| Period::last_days(DEFAULT_DAYS, to.plus(-1), &zone).from);
        if from >= to {
            return Err(Problem::field("from", "must be before `to`").into());
        }
        if to.0.saturating_sub(from.0) > MAX_DAYS * Micros::DAY {
            let why = format!("at most {MAX_DAYS} days lie between `from` and `to`");
            return Err(Problem::field("from", why).into());
        }
        let period = Period { from, to };
        let granularity = match said(&query.granularity) {
            None => Granularity::fitting(&period),
            Some(word) => Granularity::ALL
                .into_iter()
                .find(|granularity| granularity.as_str() == word)
                .ok_or_else(|| Problem::field("granularity", "must be hour, day, week or month"))?,
        };
        let compares = match said(&query.compare).as_deref() {
            None => false,
            Some("previous") => true,
            Some(_) => return Err(Problem::field("compare", "must be previous, or absent").into()),
        };
        let filter = filter(state, caller, query)?;
        Ok(Question { filter, zone, period, granularity, compares })
    }

    /// The pieces of a period.
    pub fn buckets(&self, period: &Period) -> Result<Buckets, Failure> {
        Buckets::new(*period, self.granularity, &self.zone).ok_or_else(|| {
            let why = format!("more than {MAX_BUCKETS} pieces: choose longer ones, or less time");
            Problem::field("granularity", why).into()
        })
    }

    /// Figures of the period asked for, and of the one before if that is wanted.
    pub fn answer<T: ToSchema>(
        &self,
        state: &State,
        figures: impl Fn(&mut dyn Iterator<Item = Fact<'_>>, &Period) -> Result<T, Failure>,
    ) -> Result<FiguresAnswer<T>, Failure> {
        let of = |index: &Index, period: &Period| figures(&mut index.facts(&self.filter), period);
        let before = self.compares.then(|| self.period.before(&self.zone));
        let index = state.engine.shared().index();
        let current = of(&index, &self.period)?;
        let previous = before.map(|period| of(&index, &period)).transpose()?;
        let period = self.view(&self.period);
        let previous_period = before.map(|period| self.view(&period));
        let granularity = self.granularity.as_str();
        Ok(FiguresAnswer { period, granularity, current, previous_period, previous })
    }

    fn view(&self, period: &Period) -> PeriodView {
        let timezone = self.zone.iana_name().unwrap_or("UTC").to_owned();
        PeriodView { from: period.from, to: period.to, timezone }
    }
}

/// Which tickets count. Whoever does not see everything is told their own figures.
pub fn filter(state: &State, caller: &Caller, query: &AnalyticsQuery) -> Result<Filter, Failure> {
    let mut assignee = assignee(caller, query.assignee.as_deref())?;
    if let Some(me) = caller.visible_to() {
        if assignee.is_some_and(|of| of != AssigneeIs::Agent(me)) {
            let why = "agents are told their own figures: leave `assignee` out";
            return Err(Problem::new(403, "Forbidden", why).into());
        }
        assignee = Some(AssigneeIs::Agent(me));
    }
    let known = state.engine.shared().categories();
    let named = categories(query.category.as_deref())?;
    Ok(Filter {
        statuses: statuses(query.status.as_deref())?,
        priorities: priorities(query.priority.as_deref())?,
        channels: channels(query.channel.as_deref())?,
        assignee,
        categories: named.iter().flat_map(|slug| known.with_children(slug)).collect(),
        tag: tag(query.tag.as_deref())?,
        ..Filter::default()
    })
}

/// A day or a time; of a day that ends a period, the beginning of the next.
fn point(field: &str, text: &str, is_end: bool, zone: &TimeZone) -> Result<Micros, Failure> {
    if let Ok(date) = text.parse::<Date>()
        && text.len() <= "2026-01-28".len()
    {
        let date = if is_end { date.tomorrow().unwrap_or(date) } else { date };
        return Ok(Period::midnight(date, zone));
    }
    // In a query string a plus that was not escaped is a space.
    Micros::parse_rfc3339(&text.replace(' ', "+")).ok_or_else(|| {
        let why = "must be a day or a time, as 2026-01-28 or 2026-01-28T10:00:00Z";
        Problem::field(field, why).into()
    })
}
