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
    /// When a conversation goes back to the bot after its ticket has ended.
    #[serde(deserialize_with = "bot_returns")]
    pub bot_returns_after: BotReturns,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotReturns {
    /// As soon as the ticket is closed.
    AtClose,
    /// So long after it was resolved or closed.
    After(Duration),
}

impl TicketsConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let year = Duration::from_secs(365 * 86_400);
        limits.duration("tickets.reopen_window", self.reopen_window, Duration::ZERO..=year);
        if let BotReturns::After(wait) = self.bot_returns_after {
            limits.duration("tickets.bot_returns_after", wait, Duration::ZERO..=year);
        }
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

fn bot_returns<'de, D: Deserializer<'de>>(from: D) -> Result<BotReturns, D::Error> {
    struct Form;
    impl Visitor<'_> for Form {
        type Value = BotReturns;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("\"close\", or a duration as \"30m\"")
        }

        fn visit_u64<E: Error>(self, seconds: u64) -> Result<BotReturns, E> {
            Ok(BotReturns::After(Duration::from_secs(seconds)))
        }

        fn visit_i64<E: Error>(self, seconds: i64) -> Result<BotReturns, E> {
            u64::try_from(seconds).map_err(E::custom).and_then(|seconds| self.visit_u64(seconds))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<BotReturns, E> {
            if text == "close" {
                return Ok(BotReturns::AtClose);
            }
            let wait = units::parse_duration(text).map_err(|_| {
                E::custom(format_args!(
                    "found {text:?}, expected \"close\", or a duration as \"30m\""
                ))
            })?;
            Ok(BotReturns::After(wait))
        }
    }
    from.deserialize_any(Form)
}
