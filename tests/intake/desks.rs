//! Zendesk and Intercom: a case there is a ticket here, however its deliveries come.

use serde_json::{Value, json};

use crate::desk::{Desk, example, orders, problem, recorded, turns, word};

const ZENDESK: &str = "/api/tickets/webhook/zendesk";
const INTERCOM: &str = "/api/tickets/webhook/intercom";

const ZENDESK_EVENTS: [&str; 3] =
    ["event_ticket_created", "event_comment_added_agent", "event_status_changed"];
const INTERCOM_EVENTS: [&str; 5] = [
    "conversation_user_created",
    "conversation_user_replied",
    "conversation_admin_replied",
    "conversation_admin_noted",
    "conversation_admin_closed",
];

/// S1.15, S1.16, S1.17
#[test]
fn the_seeds_webhooks_get_the_seeds_answer() {
    let desk = Desk::open("");
    let seed: Value = serde_json::from_slice(&example("001_06")).expect("JSON");
    let members =
        |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    for (path, name, source, description) in [
        (ZENDESK, "001_07", "zendesk", "I can't login to my account"),
        (INTERCOM, "001_08", "intercom", "I need help with my order"),
    ] {
        let told = desk.deliver(path, &example(name));
        assert_eq!(members(&told["ticket"]), members(&seed["ticket"]));
        assert_eq!(told["suggested_actions"], seed["suggested_actions"]);
        let ticket = &told["ticket"];
        assert_eq!(ticket["customer_email"], "user@example.com");
        assert_eq!(ticket["customer_name"], "User Name");
        assert_eq!(
            (&ticket["source"], &ticket["description"]),
            (&json!(source), &json!(description))
        );
        assert_eq!((&ticket["status"], &ticket["category"]), (&json!("new"), &Value::Null));
        // Again: the same ticket, and nothing more.
        let newest = desk.newest_event();
        let again = desk.deliver(path, &example(name));
        assert_eq!(again["ticket"]["ticket_id"], ticket["ticket_id"]);
        assert_eq!(desk.newest_event(), newest);
    }
    assert_eq!(desk.tickets(), 2);
    let zendesk = desk.ticket("zendesk:123");
    assert_eq!(
        (&zendesk["subject"], &zendesk["category"]),
        (&json!("Help needed"), &json!("account"))
    );
    let intercom = desk.ticket("1002");
    assert_eq!(intercom["subject"], "I need help with my order", "derived");
    assert_eq!(zendesk["customer_id"], intercom["customer_id"], "one mailbox, one customer");
}

#[test]
fn a_trigger_of_strings_is_read() {
    let desk = Desk::open("");
    desk.replay(ZENDESK, "e_zendesk/trigger_custom_all_strings");
    let ticket = desk.ticket("zendesk:35436");
    assert_eq!(ticket["customer_email"], "lee.park@example.com");
    assert_eq!((&ticket["priority"], &ticket["status"]), (&json!("high"), &json!("new")));
    assert_eq!(ticket["tags"], json!(["billing", "urgent"]));
    assert_eq!(ticket["category"], "billing");
}

/// Every delivery of a case twice, in every order: one ticket, and the same one.
fn in_every_order(
    path: &str,
    folder: &str,
    events: &[&str],
    reference: &str,
    check: &dyn Fn(&Desk),
) {
    let all = orders(events);
    // Shuffles of five events are many: the first, the last and some between.
    let step = (all.len() / 6).max(1);
    for order in all.iter().step_by(step).chain(all.last()) {
        let desk = Desk::open("");
        for name in order {
            desk.replay(path, &format!("{folder}/{name}"));
        }
        check(&desk);
        let (shown, newest) = (desk.shown(reference), desk.newest_event());
        for name in order.iter().rev() {
            desk.replay(path, &format!("{folder}/{name}"));
        }
        assert_eq!(desk.shown(reference), shown, "{order:?}, delivered again");
        assert_eq!(desk.newest_event(), newest, "{order:?}, delivered again");
        assert_eq!(desk.tickets(), 1, "{order:?}");
    }
}

#[test]
fn a_zendesk_ticket_its_comment_and_its_end_are_one_ticket() {
    in_every_order(ZENDESK, "e_zendesk", &ZENDESK_EVENTS, "zendesk:5158", &|desk| {
        let ticket = desk.ticket("zendesk:5158");
        assert_eq!(
            (&ticket["status"], &ticket["channel"]),
            (&json!("resolved"), &json!("zendesk"))
        );
        assert_eq!(ticket["subject"], "App logs me out");
        assert_eq!(ticket["customer_email"], Value::Null, "only an id is known");
        assert!(ticket["first_response_at"].is_string());
        let said = [
            ("user", "message", "The app logs me out every minute"),
            ("agent", "message", "Thanks for writing in. Which phone do you use?"),
        ];
        assert_eq!(desk.said("zendesk:5158"), turns(&said));
    });
}

#[test]
fn an_intercom_conversation_is_one_ticket_with_notes_apart() {
    let reference = "intercom:215469000000101";
    in_every_order(INTERCOM, "f_intercom", &INTERCOM_EVENTS, reference, &|desk| {
        let ticket = desk.ticket(reference);
        assert_eq!((&ticket["status"], &ticket["order_id"]), (&json!("closed"), &json!("77")));
        assert_eq!(ticket["customer_email"], "iris.cole@example.com");
        assert_eq!(ticket["description"], "My order never arrived.\nOrder #77");
        assert_eq!(ticket["category"], "shipping");
        let said = [
            ("user", "message", "My order never arrived.\nOrder #77"),
            ("user", "message", "Any news?"),
            ("agent", "message", "Hi Iris, looking into it & back soon."),
            ("agent", "note", "Courier lost it, refund"),
        ];
        assert_eq!(desk.said(reference), turns(&said));
    });
}

/// One event of a Zendesk ticket, told some minutes after ten.
fn zendesk_event(kind: &str, id: &str, minute: u32, event: Value) -> Vec<u8> {
    let time = format!("2026-01-28T10:{minute:02}:00Z");
    let detail = json!({"id": "77", "subject": "Printer", "description": "It is on fire", "requester_id": "5",
        "status": "OPEN", "priority": "URGENT", "created_at": "2026-01-28T10:00:00Z"});
    let body = json!({"type": format!("zen:event-type:ticket.{kind}"), "id": id, "time": time, "detail": detail,
        "event": event, "subject": "zen:ticket:77"});
    body.to_string().into_bytes()
}

fn comment(id: &str, minute: u32, by_staff: bool, public: bool, text: &str) -> Vec<u8> {
    let author = json!({"id": "9", "is_staff": by_staff, "name": "Somebody"});
    let comment = json!({"id": id, "body": text, "is_public": public, "author": author});
    zendesk_event("comment_added", &format!("event-{id}"), minute, json!({"comment": comment}))
}

fn status(id: &str, minute: u32, current: &str) -> Vec<u8> {
    zendesk_event("status_changed", id, minute, json!({"current": current, "previous": "OPEN"}))
}

#[test]
fn a_ticket_goes_where_zendesk_goes_and_comes_back_with_its_customer() {
    let desk = Desk::open("");
    let at = |body: &[u8]| {
        desk.deliver(ZENDESK, body);
        word(&desk.ticket("zendesk:77")["status"])
    };
    assert_eq!(at(&zendesk_event("created", "e1", 0, json!({}))), "new");
    assert_eq!(desk.ticket("zendesk:77")["priority"], "urgent");
    assert_eq!(
        at(&comment("c1", 1, true, false, "Call the fire brigade")),
        "new",
        "a note is no answer"
    );
    assert_eq!(desk.ticket("zendesk:77")["first_response_at"], Value::Null);
    assert_eq!(at(&comment("c2", 2, true, true, "Is it plugged in?")), "in_progress");
    assert_eq!(at(&status("s1", 3, "PENDING")), "pending");
    assert_eq!(at(&comment("c3", 4, false, true, "Yes, it burns")), "in_progress");
    assert_eq!(at(&status("s2", 5, "HOLD")), "waiting_internal");
    assert_eq!(at(&status("s3", 9, "SOLVED")), "resolved");
    assert_eq!(
        at(&comment("c4", 8, false, true, "Hurry")),
        "resolved",
        "written before it was solved"
    );
    assert_eq!(at(&status("s4", 7, "PENDING")), "resolved", "old news");
    assert_eq!(at(&comment("c5", 11, false, true, "It burns again")), "open");
    assert_eq!(at(&status("s5", 12, "CLOSED")), "closed");
    assert_eq!(desk.tickets(), 1);
    let said: Vec<_> =
        desk.said("zendesk:77").into_iter().map(|(who, kind, _)| format!("{who} {kind}")).collect();
    let talk = [
        "user message",
        "agent note",
        "agent message",
        "user message",
        "user message",
        "user message",
    ];
    assert_eq!(said, talk);
}

#[test]
fn what_an_agent_chose_stays_when_the_customer_writes_again() {
    let desk = Desk::open("");
    desk.deliver(ZENDESK, &zendesk_event("created", "e1", 0, json!({})));
    let before = desk.ticket("zendesk:77")["category"].clone();
    desk.deliver(ZENDESK, &comment("c1", 1, false, true, "the login password of my account"));
    let after = desk.ticket("zendesk:77")["category"].clone();
    assert_eq!((before, after), (Value::Null, json!("account")), "found as soon as it can be");
    desk.deliver(
        ZENDESK,
        &comment("c2", 2, false, true, "refund the invoice, a payment was charged"),
    );
    assert_eq!(desk.ticket("zendesk:77")["category"], "account");
}

/// A sender that gives everything the same id loses nothing by it.
#[test]
fn another_body_under_a_known_id_is_another_delivery() {
    let desk = Desk::open("");
    for text in ["one", "two"] {
        let body = json!({"ticket": {"subject": text, "description": text}}).to_string();
        let mut request = recorded("e_zendesk/seed_example");
        request.body = body.into_bytes();
        for _ in 0..2 {
            assert_eq!(desk.send(ZENDESK, &request, Some(&desk.deliverer)).status, 200);
        }
    }
    assert_eq!(desk.tickets(), 2);
    desk.deliver(ZENDESK, &zendesk_event("created", "e1", 0, json!({})));
    for text in ["first", "second"] {
        let event = json!({"comment": {"id": text, "body": text, "author": {"is_staff": false}}});
        desk.deliver(ZENDESK, &zendesk_event("comment_added", "the same", 1, event));
    }
    assert_eq!(desk.said("zendesk:77").len(), 3);
}

#[test]
fn pings_unknown_events_and_looks_are_answered_and_leave_nothing() {
    let desk = Desk::open("");
    let ping = desk.replay(INTERCOM, "f_intercom/ping");
    assert_eq!(ping, json!({"status": "ignored", "reason": "ping"}));
    let unknown = zendesk_event("some_future_event", "e", 0, json!({}));
    assert_eq!(desk.deliver(ZENDESK, &unknown)["status"], "ignored");
    let look = desk.daemon.request("HEAD", INTERCOM, &[], b"");
    assert_eq!(look.status, 200, "Intercom looks without a token");
    problem(&desk.daemon.request("PUT", INTERCOM, &[], b"{}"), 405);
    assert_eq!(desk.tickets(), 0);
}

#[test]
fn what_is_no_case_is_refused() {
    let desk = Desk::open("");
    for path in [ZENDESK, INTERCOM] {
        for body in ["{", "[]", "null", "\"x\"", ""] {
            problem(&desk.call(&desk.deliverer, "POST", path, body.as_bytes()), 400);
        }
        let bearer = format!("Bearer {}", desk.deliverer);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/plain")];
        problem(&desk.daemon.request("POST", path, &headers, &example("001_07")), 415);
        let large = [b"{\"x\":\"".to_vec(), vec![b'x'; 9 << 20], b"\"}".to_vec()].concat();
        problem(&desk.call(&desk.deliverer, "POST", path, &large), 413);
        problem(&desk.daemon.request("POST", path, &[], &example("001_07")), 401);
    }
    problem(&desk.call(&desk.deliverer, "POST", ZENDESK, b"{\"ticket\":{}}"), 400);
    assert_eq!(desk.tickets(), 0);
    assert!(!recorded("e_zendesk/seed_example").body.is_empty());
}
