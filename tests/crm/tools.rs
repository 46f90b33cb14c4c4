//! The assistants' two tools over HTTP, in the shapes of all three APIs.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};

use crate::bridge::{message, phone, rows, sample, word};
use crate::{ANA, Centre, output};

const CREATE: &str = "create_ticket_report";
const GET: &str = "get_ticket_information";

fn fixture(name: &str) -> Value {
    sample(&format!("g_tools/{name}.json")).remove(0)
}

fn nth(reference: &str) -> u64 {
    let (year, nth) =
        reference.strip_prefix("TICKET-").and_then(|r| r.split_once('-')).expect("S2.10");
    assert!(year.len() == 4 && nth.len() == 6, "{reference}");
    nth.parse().expect("a number")
}

/// S2.48
#[test]
fn an_assistant_makes_a_ticket_and_it_is_kept() {
    let mut centre = Centre::open("");
    let run = fixture("assistants_requires_action_create");
    let told = centre.submit(&run);
    let calls = told["tool_outputs"].as_array().expect("all at once");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["tool_call_id"], "call_FxCreate0000000000000001");
    let first = output(&calls[0]["output"]);
    assert_eq!(first["success"], true, "S2.8");
    assert_eq!(first["message"], "Ticket creado exitosamente", "S2.8");
    assert_eq!((nth(&word(&first["ticketId"])), &first["status"]), (1, &json!("new")));
    assert!(first["estimatedResolution"].is_string(), "S2.4: {first}");
    let id = word(&first["ticketId"]);
    let ticket = centre.done("GET", &format!("/api/v2/tickets/{id}"), &json!({}));
    assert_eq!(ticket["subject"], "Double charge on card");
    let written = "Customer was charged $49.99 twice on 28 Jan for the same order.";
    assert_eq!((&ticket["description"], &ticket["category"]), (&json!(written), &json!("billing")));
    assert_eq!((&ticket["priority"], &ticket["source"]), (&json!("high"), &json!("assistant")));
    assert_eq!(ticket["customerId"]["phoneNumber"], ANA, "S2.4: linked to the customer");
    assert_eq!(ticket["slaTargets"]["policy"], "Fast response", "C4");
    assert_eq!(ticket["statusHistory"][0]["to"], "new", "S2.16");
    // S2.50: no made-up id, no sample answer; it is there after a power cut.
    centre.desk.daemon.kill9();
    centre.desk.daemon.restart();
    let again = centre.done("GET", &format!("/api/v2/tickets/{id}"), &json!({}));
    assert_eq!(again["subject"], ticket["subject"]);
    centre.is_sound();
}

/// S2.6
#[test]
fn each_api_gets_its_outputs_in_its_own_shape() {
    let centre = Centre::open("");
    let context = json!({"userId": ANA});
    let mut made = BTreeSet::new();
    let response = fixture("responses_function_call");
    let told = centre.submit(&json!({"context": context, "response": response}));
    let item = &told["input"][0];
    assert_eq!(
        (&item["type"], &item["call_id"]),
        (&json!("function_call_output"), &json!("call_FxResp00000000000000001"),)
    );
    made.insert(word(&output(&item["output"])["ticketId"]));
    let completion = fixture("chat_completions_tool_calls");
    let told = centre.submit(&json!({"context": context, "completion": completion}));
    let message = &told["messages"][0];
    assert_eq!(
        (&message["role"], &message["tool_call_id"]),
        (&json!("tool"), &json!("call_FxChat00000000000000001"),)
    );
    made.insert(word(&output(&message["content"])["ticketId"]));
    // An API's own object with the customer beside it, in a header, or wanted in another spelling.
    let mut bare = fixture("responses_function_call");
    bare["phone"] = json!(ANA);
    let told = centre.submit(&bare);
    made.insert(word(&output(&told["input"][0]["output"])["ticketId"]));
    assert_eq!(made.len(), 2, "the same call of the same customer is the same ticket: {made:?}");
    let bearer = format!("Bearer {}", centre.assistant);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Frontdesk-Customer", ANA),
    ];
    let body = fixture("responses_function_call").to_string();
    let path = "/api/v2/assistant/tool-calls?format=assistants";
    let told = centre.desk.daemon.request("POST", path, &headers, body.as_bytes()).json();
    let output = output(&told["tool_outputs"][0]["output"]);
    assert!(made.contains(&word(&output["ticketId"])), "{output}");
    let found = centre.done("GET", "/api/v2/tickets?limit=100", &json!({}));
    assert_eq!(found["total"], 2);
}

#[test]
fn an_assistant_reads_what_became_of_a_ticket() {
    let centre = Centre::open("");
    let mine = centre.reported(ANA, "call_1", "Double charge");
    let path = |rest: &str| format!("/api/v2/tickets/{mine}/{rest}");
    centre.done("POST", &path("notes"), &json!({"content": "secret", "isInternal": true}));
    centre.done(
        "POST",
        &path("notes"),
        &json!({"content": "We look into it.", "isInternal": false}),
    );
    centre.done("PUT", &path("resolve"), &json!({"resolution": "Refunded."}));
    let context = json!({"phone": format!("+{ANA}")});
    let asked = json!({"ticket_id": mine.to_lowercase()}).to_string();
    let told = centre.tool(&context, "call_2", GET, &asked);
    assert_eq!((&told["success"], &told["status"]), (&json!(true), &json!("resolved")));
    assert_eq!(
        (&told["statusText"], &told["resolution"]),
        (&json!("Resuelto"), &json!("Refunded."))
    );
    assert_eq!((&told["description"], &told["resolved"]), (&json!("As above."), &json!(true)));
    let notes = rows(&told, "notes");
    assert_eq!(notes.len(), 1, "internal notes stay inside (S2.52): {notes:?}");
    assert_eq!(notes[0]["content"], "We look into it.");
    // S2.5: several at once.
    let second = centre.reported(ANA, "call_3", "Another one");
    for arguments in ["{\"lookup_recent\": true}", "{}", ""] {
        let told = centre.tool(&context, "call_4", GET, arguments);
        assert_eq!((&told["success"], &told["count"]), (&json!(true), &json!(2)), "{told}");
        let ids: Vec<String> =
            rows(&told, "tickets").iter().map(|ticket| word(&ticket["ticketId"])).collect();
        assert_eq!(ids, [second.clone(), mine.clone()], "the newest first");
    }
}

/// S2.51
#[test]
fn an_assistant_reports_from_within_a_whatsapp_chat() {
    let mut centre = Centre::open("");
    let written = message(&phone(ANA), "A1", 0, "Hola, me cobraron dos veces");
    let chat = centre.desk.ticket_of(&written);
    let conversation = centre.desk.read(&format!("/api/tickets/{chat}"))["conversation_id"].clone();
    let arguments = json!({"subject": "Double charge", "description": "Charged twice.",
        "category": "billing"})
    .to_string();
    let context = json!({"conversationId": conversation});
    let told = centre.tool(&context, "call_1", CREATE, &arguments);
    assert_eq!(told["message"], "Ticket creado exitosamente", "{told}");
    let id = word(&told["ticketId"]);
    let ticket = centre.done("GET", &format!("/api/v2/tickets/{id}"), &json!({}));
    assert_eq!(ticket["conversationId"]["_id"], conversation.to_string(), "S2.4");
    assert_eq!(
        (&ticket["channel"], &ticket["customerId"]["phoneNumber"]),
        (&json!("whatsapp"), &json!(ANA))
    );
    assert_eq!(ticket["relatedTickets"], json!([chat]), "beside the open ticket of the chat");
    let path = format!("/api/v2/conversations/{conversation}/tickets");
    let listed = centre.done("GET", &path, &json!({}));
    assert_eq!(listed["total"], 2, "{listed}");
    assert_eq!(rows(&listed, "tickets")[0]["ticketId"], id.as_str());
    // The chat by its address, or the customer by their number alone, comes to the same.
    for (at, context) in
        [json!({"conversation": phone(ANA)}), json!({"userId": ANA})].iter().enumerate()
    {
        let told = centre.tool(context, &format!("call_a{at}"), CREATE, &arguments);
        let path = format!("/api/v2/tickets/{}", word(&told["ticketId"]));
        let ticket = centre.done("GET", &path, &json!({}));
        assert_eq!(ticket["conversationId"]["_id"], conversation.to_string());
    }
    // What the customer writes next stays in the chat's ticket.
    assert_eq!(centre.desk.ticket_of(&message(&phone(ANA), "A2", 5, "¿Hola?")), chat);
    centre.is_sound();
}

/// A call's session is a conversation, too.
#[test]
fn an_assistant_reports_from_within_a_call() {
    let mut centre = Centre::open("");
    let relay = centre.desk.daemon.token_named("relay", "ingest");
    let body = json!({"session_id": "sess-1", "customer_phone": ANA, "customer_name": "Ana"});
    let opened = centre.send(&relay, "POST", "/api/calls", &body);
    assert_eq!(opened.status, 201, "{}", opened.text());
    let context = json!({"session_id": "sess-1", "language": "en"});
    let arguments = json!({"subject": "Lost card", "description": "Lost.", "category": "account"});
    let told = centre.tool(&context, "call_1", CREATE, &arguments.to_string());
    assert_eq!(told["message"], "Ticket created successfully");
    let id = word(&told["ticketId"]);
    let ticket = centre.done("GET", &format!("/api/v2/tickets/{id}"), &json!({}));
    assert_eq!(
        (&ticket["relatedTickets"], &ticket["customerId"]["phoneNumber"]),
        (&json!([1001]), &json!(ANA))
    );
    let told = centre.tool(&context, "call_2", GET, &json!({"ticket_id": id}).to_string());
    assert_eq!(told["success"], true, "{told}");
    let told = centre.tool(&context, "call_3", GET, "{\"ticket_id\": \"1001\"}");
    assert_eq!(told["success"], true, "the call itself is the caller's: {told}");
    centre.is_sound();
}

#[test]
fn what_a_model_gets_wrong_is_answered_in_the_callers_language() {
    let centre = Centre::open("");
    let spanish = "No se pudo crear el ticket. Por favor intenta de nuevo.";
    let said = [
        (json!({"phone": ANA}), spanish),
        (json!({"phone": "628123456789"}), "Tiket tidak dapat dibuat. Silakan coba lagi."),
        (
            json!({"phone": "+44 20 7946 0018"}),
            "The ticket could not be created. Please try again.",
        ),
        (json!({"phone": "8613800138000"}), "无法创建工单，请重试。"),
        (json!({"phone": ANA, "language": "zh-CN"}), "无法创建工单，请重试。"),
        (json!({}), spanish),
    ];
    for (at, (context, words)) in said.iter().enumerate() {
        for (bad, arguments) in
            ["{", "[]", "{}", "", "{\"subject\": 7}", "7", "null"].iter().enumerate()
        {
            let told = centre.tool(context, &format!("call_{at}_{bad}"), CREATE, arguments);
            assert_eq!(told, json!({"success": false, "error": words}), "{context} {arguments}");
        }
    }
    let context = json!({"phone": ANA, "language": "en"});
    let told = centre.tool(&context, "c", "drop_all_tickets", "{}");
    assert_eq!(told, json!({"success": false, "error": "That function is not available."}));
    // Nothing was made of all that; what makes sense in a poor call is taken (S2.7).
    let found = centre.done("GET", "/api/v2/tickets", &json!({}));
    assert_eq!(found["total"], 0);
    let long = "x".repeat(300);
    let poor =
        json!({"subject": long, "priority": "yesterday", "category": "refunds", "extra": [1]});
    let told = centre.tool(&context, "poor", CREATE, &poor.to_string());
    let path = format!("/api/v2/tickets/{}", word(&told["ticketId"]));
    let ticket = centre.done("GET", &path, &json!({}));
    assert_eq!(word(&ticket["subject"]).chars().count(), 200, "S2.1");
    assert_eq!(
        (&ticket["category"], &ticket["priority"]),
        (&json!("general_inquiry"), &json!("medium"))
    );
}

#[test]
fn a_body_without_tool_calls_says_what_is_expected() {
    let centre = Centre::open("");
    let path = "/api/v2/assistant/tool-calls";
    let refused = centre.send(&centre.assistant, "POST", path, &json!({"hello": 1}));
    assert!(crate::bridge::problem(&refused, 400).contains("required_action"));
    let many = json!({"tool_calls": vec![json!({"id": "c"}); 33]});
    let refused = centre.send(&centre.assistant, "POST", path, &many);
    assert!(crate::bridge::problem(&refused, 400).contains("at most 32"));
    // A response without calls has nothing to answer.
    assert_eq!(centre.submit(&json!({"output": [{"type": "message"}]})), json!({"input": []}));
    let reader = centre.desk.daemon.token("read");
    assert_eq!(centre.send(&reader, "POST", path, &many).status, 403);
}

#[test]
fn the_same_call_twice_makes_one_ticket() {
    let mut centre = Centre::open("");
    let first = centre.reported(ANA, "call_1", "Double charge");
    assert_eq!(centre.reported(ANA, "call_1", "Double charge"), first);
    assert_eq!(centre.reported("+52 1 449 123 4567", "call_1", "Another wording"), first);
    assert_ne!(centre.reported("628123456789", "call_1", "Somebody else's"), first);
    centre.desk.daemon.restart();
    assert_eq!(centre.reported(ANA, "call_1", "Double charge"), first);
    let outputs = json!([
        {"type": "function_call", "call_id": "c9", "name": CREATE, "arguments": "{\"subject\": \"a\"}"},
        {"type": "function_call", "call_id": "c9", "name": CREATE, "arguments": "{\"subject\": \"a\"}"}]);
    let told = centre.submit(&json!({"phone": ANA, "output": outputs}));
    assert_eq!(told["input"][0], told["input"][1], "twice in one request");
    centre.is_sound();
}

/// S2.10
#[test]
fn fifty_reports_at_once_get_fifty_references_without_a_gap() {
    let centre = Centre::open("");
    let made: BTreeSet<u64> = thread::scope(|scope| {
        let all: Vec<_> = (0..50)
            .map(|at| {
                let centre = &centre;
                let customer = format!("52144900000{:02}", at % 7);
                scope.spawn(move || {
                    nth(&centre.reported(&customer, &format!("call_{at}"), "One of many"))
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().expect("a report")).collect()
    });
    assert_eq!(made, (1..=50).collect(), "dense, each once");
}

/// S2.1 to S2.3, S2.54
#[test]
fn the_tools_are_told_as_each_api_wants_them() {
    let centre = Centre::open("");
    let tools = |format: &str| {
        let path = format!("/api/v2/assistant/tools?format={format}");
        let answer = centre.desk.call(&centre.assistant, "GET", &path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        rows(&answer.json(), "tools")
    };
    for format in ["assistants", "chat"] {
        let tools = tools(format);
        assert_eq!(tools.len(), 2);
        assert_eq!(
            (&tools[0]["type"], &tools[0]["function"]["name"]),
            (&json!("function"), &json!(CREATE))
        );
        let required = &tools[0]["function"]["parameters"]["required"];
        assert_eq!(*required, json!(["subject", "description", "category"]));
        assert_eq!(tools[1]["function"]["parameters"]["required"], json!([]), "S2.2");
    }
    let flat = tools("responses");
    assert_eq!((&flat[1]["type"], &flat[1]["name"]), (&json!("function"), &json!(GET)));
    let urgent = &flat[0]["parameters"]["properties"]["priority"]["description"];
    assert!(word(urgent).contains("Use 'urgent' only for critical issues."), "S2.1");
    assert!(word(&flat[0]["description"]).contains("tracked and assigned to an agent"), "S2.54");
}
