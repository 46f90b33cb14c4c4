//! `[crm]`: the tickets of `/api/v2` and of assistants.

use serde::Deserialize;

use super::problem::Limits;
use crate::domain::language::Language;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrmConfig {
    /// The name of the SLA policy of these tickets (DESIGN C4); empty: the default one.
    pub sla_policy: String,
    /// Categories whose tickets need a subcategory (S2.32).
    pub subcategory_required: Vec<String>,
    /// The language in which assistants' tools answer customers of whom nothing tells it.
    pub language: String,
}

impl CrmConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        if self.sla_policy.chars().count() > 100 {
            limits.broken("crm.sla_policy", "expected at most 100 characters".to_owned());
        }
        let named = self.subcategory_required.iter();
        if self.subcategory_required.len() > 100 || named.clone().any(|slug| slug.len() > 64) {
            let why = "expected at most 100 categories of at most 64 bytes";
            limits.broken("crm.subcategory_required", why.to_owned());
        }
        if Language::parse(&self.language).is_none() {
            let why = format!("found {:?}, expected es, id, en or zh", self.language);
            limits.broken("crm.language", why);
        }
    }
}
