//! What customers said (S3.44).

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Buckets, Period, rate};
use crate::describe::ToSchema;
use crate::domain::time::Micros;
use crate::engine::index::Fact;

/// The least rating of a satisfied customer.
const SATISFIED: u8 = 4;

/// Ratings that were given in the period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CsatFigures {
    /// How many ratings were given
    pub responses: u64,
    /// The mean rating, 1 to 5
    #[schema(example = 4.6)]
    pub average: Option<f64>,
    /// The part of the ratings that is 4 or 5
    #[schema(example = 0.92)]
    pub satisfied: Option<f64>,
    /// How many rated 1, 2, 3, 4 and 5
    #[schema(example = json!([0, 1, 1, 4, 20]))]
    pub distribution: [u64; 5],
}

impl CsatFigures {
    pub fn add(&mut self, rating: u8) {
        let Some(place) = self.distribution.get_mut(usize::from(rating.wrapping_sub(1))) else {
            return;
        };
        *place += 1;
        self.responses += 1;
        let sum: u64 = self.distribution.iter().zip(1..).map(|(count, stars)| count * stars).sum();
        let satisfied: u64 = self.distribution[usize::from(SATISFIED) - 1..].iter().sum();
        self.average = rate(sum, self.responses);
        self.satisfied = rate(satisfied, self.responses);
    }
}

/// Ratings of tickets that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CsatOf {
    /// What the tickets have in common; none for tickets that have no such thing
    pub key: Option<String>,
    #[serde(flatten)]
    pub figures: CsatFigures,
}

/// Ratings given in a piece of the period.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CsatSince {
    /// When the piece begins
    #[schema(value_type = String, format = DateTime)]
    pub start: Micros,
    #[serde(flatten)]
    pub figures: CsatFigures,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Csat {
    #[serde(flatten)]
    pub figures: CsatFigures,
    /// Tickets resolved in the period
    pub resolved: u64,
    /// The part of them that has a rating
    #[schema(example = 0.31)]
    pub response_rate: Option<f64>,
    /// Ratings given in the period by the channel of their tickets
    pub by_channel: Vec<CsatOf>,
    /// Ratings given in the period by the category of their tickets
    pub by_category: Vec<CsatOf>,
    /// Ratings given in each piece of the period
    pub trend: Vec<CsatSince>,
}

pub fn csat<'a>(facts: impl Iterator<Item = Fact<'a>>, period: &Period, buckets: &Buckets) -> Csat {
    let mut figures = CsatFigures::default();
    let (mut resolved, mut answered) = (0, 0);
    let mut channels: BTreeMap<Option<&str>, CsatFigures> = BTreeMap::new();
    let mut categories: BTreeMap<Option<&str>, CsatFigures> = BTreeMap::new();
    let mut trend = vec![CsatFigures::default(); buckets.len()];
    for fact in facts {
        if period.has(fact.resolved_at) {
            resolved += 1;
            answered += u64::from(fact.figures.rating.is_some());
        }
        let Some(rated) = fact.figures.rating else { continue };
        let Some(bucket) = buckets.of(rated.at) else { continue };
        figures.add(rated.rating);
        trend[bucket].add(rated.rating);
        channels.entry(Some(fact.channel.as_str())).or_default().add(rated.rating);
        categories.entry(fact.category).or_default().add(rated.rating);
    }
    let listed = |groups: BTreeMap<Option<&str>, CsatFigures>| {
        let listed = groups.into_iter();
        listed.map(|(key, figures)| CsatOf { key: key.map(str::to_owned), figures }).collect()
    };
    let since = buckets.starts.iter().zip(trend);
    Csat {
        figures,
        resolved,
        response_rate: rate(answered, resolved),
        by_channel: listed(channels),
        by_category: listed(categories),
        trend: since.map(|(start, figures)| CsatSince { start: *start, figures }).collect(),
    }
}
