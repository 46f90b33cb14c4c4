//! What a dial-out source sends, and what it is sent.
//!
//! A frame is a JSON object. `seq` (a number that rises) or `id` (a word) is its place in the stream; the rest is
//! read by the kind of the source. Nothing else is asked of a frame: unknown members pass.

use serde_json::value::RawValue;

use super::json;
use super::realtime::shallow::{Raw, members, number, text};
use super::realtime::{self, Event};

/// The longest word that counts as a session's, stream's or frame's name, in bytes.
pub const MAX_WORD: usize = 128;

/// The place of a frame in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Seq(u64),
    Id(String),
}

/// One frame of a source of kind `calls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFrame {
    pub place: Option<Place>,
    pub session_id: String,
    pub customer_name: Option<String>,
    pub customer_phone: Option<String>,
    /// None when the call has ended.
    pub event: Option<Event>,
}

/// What a source says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// Names this numbering: another word, another numbering.
    pub stream: Option<String>,
    /// The highest number that it has.
    pub latest: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calls {
    Hello(Hello),
    Call(CallFrame),
}

/// One frame of a source whose events are what would be posted to a webhook.
#[derive(Clone, Debug, PartialEq)]
pub enum Posts {
    Hello(Hello),
    Body { place: Option<Place>, body: serde_json::Value },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame must be one JSON object: {0}")]
    Json(#[from] json::Error),
    #[error("`session_id` must be 1 to {MAX_WORD} bytes without control characters")]
    Session,
    #[error("a frame needs `event`, an object, or `\"end\": true`")]
    Event,
}

/// `{"session_id":…,"seq":…,"event":{…}}`, `{"session_id":…,"seq":…,"end":true}` or `{"type":"hello",…}`.
pub fn calls(frame: &str) -> Result<Calls, FrameError> {
    let frame = json::mend_surrogates(frame);
    let names = ["type", "session_id", "seq", "id", "event", "end"];
    let [kind, session, seq, id, event, end] = members(&frame, names).map_err(json::Error::from)?;
    if let Some(hello) = hello(kind, &frame) {
        return Ok(Calls::Hello(hello));
    }
    let session_id = word(session).ok_or(FrameError::Session)?;
    let [name, phone] =
        members(&frame, ["customer_name", "customer_phone"]).map_err(json::Error::from)?;
    let event = match event.filter(|event| event.get().starts_with('{')) {
        Some(event) => Some(realtime::event(event)),
        None if end.map(RawValue::get) == Some("true") => None,
        None => return Err(FrameError::Event),
    };
    let (customer_name, customer_phone) = (text(name), text(phone));
    let place = place(seq, id);
    Ok(Calls::Call(CallFrame { place, session_id, customer_name, customer_phone, event }))
}

/// `{"seq":…,"event":{…}}`, where the event is the body, or the body itself, which may bear a `seq`.
pub fn posts(frame: &str) -> Result<Posts, FrameError> {
    let frame = json::mend_surrogates(frame);
    let names = ["type", "seq", "id", "event"];
    let [kind, seq, id, event] = members(&frame, names).map_err(json::Error::from)?;
    if let Some(hello) = hello(kind, &frame) {
        return Ok(Posts::Hello(hello));
    }
    let inner = event.map(RawValue::get).filter(|event| event.starts_with('{'));
    let body = json::from_bytes(inner.unwrap_or(&frame).as_bytes())?;
    Ok(Posts::Body { place: place(seq, id), body })
}

/// What is sent to a source once connected: what it is to go on behind.
pub fn resume(stream: Option<&str>, after: Option<&Place>) -> String {
    let mut resume = serde_json::json!({"type": "resume"});
    resume["after"] = match after {
        Some(Place::Seq(seq)) => (*seq).into(),
        Some(Place::Id(id)) => id.as_str().into(),
        None => 0.into(),
    };
    if let Some(stream) = stream {
        resume["stream"] = stream.into();
    }
    resume.to_string()
}

fn hello(kind: Raw<'_>, frame: &str) -> Option<Hello> {
    if kind.map(RawValue::get) != Some("\"hello\"") {
        return None;
    }
    let [stream, latest] = members(frame, ["stream", "latest"]).ok()?;
    Some(Hello { stream: word(stream), latest: number(latest) })
}

fn place(seq: Raw<'_>, id: Raw<'_>) -> Option<Place> {
    let number = number(seq).or_else(|| number(id)).map(Place::Seq);
    number.or_else(|| word(id).map(Place::Id))
}

fn word(raw: Raw<'_>) -> Option<String> {
    text(raw).filter(|word| {
        (1..=MAX_WORD).contains(&word.len())
            && !word.trim().is_empty()
            && !word.chars().any(char::is_control)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(frame: &str) -> CallFrame {
        match calls(frame) {
            Ok(Calls::Call(call)) => call,
            other => panic!("{frame}: {other:?}"),
        }
    }

    #[test]
    fn a_frame_names_its_session_its_place_and_its_event() {
        let frame = call(
            r#"{"session_id":"s-1","seq":7,"event":{"type":"session.created","event_id":"e"},"x":1}"#,
        );
        assert_eq!((frame.session_id.as_str(), frame.place), ("s-1", Some(Place::Seq(7))));
        let event = frame.event.unwrap();
        assert_eq!(
            (event.kind.as_str(), event.event_id.as_deref()),
            ("session.created", Some("e"))
        );
        assert_eq!(call(r#"{"session_id":"s-1","id":"a7","end":true}"#).event, None);
        assert_eq!(call(r#"{"session_id":"s","id":7,"end":true}"#).place, Some(Place::Seq(7)));
    }

    #[test]
    fn what_is_wrong_with_a_frame_is_told() {
        assert_eq!(calls(r#"{"seq":1,"event":{}}"#), Err(FrameError::Session));
        assert_eq!(calls(r#"{"session_id":"\n","event":{}}"#), Err(FrameError::Session));
        assert_eq!(calls(r#"{"session_id":"s","event":"end"}"#), Err(FrameError::Event));
        assert!(matches!(calls("[]"), Err(FrameError::Json(_))));
        assert!(matches!(posts("{"), Err(FrameError::Json(_))));
    }

    #[test]
    fn a_source_may_say_what_it_is() {
        let hello = Hello { stream: Some("2f".into()), latest: Some(9) };
        let frame = r#"{"type":"hello","stream":"2f","latest":9}"#;
        assert_eq!(calls(frame), Ok(Calls::Hello(hello.clone())));
        assert_eq!(posts(frame), Ok(Posts::Hello(hello)));
    }

    #[test]
    fn a_webhooks_body_comes_bare_or_wrapped() {
        let body = serde_json::json!({"event": "messages.upsert", "data": []});
        let bare = posts(&body.to_string());
        assert_eq!(bare, Ok(Posts::Body { place: None, body: body.clone() }));
        let wrapped = posts(&format!(r#"{{"seq":3,"event":{body}}}"#));
        assert_eq!(wrapped, Ok(Posts::Body { place: Some(Place::Seq(3)), body }));
    }

    #[test]
    fn a_source_is_asked_to_go_on_behind_what_was_taken() {
        assert_eq!(resume(None, None), r#"{"after":0,"type":"resume"}"#);
        let after = resume(Some("2f"), Some(&Place::Seq(9)));
        assert_eq!(after, r#"{"after":9,"stream":"2f","type":"resume"}"#);
    }

    proptest! {
        #[test]
        fn whatever_a_source_sends_is_read_or_refused(
            members in prop::collection::vec(
                (
                    prop::sample::select(vec!["type", "session_id", "seq", "id", "event", "end", "stream", "latest", "x"]),
                    prop::sample::select(vec![
                        "1", "-1", "1e99", "\"\"", "\"s-1\"", "\"hello\"", "null", "true", "[]", "[{}]", "{}",
                        "{\"type\":\"session.created\"}", "\"\\ud83d\"", "{\"type\":[", "18446744073709551616",
                    ]),
                ),
                0..8,
            ),
            cut in 0_usize..80,
        ) {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            let frame = format!("{{{}}}", members.join(","));
            for frame in [&frame[..], &frame[..frame.len().saturating_sub(cut)]] {
                let _ = (calls(frame), posts(frame));
            }
        }

        #[test]
        fn no_text_panics(frame in any::<String>()) {
            let _ = (calls(&frame), posts(&frame));
        }
    }
}
