//! What no sample shows: a body with each of its members left out, or replaced by what it should not be.

use serde_json::{Value, json};

/// Values that stand where another was expected.
fn odd() -> [Value; 12] {
    [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(18_446_744_073_709_551_615_u64),
        json!(""),
        json!("\u{0}\u{202e}\u{2028}\u{1f469}\u{200d}\u{1f4bb}\u{feff}"),
        json!("x".repeat(70_000)),
        json!([]),
        json!({}),
        json!([[], {}, null, "x", 7]),
        deep(60),
    ]
}

/// Arrays and objects in one another.
pub fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, level| {
        if level % 2 == 0 { json!([inner]) } else { json!({"message": inner}) }
    })
}

/// Every member of a body, containers included: without it, and with a third of the odd values in its place (all of
/// them would be thousands of requests). Each with what was done to it.
pub fn mutated(body: &Value) -> impl Iterator<Item = (String, Value)> + '_ {
    let mut found = Vec::new();
    paths(body, "", &mut found);
    found.into_iter().enumerate().flat_map(move |(nth, path)| {
        let replaced = odd().into_iter().skip(nth % 3).step_by(3).map({
            let path = path.clone();
            move |value| {
                let mut changed = body.clone();
                if let Some(member) = changed.pointer_mut(&path) {
                    *member = value;
                }
                (path.clone(), changed)
            }
        });
        std::iter::once((format!("without {path}"), without(body, &path))).chain(replaced)
    })
}

/// The path of every member, containers included.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    if !at.is_empty() {
        found.push(at.to_owned());
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                paths(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(all) => {
            for (index, one) in all.iter().enumerate() {
                paths(one, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The body without the member at a path.
fn without(body: &Value, path: &str) -> Value {
    let mut body = body.clone();
    let (parent, name) = path.rsplit_once('/').expect("a path");
    match body.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(all)) => {
            all.remove(name.parse().expect("an index"));
        }
        _ => {}
    }
    body
}
