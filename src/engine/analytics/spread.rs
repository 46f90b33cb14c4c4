//! How long things took: how many, mean, median, and what nine of ten did not exceed.

use serde::Serialize;

use crate::describe::ToSchema;
use crate::domain::time::Micros;

/// Lengths of time in seconds; none where there is nothing to tell of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Spread {
    /// Of how many it tells
    pub count: u64,
    /// Their arithmetic mean
    #[schema(example = 842.5)]
    pub mean_seconds: Option<f64>,
    /// Half took no longer
    #[schema(example = 301.0)]
    pub median_seconds: Option<f64>,
    /// Nine of ten took no longer
    #[schema(example = 2410.0)]
    pub p90_seconds: Option<f64>,
}

impl Spread {
    /// Of lengths in microseconds. Median and p90 are lengths that occurred: the nearest rank.
    pub fn of(mut lengths: Vec<i64>) -> Spread {
        let count = lengths.len();
        if count == 0 {
            return Spread::default();
        }
        let seconds = |micros: f64| (micros / 1e3).round() / 1e3;
        let sum: i128 = lengths.iter().map(|length| i128::from(*length)).sum();
        let mut ranked = |percent: usize| {
            let rank = (count * percent).div_ceil(100).max(1) - 1;
            Some(seconds(*lengths.select_nth_unstable(rank).1 as f64))
        };
        let (median_seconds, p90_seconds) = (ranked(50), ranked(90));
        let mean_seconds = Some(seconds(sum as f64 / count as f64));
        Spread { count: count as u64, mean_seconds, median_seconds, p90_seconds }
    }

    /// Of lengths in seconds.
    pub fn of_seconds(lengths: Vec<u32>) -> Spread {
        Spread::of(lengths.into_iter().map(|s| i64::from(s) * Micros::SECOND).collect())
    }
}
