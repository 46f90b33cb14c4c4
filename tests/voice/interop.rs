//! The speech services' own client library (`openai`, from PyPI) talks through the proxy.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::python;
use crate::speech::fixture;
use crate::{Desk, session, turns};

#[tokio::test(flavor = "multi_thread")]
async fn the_services_own_library_holds_a_call_through_the_proxy() {
    let Some(programs) = python::programs("openai") else { return };
    let desk = Desk::new().await;
    let session = session();
    let client = Command::new(programs.join("python"))
        .arg(python::sources("openai").join("call.py"))
        .args([desk.daemon.address(), desk.ingest.as_str(), session.as_str()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a client");
    let mut service = desk.service.session().await;
    let rows = fixture("call_ga_lost_card.jsonl");
    let (mut told, mut audio) = (Vec::new(), 0);
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).expect("a row");
        let kind = row["event"]["type"].as_str().expect("a type");
        if row["dir"] == "s2c" {
            service.end.say(&row["event"]).await;
            told.push(kind.to_owned());
            continue;
        }
        let mut heard = service.end.hear_json().await;
        while heard["type"] == "input_audio_buffer.append" {
            audio += heard["audio"].as_str().expect("audio").len();
            heard = service.end.hear_json().await;
        }
        assert_eq!(heard["type"], kind);
    }
    assert_eq!(audio, 32 * 1024);
    service.end.close(1000, "").await;
    let ended = client.wait_with_output().expect("the client ends");
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{complaint}");
    let understood = String::from_utf8(ended.stdout).expect("lines");
    assert_eq!(understood.lines().collect::<Vec<_>>(), told);
    let expected = fixture("call_ga_lost_card.expected.json");
    let expected: Value = serde_json::from_str(&expected).expect("JSON");
    assert_eq!(turns(&desk.closed(&session)), expected["interactions_in_order"]);
}
