//! A message that comes again adds nothing and is answered as the first time, byte for byte.

use serde_json::{Value, json};

use super::{customer_said, post};
use crate::bridge::{BUDI, Desk, message, phone, problem, sample};

fn notify(messages: &[Value]) -> Vec<u8> {
    json!({"messages": messages, "type": "notify"}).to_string().into_bytes()
}

#[test]
fn a_redelivered_message_is_answered_as_the_first_time() {
    let desk = Desk::open("");
    let body = notify(&[
        message(&phone(BUDI), "A1", 0, "Halo"),
        message("120363041234567890@g.us", "G1", 1, "halo semua"),
        message(&phone("628222"), "A2", 2, "Hai"),
    ]);
    let first = post(&desk, &body).body;
    desk.ticket_of(&message(&phone(BUDI), "A3", 3, "Ada orang?"));
    for _ in 0..3 {
        assert_eq!(
            String::from_utf8_lossy(&post(&desk, &body).body),
            String::from_utf8_lossy(&first)
        );
    }
    assert_eq!(customer_said(&desk, 1001), ["Halo", "Ada orang?"]);
    assert_eq!(customer_said(&desk, 1002), ["Hai"]);
    assert_eq!(desk.queue().len(), 2);
}

#[test]
fn it_is_recognised_after_a_power_cut_and_after_a_restart() {
    let mut desk = Desk::open("");
    let body = notify(&[message(&phone(BUDI), "A1", 0, "Halo")]);
    let first = post(&desk, &body).body;
    desk.daemon.kill9();
    desk.daemon.restart();
    assert_eq!(post(&desk, &body).body, first);
    desk.daemon.restart();
    assert_eq!(post(&desk, &body).body, first);
    assert_eq!(customer_said(&desk, 1001), ["Halo"]);
}

#[test]
fn it_is_recognised_in_another_envelope_and_twice_in_one() {
    let desk = Desk::open("");
    let hello = message(&phone(BUDI), "A1", 0, "Halo");
    let twice = desk.deliver(&json!({"messages": [hello, hello], "type": "notify"}));
    assert_eq!(twice[0], twice[1]);
    for body in [
        json!({"messages": [hello], "type": "append"}),
        json!({"event": "messages.upsert", "data": hello}),
        json!([hello]),
        message("628123456789:12@c.us", "A1", 0, "Halo"),
    ] {
        assert_eq!(desk.deliver(&body), twice[..1]);
    }
    assert_eq!(customer_said(&desk, 1001), ["Halo"]);
}

#[test]
fn the_same_message_at_once_from_many_sides_is_one() {
    let desk = Desk::open("");
    let body = notify(&[message(&phone(BUDI), "A1", 0, "Halo")]);
    let answers: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..12).map(|_| scope.spawn(|| post(&desk, &body).body)).collect();
        sent.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(customer_said(&desk, 1001), ["Halo"]);
}

#[test]
fn ids_are_a_chats_own_and_a_sides_own() {
    let desk = Desk::open("");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    assert_eq!(desk.ticket_of(&message(&phone("628222"), "A1", 0, "Halo")), 1002);
    let mut ours = message(&phone(BUDI), "A1", 5, "Halo juga");
    ours["key"]["fromMe"] = json!(true);
    desk.deliver(&ours);
    assert_eq!(super::said(&desk, 1001).len(), 2);
}

#[test]
fn a_message_that_could_not_be_decrypted_comes_through_when_it_can() {
    let mut desk = Desk::open("");
    let mut dark = message(&phone(BUDI), "A1", 0, "");
    dark["message"] = Value::Null;
    dark["messageStubType"] = json!(2);
    for stub in [json!(2), json!("CIPHERTEXT")] {
        dark["messageStubType"] = stub;
        assert_eq!(desk.ticket_of(&dark), 1001, "somebody wrote, whatever it was");
    }
    assert_eq!(customer_said(&desk, 1001), ["[Message not decrypted yet]"]);
    assert_eq!(desk.read("/api/tickets/1001")["subject"], "[Message not decrypted yet]");
    desk.daemon.restart();
    let terang = message(&phone(BUDI), "A1", 0, "Sekarang terbaca");
    for _ in 0..2 {
        assert_eq!(desk.ticket_of(&terang), 1001);
        assert_eq!(desk.ticket_of(&dark), 1001);
        assert_eq!(customer_said(&desk, 1001), ["Sekarang terbaca"]);
    }
    assert_eq!(desk.read("/api/tickets/1001")["subject"], "Sekarang terbaca");
    assert_eq!(super::timeline(&desk, 1001)[0]["edited_at"], Value::Null, "it is no edit");
}

#[test]
fn the_flat_bridge_without_ids_is_known_by_its_words_and_second() {
    let desk = Desk::open("");
    let body = &sample("b_baileys/seed_bridge_text.json")[0];
    let first = desk.deliver(body);
    assert_eq!(desk.deliver(body), first);
    assert_eq!(customer_said(&desk, 1001), ["Halo bot"]);
    let mut later = body.clone();
    later["timestamp"] = json!(1_769_596_201);
    desk.deliver(&later);
    assert_eq!(customer_said(&desk, 1001), ["Halo bot", "Halo bot"]);
    // Two photos sent at once are two, though neither has words.
    let photo = &sample("b_baileys/seed_bridge_media.json")[0];
    let mut other = photo.clone();
    other["mediaBase64"] = json!("AAAA");
    for body in [photo, &other, photo, &other] {
        desk.deliver(body);
    }
    assert_eq!(customer_said(&desk, 1001)[2..], ["[Image]", "[Image]"]);
}

#[test]
fn an_idempotency_key_holds_for_deliveries_too() {
    let mut desk = Desk::open("");
    let bridge = format!("Bearer {}", desk.daemon.token("ingest"));
    let body = |text| message(&phone(BUDI), "A1", 0, text).to_string();
    let post = |desk: &Desk, body: &str| {
        let headers = [("Authorization", bridge.as_str()), ("Idempotency-Key", "delivery-1")];
        desk.daemon.request("POST", "/webhook/baileys", &headers, body.as_bytes())
    };
    let first = post(&desk, &body("Halo"));
    assert_eq!(first.status, 200, "{}", first.text());
    desk.daemon.kill9();
    desk.daemon.restart();
    assert_eq!(post(&desk, &body("Halo")).body, first.body);
    problem(&post(&desk, &body("Bukan halo")), 422);
    assert_eq!(customer_said(&desk, 1001), ["Halo"]);
}
