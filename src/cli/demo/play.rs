//! The recordings, and how they are played: a relay streams the call, a bridge posts the messages.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Value;

use crate::client::{Call, Client, ClientError};

/// One event of the speech service a line, as it sends them, without its audio. The caller's first words
/// come behind the answer to them.
const CALL: &str = include_str!("call.jsonl");
/// One body of a bridge a line: two customers, a message delivered twice, a customer who goes on under
/// another address, a reply typed on the business's phone.
const MESSAGES: &str = include_str!("whatsapp.jsonl");

/// What was played and which tickets it made.
pub struct Played {
    /// Ticket number of the call.
    pub call: u64,
    pub events: usize,
    /// Ticket number of the first customer who wrote.
    pub chat: u64,
    /// Ticket number of the last other customer.
    pub other_chat: u64,
    pub messages: usize,
    pub took: Duration,
}

pub async fn everything(address: SocketAddr, token: &str) -> Result<Played, ClientError> {
    let began = Instant::now();
    let call = call(address, token).await?;
    let tickets = messages(address, token).await?;
    let chat = tickets.first().copied().unwrap_or_default();
    let other_chat = tickets.iter().rev().find(|t| **t != chat).copied().unwrap_or_default();
    let (events, messages) = (CALL.lines().count(), MESSAGES.lines().count());
    Ok(Played { call, events, chat, other_chat, messages, took: began.elapsed() })
}

/// Plays the call to its end; gives the number of its ticket.
async fn call(address: SocketAddr, token: &str) -> Result<u64, ClientError> {
    let session = "demo-call?customer_name=Maya&customer_phone=6281200045678";
    let (mut call, greeting) = Call::open(address, token, session).await?;
    let number = greeting["number"].as_u64().ok_or_else(|| unexpected(&greeting))?;
    for event in CALL.lines() {
        call.send(event).await?;
    }
    for _ in CALL.lines() {
        call.acknowledged().await?;
    }
    call.hang_up().await?;
    Ok(number)
}

/// Posts the messages as if the last one came just now; gives the ticket of each.
async fn messages(address: SocketAddr, token: &str) -> Result<Vec<u64>, ClientError> {
    let unreadable = |e| ClientError::Unexpected(format!("the recording is not JSON: {e}"));
    let bodies = MESSAGES.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>();
    let mut bodies = bodies.map_err(unreadable)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let last = bodies.iter().flat_map(times).max().unwrap_or(now);
    bodies.iter_mut().for_each(|body| shift(body, now.saturating_sub(last)));
    let mut bridge = Client::connect(address, token).await?;
    let mut tickets = Vec::new();
    for body in bodies {
        let answer = bridge.post("/webhook/baileys", Bytes::from(body.to_string())).await?;
        let answer: Value = serde_json::from_slice(&answer).map_err(unreadable)?;
        let ticket = answer["messages"][0]["ticket"].as_u64();
        tickets.push(ticket.ok_or_else(|| unexpected(&answer))?);
    }
    Ok(tickets)
}

fn times(body: &Value) -> impl Iterator<Item = u64> {
    let messages = body["data"]["messages"].as_array().into_iter().flatten();
    messages.filter_map(|message| message["messageTimestamp"].as_u64())
}

fn shift(body: &mut Value, seconds: u64) {
    for message in body["data"]["messages"].as_array_mut().into_iter().flatten() {
        if let Some(at) = message["messageTimestamp"].as_u64() {
            message["messageTimestamp"] = Value::from(at + seconds);
        }
    }
}

fn unexpected(answer: &Value) -> ClientError {
    ClientError::Unexpected(format!("no ticket was made: {answer}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Value> {
        CALL.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn the_callers_first_words_come_behind_the_answer() {
        let place = |kind: &str, nth: usize| {
            events().iter().enumerate().filter(|(_, e)| e["type"] == kind).nth(nth).unwrap().0
        };
        let asked = place("conversation.item.input_audio_transcription.completed", 0);
        let answered = place("response.output_audio_transcript.done", 1);
        assert!(asked > answered, "asked at {asked}, answered at {answered}");
        assert!(place("response.function_call_arguments.done", 0) < answered);
    }

    #[test]
    fn the_recording_of_the_call_holds_no_audio() {
        assert!(events().iter().all(|e| e["type"] != "response.output_audio.delta"));
    }

    #[test]
    fn messages_are_moved_in_time_together() {
        let mut bodies: Vec<Value> =
            MESSAGES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let before: Vec<u64> = bodies.iter().flat_map(times).collect();
        bodies.iter_mut().for_each(|body| shift(body, 90));
        let after: Vec<u64> = bodies.iter().flat_map(times).collect();
        assert_eq!(before.len(), MESSAGES.lines().count());
        assert_eq!(after, before.iter().map(|at| at + 90).collect::<Vec<_>>());
    }
}
