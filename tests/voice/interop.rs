//! The speech services' own client library (`openai`, from PyPI) talks through the proxy.
//!
//! Needs python3 with `venv`, and once the package index; elsewhere the test says that it is skipped. The library
//! is kept in `target/interop`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::speech::fixture;
use crate::{Desk, session, turns};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/openai");

/// A python that has the library; none, and a word on why, where it cannot be had.
fn python() -> Option<PathBuf> {
    let requirements =
        std::fs::read_to_string(format!("{FOLDER}/requirements.txt")).expect("a file");
    let pinned = requirements.trim();
    let version = pinned.rsplit('=').next().expect("a version");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target");
    let venv = target.join(format!("interop/openai-{version}"));
    let (python, done) = (venv.join("bin/python"), venv.join("complete"));
    if done.exists() {
        return Some(python);
    }
    let makes = [
        Command::new("python3").arg("-m").arg("venv").arg("--clear").arg(&venv).output(),
        Command::new(&python).args(["-m", "pip", "install", "--quiet", pinned]).output(),
    ];
    for made in makes {
        match made {
            Ok(made) if made.status.success() => {}
            Ok(made) => {
                let why = String::from_utf8_lossy(&made.stderr).trim().to_owned();
                eprintln!("skipped: {pinned} cannot be installed here: {why}");
                return None;
            }
            Err(why) => {
                eprintln!("skipped: there is no python3: {why}");
                return None;
            }
        }
    }
    std::fs::write(done, "").expect("a mark");
    Some(python)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_own_library_holds_a_call_through_the_proxy() {
    let Some(python) = python() else { return };
    let desk = Desk::new().await;
    let session = session();
    let client = Command::new(python)
        .arg(format!("{FOLDER}/call.py"))
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
