//! A bridge that remembers every request and answers as it is told to: well, badly, twice, late, or not at all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Value,
    pub at: Instant,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What all attempts at one message share.
    pub fn key(&self) -> &str {
        self.header("idempotency-key").expect("an Idempotency-Key")
    }
}

/// What the bridge does with a request.
pub enum Does {
    Answers(u16, Value),
    /// With one more header line.
    AnswersWith(u16, &'static str, Value),
    /// The same answer a second time, on the same connection.
    AnswersTwice(u16, Value),
    AnswersLate(Duration, u16, Value),
    /// Closes the connection without a word.
    Drops,
    /// Says nothing for so long, then closes.
    Hangs(Duration),
}

type Behaviour = dyn Fn(&Seen, usize) -> Does + Send + Sync;

pub struct Fake {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    does: Arc<Mutex<Arc<Behaviour>>>,
}

impl Fake {
    /// Behaves so; it is told the request and how many came before.
    pub fn start(does: impl Fn(&Seen, usize) -> Does + Send + Sync + 'static) -> Fake {
        Fake::listening("http", does)
    }

    /// Speaks TLS, with a certificate of the authority in the fixtures.
    pub fn with_tls(does: impl Fn(&Seen, usize) -> Does + Send + Sync + 'static) -> Fake {
        Fake::listening("https", does)
    }

    fn listening(
        scheme: &str,
        does: impl Fn(&Seen, usize) -> Does + Send + Sync + 'static,
    ) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let tls = (scheme == "https").then(|| Arc::new(certified()));
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let does: Arc<Behaviour> = Arc::new(does);
        let does = Arc::new(Mutex::new(does));
        let fake = Fake { url, seen: Arc::clone(&seen), does: Arc::clone(&does) };
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, does, tls) = (Arc::clone(&seen), Arc::clone(&does), tls.clone());
                thread::spawn(move || match tls {
                    None => serve(stream, &seen, &does),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).expect("a connection");
                        serve(StreamOwned::new(connection, stream), &seen, &does);
                    }
                });
            }
        });
        fake
    }

    /// From now on it behaves so.
    pub fn now(&self, does: impl Fn(&Seen, usize) -> Does + Send + Sync + 'static) {
        *self.does.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(does);
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many requests have come; gives them.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Seen> {
        let began = Instant::now();
        loop {
            let seen = self.seen();
            if seen.len() >= count {
                return seen;
            }
            let patience = Duration::from_secs(20);
            assert!(began.elapsed() < patience, "only {} of {count} requests came", seen.len());
            thread::sleep(Duration::from_millis(10));
        }
    }
}

fn certified() -> ServerConfig {
    let pem = include_bytes!("../fixtures/tls/localhost.pem");
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(pem).expect("a key");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate and its key")
}

fn serve(mut stream: impl Read + Write, seen: &Mutex<Vec<Seen>>, does: &Mutex<Arc<Behaviour>>) {
    let Some(request) = read(&mut stream) else { return };
    let (before, behaviour) = {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(request.clone());
        (seen.len() - 1, Arc::clone(&does.lock().unwrap_or_else(PoisonError::into_inner)))
    };
    let (times, status, header, body) = match behaviour(&request, before) {
        Does::Answers(status, body) => (1, status, String::new(), body),
        Does::AnswersWith(status, header, body) => (1, status, format!("{header}\r\n"), body),
        Does::AnswersTwice(status, body) => (2, status, String::new(), body),
        Does::AnswersLate(time, status, body) => {
            thread::sleep(time);
            (1, status, String::new(), body)
        }
        Does::Drops => return,
        Does::Hangs(time) => return thread::sleep(time),
    };
    let body = body.to_string();
    let answer = format!(
        "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\n{header}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // The daemon may be dead by now: that is its affair.
    let _ = stream.write_all(answer.repeat(times).as_bytes()).and_then(|()| stream.flush());
}

fn read(stream: &mut impl Read) -> Option<Seen> {
    let at = Instant::now();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?, words.next()?.to_owned());
    assert_eq!(method, "POST", "{line}");
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).expect("a body of JSON");
    Some(Seen { path, headers, body, at })
}
