//! What agents do with tickets: assignment and its history, flags, tags, followers, relatives, many at once.

use serde_json::{Value, json};

use crate::bridge::{Desk, problem, rows, word};
use crate::{chat, done, id_of, made, send, told};

#[test]
fn the_activity_tells_who_gave_a_ticket_to_whom_and_why() {
    let desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let her = id_of(&desk, &dewi);
    let ticket = chat(&desk, 1, "Halo");
    let path = format!("/api/tickets/{ticket}");
    done(&desk, &ani, "POST", &format!("{path}/claim"), &json!({}));
    let given = json!({"assignee_id": her, "reason": "she knows cards"});
    let shown = done(&desk, &ani, "POST", &format!("{path}/assign"), &given);
    assert_eq!(shown["assignee_name"], "Dewi");
    assert_eq!(desk.call(&ani, "GET", &path).status, 404, "S2.20: it is hers now");
    done(&desk, &dewi, "POST", &format!("{path}/unassign"), &json!({"reason": "lunch"}));
    done(&desk, &dewi, "POST", &format!("{path}/resolve"), &json!({"reason": "done"}));
    let lines = rows(&desk.read(&format!("{path}/activity")), "activity");
    let told: Vec<_> = lines
        .iter()
        .map(|l| {
            let text = |field: &str| l[field].as_str().unwrap_or("-").to_owned();
            [text("actor"), text("action"), text("field"), text("from"), text("to"), text("reason")]
                .join(" ")
        })
        .collect();
    assert_eq!(
        told,
        [
            "ingest created created - new -",
            "Ani changed status new open claimed",
            "Ani assigned assignee - Ani -",
            "Ani assigned assignee Ani Dewi she knows cards",
            "Dewi unassigned assignee Dewi - lunch",
            "Dewi changed status open resolved done",
        ],
        "S3.45, S2.16"
    );
    assert_eq!(lines[3]["to_id"], her);
    assert!(lines.iter().all(|line| word(&line["at"]).ends_with('Z')));
    let page = desk.read(&format!("{path}/activity?limit=2&after={}", lines[1]["id"]));
    assert_eq!(rows(&page, "activity"), &lines[2..4]);
    assert_eq!(page["next"], lines[3]["id"]);
    problem(&desk.call(&ani, "GET", "/api/tickets/4711/activity"), 404);
}

#[test]
fn escalation_and_holding_are_flags_beside_the_status() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let ticket = made(&desk, &ani, "Payment failed");
    let path = format!("/api/tickets/{ticket}");
    let shown = done(&desk, &ani, "POST", &format!("{path}/escalate"), &json!({"reason": "angry"}));
    assert_eq!(
        (&shown["status"], &shown["escalation"]["reason"]),
        (&json!("open"), &json!("angry")),
        "S2.15"
    );
    assert_eq!(rows(&desk.read("/api/tickets?escalated=true"), "tickets").len(), 1);
    let shown = done(&desk, &ani, "POST", &format!("{path}/deescalate"), &json!({}));
    assert!(shown["escalation"].is_null());
    assert_eq!(rows(&desk.read("/api/tickets?escalated=true"), "tickets").len(), 0);
    done(&desk, &ani, "PATCH", &path, &json!({"on_hold": true}));
    let held = rows(&desk.read("/api/tickets?on_hold=true"), "tickets");
    assert_eq!((&held[0]["number"], &held[0]["status"]), (&json!(ticket), &json!("open")));
    problem(&send(&desk, &ani, "POST", &format!("{path}/escalate"), &json!({"reason": " "})), 400);
}

#[test]
fn tags_come_and_go_and_the_list_knows_them() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let ticket = made(&desk, &ani, "Payment failed");
    let path = format!("/api/tickets/{ticket}/tags");
    let shown = done(&desk, &ani, "POST", &path, &json!({"tags": ["VIP", " card ", "vip"]}));
    assert_eq!(shown["tags"], json!(["VIP", "card"]));
    assert_eq!(rows(&desk.read("/api/tickets?tag=vip"), "tickets").len(), 1, "S2.21");
    let shown = done(&desk, &ani, "DELETE", &format!("{path}/vip"), &json!({}));
    assert_eq!(shown["tags"], json!(["card"]));
    assert_eq!(rows(&desk.read("/api/tickets?tag=vip"), "tickets").len(), 0);
    let tags = told(&desk, ticket).into_iter().filter(|(field, ..)| field == "tags");
    assert_eq!(tags.map(|(_, _, to)| to).collect::<Vec<_>>(), [json!("VIP, card"), json!("card")]);
}

#[test]
fn who_follows_a_ticket_sees_it_whoever_has_it() {
    let desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let her = id_of(&desk, &dewi);
    let ticket = chat(&desk, 1, "Halo");
    let path = format!("/api/tickets/{ticket}");
    done(&desk, &dewi, "POST", &format!("{path}/followers"), &json!({}));
    done(&desk, &ani, "POST", &format!("{path}/claim"), &json!({}));
    let shown = done(&desk, &dewi, "GET", &path, &json!({}));
    assert_eq!(shown["followers"], json!([her]), "DESIGN C9");
    let listed = done(&desk, &dewi, "GET", "/api/tickets?channel=whatsapp", &json!({}));
    assert_eq!(listed["pagination"]["total"], 1, "and it is listed and counted");
    done(&desk, &dewi, "DELETE", &format!("{path}/followers/me"), &json!({}));
    assert_eq!(desk.call(&dewi, "GET", &path).status, 404);
    let told = told(&desk, ticket);
    assert!(told.contains(&("follower".into(), Value::Null, json!("Dewi"))), "{told:?}");
}

#[test]
fn related_tickets_know_of_each_other_until_they_are_untied() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let (one, two) = (made(&desk, &ani, "Cannot login"), made(&desk, &ani, "Card lost"));
    let path = format!("/api/tickets/{one}/related");
    done(&desk, &ani, "POST", &path, &json!({"ticket": format!("#{two}")}));
    for (ticket, other) in [(one, two), (two, one)] {
        assert_eq!(desk.read(&format!("/api/tickets/{ticket}"))["related"], json!([other]));
    }
    problem(&send(&desk, &ani, "POST", &path, &json!({"ticket": one.to_string()})), 400);
    problem(&send(&desk, &ani, "POST", &path, &json!({"ticket": "4711"})), 404);
    done(&desk, &ani, "DELETE", &format!("{path}/{two}"), &json!({}));
    assert_eq!(desk.read(&format!("/api/tickets/{two}"))["related"], json!([]));
    problem(&desk.call(&ani, "DELETE", &format!("{path}/{two}")), 404);
}

#[test]
fn of_many_tickets_at_once_one_that_fails_stops_no_other() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let me = id_of(&desk, &ani);
    let tickets: Vec<u64> = (0..3).map(|n| made(&desk, &ani, &format!("number {n}"))).collect();
    done(&desk, &ani, "POST", &format!("/api/tickets/{}/close", tickets[1]), &json!({}));
    let body = json!({"ids": [tickets[0], format!("#{}", tickets[1]), 4711, "", tickets[2].to_string()],
        "action": "resolve", "reason": "all at once"});
    let answer = done(&desk, &ani, "POST", "/api/tickets/bulk", &body);
    assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(2), &json!(3)));
    let results = rows(&answer, "results");
    let statuses: Vec<_> =
        results.iter().map(|r| r["error"]["status"].as_u64().unwrap_or(200)).collect();
    assert_eq!(statuses, [200, 409, 404, 400, 200], "{answer}");
    assert_eq!(results[0]["ticket_number"], format!("#{}", tickets[0]));
    for (ticket, status) in tickets.iter().zip(["resolved", "closed", "resolved"]) {
        assert_eq!(desk.read(&format!("/api/tickets/{ticket}"))["status"], status);
    }
    let body = json!({"ids": tickets, "action": "update",
        "changes": {"tags": ["weekend"], "assignee_id": me, "priority": "low"}});
    let answer = done(&desk, &ani, "POST", "/api/tickets/bulk", &body);
    assert_eq!(answer["succeeded"], 3, "{answer}");
    assert_eq!(desk.read("/api/tickets?tag=weekend&priority=low")["pagination"]["total"], 3);
    for (body, status) in [
        (json!({"ids": [], "action": "resolve"}), 400),
        (json!({"ids": vec![1001; 101], "action": "resolve"}), 400),
        (json!({"ids": [1001], "action": "explode"}), 400),
        (json!({"ids": [1001], "action": "assign"}), 400),
        (json!({"ids": [1001], "action": "delete"}), 403),
    ] {
        problem(&send(&desk, &ani, "POST", "/api/tickets/bulk", &body), status);
    }
}
