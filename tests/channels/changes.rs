//! Edits, deletions and reactions: the old words stay, and nothing that comes twice or too early changes more.

use serde_json::{Value, json};

use super::{timeline, words};
use crate::bridge::{BUDI, Desk, MORNING, message, phone, rows, sample, word};

fn reaction(id: &str, second: i64, target: &str, emoji: &str) -> Value {
    let mut reaction = message(&phone(BUDI), id, second, "");
    reaction["message"] = json!({"reactionMessage": {"key": {"id": target}, "text": emoji,
        "senderTimestampMs": ((MORNING + second) * 1000).to_string()}});
    reaction
}

/// As it comes among the messages.
fn edit(id: &str, second: i64, target: &str, text: &str) -> Value {
    let mut edit = message(&phone(BUDI), id, second, "");
    edit["message"] = json!({"editedMessage": {"message": {"protocolMessage": {
        "key": {"remoteJid": "6281100000000@s.whatsapp.net", "fromMe": true, "id": target},
        "type": "MESSAGE_EDIT", "editedMessage": {"conversation": text},
        "timestampMs": ((MORNING + second) * 1000).to_string()}}}});
    edit
}

/// The same as an update.
fn edit_update(second: i64, target: &str, text: &str) -> Value {
    json!({"event": "messages.update", "data": [{
        "key": {"remoteJid": phone(BUDI), "fromMe": false, "id": target},
        "update": {"message": {"editedMessage": {"message": {"conversation": text}}},
            "messageTimestamp": MORNING + second}}]})
}

fn revoke(id: &str, second: i64, target: &str) -> Value {
    let mut revoke = message(&phone(BUDI), id, second, "");
    revoke["message"] = json!({"protocolMessage": {"type": 0,
        "key": {"remoteJid": "6281100000000@s.whatsapp.net", "fromMe": true, "id": target}}});
    revoke
}

fn revoke_update(second: i64, target: &str) -> Value {
    json!({"event": "messages.update", "data": [{
        "key": {"remoteJid": phone(BUDI), "fromMe": false, "id": target},
        "update": {"message": null, "messageStubType": 1, "messageTimestamp": MORNING + second}}]})
}

/// Earlier wordings of an entry.
fn revisions(entry: &Value) -> Vec<String> {
    rows(entry, "revisions").iter().map(|one| word(&one["body"])).collect()
}

fn reactions(entry: &Value) -> Vec<String> {
    rows(entry, "reactions").iter().map(|one| word(&one["emoji"])).collect()
}

/// What an agent, who is no admin, sees.
fn agent_sees(desk: &Desk, ticket: u64) -> Vec<Value> {
    let agent = desk.daemon.token("agent");
    let answer = desk.call(&agent, "GET", &format!("/api/tickets/{ticket}/timeline"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    rows(&answer.json(), "entries")
}

#[test]
fn the_samples_edit_mark_and_react() {
    let desk = Desk::open("");
    for body in sample("b_baileys/reaction_edit_revoke.jsonl") {
        desk.deliver(&body);
    }
    for body in sample("b_baileys/status_and_receipts.jsonl") {
        desk.deliver(&body);
    }
    assert_eq!(desk.queue().len(), 1);
    let entries = timeline(&desk, 1001);
    assert_eq!(entries.len(), 2, "a reaction is no message: {entries:?}");
    assert_eq!(entries[0]["body"], "Tolong JANGAN dibatalkan");
    assert_eq!(entries[0]["edited_at"], "2026-01-28T10:33:40Z");
    assert_eq!(revisions(&entries[0]), ["Tolong dibatalkan"]);
    assert_eq!(entries[1]["body"], "[Message deleted]");
    assert!(entries[1]["deleted_at"].is_string());
    assert_eq!(revisions(&entries[1]), ["nomor kartu 4111"], "the supervisor's eyes only");
    let seen = agent_sees(&desk, 1001);
    assert!(!Value::from(seen.clone()).to_string().contains("4111"), "{seen:?}");
    assert_eq!(revisions(&seen[0]), ["Tolong dibatalkan"]);
}

#[test]
fn an_edit_counts_once_in_either_form_and_order() {
    let edits =
        [edit("E1", 10, "A1", "dua"), edit_update(10, "A1", "dua"), edit_update(20, "A1", "tiga")];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let desk = Desk::open("");
        desk.ticket_of(&message(&phone(BUDI), "A1", 0, "satu"));
        for nth in order.into_iter().chain(order) {
            let told = desk.deliver(&edits[nth]);
            assert_eq!((&told[0]["ticket"], &told[0]["change"]), (&json!(1001), &json!("edit")));
        }
        let entry = &timeline(&desk, 1001)[0];
        assert_eq!(entry["body"], "tiga", "{order:?}");
        assert_eq!(revisions(entry), ["satu", "dua"], "{order:?}");
        assert_eq!(entry["edited_at"], "2026-01-28T10:30:20Z", "{order:?}");
        assert_eq!(desk.read("/api/tickets/1001")["subject"], "tiga");
    }
}

#[test]
fn an_edit_back_to_the_first_words_is_an_edit() {
    let desk = Desk::open("");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "satu"));
    desk.deliver(&edit("E2", 20, "A1", "satu"));
    desk.deliver(&edit("E1", 10, "A1", "dua"));
    let entry = &timeline(&desk, 1001)[0];
    assert_eq!(
        (&entry["body"], revisions(entry)),
        (&json!("satu"), vec!["satu".into(), "dua".into()])
    );
}

#[test]
fn what_comes_before_its_message_waits_for_it() {
    let mut desk = Desk::open("");
    let told = desk.deliver(&edit("E1", 10, "A1", "dua"));
    assert_eq!((&told[0]["id"], &told[0]["ticket"]), (&json!("E1"), &Value::Null));
    desk.deliver(&reaction("R1", 12, "A1", "👍"));
    desk.deliver(&revoke_update(15, "A2"));
    assert!(desk.queue().is_empty(), "no message, no ticket");
    desk.daemon.kill9();
    desk.daemon.restart();
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "satu"));
    desk.ticket_of(&message(&phone(BUDI), "A2", 1, "rahasia"));
    for _ in 0..2 {
        let entries = timeline(&desk, 1001);
        assert_eq!(entries[0]["body"], "dua");
        assert_eq!(revisions(&entries[0]), ["satu"]);
        assert_eq!(reactions(&entries[0]), ["👍"]);
        assert_eq!(entries[1]["body"], "[Message deleted]");
        assert!(!Value::from(agent_sees(&desk, 1001)).to_string().contains("rahasia"));
        desk.deliver(&message(&phone(BUDI), "A1", 0, "satu"));
        desk.deliver(&revoke("V1", 15, "A2"));
    }
}

#[test]
fn it_is_found_under_another_address_of_the_person() {
    let desk = Desk::open("");
    let lid = "103726491234567@lid";
    let mut first = message(lid, "A1", 0, "satu");
    first["key"]["remoteJidAlt"] = json!(phone(BUDI));
    desk.ticket_of(&first);
    desk.deliver(&edit("E1", 10, "A1", "dua"));
    assert_eq!(words(&desk, 1001), ["dua"]);
}

#[test]
fn a_deletion_hides_the_words_everywhere_and_keeps_them() {
    let desk = Desk::open("");
    let mut file = message(&phone(BUDI), "A1", 0, "");
    file["message"] =
        json!({"documentMessage": {"fileName": "ktp-3171.pdf", "caption": "KTP saya"}});
    desk.ticket_of(&file);
    for _ in 0..2 {
        desk.deliver(&revoke("V1", 5, "A1"));
        desk.deliver(&revoke_update(5, "A1"));
    }
    desk.deliver(&edit("E1", 3, "A1", "KTP 3171"));
    let seen = Value::from(agent_sees(&desk, 1001)).to_string();
    let ticket = desk.read("/api/tickets/1001");
    let queue = Value::from(desk.queue()).to_string();
    for shown in [seen, ticket.to_string(), queue] {
        assert!(!shown.contains("KTP") && !shown.contains("3171"), "{shown}");
    }
    assert_eq!(ticket["subject"], "[Message deleted]");
    assert_eq!(revisions(&timeline(&desk, 1001)[0]), ["KTP saya", "KTP 3171"]);
}

#[test]
fn nobody_changes_what_the_other_side_wrote() {
    let desk = Desk::open("");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    let mut ours = message(&phone(BUDI), "O1", 5, "Harganya 100");
    ours["key"]["fromMe"] = json!(true);
    desk.deliver(&ours);
    desk.deliver(&edit("E1", 10, "O1", "Harganya 1"));
    desk.deliver(&revoke("V1", 11, "O1"));
    assert_eq!(words(&desk, 1001), ["Halo", "Harganya 100"]);
    let mut own_edit = edit("E2", 12, "O1", "Harganya 90");
    own_edit["key"]["fromMe"] = json!(true);
    desk.deliver(&own_edit);
    assert_eq!(words(&desk, 1001), ["Halo", "Harganya 90"]);
}

#[test]
fn reactions_stand_at_their_message_until_they_are_taken_away() {
    let desk = Desk::open("");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    let mut ours = message(&phone(BUDI), "O1", 5, "Sudah kami kirim");
    ours["key"]["fromMe"] = json!(true);
    desk.deliver(&ours);
    let told = desk.deliver(&reaction("R1", 10, "O1", "👍"));
    assert_eq!((&told[0]["ticket"], &told[0]["change"]), (&json!(1001), &json!("reaction")));
    let mut own = reaction("R2", 11, "A1", "❤️");
    own["key"]["fromMe"] = json!(true);
    desk.deliver(&own);
    let entries = timeline(&desk, 1001);
    assert_eq!(entries.len(), 2);
    assert_eq!(rows(&entries[0], "reactions")[0]["by"], "agent");
    assert_eq!(rows(&entries[1], "reactions")[0]["by"], "user");
    // Another emoji takes the place of the first, an older one does not come back.
    desk.deliver(&reaction("R3", 20, "O1", "🙏"));
    desk.deliver(&reaction("R1", 10, "O1", "👍"));
    assert_eq!(reactions(&timeline(&desk, 1001)[1]), ["🙏"]);
    let gone = json!({"event": "messages.reaction", "data": [{
        "key": {"remoteJid": phone(BUDI), "fromMe": true, "id": "O1"},
        "reaction": {"text": "", "senderTimestampMs": (MORNING + 30) * 1000,
            "key": {"remoteJid": phone(BUDI), "fromMe": false, "id": "R4"}}}]});
    for _ in 0..2 {
        desk.deliver(&gone);
        desk.deliver(&reaction("R3", 20, "O1", "🙏"));
        assert!(reactions(&timeline(&desk, 1001)[1]).is_empty());
    }
}

#[test]
fn an_answer_shows_what_it_answers() {
    let desk = Desk::open("");
    desk.deliver(&sample("b_baileys/messages_upsert_extended_quote.json")[0]);
    let entry = &timeline(&desk, 1001)[0];
    assert_eq!(entry["quoted"]["provider_id"], "BAE5F00D0001");
    assert_eq!(entry["quoted"]["text"], "Boleh minta nomor invoice?");
}

#[test]
fn content_that_was_edited_before_it_could_be_read_keeps_its_order() {
    let desk = Desk::open("");
    let mut dark = message(&phone(BUDI), "A1", 0, "");
    (dark["message"], dark["messageStubType"]) = (Value::Null, json!(2));
    desk.ticket_of(&dark);
    desk.deliver(&edit("E1", 10, "A1", "dua"));
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "satu"));
    let entry = &timeline(&desk, 1001)[0];
    assert_eq!((&entry["body"], revisions(entry)), (&json!("dua"), vec!["satu".to_owned()]));
}

#[test]
fn card_numbers_in_edits_and_quotes_are_not_kept() {
    let desk = Desk::open("");
    desk.deliver(&edit("E1", 5, "A2", "4111 1111 1111 1111"));
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "kartu saya"));
    desk.deliver(&edit("E2", 10, "A1", "kartu saya 4111 1111 1111 1111"));
    let mut answer = message(&phone(BUDI), "A2", 20, "");
    answer["message"] = json!({"extendedTextMessage": {"text": "ini", "contextInfo": {
        "stanzaId": "A1", "quotedMessage": {"conversation": "kartu saya 4111 1111 1111 1111"}}}});
    desk.ticket_of(&answer);
    let told = Value::from(timeline(&desk, 1001)).to_string();
    assert!(told.contains("4111"), "the first digits stay: {told}");
    assert!(!told.contains("1111 1111"), "{told}");
}
