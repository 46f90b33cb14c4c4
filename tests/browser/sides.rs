//! The other sides of a desk: a relay that streams a call, a bridge that takes replies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::{IntoClientRequest, client};
use tokio_tungstenite::tungstenite::{Message, WebSocket};

pub struct Call {
    socket: WebSocket<TcpStream>,
    pub ticket_id: String,
    last: Option<String>,
}

impl Call {
    pub fn begin(address: &str, token: &str, session: &str) -> Call {
        let stream = TcpStream::connect(address).expect("connect");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
        let url = format!("ws://{address}/ingest/calls/{session}");
        let mut request = url.into_client_request().expect("an address");
        let bearer = format!("Bearer {token}").parse().expect("a token");
        request.headers_mut().insert("authorization", bearer);
        let (socket, _) = client(request, stream).expect("a handshake");
        let mut call = Call { socket, ticket_id: String::new(), last: None };
        call.ticket_id = call.hears()["ticket_id"].as_str().expect("a ticket").to_owned();
        call
    }

    fn hears(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().expect("a frame") {
                return serde_json::from_str(&text).expect("JSON");
            }
        }
    }

    fn tells(&mut self, event: &Value) {
        self.socket.send(Message::text(event.to_string())).expect("it reads");
        assert_eq!(self.hears()["type"], "ack");
    }

    /// One turn, behind the one before.
    pub fn says(&mut self, is_caller: bool, words: &str) {
        let item = format!("item{}", words.len() * 31 + usize::from(is_caller));
        let role = if is_caller { "user" } else { "assistant" };
        self.tells(&json!({"type": "conversation.item.added", "previous_item_id": self.last, "item": {"id": item, "type": "message", "role": role}}));
        self.tells(&if is_caller {
            json!({"type": "conversation.item.input_audio_transcription.completed", "item_id": item, "content_index": 0, "transcript": words})
        } else {
            json!({"type": "response.output_audio_transcript.done", "item_id": item, "content_index": 0, "transcript": words})
        });
        self.last = Some(item);
    }

    /// Words of the caller that are not whole yet.
    pub fn half(&mut self, item: &str, words: &str) {
        self.tells(&json!({"type": "conversation.item.input_audio_transcription.delta", "item_id": item, "content_index": 0, "delta": words}));
    }

    pub fn hangs_up(mut self) {
        self.socket.close(None).expect("closed");
        while self.socket.read().is_ok() {}
    }
}

/// A bridge that takes every reply; gives its address and the bodies that come.
pub fn bridge() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/send", listener.local_addr().expect("an address"));
    let (tell, told) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok() && line.trim() != "" {
                let header = line.to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let body: Value = serde_json::from_slice(&body).expect("JSON");
            let answer = json!({"key": {"remoteJid": body["jid"], "fromMe": true, "id": "SENT"}})
                .to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            let _ = stream.write_all((head + &answer).as_bytes());
            let _ = tell.send(body);
        }
    });
    (url, told)
}
