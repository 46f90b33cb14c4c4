//! Sources that the daemon dials: everything once and in order, whatever the network and the power do.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::Daemon;
use crate::peer::{Peer, of_call};
use crate::speech::{agent_turn, fixture, user_turn};
use crate::wire::Service;
use crate::{Desk, eventually, lines, turns};

async fn desk(config: &str) -> Desk {
    let daemon = Daemon::with_config(config);
    let (ingest, read) = (daemon.token("ingest"), daemon.token("read"));
    Desk { daemon, service: Service::start().await, ingest, read }
}

impl Desk {
    /// What `/ready` says of the only source.
    fn source(&self) -> Value {
        let ready = self.daemon.request("GET", "/ready", &[], b"");
        assert_eq!(ready.status, 200, "a source makes nothing unready: {}", ready.text());
        ready.json()["sources"][0].take()
    }

    fn figure(&self, name: &str) -> u64 {
        let figures = self.get("/metrics").text();
        let line = figures.lines().find_map(|line| line.strip_prefix(name)).expect(name);
        line.trim().parse().expect("a figure")
    }
}

/// A turn of each side of a call.
fn turn(session: &str, n: usize) -> Vec<Value> {
    let before = (n > 0).then(|| format!("agent_{}", n - 1));
    let (user, agent) = (format!("user_{n}"), format!("agent_{n}"));
    let mut events = user_turn(&user, before.as_deref(), &format!("{session} asks {n}"));
    events.extend(agent_turn(&agent, Some(&user), &format!("{session} is answered {n}")));
    events.into_iter().map(|event| of_call(session, event)).collect()
}

fn expected(session: &str, turns: usize) -> Vec<(String, String)> {
    let turn = |n| {
        [
            ("user".into(), format!("{session} asks {n}")),
            ("agent".into(), format!("{session} is answered {n}")),
        ]
    };
    (0..turns).flat_map(turn).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_calls_come_interleaved_over_one_stream() {
    let peer = Peer::start().await;
    let recordings = ["call_beta_saving_pockets", "call_ga_lost_card"].map(|name| {
        let rows = fixture(&format!("{name}.jsonl"));
        let rows = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("a row"));
        let events = rows.filter(|row| row["dir"] == "s2c").map(|mut row| row["event"].take());
        let expected = fixture(&format!("{name}.expected.json"));
        let expected: Value = serde_json::from_str(&expected).expect("JSON");
        (name, events.collect::<Vec<_>>(), expected)
    });
    let longest = recordings.iter().map(|(_, events, _)| events.len()).max().expect("events");
    for at in 0..longest {
        for (name, events, _) in &recordings {
            if let Some(event) = events.get(at) {
                let mut frame = of_call(name, event.clone());
                frame["customer_name"] = "Ana".into();
                peer.add(frame);
            }
        }
    }
    recordings.iter().for_each(|(name, ..)| peer.add(json!({"session_id": name, "end": true})));
    let desk = desk(&peer.config("relay-1", "calls")).await;
    for (name, _, expected) in &recordings {
        let call = desk.closed(name);
        assert_eq!(turns(&call), expected["interactions_in_order"], "{name}");
        assert_eq!(call["ticket"]["category"], expected["category"], "{name}");
        assert_eq!(call["ticket"]["customer_name"], "Ana");
    }
}

/// The promise of the position: nothing lost, nothing doubled, in order.
#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_once_though_the_peer_drops_repeats_lags_and_restarts_and_the_power_goes()
{
    const TURNS: usize = 12;
    let sessions = ["a", "b", "c", "d"];
    let mut peer = Peer::start().await;
    let mut desk = desk(&peer.config("relay-1", "calls")).await;
    for n in 0..TURNS {
        let mut frames: Vec<Vec<Value>> = sessions.map(|session| turn(session, n)).into();
        while frames.iter().any(|frames| !frames.is_empty()) {
            for frames in frames.iter_mut().filter(|frames| !frames.is_empty()) {
                peer.add(frames.remove(0));
            }
        }
        if n == 5 {
            // One ends early: what comes again of it must not open another.
            peer.add(json!({"session_id": "d", "end": true}));
        }
        {
            let mut state = peer.state();
            state.drop_after = [0, 3, 7, 11][n % 4];
            state.repeat = [0, 2, 9, 40][n / 3];
            state.lag = Duration::from_millis([0, 2][n % 2]);
        }
        match n % 6 {
            2 => peer.restart(Duration::from_millis(100)).await,
            4 => {
                desk.daemon.kill9();
                desk.daemon.restart();
            }
            5 => desk.daemon.restart(),
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
    peer.state().drop_after = 0;
    sessions.iter().for_each(|name| peer.add(json!({"session_id": name, "end": true})));
    for session in sessions {
        let all = expected(session, TURNS);
        let call = desk.when(session, "all of its words", |call| {
            call["ticket"]["status"] == "closed" && lines(call).len() >= all.len()
        });
        assert_eq!(lines(&call), all, "{session}");
    }
    let asked = peer.state().asked.clone();
    let length = peer.state().log.len();
    assert_eq!(asked[0], 0, "at first it asks for all that there is");
    assert!(asked.windows(2).all(|pair| pair[0].as_u64() <= pair[1].as_u64()), "{asked:?}");
    assert_eq!(desk.source()["lag"], 0);
    println!("{length} frames over {} connections", asked.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_source_is_can_be_seen_and_names_no_secret() {
    let mut peer = Peer::start().await;
    peer.add(of_call("seen", json!({"type": "session.created", "session": {"id": "s"}})));
    let desk = desk(&peer.config("relay-1", "calls")).await;
    let connected = eventually("the source to be connected", || {
        Some(desk.source()).filter(|source| source["connected"] == true && source["lag"] == 0)
    });
    assert_eq!((&connected["name"], &connected["kind"]), (&"relay-1".into(), &"calls".into()));
    assert!(connected["connected_since"].as_str().is_some_and(|at| at.ends_with('Z')));
    let source = "{source=\"relay-1\"}";
    eventually("its event", || desk.source()["last_event"].as_str().map(str::to_owned));
    assert_eq!(desk.figure(&format!("frontdesk_source_connected{source}")), 1);
    assert_eq!(desk.figure(&format!("frontdesk_source_events_total{source}")), 1);
    assert_eq!(desk.figure(&format!("frontdesk_source_connects_total{source}")), 1);
    assert_eq!(peer.state().bearers, ["Bearer sesame"]);
    // The call is there with its first event, as with a relay.
    desk.when("seen", "its ticket", |call| call["ticket"]["status"] == "open");

    peer.restart(Duration::from_millis(1500)).await;
    let down = eventually("the source to be down", || {
        Some(desk.source()).filter(|source| source["last_error"].is_string())
    });
    eventually("the source to be connected again", || {
        Some(desk.source()).filter(|source| source["connected"] == true)
    });
    let told = format!("{down}{}{}", desk.daemon.log(), desk.get("/metrics").text());
    assert!(!told.contains("sesame") && !told.contains("hush"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_none_is_passed_over_and_its_neighbours_are_not() {
    let peer = Peer::start().await;
    let mut frames = turn("n", 0);
    frames.insert(1, json!({"session_id": "n", "event": "no object"}));
    frames.insert(2, json!({"session_id": "\u{7}", "event": {}}));
    frames.into_iter().for_each(|frame| peer.add(frame));
    peer.add(json!({"session_id": "n", "end": true}));
    let desk = desk(&peer.config("relay-1", "calls")).await;
    assert_eq!(lines(&desk.closed("n")), expected("n", 1));
    let error = desk.source()["last_error"].take();
    assert!(error.as_str().is_some_and(|error| error.contains("passed over")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_is_dialled_too_and_each_message_comes_once() {
    let peer = Peer::start().await;
    peer.state().repeat = 3;
    peer.state().drop_after = 4;
    for n in 0..10 {
        let message = json!({
            "key": {"remoteJid": "628123456789@s.whatsapp.net", "fromMe": false, "id": format!("id-{n}")},
            "messageTimestamp": 1_769_596_200 + n,
            "message": {"conversation": format!("message {n}")},
        });
        peer.add(json!({"event": {"type": "notify", "messages": [message]}}));
    }
    let mut desk = desk(&peer.config("bridge", "baileys")).await;
    let timeline = |desk: &Desk| {
        let queue = desk.get("/api/tickets/queue").json();
        let tickets = queue["tickets"].as_array().expect("tickets");
        assert!(tickets.len() < 2, "one conversation: {tickets:?}");
        let id = tickets.first()?["id"].as_u64()?;
        let page = desk.get(&format!("/api/tickets/{id}/timeline?limit=100")).json();
        let entries = page["entries"].as_array().expect("entries").iter();
        Some(entries.map(|e| e["body"].as_str().expect("text").to_owned()).collect::<Vec<_>>())
    };
    let all: Vec<_> = (0..10).map(|n| format!("message {n}")).collect();
    eventually("every message", || timeline(&desk).filter(|said| said.len() >= all.len()));
    desk.daemon.kill9();
    desk.daemon.restart();
    eventually("the bridge again", || (desk.source()["connected"] == true).then_some(()));
    assert_eq!(timeline(&desk), Some(all));
}

/// What a bridge would post to its door it may send when it is dialled.
#[tokio::test(flavor = "multi_thread")]
async fn every_bridge_may_be_a_source() {
    let peer = Peer::start().await;
    peer.add(json!({"event": {
        "id": "evt_1", "event": "message", "session": "default",
        "payload": {"id": "false_628123456789@c.us_AAA", "timestamp": 1_769_596_200, "fromMe": false,
            "from": "628123456789@c.us", "body": "halo dari WAHA"},
    }}));
    let desk = desk(&peer.config("bridge", "waha")).await;
    let queue = |desk: &Desk| desk.get("/api/tickets/queue").json()["tickets"].clone();
    let ticket = eventually("a ticket", || queue(&desk).get(0).cloned());
    assert_eq!(ticket["customer_phone"], "628123456789");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_may_be_behind_tls_with_its_token_in_a_file() {
    let service = Service::with_tls().await;
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
    let token = std::env::temp_dir().join(format!("frontdesk-source-{}", std::process::id()));
    std::fs::write(&token, "sesame\n").expect("a file");
    let desk = desk(&format!(
        "[[ingest.sources]]\nname = \"relay-1\"\nkind = \"calls\"\nurl = \"{}/events\"\nca_file = \"{authority}\"\ntoken_file = \"{}\"\n",
        service.url,
        token.display()
    ))
    .await;
    let mut far = service.session().await;
    assert_eq!(
        (far.address.as_str(), &far.headers["authorization"]),
        ("/events", &"Bearer sesame".parse().expect("a header"))
    );
    assert_eq!(far.end.hear_json().await, json!({"type": "resume", "after": 0}));
    far.end.say(&json!({"type": "hello", "stream": "2f", "latest": 9})).await;
    for (seq, mut frame) in (7..).zip(turn("tls", 0)) {
        frame["seq"] = seq.into();
        far.end.say(&frame).await;
    }
    desk.when("tls", "its words", |call| lines(call) == expected("tls", 1));
    // It said that there is no more than 9, and there was.
    eventually("no lag", || (desk.source()["lag"] == 0).then_some(()));
    drop(far);
    let mut far = service.session().await;
    let resume = json!({"type": "resume", "after": 10, "stream": "2f"});
    assert_eq!(far.end.hear_json().await, resume);
    let _ = std::fs::remove_file(token);
}
