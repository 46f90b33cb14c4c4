//! `[auth]`: how long people stay logged in.

use std::time::Duration;

use serde::Deserialize;

use super::masked::Masked;
use super::problem::Limits;
use super::units;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// Of a token for API clients (JWT).
    #[serde(deserialize_with = "units::duration")]
    pub access_life: Duration,
    /// Of a session in all.
    #[serde(deserialize_with = "units::duration")]
    pub session_life: Duration,
    /// Of a session in which nothing is asked.
    #[serde(deserialize_with = "units::duration")]
    pub session_idle: Duration,
    /// Of a session of somebody who asked to be remembered, used or not.
    #[serde(deserialize_with = "units::duration")]
    pub remembered_life: Duration,
    /// What access tokens are signed with, instead of keys of the daemon's own.
    pub signing_key: Masked,
}

impl AuthConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        const LEAST_KEY: usize = 32;
        let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
        limits.duration("auth.access_life", self.access_life, second..=second * 3600);
        limits.duration("auth.session_life", self.session_life, second * 60..=day * 365);
        limits.duration("auth.session_idle", self.session_idle, second..=day * 365);
        limits.duration("auth.remembered_life", self.remembered_life, second * 60..=day * 365);
        if self.signing_key.given().is_some_and(|key| key.len() < LEAST_KEY) {
            let text = format!("is too short, expected at least {LEAST_KEY} random characters");
            limits.broken("auth.signing_key", text);
        }
    }
}
