//! Events of a realtime speech service (OpenAI and Azure, beta and GA names mixed), as a relay forwards them.
//!
//! An event comes in, facts come out: where an item stands, who said what, which tool was called. What is
//! told several times comes out several times (the same words come in up to five events, and any one of
//! them may be the only one that survives); whoever keeps the facts drops what it has, by item and index or
//! by `call_id`. Only a frame that is no JSON object is an error: unknown types, missing members and wrong
//! types cost the facts they would have brought, nothing else.

mod event;
pub(super) mod shallow;
#[cfg(test)]
mod tests;

use serde::Deserializer;

use super::json;
use shallow::{members, number, text};

/// The longest id or tool name that counts as one, in bytes; the services' own have fewer than 100.
pub const MAX_ID: usize = 256;

/// The most facts that one event may bring; a response holds a handful.
pub const MAX_FACTS: usize = 1024;

/// One text frame of a relay: the event verbatim, or `{"seq": n, "event": {…}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub seq: Option<u64>,
    pub event: Event,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Tells a redelivery; some events and all of some relays' have none.
    pub event_id: Option<String>,
    /// The event's `type`; empty when it has none.
    pub kind: String,
    /// In the order in which the event tells them.
    pub facts: Vec<Fact>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Where an item stands in the conversation. Known for the caller's words before the words are.
    Placed {
        item: String,
        after: After,
        kind: ItemKind,
    },
    /// Final words, never blank (S0.56, S0.57). `index` is the `content_index` within the item.
    Said {
        item: Option<String>,
        index: u32,
        speaker: Speaker,
        text: String,
    },
    /// A function call with its arguments still to come.
    ToolNamed {
        item: Option<String>,
        call_id: String,
        name: String,
    },
    /// A function call (S0.28). `arguments` is the string that came, JSON or not.
    ToolCalled {
        item: Option<String>,
        call_id: Option<String>,
        name: Option<String>,
        arguments: String,
    },
    ToolAnswered {
        item: Option<String>,
        call_id: String,
        output: String,
    },
    /// Text that a client sent in an item without an id: the service shows it again, with one.
    Typed {
        index: u32,
        speaker: Speaker,
        text: String,
    },
    /// More words of what is not whole yet; what is whole comes in a fact of its own.
    Piece {
        item: String,
        index: u32,
        speaker: Speaker,
        text: String,
    },
    /// A session with the service began; a handoff begins a second one for the same caller.
    SessionStarted {
        session: Option<String>,
    },
}

/// What an item was put behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    /// The event does not say.
    Unknown,
    /// Nothing: it is the first of its session.
    Start,
    Item(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Speaker {
    User,
    Agent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    User,
    Agent,
    System,
    ToolCall,
    ToolOutput,
    Unknown,
}

/// Why a frame was not taken; the message is for whoever wrote the relay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("a frame must be one JSON object: {0}")]
    Json(#[from] json::Error),
    #[error(
        "frame with seq {seq}: `event` must be the service's event, a JSON object; it is {found}"
    )]
    NoEvent { seq: u64, found: &'static str },
}

/// Reads one text frame. Cheap for what brings no facts: such an event is stepped over, not built.
pub fn parse(frame: &str) -> Result<Frame, FrameError> {
    let frame = json::mend_surrogates(frame);
    let [kind, event_id, seq, inner] =
        members(&frame, ["type", "event_id", "seq", "event"]).map_err(json::Error::from)?;
    let seq: Option<u64> = number(seq);
    // Events of the service can have a member `event` too (a DTMF key), but never an object.
    let wrapped = inner.filter(|raw| raw.get().starts_with('{'));
    match (wrapped, seq, text(kind)) {
        (Some(inner), Some(_), _) | (Some(inner), None, None) => {
            Ok(Frame { seq, event: event(inner) })
        }
        (None, Some(seq), None) => {
            let found = inner.map_or("missing", |raw| json_type(raw.get()));
            Err(FrameError::NoEvent { seq, found })
        }
        (_, _, kind) => Ok(Frame { seq: None, event: event::read(kind, event_id, &frame) }),
    }
}

/// Reads an event that stands inside something else.
pub fn event(event: &serde_json::value::RawValue) -> Event {
    let [kind, event_id] = shallow::members_of(Some(event), ["type", "event_id"]);
    event::read(text(kind), event_id, event.get())
}

/// Whether a frame is one of the many that bring nothing: audio, and pieces of what comes whole later unless they are
/// words. Looks no further than the event's type, which stands in front of the audio.
pub fn is_passing(frame: &str) -> bool {
    let mut kind = None;
    // Stopping at the type leaves the rest unread, which is no error here.
    let _ = serde_json::Deserializer::from_str(frame)
        .deserialize_map(shallow::First("type", &mut kind));
    let kind = kind.unwrap_or_default();
    let is_words = kind.ends_with("transcript.delta")
        || kind.ends_with("text.delta")
        || kind.ends_with("transcription.delta");
    kind.ends_with(".delta") && !is_words || kind == "input_audio_buffer.append"
}

fn json_type(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}
