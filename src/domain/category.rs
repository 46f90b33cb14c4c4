//! Categories of tickets: a tree that the desk names, with the words by which a ticket's category is found.
//!
//! A ticket holds the slug alone, which never changes: a category can be renamed and moved as one likes.

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// One category (S3.13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// What tickets hold: 1 to [`MAX_SLUG`] of a-z, 0-9, `_` and `-`; the row's key.
    pub slug: String,
    pub name: String,
    pub description: Option<String>,
    /// As `#3B82F6`.
    pub color: String,
    /// The slug of the category that this one is part of.
    pub parent: Option<String>,
    pub keywords: Vec<String>,
    pub found_in: FoundIn,
    /// As the configuration has it, whose keywords it follows until somebody changes it here.
    pub configured: bool,
    /// Deleted here, so that the configuration does not bring it back.
    pub deleted: bool,
    pub created_at: Micros,
    pub updated_at: Micros,
}

/// In what its keywords are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundIn {
    Calls,
    /// Everything that is no call.
    Tickets,
    All,
}

impl FoundIn {
    pub fn as_str(self) -> &'static str {
        match self {
            FoundIn::Calls => "calls",
            FoundIn::Tickets => "tickets",
            FoundIn::All => "all",
        }
    }

    pub fn parse(text: &str) -> Option<FoundIn> {
        [FoundIn::Calls, FoundIn::Tickets, FoundIn::All].into_iter().find(|f| f.as_str() == text)
    }

    pub fn with(self, other: FoundIn) -> FoundIn {
        if self == other { self } else { FoundIn::All }
    }
}

/// Categories at once.
pub const MAX_CATEGORIES: usize = 500;
/// Bytes of a slug.
pub const MAX_SLUG: usize = 64;
/// Characters.
pub const MAX_CATEGORY_NAME: usize = 64;
pub const MAX_CATEGORY_DESCRIPTION: usize = 500;
pub const MAX_KEYWORDS: usize = 200;
pub const MAX_KEYWORD: usize = 64;
/// Categories from the root to a leaf.
pub const MAX_DEPTH: usize = 5;

const PALETTE: [&str; 8] =
    ["#3B82F6", "#10B981", "#F59E0B", "#EF4444", "#8B5CF6", "#EC4899", "#14B8A6", "#6B7280"];

/// The colour of a category that was given none.
pub fn color_of(slug: &str) -> &'static str {
    let sum = slug.bytes().fold(0_usize, |sum, b| sum + usize::from(b));
    PALETTE[sum % PALETTE.len()]
}

/// Whether this is a colour as `#3B82F6`.
pub fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

pub fn is_slug(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    (1..=MAX_SLUG).contains(&text.len()) && text.bytes().all(good)
}

/// The slug of a name: `Technical support` is `technical_support`. Empty where the name has no letter of a to z.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.truncate(MAX_SLUG);
    slug.trim_end_matches('_').to_owned()
}

/// What a slug reads like: `technical_support` is `Technical support`.
pub fn name_of(slug: &str) -> String {
    let mut name = slug.replace(['_', '-'], " ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_slugs_lead_to_each_other() {
        assert_eq!(slug_of("Technical support"), "technical_support");
        assert_eq!(slug_of("  Fees & Charges! "), "fees_charges");
        assert_eq!(slug_of("計費"), "");
        assert_eq!(name_of("technical_support"), "Technical support");
        assert!(is_slug(&slug_of(&"Ä long ".repeat(30))));
    }

    #[test]
    fn a_colour_has_six_hex_digits() {
        assert!(is_color("#3B82F6") && is_color(color_of("billing")));
        for wrong in ["3B82F6", "#3B82F", "#3B82FG", "#3B82F60", ""] {
            assert!(!is_color(wrong), "{wrong}");
        }
    }
}
