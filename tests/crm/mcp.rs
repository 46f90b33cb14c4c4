//! The tools over the Model Context Protocol: the protocol itself, and its official client.

use serde_json::{Value, json};

use crate::bridge::{problem, rows, word};
use crate::harness::Response;
use crate::{ANA, Centre};

fn post(centre: &Centre, token: &str, more: &[(&str, &str)], body: &Value) -> Response {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
    ];
    headers.extend(more);
    centre.desk.daemon.request("POST", "/mcp", &headers, body.to_string().as_bytes())
}

fn asked(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

#[track_caller]
fn result(answer: &Response) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)));
    assert!(answer["error"].is_null(), "{answer}");
    answer["result"].clone()
}

#[test]
fn an_assistant_serves_its_customer_over_mcp() {
    let centre = Centre::open("");
    let call = |more: &[(&str, &str)], method: &str, params: &Value| {
        result(&post(&centre, &centre.assistant, more, &asked(method, params)))
    };
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let told = call(&[], "initialize", &hello);
    assert_eq!(
        (&told["protocolVersion"], &told["serverInfo"]["name"]),
        (&json!("2025-06-18"), &json!("frontdesk"))
    );
    let other = call(&[], "initialize", &json!({"protocolVersion": "1999-01-01"}));
    assert_eq!(other["protocolVersion"], "2025-11-25", "what is spoken here");
    assert_eq!(call(&[], "ping", &json!({})), json!({}));
    let tools = rows(&call(&[], "tools/list", &json!({})), "tools");
    let names: Vec<String> = tools.iter().map(|tool| word(&tool["name"])).collect();
    assert_eq!(names, ["create_ticket_report", "get_ticket_information"]);
    assert_eq!(tools[1]["annotations"]["readOnlyHint"], true);
    let customer = [("Frontdesk-Customer", ANA)];
    let report = json!({"name": "create_ticket_report", "arguments":
        {"subject": "Double charge", "description": "Twice.", "category": "billing"}});
    let made = call(&customer, "tools/call", &report);
    assert_eq!(
        (&made["isError"], &made["structuredContent"]["success"]),
        (&json!(false), &json!(true))
    );
    let text: Value = serde_json::from_str(&word(&made["content"][0]["text"])).expect("JSON");
    assert_eq!(text, made["structuredContent"]);
    let look =
        json!({"name": "get_ticket_information", "arguments": {"ticket_id": text["ticketId"]}});
    assert_eq!(call(&customer, "tools/call", &look)["structuredContent"]["status"], "new");
    // Somebody else, and nobody.
    for more in [&[("Frontdesk-Customer", "628123456789")][..], &[]] {
        let told = call(more, "tools/call", &look);
        assert_eq!(
            (&told["isError"], &told["structuredContent"]["success"]),
            (&json!(true), &json!(false))
        );
    }
    // The desk's own tools are not the assistant's.
    let read = asked(
        "tools/call",
        &json!({"name": "read_ticket", "arguments": {"ticket": text["ticketId"]}}),
    );
    let refused = post(&centre, &centre.assistant, &[], &read).json();
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
}

/// S2.10, as for the other protocols: a client that lost its connection sends its report again.
#[test]
fn a_report_that_is_sent_again_makes_no_second_ticket() {
    let mut centre = Centre::open("");
    let report =
        |centre: &Centre, (id, customer): (Value, &str), more: &[(&str, &str)], words: Value| {
            let params = json!({"name": "create_ticket_report", "arguments": words});
            let asked =
                json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
            let headers = [&[("Frontdesk-Customer", customer)], more].concat();
            let answer = post(centre, &centre.assistant, &headers, &asked);
            assert_eq!(answer.status, 200, "{}", answer.text());
            word(&answer.json()["result"]["structuredContent"]["ticketId"])
        };
    let words = json!({"subject": "Double charge", "description": "Twice.", "category": "billing"});
    let first = report(&centre, (json!(7), ANA), &[], words.clone());
    assert_eq!(report(&centre, (json!(7), ANA), &[], words.clone()), first, "sent again");
    centre.desk.daemon.kill9();
    centre.desk.daemon.restart();
    assert_eq!(report(&centre, (json!(7), ANA), &[], words.clone()), first, "after a power cut");
    // Clients count from the start again: an id alone says nothing.
    let other = json!({"subject": "The app crashes", "description": "At the start."});
    let mut made = vec![
        first,
        report(&centre, (json!(7), ANA), &[], other),
        report(&centre, (json!("7"), ANA), &[], words.clone()),
        report(&centre, (json!(7), "628123456789"), &[], words.clone()),
    ];
    // A key says it, whatever the id and the words, as an argument or as a header.
    let keyed = json!({"subject": "Refund", "description": "Please.", "idempotency_key": "k-1"});
    let again = json!({"subject": "A refund", "idempotency_key": "k-1"});
    let header = [("Idempotency-Key", "k-1")];
    let third = report(&centre, (json!(8), ANA), &[], keyed);
    assert_eq!(report(&centre, (json!(9), ANA), &[], again), third);
    assert_eq!(report(&centre, (json!(10), ANA), &header, words.clone()), third);
    made.push(third);
    made.push(report(&centre, (json!(11), "628123456789"), &header, words));
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 6, "{made:?}");
    centre.is_sound();
}

#[test]
fn an_agent_searches_and_reads_within_their_rights_over_mcp() {
    let centre = Centre::open("");
    let mine = centre.reported(ANA, "call_1", "The kitchen burns");
    let hers = centre.reported(ANA, "call_2", "The cellar too");
    let rini = centre.desk.daemon.token_named("Rini", "agent");
    let claimed = centre.send(&rini, "POST", &format!("/api/tickets/{hers}/claim"), &json!({}));
    assert_eq!(claimed.status, 200, "{}", claimed.text());
    let call = |name: &str, arguments: Value| {
        let params = json!({"name": name, "arguments": arguments});
        result(&post(&centre, &centre.agent, &[], &asked("tools/call", &params)))["structuredContent"].clone()
    };
    let found = call("search_tickets", json!({}));
    assert_eq!(
        (&found["total"], &found["tickets"][0]["ticketId"]),
        (&json!(1), &json!(mine)),
        "S2.20"
    );
    assert_eq!(call("search_tickets", json!({"query": "cellar"}))["total"], 0);
    assert_eq!(
        call("search_tickets", json!({"query": "kitchen", "status": "new", "limit": 5}))["total"],
        1
    );
    let wrong = call("search_tickets", json!({"limit": 1000}));
    assert!(word(&wrong["error"]).contains("at most 100"), "{wrong}");
    assert_eq!(
        call("read_ticket", json!({"ticket": mine}))["ticket"]["subject"],
        "The kitchen burns"
    );
    let hidden = call("read_ticket", json!({"ticket": hers}));
    assert_eq!(
        hidden,
        call("read_ticket", json!({"ticket": "TICKET-1999-000001"})),
        "as if absent"
    );
}

#[test]
fn what_is_no_message_of_the_protocol_is_refused() {
    let centre = Centre::open("");
    let token = centre.assistant.as_str();
    let code = |answer: &Response| answer.json()["error"]["code"].clone();
    let unknown = post(&centre, token, &[], &asked("resources/list", &json!({})));
    assert_eq!((unknown.status, code(&unknown)), (200, json!(-32601)));
    for body in [
        json!([asked("ping", &json!({}))]),
        json!({"id": 1, "method": "ping"}),
        json!({"jsonrpc": "2.0", "id": {}, "method": "ping"}),
    ] {
        let refused = post(&centre, token, &[], &body);
        assert_eq!((refused.status, code(&refused)), (400, json!(-32600)), "{body}");
    }
    let bearer = format!("Bearer {token}");
    let refused = centre.desk.daemon.request("POST", "/mcp", &[("Authorization", &bearer)], b"{");
    assert_eq!((refused.status, code(&refused)), (400, json!(-32700)));
    let old = [("MCP-Protocol-Version", "2024-11-05")];
    assert_eq!(post(&centre, token, &old, &asked("ping", &json!({}))).status, 400);
    let note = post(
        &centre,
        token,
        &[],
        &json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    );
    assert_eq!((note.status, note.text()), (202, String::new()));
    let page = [("Origin", "https://evil.example")];
    problem(&post(&centre, token, &page, &asked("ping", &json!({}))), 403);
    problem(&post(&centre, "nonsense", &[], &asked("ping", &json!({}))), 401);
    let reader = centre.desk.daemon.token("read");
    problem(&post(&centre, &reader, &[], &asked("ping", &json!({}))), 403);
    assert_eq!(centre.desk.call(token, "GET", "/mcp").status, 405, "no stream to listen to");
}
