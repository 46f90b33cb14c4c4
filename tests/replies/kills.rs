//! The daemon is killed in the middle of sending, again and again, while the bridge fails as bridges do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use frontdesk::store::sim::Random;
use serde_json::{Value, json};

use super::fake::Does;
use super::{Centre, taken};
use crate::bridge::{phone, rows};

const CHATS: usize = 4;

/// Fails in every way, about every second time.
fn moody(seed: u64) -> impl Fn(&super::Seen, usize) -> Does + Send + Sync {
    move |seen, before| match Random::new(seed + before as u64).below(8) {
        0 => Does::Answers(500, Value::Null),
        1 => Does::Drops,
        2 => Does::Hangs(Duration::from_millis(600)),
        3 => Does::AnswersTwice(200, json!({"key": {"id": format!("WA{before}")}})),
        _ => taken(seen, before),
    }
}

#[test]
fn every_reply_arrives_in_order_under_its_id_however_often_the_daemon_is_killed() {
    let seed = std::env::var("FRONTDESK_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(7);
    let rounds = std::env::var("FRONTDESK_REPLY_ROUNDS").ok().and_then(|n| n.parse().ok());
    let config =
        "[whatsapp]\nretry_first = \"20ms\"\nretry_longest = \"100ms\"\n[log]\nlevel = \"warn\"\n";
    let mut centre = Centre::with(moody(seed), config);
    let tickets: Vec<u64> = (0..CHATS).map(|n| centre.customer(&format!("62812{n}"))).collect();
    let mut random = Random::new(seed);
    let mut written: Vec<(usize, String, u64)> = Vec::new();
    for round in 0..rounds.unwrap_or(6_usize) {
        for n in 0..6 {
            let chat = random.below(CHATS as u64) as usize;
            let text = format!("reply {round}.{n}");
            written.push((chat, text.clone(), centre.reply(tickets[chat], &text)));
        }
        std::thread::sleep(Duration::from_millis(random.below(400)));
        centre.desk.daemon.kill9();
        centre.desk.daemon.restart();
    }
    let began = Instant::now();
    for (chat, text, id) in &written {
        while centre.comment(tickets[*chat], *id)["delivery"]["state"] != "sent" {
            assert!(began.elapsed() < Duration::from_secs(60), "{text} is not sent");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let seen = centre.fake.seen();
    let text = |body: &Value| body["text"].as_str().expect("a text").to_owned();
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in &seen {
        keys.entry(text(&one.body)).or_default().insert(one.key().to_owned());
    }
    for (chat, ticket) in tickets.iter().enumerate() {
        let wanted: Vec<_> =
            written.iter().filter(|(c, ..)| *c == chat).map(|(_, text, _)| text.clone()).collect();
        let to = phone(&format!("62812{chat}"));
        let mut arrived: Vec<String> =
            seen.iter().filter(|one| one.body["jid"] == to).map(|one| text(&one.body)).collect();
        // An attempt and its repetition stand side by side: the next one waits for the last of them.
        arrived.dedup();
        assert_eq!(arrived, wanted, "each at least once, and in order");
        let page = centre.desk.read(&format!("/api/tickets/{ticket}/timeline?limit=100"));
        assert_eq!(rows(&page, "entries").len(), wanted.len() + 1);
    }
    assert!(keys.values().all(|keys| keys.len() == 1), "one id a reply: {keys:?}");
    let all: BTreeSet<_> = keys.values().flatten().collect();
    assert_eq!((keys.len(), all.len()), (written.len(), written.len()));
    println!("{} replies, {} requests", written.len(), seen.len());
    let verified = centre.desk.daemon.cli(&["verify"]);
    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success() && told.contains("sound"), "{told}");
}

#[test]
fn a_stop_in_order_lets_the_reply_under_way_arrive() {
    let late = |seen: &super::Seen, before| match taken(seen, before) {
        Does::Answers(status, body) => Does::AnswersLate(Duration::from_millis(300), status, body),
        other => other,
    };
    let mut centre = Centre::with(late, "");
    let ticket = centre.customer("628121");
    let reply = centre.reply(ticket, "Selamat pagi");
    centre.fake.wait_for(1);
    centre.desk.daemon.terminate();
    centre.desk.daemon.restart();
    centre.until(ticket, reply, "sent");
    assert_eq!(centre.fake.seen().len(), 1, "it was not sent a second time");
}

#[test]
fn replies_that_waited_for_a_bridge_go_out_after_a_restart() {
    let mut centre = Centre::with(|_, _| Does::Drops, "");
    let ticket = centre.customer("628121");
    let replies = ["satu", "dua", "tiga"].map(|text| centre.reply(ticket, text));
    centre.fake.wait_for(1);
    centre.desk.daemon.kill9();
    centre.fake.now(taken);
    centre.desk.daemon.restart();
    replies.iter().for_each(|reply| drop(centre.until(ticket, *reply, "sent")));
}
