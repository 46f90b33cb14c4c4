//! A message becomes a ticket, and the next one joins it.

use serde_json::{Value, json};

use super::{customer_said, said};
use crate::bridge::{BUDI, Desk, members, message, phone, rows, sample, word};

/// S4.1 to S4.3, S4.10: the bridge's one request makes chat, message, ticket and mode; nobody has to connect anything.
#[test]
fn a_customers_message_is_in_the_queue_when_the_bridge_is_answered() {
    let desk = Desk::open("");
    let body = &sample("b_baileys/seed_bridge_text.json")[0];
    let told = desk.deliver(body);
    // S4.6: who answers from now on is an agent, and the bot keeps silent.
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["mode"], &told[0]["skip_bot"]), (&json!("agent"), &json!(true)));
    assert_eq!(told[0]["ticket"], 1001, "S3.30");

    let queue = desk.queue();
    assert_eq!(queue.len(), 1);
    let seed = &sample("seeds_exact/004_01.json")[0]["tickets"][0];
    let missing: Vec<_> = members(seed).difference(&members(&queue[0])).cloned().collect();
    assert!(missing.is_empty(), "S4.11: {missing:?} in {}", queue[0]);
    assert_eq!(queue[0]["id"], 1001);
    assert_eq!(queue[0]["customer_name"], "Budi");
    assert_eq!(queue[0]["customer_phone"], BUDI, "S4.19");
    assert_eq!(queue[0]["status"], "pending", "S4.5");
    assert_eq!(queue[0]["priority"], "medium", "S4.5");
    assert_eq!(queue[0]["assigned_agent_id"], Value::Null, "S4.5");
    assert!(word(&queue[0]["created_at"]).ends_with('Z'), "S0.31");

    let ticket = desk.read("/api/tickets/1001");
    assert_eq!(ticket["channel"], "whatsapp");
    assert!(word(&ticket["ticket_id"]).starts_with("TKT-"), "{ticket}");
    assert_eq!(customer_said(&desk, 1001), ["Halo bot"]);
}

/// S4.20, S4.28
#[test]
fn making_a_ticket_is_logged_in_the_words_of_the_seed() {
    let mut desk = Desk::open("");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    // S4.21: the bot keeps silent on the second message too; nothing else is new.
    desk.ticket_of(&message(&phone(BUDI), "A2", 1, "Ada orang?"));
    desk.daemon.terminate();
    let log = desk.daemon.log();
    for (line, times) in [
        ("[TICKET] ✅ Created new ticket #1001 for chat #1 (priority=medium)", 1),
        ("[CHAT] Mode changed to 'agent' - future messages will go to agent queue", 1),
        ("[SKIP BOT] Chat mode is 'agent', message will go to agent queue", 2),
    ] {
        assert_eq!(log.matches(line).count(), times, "S4.20: {line}");
    }
}

#[test]
fn a_second_message_joins_the_open_ticket() {
    let desk = Desk::open("");
    for name in ["conversation", "enveloped", "extended_quote"] {
        let told = desk.deliver(&sample(&format!("b_baileys/messages_upsert_{name}.json"))[0]);
        assert_eq!(told[0]["ticket"], 1001, "S4.4: {name}");
    }
    assert_eq!(desk.queue().len(), 1);
    assert_eq!(
        customer_said(&desk, 1001),
        [
            "Halo, saya mau tanya soal tagihan",
            "Tagihan bulan ini dobel",
            "Ini nomor invoicenya: INV-2207 https://example.test/i/2207",
        ]
    );
}

#[test]
fn pictures_voices_and_places_are_told_in_words() {
    let desk = Desk::open("");
    for body in sample("b_baileys/messages_upsert_media.jsonl") {
        desk.deliver(&body);
    }
    assert_eq!(desk.queue().len(), 1);
    let words = customer_said(&desk, 1001);
    assert_eq!(words.len(), 6);
    assert_eq!((words[0].as_str(), words[1].as_str()), ("Bukti transfer", "Invoice terlampir"));
    assert!(words[2].contains("0:07"), "{words:?}");
    assert!(words[3].contains("Monas") && words[3].contains("106.845599"), "{words:?}");
    assert!(words[4].contains("Siti"), "{words:?}");
    assert_eq!(words[5], "Pesan yang hilang sendiri");
}

#[test]
fn every_customer_has_a_ticket_of_their_own() {
    let desk = Desk::open("");
    let from = |number: &str, id| message(&phone(number), id, 0, "Halo");
    let body = json!({"type": "notify", "messages": [
        from("628111", "A1"), from("628222", "A1"), from("628111", "A2"), from("628333", "A3")
    ]});
    let told = desk.deliver(&body);
    let tickets: Vec<_> = told.iter().map(|one| one["ticket"].as_u64()).collect();
    assert_eq!(tickets, [Some(1001), Some(1002), Some(1001), Some(1003)]);
    assert_eq!(desk.queue().len(), 3);
}

#[test]
fn what_was_received_while_the_bridge_was_offline_is_a_message_too() {
    let desk = Desk::open("");
    let missed = message(&phone(BUDI), "A1", 0, "Semalam saya tulis");
    let told = desk.deliver(&json!({"messages": [missed], "type": "append"}));
    assert_eq!(told[0]["ticket"], 1001);
    assert_eq!(desk.queue().len(), 1);
}

#[test]
fn the_default_priority_is_a_setting() {
    let desk = Desk::open("[tickets]\ndefault_priority = \"high\"\n");
    desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    assert_eq!(desk.queue()[0]["priority"], "high", "S4.17");
}

#[test]
fn many_first_messages_of_one_customer_at_once_make_one_ticket() {
    let desk = Desk::open("");
    let tickets: Vec<u64> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..16)
            .map(|n| {
                let hello = message(&phone(BUDI), &format!("A{n}"), n, &format!("pesan {n}"));
                let desk = &desk;
                scope.spawn(move || desk.ticket_of(&hello))
            })
            .collect();
        sent.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    assert_eq!(tickets, [1001; 16]);
    assert_eq!(customer_said(&desk, 1001).len(), 16);
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let mut desk = Desk::open("");
    for n in 0..5 {
        desk.ticket_of(&message(&phone(BUDI), &format!("A{n}"), n, &format!("pesan {n}")));
    }
    desk.daemon.kill9();
    desk.daemon.restart();
    assert_eq!(customer_said(&desk, 1001), ["pesan 0", "pesan 1", "pesan 2", "pesan 3", "pesan 4"]);
    // Numbering and the conversation go on.
    assert_eq!(desk.ticket_of(&message(&phone(BUDI), "B1", 9, "masih di sini")), 1001);
    assert_eq!(desk.ticket_of(&message(&phone("628222"), "B2", 9, "Halo")), 1002);
}

#[test]
fn our_own_messages_are_the_agents_and_make_no_ticket() {
    let desk = Desk::open("");
    let ours = |id: &str, second, text: &str| {
        let mut ours = message(&phone(BUDI), id, second, text);
        ours["key"]["fromMe"] = json!(true);
        ours["pushName"] = json!("Toko Makmur");
        ours
    };
    let told = desk.deliver(&ours("O1", 0, "Selamat pagi!"));
    assert_eq!((&told[0]["id"], &told[0]["ticket"]), (&json!("O1"), &Value::Null));
    assert!(desk.queue().is_empty());

    assert_eq!(desk.ticket_of(&message(&phone(BUDI), "A1", 10, "Pagi, kak")), 1001);
    let told = desk.deliver(&ours("O2", 20, "Ada yang bisa dibantu?"));
    assert_eq!(told[0]["ticket"], 1001);
    desk.deliver(&ours("O2", 20, "Ada yang bisa dibantu?"));
    let turn = |speaker: &str, words: &str| (speaker.to_owned(), words.to_owned());
    assert_eq!(
        said(&desk, 1001),
        [turn("user", "Pagi, kak"), turn("agent", "Ada yang bisa dibantu?")]
    );
    let ticket = desk.read("/api/tickets/1001");
    assert_eq!(ticket["requester_name"], "Budi", "our own name is not the customer's");
    assert_eq!(ticket["status"], "in_progress", "an agent has answered (C3)");
    assert!(ticket["first_response_at"].is_string(), "{ticket}");
}

#[test]
fn a_customer_who_writes_again_reopens_what_was_resolved() {
    let desk = Desk::open("");
    let agent = desk.daemon.token("agent");
    let ticket = desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    let done = desk.call(&agent, "POST", &format!("/api/tickets/{ticket}/resolve"));
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(desk.queue().is_empty());
    assert_eq!(desk.ticket_of(&message(&phone(BUDI), "A2", 60, "Belum beres")), ticket);
    assert_eq!(desk.queue().len(), 1);
    assert_eq!(desk.read("/api/tickets/1001")["status"], "open");
}

#[test]
fn past_the_window_a_follow_up_is_opened_and_linked() {
    let desk = Desk::open("[tickets]\nreopen_window = 0\n");
    let agent = desk.daemon.token("agent");
    let first = desk.ticket_of(&message(&phone(BUDI), "A1", 0, "Halo"));
    let done = desk.call(&agent, "POST", &format!("/api/tickets/{first}/close"));
    assert_eq!(done.status, 200, "{}", done.text());
    let second = desk.ticket_of(&message(&phone(BUDI), "A2", 60, "Satu lagi"));
    assert_ne!(second, first);
    assert_eq!(rows(&desk.read(&format!("/api/tickets/{second}")), "related"), [json!(first)]);
    assert_eq!(customer_said(&desk, first), ["Halo"]);
    assert_eq!(customer_said(&desk, second), ["Satu lagi"]);
}
