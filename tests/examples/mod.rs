//! An example of a seed's pages and what the daemon answered: what the example names must be there, as it stands or as
//! the same kind of thing.

use serde_json::Value;

/// `"uuid"` is any id, a time any time, `"any"` anything that is there; whatever else is there may be so.
pub fn fits(example: &Value, shown: &Value, path: &str) {
    match example {
        Value::Object(fields) => {
            for (name, field) in fields {
                let found = shown.get(name).unwrap_or_else(|| panic!("{path}.{name} in {shown}"));
                fits(field, found, &format!("{path}.{name}"));
            }
        }
        Value::Array(all) => {
            let found = shown.as_array().unwrap_or_else(|| panic!("{path}: {shown}"));
            assert_eq!(all.len(), found.len(), "{path}: {shown}");
            all.iter().zip(found).for_each(|(one, shown)| fits(one, shown, path));
        }
        Value::String(text) if text == "any" => {}
        Value::String(text) if text.ends_with("uuid") => {
            let is_id = shown.is_u64() || shown.as_str().is_some_and(|id| id.len() == 36);
            assert!(is_id, "{path}: {shown}");
        }
        Value::String(text) if text.ends_with('Z') => {
            assert!(shown.as_str().is_some_and(|time| time.ends_with('Z')), "{path}: {shown}");
        }
        Value::Number(number) => assert_eq!(number.as_f64(), shown.as_f64(), "{path}: {shown}"),
        same => assert_eq!(same, shown, "{path}"),
    }
}
