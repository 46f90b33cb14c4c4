//! A source of calls: many calls over one stream, each frame an event of one of them.

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connection::{Source, Stored, mark};
use crate::domain::source::Mark;
use crate::domain::ticket::MAX_NAME;
use crate::engine::command::{
    CallEvent, Command, Delivered, Happening, NewCall, Origin, Submission,
};
use crate::ingest::session::fact;
use crate::wire::realtime;
use crate::wire::source::{CallFrame, Calls, calls};

/// Stores what these frames say, and how far the stream is dealt with by them.
pub async fn store(source: &Source, frames: &[Utf8Bytes], stream: &mut Option<String>) {
    let (mut events, mut position) = (Vec::new(), None);
    for frame in frames {
        match calls(frame) {
            Ok(Calls::Hello(hello)) => {
                // What came before it is of the numbering before.
                deliver(source, stream, position.take(), std::mem::take(&mut events)).await;
                source.heard(hello, stream);
            }
            Ok(Calls::Call(mut frame)) => {
                position = mark(frame.place.take()).or(position);
                events.extend(event(frame, position.as_ref()));
                source.reached(position.as_ref(), false);
            }
            Err(error) => source.passed_over(&error),
        }
    }
    deliver(source, stream, position, events).await;
}

/// None of an event that says nothing, as most do.
fn event(frame: CallFrame, position: Option<&Mark>) -> Option<CallEvent> {
    let (mut event_id, mut happening) = (None, Happening::Ended);
    if let Some(event) = frame.event {
        let begins = matches!(event.facts[..], [realtime::Fact::SessionStarted { .. }, ..]);
        let facts: Vec<_> = event.facts.into_iter().filter_map(fact).collect();
        if facts.is_empty() && !begins {
            return None;
        }
        (event_id, happening) = (event.event_id, Happening::Facts(facts));
    }
    let digits = |p: String| p.chars().filter(char::is_ascii_digit).take(20).collect::<String>();
    let fits = |name: &String| {
        (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    let call = NewCall {
        session_id: frame.session_id,
        customer_name: frame.customer_name.filter(fits),
        customer_phone: frame.customer_phone.map(digits).filter(|phone| !phone.is_empty()),
        ..NewCall::default()
    };
    Some(CallEvent { seq: position.and_then(Mark::seq), call, event_id, happening })
}

/// Stores events and position together; tried until they are.
async fn deliver(
    source: &Source,
    stream: &Option<String>,
    position: Option<Mark>,
    calls: Vec<CallEvent>,
) {
    if calls.is_empty() {
        // What said nothing may come again.
        source.reached(position.as_ref(), true);
        return;
    }
    let whole = Delivered {
        source: source.source.name.clone(),
        stream: stream.clone(),
        position: position.clone(),
        calls,
    };
    match submit(source, &whole).await {
        Ok(()) => {}
        // One of them: it must not lose its neighbours.
        Err(_) => {
            for event in &whole.calls {
                let position = event.seq.map(Mark::Seq);
                let one = Delivered { position, calls: vec![event.clone()], ..whole.clone() };
                if let Err(why) = submit(source, &one).await {
                    tracing::error!(source = source.source.name, why, "an event was refused");
                    source.engine.shared().metrics.event("source", "refused");
                }
            }
            let rest = Delivered { calls: Vec::new(), ..whole };
            let _ = submit(source, &rest).await;
        }
    }
    source.reached(position.as_ref(), true);
}

/// `Err` when it is refused for good.
async fn submit(source: &Source, delivered: &Delivered) -> Result<(), String> {
    loop {
        let command = Command::TakeFromSource(delivered.clone());
        let outcome = source
            .engine
            .submit(Submission::new(source.actor.clone(), command).from(Origin::SOURCE))
            .await;
        match Stored::of(outcome) {
            Stored::Done => {
                let metrics = &source.engine.shared().metrics;
                delivered.calls.iter().for_each(|_| metrics.event("source", "taken"));
                return Ok(());
            }
            Stored::Later(why) => source.wait(&why).await,
            Stored::Refused(refusal) => return Err(refusal.to_string()),
        }
    }
}
