//! `[maintenance]`: when the store is written anew, and whether it is worth it.

use std::fmt;

use jiff::civil::Time;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::problem::Limits;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceConfig {
    /// When a compaction may begin, in the box's time zone; none never.
    #[serde(deserialize_with = "window")]
    pub window: Option<Window>,
    /// Per cent of the store's file that must hold nothing for a compaction to be worth it.
    pub compact_unused: u32,
}

/// A part of the day; one that ends before it begins goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    from: Time,
    to: Time,
}

impl Window {
    pub fn holds(&self, time: Time) -> bool {
        if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }

    fn parse(text: &str) -> Option<Window> {
        let (from, to) = text.split_once('-')?;
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':').filter(|(_, m)| m.len() == 2)?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        Some(Window { from: time(from)?, to: time(to)? }).filter(|window| window.from != window.to)
    }
}

impl MaintenanceConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        limits.count("maintenance.compact_unused", self.compact_unused, 10..=90);
    }
}

fn window<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Window>, D::Error> {
    struct Form;
    impl Visitor<'_> for Form {
        type Value = Option<Window>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a part of the day as \"03:00-04:00\", or \"\" for never")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Option<Window>, E> {
            if text.is_empty() {
                return Ok(None);
            }
            let form = "expected a part of the day as \"03:00-04:00\", or \"\" for never";
            let window = Window::parse(text);
            window.map(Some).ok_or_else(|| E::custom(format_args!("found {text:?}, {form}")))
        }
    }
    from.deserialize_str(Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_part_of_the_day_and_may_go_over_midnight() {
        let at = |hour, minute| Time::new(hour, minute, 0, 0).unwrap();
        let night = Window::parse("03:00-04:00").unwrap();
        assert!(night.holds(at(3, 0)) && night.holds(at(3, 59)));
        assert!(!night.holds(at(2, 59)) && !night.holds(at(4, 0)));
        let late = Window::parse("23:30 - 00:30").unwrap();
        assert!(late.holds(at(23, 45)) && late.holds(at(0, 29)) && !late.holds(at(12, 0)));
        for wrong in ["3", "03:00", "03:00-24:00", "03:00-03:00", "03:0-04:00", "a-b", "-"] {
            assert_eq!(Window::parse(wrong), None, "{wrong}");
        }
    }
}
