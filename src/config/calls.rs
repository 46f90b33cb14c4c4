//! `[calls]`: relays, the legacy listener, and the keywords of the categories.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use super::problem::Limits;
use super::units::{self, KIB, MIB};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallsConfig {
    /// Bytes of one WebSocket frame.
    #[serde(deserialize_with = "units::size")]
    pub max_frame: u64,
    /// How long a broken connection may take to come back.
    #[serde(deserialize_with = "units::duration")]
    pub resume_grace: Duration,
    /// How long after its last turn a call over plain HTTP ends by itself.
    #[serde(deserialize_with = "units::duration")]
    pub idle_end: Duration,
    /// How long a connection may take to show that it lives when another comes for its call.
    #[serde(deserialize_with = "units::duration")]
    pub takeover_probe: Duration,
    /// Calls open at once.
    pub max_open: u32,
    /// Where seed 000's own paths are served; none is off (DESIGN section 5).
    #[serde(deserialize_with = "units::optional_address")]
    pub legacy_listen: Option<SocketAddr>,
    /// No token is asked there; loopback only (DESIGN C9).
    pub legacy_open: bool,
    /// The category of a call in which no keyword was said (S0.17).
    pub fallback_category: String,
    /// Name of the category to its keywords (S0.10 to S0.16, S0.50).
    pub categories: BTreeMap<String, Vec<String>>,
}

const MAX_CATEGORIES: usize = 64;
const MAX_NAME: usize = 48;
const MAX_KEYWORDS: usize = 200;
const MAX_KEYWORD: usize = 64;

/// Whether a category may be called so; if not, what would be right.
pub(super) fn category_name(name: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(good) {
        return Ok(());
    }
    Err(format!("found {name:?} as a category's name, expected 1 to {MAX_NAME} of a-z, 0-9 and _"))
}

impl CallsConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let second = Duration::from_secs(1);
        limits.size("calls.max_frame", self.max_frame, 64 * KIB..=4 * MIB);
        limits.duration("calls.resume_grace", self.resume_grace, Duration::ZERO..=second * 600);
        limits.duration("calls.idle_end", self.idle_end, second * 60..=second * 7 * 86_400);
        limits.duration("calls.takeover_probe", self.takeover_probe, second / 10..=second * 60);
        limits.count("calls.max_open", self.max_open, 1..=100_000);
        if let Some(address) = self.legacy_listen
            && self.legacy_open
            && !address.ip().is_loopback()
        {
            limits.broken(
                "calls.legacy_open",
                format!(
                    "true would serve transcripts without a token on {address}; only a loopback \
                     address of calls.legacy_listen, as \"127.0.0.1:8003\", may do without"
                ),
            );
        }
        if let Err(text) = category_name(&self.fallback_category) {
            limits.broken("calls.fallback_category", text);
        }
        if self.categories.len() > MAX_CATEGORIES {
            limits.broken(
                "calls.categories",
                format!("{} categories, at most {MAX_CATEGORIES}", self.categories.len()),
            );
        }
        for (name, keywords) in &self.categories {
            check_keywords(&format!("calls.categories.{name}"), keywords, limits);
        }
    }
}

fn check_keywords(key: &str, keywords: &[String], limits: &mut Limits) {
    if keywords.len() > MAX_KEYWORDS {
        limits.broken(key, format!("{} keywords, at most {MAX_KEYWORDS}", keywords.len()));
    }
    for keyword in keywords {
        let length = keyword.chars().count();
        if length > MAX_KEYWORD || !keyword.chars().any(char::is_alphanumeric) {
            limits.broken(
                key,
                format!(
                    "found {keyword:?}, expected a keyword of 1 to {MAX_KEYWORD} characters with a letter or digit"
                ),
            );
        }
    }
}
