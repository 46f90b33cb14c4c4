//! `[http]`: the API's listener and its limits.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::network::Network;
use super::problem::Limits;
use super::units::{self, KIB, MIB};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Port 0 takes a free one.
    #[serde(deserialize_with = "units::address")]
    pub listen: SocketAddr,
    pub max_connections: u32,
    pub max_connections_per_address: u32,
    /// Who may say for whom they ask.
    pub trusted_proxies: Vec<Network>,
    /// Web pages elsewhere that may use API and WebSockets, as browsers write them.
    pub origins: Vec<String>,
    /// Bytes of a request body.
    #[serde(deserialize_with = "units::size")]
    pub max_body: u64,
    /// Bytes of a request's head.
    #[serde(deserialize_with = "units::size")]
    pub max_head: u64,
    /// For the head of a request to come in.
    #[serde(deserialize_with = "units::duration")]
    pub header_timeout: Duration,
    /// Between two requests of a connection.
    #[serde(deserialize_with = "units::duration")]
    pub idle_timeout: Duration,
    /// Bytes a second that a body must come with …
    #[serde(deserialize_with = "units::size")]
    pub min_body_rate: u64,
    /// … after so long.
    #[serde(deserialize_with = "units::duration")]
    pub body_timeout: Duration,
    /// For the answer, once the body is there.
    #[serde(deserialize_with = "units::duration")]
    pub request_timeout: Duration,
    /// What a stop allows to those in flight.
    #[serde(deserialize_with = "units::duration")]
    pub drain_timeout: Duration,
    pub tls: Tls,
    /// PEM; used when `tls` is `files`.
    pub tls_cert_file: PathBuf,
    pub tls_key_file: PathBuf,
    /// Names and addresses beside those that the box finds by itself; used when `tls` is `self`.
    pub tls_names: Vec<String>,
    /// Whether the network may be served without TLS.
    pub allow_plaintext: bool,
    /// Where plain HTTP is answered with the address under TLS.
    #[serde(deserialize_with = "units::optional_address")]
    pub redirect_listen: Option<SocketAddr>,
}

/// What listeners speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    Off,
    /// A certificate of the box's own authority.
    #[serde(rename = "self")]
    SelfMade,
    Files,
}

impl Tls {
    pub fn scheme(self) -> &'static str {
        if self == Tls::Off { "http" } else { "https" }
    }
}

const MAX_NAMES: usize = 16;

impl HttpConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let second = Duration::from_secs(1);
        limits.count("http.max_connections", self.max_connections, 1..=65_536);
        let each = self.max_connections_per_address;
        limits.count("http.max_connections_per_address", each, 1..=65_536);
        limits.size("http.max_head", self.max_head, 8 * KIB..=MIB);
        limits.duration("http.idle_timeout", self.idle_timeout, second..=second * 3600);
        limits.size("http.min_body_rate", self.min_body_rate, 1..=16 * MIB);
        self.check_neighbours(limits);
        limits.size("http.max_body", self.max_body, KIB..=64 * MIB);
        limits.duration("http.header_timeout", self.header_timeout, second..=second * 300);
        limits.duration("http.body_timeout", self.body_timeout, second..=second * 600);
        limits.duration("http.request_timeout", self.request_timeout, second..=second * 600);
        limits.duration("http.drain_timeout", self.drain_timeout, second..=second * 60);
        self.check_tls(limits);
    }

    fn check_neighbours(&self, limits: &mut Limits) {
        const MAX: usize = 64;
        if self.trusted_proxies.len() > MAX {
            let found = self.trusted_proxies.len();
            limits.broken("http.trusted_proxies", format!("{found} networks, at most {MAX}"));
        }
        let good = |origin: &String| {
            let host = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
            let byte =
                |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.:[]".contains(&b);
            host.is_some_and(|host| (1..=260).contains(&host.len()) && host.bytes().all(byte))
        };
        if self.origins.len() > MAX || !self.origins.iter().all(good) {
            let wanted = "as \"https://intranet.example.org\", in lower case, without a path";
            limits.broken("http.origins", format!("expected at most {MAX} origins {wanted}"));
        }
    }

    fn check_tls(&self, limits: &mut Limits) {
        let missing = [
            ("http.tls_cert_file", &self.tls_cert_file),
            ("http.tls_key_file", &self.tls_key_file),
        ];
        for (key, file) in missing {
            if self.tls == Tls::Files && !file.is_absolute() {
                limits.broken(key, "http.tls = \"files\" needs the absolute path of a PEM file");
            }
        }
        let good = |name: &String| {
            let byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'*');
            (1..=253).contains(&name.len()) && name.bytes().all(byte)
        };
        if self.tls_names.len() > MAX_NAMES || !self.tls_names.iter().all(good) {
            limits.broken(
                "http.tls_names",
                format!("expected at most {MAX_NAMES} names or addresses, as \"desk.example.org\""),
            );
        }
        if self.tls == Tls::Off && !self.listen.ip().is_loopback() && !self.allow_plaintext {
            limits.broken(
                "http.listen",
                format!(
                    "{} is on the network, where tokens and transcripts would be in clear: set http.tls to \
                     \"self\" or \"files\", or http.allow_plaintext = true behind a proxy that speaks TLS",
                    self.listen
                ),
            );
        }
        if self.redirect_listen.is_some() && self.tls == Tls::Off {
            limits
                .broken("http.redirect_listen", "there is no TLS to lead to: http.tls is \"off\"");
        }
    }
}
