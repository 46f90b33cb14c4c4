//! `[ingest]`: sources that the daemon connects to, instead of being connected to.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::Deserialize;

use super::masked::Masked;
use super::problem::Limits;

const MAX_SOURCES: usize = 32;
const MAX_NAME: usize = 48;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestConfig {
    pub sources: Vec<SourceConfig>,
}

/// One `[[ingest.sources]]`. What may be left out is empty then.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Its name in `/ready`, in figures and in the store: another name is another source.
    pub name: String,
    pub kind: SourceKind,
    /// `wss://` or `ws://`.
    pub url: String,
    /// Shown to the source as `Authorization: Bearer`.
    #[serde(default)]
    pub token: Masked,
    /// The file that holds it instead.
    #[serde(default)]
    pub token_file: PathBuf,
    /// PEM certificates that are trusted besides the usual ones.
    #[serde(default)]
    pub ca_file: PathBuf,
}

/// What a source sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Realtime events of many calls.
    Calls,
    /// What a Baileys bridge would post to its webhook, and so on.
    Baileys,
    Evolution,
    Waha,
    Wuzapi,
    Whapi,
    /// Meta's WhatsApp Cloud API.
    Whatsapp,
}

impl SourceKind {
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Calls => "calls",
            SourceKind::Baileys => "baileys",
            SourceKind::Evolution => "evolution",
            SourceKind::Waha => "waha",
            SourceKind::Wuzapi => "wuzapi",
            SourceKind::Whapi => "whapi",
            SourceKind::Whatsapp => "whatsapp",
        }
    }
}

impl IngestConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        const KEY: &str = "ingest.sources";
        if self.sources.len() > MAX_SOURCES {
            let count = self.sources.len();
            limits.broken(KEY, format!("{count} sources, at most {MAX_SOURCES}"));
        }
        let mut names = HashSet::new();
        for SourceConfig { name, url, token, token_file, .. } in &self.sources {
            let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
            if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(good) {
                limits.broken(
                    KEY,
                    format!(
                        "found the name {name:?}, expected 1 to {MAX_NAME} of a-z, 0-9, -, _ and ."
                    ),
                );
            }
            if !names.insert(name) {
                limits.broken(KEY, format!("two sources are called {name:?}"));
            }
            if !["ws://", "wss://"].iter().any(|scheme| url.starts_with(scheme)) {
                limits.broken(
                    KEY,
                    format!(
                        "the url of {name:?} is no address as \"wss://relay.example.org/events\""
                    ),
                );
            }
            if token.given().is_some() && !token_file.as_os_str().is_empty() {
                limits.broken(KEY, format!("{name:?} has a token and a token_file; one of them"));
            }
        }
    }
}
