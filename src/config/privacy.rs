//! `[privacy]`: what is taken out of texts before they are kept.

use serde::Deserialize;

use super::problem::Limits;
use crate::domain::redact::{MAX_PATTERNS, Redactor};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyConfig {
    /// Card numbers and card security codes (S0.51).
    pub redact: bool,
    /// Regular expressions of what else must not be kept.
    pub patterns: Vec<String>,
}

impl PrivacyConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        if self.patterns.len() > MAX_PATTERNS {
            let found = self.patterns.len();
            limits.broken(
                "privacy.patterns",
                format!("found {found}, expected at most {MAX_PATTERNS}"),
            );
        }
        if let Err((pattern, why)) = Redactor::new(self.redact, &self.patterns) {
            limits.broken("privacy.patterns", format!("{pattern:?}: {why}"));
        }
    }
}
