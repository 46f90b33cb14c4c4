//! What is noted of contacts: of somebody who is there, and is nobody else.

use super::{CHUNK, Check};
use crate::domain::contact::Contact;
use crate::domain::profile::Profile;
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::Order;

impl Check {
    /// The next profiles; false when there are no more.
    pub(super) fn profiles(&mut self, rows: &Rows<'_>) -> Result<bool, ReadError> {
        let start = key::number(self.next_profile);
        let profiles = rows.scan::<Profile>(&start, None, Order::Ascending, CHUNK)?;
        for (row_key, _) in &profiles {
            let Ok(id) = row_key[..].try_into().map(u64::from_be_bytes) else {
                self.report.find("a profile lies under a key that names no contact".into());
                continue;
            };
            self.next_profile = id + 1;
            match rows.get::<Contact>(&key::number(id))? {
                Some(contact) if contact.merged_into.is_none() => {}
                Some(_) => {
                    self.report.find(format!("contact {id} is another's, and has a profile"));
                }
                None => self.report.find(format!("contact {id} has a profile and is missing")),
            }
        }
        Ok(profiles.len() == CHUNK)
    }
}
