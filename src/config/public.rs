//! `[public]` and `[portal]`: what answers without a machine token, and what the customer gets to see.

use serde::Deserialize;

use super::problem::Limits;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicConfig {
    /// Whose chatbots may hand chats over (S3.47); none names all.
    pub workspaces: Vec<String>,
    /// Requests without a token of the desk's in a minute, from one address and for one workspace, mail address or ticket.
    pub requests_per_minute: u32,
}

impl PublicConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        const MAX: usize = 1000;
        limits.count("public.requests_per_minute", self.requests_per_minute, 1..=10_000);
        if self.workspaces.len() > MAX {
            let text = format!("{} workspaces, at most {MAX}", self.workspaces.len());
            limits.broken("public.workspaces", text);
        }
        for workspace in &self.workspaces {
            if workspace.is_empty() || workspace.len() > 64 {
                let text = format!("found {workspace:?}, expected an id of 1 to 64 bytes");
                limits.broken("public.workspaces", text);
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// How long a customer's token for their ticket is good.
    pub token_days: u32,
}

impl PortalConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        limits.count("portal.token_days", self.token_days, 1..=3650);
    }
}
