//! What becomes a turn of the transcript and what does not; category and summary of what was said.

use serde_json::{Value, json};

use super::relay::{
    agent_turn, answered, committed, customer_says, event, heard, placed, session_created,
    user_turn,
};
use super::{Desk, lines, said, session, turns};

/// FORMATS 1.4: a handoff opens a second session for the same caller, whose first item follows nothing.
#[test]
fn a_handoff_goes_on_behind_what_was_said_before_it() {
    let desk = Desk::shared();
    let late = heard("item_user_1", "I want to speak about a loan.");
    let events = [
        vec![session_created("sess_first")],
        agent_turn("item_agent_1", None, "Hello, this is Riley."),
        vec![committed("item_user_1", Some("item_agent_1"))],
        vec![session_created("sess_second")],
        agent_turn("item_agent_2", None, "Hello, this is Sam of the loans team."),
        user_turn("item_user_2", Some("item_agent_2"), "Hello Sam."),
        // What the caller said to the first agent is transcribed only now.
        vec![late],
        agent_turn("item_agent_3", Some("item_user_2"), "How much would you like to borrow?"),
    ];
    let call = desk.whole_call(&events.concat());
    let spoken = said([
        ("agent", "Hello, this is Riley."),
        ("user", "I want to speak about a loan."),
        ("agent", "Hello, this is Sam of the loans team."),
        ("user", "Hello Sam."),
        ("agent", "How much would you like to borrow?"),
    ]);
    assert_eq!(lines(&call), spoken);
}

fn function_call(item: &str, call_id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": item, "type": "function_call", "status": "completed", "name": name, "call_id": call_id, "arguments": arguments})
}

/// FORMATS 1.4: announced up to four times, with ids of events of their own (S0.28, S0.29).
#[test]
fn a_function_call_announced_four_times_is_one_turn() {
    let desk = Desk::shared();
    let item = function_call("item_tool", "call_1", "find_branch", r#"{"city":"Jurong"}"#);
    let response = json!({"id": "resp_1", "status": "completed", "output": [item]});
    let events = [
        event(
            "conversation.item.added",
            json!({"previous_item_id": null, "item": {"id": "item_tool", "type": "function_call", "status": "in_progress", "name": "find_branch", "call_id": "call_1", "arguments": ""}}),
        ),
        event(
            "response.function_call_arguments.done",
            json!({"response_id": "resp_1", "item_id": "item_tool", "output_index": 0, "call_id": "call_1", "arguments": r#"{"city":"Jurong"}"#}),
        ),
        event(
            "response.output_item.done",
            json!({"response_id": "resp_1", "output_index": 0, "item": item}),
        ),
        event("conversation.item.done", json!({"previous_item_id": null, "item": item})),
        event("response.done", json!({"response": response})),
    ];
    let call = desk.whole_call(&events);
    let once = json!([{
        "speaker": "agent",
        "message": "[Tool Call: find_branch]",
        "tool_calls": [{"name": "find_branch", "arguments": r#"{"city":"Jurong"}"#}],
    }]);
    assert_eq!(turns(&call), once);
}

#[test]
fn arguments_that_are_no_json_are_kept_as_they_came() {
    let desk = Desk::shared();
    let cut = r#"{"query":"saving poc"#;
    let item = function_call("item_tool", "call_1", "search", cut);
    let call = desk.whole_call(&[event(
        "response.output_item.done",
        json!({"response_id": "resp_1", "output_index": 0, "item": item}),
    )]);
    assert_eq!(
        call["interactions"][0]["tool_calls"],
        json!([{"name": "search", "arguments": cut}])
    );
}

/// FORMATS 1.4: a response may speak and call several tools; `output_index` orders them.
#[test]
fn speech_and_several_tool_calls_of_one_response_keep_their_order() {
    let desk = Desk::shared();
    let speech = json!({"id": "item_speech", "type": "message", "role": "assistant", "status": "completed", "content": [{"type": "output_audio", "transcript": "One moment, I look that up."}]});
    let output = json!([
        speech,
        function_call("item_tool_1", "call_1", "search", "{}"),
        function_call("item_tool_2", "call_2", "find_branch", "{}"),
    ]);
    let call = desk.whole_call(&[event(
        "response.done",
        json!({"response": {"id": "resp_1", "status": "completed", "output": output}}),
    )]);
    let spoken = said([
        ("agent", "One moment, I look that up."),
        ("agent", "[Tool Call: search]"),
        ("agent", "[Tool Call: find_branch]"),
    ]);
    assert_eq!(lines(&call), spoken);
}

/// FORMATS 1.4: noise is transcribed as blanks, some turns never are.
#[test]
fn a_turn_without_words_leaves_no_trace() {
    let desk = Desk::shared();
    let failed = event(
        "conversation.item.input_audio_transcription.failed",
        json!({"item_id": "item_3", "content_index": 0, "error": {"type": "transcription_error", "code": "audio_unintelligible", "message": "could not be transcribed"}}),
    );
    let events = [
        user_turn("item_1", None, ""),
        user_turn("item_2", Some("item_1"), " \n\t "),
        vec![committed("item_3", Some("item_2")), failed],
        // Never transcribed at all.
        vec![committed("item_4", Some("item_3"))],
        agent_turn("item_5", Some("item_4"), "Are you still there?"),
        user_turn("item_6", Some("item_5"), "Yes."),
    ];
    let call = desk.whole_call(&events.concat());
    assert_eq!(lines(&call), said([("agent", "Are you still there?"), ("user", "Yes.")]));
}

#[test]
fn what_is_typed_counts_as_said() {
    let desk = Desk::shared();
    let typed = json!({"id": "item_1", "type": "message", "role": "user", "status": "completed", "content": [{"type": "input_text", "text": "My order number is 4711."}]});
    let written = |kind, item, text| {
        event(
            kind,
            json!({"response_id": "resp_1", "item_id": item, "output_index": 0, "content_index": 0, "text": text}),
        )
    };
    let events = [
        event("conversation.item.created", json!({"previous_item_id": null, "item": typed})),
        placed("item_2", Some("item_1")),
        written("response.text.done", "item_2", "Thank you."),
        placed("item_3", Some("item_2")),
        written("response.output_text.done", "item_3", "I found it."),
    ];
    let call = desk.whole_call(&events);
    let spoken = said([
        ("user", "My order number is 4711."),
        ("agent", "Thank you."),
        ("agent", "I found it."),
    ]);
    assert_eq!(lines(&call), spoken);
}

#[test]
fn words_of_every_script_are_kept_unchanged() {
    let desk = Desk::shared();
    let words =
        "Selamat pagi \u{1F469}\u{200D}\u{1F4BB} \u{2028} مرحبا <b>&amp;</b> \"quoted\" \\ 名前";
    let call = desk.whole_call(&customer_says(words));
    assert_eq!(lines(&call), said([("user", words)]));
}

/// A lone surrogate escape is legal JSON that no UTF-8 can hold: it costs its character, not the line.
#[test]
fn a_lone_surrogate_does_not_lose_the_line() {
    let desk = Desk::shared();
    let mut relay = desk.relay(&session());
    let frame = heard("item_1", "MARK is broken").to_string().replace("MARK", r"\ud83d");
    relay.say(&frame);
    relay.expect_ack(1);
    let ticket_id = relay.ticket_id.clone();
    relay.hang_up();
    let call = desk.closed_call(&ticket_id);
    let message = call["interactions"][0]["message"].as_str().expect("the line");
    assert!(message.ends_with(" is broken"), "{message}");
}

/// The issue: kept whole and never shown inside a list.
#[test]
fn a_line_of_a_megabyte_is_kept_whole_and_shown_in_no_list() {
    let desk = Desk::shared();
    let words: String = (0..131_072).map(|n| format!("{n:07} ")).collect();
    assert_eq!(words.len(), 1 << 20);
    let call = desk.whole_call(&customer_says(&words));
    assert_eq!(lines(&call), said([("user", &words)]));

    let ticket_id = call["ticket"]["ticket_id"].as_str().unwrap();
    let timeline = desk.get(&format!("/api/tickets/{ticket_id}/timeline"));
    assert!(timeline.text().contains(&words[1 << 10..1 << 19]), "the timeline holds the line");
    for list in ["/api/calls", "/api/calls?status=closed&limit=100", "/api/tickets/queue"] {
        let answer = desk.get(list);
        assert_eq!(answer.status, 200, "{list}: {}", answer.text());
        assert!(!answer.text().contains("0000100 "), "{list} shows the line");
        assert!(answer.body.len() < 128 << 10, "{list} has {} bytes", answer.body.len());
    }
}

/// S0.10 to S0.18: whole words, their plurals, and phrases.
#[test]
fn the_category_is_found_by_whole_words() {
    let desk = Desk::shared();
    for (words, category) in [
        ("What is the balance of my savings?", "account_inquiry"),
        ("Somebody has stolen my debit cards.", "card_inquiry"),
        ("Which yield do I get?", "interest_rates"),
        ("Tell me about the flexiloan.", "loan_inquiry"),
        ("The app is not working.", "technical_issue"),
        ("Why was there a charge?", "fees_charges"),
        ("Is there any cashback?", "promotions"),
        ("I discard coffee at our corporate tissue office.", "general_inquiry"),
        ("Good morning.", "general_inquiry"),
    ] {
        let call = desk.whole_call(&customer_says(words));
        assert_eq!(call["ticket"]["category"], category, "{words}");
    }
}

/// The issue: the customer's words count more than the agent's.
#[test]
fn the_customers_words_count_more_than_the_agents() {
    let desk = Desk::shared();
    let events = [
        agent_turn(
            "item_1",
            None,
            "You can ask me about your account, your balance or your savings.",
        ),
        user_turn("item_2", Some("item_1"), "There is a bug, I only see an error."),
        agent_turn("item_3", Some("item_2"), "I will have a look into your account."),
    ];
    let call = desk.whole_call(&events.concat());
    assert_eq!(call["ticket"]["category"], "technical_issue");
}

/// S0.38: at most 120 characters, of the customer's words.
#[test]
fn the_summary_of_a_long_question_is_cut_to_one_short_line() {
    let desk = Desk::shared();
    for question in ["Could you tell me about the naïve café voucher? ", "储蓄账户的利率是多少？"]
    {
        let call = desk.whole_call(&customer_says(&question.repeat(40)));
        let summary = call["ticket"]["summary"].as_str().expect("a summary");
        assert!((1..=120).contains(&summary.chars().count()), "{summary}");
        assert!(!summary.contains('\n'), "{summary}");
    }
    let call = desk.whole_call(&customer_says("How do I open a joint account?"));
    let summary = call["ticket"]["summary"].as_str().expect("a summary");
    assert!(summary.contains("joint account"), "{summary}");
}

#[test]
fn a_call_in_which_nobody_speaks_is_closed_like_any_other() {
    let desk = Desk::shared();
    let call = desk.whole_call(&[session_created("sess_silent")]);
    assert_eq!(call["interactions"], json!([]));
    assert_eq!(call["ticket"]["category"], "general_inquiry");
    let summary = call["ticket"]["summary"].as_str().expect("a summary");
    assert!((1..=120).contains(&summary.chars().count()), "{summary}");
}

/// S0.7: a line's time is when it was spoken, not when its transcription came.
#[test]
fn the_times_of_a_transcript_follow_the_order_spoken() {
    let desk = Desk::shared();
    let mut relay = desk.relay(&session());
    let pause = || std::thread::sleep(std::time::Duration::from_millis(30));
    for event in [
        committed("item_1", None),
        placed("item_2", Some("item_1")),
        answered("item_2", "You are welcome."),
        heard("item_1", "Thank you."),
    ] {
        relay.tell([&event]);
        pause();
    }
    let ticket_id = relay.ticket_id.clone();
    relay.hang_up();
    let call = desk.closed_call(&ticket_id);
    assert_eq!(lines(&call), said([("user", "Thank you."), ("agent", "You are welcome.")]));
    let [thanks, reply] =
        [0, 1].map(|n| call["interactions"][n]["timestamp"].as_str().expect("a time"));
    assert!(thanks < reply, "{thanks} before {reply}");
}

/// What was generated before its place is known is said all the same.
#[test]
fn words_of_an_item_that_nobody_placed_are_kept() {
    let desk = Desk::shared();
    let events = [heard("item_1", "Hello?"), answered("item_2", "Good evening.")];
    let call = desk.whole_call(&events);
    assert_eq!(lines(&call), said([("user", "Hello?"), ("agent", "Good evening.")]));
}

/// S0.42: an archive that leaves lines out is none.
#[test]
fn a_call_of_very_many_turns_is_exported_whole() {
    let desk = Desk::shared();
    let events: Vec<_> =
        (0..5_010).map(|n| heard(&format!("item_{n}"), &format!("Line {n}."))).collect();
    let mut relay = desk.relay(&session());
    for some in events.chunks(200) {
        relay.tell(some);
    }
    let ticket_id = relay.ticket_id.clone();
    relay.hang_up();
    desk.closed_call(&ticket_id);
    let export = desk.get(&format!("/api/calls/{ticket_id}/export")).json();
    assert_eq!(export["interactions"].as_array().map(Vec::len), Some(events.len()));
}
