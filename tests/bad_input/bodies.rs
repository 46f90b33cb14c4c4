//! Bodies that are too large, too deep, of another kind, or that lack what is needed.

use serde_json::{Value, json};

use super::operation::Operation;
use super::{Desk, assert_names_field};

/// Values of other types than the schema's.
fn wrong_values(schema: &Value) -> Vec<Value> {
    let is = |kind: &str| {
        schema["type"] == kind
            || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!(kind)))
    };
    let mut wrong = Vec::new();
    if !is("object") {
        wrong.push(json!({"a": 1}));
    }
    if !is("array") {
        wrong.push(json!([1]));
    }
    if !is("string") {
        wrong.push(json!("word"));
    } else {
        wrong.extend([json!(7), json!(-1.5), json!(true)]);
    }
    if is("integer") {
        wrong.extend([json!(-1), json!(1.5), json!(1e300)]);
    }
    if !is("boolean") {
        wrong.push(json!(false));
    }
    wrong
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    let desk = Desk::shared();
    for operation in desk.changing() {
        let path = desk.address(operation);
        // A place may be an address, or an object.
        let properties = operation.properties.iter().filter(|(name, _)| name != "location");
        for (name, schema) in properties {
            for value in wrong_values(schema) {
                let body = operation.body_with(name, value);
                let answer = desk.send(operation, &path, body.as_bytes());
                assert_names_field(&format!("{} with {body}", operation.name()), &answer, name);
            }
        }
    }
    desk.must_be_well();
}

#[test]
fn a_field_that_is_missing_is_named() {
    let desk = Desk::shared();
    for operation in desk.changing() {
        let path = desk.address(operation);
        for name in &operation.required {
            let mut body = operation.body();
            body.remove(name);
            let body = Value::Object(body).to_string();
            let answer = desk.send(operation, &path, body.as_bytes());
            assert_names_field(&format!("{} with {body}", operation.name()), &answer, name);
        }
    }
}

#[test]
fn a_text_longer_than_described_is_named() {
    let desk = Desk::shared();
    for operation in desk.changing() {
        let path = desk.address(operation);
        for (name, schema) in &operation.properties {
            let Some(longest) = schema["maxLength"].as_u64() else { continue };
            let body = operation.body_with(name, json!("x".repeat(longest as usize + 1)));
            let answer = desk.send(operation, &path, body.as_bytes());
            assert_names_field(&format!("{} in {name}", operation.name()), &answer, name);
        }
    }
}

/// Within the schema and beyond any sense.
#[test]
fn values_nobody_would_send_are_taken_or_refused_but_never_break_anything() {
    let desk = Desk::shared();
    let texts = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{202e}\u{feff}",
        "'; DROP TABLE tickets; --",
        "../../etc/passwd",
        "{{customer_name}}",
        "<script>alert(1)</script>",
    ];
    let long = "x".repeat(1 << 20);
    for operation in desk.changing() {
        for (name, schema) in &operation.properties {
            let path = desk.address(operation);
            if schema["type"].to_string().contains("string") {
                for text in texts.iter().copied().chain([long.as_str()]) {
                    desk.send(operation, &path, operation.body_with(name, json!(text)).as_bytes());
                }
            }
            if schema["type"] == "integer" {
                for number in [json!(u64::MAX), json!(i64::MAX), json!(u64::from(u32::MAX) + 1)] {
                    desk.send(operation, &path, operation.body_with(name, number).as_bytes());
                }
            }
            desk.send(operation, &path, operation.body_with(name, Value::Null).as_bytes());
        }
        let path = desk.address(operation);
        desk.send(operation, &path, operation.body_with("no_such_field", json!([{}])).as_bytes());
    }
    desk.must_be_well();
}

#[test]
fn a_body_over_the_limit_is_413() {
    let desk = Desk::shared();
    let mut body = b"{\"filler\":\"".to_vec();
    body.resize(10_000_000, b'x');
    body.extend_from_slice(b"\"}");
    for operation in desk.changing() {
        let answer = desk.send(operation, &desk.address(operation), &body);
        assert_eq!(answer.status, 413, "{}: {}", operation.name(), answer.text());
    }
    desk.must_be_well();
}

fn nested(open: &str, inner: &str, close: &str) -> String {
    const DEPTH: usize = 10_000;
    format!("{}{inner}{}", open.repeat(DEPTH), close.repeat(DEPTH))
}

#[test]
fn a_body_nested_ten_thousand_deep_is_refused() {
    let desk = Desk::shared();
    let (arrays, objects) = (nested("[", "", "]"), nested("{\"a\":", "1", "}"));
    for operation in desk.changing() {
        let path = desk.address(operation);
        let answer = desk.send(operation, &path, arrays.as_bytes());
        assert_eq!(answer.status, 400, "{}: {}", operation.name(), answer.text());
        // A member that nobody knows may be passed over, however deep it is.
        desk.send(operation, &path, objects.as_bytes());
        for (name, _) in &operation.properties {
            let body = operation.body_with(name, json!("DEEP"));
            for deep in [&arrays, &objects] {
                let answer = desk.send(operation, &path, body.replace("\"DEEP\"", deep).as_bytes());
                assert_eq!(answer.status, 400, "{} in {name}: {}", operation.name(), answer.text());
            }
        }
    }
    desk.must_be_well();
}

/// Operations that take JSON of a shape of their own; a door takes what bridges send.
fn strict(operation: &Operation) -> bool {
    !operation.path.starts_with("/webhook/")
}

#[test]
fn a_body_that_is_no_json_object_is_refused() {
    let desk = Desk::shared();
    let bodies: [&[u8]; 14] = [
        b"no json",
        b"{",
        b"{\"a\":1}}",
        b"{\"a\":1} {\"b\":2}",
        b"{a:1}",
        b"{'a':1}",
        b"{\"a\":NaN}",
        b"{\"a\":1,}",
        b"\xef\xbb\xbf{",
        b"\0",
        b"{\"a\":\"\x01\"}",
        b"{\"a\":01}",
        b"{\"a\":1e}",
        b"<a/>",
    ];
    for operation in desk.changing() {
        let path = desk.address(operation);
        for body in bodies {
            let answer = desk.send(operation, &path, body);
            let body = String::from_utf8_lossy(body);
            assert_eq!(answer.status, 400, "{} with {body:?}: {}", operation.name(), answer.text());
        }
        for body in ["null", "[]", "\"word\"", "7", "true"] {
            let answer = desk.send(operation, &path, body.as_bytes());
            let refused = answer.status == 400 || !strict(operation);
            assert!(
                refused,
                "{} with {body}: {} {}",
                operation.name(),
                answer.status,
                answer.text()
            );
        }
    }
    desk.must_be_well();
}

#[test]
fn a_body_that_is_no_utf_8_is_refused() {
    let desk = Desk::shared();
    for operation in desk.changing() {
        let path = desk.address(operation);
        for (name, schema) in &operation.properties {
            if !schema["type"].to_string().contains("string") {
                continue;
            }
            let body = operation.body_with(name, json!("MARK"));
            let (before, after) = body.split_once("MARK").expect("the mark");
            let body = [before.as_bytes(), b"\xff\xfe\xc3\x28", after.as_bytes()].concat();
            let answer = desk.send(operation, &path, &body);
            assert_eq!(answer.status, 400, "{} in {name}: {}", operation.name(), answer.text());
        }
        let answer = desk.send(operation, &path, b"{\"\xff\":\"\xc0\xaf\"}");
        assert!(
            answer.status == 400 || !strict(operation),
            "{}: {}",
            operation.name(),
            answer.text()
        );
    }
    desk.must_be_well();
}

#[test]
fn a_body_of_another_media_type_is_415() {
    let desk = Desk::shared();
    for operation in desk.changing() {
        let path = desk.address(operation);
        let body = Value::Object(operation.body()).to_string();
        for kind in [
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "json",
            "",
            "💥",
        ] {
            let headers = [("Content-Type", kind)];
            let answer = desk.ask(
                &operation.method,
                &path,
                Some(desk.key_to(operation)),
                &headers,
                body.as_bytes(),
            );
            let refused = answer.status == 415 || !strict(operation);
            assert!(
                refused,
                "{} as {kind:?}: {} {}",
                operation.name(),
                answer.status,
                answer.text()
            );
        }
    }
    desk.must_be_well();
}

#[test]
fn an_idempotency_key_that_cannot_be_one_is_refused() {
    let desk = Desk::shared();
    let long = "k".repeat(5000);
    for operation in desk.changing() {
        let path = desk.address(operation);
        let body = Value::Object(operation.body()).to_string();
        for (key, refused) in
            [("", true), (long.as_str(), true), ("💥 key, with \"quotes\"", false)]
        {
            let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
            let answer = desk.ask(
                &operation.method,
                &path,
                Some(desk.key_to(operation)),
                &headers,
                body.as_bytes(),
            );
            assert!(
                answer.status == 400 || !refused,
                "{} with key {key:.20}: {} {}",
                operation.name(),
                answer.status,
                answer.text()
            );
        }
    }
    desk.must_be_well();
}
