//! What is wrong with a configuration: the key, where its value came from, and what would be right.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::units::{show_duration, show_size};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where the value came from: a file's path, an environment variable, a flag.
    pub origin: String,
    /// The key as `section.key`; none where the whole source is at fault.
    pub key: Option<String>,
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}: {key}: {}", self.origin, self.text),
            None => write!(f, "{}: {}", self.origin, self.text),
        }
    }
}

/// A configuration that cannot be used, with everything that was found wrong, a line each.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct ConfigError {
    /// Never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot be used:")?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// Collects the values that are out of their limits. The limits stand in `config/default.toml` too, beside
/// each key.
#[derive(Default)]
pub struct Limits {
    /// Key and text.
    pub broken: Vec<(String, String)>,
}

impl Limits {
    pub fn broken(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.broken.push((key.into(), text.into()));
    }

    pub fn count(&mut self, key: &str, value: impl Into<u64>, range: RangeInclusive<u64>) {
        self.range(key, value.into(), range, |count| count.to_string());
    }

    pub fn size(&mut self, key: &str, bytes: u64, range: RangeInclusive<u64>) {
        self.range(key, bytes, range, show_size);
    }

    pub fn duration(&mut self, key: &str, span: Duration, range: RangeInclusive<Duration>) {
        self.range(key, span, range, show_duration);
    }

    fn range<T: Copy + PartialOrd>(
        &mut self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
        show: fn(T) -> String,
    ) {
        if !range.contains(&value) {
            let (low, high) = (show(*range.start()), show(*range.end()));
            self.broken(key, format!("{} is out of range, {low} to {high}", show(value)));
        }
    }
}
