//! Many calls at once: audio-sized frames both ways, bit-identical and in order, transcripts whole, memory bounded,
//! and a client that hardly reads slows nobody else.
//!
//! `FRONTDESK_PROXY_CALLS=50 FRONTDESK_PROXY_SECONDS=30` is the long form. It prints the delay of a frame with and
//! without the daemon between the two ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::sync::{Mutex, mpsc};
use tokio_tungstenite::tungstenite::Message;

use crate::speech::{agent_turn, customer_says, user_turn};
use crate::wire::{self, End, PATIENCE, Service};
use crate::{Desk, lines, session};

/// A frame of 32 KiB twenty times a second, both ways.
const AUDIO: usize = 32 << 10;
const EVERY: Duration = Duration::from_millis(50);
/// Frames of the service from one spoken line to the next.
const LINE: usize = 10;
/// How often the slow client reads, before the call is ended as unread, and how many frames: a sixteenth of the kernel's
/// buffers, or it says nothing to the sender.
const SLOW: Duration = Duration::from_secs(8);
const FEW: usize = 20;
/// What the daemon may hold more than before, a call: both sockets' buffers, and frames on their way.
const MEMORY: u64 = 2 << 20;

fn asked(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The `n`-th frame of a call: not two are alike.
fn frame(call: usize, n: usize) -> String {
    let pattern = format!("{call}/{n}:");
    let audio = pattern.repeat(AUDIO / pattern.len());
    format!(r#"{{"type":"response.output_audio.delta","item_id":"i","delta":"{audio}"}}"#)
}

type Delays = Arc<Mutex<Vec<Duration>>>;

/// When frames were sent, for whoever receives them.
type Sent = mpsc::UnboundedSender<Instant>;

/// One end of a call.
struct Talker {
    end: End,
    call: usize,
    frames: usize,
    /// Whether it is the service, which also says words.
    says: bool,
    began: Instant,
    sent: Sent,
    other_sent: mpsc::UnboundedReceiver<Instant>,
}

impl Talker {
    /// Sends frames at their pace while those of the other side come in; every one must be the one that is due.
    async fn talk(self) -> (End, Vec<Duration>) {
        let Talker { end, call, frames, says, began, sent, mut other_sent } = self;
        let (mut sink, mut stream) = end.0.split();
        let sending = async {
            for n in 0..frames {
                let frame = Message::text(frame(call, n));
                tokio::time::sleep_until((began + EVERY * n as u32).into()).await;
                sent.send(Instant::now()).expect("somebody receives");
                sink.send(frame).await.expect("the other side reads");
                if says && n % LINE == 0 {
                    for event in spoken(call, n / LINE) {
                        sink.send(Message::text(event)).await.expect("the other side reads");
                    }
                }
            }
        };
        let receiving = async {
            let mut delays = Vec::with_capacity(frames);
            for n in 0..frames {
                let heard = next(&mut stream).await;
                delays.push(other_sent.recv().await.expect("it was sent").elapsed());
                assert!(heard == frame(call, n), "frame {n} of call {call}");
                if !says && n % LINE == 0 {
                    for event in spoken(call, n / LINE) {
                        assert_eq!(next(&mut stream).await, event);
                    }
                }
            }
            delays
        };
        let ((), delays) = tokio::join!(sending, receiving);
        (End(sink.reunite(stream).expect("two halves")), delays)
    }
}

/// Lets both ends of a call talk; gives them back with the delays of all frames.
async fn talk(
    client: End,
    service: End,
    (call, calls, frames): (usize, usize, usize),
    began: Instant,
) -> (End, End, Vec<Duration>) {
    let ((up, from_client), (down, from_service)) =
        (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    // Not all in the same moment.
    let began = began + EVERY * call as u32 / calls as u32;
    let half = began + EVERY / (2 * calls as u32);
    let client = Talker {
        end: client,
        call,
        frames,
        says: false,
        began,
        sent: up,
        other_sent: from_service,
    };
    let service = Talker {
        end: service,
        call,
        frames,
        says: true,
        began: half,
        sent: down,
        other_sent: from_client,
    };
    let (client, service) = tokio::join!(tokio::spawn(client.talk()), tokio::spawn(service.talk()));
    let ((client, mut delays), (service, more)) =
        (client.expect("a client"), service.expect("a service"));
    delays.extend(more);
    (client, service, delays)
}

async fn next(
    stream: &mut (impl StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin),
) -> String {
    loop {
        let heard = tokio::time::timeout(PATIENCE, stream.next()).await.expect("something comes");
        match heard.expect("the connection stands").expect("a message") {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A line of the caller's, and the agent's answer; the same words whoever asks.
fn spoken(call: usize, n: usize) -> Vec<String> {
    let before = (n > 0).then(|| format!("agent_{}", n - 1));
    let (user, agent) = (format!("user_{n}"), format!("agent_{n}"));
    let mut events = user_turn(&user, before.as_deref(), &format!("call {call} asks {n}"));
    events.extend(agent_turn(&agent, Some(&user), &format!("call {call} is answered {n}")));
    for (at, event) in events.iter_mut().enumerate() {
        event["event_id"] = format!("event_{call}_{n}_{at}").into();
    }
    events.into_iter().map(|event| event.to_string()).collect()
}

fn median(delays: &mut [Duration]) -> Duration {
    delays.sort();
    delays[delays.len() / 2]
}

/// `VmRSS` of the daemon, in bytes.
fn resident(desk: &Desk) -> u64 {
    let status = desk.daemon.cli(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    status["memory"].as_u64().expect("memory")
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_pass_untouched_and_a_client_that_hardly_reads_slows_nobody() {
    let calls = asked("FRONTDESK_PROXY_CALLS", 6);
    let frames = asked("FRONTDESK_PROXY_SECONDS", 2) * 20;
    let desk = Desk::new().await;
    let sessions: Vec<_> = (0..calls).map(|_| session()).collect();
    let before = resident(&desk);

    // Hardly reads until the others are done.
    let (mut idle, mut idle_service) = desk.call("idle").await;
    let flood = tokio::spawn(async move {
        let mut sent = 0;
        loop {
            let frame = Message::text(frame(usize::MAX, sent));
            let sending =
                tokio::time::timeout(Duration::from_millis(500), idle_service.end.0.feed(frame));
            match sending.await {
                Ok(fed) => fed.expect("the daemon is there"),
                Err(_) => return (idle_service, sent),
            }
            match tokio::time::timeout(Duration::from_millis(500), idle_service.end.0.flush()).await
            {
                Ok(flushed) => flushed.expect("the daemon is there"),
                // In the library's buffer: it goes out with the next.
                Err(_) => return (idle_service, sent + 1),
            }
            sent += 1;
        }
    });
    let (mut idle_service, flooded) = flood.await.expect("a flood");

    let mut ends = Vec::new();
    for session in &sessions {
        let (client, service) = desk.call(session).await;
        ends.push((client, service.end));
    }
    let began = Instant::now() + Duration::from_millis(200);
    let delays: Delays = Arc::default();
    let (others_done, mut done) = tokio::sync::oneshot::channel::<()>();
    let slow = tokio::spawn(async move {
        let mut read = 0;
        while tokio::time::timeout(SLOW, &mut done).await.is_err() {
            for _ in 0..FEW.min(flooded - read) {
                assert!(
                    idle.hear().await == Message::text(frame(usize::MAX, read)),
                    "frame {read}"
                );
                read += 1;
            }
        }
        (idle, read)
    });
    let mut talks = tokio::task::JoinSet::new();
    for (call, (client, service)) in ends.into_iter().enumerate() {
        let delays = Arc::clone(&delays);
        talks.spawn(async move {
            let (client, service, told) = talk(client, service, (call, calls, frames), began).await;
            delays.lock().await.extend(told);
            (client, service)
        });
    }
    let ends = talks.join_all().await;
    others_done.send(()).expect("the slow client reads");
    let (mut idle, read) = slow.await.expect("the slow client");
    let held = resident(&desk).saturating_sub(before);
    println!("{calls} calls hold {} KiB more than none", held >> 10);
    assert!(held < MEMORY * (calls as u64 + 4), "{held} bytes for {calls} calls");

    for (mut client, _service) in ends {
        client.close(1000, "").await;
    }
    for (call, session) in sessions.iter().enumerate() {
        let turns = (0..frames.div_ceil(LINE)).flat_map(|n| {
            [
                ("user".to_owned(), format!("call {call} asks {n}")),
                ("agent".to_owned(), format!("call {call} is answered {n}")),
            ]
        });
        assert_eq!(lines(&desk.closed(session)), turns.collect::<Vec<_>>());
    }

    // Nothing of the idle client's frames was dropped meanwhile.
    let last = customer_says("Still there?");
    let tail = tokio::spawn(async move {
        for event in &last {
            idle_service.end.say(event).await;
        }
        (idle_service, last)
    });
    for n in read..flooded {
        assert!(
            idle.hear().await == Message::text(frame(usize::MAX, n)),
            "frame {n} of the idle client"
        );
    }
    let (_idle_service, last) = tail.await.expect("the rest");
    for event in &last {
        assert_eq!(idle.hear_json().await, *event);
    }

    let mut through = std::mem::take(&mut *delays.lock().await);
    let through = median(&mut through);
    let mut direct = direct(calls, frames).await;
    let direct = median(&mut direct);
    println!("a frame takes {through:?} through the daemon, {direct:?} without it, in the median");
}

/// The delays of the same frames between the same ends with nothing between them.
async fn direct(calls: usize, frames: usize) -> Vec<Duration> {
    let service = Service::start().await;
    let address = service.url.strip_prefix("ws://").expect("an address").to_owned();
    let mut talks = tokio::task::JoinSet::new();
    let began = Instant::now() + Duration::from_millis(500);
    for call in 0..calls {
        let (client, _) = wire::connect(&address, "/", &[]).await.expect("it opens");
        let far = service.session().await.end;
        talks.spawn(talk(client, far, (call, calls, frames), began));
    }
    talks.join_all().await.into_iter().flat_map(|(.., delays)| delays).collect()
}
