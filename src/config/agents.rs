//! `[agents]`: what agents may see (DESIGN C9).

use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentsConfig {
    /// Whether agents see the tickets of their colleagues.
    pub see_all: bool,
}
