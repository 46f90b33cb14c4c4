//! `[webhooks]`, `[attachments]` and `[desk]`: whom the daemon may call, for how long it tries, and what files it takes; what it is called.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;

use super::problem::Limits;
use super::units::{self, KIB, MIB};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Ranges that webhooks may go to though they are not public, as `10.0.0.0/8`; plain HTTP goes nowhere else.
    pub allow: Vec<String>,
    /// Certificates (PEM) that are trusted besides the usual ones.
    pub ca_file: std::path::PathBuf,
    /// How long an attempt may take.
    #[serde(deserialize_with = "units::duration")]
    pub timeout: Duration,
    #[serde(deserialize_with = "units::duration")]
    pub retry_first: Duration,
    #[serde(deserialize_with = "units::duration")]
    pub retry_longest: Duration,
    /// After which a delivery is given up.
    #[serde(deserialize_with = "units::duration")]
    pub retry_for: Duration,
    /// After which a subscription that nothing reaches is switched off.
    #[serde(deserialize_with = "units::duration")]
    pub pause_after: Duration,
    /// Deliveries of one subscription that may wait.
    pub max_waiting: u32,
    /// Deliveries of one subscription that the log holds.
    pub keep_log: u32,
}

const MAX_RANGES: usize = 64;

impl WebhooksConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let (milli, second) = (Duration::from_millis(1), Duration::from_secs(1));
        let (hour, day) = (second * 3600, second * 86_400);
        limits.duration("webhooks.timeout", self.timeout, milli * 100..=second * 120);
        limits.duration("webhooks.retry_first", self.retry_first, milli * 10..=hour);
        limits.duration("webhooks.retry_longest", self.retry_longest, milli * 100..=day);
        limits.duration("webhooks.retry_for", self.retry_for, second..=day * 30);
        limits.duration("webhooks.pause_after", self.pause_after, second..=day * 90);
        limits.count("webhooks.max_waiting", self.max_waiting, 1..=20_000);
        limits.count("webhooks.keep_log", self.keep_log, 1..=100_000);
        if self.retry_longest < self.retry_first {
            limits.broken("webhooks.retry_longest", "must be at least webhooks.retry_first");
        }
        if self.allow.len() > MAX_RANGES {
            let text = format!("{} ranges, at most {MAX_RANGES}", self.allow.len());
            limits.broken("webhooks.allow", text);
        }
        for range in self.allow.iter().filter(|text| Range::parse(text).is_none()) {
            let text =
                format!("found {range:?}, expected a range as \"10.0.0.0/8\" or \"fd00::/8\"");
            limits.broken("webhooks.allow", text);
        }
    }

    /// The ranges of `allow`.
    pub fn ranges(&self) -> Vec<Range> {
        self.allow.iter().filter_map(|text| Range::parse(text)).collect()
    }
}

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    address: IpAddr,
    bits: u8,
}

impl Range {
    /// `10.0.0.0/8`, `fd00::/8`, or one address.
    pub fn parse(text: &str) -> Option<Range> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Range { address, bits })
    }

    pub fn holds(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let apart = width - u32::from(self.bits);
        apart >= 128 || own >> apart == other >> apart
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachmentsConfig {
    /// Bytes of one file.
    #[serde(deserialize_with = "units::size")]
    pub max_size: u64,
    /// Bytes that a customer may send to a ticket in a day.
    #[serde(deserialize_with = "units::size")]
    pub customer_daily: u64,
    /// Uploads under way at once.
    pub at_once: u32,
}

impl AttachmentsConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        limits.size("attachments.max_size", self.max_size, KIB..=1024 * MIB);
        limits.size("attachments.customer_daily", self.customer_daily, KIB..=10_240 * MIB);
        limits.count("attachments.at_once", self.at_once, 1..=256);
    }
}

/// `[desk]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskConfig {
    /// What the desk is called.
    pub name: String,
    /// The colour of the customers' pages, `#rrggbb`; empty is that of the workspace.
    pub color: String,
}

impl DeskConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        const MAX: usize = 64;
        if self.name.chars().count() > MAX || self.name.chars().any(char::is_control) {
            let text = format!("expected at most {MAX} characters, none of them control");
            limits.broken("desk.name", text);
        }
        let hex = self.color.strip_prefix('#').unwrap_or_default();
        let is_color = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        if !self.color.is_empty() && !is_color {
            let text = format!("found {:?}, expected a colour as \"#1d62c4\"", self.color);
            limits.broken("desk.color", text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_begins_with_its_bits() {
        let holds = |range: &str, address: &str| {
            Range::parse(range).unwrap().holds(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("192.168.1.7", "192.168.1.7") && !holds("192.168.1.7", "192.168.1.8"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
        assert!(holds("0.0.0.0/0", "127.0.0.1") && holds("::/0", "::1"));
        assert!(!holds("0.0.0.0/0", "::1"));
        for wrong in ["10.0.0.0/33", "host", "::/129", "10.0.0/8", "1.2.3.4/x", ""] {
            assert_eq!(Range::parse(wrong), None, "{wrong}");
        }
    }
}
