//! The vendors' samples at their doors, and what they must come to.

use serde_json::{Value, json};

use super::{bytes, said, timeline, words};
use crate::bridge::{BUDI, Desk, members, message, phone, problem, sample, word};

fn deliver(desk: &Desk, door: &str, name: &str) -> Vec<Value> {
    desk.deliver_to(door, &sample(name)[0])
}

fn contact_of(desk: &Desk, ticket: u64) -> Value {
    desk.read(&format!("/api/tickets/{ticket}"))["customer_id"].clone()
}

#[test]
fn whapi_delivers_to_one_ticket() {
    let desk = Desk::open("");
    for name in ["text", "image_caption", "voice", "link_preview"] {
        let told = deliver(&desk, "/webhook/whapi", &format!("c_whapi/messages_post_{name}.json"));
        assert_eq!((&told[0]["ticket"], &told[0]["skip_bot"]), (&json!(1001), &json!(true)));
    }
    assert_eq!(words(&desk, 1001).len(), 4);
    let told = deliver(&desk, "/webhook/whapi", "c_whapi/messages_post_from_me.json");
    assert_eq!(told[0]["ticket"], 1001);
    assert_eq!(said(&desk, 1001)[4], ("agent".to_owned(), "Baik kak, kami cek dulu".to_owned()));
    let told = deliver(&desk, "/webhook/whapi", "c_whapi/messages_post_action_reaction.json");
    assert_eq!(told[0]["change"], "reaction");
    let reaction = &timeline(&desk, 1001)[4]["reactions"][0];
    assert_eq!((&reaction["emoji"], &reaction["by"]), (&json!("🙏"), &json!("user")));
    let told = deliver(&desk, "/webhook/whapi", "c_whapi/statuses_post.json");
    assert_eq!(told[0]["ticket"], Value::Null);
    let told = deliver(&desk, "/webhook/whapi", "c_whapi/messages_post_group.json");
    assert_eq!(told[0]["ignored"], "group");
    assert_eq!((desk.queue().len(), words(&desk, 1001).len()), (1, 5));
}

#[test]
fn our_own_message_alone_makes_no_ticket() {
    let desk = Desk::open("");
    let told = deliver(&desk, "/webhook/whapi", "c_whapi/messages_post_from_me.json");
    assert_eq!(told[0]["ticket"], Value::Null);
    for name in ["messages_post_action_reaction", "statuses_post", "messages_post_group"] {
        deliver(&desk, "/webhook/whapi", &format!("c_whapi/{name}.json"));
    }
    assert!(desk.queue().is_empty());
}

#[test]
fn whapi_may_name_the_event_by_path_and_method() {
    let desk = Desk::open("");
    let text = bytes("c_whapi/messages_post_text.json");
    let post = |method: &str, path: &str, body: &[u8]| {
        let answer = desk.post_to(method, path, "application/json", body);
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        answer.json()["messages"][0].clone()
    };
    assert_eq!(post("POST", "/webhook/whapi/messages", &text)["ticket"], 1001);
    assert_eq!(post("PUT", "/webhook/whapi", &text)["ticket"], 1001);
    assert_eq!(words(&desk, 1001).len(), 1);
    let id = sample("c_whapi/messages_post_text.json")[0]["messages"][0]["id"].clone();
    let action = json!({"messages": [{"id": "E1", "type": "action", "from_me": false,
        "chat_id": phone(BUDI), "from": BUDI, "timestamp": 1_769_596_300,
        "action": {"type": "edit", "target": id, "edited_content": {"body": "sudah bisa"}}}],
        "channel_id": "FALCON-K3Q7B"});
    let update = json!({"messages_updates": [{"id": id, "trigger": action["messages"][0]}],
        "channel_id": "FALCON-K3Q7B"});
    assert_eq!(
        post("PATCH", "/webhook/whapi/messages", update.to_string().as_bytes())["change"],
        "edit"
    );
    assert_eq!(post("POST", "/webhook/whapi", action.to_string().as_bytes())["change"], "edit");
    let entry = &timeline(&desk, 1001)[0];
    assert_eq!(entry["body"], "sudah bisa");
    assert_eq!(entry["revisions"].as_array().map(Vec::len), Some(1));
    let removed = json!({"messages_removed": [id], "channel_id": "FALCON-K3Q7B"});
    assert_eq!(
        post("DELETE", "/webhook/whapi", removed.to_string().as_bytes())["change"],
        "revoke"
    );
    assert_eq!(words(&desk, 1001), ["[Message deleted]"]);
    let refused = desk.post_to("PUT", "/webhook/baileys", "application/json", &text);
    problem(&refused, 405);
}

#[test]
fn the_bridge_of_seed_004_forwards_whapis_messages_too() {
    let desk = Desk::open("");
    let told = desk.deliver(&sample("c_whapi/messages_post_text.json")[0]);
    assert_eq!(told[0]["ticket"], 1001);
    assert_eq!(words(&desk, 1001), ["Selamat pagi, akun saya terkunci"]);
}

#[test]
fn meta_delivers_to_one_ticket_with_and_without_user_id() {
    let desk = Desk::open("");
    for name in ["text", "image_caption", "interactive_button_reply", "location"] {
        let told = deliver(&desk, "/webhook/whatsapp", &format!("d_meta/{name}.json"));
        assert_eq!(told[0]["ticket"], 1001, "{name}");
    }
    assert_eq!(words(&desk, 1001).len(), 4);
    assert_eq!(desk.queue()[0]["customer_phone"], "5214491234567");
    assert_eq!(desk.queue()[0]["customer_name"], "Ana Flores");
    let told = deliver(&desk, "/webhook/whatsapp", "d_meta/text_without_bsuid_2024.json");
    assert_eq!(told[0]["ticket"], 1001, "the same number");
    assert_eq!(timeline(&desk, 1001)[1]["body"], "¿Hola?", "in sent order");

    let told = deliver(&desk, "/webhook/whatsapp", "d_meta/username_no_phone.json");
    assert_eq!(told[0]["ticket"], 1002);
    let ticket = desk.read("/api/tickets/1002");
    assert_eq!(ticket["requester_phone"], Value::Null);
    assert_eq!(ticket["requester_name"], "Luz");
    for name in ["sent", "delivered", "read", "failed"] {
        let told = deliver(&desk, "/webhook/whatsapp", &format!("d_meta/status_{name}.json"));
        assert_eq!((told.len(), &told[0]["ticket"]), (1, &Value::Null), "{name}");
    }
    assert_eq!(desk.queue().len(), 2);
    assert_eq!(words(&desk, 1001).len(), 5);
}

#[test]
fn a_user_id_learns_its_number() {
    let desk = Desk::open("");
    let body = |from: Value, text: &str| {
        json!({"entry": [{"changes": [{"field": "messages", "value": {
            "metadata": {"phone_number_id": "1"}, "messages": [{"id": format!("wamid.{text}"),
                "from": from, "from_user_id": "MX.99", "type": "text", "text": {"body": text}}]}}]}]})
    };
    desk.deliver_to("/webhook/whatsapp", &body(json!(""), "satu"));
    assert_eq!(desk.queue()[0]["customer_phone"], Value::Null);
    desk.deliver_to("/webhook/whatsapp", &body(json!("5214490000000"), "dua"));
    assert_eq!(desk.queue().len(), 1);
    assert_eq!(desk.queue()[0]["customer_phone"], "5214490000000");
}

#[test]
fn a_mexican_number_is_one_customer_with_and_without_its_one() {
    let desk = Desk::open("");
    assert_eq!(desk.ticket_of(&message(&phone("5214491234567"), "A1", 0, "uno")), 1001);
    assert_eq!(desk.ticket_of(&message(&phone("524491234567"), "A2", 1, "dos")), 1001);
    assert_eq!(desk.ticket_of(&message(&phone("524491234567"), "A1", 0, "uno")), 1001);
    assert_eq!(words(&desk, 1001), ["uno", "dos"]);
    assert_eq!(desk.queue()[0]["customer_phone"], "5214491234567");
}

#[test]
fn one_number_is_one_customer_at_every_door() {
    let desk = Desk::open("");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    let doors = [
        ("/webhook/evolution", "b_baileys/evolution_messages_upsert.json"),
        ("/webhook/evolution/messages-upsert", "b_baileys/evolution_messages_upsert.json"),
        ("/webhook/waha", "b_baileys/waha_message.json"),
        ("/webhook/wuzapi", "b_baileys/wuzapi_message.json"),
        ("/webhook/whapi", "c_whapi/messages_post_text.json"),
    ];
    let tickets = doors.map(|(door, name)| {
        let told = deliver(&desk, door, name).remove(0);
        assert_eq!(members(&told), ["id", "mode", "skip_bot", "ticket"].map(String::from).into());
        told["ticket"].clone()
    });
    assert_eq!(tickets, [1002, 1002, 1003, 1004, 1005].map(|n| json!(n)), "one chat an account");
    for ticket in 1002..=1005 {
        assert_eq!(contact_of(&desk, ticket), contact_of(&desk, 1001), "{ticket}");
        assert_eq!(words(&desk, ticket).len(), 1);
    }
    // wuzapi told that number and this LID are one person.
    let from_lid = message("103700000000001@lid", "A2", 60, "dari LID");
    assert_eq!(desk.ticket_of(&from_lid), 1001);
}

#[test]
fn wuzapi_may_post_a_form() {
    let desk = Desk::open("");
    let form = bytes("b_baileys/wuzapi_message.form");
    for _ in 0..2 {
        let answer =
            desk.post_to("POST", "/webhook/wuzapi", "application/x-www-form-urlencoded", &form);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["messages"][0]["ticket"], 1001);
    }
    assert_eq!(words(&desk, 1001), ["Halo via wuzapi"]);
    let refused =
        desk.post_to("POST", "/webhook/wuzapi", "application/x-www-form-urlencoded", b"a=b");
    problem(&refused, 415);
}

#[test]
fn evolutions_edits_find_their_message_without_its_chat() {
    let desk = Desk::open("");
    let upsert = sample("b_baileys/evolution_messages_upsert.json").remove(0);
    let edit = json!({"event": "messages.edited", "instance": "toko", "data": {
        "key": {"remoteJid": "6281100000000@s.whatsapp.net", "fromMe": true,
            "id": upsert["data"]["key"]["id"]},
        "type": 14, "editedMessage": {"conversation": "Apakah buka besok?"},
        "timestampMs": "1769596700000"}});
    for door in ["/webhook/evolution", "/webhook/baileys"] {
        // Before its message, and behind it.
        desk.deliver_to(door, &edit);
        let ticket = desk.deliver_to(door, &upsert)[0]["ticket"].as_u64().expect("a ticket");
        assert_eq!(desk.deliver_to(door, &edit)[0]["ticket"], ticket);
        assert_eq!(words(&desk, ticket), ["Apakah buka besok?"]);
        let revisions = timeline(&desk, ticket)[0]["revisions"].clone();
        assert_eq!(word(&revisions[0]["body"]), "Apakah toko buka hari ini?");
        assert_eq!(revisions.as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn a_key_of_the_bridge_is_not_kept() {
    let mut desk = Desk::open("");
    deliver(&desk, "/webhook/evolution", "b_baileys/evolution_messages_upsert.json");
    desk.daemon.terminate();
    assert!(!desk.daemon.log().contains("EVOLUTION-INSTANCE-KEY-FIXTURE"));
    let holds = |path: std::path::PathBuf| {
        let key = b"EVOLUTION-INSTANCE-KEY-FIXTURE";
        std::fs::read(path).expect("a file").windows(key.len()).any(|at| at == key)
    };
    let journal = std::fs::read_dir(desk.daemon.data_dir().join("journal")).expect("the journal");
    for file in journal.map(|file| file.expect("a file").path()) {
        assert!(!holds(file));
    }
}
