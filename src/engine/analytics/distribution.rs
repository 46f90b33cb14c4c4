//! What the tickets of a period are, by whatever one may sort them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Period, rate};
use crate::describe::ToSchema;
use crate::engine::index::Fact;

/// Groups that one list names; what is left is told together.
const MAX_GROUPS: usize = 100;

/// Tickets that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Share {
    /// None for tickets that have no such thing
    #[schema(example = "billing")]
    pub key: Option<String>,
    /// Tickets made in the period that have it
    #[schema(example = 17)]
    pub count: u64,
    /// Its part of the tickets made in the period
    #[schema(example = 0.17)]
    pub share: Option<f64>,
}

/// Tickets that were made in the period, the largest group first.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Distribution {
    /// Tickets made in the period
    pub total: u64,
    /// By where they stand today
    pub status: Vec<Share>,
    /// By how urgent they are today
    pub priority: Vec<Share>,
    /// By the door that they came through
    pub channel: Vec<Share>,
    /// By what they are about, the hundred largest
    pub category: Vec<Share>,
    /// By tag, the hundred most frequent; a ticket counts under each of its tags
    pub tag: Vec<Share>,
}

pub fn distribution<'a>(facts: impl Iterator<Item = Fact<'a>>, period: &Period) -> Distribution {
    type Groups<'a> = BTreeMap<Option<&'a str>, u64>;
    let mut total = 0;
    let [mut status, mut priority, mut channel, mut category, mut tags] =
        std::array::from_fn(|_| Groups::new());
    for fact in facts.filter(|fact| period.holds(fact.created_at)) {
        total += 1;
        *status.entry(Some(fact.status.on_helpdesk_face())).or_default() += 1;
        *priority.entry(Some(fact.priority.as_str())).or_default() += 1;
        *channel.entry(Some(fact.channel.as_str())).or_default() += 1;
        *category.entry(fact.category).or_default() += 1;
        for tag in fact.tags {
            *tags.entry(Some(tag)).or_default() += 1;
        }
    }
    let listed = |groups: Groups<'_>| {
        let mut shares: Vec<Share> = groups
            .into_iter()
            .map(|(key, count)| Share {
                key: key.map(str::to_owned),
                count,
                share: rate(count, total),
            })
            .collect();
        shares.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
        shares.truncate(MAX_GROUPS);
        shares
    };
    Distribution {
        total,
        status: listed(status),
        priority: listed(priority),
        channel: listed(channel),
        category: listed(category),
        tag: listed(tags),
    }
}
