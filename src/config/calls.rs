//! `[calls]`: relays, the legacy listener, and the keywords of the categories.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use super::categories;
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
        if let Err(text) = categories::name(&self.fallback_category) {
            limits.broken("calls.fallback_category", text);
        }
        categories::check("calls.categories", &self.categories, limits);
    }
}
