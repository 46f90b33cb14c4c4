//! How much a document is about what is looked for: BM25, and what happened lately weighs more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::source::Source;
use crate::domain::time::Micros;

/// BM25's share of how often: more is better, less and less so; in a short text a word says more.
pub fn saturated(times: f32, length: u8) -> f32 {
    const K: f32 = 1.2;
    const B: f32 = 0.5;
    const USUAL: f32 = 20.0;
    times * (K + 1.0) / (times + K * (1.0 - B + B * f32::from(length) / USUAL))
}

/// What lately changed counts for up to a half more.
pub fn recency(age: i64) -> f32 {
    const HALF_LIFE: f32 = 30.0;
    let days = (age.max(0) / Micros::DAY) as f32;
    1.0 + 0.5 * (-days / HALF_LIFE).exp2()
}

/// BM25's weight of a text that is in so many documents of all: the fewer, the more.
pub fn rarity(sources: &[Source<'_>], with: usize) -> f32 {
    let all: u64 = sources.iter().map(|source| source.documents()).sum();
    let (all, with) = (all as f32, with as f32);
    (1.0 + (all - with + 0.5).max(0.5) / (with + 0.5)).ln()
}

/// The best few of many.
pub struct Best<T> {
    most: usize,
    kept: BinaryHeap<Reverse<(u32, u64, T)>>,
}

impl<T: Ord> Best<T> {
    pub fn new(most: usize) -> Best<T> {
        Best { most, kept: BinaryHeap::new() }
    }

    /// Weights are never negative: their bits sort as they do. Of equals the newer one is better.
    pub fn offer(&mut self, weight: f32, number: u64, rest: T) {
        let offered = Reverse((weight.to_bits(), number, rest));
        if self.kept.len() < self.most {
            self.kept.push(offered);
        } else if let Some(mut worst) = self.kept.peek_mut()
            && offered < *worst
        {
            *worst = offered;
        }
    }

    pub fn sorted(self) -> Vec<(u64, T)> {
        let kept = self.kept.into_sorted_vec().into_iter();
        kept.map(|Reverse((_, number, rest))| (number, rest)).collect()
    }
}
