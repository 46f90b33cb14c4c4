//! `[[whatsapp.bridges]]`: by whom replies go out, one for each place where chats live.
//!
//! As elements of a list have no place in `default.toml`, what may be left out has its default here; the comments
//! there tell it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::masked::Masked;
use super::problem::Limits;
use super::units;

/// Bridges at most.
pub const MAX_BRIDGES: usize = 32;
const MAX_INSTANCE: usize = 128;
const MAX_BODY: usize = 16 << 10;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BridgeConfig {
    /// Where the chats live: the session of `/webhook/baileys`, or `<door>:<name>`.
    pub instance: String,
    pub kind: BridgeKind,
    /// The address of the bridge's API; of kind `baileys` the very address that takes messages.
    pub url: String,
    #[serde(default)]
    pub token: Masked,
    /// Kind `baileys`: the header that bears the token as it is; empty is `Authorization: Bearer`.
    #[serde(default)]
    pub token_header: String,
    /// Kind `baileys`: the JSON to post, with `{to}`, `{phone}`, `{text}` and `{id}` in its strings.
    #[serde(default = "default_body")]
    pub body: String,
    /// Kind `meta`: the version of the Graph API.
    #[serde(default = "default_version")]
    pub version: String,
    /// PEM certificates that are trusted besides the usual ones; empty is none.
    #[serde(default)]
    pub ca_file: PathBuf,
    /// How long an attempt may take.
    #[serde(default = "default_timeout", deserialize_with = "units::duration")]
    pub timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BridgeKind {
    Baileys,
    Evolution,
    Waha,
    Wuzapi,
    Whapi,
    Meta,
}

impl BridgeKind {
    /// The longest text that the bridge takes, in characters.
    pub fn longest_text(self) -> usize {
        match self {
            BridgeKind::Meta => 4096,
            _ => 65_536,
        }
    }

    /// Before the name in [`BridgeConfig::instance`]; none for the door that knows sessions alone.
    fn door(self) -> Option<&'static str> {
        match self {
            BridgeKind::Baileys => None,
            BridgeKind::Evolution => Some("evolution"),
            BridgeKind::Waha => Some("waha"),
            BridgeKind::Wuzapi => Some("wuzapi"),
            BridgeKind::Whapi => Some("whapi"),
            BridgeKind::Meta => Some("meta"),
        }
    }
}

impl BridgeConfig {
    /// What the bridge itself calls the instance.
    pub fn name(&self) -> &str {
        self.kind
            .door()
            .and_then(|door| self.instance.strip_prefix(door)?.strip_prefix(':'))
            .unwrap_or(&self.instance)
    }
}

fn default_body() -> String {
    r#"{"jid": "{to}", "text": "{text}", "messageId": "{id}"}"#.to_owned()
}

fn default_version() -> String {
    "v23.0".to_owned()
}

fn default_timeout() -> Duration {
    Duration::from_secs(20)
}

pub(super) fn check(bridges: &[BridgeConfig], limits: &mut Limits) {
    const KEY: &str = "whatsapp.bridges";
    if bridges.len() > MAX_BRIDGES {
        limits.broken(KEY, format!("{} are too many, at most {MAX_BRIDGES}", bridges.len()));
    }
    let mut seen = BTreeSet::new();
    for (at, bridge) in bridges.iter().enumerate() {
        let mut broken = |name: &str, text: String| {
            limits.broken(KEY, format!("{name} of bridge {} {text}", at + 1));
        };
        let instance = bridge.instance.as_str();
        if instance.is_empty() || instance.len() > MAX_INSTANCE {
            broken("instance", format!("must be 1 to {MAX_INSTANCE} bytes, as \"default\""));
        }
        if let Some(door) = bridge.kind.door()
            && bridge.name() == instance
        {
            broken("instance", format!("is {instance:?}, expected \"{door}:NAME\""));
        }
        if !seen.insert(instance) {
            broken("instance", format!("is {instance:?}, as that of an earlier one"));
        }
        let web = ["http://", "https://"].iter().any(|scheme| bridge.url.starts_with(scheme));
        if !web || bridge.url.contains(char::is_whitespace) {
            let found = &bridge.url;
            broken("url", format!("is {found:?}, expected an address as \"http://10.0.0.5:3000\""));
        }
        if bridge.body.len() > MAX_BODY
            || serde_json::from_str::<serde_json::Value>(&bridge.body).is_err()
            || !bridge.body.contains("{text}")
        {
            let example = default_body();
            broken("body", format!("must be JSON with {{text}} in a string of it, as {example}"));
        }
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'.';
        if bridge.version.is_empty() || !bridge.version.bytes().all(good) {
            broken("version", format!("is {:?}, expected one as \"v23.0\"", bridge.version));
        }
        let name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if bridge.token_header.len() > 64 || !bridge.token_header.bytes().all(name) {
            broken("token_header", "must be the name of a header, as \"x-api-key\"".to_owned());
        }
        if !bridge.token.0.bytes().all(|b| b.is_ascii_graphic()) {
            broken("token", "must be visible ASCII characters".to_owned());
        }
        let range = Duration::from_millis(100)..=Duration::from_secs(120);
        if !range.contains(&bridge.timeout) {
            broken("timeout", "is out of range, 100ms to 2m".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{BridgeConfig, BridgeKind, Config, Sources, settings};

    const GOOD: &str =
        r#"{instance = "default", kind = "baileys", url = "http://10.0.0.5:3000/send"}"#;

    fn sources(bridges: &str) -> Sources {
        let environment = vec![("FRONTDESK_WHATSAPP__BRIDGES".into(), bridges.into())];
        Sources { environment, ..Sources::default() }
    }

    fn bridges(bridges: &str) -> Vec<BridgeConfig> {
        Config::load(&sources(bridges)).unwrap().whatsapp.bridges
    }

    fn refusal(bridges: &str) -> String {
        Config::load(&sources(bridges)).expect_err(bridges).to_string()
    }

    #[test]
    fn a_list_of_bridges_can_come_in_one_value() {
        let evolution = r#"{instance = "evolution:toko", kind = "evolution", url = "https://e.example", token = "t", timeout = "5s"}"#;
        let found = bridges(&format!("[{GOOD}, {evolution}]"));
        assert_eq!((found[0].kind, found[0].name()), (BridgeKind::Baileys, "default"));
        assert_eq!((found[1].kind, found[1].name()), (BridgeKind::Evolution, "toko"));
        assert_eq!((found[0].timeout.as_secs(), found[1].timeout.as_secs()), (20, 5));
        assert!(found[0].body.contains("{text}"));
    }

    #[test]
    fn what_is_wrong_with_a_bridge_is_told_with_its_place() {
        for (bridge, told) in [
            (r#"{instance = "evolution:a", kind = "baileys", url = "ftp://x"}"#, "url of bridge 1"),
            (r#"{instance = "toko", kind = "waha", url = "http://x"}"#, "expected \"waha:NAME\""),
            (r#"{instance = "", kind = "baileys", url = "http://x"}"#, "instance of bridge 1"),
            (
                r#"{instance = "a", kind = "baileys", url = "http://x", body = "{text}"}"#,
                "must be JSON",
            ),
            (r#"{instance = "a", kind = "baileys", url = "http://x", body = "{}"}"#, "{text}"),
            (
                r#"{instance = "a", kind = "baileys", url = "http://x", timeout = "1h"}"#,
                "out of range",
            ),
            (r#"{instance = "a", kind = "carrier pigeon", url = "http://x"}"#, "carrier pigeon"),
            (
                r#"{instance = "a", kind = "baileys", url = "http://x", tokn = "s"}"#,
                "did you mean `token`?",
            ),
        ] {
            let refusal = refusal(&format!("[{bridge}]"));
            assert!(refusal.contains("whatsapp.bridges") && refusal.contains(told), "{refusal}");
        }
        assert!(refusal(&format!("[{GOOD}, {GOOD}]")).contains("as that of an earlier one"));
        assert!(refusal(&format!("[{}]", [GOOD; 33].join(","))).contains("at most 32"));
    }

    #[test]
    fn a_bridge_is_shown_without_its_token() {
        let bridge = GOOD.replace('}', r#", token = "hunter2", token_header = "X-Key"}"#);
        let all = settings(&sources(&format!("[{bridge}]"))).unwrap();
        let shown = &all.iter().find(|s| s.key == "whatsapp.bridges").unwrap().value;
        assert!(shown.contains(r#"token = "********""#) && !shown.contains("hunter2"), "{shown}");
        assert!(shown.contains(r#"instance = "default""#) && shown.contains("X-Key"), "{shown}");
        // What is shown is a configuration.
        assert_eq!(bridges(shown)[0].token_header, "X-Key");
    }
}
