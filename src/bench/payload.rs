//! The events of the load, in the shapes in which bridges and relays send them.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

/// Conversations that get further messages: the newest so many.
const LIVELY: u64 = 1000;
const TEXTS: usize = 97;
const WORDS_OF_A_TEXT: usize = 31;
const WORDS: [&str; 32] = [
    "balance",
    "savings",
    "card",
    "freeze",
    "lost",
    "interest",
    "rate",
    "loan",
    "error",
    "issue",
    "fee",
    "charge",
    "promo",
    "cashback",
    "please",
    "help",
    "thank",
    "you",
    "today",
    "account",
    "transfer",
    "pocket",
    "salary",
    "limit",
    "statement",
    "app",
    "login",
    "code",
    "waiting",
    "again",
    "number",
    "branch",
];

/// A stream of numbers that look random (splitmix64); the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `limit` − 1; 0 for a limit of 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    pub fn bytes(&mut self) -> [u8; 16] {
        let both = (u128::from(self.next()) << 64) | u128::from(self.next());
        both.to_be_bytes()
    }
}

/// Makes messages: one in ten opens a new conversation, the others go to one of the thousand newest.
pub struct Source {
    random: Random,
    texts: Vec<String>,
    /// Distinguishes this run's ids from those of others.
    run: u64,
    conversations: u64,
    sessions: u64,
}

impl Source {
    pub fn new() -> Source {
        let run = seconds();
        let mut random = Random::new(run);
        let text = |random: &mut Random| {
            let words = (0..WORDS_OF_A_TEXT).map(|_| WORDS[random.below(32) as usize]);
            words.collect::<Vec<_>>().join(" ")
        };
        let texts = (0..TEXTS).map(|_| text(&mut random)).collect();
        Source { random, texts, run, conversations: 0, sessions: 0 }
    }

    pub fn text(&mut self) -> &str {
        let which = self.random.below(TEXTS as u64) as usize;
        &self.texts[which]
    }

    /// A message that opens a new conversation.
    pub fn new_conversation(&mut self) -> String {
        self.conversations += 1;
        self.message_in(self.conversations)
    }

    /// A message of the usual mix.
    pub fn message(&mut self) -> String {
        if self.conversations == 0 || self.random.below(10) == 0 {
            return self.new_conversation();
        }
        let back = self.random.below(self.conversations.min(LIVELY));
        self.message_in(self.conversations - back)
    }

    /// A WAMessage as Baileys has it.
    fn message_in(&mut self, conversation: u64) -> String {
        let (id, at, phone) = (self.random.next(), seconds(), 620_000_000_000 + conversation);
        let text = self.text();
        format!(
            r#"{{"key":{{"remoteJid":"{phone}@s.whatsapp.net","fromMe":false,"id":"3EB0{id:016X}"}},"messageTimestamp":{at},"pushName":"Customer {conversation}","broadcast":false,"message":{{"conversation":"{text}"}}}}"#
        )
    }

    /// The id of a call's session.
    pub fn session(&mut self) -> String {
        self.sessions += 1;
        format!("bench-{}-{}", self.run, self.sessions)
    }
}

/// What a bridge posts: `messages.upsert` with these messages.
pub fn delivery(messages: &[String]) -> Bytes {
    let messages = messages.join(",");
    Bytes::from(format!(
        r#"{{"event":"messages.upsert","session":"main","data":{{"messages":[{messages}],"type":"notify"}}}}"#
    ))
}

/// The durable events of a call: each turn is announced, then its words come; customer and agent by turns.
pub fn turn_event(session: &str, at: usize, text: &str) -> String {
    let turn = at / 2;
    let item = |turn: usize| format!("item_{session}_{turn}");
    let previous = if turn == 0 { "null".to_owned() } else { format!("\"{}\"", item(turn - 1)) };
    let (id, item, by_customer) =
        (format!("event_{session}_{at}"), item(turn), turn.is_multiple_of(2));
    match (by_customer, at.is_multiple_of(2)) {
        (true, true) => format!(
            r#"{{"type":"input_audio_buffer.committed","event_id":"{id}","previous_item_id":{previous},"item_id":"{item}"}}"#
        ),
        (true, false) => format!(
            r#"{{"type":"conversation.item.input_audio_transcription.completed","event_id":"{id}","item_id":"{item}","content_index":0,"transcript":"{text}","usage":{{"type":"duration","seconds":4}}}}"#
        ),
        (false, true) => format!(
            r#"{{"type":"conversation.item.added","event_id":"{id}","previous_item_id":{previous},"item":{{"id":"{item}","object":"realtime.item","type":"message","status":"in_progress","role":"assistant","content":[]}}}}"#
        ),
        (false, false) => format!(
            r#"{{"type":"response.output_audio_transcript.done","event_id":"{id}","response_id":"resp_{session}_{turn}","item_id":"{item}","output_index":0,"content_index":0,"transcript":"{text}"}}"#
        ),
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn about_one_message_in_ten_opens_a_conversation_and_no_id_comes_twice() {
        let mut source = Source::new();
        let messages: Vec<Value> = (0..2000).map(|_| parsed(&source.message())).collect();
        assert!((140..=260).contains(&source.conversations), "{}", source.conversations);
        let ids: HashSet<_> = messages.iter().map(|m| m["key"]["id"].to_string()).collect();
        assert_eq!(ids.len(), 2000);
    }

    #[test]
    fn a_delivery_is_what_a_bridge_posts() {
        let mut source = Source::new();
        let messages = [source.message(), source.message()];
        let body = parsed(std::str::from_utf8(&delivery(&messages)).unwrap());
        assert_eq!(body["event"], "messages.upsert");
        assert_eq!(body["data"]["messages"].as_array().unwrap().len(), 2);
        let text = body["data"]["messages"][0]["message"]["conversation"].as_str().unwrap();
        assert!((100..400).contains(&text.len()), "{text}");
    }

    #[test]
    fn the_items_of_a_call_form_one_chain() {
        let events: Vec<Value> = (0..8).map(|at| parsed(&turn_event("s", at, "hello"))).collect();
        let mut previous = Value::Null;
        for pair in events.chunks(2) {
            assert_eq!(pair[0]["previous_item_id"], previous);
            assert_eq!(pair[1]["transcript"], "hello");
            previous = pair[1]["item_id"].clone();
        }
        assert_eq!(previous, "item_s_3");
    }
}
