//! Who looks at a ticket, and who writes on it.

use serde_json::{Value, json};

use crate::Desk;
use crate::client::Client;

/// S2.38
#[test]
fn those_who_look_at_a_ticket_see_who_else_looks_and_types() {
    let desk = Desk::open("[agents]\nsee_all = true\n");
    let (ana, beni) =
        (desk.daemon.token_named("Ana", "agent"), desk.daemon.token_named("Beni", "agent"));
    let ticket = desk.writes("628111222333", "ONE", "Halo?");
    let other = desk.writes("628111222444", "TWO", "Halo?");
    let mut client = Client::open(desk.daemon.address(), &ana, "?events=ticket.closed");
    client.says(&json!({"viewing": {"ticket": ticket.to_string()}}));
    let alone = client.up_to("ticket.viewing").pop().expect("it");
    assert_eq!(alone["viewers"][0]["name"], "Ana");
    let view = |number: u64, body: &Value| {
        desk.done(&beni, "POST", &format!("/api/tickets/{number}/viewing"), body)
    };
    // Of another ticket nothing is told to whoever does not look at it.
    view(other, &json!({"typing": true}));
    let answer = view(ticket, &json!({"typing": true}));
    assert_eq!(answer["viewers"].as_array().expect("a list").len(), 2);
    let typing = |told: &Value, name: &str| {
        let viewers = told["viewers"].as_array().expect("a list");
        viewers.iter().find(|v| v["name"] == name).map(|v| v["typing"] == true)
    };
    loop {
        let told = client.hears();
        assert_eq!((&told["event"], &told["number"]), (&json!("ticket.viewing"), &json!(ticket)));
        assert!(told.get("seq").is_none(), "of the moment: {told}");
        if typing(&told, "Beni") == Some(true) {
            break;
        }
    }
    view(ticket, &json!({"viewing": false}));
    while typing(&client.hears(), "Beni").is_some() {}
    // A connection that goes takes its look with it.
    view(ticket, &json!({}));
    drop(client);
    let began = std::time::Instant::now();
    while view(ticket, &json!({}))["viewers"].as_array().expect("a list").len() > 1 {
        assert!(began.elapsed() < crate::client::PATIENCE, "Ana is gone");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn whoever_may_not_see_a_ticket_looks_at_none_and_machines_look_at_nothing() {
    let desk = Desk::open("");
    let (ana, beni) =
        (desk.daemon.token_named("Ana", "agent"), desk.daemon.token_named("Beni", "agent"));
    let ticket = desk.writes("628111222333", "ONE", "Halo?");
    let path = format!("/api/tickets/{ticket}/viewing");
    let mut client = Client::open(desk.daemon.address(), &ana, "");
    assert_eq!(desk.call(&ana, "POST", &path, &json!({})).status, 200);
    desk.done(&beni, "POST", &format!("/api/tickets/{ticket}/claim"), &Value::Null);
    client.up_to("ticket.left");
    // Ana looked, but may see it no more.
    desk.done(&beni, "POST", &path, &json!({"typing": true}));
    desk.writes("628111222555", "TWO", "Somebody else");
    let heard = client.up_to("ticket.created");
    assert!(heard.iter().all(|told| told["event"] != "ticket.viewing"), "{heard:?}");
    assert_eq!(desk.call(&ana, "POST", &path, &json!({})).status, 404);
    assert_eq!(desk.call(&desk.daemon.token("read"), "POST", &path, &json!({})).status, 403);
    assert_eq!(desk.call(&beni, "POST", &path, &json!({"typing": "yes"})).status, 400);
}
