//! Takes payment card numbers and card security codes out of what people say and write, before anything is
//! kept (S0.51).
//!
//! What always holds: of a card number the first six and the last four digits stay, of a security code
//! nothing; text without either comes back as it was, unchanged and not copied. A card number has 13 to 19
//! digits, begins as an issuer's do and passes Luhn's check; how it is grouped, spoken or separated does not
//! matter, in digits of any script and in English, Indonesian and Spanish words.

mod card;
mod code;
mod groups;
mod spoken;

use std::borrow::Cow;
use std::ops::Range;

use regex_lite::Regex;

/// What a pattern of the user's own is replaced by.
const PATTERN: &str = "[redacted]";
pub const MAX_PATTERNS: usize = 32;
/// Bytes of one pattern.
pub const MAX_PATTERN: usize = 512;

#[derive(Clone, Debug, Default)]
pub struct Redactor {
    cards: bool,
    patterns: Vec<Regex>,
}

/// A stretch of text and what stands there instead.
#[derive(Debug, PartialEq, Eq)]
struct Mask {
    at: Range<usize>,
    by: String,
}

impl Redactor {
    /// `cards`: card numbers and security codes. A pattern that is no regular expression is given back with
    /// what is wrong with it.
    pub fn new(cards: bool, patterns: &[String]) -> Result<Redactor, (String, String)> {
        let compiled = patterns.iter().map(|p| pattern(p).map_err(|why| (p.clone(), why)));
        Ok(Redactor { cards, patterns: compiled.collect::<Result<_, _>>()? })
    }

    /// The text without what must not be kept.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        if self.cards {
            let found = found(text);
            if !found.is_empty() {
                masked = Cow::Owned(apply(text, found));
            }
        }
        for pattern in &self.patterns {
            if pattern.is_match(&masked) {
                masked = Cow::Owned(pattern.replace_all(&masked, PATTERN).into_owned());
            }
        }
        masked
    }

    /// The same in place.
    pub fn clear(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.redact(text) {
            *text = masked;
        }
    }
}

fn pattern(text: &str) -> Result<Regex, String> {
    if text.len() > MAX_PATTERN {
        return Err(format!("is longer than {MAX_PATTERN} bytes"));
    }
    let pattern = Regex::new(text).map_err(|error| error.to_string())?;
    if pattern.is_match("") {
        return Err("matches the empty text, and so would stand between all letters".into());
    }
    Ok(pattern)
}

fn found(text: &str) -> Vec<Mask> {
    let groups = groups::groups(text);
    if groups.is_empty() {
        return Vec::new();
    }
    let mut masks = card::find(text, &groups);
    let codes = code::find(text, &groups);
    masks.extend(codes.into_iter().map(|at| Mask { at, by: "***".into() }));
    masks.sort_by_key(|mask| mask.at.start);
    masks.dedup_by(|later, earlier| later.at.start < earlier.at.end);
    masks
}

fn apply(text: &str, masks: Vec<Mask>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for Mask { at, by } in masks {
        out.push_str(&text[from..at.start]);
        // A number in JSON becomes a string, so that it stays JSON.
        let quote = if is_json_number(text, &at) { "\"" } else { "" };
        out.extend([quote, &by, quote]);
        from = at.end;
    }
    out.push_str(&text[from..]);
    out
}

fn is_json_number(text: &str, at: &Range<usize>) -> bool {
    let before = text[..at.start].trim_end().chars().next_back();
    let after = text[at.end..].trim_start().chars().next();
    text.trim_start().starts_with(['{', '['])
        && matches!(before, Some(':' | ',' | '['))
        && matches!(after, Some(',' | '}' | ']'))
}

#[cfg(test)]
mod tests;
