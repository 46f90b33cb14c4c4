//! Signatures: once a secret is set, it is required and suffices; what is refused leaves nothing behind.

use serde_json::{Value, json};

use super::{bytes, words};
use crate::bridge::{Desk, problem, sample};
use crate::harness::Response;

const SECRETS: &str = "[http]\nmax_body = \"64 KiB\"\n\
    [doors.whatsapp]\napp_secret = \"fixture-meta-app-secret\"\nverify_token = \"fixture-verify-token\"\n\
    [doors.waha]\nhmac_key = \"fixture-waha-hmac-key\"\n\
    [doors.wuzapi]\nhmac_key = \"fixture-wuzapi-hmac-key-0123456789abcdef\"\n";

/// Door and recorded request.
const SIGNED: [(&str, &str); 3] = [
    ("/webhook/whatsapp", "d_meta/text.req.json"),
    ("/webhook/waha", "b_baileys/waha_message.req.json"),
    ("/webhook/wuzapi", "b_baileys/wuzapi_message.json.req.json"),
];

/// A recorded request at this door, its headers changed by `change` and its body by `spoil`.
fn send(
    desk: &Desk,
    door: &str,
    name: &str,
    change: impl Fn(&str, &str) -> Option<String>,
    spoil: impl Fn(&mut Vec<u8>),
) -> Response {
    let told = sample(name).remove(0);
    let folder = name.split('/').next().expect("a folder");
    let mut body = bytes(&format!("{folder}/{}", told["body"].as_str().expect("a body")));
    spoil(&mut body);
    let headers = told["headers"].as_object().expect("headers").iter();
    let headers: Vec<(&str, String)> = headers
        .filter_map(|(name, value)| Some((name.as_str(), change(name, value.as_str()?)?)))
        .collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    desk.daemon.request("POST", door, &headers, &body)
}

fn as_it_is(_: &str, value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn a_signature_suffices() {
    let desk = Desk::open(SECRETS);
    for (nth, (door, name)) in SIGNED.into_iter().enumerate() {
        let answer = send(&desk, door, name, as_it_is, |_| {});
        assert_eq!(answer.status, 200, "{door}: {}", answer.text());
        assert_eq!(answer.json()["messages"][0]["ticket"], 1001 + nth as u64);
    }
    let folder = format!("{}/tests/fixtures/d_meta", env!("CARGO_MANIFEST_DIR"));
    let requests = std::fs::read_dir(folder).expect("the samples").filter_map(|file| {
        let name = file.ok()?.file_name().into_string().ok()?;
        name.ends_with(".req.json").then_some(name)
    });
    let mut seen = 0;
    for name in requests {
        let answer = send(&desk, "/webhook/whatsapp", &format!("d_meta/{name}"), as_it_is, |_| {});
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        seen += 1;
    }
    assert_eq!(seen, 10);
}

#[test]
fn what_is_not_signed_as_it_must_be_is_refused_and_leaves_nothing() {
    let desk = Desk::open(SECRETS);
    for (door, name) in SIGNED {
        let is_signature = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.ends_with("signature") || name.ends_with("signature-256") || name.ends_with("hmac")
        };
        let wrong = |how: fn(&str) -> Option<String>| {
            move |name: &str, value: &str| match is_signature(name) {
                true => how(value),
                false => Some(value.to_owned()),
            }
        };
        problem(&send(&desk, door, name, wrong(|_| None), |_| {}), 401);
        problem(&send(&desk, door, name, wrong(|_| Some("sha256=00".into())), |_| {}), 401);
        problem(&send(&desk, door, name, wrong(|v| Some(v[..v.len() - 2].into())), |_| {}), 401);
        problem(&send(&desk, door, name, as_it_is, |body| body.push(b' ')), 401);
        // A token is no signature.
        let body = sample(name).remove(0)["body"].clone();
        let folder = name.split('/').next().expect("a folder");
        let body = bytes(&format!("{folder}/{}", body.as_str().expect("a body")));
        problem(&desk.post_to("POST", door, "application/json", &body), 401);
    }
    assert!(desk.queue().is_empty());
    let metrics = desk.daemon.token("admin");
    let metrics = desk.call(&metrics, "GET", "/metrics").text();
    assert!(metrics.lines().any(|line| line.contains("unauthorized") && line.contains("waha")));
}

#[test]
fn without_a_secret_a_token_is_needed() {
    let desk = Desk::open("");
    for (door, name) in SIGNED {
        problem(&send(&desk, door, name, as_it_is, |_| {}), 401);
        let body = sample(name).remove(0)["body"].clone();
        let folder = name.split('/').next().expect("a folder");
        let body = bytes(&format!("{folder}/{}", body.as_str().expect("a body")));
        assert_eq!(desk.post_to("POST", door, "application/json", &body).status, 200);
    }
    assert_eq!(desk.queue().len(), 3);
}

#[test]
fn meta_gets_its_challenge_back_and_nobody_else() {
    let desk = Desk::open(SECRETS);
    let ask =
        |query: &str| desk.daemon.request("GET", &format!("/webhook/whatsapp?{query}"), &[], b"");
    let wanted = sample("d_meta/verify_get.json").remove(0);
    let path = wanted["request"]["path_hint"].as_str().expect("a path");
    let query = path.split_once('?').expect("a query").1;
    for query in [query.to_owned(), query.replace("hub.", "hub%2E")] {
        let answer = ask(&query);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(Value::from(answer.text()), wanted["expect"]["body_exact"]);
        assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    }
    problem(&ask("hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1"), 403);
    problem(
        &ask("hub.mode=unsubscribe&hub.verify_token=fixture-verify-token&hub.challenge=1"),
        403,
    );
    problem(&ask(""), 403);
    let mut closed = Desk::open("");
    let answer = closed.daemon.request("GET", &format!("/webhook/whatsapp?{query}"), &[], b"");
    problem(&answer, 404);
    closed.daemon.terminate();
    assert!(closed.daemon.log().contains("disabled"), "{}", closed.daemon.log());
}

#[test]
fn what_is_too_large_or_of_another_kind_is_refused_and_leaves_nothing() {
    let desk = Desk::open("[http]\nmax_body = \"64 KiB\"\n");
    let doors = [
        "/webhook/baileys",
        "/webhook/evolution",
        "/webhook/evolution/messages-upsert",
        "/webhook/waha",
        "/webhook/wuzapi",
        "/webhook/whapi",
        "/webhook/whapi/messages",
        "/webhook/whatsapp",
    ];
    let hello = bytes("b_baileys/messages_upsert_conversation.json");
    let large = json!({"messages": [{"text": "x".repeat(70_000)}]}).to_string();
    for door in doors {
        problem(&desk.post_to("POST", door, "text/plain", &hello), 415);
        problem(&desk.post_to("POST", door, "application/xml", &hello), 415);
        problem(&desk.post_to("POST", door, "application/json", large.as_bytes()), 413);
        for body in ["", "{", "\u{0}", "nil"] {
            problem(&desk.post_to("POST", door, "application/json", body.as_bytes()), 400);
        }
        // What says nothing to this vendor is taken, and comes to nothing.
        for body in ["{}", "[]", "7", "null", "\"x\"", "{\"event\":{}}", "[[[[1]]]]"] {
            let answer = desk.post_to("POST", door, "application/json", body.as_bytes());
            assert_eq!(answer.status, 200, "{door} {body}: {}", answer.text());
        }
    }
    assert!(desk.queue().is_empty());
}

#[test]
fn many_messages_in_one_delivery_are_all_taken() {
    let desk = Desk::open("[http]\nmax_body = \"4 MiB\"\n[engine]\nqueue = 1500\n");
    let message = |n: usize| {
        json!({"id": format!("wamid.{n}"), "from": "5214491234567",
        "timestamp": (1_769_596_200 + n).to_string(), "type": "text", "text": {"body": n.to_string()}})
    };
    let messages: Vec<Value> = (0..2500).map(message).collect();
    let body = json!({"entry": [{"changes": [{"field": "messages", "value": {
        "metadata": {"phone_number_id": "1"}, "messages": messages}}]}]});
    let told = desk.deliver_to("/webhook/whatsapp", &body);
    assert_eq!(told.len(), 2500);
    assert!(told.iter().all(|one| one["ticket"] == 1001));
    assert_eq!(words(&desk, 1001).len(), 100, "a page");
}
