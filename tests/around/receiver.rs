//! A receiver of webhooks that answers as it is told, and remembers what came.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How a receiver answers a delivery.
#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    /// Takes the request and says nothing.
    Hang,
    /// Closes the connection instead.
    Break,
    /// 200, and then a body that does not end.
    SlowBody,
    Redirect(String),
    /// 503 with `Retry-After`.
    Later(u32),
}

#[derive(Clone, Debug)]
pub struct Got {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub at: Instant,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    pub fn event(&self) -> String {
        self.json()["event"].as_str().expect("an event").to_owned()
    }
}

#[derive(Default)]
struct State {
    got: Vec<Got>,
    /// What comes next, before `then`.
    next: VecDeque<Answer>,
    then: Option<Answer>,
}

#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    pub fn start() -> Receiver {
        Receiver::at(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    pub fn at(address: IpAddr) -> Receiver {
        let listener = TcpListener::bind((address, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let receiver = Receiver { port, state: Arc::default() };
        let own = receiver.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let own = own.clone();
                thread::spawn(move || own.serve(stream));
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// From now on, after `next`.
    pub fn answers(&self, next: &[Answer], then: Answer) {
        let mut state = self.lock();
        state.next = next.iter().cloned().collect();
        state.then = Some(then);
    }

    pub fn got(&self) -> Vec<Got> {
        self.lock().got.clone()
    }

    /// Waits for so many deliveries.
    #[track_caller]
    pub fn waits_for(&self, count: usize) -> Vec<Got> {
        let began = Instant::now();
        loop {
            let got = self.got();
            if got.len() >= count {
                return got;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{} of {count} came", got.len());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length?.1.parse().ok()?];
        reader.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).ok()?;
        let answer = {
            let mut state = self.lock();
            state.got.push(Got { headers, body, at: Instant::now() });
            let next = state.next.pop_front();
            next.or(state.then.clone()).unwrap_or(Answer::Status(204))
        };
        respond(stream, answer)
    }
}

fn respond(mut stream: TcpStream, answer: Answer) -> Option<()> {
    let (status, extra) = match answer {
        Answer::Status(status) => (status, String::new()),
        Answer::Redirect(to) => (307, format!("Location: {to}\r\n")),
        Answer::Later(seconds) => (503, format!("Retry-After: {seconds}\r\n")),
        Answer::Hang => {
            thread::sleep(Duration::from_secs(60));
            return None;
        }
        Answer::Break => return None,
        Answer::SlowBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").ok()?;
            for _ in 0..600 {
                stream.write_all(b".").ok()?;
                thread::sleep(Duration::from_millis(100));
            }
            return None;
        }
    };
    let length = if status == 204 { "" } else { "Content-Length: 0\r\n" };
    write!(stream, "HTTP/1.1 {status} X\r\n{extra}{length}Connection: close\r\n\r\n").ok()
}
