//! Duplicates become one ticket and lose nothing, whoever writes meanwhile (S3.6).

use serde_json::{Value, json};

use crate::bridge::{BUDI, Desk, message, phone, problem, rows, word};
use crate::{chat, done, made, send, told};

fn merge(desk: &Desk, token: &str, into: u64, tickets: &[u64]) -> Value {
    done(desk, token, "POST", &format!("/api/tickets/{into}/merge"), &json!({"tickets": tickets}))
}

fn said(desk: &Desk, ticket: u64) -> Vec<String> {
    let timeline = desk.read(&format!("/api/tickets/{ticket}/timeline?limit=100"));
    rows(&timeline, "entries").iter().map(|entry| word(&entry["body"])).collect()
}

fn from_budi(desk: &Desk, id: &str, second: i64, text: &str) -> u64 {
    desk.ticket_of(&message(&phone(BUDI), id, second, text))
}

#[track_caller]
fn sound(desk: &Desk) {
    let verified = desk.daemon.cli(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn the_timelines_are_one_by_time_and_every_name_leads_to_it() {
    let desk = Desk::open("");
    let admin = desk.daemon.token("admin");
    let first = from_budi(&desk, "A1", 10, "ten");
    let second = desk.ticket_of(&message(&phone("62855"), "B1", 15, "fifteen"));
    from_budi(&desk, "A2", 20, "twenty");
    desk.ticket_of(&message(&phone("62855"), "B2", 25, "twenty-five"));
    let gone = desk.read(&format!("/api/tickets/{second}"));
    let shown = merge(&desk, &admin, first, &[second]);
    assert_eq!(shown["number"], first);
    assert_eq!(said(&desk, first), ["ten", "fifteen", "twenty", "twenty-five"]);
    for name in ["number", "id", "ticket_id"] {
        let name = gone[name].to_string().replace('"', "");
        assert_eq!(desk.read(&format!("/api/tickets/{name}"))["number"], first, "{name} leads on");
    }
    assert_eq!(desk.queue().len(), 1);
    assert_eq!(desk.read("/api/tickets")["pagination"]["total"], 1);
    // The customer of the merged one goes on with it.
    assert_eq!(desk.ticket_of(&message(&phone("62855"), "B3", 30, "thirty")), first);
    assert_eq!(said(&desk, first).last().map(String::as_str), Some("thirty"));
    let what: Vec<_> = told(&desk, first).into_iter().filter(|(f, ..)| f == "merged").collect();
    assert_eq!(what, [("merged".into(), json!(format!("#{second}")), Value::Null)]);
    sound(&desk);
}

#[test]
fn a_merge_is_undone_within_the_hour() {
    let mut desk = Desk::open("");
    let admin = desk.daemon.token("admin");
    let first = from_budi(&desk, "A1", 10, "ten");
    let second = desk.ticket_of(&message(&phone("62855"), "B1", 15, "fifteen"));
    merge(&desk, &admin, first, &[second]);
    desk.ticket_of(&message(&phone("62855"), "B2", 20, "since"));
    desk.daemon.kill9();
    desk.daemon.restart();
    let path = format!("/api/tickets/{second}/unmerge");
    let whole = done(&desk, &admin, "POST", &path, &json!({}));
    assert_eq!((&whole["number"], &whole["status"]), (&json!(second), &json!("new")));
    assert_eq!(said(&desk, second), ["fifteen"]);
    assert_eq!(said(&desk, first), ["ten", "since"], "what was said since stays");
    assert_eq!(desk.ticket_of(&message(&phone("62855"), "B3", 30, "again")), second);
    assert_eq!(from_budi(&desk, "A2", 31, "and I"), first);
    problem(&desk.call(&admin, "POST", &path), 409);
    sound(&desk);
}

#[test]
fn no_word_is_lost_while_customers_write_and_tickets_are_merged() {
    let desk = Desk::open("");
    let admin = desk.daemon.token("admin");
    let first = chat(&desk, 1, "A 0");
    let second = chat(&desk, 2, "B 0");
    std::thread::scope(|scope| {
        for (customer, name) in [(1, 'A'), (2, 'B')] {
            let desk = &desk;
            scope.spawn(move || {
                for n in 1..=40 {
                    let from = phone(&format!("62800{customer:06}"));
                    let text = format!("{name} {n}");
                    desk.ticket_of(&message(&from, &format!("{name}-{n}"), 100 + n, &text));
                }
            });
        }
        let (desk, admin) = (&desk, &admin);
        scope.spawn(move || {
            for _ in 0..4 {
                merge(desk, admin, first, &[second]);
                let path = format!("/api/tickets/{second}/unmerge");
                done(desk, admin, "POST", &path, &json!({}));
            }
            merge(desk, admin, first, &[second]);
        });
    });
    let said = said(&desk, first);
    for n in 0..=40 {
        for name in ['A', 'B'] {
            let text = format!("{name} {n}");
            assert_eq!(said.iter().filter(|s| **s == text).count(), 1, "{text}");
        }
    }
    assert_eq!(said.len(), 82);
    sound(&desk);
}

#[test]
fn what_cannot_be_merged_is_told() {
    let desk = Desk::open("");
    let (ani, relay) = (desk.daemon.token_named("Ani", "agent"), desk.daemon.token("admin"));
    let (one, two) = (made(&desk, &ani, "Cannot login"), made(&desk, &ani, "Cannot login either"));
    let call = done(&desk, &relay, "POST", "/api/calls", &json!({"session_id": "s-1"}));
    let call = word(&call["data"]["ticket_id"]);
    let path = format!("/api/tickets/{one}/merge");
    for (body, status) in [
        (json!({}), 400),
        (json!({"tickets": [one]}), 400),
        (json!({"tickets": [two], "into": two}), 400),
        (json!({"tickets": [4711]}), 404),
        (json!({"tickets": [call]}), 409),
        (json!({"tickets": (0..21).collect::<Vec<_>>()}), 400),
    ] {
        problem(&send(&desk, &ani, "POST", &path, &body), status);
    }
    // The other way round: this one becomes part of another.
    let shown = done(&desk, &ani, "POST", &path, &json!({"into": format!("#{two}")}));
    assert_eq!(shown["number"], two);
    problem(&desk.call(&ani, "POST", &format!("/api/tickets/{two}/unmerge")), 409);
    sound(&desk);
}
