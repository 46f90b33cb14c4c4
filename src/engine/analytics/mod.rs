//! The figures of the desk (S3.27, S3.48): each an answer from the in-memory index in one pass, defined in one sentence
//! where it stands.
//!
//! What happened counts when it happened: tickets made, answered, resolved, rated in the period. Rates (reopened,
//! escalated, kept promises) look at the tickets that were made in it, so that numerator and denominator are the same
//! tickets. Merged and deleted tickets count nowhere. A bot's time is no person's response time.

mod agents;
mod buckets;
mod csat;
mod distribution;
mod now;
mod overview;
mod peak;
mod period;
mod promises;
mod spread;
mod volume;

pub use agents::{AgentFigures, ESCALATION_TARGET, agents};
pub use buckets::{Buckets, Granularity, MAX_BUCKETS};
pub use csat::{Csat, CsatFigures, CsatOf, CsatSince, csat};
pub use distribution::{Distribution, Share, distribution};
pub use now::{Now, now};
pub use overview::{Overview, overview};
pub use peak::{Hour, PeakHours, peak_hours};
pub use period::{MAX_DAYS, Period};
pub use promises::{Both, Kept, KeptOf, KeptSince, Promises, promises};
pub use spread::Spread;
pub use volume::{Volume, volume};

/// A part of a whole, to a ten-thousandth; none where the whole is nothing.
pub fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 1e4).round() / 1e4)
}
