//! How many tickets come, go and stay.

use serde::Serialize;

use super::{Buckets, Period};
use crate::describe::ToSchema;
use crate::domain::time::Micros;
use crate::engine::index::Fact;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Volume {
    /// When the piece begins
    #[schema(value_type = String, format = DateTime)]
    pub start: Micros,
    /// Tickets made in it
    #[schema(example = 41)]
    pub created: u64,
    /// Tickets resolved in it; one that was resolved several times counts at the last
    #[schema(example = 38)]
    pub resolved: u64,
    /// Tickets that were not resolved at its end, by their last resolution
    #[schema(example = 12)]
    pub backlog: u64,
}

pub fn volume<'a>(
    facts: impl Iterator<Item = Fact<'a>>,
    period: &Period,
    buckets: &Buckets,
) -> Vec<Volume> {
    let start = |start: &Micros| Volume { start: *start, created: 0, resolved: 0, backlog: 0 };
    let mut volumes: Vec<Volume> = buckets.starts.iter().map(start).collect();
    let mut before = 0_u64;
    // What is resolved in a piece counts there, but what it leaves is what was made before it, too.
    let mut left = vec![0_u64; volumes.len()];
    for fact in facts {
        let made = buckets.of(fact.created_at);
        if let Some(at) = made {
            volumes[at].created += 1;
        }
        let ended = fact.resolved_at.map(|at| at.max(fact.created_at));
        if let Some(at) = fact.resolved_at.and_then(|at| buckets.of(at)) {
            volumes[at].resolved += 1;
        }
        if fact.created_at < period.from && ended.is_none_or(|at| at >= period.from) {
            before += 1;
        }
        if fact.created_at < period.to
            && let Some(at) = ended.and_then(|at| buckets.of(at))
        {
            left[at] += 1;
        }
    }
    let mut backlog = before;
    for (volume, left) in volumes.iter_mut().zip(left) {
        backlog = (backlog + volume.created).saturating_sub(left);
        volume.backlog = backlog;
    }
    volumes
}
