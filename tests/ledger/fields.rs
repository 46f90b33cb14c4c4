//! Every field and envelope of seed 000, compared with the seed's own examples.

use serde_json::{Value, json};

use super::{Ledger, keys, seed};

/// S0.27 to S0.29.
#[test]
fn one_call_has_the_fields_of_the_seed() {
    let ledger = Ledger::open();
    let id = ledger.example();
    let answer = ledger.read(&format!("/api/calls/{id}"));
    let example = seed("000_03.json");
    assert_eq!(keys(&answer), keys(&example));

    assert_eq!(answer["status"], "success");
    let (ticket, like) = (&answer["data"]["ticket"], &example["data"]["ticket"]);
    for field in
        ["session_id", "customer_name", "status", "priority", "category", "resolution_notes"]
    {
        assert_eq!(ticket[field], like[field], "{field}");
    }
    assert_eq!(ticket["ticket_id"], id);
    assert_eq!(answer["data"]["metadata"], json!([]));
    let rows = answer["data"]["interactions"].as_array().unwrap();
    let likes = example["data"]["interactions"].as_array().unwrap();
    assert_eq!(rows.len(), likes.len());
    for ((row, like), number) in rows.iter().zip(likes).zip(1..) {
        assert_eq!(row["ticket_id"], id);
        assert_eq!(row["interaction_id"], number);
        for field in ["speaker", "message", "tool_calls"] {
            assert_eq!(row[field], like[field], "{field} of interaction {number}");
        }
    }
}

/// S0.24, S0.25.
#[test]
fn the_list_has_the_fields_of_the_seed() {
    let ledger = Ledger::open();
    let id = ledger.example();
    let answer = ledger.read("/api/calls?status=closed&limit=50&offset=0");
    assert_eq!(keys(&answer), keys(&seed("000_02.json")));
    assert_eq!((&answer["status"], &answer["count"]), (&json!("success"), &json!(1)));
    let detail = ledger.read(&format!("/api/calls/{id}"));
    assert_eq!(answer["data"][0], detail["data"]["ticket"], "one form of a ticket everywhere");
}

/// S0.21.
#[test]
fn the_figures_have_the_fields_of_the_seed() {
    let ledger = Ledger::open();
    ledger.example();
    let counted = |value: &Value| {
        let keys = keys(value).into_iter();
        keys.filter(|key| !key.starts_with(".data.by_category.")).collect::<Vec<_>>()
    };
    assert_eq!(counted(&ledger.read("/api/calls/stats")), counted(&seed("000_01.json")));
}

/// S0.42, S0.43: one ticket in the form that other ticket systems import; `metadata` is an object there (C11).
#[test]
fn the_export_has_the_fields_of_the_seed() {
    let ledger = Ledger::open();
    let id = ledger.example();
    for (key, value) in [("customer_id", "CUST123456"), ("product", "GXS_SAVINGS_ACCOUNT")] {
        let path = format!("/api/calls/{id}/metadata");
        ledger.write("POST", &path, &json!({"key": key, "value": value}), 201);
    }
    let export = ledger.read(&format!("/api/calls/{id}/export"));
    let example = seed("000_04.json");
    assert_eq!(keys(&export), keys(&example));
    assert_eq!(export["metadata"], example["metadata"]);
    assert_eq!(export["ticket"]["customer"], example["ticket"]["customer"]);
    assert_eq!(export["ticket"]["ticket_id"], id);
    assert_eq!(export["ticket"]["external_id"], id);
    let call = ledger.read(&format!("/api/calls/{id}"));
    assert_eq!(export["ticket"]["subject"], call["data"]["ticket"]["summary"]);
    assert_eq!(export["interactions"].as_array().map(Vec::len), Some(4));
}

/// S0.31: RFC 3339, UTC, with `Z`.
#[test]
fn every_time_is_told_in_utc() {
    fn check(value: &Value, times: &mut usize) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if name.ends_with("_at") || name == "timestamp" {
                        let text = member.as_str().unwrap_or_else(|| panic!("{name}: {member}"));
                        let shape: String = text
                            .chars()
                            .map(|c| if c.is_ascii_digit() { '9' } else { c })
                            .collect();
                        assert!(
                            shape.starts_with("9999-99-99T99:99:99") && text.ends_with('Z'),
                            "{text}"
                        );
                        *times += 1;
                    }
                    check(member, times);
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| check(element, times)),
            _ => {}
        }
    }
    let ledger = Ledger::open();
    let id = ledger.example();
    let mut times = 0;
    for path in
        [format!("/api/calls/{id}"), format!("/api/calls/{id}/export"), "/api/calls".to_owned()]
    {
        check(&ledger.read(&path), &mut times);
    }
    assert_eq!(times, (3 + 4) + (2 + 4) + 3);
}

/// DESIGN section 3: any name of a ticket resolves wherever one is named.
#[test]
fn a_call_answers_to_all_its_names() {
    let ledger = Ledger::open();
    let id = ledger.example();
    let ticket = ledger.read(&format!("/api/tickets/{id}"));
    let (uuid, number) = (ticket["id"].as_str().unwrap(), ticket["number"].as_u64().unwrap());
    for name in [uuid.to_owned(), number.to_string(), format!("%23{number}"), id.to_lowercase()] {
        let call = ledger.read(&format!("/api/calls/{name}"));
        assert_eq!(call["data"]["ticket"]["ticket_id"], id, "{name}");
    }
    assert_eq!(ledger.get("/api/calls/GXS-20200101-00000000").status, 404);
}
