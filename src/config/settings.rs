//! Every setting with its value and where it came from: what `frontdesk config show` tells.

use std::collections::BTreeMap;

use figment::Figment;
use figment::value::{Dict, Value};

use super::Config;
use super::layers::{self, DEFAULT, Sources};
use super::problem::ConfigError;

/// Settings whose names hold one of these are secrets.
const SECRET: [&str; 5] = ["secret", "token", "password", "passphrase", "key"];
/// In place of a secret.
const MASK: &str = "\"********\"";
/// The path of a file that holds a secret is none, nor is the name of a header that bears one.
const PLAIN: [&str; 2] = ["_file", "_header"];

/// One setting as it stands after layering.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// `section.key`.
    pub key: String,
    /// As TOML; masked if it is a secret.
    pub value: String,
    /// `default`, a file's path, `credential …`, `environment variable …` or `flag …`.
    pub origin: String,
}

/// Every setting of a good configuration, sorted by key.
pub fn settings(sources: &Sources) -> Result<Vec<Setting>, ConfigError> {
    let (_, figment) = Config::layered(sources)?;
    let values: BTreeMap<String, Value> = figment.extract().map_err(layers::refused)?;
    let mut all = Vec::new();
    collect("", &values, &figment, &mut all);
    Ok(all)
}

fn collect(prefix: &str, dict: &Dict, figment: &Figment, all: &mut Vec<Setting>) {
    for (name, value) in dict {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if let Value::Dict(_, inner) = value {
            collect(&key, inner, figment, all);
            continue;
        }
        let metadata = figment.get_metadata(value.tag());
        let origin = metadata.map_or(DEFAULT, |metadata| &metadata.name).to_owned();
        all.push(Setting { key, value: shown(name, value), origin });
    }
}

/// The value of a setting as TOML, masked if it is a secret. One that is not set is no secret, and no number is.
fn shown(name: &str, value: &Value) -> String {
    let open = matches!(value, Value::Num(..) | Value::Bool(..)) || value.as_str() == Some("");
    if is_secret(name) && !open {
        return MASK.to_owned();
    }
    toml(value)
}

fn is_secret(name: &str) -> bool {
    !PLAIN.iter().any(|end| name.ends_with(end)) && SECRET.iter().any(|word| name.contains(word))
}

fn toml(value: &Value) -> String {
    match value {
        Value::Array(_, values) => {
            format!("[{}]", values.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        Value::Dict(_, dict) => {
            let pairs = dict.iter().map(|(name, value)| format!("{name} = {}", shown(name, value)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, number) => match (number.to_u128(), number.to_i128(), number.to_f64()) {
            (Some(number), ..) => number.to_string(),
            (_, Some(number), _) => number.to_string(),
            (.., number) => number.unwrap_or_default().to_string(),
        },
        // JSON's escapes are TOML's.
        other => serde_json::Value::from(other.as_str().unwrap_or_default()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in ["token", "smtp_password", "api_key", "webhook_secret", "passphrase"] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "token_header",
            "keep",
            "data_dir",
            "dedup_keep",
            "fallback_category",
            "secret_key_file",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let dict = Dict::from([("token".to_owned(), Value::from("hunter2"))]);
        let mut all = Vec::new();
        collect("smtp", &dict, &Figment::new(), &mut all);
        assert_eq!(all[0].key, "smtp.token");
        assert_eq!(all[0].value, "\"********\"");
    }

    #[test]
    fn a_list_of_sections_is_shown_without_its_secrets() {
        let source = [("name", "relay-1"), ("token", "hunter2"), ("token_file", "/etc/t")];
        let source: Dict = source.map(|(k, v)| (k.to_owned(), Value::from(v))).into();
        let dict = Dict::from([("sources".to_owned(), Value::from(vec![source]))]);
        let mut all = Vec::new();
        collect("ingest", &dict, &Figment::new(), &mut all);
        let shown = r#"[{ name = "relay-1", token = "********", token_file = "/etc/t" }]"#;
        assert_eq!(all[0].value, shown);
    }
}
