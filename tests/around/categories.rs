//! Categories are data: the desk's own tree, with the words by which a ticket's is found.

use serde_json::{Value, json};

use crate::desk::{Desk, problem, rows, word};

const PATH: &str = "/api/tickets/categories";

fn category(desk: &Desk, id: &str) -> Value {
    desk.reads(&format!("{PATH}/{id}"))
}

/// DESIGN C5
#[test]
fn the_sets_of_the_seeds_are_there_from_the_start() {
    let desk = Desk::open("[calls.categories]\nparking = ['car park']\n");
    let listed = desk.reads(PATH);
    let ids: Vec<String> = rows(&listed, "categories").iter().map(|c| word(&c["id"])).collect();
    for id in [
        "account_inquiry",
        "card_inquiry",
        "interest_rates",
        "general_inquiry",
        "shipping",
        "billing",
        "technical_support",
        "complaint",
        "parking",
    ] {
        assert!(ids.contains(&id.to_owned()), "{id}: {ids:?}");
    }
    let parking = category(&desk, "parking");
    assert_eq!(parking["keywords"], json!(["car park"]));
    assert_eq!((&parking["found_in"], &parking["name"]), (&json!("calls"), &json!("Parking")));
}

/// S3.13, S3.24: the seed's example, on a desk that has a category of this name by itself.
#[test]
fn the_seeds_example_makes_a_category() {
    let desk = Desk::open("");
    let example = json!({
        "name": "Billing", "description": "Payment and subscription issues", "color": "#3B82F6",
    });
    let made = desk.does("POST", PATH, &example, 201);
    for name in ["name", "description", "color"] {
        assert_eq!(made[name], example[name]);
    }
    assert_eq!(made["id"], "billing");
    assert!(rows(&made, "keywords").contains(&json!("invoice")), "it is still found by its words");
    // Now it is somebody's own.
    problem(&desk.call(&desk.admin, "POST", PATH, &example), 409);
    let other = desk.does("POST", PATH, &json!({"name": "Billing", "id": "billing-eu"}), 201);
    assert_eq!(other["id"], "billing-eu");
}

/// S0.50, S1.10
#[test]
fn new_words_are_found_from_then_on_and_a_rename_changes_no_ticket() {
    let desk = Desk::open("");
    let garage =
        json!({"name": "Garage", "keywords": ["valet", "car park"], "found_in": "tickets"});
    assert_eq!(desk.does("POST", PATH, &garage, 201)["id"], "garage");
    let first = desk.ticket("The valet has lost my keys");
    assert_eq!(desk.reads(&format!("/api/tickets/{first}"))["category"], "garage");
    let renamed = json!({"name": "Parking & garage", "keywords": ["barrier"]});
    let renamed = desk.does("PUT", &format!("{PATH}/garage"), &renamed, 200);
    assert_eq!((&renamed["id"], &renamed["ticket_count"]), (&json!("garage"), &json!(1)));
    assert_eq!(desk.reads(&format!("/api/tickets/{first}"))["category"], "garage");
    let second = desk.ticket("The valet again");
    assert_ne!(desk.reads(&format!("/api/tickets/{second}"))["category"], "garage");
    let third = desk.ticket("The barrier is stuck");
    assert_eq!(desk.reads(&format!("/api/tickets/{third}"))["category"], "garage");
}

#[test]
fn a_category_is_no_part_of_itself_however_far_away() {
    let desk = Desk::open("");
    for (name, parent) in [("A1", None), ("A2", Some("a1")), ("A3", Some("a2"))] {
        desk.does("POST", PATH, &json!({"name": name, "parent_id": parent}), 201);
    }
    for parent in ["a1", "a2", "a3", "nowhere"] {
        let path = format!("{PATH}/a1");
        let answer = desk.call(&desk.admin, "PUT", &path, &json!({"parent_id": parent}));
        assert_eq!(problem(&answer, 400), ["parent_id"], "{parent}");
    }
    desk.does("POST", PATH, &json!({"name": "A4", "parent_id": "a3"}), 201);
    desk.does("POST", PATH, &json!({"name": "A5", "parent_id": "a4"}), 201);
    let deeper = desk.call(&desk.admin, "POST", PATH, &json!({"name": "A6", "parent_id": "a5"}));
    assert_eq!(problem(&deeper, 400), ["parent_id"]);
    desk.does("POST", PATH, &json!({"name": "B1"}), 201);
    let path = format!("{PATH}/a1");
    let answer = desk.call(&desk.admin, "PUT", &path, &json!({"parent_id": "b1"}));
    assert_eq!(problem(&answer, 400), ["parent_id"], "its parts would be too deep");
    let free = desk.does("PUT", &format!("{PATH}/a2"), &json!({"parent_id": null}), 200);
    assert_eq!(free["parent_id"], Value::Null);
}

/// S3.5
#[test]
fn a_list_of_a_category_has_the_tickets_of_its_parts() {
    let desk = Desk::open("");
    desk.does("POST", PATH, &json!({"name": "Vehicles"}), 201);
    let part = json!({"name": "Zeppelins", "parent_id": "vehicles", "keywords": ["zeppelin"]});
    desk.does("POST", PATH, &part, 201);
    let ticket = desk.ticket("My zeppelin is late");
    let listed = desk.reads("/api/tickets?category=vehicles");
    assert_eq!(rows(&listed, "tickets")[0]["number"], ticket);
    assert_eq!(listed["pagination"]["total"], 1);
    assert_eq!(desk.reads("/api/tickets?category=promotions")["pagination"]["total"], 0);
}

#[test]
fn what_is_in_use_is_deleted_only_with_a_place_for_what_is_in_it() {
    let desk = Desk::open("");
    desk.does("POST", PATH, &json!({"name": "Old", "keywords": ["zeppelin"]}), 201);
    desk.does("POST", PATH, &json!({"name": "Part", "parent_id": "old"}), 201);
    desk.does("POST", PATH, &json!({"name": "New"}), 201);
    let canned = json!({"title": "T", "content": "C", "category": "old"});
    let canned = desk.does("POST", "/api/tickets/canned-responses", &canned, 201);
    let ticket = desk.ticket("My zeppelin is late");
    let refused = desk.call(&desk.admin, "DELETE", &format!("{PATH}/old"), &Value::Null);
    problem(&refused, 409);
    assert!(refused.text().contains("1 tickets"), "{}", refused.text());
    let nowhere =
        desk.call(&desk.admin, "DELETE", &format!("{PATH}/old?move_to=none"), &Value::Null);
    assert!(matches!(nowhere.status, 400 | 404), "{}", nowhere.text());
    desk.does("DELETE", &format!("{PATH}/old?move_to=new"), &Value::Null, 204);
    assert_eq!(desk.reads(&format!("/api/tickets/{ticket}"))["category"], "new");
    assert_eq!(category(&desk, "part")["parent_id"], "new");
    let path = format!("/api/tickets/canned-responses/{}", canned["id"]);
    assert_eq!(desk.reads(&path)["category"], "new");
    problem(&desk.call(&desk.admin, "GET", &format!("{PATH}/old"), &Value::Null), 404);
    desk.does("DELETE", &format!("{PATH}/promotions"), &Value::Null, 204);
}

#[test]
fn what_was_deleted_or_changed_here_stays_so_whatever_the_configuration_says() {
    let mut desk = Desk::open("[tickets.categories]\nspare = ['spare']\nkept = ['keep']\n");
    desk.does("DELETE", &format!("{PATH}/spare"), &Value::Null, 204);
    desk.does("PUT", &format!("{PATH}/kept"), &json!({"keywords": ["mine"]}), 200);
    let config = "[tickets.categories]\nspare = ['other']\nkept = ['theirs']\nbilling = ['bill']\n";
    std::fs::write(desk.daemon.config_file(), config).expect("a configuration");
    desk.daemon.restart();
    problem(&desk.call(&desk.admin, "GET", &format!("{PATH}/spare"), &Value::Null), 404);
    assert_eq!(category(&desk, "kept")["keywords"], json!(["mine"]));
    assert_eq!(category(&desk, "billing")["keywords"], json!(["bill"]), "nobody has touched it");
}

#[test]
fn what_is_wrong_is_named_and_only_supervisors_change_them() {
    let desk = Desk::open("");
    for (name, value, field) in [
        ("name", json!(""), "name"),
        ("color", json!("blue"), "color"),
        ("keywords", json!(["!"]), "keywords"),
        ("found_in", json!("mails"), "found_in"),
        ("id", json!("Has Blanks"), "id"),
        ("description", json!("x".repeat(501)), "description"),
    ] {
        let mut body = json!({"name": "Fine"});
        body[name] = value;
        assert_eq!(problem(&desk.call(&desk.admin, "POST", PATH, &body), 400), [field]);
    }
    assert_eq!(desk.call(&desk.agent, "POST", PATH, &json!({"name": "Mine"})).status, 403);
    assert_eq!(desk.call(&desk.agent, "GET", PATH, &Value::Null).status, 200);
}
