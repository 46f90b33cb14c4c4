//! The speech service behind the in-line proxy: where it is, and how one shows it who one is (FORMATS 1.1).

use std::sync::Arc;

use reqwest::Url;

use crate::config::{RealtimeConfig, SpeechKind};
use crate::net::websocket::{DialError, Socket, Target, dial};
use crate::net::{self, ClientError};

/// Why the configured service cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    #[error(
        "realtime.url: {0:?} is no address, expected one as \"wss://my-resource.openai.azure.com\""
    )]
    Address(String),
    #[error("realtime.ca_file: {0}")]
    Certificates(#[from] ClientError),
}

pub struct Speech {
    config: RealtimeConfig,
    url: Url,
    tls: Arc<rustls::ClientConfig>,
}

impl Speech {
    /// None when the proxy is off.
    pub fn new(config: &RealtimeConfig) -> Result<Option<Speech>, SpeechError> {
        if config.kind == SpeechKind::Off {
            return Ok(None);
        }
        let url = address(config).ok_or_else(|| SpeechError::Address(config.url.clone()))?;
        let tls = Arc::new(net::trust(&config.ca_file)?);
        Ok(Some(Speech { config: config.clone(), url, tls }))
    }

    /// Bytes of one message at most.
    pub fn max_frame(&self) -> usize {
        usize::try_from(self.config.max_frame).unwrap_or(usize::MAX)
    }

    /// The model of a call: the one its client asked for, if that is allowed. `Err` names the allowed ones.
    pub fn model(&self, asked: Option<&str>) -> Result<String, String> {
        let RealtimeConfig { model, models, .. } = &self.config;
        let allowed = || std::iter::once(model).chain(models);
        match asked {
            None => Ok(model.clone()),
            Some(asked) if allowed().any(|known| known == asked) => Ok(asked.to_owned()),
            Some(_) => {
                let all: Vec<_> = allowed().map(String::as_str).collect();
                Err(format!("must be one of {} (realtime.model, realtime.models)", all.join(", ")))
            }
        }
    }

    /// Opens a session with the service.
    pub async fn dial(&self, model: &str) -> Result<Socket, DialError> {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair(self.names_model(), model);
        let headers = self.config.api_key.given().map(|key| match self.config.kind {
            SpeechKind::Openai => ("authorization", format!("Bearer {key}")),
            _ => ("api-key", key.to_owned()),
        });
        let target = Target {
            url,
            headers: headers.into_iter().collect(),
            tls: Arc::clone(&self.tls),
            timeout: self.config.connect_timeout,
            max_message: self.max_frame(),
        };
        dial(&target).await
    }

    fn names_model(&self) -> &'static str {
        if self.config.kind == SpeechKind::AzurePreview { "deployment" } else { "model" }
    }
}

/// The configured address with the service's own path, and what every call adds to it.
fn address(config: &RealtimeConfig) -> Option<Url> {
    let mut url = Url::parse(&config.url).ok().filter(Url::has_host)?;
    if matches!(url.path(), "" | "/") {
        url.set_path(match config.kind {
            SpeechKind::AzurePreview => "/openai/realtime",
            SpeechKind::AzureGa => "/openai/v1/realtime",
            SpeechKind::Openai | SpeechKind::Off => "/v1/realtime",
        });
    }
    let says_version = url.query_pairs().any(|(name, _)| name == "api-version");
    if config.kind == SpeechKind::AzurePreview && !says_version {
        url.query_pairs_mut().append_pair("api-version", &config.api_version);
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Sources};

    fn speech(kind: SpeechKind, url: &str) -> Speech {
        let mut config = Config::load(&Sources::default()).unwrap().realtime;
        (config.kind, config.url, config.model) = (kind, url.into(), "voice".into());
        config.models = vec!["voice-2".into()];
        Speech::new(&config).unwrap().unwrap()
    }

    #[test]
    fn each_service_has_its_own_path_and_name_for_the_model() {
        for (kind, expected, name) in [
            (
                SpeechKind::AzurePreview,
                "wss://r.openai.azure.com/openai/realtime?api-version=2025-04-01-preview",
                "deployment",
            ),
            (SpeechKind::AzureGa, "wss://r.openai.azure.com/openai/v1/realtime", "model"),
            (SpeechKind::Openai, "wss://r.openai.azure.com/v1/realtime", "model"),
        ] {
            let speech = speech(kind, "wss://r.openai.azure.com");
            assert_eq!((speech.url.as_str(), speech.names_model()), (expected, name));
        }
    }

    #[test]
    fn a_path_and_a_version_of_its_own_are_kept() {
        let own = "ws://10.0.0.7:9000/x/realtime?api-version=2024-10-01-preview";
        assert_eq!(speech(SpeechKind::AzurePreview, own).url.as_str(), own);
    }

    #[test]
    fn a_client_may_ask_for_the_configured_models_only() {
        let speech = speech(SpeechKind::Openai, "wss://api.openai.com");
        assert_eq!(speech.model(None), Ok("voice".into()));
        assert_eq!(speech.model(Some("voice-2")), Ok("voice-2".into()));
        let refused = speech.model(Some("voice-3")).unwrap_err();
        assert!(refused.contains("one of voice, voice-2 ("), "{refused}");
    }
}
