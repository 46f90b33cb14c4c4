//! A client of `/api/live`, and a relay that streams a call.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::{IntoClientRequest, client};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, HandshakeError, Message, WebSocket};

pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Client {
    pub socket: WebSocket<TcpStream>,
}

/// Opens a WebSocket; the status of the answer if it is none.
pub fn dial(
    address: &str,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<WebSocket<TcpStream>, u16> {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let mut request = format!("ws://{address}{path}").into_client_request().expect("an address");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a value"));
    }
    match client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(answer))) => Err(answer.status().as_u16()),
        Err(error) => panic!("{path}: {error}"),
    }
}

impl Client {
    /// Opens one with a token in its header, and takes its greeting.
    pub fn open(address: &str, token: &str, query: &str) -> Client {
        let bearer = format!("Bearer {token}");
        let path = format!("/api/live{query}");
        let socket = dial(address, &path, &[("authorization", &bearer)]).expect("let in");
        let mut client = Client { socket };
        assert_eq!(client.hears()["event"], "hello");
        client
    }

    /// The next message; the close frame at the end.
    pub fn next(&mut self) -> Result<Value, Option<CloseFrame>> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(serde_json::from_str(&text).expect("JSON")),
                Ok(Message::Close(frame)) => return Err(frame),
                Ok(_) => {}
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Err(None),
                Err(Error::Io(error)) if error.kind() == ErrorKind::ConnectionReset => {
                    return Err(None);
                }
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }

    #[track_caller]
    pub fn hears(&mut self) -> Value {
        self.next().expect("a message")
    }

    /// Messages up to the first of this event; gives them all.
    #[track_caller]
    pub fn up_to(&mut self, event: &str) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            let Ok(told) = self.next() else { panic!("{event} in {heard:?}") };
            heard.push(told);
            if heard.last().is_some_and(|told| told["event"] == event) {
                return heard;
            }
        }
    }

    pub fn says(&mut self, what: &Value) {
        self.socket.send(Message::text(what.to_string())).expect("it reads");
    }
}

/// A relay's connection.
pub struct Call {
    socket: WebSocket<TcpStream>,
    pub number: u64,
}

impl Call {
    pub fn begin(address: &str, token: &str, session: &str) -> Call {
        let bearer = format!("Bearer {token}");
        let path = format!("/ingest/calls/{session}");
        let socket = dial(address, &path, &[("authorization", &bearer)]).expect("let in");
        let mut call = Call { socket, number: 0 };
        call.number = call.hears()["number"].as_u64().expect("a number");
        call
    }

    fn hears(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().expect("a frame") {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    pub fn tells(&mut self, event: &Value) {
        self.socket.send(Message::text(event.to_string())).expect("it reads");
        assert_eq!(self.hears()["type"], "ack");
    }

    /// More of what the caller says.
    pub fn hears_of_caller(&mut self, item: &str, piece: &str) {
        let kind = "conversation.item.input_audio_transcription.delta";
        self.tells(&json!({"type": kind, "item_id": item, "content_index": 0, "delta": piece}));
    }

    /// More of what the voice agent says.
    pub fn hears_of_agent(&mut self, item: &str, piece: &str) {
        let kind = "response.output_audio_transcript.delta";
        self.tells(&json!({"type": kind, "item_id": item, "content_index": 0, "delta": piece}));
    }

    /// All that the caller said in one turn.
    pub fn says(&mut self, item: &str, words: &str) {
        let kind = "conversation.item.input_audio_transcription.completed";
        self.tells(
            &json!({"type": kind, "item_id": item, "content_index": 0, "transcript": words}),
        );
    }

    pub fn hangs_up(mut self) {
        self.socket.close(None).expect("closed");
        while self.socket.read().is_ok() {}
    }
}
