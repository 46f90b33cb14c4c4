//! The six bridges, each a fake that checks what its vendor's documentation asks for.

use serde_json::{Value, json};

use super::fake::{Does, Fake, Seen};
use super::{Centre, turn};
use crate::bridge::{BUDI, message, phone, problem, rows};

const TEXT: &str = "Halo \"Budi\" {id} \\ ünïcode 👩‍🚀\nbaris kedua";

/// A chat that lives at `instance`, answered over a bridge of this kind; gives what the bridge saw and the entry.
fn answered(
    (instance, kind, more): (&str, &str, &str),
    from: &str,
    does: impl Fn(&Seen, usize) -> Does + Send + Sync + 'static,
) -> (Vec<Seen>, Value) {
    let fake = Fake::start(does);
    let bridge = format!(
        "[[whatsapp.bridges]]\ninstance = \"{instance}\"\nkind = \"{kind}\"\nurl = \"{}\"\ntoken = \"s3cret\"\n{more}\n",
        fake.url
    );
    let centre = Centre::open(&bridge);
    let hello = json!({"session": instance, "messages": [message(from, "IN1", 0, "Halo")], "type": "notify"});
    let ticket = centre.desk.deliver(&hello)[0]["ticket"].as_u64().expect("a ticket");
    let reply = centre.reply(ticket, TEXT);
    let seen = fake.wait_for(1);
    centre.until(ticket, reply, "sent");
    let page = centre.desk.read(&format!("/api/tickets/{ticket}/timeline"));
    assert_eq!(centre.said(ticket), [turn("user", "Halo"), turn("agent", TEXT)]);
    assert_eq!(fake.seen().len(), 1, "one request a message");
    assert!(centre.fake.seen().is_empty(), "the other bridge has nothing to do with it");
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert!(seen[0].key().starts_with("3EB0"), "{:?}", seen[0]);
    (seen, rows(&page, "entries")[1].clone())
}

#[test]
fn evolution() {
    let instance = ("evolution:toko makmur", "evolution", "");
    let (seen, entry) = answered(instance, &phone(BUDI), |_, _| {
        let key = json!({"remoteJid": phone(BUDI), "fromMe": true, "id": "BAE594145F4C59B4"});
        Does::Answers(
            201,
            json!({"key": key, "status": "PENDING", "messageTimestamp": "1717689097"}),
        )
    });
    assert_eq!(seen[0].path, "/message/sendText/toko%20makmur");
    assert_eq!(seen[0].header("apikey"), Some("s3cret"));
    assert_eq!(seen[0].body, json!({"number": phone(BUDI), "text": TEXT}));
    assert_eq!(entry["provider_id"], "BAE594145F4C59B4");
}

#[test]
fn waha() {
    let instance = ("waha:default", "waha", "");
    let (seen, entry) = answered(instance, &phone(BUDI), |seen, _| {
        let id = format!("true_{}_3EB0A1B2C3D4", seen.body["chatId"].as_str().expect("a chat"));
        Does::Answers(201, json!({"id": id, "timestamp": 1_666_943_582, "fromMe": true}))
    });
    assert_eq!(seen[0].path, "/api/sendText");
    assert_eq!(seen[0].header("x-api-key"), Some("s3cret"));
    let chat = format!("{BUDI}@c.us");
    assert_eq!(seen[0].body, json!({"session": "default", "chatId": chat, "text": TEXT}));
    assert_eq!(entry["provider_id"], "3EB0A1B2C3D4", "without the chat around it");
}

#[test]
fn waha_with_a_customer_who_is_only_known_by_a_lid() {
    let instance = ("waha:shop", "waha", "");
    let (seen, entry) = answered(instance, "98765432109876@lid", |_, _| {
        Does::Answers(201, json!({"key": {"id": "3EB0NOWEB", "fromMe": true}}))
    });
    assert_eq!(seen[0].body["chatId"], "98765432109876@lid");
    assert_eq!(entry["provider_id"], "3EB0NOWEB");
}

#[test]
fn wuzapi() {
    let (seen, entry) = answered(("wuzapi:toko", "wuzapi", ""), &phone(BUDI), |seen, _| {
        let id = &seen.body["Id"];
        let data = json!({"Details": "Sent", "Id": id, "Timestamp": "2026-01-28T10:30:01Z"});
        Does::Answers(200, json!({"code": 200, "data": data, "success": true}))
    });
    assert_eq!(seen[0].path, "/chat/send/text");
    assert_eq!(seen[0].header("token"), Some("s3cret"));
    // It takes an id for the message: the one that all attempts share.
    assert_eq!(seen[0].body, json!({"Phone": BUDI, "Body": TEXT, "Id": seen[0].key()}));
    assert_eq!(entry["provider_id"], seen[0].key());
}

#[test]
fn whapi() {
    let instance = ("whapi:MANTIS-M72HC", "whapi", "");
    let (seen, entry) = answered(instance, &phone(BUDI), |_, _| {
        let sent = json!({"id": "PsrBbPpcv9WEn.cPeTQCEs-wFMDjdA", "from_me": true, "type": "text"});
        Does::Answers(200, json!({"sent": true, "message": sent}))
    });
    assert_eq!(seen[0].path, "/messages/text");
    assert_eq!(seen[0].header("authorization"), Some("Bearer s3cret"));
    assert_eq!(seen[0].body, json!({"to": BUDI, "body": TEXT}));
    assert_eq!(entry["provider_id"], "PsrBbPpcv9WEn.cPeTQCEs-wFMDjdA");
}

#[test]
fn meta() {
    let instance = ("meta:106540352242922", "meta", "version = \"v24.0\"");
    let (seen, entry) = answered(instance, &phone(BUDI), |seen, _| {
        let to = &seen.body["to"];
        Does::Answers(
            200,
            json!({
                "messaging_product": "whatsapp",
                "contacts": [{"input": to, "wa_id": to}],
                "messages": [{"id": "wamid.HBgLNjI4MTIzNDU2Nzg5FQIAERgS"}],
            }),
        )
    });
    assert_eq!(seen[0].path, "/v24.0/106540352242922/messages");
    assert_eq!(seen[0].header("authorization"), Some("Bearer s3cret"));
    let body = &seen[0].body;
    assert_eq!((&body["messaging_product"], &body["type"]), (&json!("whatsapp"), &json!("text")));
    assert_eq!((&body["recipient_type"], &body["to"]), (&json!("individual"), &json!(BUDI)));
    assert_eq!(body["text"]["body"], TEXT);
    assert_eq!(body["biz_opaque_callback_data"], seen[0].key());
    assert_eq!(entry["provider_id"], "wamid.HBgLNjI4MTIzNDU2Nzg5FQIAERgS");
}

#[test]
fn any_bridge_with_a_body_and_a_header_of_its_own() {
    let more = concat!(
        "token_header = \"X-Bridge-Key\"\n",
        r#"body = '{"chat": {"number": "{phone}", "jid": "{to}"}, "parts": ["{text}"], "ref": "fd-{id}", "n": 1}'"#,
    );
    let instance = ("toko", "baileys", more);
    let (seen, entry) = answered(instance, &phone(BUDI), |_, _| {
        Does::Answers(200, json!({"success": true, "data": {"messageId": "3EB0FF"}}))
    });
    assert_eq!(seen[0].path, "/");
    assert_eq!(seen[0].header("x-bridge-key"), Some("s3cret"));
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(
        seen[0].body,
        json!({
            "chat": {"number": BUDI, "jid": phone(BUDI)},
            "parts": [TEXT],
            "ref": format!("fd-{}", seen[0].key()),
            "n": 1,
        })
    );
    assert_eq!(entry["provider_id"], "3EB0FF");
}

/// A reply over Meta's API that is answered so; gives the delivery when it is in this state.
fn over_meta(status: u16, error: Value, state: &str) -> Value {
    let fake = Fake::start(move |_, before| match before {
        0 => Does::Answers(status, json!({"error": error})),
        _ => Does::Answers(200, json!({"messages": [{"id": "wamid.2"}]})),
    });
    let bridge = format!(
        "[[whatsapp.bridges]]\ninstance = \"meta:1\"\nkind = \"meta\"\nurl = \"{}\"\n",
        fake.url
    );
    let centre = Centre::open(&bridge);
    let hello = message(&phone(BUDI), "IN1", 0, "Halo");
    let hello = json!({"session": "meta:1", "messages": [hello], "type": "notify"});
    let ticket = centre.desk.deliver(&hello)[0]["ticket"].as_u64().expect("a ticket");
    let reply = centre.reply(ticket, "Halo");
    centre.until(ticket, reply, state)
}

#[test]
fn outside_of_metas_window_the_agent_is_told_in_words() {
    let error = json!({
        "message": "(#131047) Re-engagement message", "type": "OAuthException", "code": 131_047,
        "error_data": {"messaging_product": "whatsapp", "details": "Message failed to send because…"},
        "fbtrace_id": "Az8or2yhqkZfEZ",
    });
    let delivery = over_meta(400, error, "failed");
    let why = delivery["error"].as_str().expect("a reason");
    assert!(why.contains("24 hours") && why.contains("template"), "{why}");
}

#[test]
fn metas_limits_on_how_fast_are_no_failures() {
    let error = json!({"message": "(#131056) pair rate limit", "code": 131_056});
    over_meta(400, error, "sent");
}

#[test]
fn a_text_that_meta_would_refuse_is_refused_to_the_agent() {
    let bridge = "[[whatsapp.bridges]]\ninstance = \"meta:1\"\nkind = \"meta\"\nurl = \"http://127.0.0.1:9\"\n";
    let centre = Centre::open(bridge);
    let hello = message(&phone(BUDI), "IN1", 0, "Halo");
    let hello = json!({"session": "meta:1", "messages": [hello], "type": "notify"});
    let ticket = centre.desk.deliver(&hello)[0]["ticket"].as_u64().expect("a ticket");
    let path = format!("/api/tickets/{ticket}/comments");
    let answer = centre.ana("POST", &path, &json!({"body": "x".repeat(4097)}));
    assert!(problem(&answer, 400).contains("4096"));
    assert_eq!(answer.json()["errors"][0]["field"], "body");
}

#[test]
fn a_session_of_waha_that_is_not_working_just_now_is_waited_for() {
    let instance = ("waha:default", "waha", "");
    let fake = Fake::start(|_, before| match before {
        0 => Does::Answers(
            422,
            json!({"error": "Session status is not as expected. Try again later or restart the session",
                   "session": "default", "status": "STARTING", "expected": ["WORKING"]}),
        ),
        _ => Does::Answers(201, json!({"id": "true_628@c.us_3EB01"})),
    });
    let bridge = format!(
        "[[whatsapp.bridges]]\ninstance = \"{}\"\nkind = \"{}\"\nurl = \"{}\"\n",
        instance.0, instance.1, fake.url
    );
    let centre = Centre::open(&bridge);
    let hello = message(&phone(BUDI), "IN1", 0, "Halo");
    let hello = json!({"session": "waha:default", "messages": [hello], "type": "notify"});
    let ticket = centre.desk.deliver(&hello)[0]["ticket"].as_u64().expect("a ticket");
    let reply = centre.reply(ticket, "Halo");
    centre.until(ticket, reply, "sent");
}

#[test]
fn a_bridge_behind_a_certificate_of_ones_own_is_trusted_by_name_alone() {
    let fake = Fake::with_tls(|_, _| Does::Answers(200, json!({"id": "3EB0TLS"})));
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
    let bridge = |instance: &str, more: &str| {
        format!(
            "[[whatsapp.bridges]]\ninstance = \"{instance}\"\nkind = \"baileys\"\nurl = \"{}\"\n{more}\n",
            fake.url
        )
    };
    let bridges =
        bridge("trusted", &format!("ca_file = \"{authority}\"")) + &bridge("stranger", "");
    let centre = Centre::open(&bridges);
    let ticket = |instance: &str, number: &str| {
        let hello = message(&phone(number), "IN1", 0, "Halo");
        let hello = json!({"session": instance, "messages": [hello], "type": "notify"});
        centre.desk.deliver(&hello)[0]["ticket"].as_u64().expect("a ticket")
    };
    let (good, bad) = (ticket("trusted", "628111"), ticket("stranger", "628222"));
    let (sent, waits) = (centre.reply(good, "Halo"), centre.reply(bad, "Halo"));
    centre.until(good, sent, "sent");
    let began = std::time::Instant::now();
    loop {
        let delivery = centre.until(bad, waits, "queued");
        if let Some(why) = delivery["error"].as_str() {
            break assert!(
                why.contains("cannot be reached") && why.contains("certificate"),
                "{why}"
            );
        }
        assert!(began.elapsed().as_secs() < 10, "{delivery}");
    }
    assert_eq!(fake.seen().len(), 1);
}
