//! What somebody has begun to write is theirs, and there wherever they sit down.

use serde_json::{Value, json};

use crate::harness::Response;
use crate::{Desk, problem};

fn put(desk: &Desk, token: &str, ticket: u64, body: &Value) -> Response {
    desk.call(token, "PUT", &format!("/api/drafts/{ticket}"), body)
}

#[test]
fn a_draft_is_its_writers_alone_and_outlives_a_power_cut() {
    let mut desk = Desk::open("");
    let ticket = desk.writes("628111222333", "ONE", "Halo?");
    let (ana, beni) =
        (desk.daemon.token_named("Ana", "agent"), desk.daemon.token_named("Beni", "agent"));
    let path = format!("/api/drafts/{ticket}");
    let read = |desk: &Desk, token: &str| desk.done(token, "GET", &path);
    assert_eq!(read(&desk, &ana), json!({"body": "", "is_internal": false, "updated_at": null}));
    let body = json!({"body": "Selamat siang, kartu 4111 1111 1111 1111", "is_internal": true});
    let kept = put(&desk, &ana, ticket, &body);
    assert_eq!(kept.status, 200, "{}", kept.text());
    // What must not be kept is kept in no draft either.
    assert_eq!(kept.json()["body"], "Selamat siang, kartu 411111******1111");
    desk.daemon.kill9();
    desk.daemon.restart();
    assert_eq!(read(&desk, &ana)["body"], "Selamat siang, kartu 411111******1111");
    assert_eq!(read(&desk, &ana)["is_internal"], true);
    assert_eq!(read(&desk, &beni)["body"], "");
    let timeline = desk.done(&ana, "GET", &format!("/api/tickets/{ticket}/timeline"));
    assert!(!timeline.to_string().contains("Selamat"), "{timeline}");
    assert_eq!(put(&desk, &ana, ticket, &json!({"body": ""})).status, 200);
    assert_eq!(read(&desk, &ana)["body"], "");
}

#[test]
fn drafts_have_their_limits() {
    let desk = Desk::open("");
    let ticket = desk.writes("628111222333", "ONE", "Halo?");
    let (ana, beni) =
        (desk.daemon.token_named("Ana", "agent"), desk.daemon.token_named("Beni", "agent"));
    let long = json!({"body": "x".repeat(65_537)});
    assert!(problem(&put(&desk, &ana, ticket, &long), 400).contains("65536"));
    assert_eq!(put(&desk, &ana, 99_999, &json!({"body": "x"})).status, 404);
    desk.done(&beni, "POST", &format!("/api/tickets/{ticket}/claim"));
    // A colleague's ticket is as if it were not there.
    assert_eq!(put(&desk, &ana, ticket, &json!({"body": "x"})).status, 404);
    let hidden = desk.call(&ana, "GET", &format!("/api/drafts/{ticket}"), &Value::Null);
    assert_eq!(hidden.status, 404);
}
