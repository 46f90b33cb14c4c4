//! Groups: passed over, or the group is the customer and its members the authors.

use serde_json::{Value, json};

use super::{timeline, words};
use crate::bridge::{BUDI, Desk, message, phone, sample, word};

const GROUP: &str = "120363041234567890@g.us";
const MENTION: &str = "[whatsapp]\ngroups = \"mention\"\n";
const ALL: &str = "[whatsapp]\ngroups = \"all\"\n";

fn post(id: &str, second: i64, from: &str, text: &str) -> Value {
    let mut post = message(GROUP, id, second, text);
    post["key"]["participant"] = json!(from);
    post
}

fn to(mut post: Value, mentioned: &str) -> Value {
    let text = post["message"]["conversation"].take();
    post["message"] = json!({"extendedTextMessage": {"text": text,
        "contextInfo": {"mentionedJid": [mentioned]}}});
    post
}

#[test]
fn a_group_is_one_conversation_of_many_authors() {
    let desk = Desk::open(ALL);
    let body = &sample("b_baileys/seed_bridge_group_mention.json")[0];
    assert_eq!(desk.deliver(body)[0]["ticket"], 1001);
    let mut rina = post("A2", 61, "1037@lid", "saya juga");
    rina["pushName"] = json!("Rina");
    assert_eq!(desk.deliver(&rina)[0]["ticket"], 1001);
    let mut nameless = post("A3", 70, &phone("628999"), "sama");
    nameless["pushName"] = Value::Null;
    desk.deliver(&nameless);
    let entries = timeline(&desk, 1001);
    let authors: Vec<String> = entries.iter().map(|entry| word(&entry["author"])).collect();
    assert_eq!(authors, ["Budi", "Rina", "+628999"]);
    let queue = desk.queue();
    assert_eq!(queue.len(), 1);
    assert_eq!(queue[0]["customer_name"], "Toko Makmur");
    assert_eq!(queue[0]["customer_phone"], Value::Null);
    // A member who writes for themselves has a ticket of their own.
    assert_eq!(desk.ticket_of(&message(&phone(BUDI), "A4", 80, "pribadi")), 1002);
}

#[test]
fn the_same_id_of_two_authors_is_two_messages() {
    let desk = Desk::open(ALL);
    for from in [BUDI, "628222"] {
        for _ in 0..2 {
            desk.deliver(&post("A1", 0, &phone(from), from));
        }
    }
    assert_eq!(words(&desk, 1001), [BUDI, "628222"]);
}

#[test]
fn only_what_speaks_to_us_is_taken_where_mentions_are() {
    let desk =
        Desk::open(&format!("{MENTION}own_numbers = [\"6281100000000\", \"7712345@lid\"]\n"));
    let ignored = json!("group");
    let told = |body: &Value| desk.deliver(body).remove(0);
    assert_eq!(told(&post("A1", 0, &phone(BUDI), "halo semua"))["ignored"], ignored);
    let other = to(post("A2", 1, &phone(BUDI), "@628222 hai"), &phone("628222"));
    assert_eq!(told(&other)["ignored"], ignored);
    let us = to(post("A3", 2, &phone(BUDI), "@6281100000000 tolong"), "6281100000000@c.us");
    assert_eq!(told(&us)["ticket"], 1001);
    let as_lid = to(post("A4", 3, &phone(BUDI), "@7712345 tolong"), "7712345@lid");
    assert_eq!(told(&as_lid)["ticket"], 1001);
    let mut answer = post("A5", 4, &phone(BUDI), "");
    answer["message"] = json!({"extendedTextMessage": {"text": "ini", "contextInfo": {
        "stanzaId": "X", "participant": "6281100000000:3@s.whatsapp.net"}}});
    assert_eq!(told(&answer)["ticket"], 1001, "it answers us");
    let body = &sample("b_baileys/seed_bridge_group_mention.json")[0];
    assert_eq!(told(body)["ticket"], 1001, "the bridge says so itself");
    assert_eq!(words(&desk, 1001).len(), 4);
}

#[test]
fn where_nobody_tells_who_we_are_every_mention_counts() {
    let desk = Desk::open(MENTION);
    let some = to(post("A1", 0, &phone(BUDI), "@628222 hai"), &phone("628222"));
    assert_eq!(desk.deliver(&some)[0]["ticket"], 1001);
    assert_eq!(desk.deliver(&post("A2", 1, &phone(BUDI), "halo"))[0]["ignored"], "group");
    // One bridge tells it.
    let evolution = json!({"event": "messages.upsert", "instance": "toko", "data": some,
        "sender": "6281100000000@s.whatsapp.net"});
    assert_eq!(desk.deliver_to("/webhook/evolution", &evolution)[0]["ignored"], "group");
}

#[test]
fn changes_in_groups_reach_their_message() {
    let desk = Desk::open(ALL);
    desk.deliver(&post("A1", 0, &phone(BUDI), "satu"));
    let mut reaction = post("R1", 5, &phone("628222"), "");
    reaction["pushName"] = json!("Rina");
    reaction["message"] = json!({"reactionMessage": {"key": {"id": "A1"}, "text": "👍"}});
    desk.deliver(&reaction);
    let mut second = reaction.clone();
    second["key"]["participant"] = json!(phone("628333"));
    second["pushName"] = json!("Ani");
    desk.deliver(&second);
    let mut revoke = post("V1", 6, &phone("628444"), "");
    revoke["message"] = json!({"protocolMessage": {"type": 0, "key": {"id": "A1"}}});
    let entry = timeline(&desk, 1001).remove(0);
    let who: Vec<_> = entry["reactions"]
        .as_array()
        .expect("reactions")
        .iter()
        .map(|one| &one["author"])
        .collect();
    assert_eq!(who.len(), 2, "{entry}");
    assert!(who.contains(&&json!("Rina")) && who.contains(&&json!("Ani")));
    desk.deliver(&revoke);
    assert_eq!(words(&desk, 1001), ["[Message deleted]"], "an admin of the group did it");

    let silent = Desk::open("");
    assert_eq!(silent.deliver(&revoke)[0]["ignored"], "group");
}
