//! Changes for samples in tests: any value of a body is replaced by any other.

use proptest::prelude::*;
use serde_json::{Value, json};

pub fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("<p><br>&amp;<")),
        Just(json!({})),
        Just(json!([])),
        Just(json!([[[]], {"id": {}}, "x"])),
        Just(json!({"id": 7, "body": "words", "type": "admin"})),
    ]
}

/// Replaces the `nth` value, counted depth first.
pub fn replace(value: &mut Value, nth: &mut usize, part: &Value) {
    if *nth == 0 {
        *value = part.clone();
        *nth = usize::MAX;
        return;
    }
    *nth -= 1;
    match value {
        Value::Array(parts) => parts.iter_mut().for_each(|inner| replace(inner, nth, part)),
        Value::Object(parts) => parts.values_mut().for_each(|inner| replace(inner, nth, part)),
        _ => {}
    }
}
