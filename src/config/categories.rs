//! Tables of categories with their keywords: data that the user names.

use std::collections::BTreeMap;

use super::problem::Limits;

const MAX_CATEGORIES: usize = 64;
const MAX_NAME: usize = 48;
const MAX_KEYWORDS: usize = 200;
const MAX_KEYWORD: usize = 64;

/// Whether a category may be called so; if not, what would be right.
pub(super) fn name(name: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(good) {
        return Ok(());
    }
    Err(format!("found {name:?} as a category's name, expected 1 to {MAX_NAME} of a-z, 0-9 and _"))
}

/// The table at `key`.
pub(super) fn check(key: &str, table: &BTreeMap<String, Vec<String>>, limits: &mut Limits) {
    if table.len() > MAX_CATEGORIES {
        limits.broken(key, format!("{} categories, at most {MAX_CATEGORIES}", table.len()));
    }
    for (name, keywords) in table {
        check_keywords(&format!("{key}.{name}"), keywords, limits);
    }
}

fn check_keywords(key: &str, keywords: &[String], limits: &mut Limits) {
    if keywords.len() > MAX_KEYWORDS {
        limits.broken(key, format!("{} keywords, at most {MAX_KEYWORDS}", keywords.len()));
    }
    for keyword in keywords {
        let length = keyword.chars().count();
        if length > MAX_KEYWORD || !keyword.chars().any(char::is_alphanumeric) {
            limits.broken(
                key,
                format!(
                    "found {keyword:?}, expected a keyword of 1 to {MAX_KEYWORD} characters with a letter or digit"
                ),
            );
        }
    }
}
