//! One ticket, many names: number, `#` and number, UUID, the reference of its channel (C1).

use serde_json::json;

use super::{claim, new_ticket};
use crate::bridge::{Desk, problem, word};

#[test]
fn any_reference_of_a_ticket_finds_it() {
    let desk = Desk::open("");
    let number = new_ticket(&desk, 1);
    new_ticket(&desk, 2);
    let ticket = desk.read(&format!("/api/tickets/{number}"));
    assert_eq!((&ticket["number"], &ticket["ticket_number"]), (&json!(1001), &json!("#1001")));
    let (id, code) = (word(&ticket["id"]), word(&ticket["ticket_id"]));
    assert_eq!(id.len(), 36, "{id}");
    assert_eq!(id.as_bytes()[14], b'7', "UUIDv7: {id}");
    let parts: Vec<&str> = code.split('-').collect();
    assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [3, 8, 8], "{code}");
    for name in ["1001", "%231001", &id, &id.to_uppercase(), &code, &code.to_lowercase()] {
        assert_eq!(desk.read(&format!("/api/tickets/{name}")), ticket, "{name}");
        let page = desk.read(&format!("/api/tickets/{name}/timeline"));
        assert!(page["entries"].is_array(), "{name}");
    }
}

#[test]
fn any_reference_can_be_claimed() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    for (customer, field) in ["number", "id", "ticket_id"].into_iter().enumerate() {
        let number = new_ticket(&desk, customer as u32);
        let name = &desk.read(&format!("/api/tickets/{number}"))[field];
        let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
        let answer = desk.call(&ani, "POST", &format!("/api/tickets/{name}/claim"));
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        assert_eq!(answer.json()["ticket"]["id"], number, "on the queue face id is the number");
    }
}

#[test]
fn a_name_that_nothing_bears_is_not_found() {
    let desk = Desk::open("");
    new_ticket(&desk, 1);
    let supervisor = desk.daemon.token("admin");
    for name in [
        "1000",
        "1002",
        "%239999",
        "TKT-20260128-00000000",
        "GXS-20260128-00000000",
        "0190aaaa-0000-7000-8000-000000000001",
        "nonsense",
    ] {
        problem(&desk.call(&supervisor, "GET", &format!("/api/tickets/{name}")), 404);
    }
    let long = "x".repeat(4000);
    for name in ["99999999999999999999999", "%20", &long] {
        let answer = desk.call(&supervisor, "GET", &format!("/api/tickets/{name}"));
        assert!((400..500).contains(&answer.status), "{name}: {}", answer.status);
        problem(&answer, answer.status);
    }
}

#[test]
fn a_colleagues_ticket_is_as_if_absent() {
    let desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let ticket = new_ticket(&desk, 1);
    let path = format!("/api/tickets/{ticket}");
    assert_eq!(desk.call(&dewi, "GET", &path).status, 200, "nobody's yet (C9)");
    assert_eq!(claim(&desk, &ani, ticket).status, 200);
    assert_eq!(desk.call(&ani, "GET", &path).status, 200);
    problem(&desk.call(&dewi, "GET", &path), 404);
    problem(&desk.call(&dewi, "GET", &format!("{path}/timeline")), 404);
    problem(&claim(&desk, &dewi, ticket), 409);
}
