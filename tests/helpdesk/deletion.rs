//! Deleting for a time: nobody finds it, its customer gets a new ticket, an admin brings it back.

use serde_json::{Value, json};

use crate::bridge::{Desk, message, phone, problem, rows};
use crate::{chat, done, made};

#[test]
fn a_deleted_ticket_is_nowhere_until_an_admin_brings_it_back() {
    let mut desk = Desk::open("");
    let (ani, admin) = (desk.daemon.token_named("Ani", "agent"), desk.daemon.token("admin"));
    let ticket = made(&desk, &ani, "Payment failed");
    let path = format!("/api/tickets/{ticket}");
    problem(&desk.call(&ani, "DELETE", &path), 403);
    assert_eq!(done(&desk, &admin, "DELETE", &path, &json!({})), Value::Null);
    for gone in ["", "/timeline", "/comments", "/activity"] {
        problem(&desk.call(&admin, "GET", &format!("{path}{gone}")), 404);
    }
    problem(&desk.call(&admin, "DELETE", &path), 404);
    assert_eq!(desk.read("/api/tickets")["pagination"]["total"], 0);
    assert_eq!(desk.read(&format!("/api/tickets?q={ticket}"))["pagination"]["total"], 0);
    assert!(desk.queue().is_empty());
    desk.daemon.kill9();
    desk.daemon.restart();
    let listed = rows(&desk.read("/api/tickets?deleted=true"), "tickets");
    assert_eq!(listed[0]["number"], ticket);
    assert!(listed[0]["deleted_at"].is_string());
    problem(&desk.call(&ani, "POST", &format!("{path}/restore")), 403);
    let back = done(&desk, &admin, "POST", &format!("{path}/restore"), &json!({}));
    assert_eq!((&back["status"], &back["subject"]), (&json!("open"), &json!("Payment failed")));
    assert_eq!(desk.queue().len(), 1);
    problem(&desk.call(&admin, "POST", &format!("{path}/restore")), 409);
    let verified = desk.daemon.cli(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn the_customer_of_a_deleted_ticket_gets_a_new_one() {
    let desk = Desk::open("");
    let admin = desk.daemon.token("admin");
    let ticket = chat(&desk, 1, "Halo");
    let path = format!("/api/tickets/{ticket}");
    done(&desk, &admin, "DELETE", &path, &json!({}));
    let next = desk.ticket_of(&message(&phone("62800000001"), "A2", 9, "Halo lagi"));
    assert_ne!(next, ticket);
    // One open ticket a conversation, always.
    let why = problem(&desk.call(&admin, "POST", &format!("{path}/restore")), 409);
    assert!(why.contains(&format!("#{next}")), "{why}");
    done(&desk, &admin, "POST", &format!("/api/tickets/{next}/close"), &json!({}));
    done(&desk, &admin, "POST", &format!("{path}/restore"), &json!({}));
    let told = desk.deliver(&message(&phone("62800000001"), "A3", 12, "sekali lagi"));
    assert_eq!(told[0]["ticket"], ticket, "its conversation goes on with it");
    let verified = desk.daemon.cli(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
