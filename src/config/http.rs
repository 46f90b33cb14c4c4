//! `[http]`: the API's listener and its limits.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use super::problem::Limits;
use super::units::{self, KIB, MIB};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Port 0 takes a free one.
    #[serde(deserialize_with = "units::address")]
    pub listen: SocketAddr,
    pub max_connections: u32,
    /// Bytes of a request body.
    #[serde(deserialize_with = "units::size")]
    pub max_body: u64,
    /// For the head of a request to come in.
    #[serde(deserialize_with = "units::duration")]
    pub header_timeout: Duration,
    /// For the body of a request to come in.
    #[serde(deserialize_with = "units::duration")]
    pub body_timeout: Duration,
    /// For the answer.
    #[serde(deserialize_with = "units::duration")]
    pub request_timeout: Duration,
    /// What a stop allows to those in flight.
    #[serde(deserialize_with = "units::duration")]
    pub drain_timeout: Duration,
}

impl HttpConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let second = Duration::from_secs(1);
        limits.count("http.max_connections", self.max_connections, 1..=65_536);
        limits.size("http.max_body", self.max_body, KIB..=64 * MIB);
        limits.duration("http.header_timeout", self.header_timeout, second..=second * 300);
        limits.duration("http.body_timeout", self.body_timeout, second..=second * 600);
        limits.duration("http.request_timeout", self.request_timeout, second..=second * 600);
        limits.duration("http.drain_timeout", self.drain_timeout, second..=second * 60);
    }
}
