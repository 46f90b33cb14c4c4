//! `[privacy]`: what is taken out of texts before they are kept.

use serde::Deserialize;

use super::problem::Limits;
use crate::domain::channel::Channel;
use crate::domain::redact::{MAX_PATTERNS, Redactor};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyConfig {
    /// Card numbers and card security codes (S0.51).
    pub redact: bool,
    /// Regular expressions of what else must not be kept.
    pub patterns: Vec<String>,
    /// Which closed tickets are deleted, and when.
    pub retention: Vec<RetentionConfig>,
}

/// One `[[privacy.retention]]`. As elements of a list have no place in `default.toml`, what may be left out has its
/// default here; the comments there tell it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// Of which channel; every one if absent.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Of which category; every one, and none, if absent.
    #[serde(default)]
    pub category: Option<String>,
    /// Days after closing.
    pub days: u32,
}

const MAX_RULES: usize = 64;
const MAX_DAYS: u32 = 36_500;

impl PrivacyConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        if self.retention.len() > MAX_RULES {
            let found = self.retention.len();
            limits.broken("privacy.retention", format!("found {found} rules, at most {MAX_RULES}"));
        }
        for rule in &self.retention {
            limits.count("privacy.retention.days", rule.days, 1..=MAX_DAYS.into());
        }
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
