//! Who is meant: a message names its writer by number, by business-scoped user id, or both; the list of
//! contacts beside it tells what one of them lacks, and the name.

use serde_json::Value;

use crate::wire::chat::jid::Jid;
use crate::wire::chat::party::Parties;
use crate::wire::chat::{Skip, label, list, text};

pub struct People<'v>(&'v [Value]);

/// A string that says something.
fn told<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    text(value, name).map(str::trim).filter(|text| !text.is_empty())
}

impl<'v> People<'v> {
    pub fn of(value: &'v Value) -> People<'v> {
        People(list(value, "contacts"))
    }

    /// The contact of a message: by number or id, or the only one there is.
    fn contact(&self, message: &Value) -> Option<&'v Value> {
        let (phone, user) = (told(message, "from"), told(message, "from_user_id"));
        let is = |contact: &&Value| {
            let same = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
            same(told(contact, "wa_id"), phone) || same(told(contact, "user_id"), user)
        };
        match self.0 {
            [only] if phone.is_none() && user.is_none() => Some(only),
            all => all.iter().find(is),
        }
    }

    pub fn name(&self, message: &Value) -> Option<String> {
        let profile = self.contact(message)?.get("profile")?;
        ["name", "username"].into_iter().find_map(|name| label(profile.get(name)))
    }

    /// The parties of a message that we received, or of the echo of one that was written on our own phone.
    pub fn parties(&self, message: &Value, echo: bool) -> Result<Parties, Skip> {
        let phone = |name| told(message, name).and_then(Jid::parse_or_phone);
        let user = |name| told(message, name).and_then(Jid::of_bsuid);
        let mut person = match echo {
            true => vec![phone("to"), user("to_user_id")],
            false => vec![phone("from"), user("from_user_id")],
        };
        if let Some(contact) = self.contact(message).filter(|_| !echo) {
            person.push(told(contact, "wa_id").and_then(Jid::parse_or_phone));
            person.push(told(contact, "user_id").and_then(Jid::of_bsuid));
        }
        let group = told(message, "group_id").map(|group| group.trim_end_matches("@g.us"));
        match group.and_then(|group| Jid::parse(&format!("{group}@g.us"))) {
            Some(group) => Parties::of(group, echo, person, []),
            None => {
                let first = person.iter().flatten().next().cloned().ok_or(Skip::Malformed)?;
                Parties::of(first, echo, [], person)
            }
        }
    }
}
