//! Parameters of the query and of the path that cannot be what they should.

use serde_json::Value;

use super::operation::Operation;
use super::{Desk, assert_names_field};

#[test]
fn a_number_that_is_none_is_named() {
    let desk = Desk::shared();
    for operation in &desk.operations {
        let path = desk.address(operation);
        let key = Some(desk.key_to(operation));
        for (name, schema) in
            operation.query.iter().filter(|(_, schema)| schema["type"] == "integer")
        {
            let mut wrong: Vec<_> =
                ["-1", "ten", "1.5", "1e3", "99999999999999999999", "0x10", "%ff", "%00", "💥"]
                    .map(str::to_owned)
                    .to_vec();
            if let Some(maximum) = schema["maximum"].as_u64() {
                wrong.extend([(maximum + 1).to_string(), u32::MAX.to_string()]);
            }
            for value in wrong {
                let address = format!("{path}?{name}={value}");
                let answer = desk.ask(&operation.method, &address, key, &[], b"");
                assert_names_field(&address, &answer, name);
            }
        }
    }
    desk.must_be_well();
}

#[test]
fn the_largest_limit_is_allowed() {
    let desk = Desk::shared();
    let mut lists = 0;
    // What a customer sees is shown to the customer's own token only.
    let staff = |operation: &&Operation| !operation.path.starts_with("/api/public/");
    for operation in desk.operations.iter().filter(staff) {
        let path = desk.address(operation);
        for (name, schema) in operation.query.iter().filter(|(name, _)| name == "limit") {
            let maximum = schema["maximum"].as_u64().expect("every limit has a maximum");
            let words = operation.query.iter().find(|(name, _)| name == "q").map(|_| "&q=parcel");
            let address = format!("{path}?{name}={maximum}{}", words.unwrap_or_default());
            let answer = desk.ask("GET", &address, Some(desk.key_to(operation)), &[], b"");
            // There is no webhook whose deliveries could be listed.
            let wanted = if path.starts_with("/api/webhooks/") { 404 } else { 200 };
            assert_eq!(answer.status, wanted, "{address}: {}", answer.text());
            lists += 1;
        }
    }
    assert!(lists >= 5, "{lists} lists are not all");
}

#[test]
fn a_word_that_nobody_knows_is_named() {
    let desk = Desk::shared();
    for operation in &desk.operations {
        for (name, _) in
            operation.query.iter().filter(|(name, _)| name == "status" || name == "priority")
        {
            for word in ["nonsense", "%ff", "open%00", "OPEN%20OR%201=1"] {
                let address = format!("{}?{name}={word}", desk.address(operation));
                let answer =
                    desk.ask(&operation.method, &address, Some(desk.key_to(operation)), &[], b"");
                assert_names_field(&address, &answer, name);
            }
        }
    }
}

#[test]
fn a_query_that_is_no_query_breaks_nothing() {
    let desk = Desk::shared();
    let long = "x=".repeat(4000);
    for operation in desk.operations.iter().filter(|operation| operation.method == "GET") {
        let path = desk.address(operation);
        for query in
            ["%", "%zz", "&&&&==", "limit=1&limit=2", "limit[]=1", "=1", "?", "limit", "💥", &long]
        {
            desk.ask("GET", &format!("{path}?{query}"), Some(desk.key_to(operation)), &[], b"");
        }
    }
    desk.must_be_well();
}

#[test]
fn a_ticket_that_is_not_there_is_404() {
    let desk = Desk::shared();
    let unknown = [
        "999999999",
        "%23999999999",
        "0",
        "18446744073709551615",
        "GXS-20200101-00000000",
        "TKT-20200101-00000000",
        "TICKET-2020-000001",
        "00000000-0000-0000-0000-000000000000",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "nonsense",
        "null",
    ];
    for operation in desk.operations.iter().filter(|operation| operation.names_a_ticket()) {
        for reference in unknown {
            let body = if operation.method == "GET" {
                String::new()
            } else {
                Value::Object(operation.body()).to_string()
            };
            let answer = desk.send(operation, &operation.about(reference), body.as_bytes());
            assert_eq!(
                answer.status,
                404,
                "{} of {reference}: {}",
                operation.name(),
                answer.text()
            );
        }
    }
    desk.must_be_well();
}

#[test]
fn a_reference_that_cannot_be_one_breaks_nothing() {
    let desk = Desk::shared();
    let (long, huge) = ("9".repeat(300), "x".repeat(60_000));
    let odd = [
        "%00",
        "%ff",
        "%",
        "%zz",
        "%20",
        "%2e%2e",
        "..%2f..%2fetc",
        "%2F",
        "-1",
        "1.5",
        "#",
        "%23",
        "%23%23",
        "💥",
        "%F0%9F%92%A5",
        "GXS-",
        "--",
        "'%20OR%201=1",
        "99999999999999999999999999",
        "%0d%0aX-Evil:%201",
        &long,
        &huge,
    ];
    for operation in &desk.operations {
        let Some(start) = operation.path.find('{') else { continue };
        let end = operation.path.find('}').expect("a closing brace");
        for reference in odd {
            let path =
                format!("{}{reference}{}", &operation.path[..start], &operation.path[end + 1..]);
            let body = if operation.method == "GET" {
                String::new()
            } else {
                Value::Object(operation.body()).to_string()
            };
            let answer = desk.send(operation, &path, body.as_bytes());
            assert!(answer.header("x-evil").is_none());
            // Without a reference it is the list (S1.13).
            let is_list =
                operation.method == "GET" && path.split('#').next() == Some("/api/tickets/");
            assert!(
                answer.status >= 400 || is_list || !operation.names_a_ticket(),
                "{path:.100}: {}",
                answer.status
            );
        }
    }
    desk.must_be_well();
}
