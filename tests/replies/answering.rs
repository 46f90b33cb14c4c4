//! Bot or human: who answers the next message, and how that changes (S4.6, S4.7).

use serde_json::{Value, json};

use super::Centre;
use crate::bridge::{BUDI, message, phone, problem};

impl Centre {
    fn mode(&self) -> Value {
        self.desk.read("/api/conversations/1")["mode"].take()
    }

    fn hand_to(&self, mode: &str) -> Value {
        let answer = self.ana("POST", "/api/conversations/1/mode", &json!({"mode": mode}));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Budi writes; gives mode and skip_bot, as the bridge is told.
    fn budi(&self, id: &str, second: i64) -> (Value, Value) {
        let mut told = self.desk.deliver(&message(&phone(BUDI), id, second, id)).remove(0);
        (told["mode"].take(), told["skip_bot"].take())
    }

    fn end(&self, ticket: u64, how: &str) {
        let done = self.ana("POST", &format!("/api/tickets/{ticket}/{how}"), &Value::Null);
        assert_eq!(done.status, 200, "{}", done.text());
    }
}

fn agent() -> (Value, Value) {
    (json!("agent"), json!(true))
}

fn bot() -> (Value, Value) {
    (json!("bot"), json!(false))
}

#[test]
fn a_conversation_is_handed_to_the_bot_and_stays_there_until_a_person_answers() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    let shown = centre.desk.read(&format!("/api/tickets/{ticket}"));
    assert_eq!(shown["conversation_id"], 1);
    assert_eq!(centre.mode(), "agent", "S4.6");
    let handed = centre.hand_to("bot");
    assert_eq!((&handed["mode"], &handed["ticket_number"]), (&json!("bot"), &json!(ticket)));
    assert_eq!(centre.budi("A2", 10), bot());
    assert_eq!(centre.budi("A3", 20), bot());
    assert_eq!(centre.budi("A2", 10), bot(), "told as the first time");

    let reply = centre.reply(ticket, "Saya bantu");
    assert_eq!(centre.mode(), "agent", "a reply silences the bot");
    assert_eq!(centre.budi("A4", 30), agent());
    centre.until(ticket, reply, "sent");

    centre.hand_to("bot");
    assert_eq!(centre.echo(BUDI, "WA0", "Saya bantu")["skip_bot"], false, "an echo is no reply");
    assert_eq!(centre.mode(), "bot");
    let typed = centre.echo(BUDI, "TYPED", "dari telepon");
    assert_eq!((&typed["mode"], &typed["skip_bot"]), (&json!("agent"), &json!(true)));
    assert_eq!(centre.budi("A5", 90), agent());
}

#[test]
fn a_closed_ticket_gives_the_conversation_back_and_a_new_one_takes_it() {
    let centre = Centre::open("");
    let ticket = centre.customer(BUDI);
    centre.end(ticket, "resolve");
    assert_eq!(centre.mode(), "agent", "by default with the close");
    centre.end(ticket, "close");
    assert_eq!(centre.mode(), "bot");
    assert_eq!(centre.budi("A2", 60), bot(), "reopened, and still the bot's");
    let mut centre = Centre::open("[tickets]\nreopen_window = 0\n");
    let ticket = centre.customer(BUDI);
    centre.end(ticket, "close");
    centre.desk.daemon.kill9();
    centre.desk.daemon.restart();
    assert_eq!(centre.mode(), "bot");
    assert_eq!(centre.budi("A2", 60), agent(), "S4.6: a new ticket");
}

#[test]
fn some_time_after_the_end_the_bot_has_it_again() {
    let mut centre = Centre::open("[tickets]\nbot_returns_after = \"1s\"\n");
    let ticket = centre.customer(BUDI);
    centre.end(ticket, "resolve");
    assert_eq!(centre.budi("A2", 10), agent(), "not yet");
    centre.end(ticket, "resolve");
    std::thread::sleep(std::time::Duration::from_millis(1200));
    assert_eq!(centre.budi("A3", 20), bot(), "it was due");
    centre.hand_to("agent");
    centre.end(ticket, "close");
    std::thread::sleep(std::time::Duration::from_millis(1200));
    // Housekeeping, which runs at every start, does the same without a message.
    centre.desk.daemon.restart();
    let began = std::time::Instant::now();
    while centre.mode() != "bot" {
        assert!(began.elapsed().as_secs() < 10, "still with the agents");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn who_asks_for_what_is_not_there_is_told_so() {
    let centre = Centre::open("");
    centre.customer(BUDI);
    let to = |path: &str, body: Value| centre.ana("POST", path, &body);
    problem(&to("/api/conversations/7/mode", json!({"mode": "bot"})), 404);
    problem(&to("/api/conversations/one/mode", json!({"mode": "bot"})), 400);
    let answer = to("/api/conversations/1/mode", json!({"mode": "human"}));
    assert!(problem(&answer, 400).contains("bot or agent"));
    problem(&to("/api/conversations/1/mode", json!({})), 400);
    let claim = centre.ana("POST", "/api/tickets/1001/claim", &Value::Null);
    assert_eq!(claim.status, 200, "{}", claim.text());
    let rudi = centre.desk.daemon.token_named("Rudi", "agent");
    problem(&centre.desk.call(&rudi, "GET", "/api/conversations/1"), 404);
    problem(&centre.desk.call(&rudi, "GET", "/api/tickets/1001/comments"), 404);
}
