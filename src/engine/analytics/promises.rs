//! How service levels were kept (`/sla/detailed`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Buckets, Period, Spread, rate};
use crate::describe::ToSchema;
use crate::domain::figures::Outcome;
use crate::domain::sla::State;
use crate::domain::time::Micros;
use crate::engine::index::Fact;

/// What became of one target of the tickets that were made in the period and promised it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Kept {
    /// Done in time
    pub met: u64,
    /// Too late, be it done meanwhile or not
    pub breached: u64,
    /// Not done, and three quarters of the time have passed
    pub at_risk: u64,
    /// Not done, with more than a quarter of the time left
    pub on_track: u64,
    /// Of those that are decided, the part that was met
    #[schema(example = 0.97)]
    pub compliance: Option<f64>,
}

impl Kept {
    pub fn add(&mut self, outcome: Option<Outcome>) {
        match outcome.map(|outcome| outcome.state) {
            Some(State::Met) => self.met += 1,
            Some(State::Breached) => self.breached += 1,
            Some(State::AtRisk) => self.at_risk += 1,
            Some(State::OnTrack) => self.on_track += 1,
            None => return,
        }
        self.compliance = rate(self.met, self.met + self.breached);
    }
}

/// Both targets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Both {
    /// Promises of a first response
    pub first_response: Kept,
    /// Promises of a resolution
    pub resolution: Kept,
}

impl Both {
    pub fn add(&mut self, fact: &Fact<'_>) {
        self.first_response.add(fact.figures.first_response);
        self.resolution.add(fact.figures.resolution);
    }
}

/// Promises of tickets that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct KeptOf {
    /// What they have in common; none for tickets that have no such thing
    pub key: Option<String>,
    #[serde(flatten)]
    pub both: Both,
}

/// Promises of tickets made in a piece of the period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct KeptSince {
    /// When the piece begins
    #[schema(value_type = String, format = DateTime)]
    pub start: Micros,
    #[serde(flatten)]
    pub both: Both,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Promises {
    /// Tickets made in the period that were promised something
    pub promised: u64,
    #[serde(flatten)]
    pub both: Both,
    /// How long first responses made in the period took, in the hours of the ticket's policy
    pub first_response_time: Spread,
    /// How long resolutions made in the period took, in the hours of the ticket's policy, without the time that the customer was waited for
    pub resolution_time: Spread,
    /// Promises of the tickets made in the period by their priority
    pub by_priority: Vec<KeptOf>,
    /// Promises of the tickets made in the period by their channel
    pub by_channel: Vec<KeptOf>,
    /// Promises of the tickets made in the period by their category
    pub by_category: Vec<KeptOf>,
    /// Promises of the tickets made in each piece of the period
    pub trend: Vec<KeptSince>,
}

pub fn promises<'a>(
    facts: impl Iterator<Item = Fact<'a>>,
    period: &Period,
    buckets: &Buckets,
) -> Promises {
    let (mut promised, mut both) = (0, Both::default());
    let (mut answered, mut resolved) = (Vec::new(), Vec::new());
    let mut priorities: BTreeMap<Option<&str>, Both> = BTreeMap::new();
    let mut channels: BTreeMap<Option<&str>, Both> = BTreeMap::new();
    let mut categories: BTreeMap<Option<&str>, Both> = BTreeMap::new();
    let mut trend = vec![Both::default(); buckets.len()];
    for fact in facts {
        if period.has(fact.first_response_at) {
            answered.extend(fact.figures.first_response.and_then(|o| o.took));
        }
        if period.has(fact.resolved_at) {
            resolved.extend(fact.figures.resolution.and_then(|o| o.took));
        }
        let has_promise =
            fact.figures.first_response.is_some() || fact.figures.resolution.is_some();
        let Some(bucket) = buckets.of(fact.created_at).filter(|_| has_promise) else { continue };
        promised += 1;
        both.add(&fact);
        trend[bucket].add(&fact);
        priorities.entry(Some(fact.priority.as_str())).or_default().add(&fact);
        channels.entry(Some(fact.channel.as_str())).or_default().add(&fact);
        categories.entry(fact.category).or_default().add(&fact);
    }
    let listed = |groups: BTreeMap<Option<&str>, Both>| {
        let listed = groups.into_iter();
        listed.map(|(key, both)| KeptOf { key: key.map(str::to_owned), both }).collect()
    };
    let trend = buckets.starts.iter().zip(trend);
    Promises {
        promised,
        both,
        first_response_time: Spread::of_seconds(answered),
        resolution_time: Spread::of_seconds(resolved),
        by_priority: listed(priorities),
        by_channel: listed(channels),
        by_category: listed(categories),
        trend: trend.map(|(start, both)| KeptSince { start: *start, both }).collect(),
    }
}
