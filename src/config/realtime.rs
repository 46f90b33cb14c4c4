//! `[realtime]`: the speech service behind the in-line proxy.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::masked::Masked;
use super::problem::Limits;
use super::units::{self, KIB, MIB};

const MAX_MODELS: usize = 64;
const MAX_MODEL: usize = 128;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealtimeConfig {
    /// Which service answers; `off` closes the door.
    pub kind: SpeechKind,
    /// Where it is: `wss://host`, with a path if it is not the service's own.
    pub url: String,
    /// The model, on Azure the deployment, of a call whose client names none.
    pub model: String,
    /// Further ones that a client may ask for.
    pub models: Vec<String>,
    /// Azure preview only.
    pub api_version: String,
    pub api_key: Masked,
    /// PEM certificates that are trusted besides the usual ones; empty is none.
    pub ca_file: PathBuf,
    /// Until the service has answered the handshake.
    #[serde(deserialize_with = "units::duration")]
    pub connect_timeout: Duration,
    /// Bytes of one message, either way.
    #[serde(deserialize_with = "units::size")]
    pub max_frame: u64,
    /// Bytes of transcript of all calls that wait for a store which cannot be written.
    #[serde(deserialize_with = "units::size")]
    pub max_backlog: u64,
}

/// How a speech service is reached and how one shows who one is (FORMATS 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpeechKind {
    Off,
    AzurePreview,
    AzureGa,
    Openai,
}

impl RealtimeConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let second = Duration::from_secs(1);
        limits.duration("realtime.connect_timeout", self.connect_timeout, second..=second * 60);
        limits.size("realtime.max_frame", self.max_frame, 64 * KIB..=32 * MIB);
        limits.size("realtime.max_backlog", self.max_backlog, MIB..=1024 * MIB);
        let models = self.models.len();
        if models > MAX_MODELS {
            limits.broken("realtime.models", format!("{models} models, at most {MAX_MODELS}"));
        }
        for (key, model) in [("realtime.model", &self.model)]
            .into_iter()
            .chain(self.models.iter().map(|model| ("realtime.models", model)))
        {
            if model.len() > MAX_MODEL || model.chars().any(char::is_control) {
                limits.broken(key, format!("found {model:?}, expected at most {MAX_MODEL} bytes"));
            }
        }
        if self.models.iter().any(String::is_empty) {
            limits.broken("realtime.models", "holds an empty name");
        }
        if self.kind == SpeechKind::Off {
            return;
        }
        if !["wss://", "ws://", "https://", "http://"].iter().any(|s| self.url.starts_with(s)) {
            limits.broken(
                "realtime.url",
                format!(
                    "found {:?}, expected an address as \"wss://my-resource.openai.azure.com\"",
                    self.url
                ),
            );
        }
        if self.model.is_empty() {
            limits
                .broken("realtime.model", "is empty, expected the model or, on Azure, deployment");
        }
        if self.kind == SpeechKind::AzurePreview && self.api_version.is_empty() {
            limits.broken(
                "realtime.api_version",
                "is empty, expected a version as \"2025-04-01-preview\"",
            );
        }
    }
}
