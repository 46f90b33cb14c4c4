//! Running calls: their lines as they come, half ones marked so, for those who may listen.

use serde_json::{Value, json};

use crate::Desk;
use crate::client::{Call, Client};

/// S0.64
#[test]
fn a_supervisor_reads_a_running_call_as_it_is_spoken() {
    let desk = Desk::open("");
    let admin = desk.daemon.token_named("Dewi", "admin");
    let address = desk.daemon.address();
    let mut client = Client::open(address, &admin, "?events=ticket.message&transcripts=true");
    let mut silent = Client::open(address, &admin, "?events=ticket.message,call.ended");
    let mut call =
        Call::begin(address, &desk.bridge, "call-1?customer_name=Maya&customer_phone=628120004567");
    call.hears_of_caller("item1", "My card ");
    call.hears_of_caller("item1", "was stolen");
    let half = client.hears();
    assert_eq!((&half["event"], &half["partial"]), (&json!("call.line"), &json!(true)));
    assert_eq!((&half["text"], &half["speaker"]), (&json!("My card "), &json!("user")));
    assert!(half.get("seq").is_none(), "of the moment: {half}");
    assert_eq!(client.hears()["text"], "My card was stolen");
    call.says("item1", "My card was stolen.");
    // What was half is done with, and the whole line comes with its event.
    let over = client.hears();
    assert_eq!((&over["item"], &over["text"]), (&json!("item1"), &json!("")));
    let whole = client.hears();
    assert_eq!(whole["event"], "ticket.message.added");
    assert_eq!(
        (&whole["line"]["text"], &whole["line"]["partial"], &whole["line"]["item"]),
        (&json!("My card was stolen."), &json!(false), &json!("item1"))
    );
    call.hears_of_agent("item2", "I will block");
    assert_eq!(client.hears()["speaker"], "agent");
    let now = desk.done(&admin, "GET", "/api/calls/live", &Value::Null);
    let running = &now["data"][0];
    assert_eq!(running["customer_name"], "Maya");
    assert_eq!(running["lines"][0]["text"], "My card was stolen.");
    assert_eq!(running["partial"][0]["text"], "I will block");
    assert_eq!(running["partial"].as_array().expect("a list").len(), 1);
    assert!(running["category_guess"].is_string(), "{running}");
    assert_eq!(running["sentiment"], Value::Null);
    let mood = json!({"key": "sentiment", "value": "angry"});
    desk.done(&desk.bridge, "POST", &format!("/api/calls/{}/metadata", call.number), &mood);
    let now = desk.done(&admin, "GET", "/api/calls/live", &Value::Null);
    assert_eq!(now["data"][0]["sentiment"], "angry");
    call.hangs_up();
    let now = desk.done(&admin, "GET", "/api/calls/live", &Value::Null);
    assert_eq!(now["data"], json!([]));
    // Who did not ask for it got the event without a word.
    let told = silent.up_to("call.ended");
    assert!(!format!("{told:?}").contains("stolen") && !told.is_empty(), "{told:?}");
}

#[test]
fn an_agent_hears_nothing_of_calls_that_are_nobodys_yet() {
    let desk = Desk::open("");
    let ana = desk.daemon.token_named("Ana", "agent");
    let address = desk.daemon.address();
    let mut client = Client::open(address, &ana, "?transcripts=true");
    let mut call = Call::begin(address, &desk.bridge, "call-2");
    call.hears_of_caller("item1", "A secret");
    call.says("item1", "A secret word.");
    let heard = client.up_to("ticket.message.added");
    assert!(!format!("{heard:?}").contains("secret"), "{heard:?}");
    let none = desk.done(&ana, "GET", "/api/calls/live", &Value::Null);
    assert_eq!(none["data"], json!([]));
    call.hangs_up();
}

#[test]
fn a_running_call_is_flagged_for_somebody_to_come_back_to() {
    let desk = Desk::open("");
    let (dewi, ana) =
        (desk.daemon.token_named("Dewi", "admin"), desk.daemon.token_named("Ana", "agent"));
    let address = desk.daemon.address();
    let call = Call::begin(address, &desk.bridge, "call-3");
    let number = call.number;
    let path = format!("/api/calls/{number}/flag");
    let why = json!({"reason": "Promised a call back"});
    assert_eq!(desk.call(&ana, "POST", &path, &why).status, 403);
    assert_eq!(desk.call(&dewi, "POST", &path, &json!({})).status, 400);
    desk.done(&dewi, "POST", &path, &why);
    let now = desk.done(&dewi, "GET", "/api/calls/live", &Value::Null);
    assert_eq!(now["data"][0]["flag"], "Promised a call back");
    call.hangs_up();
    assert_eq!(desk.call(&dewi, "POST", &path, &why).status, 409, "it has ended");
    let activity =
        desk.done(&dewi, "GET", &format!("/api/tickets/{number}/activity"), &Value::Null);
    assert!(activity.to_string().contains("Promised a call back"), "{activity}");
    let chat = desk.writes("628111222333", "ONE", "Halo?");
    let no_call = desk.call(&dewi, "POST", &format!("/api/calls/{chat}/flag"), &why);
    assert_eq!(no_call.status, 404);
}
