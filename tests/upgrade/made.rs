//! How a fixture is made of the store of the present format. Long form, once a format, before the next one comes:
//! `FRONTDESK_MAKE_STORE=1 cargo test --test upgrade a_store_is_made` writes `fixtures/stores/format-1.*`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::desk::{CONFIG, Desk, tell};
use crate::fixtures::{FOLDER, RUNNING, heard};
use crate::harness::Daemon;

const BUDI: &str = "628123456789@s.whatsapp.net";
const RINA: &str = "628555000111@s.whatsapp.net";
const RINA_LID: &str = "103726491234567@lid";

#[test]
fn a_store_is_made() {
    let Ok(format) = std::env::var("FRONTDESK_MAKE_STORE") else { return };
    let mut desk = staffed();
    chats(&desk);
    calls(&desk);
    work(&mut desk);
    // What follows is only in the journal when the power goes.
    desk.daemon.restart();
    desk.message(BUDI, "TAIL-1", 900, "Masih di sana?");
    desk.message("628777000222@s.whatsapp.net", "TAIL-2", 901, "Halo, ada orang?");
    desk.done("dewi", "POST", "/api/tickets/1001/claim", Value::Null);
    let (mut socket, running) = desk.relay(RUNNING);
    tell(&mut socket, &heard("item_1", None, "Hello, I lost my card."));
    tell(&mut socket, &heard("item_2", Some("item_1"), "Are you there?"));
    let mut shown = desk.shows();
    shown["tokens"] = desk.tokens.clone();
    shown["running"] = json!(running);
    desk.daemon.kill9();

    let name = format!("{FOLDER}/format-{format}");
    assert!(!fs::exists(format!("{name}.json")).expect("a folder"), "{name} is there already");
    fs::write(format!("{name}.json"), by_line(&shown)).expect("written");
    let parts = ["store.redb", "journal", "keys", "lock"];
    let data = desk.daemon.data_dir();
    let packed = Command::new("tar")
        .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "-I", "gzip -9", "-cf"])
        .arg(format!("{name}.tar.gz"))
        .arg("-C")
        .arg(data)
        .args(parts)
        .status();
    assert!(packed.expect("tar").success());
}

/// JSON with a line for each thing, so that a change of it can be read.
fn by_line(shown: &Value) -> String {
    let parts = shown.as_object().expect("parts").iter().map(|(name, part)| {
        let things = part.as_array().map(|things| {
            let lines: Vec<String> = things.iter().map(Value::to_string).collect();
            format!("[\n{}\n]", lines.join(",\n"))
        });
        format!("\"{name}\": {}", things.unwrap_or_else(|| part.to_string()))
    });
    format!("{{\n{}\n}}\n", parts.collect::<Vec<_>>().join(",\n"))
}

fn staffed() -> Desk {
    let daemon = Daemon::with_config(CONFIG);
    let tokens = json!({
        "bridge": daemon.token_named("bridge", "ingest"),
        "admin": daemon.token("admin"),
        "ani": daemon.token_named("Ani", "agent"),
        "dewi": daemon.token_named("Dewi", "agent"),
    });
    Desk { daemon, tokens }
}

fn samples(name: &str) -> Vec<Value> {
    let path = format!("{FOLDER}/../{name}");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let bodies = if name.ends_with(".jsonl") { text.lines().collect() } else { vec![&text[..]] };
    bodies.iter().map(|body| serde_json::from_str(body).expect(name)).collect()
}

/// A long chat in no order, attachments, an edit, a deletion, and one person who seemed to be two.
fn chats(desk: &Desk) {
    for n in 0..140_i64 {
        // Every seventh message comes late: it was sent before some that came already.
        let sent = if n % 7 == 0 { n - 5 } else { n };
        let id = format!("LONG-{n:03}");
        assert_eq!(desk.message(BUDI, &id, sent, &format!("Pesan ke-{n}")), 1001);
    }
    for name in ["b_baileys/messages_upsert_media.jsonl", "b_baileys/reaction_edit_revoke.jsonl"] {
        for body in samples(name) {
            desk.done("bridge", "POST", "/webhook/baileys", body);
        }
    }
    let by_lid = desk.message(RINA_LID, "RINA-1", 10, "dari LID");
    let by_phone = desk.message(RINA, "RINA-2", 11, "dari nomor");
    assert_ne!(by_lid, by_phone, "nobody can know yet");
    let mapping = json!({"event": "lid-mapping.update", "data": {"lid": RINA_LID, "pn": RINA}});
    desk.done("bridge", "POST", "/webhook/baileys", mapping);
    for n in 0..5 {
        let from = format!("62811000000{n}@s.whatsapp.net");
        desk.message(&from, "HELLO", 20 + n, "Halo 👋, saya mau tanya soal tagihan");
    }
    let own = json!({
        "key": {"remoteJid": "628110000004@s.whatsapp.net", "fromMe": true, "id": "OWN-1"},
        "messageTimestamp": 1_769_596_300,
        "message": {"conversation": "Baik, kami cek dulu ya"},
    });
    desk.done("bridge", "POST", "/webhook/baileys", own);
}

/// Two recorded calls, and one over plain HTTP with everything that can be noted on it.
fn calls(desk: &Desk) {
    for name in ["call_beta_saving_pockets", "call_ga_lost_card"] {
        let rows = samples(&format!("a_realtime/{name}.jsonl")).into_iter();
        let events: Vec<Value> =
            rows.filter(|row| row["dir"] == "s2c").map(|mut row| row["event"].take()).collect();
        let (mut socket, _) = desk.relay(name);
        tell(&mut socket, &events);
        socket.close(None).expect("hung up");
        while socket.read().is_ok() {}
    }
    let open = json!({"session_id": "plain", "customer_name": "Tan Mei Ling", "priority": "high"});
    let call = desk.done("bridge", "POST", "/api/calls", open);
    let path = format!("/api/calls/{}", call["data"]["ticket_id"].as_str().expect("ticket_id"));
    let write = |method, below: &str, body| {
        desk.done("bridge", method, &format!("{path}{below}"), body);
    };
    write("POST", "/interactions", json!({"speaker": "user", "message": "What is the rate?"}));
    let tool = json!({"speaker": "agent", "message": "[Tool Call: search]",
        "tool_calls": [{"name": "search", "arguments": "{\"query\":\"rate\"}"}]});
    write("POST", "/interactions", tool);
    write("POST", "/metadata", json!({"key": "customer_id", "value": "CUST123456"}));
    write("POST", "/metadata", json!({"key": "product", "value": "SAVINGS"}));
    write("PUT", "", json!({"summary": "Asked for the rate.", "resolution_notes": "Told it."}));
    write("POST", "/close", json!({}));
}

/// Agents at work, a consumer of the feed that came to its second event, and a customer who comes back too late
/// for the old ticket.
fn work(desk: &mut Desk) {
    let at = |desk: &Desk, n: u64, what: &str, body| {
        desk.done("ani", "POST", &format!("/api/tickets/{n}/{what}"), body);
    };
    let first = desk.message("628110000000@s.whatsapp.net", "CLAIM", 40, "Halo lagi");
    at(desk, first, "claim", Value::Null);
    at(desk, first, "resolve", json!({"resolution_notes": "Tagihan dikembalikan"}));
    let second = desk.message("628110000001@s.whatsapp.net", "CLAIM", 41, "Halo lagi");
    at(desk, second, "claim", Value::Null);
    at(desk, second, "resolve", json!({}));
    at(desk, second, "close", Value::Null);
    at(desk, second, "reopen", Value::Null);
    desk.done("admin", "PUT", "/api/feed/cursors/crm", json!({"seq": 1}));
    let never = format!("{CONFIG}[tickets]\nreopen_window = 0\n");
    fs::write(desk.daemon.config_file(), never).expect("a configuration file");
    desk.daemon.restart();
    let follow_up = desk.message("628110000000@s.whatsapp.net", "LATE", 42, "Ada lagi");
    assert_ne!(follow_up, first, "a new ticket that follows the old one up");
    fs::write(desk.daemon.config_file(), CONFIG).expect("a configuration file");
}
