//! Comments that are changed, deleted, and that name colleagues (S3.23).

use serde_json::json;

use crate::bridge::{Desk, problem, rows};
use crate::{chat, done, made, send};

#[test]
fn an_agent_changes_their_own_comments_and_the_earlier_words_are_kept() {
    let desk = Desk::open("");
    let (ani, dewi, admin) = (
        desk.daemon.token_named("Ani", "agent"),
        desk.daemon.token_named("Dewi", "agent"),
        desk.daemon.token("admin"),
    );
    let ticket = made(&desk, &ani, "Payment failed");
    let path = format!("/api/tickets/{ticket}/comments");
    let note = json!({"body": "call the bnak", "is_internal": true});
    let id = done(&desk, &ani, "POST", &path, &note)["id"].clone();
    let one = format!("{path}/{id}");
    problem(&send(&desk, &dewi, "PUT", &one, &json!({"body": "no"})), 403);
    problem(&desk.call(&dewi, "DELETE", &one), 403);
    let shown = done(&desk, &ani, "PUT", &one, &json!({"body": "call the bank"}));
    assert_eq!((&shown["body"], &shown["is_internal"]), (&json!("call the bank"), &json!(true)));
    assert!(shown["edited_at"].is_string());
    done(&desk, &admin, "PUT", &one, &json!({"body": "call the bank today"}));
    done(&desk, &ani, "PUT", &one, &json!({"body": "call the bnak"}));
    let entry = rows(&desk.read(&format!("/api/tickets/{ticket}/timeline")), "entries").remove(1);
    assert_eq!(entry["body"], "call the bnak", "the last words count, be they the first again");
    let earlier: Vec<_> = rows(&entry, "revisions").iter().map(|r| r["body"].clone()).collect();
    assert_eq!(earlier, ["call the bnak", "call the bank", "call the bank today"]);
    done(&desk, &ani, "DELETE", &one, &json!({}));
    let shown = desk.read(&format!("/api/tickets/{ticket}/timeline"));
    assert_eq!(shown["entries"][1]["body"], "[Message deleted]");
    problem(&send(&desk, &ani, "PUT", &one, &json!({"body": "again"})), 409);
    problem(&send(&desk, &ani, "PUT", &format!("{path}/99"), &json!({"body": "x"})), 404);
    problem(&send(&desk, &ani, "PUT", &one, &json!({"body": " "})), 400);
    // What the customer said is theirs.
    problem(&send(&desk, &admin, "PUT", &format!("{path}/1"), &json!({"body": "x"})), 409);
}

#[test]
fn what_went_out_to_the_customer_is_not_unsaid() {
    let config = "[[whatsapp.bridges]]\ninstance = \"default\"\nkind = \"baileys\"\nurl = \"http://127.0.0.1:9\"\n";
    let desk = Desk::open(config);
    let ani = desk.daemon.token_named("Ani", "agent");
    let ticket = chat(&desk, 1, "Halo");
    let path = format!("/api/tickets/{ticket}/comments");
    let public = done(&desk, &ani, "POST", &path, &json!({"body": "Siap", "is_internal": false}));
    let one = format!("{path}/{}", public["id"]);
    let why = problem(&send(&desk, &ani, "PUT", &one, &json!({"body": "Tidak"})), 409);
    assert!(why.contains("customer"), "{why}");
    problem(&desk.call(&ani, "DELETE", &one), 409);
}

#[test]
fn a_colleague_who_is_named_sees_the_ticket() {
    let desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let ticket = chat(&desk, 1, "Halo");
    let path = format!("/api/tickets/{ticket}");
    done(&desk, &ani, "POST", &format!("{path}/claim"), &json!({}));
    assert_eq!(desk.call(&dewi, "GET", &path).status, 404);
    let note = json!({"body": "@dewi can you look? mail ani@dewi.example", "is_internal": true});
    done(&desk, &ani, "POST", &format!("{path}/comments"), &note);
    let shown = done(&desk, &dewi, "GET", &path, &json!({}));
    assert_eq!(shown["mentioned"].as_array().map(Vec::len), Some(1), "{shown}");
    let feed = desk.read("/api/feed?limit=100").to_string();
    assert!(feed.contains("ticket.mentioned"), "an event tells");
}
