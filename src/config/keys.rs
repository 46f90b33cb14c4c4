//! The keys that exist, as `config/default.toml` has them, and the nearest one to a key that does not.

use figment::value::{Dict, Value};

use super::categories;

/// The tables whose keys the user names.
const OPEN_TABLES: [&str; 2] = ["calls.categories", "tickets.categories"];

/// Less alike than this is no suggestion.
pub(super) const ALIKE: f64 = 0.6;

/// Sections and keys, dotted.
pub struct Keys {
    defaults: Dict,
    all: Vec<String>,
}

impl Keys {
    pub fn of(defaults: Dict) -> Keys {
        let mut all = Vec::new();
        collect("", &defaults, &mut all);
        Keys { defaults, all }
    }

    /// Whether the default of this key is a string, so that a variable or flag is taken literally.
    pub fn is_text(&self, path: &[&str]) -> bool {
        matches!(self.default_of(path), Some(Value::String(..)))
    }

    fn default_of(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(self.defaults.get(*first)?, |value, part| match value {
            Value::Dict(_, dict) => dict.get(*part),
            _ => None,
        })
    }

    /// Says what is wrong with a key, as `spell` writes keys in its source; `None` if it exists.
    pub fn unknown(&self, path: &[&str], spell: fn(&str) -> String) -> Option<String> {
        let key = path.join(".");
        let mut open = OPEN_TABLES.iter().filter_map(|table| key.strip_prefix(table));
        if let Some(name) = open.find_map(|rest| rest.strip_prefix('.')) {
            return categories::name(name).err();
        }
        if self.default_of(path).is_some() {
            return None;
        }
        Some(match self.nearest(&key) {
            Some(near) => format!("no such setting; did you mean {}?", spell(near)),
            None => "no such setting; `frontdesk config show` lists all".to_owned(),
        })
    }

    /// Every key of `dict` that does not exist or stands where it cannot, with what is wrong with it.
    pub fn misplaced(&self, dict: &Dict) -> Vec<(String, String)> {
        let mut found = Vec::new();
        self.walk(&mut Vec::new(), dict, &mut found);
        found
    }

    fn walk<'a>(&self, path: &mut Vec<&'a str>, dict: &'a Dict, found: &mut Vec<(String, String)>) {
        for (name, value) in dict {
            path.push(name);
            if let Some(text) = self.unknown(path, |key| format!("`{key}`")) {
                found.push((path.join("."), text));
            } else {
                match (self.default_of(path), value) {
                    (Some(Value::Dict(..)), Value::Dict(_, inner)) => self.walk(path, inner, found),
                    (Some(Value::Dict(..)), _) => {
                        let text =
                            "is a section: write its keys below it, or as `section.key = value`";
                        found.push((path.join("."), text.to_owned()));
                    }
                    _ => {}
                }
            }
            path.pop();
        }
    }

    fn nearest(&self, unknown: &str) -> Option<&str> {
        let score = |key: &str| {
            let whole = strsim::normalized_damerau_levenshtein(unknown, key);
            let last = strsim::normalized_damerau_levenshtein(last_part(unknown), last_part(key));
            whole.max(0.9 * last)
        };
        let scored = self.all.iter().map(|key| (score(key), key));
        let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 >= ALIKE).then_some(best.1)
    }
}

fn collect(prefix: &str, dict: &Dict, all: &mut Vec<String>) {
    for (name, value) in dict {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if let Value::Dict(_, inner) = value
            && !OPEN_TABLES.contains(&key.as_str())
        {
            collect(&key, inner, all);
        }
        all.push(key);
    }
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}
