//! What people of the desk know of a contact, beside what its channels tell of it.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// One row a contact; a contact that nobody wrote anything about has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The name was given by people: what a channel calls them does not change it.
    pub is_named: bool,
    pub vip: bool,
    /// A language tag as `es-MX`; at most [`MAX_LANGUAGE`] bytes.
    pub language: Option<String>,
    /// At most [`MAX_NOTES`] characters.
    pub notes: Option<String>,
    /// At most [`MAX_TAGS`], sorted, each once.
    pub tags: Vec<String>,
    /// Free attributes by name, sorted, each once; at most [`MAX_ATTRIBUTES`].
    pub attributes: Vec<(String, String)>,
    pub updated_at: Micros,
}

pub const MAX_LANGUAGE: usize = 35;
pub const MAX_NOTES: usize = 10_000;
pub const MAX_TAGS: usize = 32;
pub const MAX_TAG: usize = 64;
pub const MAX_ATTRIBUTES: usize = 50;
pub const MAX_ATTRIBUTE_NAME: usize = 64;
pub const MAX_ATTRIBUTE: usize = 1_000;

/// Whether a text is shaped like a language tag (BCP 47): `en`, `es-MX`, `zh-Hans`.
pub fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let is_first = (2..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    let is_later = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    tag.len() <= MAX_LANGUAGE && is_first && parts.all(is_later)
}

impl Profile {
    /// Takes over what was known of somebody who turned out to be the same person. Where both say something the
    /// own word stays; notes are put together, as nothing that somebody wrote down may be lost.
    pub fn absorb(&mut self, other: Profile) {
        self.is_named |= other.is_named;
        self.vip |= other.vip;
        self.language = self.language.take().or(other.language);
        self.notes = match (self.notes.take(), other.notes) {
            (Some(own), Some(theirs)) if own != theirs => {
                Some(format!("{own}\n\n{theirs}").chars().take(MAX_NOTES).collect())
            }
            (own, theirs) => own.or(theirs),
        };
        for tag in other.tags {
            if self.tags.len() < MAX_TAGS && !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
        self.tags.sort_unstable();
        for (name, value) in other.attributes {
            if self.attributes.len() < MAX_ATTRIBUTES && self.attribute(&name).is_none() {
                self.attributes.push((name, value));
            }
        }
        self.attributes.sort_unstable();
        self.updated_at = self.updated_at.max(other.updated_at);
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Sets an attribute, or takes it away.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.attributes.retain(|(known, _)| known != name);
        if let Some(value) = value {
            self.attributes.push((name.to_owned(), value.to_owned()));
            self.attributes.sort_unstable();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_tags_are_told_from_other_words() {
        for good in ["en", "es-MX", "zh-Hans", "id"] {
            assert!(is_language(good), "{good}");
        }
        for bad in ["", "e", "es_MX", "es-", "español", "english language"] {
            assert!(!is_language(bad), "{bad}");
        }
    }

    #[test]
    fn of_two_profiles_of_one_person_nothing_written_is_lost() {
        let mut own = Profile { notes: Some("calls late".into()), ..Profile::default() };
        own.set("plan", Some("gold"));
        let mut theirs =
            Profile { vip: true, notes: Some("prefers mail".into()), ..Profile::default() };
        theirs.set("plan", Some("silver"));
        theirs.set("city", Some("Lima"));
        own.absorb(theirs);
        assert!(own.vip);
        assert_eq!(own.notes.as_deref(), Some("calls late\n\nprefers mail"));
        assert_eq!((own.attribute("plan"), own.attribute("city")), (Some("gold"), Some("Lima")));
    }
}
