//! The configuration as it may be shown to others: what is a number, a size, a span, an address to listen on
//! or a word of ours stands as it is; of every other text only its length.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;

use crate::config::{self, Setting, Sources, settings};

/// Words that settings choose from.
const WORDS: [&str; 19] = [
    "error",
    "warn",
    "info",
    "debug",
    "trace",
    "text",
    "json",
    "low",
    "medium",
    "high",
    "urgent",
    "off",
    "keyfile",
    "passphrase",
    "self",
    "files",
    "openai",
    "azure-preview",
    "azure-ga",
];
/// Its keys and values are the user's own.
const OPEN_TABLE: &str = "calls.categories.";

/// Every setting, a line each.
pub fn shareable(sources: &Sources) -> String {
    let all = match settings(sources) {
        Ok(all) => all,
        // What is wrong may quote what was written.
        Err(error) => {
            let count = error.problems.len();
            return format!("the configuration cannot be used; problems: {count}\n");
        }
    };
    let defaults = settings(&Sources::default()).unwrap_or_default();
    let defaults: BTreeMap<&str, &str> =
        defaults.iter().map(|s| (s.key.as_str(), s.value.as_str())).collect();
    let mut text = String::new();
    let mut own_categories = 0;
    for Setting { key, value, origin } in &all {
        let default = defaults.get(key.as_str()).copied();
        if key.starts_with(OPEN_TABLE) {
            own_categories += usize::from(default != Some(value));
            continue;
        }
        let value = if default == Some(value) || is_plain(key, value, default) {
            value.clone()
        } else {
            hidden(value)
        };
        // A file's path is the only origin that somebody chose.
        let origin = if origin.contains('/') { "file" } else { origin };
        let _ = writeln!(text, "{key} = {value}  # {origin}");
    }
    let _ = writeln!(text, "{OPEN_TABLE}*: {own_categories} differ from the defaults");
    text
}

/// Whether this is a setting of a kind in which nothing can be said of anybody; what kind it is, its default tells,
/// and the configuration was checked.
fn is_plain(key: &str, value: &str, default: Option<&str>) -> bool {
    let text = |value: &str| Some(value.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    let (Some(value), Some(default)) = (text(value), default.and_then(text)) else {
        // Numbers and true or false; a list may hold texts.
        return default.is_some() && !value.starts_with(['[', '"']);
    };
    let measured = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    key == "timezone"
        || WORDS.contains(&value.as_str())
        || value.parse::<SocketAddr>().is_ok()
        || (measured(&default)
            && (config::parse_duration(&value).is_ok() || config::parse_size(&value).is_ok()))
}

fn hidden(value: &str) -> String {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(text) => format!("(a text of {} characters)", text.chars().count()),
        None => "(not shown)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(key: &'static str, value: &str) -> String {
        let text = shareable(&Sources::default().flag(key, "--flag", Some(value)));
        let line = text.lines().find(|line| line.starts_with(&format!("{key} = ")));
        line.unwrap_or_else(|| panic!("{key} in {text}")).to_owned()
    }

    #[test]
    fn numbers_sizes_spans_addresses_and_words_of_ours_are_shown() {
        for (key, value) in [
            ("http.max_connections", "77"),
            ("store.cache", "5 MiB"),
            ("calls.resume_grace", "17s"),
            ("http.listen", "127.0.0.1:8081"),
            ("calls.legacy_listen", "127.0.0.1:8003"),
            ("log.level", "debug"),
            ("agents.see_all", "true"),
            ("timezone", "Asia/Jakarta"),
        ] {
            assert!(shown(key, value).contains(value), "{}", shown(key, value));
        }
    }

    #[test]
    fn of_a_text_only_its_length_is_shown() {
        let line = shown("data_dir", "/home/siti/desk");
        assert_eq!(line, "data_dir = (a text of 15 characters)  # flag --flag");
        assert!(shown("tickets.call_prefix", "SITI").contains("(a text of 4 characters)"));
    }
}
