//! `[tickets]`: what a new ticket gets, and when an old one comes back.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::problem::Limits;
use super::{categories, units};
use crate::domain::priority::Priority;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketsConfig {
    #[serde(deserialize_with = "priority")]
    pub default_priority: Priority,
    /// How long after its end a customer's message reopens a ticket (DESIGN C3); zero never does.
    #[serde(deserialize_with = "units::duration")]
    pub reopen_window: Duration,
    /// First part of the references of calls (S0.3).
    pub call_prefix: String,
    /// Name of the category to its keywords, for all tickets but calls (S1.10, S2.31).
    pub categories: BTreeMap<String, Vec<String>>,
}

impl TicketsConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let year = Duration::from_secs(365 * 86_400);
        limits.duration("tickets.reopen_window", self.reopen_window, Duration::ZERO..=year);
        let good = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if !(2..=8).contains(&self.call_prefix.len()) || !self.call_prefix.bytes().all(good) {
            let found = &self.call_prefix;
            limits.broken(
                "tickets.call_prefix",
                format!("found {found:?}, expected 2 to 8 of A-Z and 0-9"),
            );
        }
        categories::check("tickets.categories", &self.categories, limits);
    }
}

/// Takes every spelling of the seeds (DESIGN C2).
fn priority<'de, D: Deserializer<'de>>(from: D) -> Result<Priority, D::Error> {
    struct Spelling;
    impl Visitor<'_> for Spelling {
        type Value = Priority;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("low, medium, high or urgent")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Priority, E> {
            Priority::parse(text).ok_or_else(|| {
                E::custom(format_args!("found {text:?}, expected low, medium, high or urgent"))
            })
        }
    }
    from.deserialize_str(Spelling)
}
