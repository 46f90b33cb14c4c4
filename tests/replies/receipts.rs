//! Each bridge's whole way: a customer's message in through its own door, the reply out over its driver, and its
//! receipts in again.

use serde_json::{Value, json};

use super::fake::{Does, Fake};
use super::{Centre, taken};
use crate::bridge::{BUDI, phone, sample};

/// What a bridge is called in the configuration, its door, and what comes through it.
struct Way {
    instance: &'static str,
    kind: &'static str,
    door: &'static str,
    hello: &'static str,
    /// Its answer to a reply, which calls the message `id`.
    answer: fn(&str) -> Value,
    /// Its marks at the message `id`, in this order.
    marks: fn(&str) -> Vec<(Value, &'static str)>,
    id: &'static str,
}

fn goes_all_the_way(way: &Way) {
    let (answer, id) = (way.answer, way.id);
    let fake = Fake::start(move |_, _| Does::Answers(200, answer(id)));
    let bridge = format!(
        "[[whatsapp.bridges]]\ninstance = \"{}\"\nkind = \"{}\"\nurl = \"{}\"\n",
        way.instance, way.kind, fake.url
    );
    // Every centre has a bridge of its own for the session `default`.
    let of_its_own = way.instance == "default";
    let centre = Centre::open(if of_its_own { "" } else { &bridge });
    if of_its_own {
        centre.fake.now(move |_, _| Does::Answers(200, answer(id)));
    }
    let told = centre.desk.deliver_to(way.door, &sample(way.hello)[0]);
    let ticket = told[0]["ticket"].as_u64().unwrap_or_else(|| panic!("{}: {told:?}", way.kind));
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.until(ticket, reply, "sent");
    for (mark, state) in (way.marks)(id) {
        let told = centre.desk.deliver_to(way.door, &mark);
        assert_eq!(told[0]["ignored"], "receipt", "{}: {told:?}", way.kind);
        let delivery = centre.comment(ticket, reply)["delivery"].take();
        assert_eq!(delivery["state"], state, "{}: after {mark}", way.kind);
    }
    let fake = if of_its_own { &centre.fake } else { &fake };
    assert_eq!(fake.seen().len(), 1);
}

#[test]
fn baileys() {
    goes_all_the_way(&Way {
        instance: "default",
        kind: "baileys",
        door: "/webhook/baileys",
        hello: "b_baileys/messages_upsert_conversation.json",
        answer: |id| json!({"key": {"id": id}}),
        marks: |id| {
            let mark = |status: u8| {
                let key = json!({"remoteJid": phone(BUDI), "fromMe": true, "id": id});
                json!({"event": "messages.update", "data": [{"key": key, "update": {"status": status}}]})
            };
            vec![
                (mark(3), "delivered"),
                (mark(2), "delivered"),
                (mark(4), "read"),
                (mark(3), "read"),
            ]
        },
        id: "3EB0BAILEYS",
    });
}

#[test]
fn evolution() {
    goes_all_the_way(&Way {
        instance: "evolution:toko",
        kind: "evolution",
        door: "/webhook/evolution",
        hello: "b_baileys/evolution_messages_upsert.json",
        answer: |id| json!({"key": {"id": id, "fromMe": true}, "status": "PENDING"}),
        marks: |id| {
            let mark = |status: &str| {
                let data = json!({"keyId": id, "remoteJid": phone(BUDI), "fromMe": true, "status": status});
                json!({"event": "messages.update", "instance": "toko", "data": data})
            };
            vec![
                (mark("DELIVERY_ACK"), "delivered"),
                (mark("READ"), "read"),
                (mark("SERVER_ACK"), "read"),
            ]
        },
        id: "BAE5EVOLUTION",
    });
}

#[test]
fn waha() {
    goes_all_the_way(&Way {
        instance: "waha:default",
        kind: "waha",
        door: "/webhook/waha",
        hello: "b_baileys/waha_message.json",
        answer: |id| json!({"id": format!("true_{BUDI}@c.us_{id}")}),
        marks: |id| {
            let mark = |ack: u8| {
                let chat = format!("{BUDI}@c.us");
                let payload = json!({"id": format!("true_{chat}_{id}"), "from": chat, "fromMe": true, "ack": ack});
                json!({"event": "message.ack", "session": "default", "payload": payload})
            };
            vec![(mark(2), "delivered"), (mark(1), "delivered"), (mark(3), "read")]
        },
        id: "3EB0WAHA",
    });
}

#[test]
fn wuzapi() {
    goes_all_the_way(&Way {
        instance: "wuzapi:toko",
        kind: "wuzapi",
        door: "/webhook/wuzapi",
        hello: "b_baileys/wuzapi_message.json",
        answer: |id| json!({"code": 200, "success": true, "data": {"Details": "Sent", "Id": id}}),
        marks: |id| {
            let mark = |state: &str| {
                let event = json!({"Chat": phone(BUDI), "Sender": phone(BUDI), "IsFromMe": false,
                    "MessageIDs": [id], "Timestamp": "2026-01-28T10:38:00+07:00"});
                json!({"type": "ReadReceipt", "state": state, "event": event, "instanceName": "toko", "userID": "1"})
            };
            vec![(mark("Read"), "read"), (mark("Delivered"), "read")]
        },
        id: "3EB0WUZAPI",
    });
}

#[test]
fn whapi() {
    goes_all_the_way(&Way {
        instance: "whapi:FALCON-K3Q7B",
        kind: "whapi",
        door: "/webhook/whapi",
        hello: "c_whapi/messages_post_text.json",
        answer: |id| json!({"sent": true, "message": {"id": id}}),
        marks: |id| {
            let mark = |status: &str, code: u8| {
                let status = json!({"id": id, "code": code, "status": status,
                    "recipient_id": phone(BUDI), "timestamp": "1769596271"});
                json!({"statuses": [status], "event": {"type": "statuses", "event": "post"},
                    "channel_id": "FALCON-K3Q7B"})
            };
            vec![(mark("delivered", 3), "delivered"), (mark("read", 4), "read")]
        },
        id: "PsrBbPpcv9WEn.cPeTQCEs-wFMDjdA",
    });
}

/// A status of Meta's at this message.
fn meta_status(id: &str, status: &str) -> Value {
    let name = if status == "failed" {
        "d_meta/status_failed.json"
    } else {
        "d_meta/status_delivered.json"
    };
    let mut body = sample(name).remove(0);
    let told = &mut body["entry"][0]["changes"][0]["value"]["statuses"][0];
    (told["id"], told["status"]) = (json!(id), json!(status));
    body
}

#[test]
fn meta() {
    goes_all_the_way(&Way {
        instance: "meta:106540352242922",
        kind: "meta",
        door: "/webhook/whatsapp",
        hello: "d_meta/text.json",
        answer: |id| json!({"messages": [{"id": id}]}),
        marks: |id| {
            let mark = |status: &str| meta_status(id, status);
            vec![
                (mark("delivered"), "delivered"),
                (mark("sent"), "delivered"),
                (mark("read"), "read"),
                (mark("failed"), "read"),
            ]
        },
        id: "wamid.HBgLNjI4MTIzNDU2Nzg5FQIAERgS",
    });
}

#[test]
fn a_customer_of_meta_who_hides_the_number_is_written_to_by_id() {
    let fake = Fake::start(|_, _| Does::Answers(200, json!({"messages": [{"id": "wamid.1"}]})));
    let bridge = format!(
        "[[whatsapp.bridges]]\ninstance = \"meta:106540352242922\"\nkind = \"meta\"\nurl = \"{}\"\n",
        fake.url
    );
    let centre = Centre::open(&bridge);
    let hello = sample("d_meta/username_no_phone.json");
    let told = centre.desk.deliver_to("/webhook/whatsapp", &hello[0]);
    let ticket = told[0]["ticket"].as_u64().expect("a ticket");
    let reply = centre.reply(ticket, "Hola");
    centre.until(ticket, reply, "sent");
    let message = &hello[0]["entry"][0]["changes"][0]["value"]["messages"][0];
    let body = &fake.seen()[0].body;
    assert_eq!((&body["recipient"], &body["to"]), (&message["from_user_id"], &Value::Null));
}

#[test]
fn a_reply_that_failed_on_the_way_is_told_why_and_sent_again() {
    let fake = Fake::start(|_, before| {
        Does::Answers(200, json!({"messages": [{"id": format!("wamid.OUT{before}")}]}))
    });
    let bridge = format!(
        "[[whatsapp.bridges]]\ninstance = \"meta:106540352242922\"\nkind = \"meta\"\nurl = \"{}\"\n",
        fake.url
    );
    let centre = Centre::open(&bridge);
    let hello = &sample("d_meta/text.json")[0];
    let ticket = centre.desk.deliver_to("/webhook/whatsapp", hello)[0]["ticket"].as_u64();
    let ticket = ticket.expect("a ticket");
    let reply = centre.reply(ticket, "Hola");
    centre.until(ticket, reply, "sent");
    centre.desk.deliver_to("/webhook/whatsapp", &meta_status("wamid.OUT0", "failed"));
    let failed = centre.until(ticket, reply, "failed");
    assert!(failed["error"].as_str().is_some_and(|why| why.contains("24 hours")), "{failed}");
    let path = format!("/api/tickets/{ticket}/comments/{reply}/resend");
    assert_eq!(centre.ana("POST", &path, &Value::Null).status, 200);
    centre.until(ticket, reply, "sent");
    centre.desk.deliver_to("/webhook/whatsapp", &meta_status("wamid.OUT0", "failed"));
    assert_eq!(
        centre.comment(ticket, reply)["delivery"]["state"],
        "sent",
        "that was the first round"
    );
    centre.desk.deliver_to("/webhook/whatsapp", &meta_status("wamid.OUT1", "read"));
    centre.until(ticket, reply, "read");
}

#[test]
fn a_reaction_to_a_reply_is_shown_at_the_reply() {
    let centre = Centre::with(taken, "");
    let ticket = centre.customer(BUDI);
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.until(ticket, reply, "sent");
    let key = json!({"remoteJid": phone(BUDI), "fromMe": false, "id": "IN-REACTION"});
    let target = json!({"remoteJid": phone(BUDI), "fromMe": true, "id": "WA0"});
    let reaction = json!({"key": key, "messageTimestamp": 1_769_596_300, "pushName": "Budi",
        "message": {"reactionMessage": {"key": target, "text": "👍"}}});
    let told = centre.desk.deliver(&reaction);
    assert_eq!(told[0]["ticket"], ticket, "{told:?}");
    let page = centre.desk.read(&format!("/api/tickets/{ticket}/timeline"));
    assert_eq!(page["entries"][1]["reactions"][0]["emoji"], "👍", "{page}");
}
