//! `[doors]`: how those who deliver show who they are.

use serde::Deserialize;

use super::masked::Masked;
use super::problem::Limits;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorsConfig {
    /// The request header in which a token may come, besides `Authorization` and `?token=`; lower case.
    pub header: String,
    pub whatsapp: MetaDoor,
    pub zendesk: Secret,
    pub intercom: Secret,
    pub waha: HmacKey,
    pub wuzapi: HmacKey,
    pub twilio: TwilioDoor,
    pub livekit: LivekitDoor,
    pub vapi: Secret,
    pub openai: OpenaiDoor,
    /// Mails, whole.
    pub email: HmacKey,
}

/// A door whose vendor signs with, or sends, one secret. Empty: a token is needed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    pub secret: Masked,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HmacKey {
    pub hmac_key: Masked,
}

/// Meta's WhatsApp Cloud API.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetaDoor {
    /// Signs deliveries.
    pub app_secret: Masked,
    /// Answers the challenge when the webhook is registered.
    pub verify_token: Masked,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwilioDoor {
    pub auth_token: Masked,
    /// Scheme, host and port under which Twilio reaches the box: its signature covers them.
    pub public_url: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LivekitDoor {
    pub api_key: Masked,
    pub api_secret: Masked,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenaiDoor {
    /// `whsec_…`
    pub webhook_secret: Masked,
}

impl DoorsConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        let name = self.header.as_bytes();
        let good = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        if name.is_empty() || name.len() > 64 || !name.iter().all(good) {
            limits.broken(
                "doors.header",
                "expected the name of a request header: 1 to 64 of a-z, 0-9 and -",
            );
        }
        let public = &self.twilio.public_url;
        if !public.is_empty() && !["http://", "https://"].iter().any(|s| public.starts_with(s)) {
            limits.broken(
                "doors.twilio.public_url",
                "expected an address as \"https://desk.example.org\"",
            );
        }
    }
}
