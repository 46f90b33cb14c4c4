//! `[automation]`: presence, assignment, and the rules that ship.

use std::time::Duration;

use serde::Deserialize;

use super::problem::Limits;
use super::units;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutomationConfig {
    #[serde(deserialize_with = "units::duration")]
    pub heartbeat_grace: Duration,
    /// Open tickets that an agent takes who has no number of their own.
    pub capacity: u32,
    #[serde(deserialize_with = "units::duration")]
    pub reassign_after: Duration,
    /// S4.22
    pub urgent_words: Vec<String>,
    /// S4.23; zero switches it off, as with all waits here.
    #[serde(deserialize_with = "units::duration")]
    pub alert_after: Duration,
    /// S4.24
    #[serde(deserialize_with = "units::duration")]
    pub urgent_after: Duration,
    /// S3.19
    #[serde(deserialize_with = "units::duration")]
    pub escalate_after: Duration,
    /// S2.14
    #[serde(deserialize_with = "units::duration")]
    pub close_after: Duration,
    /// S3.19
    pub customer_wrote: u32,
    /// S2.33
    pub similar_tickets: u32,
    /// The keys of shipped rules that are off until somebody switches them on.
    pub off: Vec<String>,
}

/// The keys of the rules that ship.
pub const SHIPPED: [&str; 12] = [
    "sla_at_risk",
    "customer_repeats",
    "vip",
    "keywords_en",
    "keywords_id",
    "keywords_es",
    "similar",
    "sentiment",
    "pending_alert",
    "unanswered_urgent",
    "unanswered_escalate",
    "auto_close",
];

const MAX_WORDS: usize = 100;

impl AutomationConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
        let grace = "automation.heartbeat_grace";
        limits.duration(grace, self.heartbeat_grace, second * 5..=second * 3600);
        limits.count("automation.capacity", self.capacity, 0..=10_000);
        let reassign = "automation.reassign_after";
        limits.duration(reassign, self.reassign_after, Duration::ZERO..=day * 7);
        for (key, wait) in [
            ("automation.alert_after", self.alert_after),
            ("automation.urgent_after", self.urgent_after),
            ("automation.escalate_after", self.escalate_after),
            ("automation.close_after", self.close_after),
        ] {
            limits.duration(key, wait, Duration::ZERO..=day * 365);
        }
        limits.count("automation.customer_wrote", self.customer_wrote, 0..=1000);
        limits.count("automation.similar_tickets", self.similar_tickets, 0..=1000);
        let good = |word: &String| (1..=100).contains(&word.trim().chars().count());
        if self.urgent_words.len() > MAX_WORDS || !self.urgent_words.iter().all(good) {
            let why = format!("expected at most {MAX_WORDS} words of 1 to 100 characters");
            limits.broken("automation.urgent_words", why);
        }
        if let Some(odd) = self.off.iter().find(|key| !SHIPPED.contains(&key.as_str())) {
            let why = format!("found {odd:?}, expected any of {}", SHIPPED.join(", "));
            limits.broken("automation.off", why);
        }
    }
}
