//! Calls go on while the store cannot be written, and nothing of what is said is lost once it can.
//!
//! Needs a small file system of its own: as root on Linux it mounts one; elsewhere the tests say that they are
//! skipped.

use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::Message;

use crate::harness::Daemon;
use crate::small_disk::SmallDisk;
use crate::speech::{agent_turn, user_turn};
use crate::wire::{End, Service, Session};
use crate::{Desk, eventually, lines, proxy_to, session};

const STORE: &str = "[store]\ndisk_reserve = \"1 MiB\"\nballast = \"4 MiB\"\n";

/// A daemon whose directory is a disk of its own; none where that cannot be made.
async fn desk(more: &str) -> Option<(Desk, SmallDisk)> {
    let service = Service::start().await;
    let mut daemon = Daemon::with_config(&proxy_to(&service, &format!("{more}{STORE}")));
    daemon.terminate();
    let disk = SmallDisk::mount(&daemon.data_dir())?;
    daemon.restart();
    let (ingest, read) = (daemon.token("ingest"), daemon.token("read"));
    Some((Desk { daemon, service, ingest, read }, disk))
}

impl Desk {
    fn is_ready(&self) -> bool {
        self.daemon.request("GET", "/ready", &[], b"").status == 200
    }
}

/// A turn of each side, `n`-th of the call; gives how long its slowest frame took to pass.
async fn talk(client: &mut End, service: &mut Session, n: usize) -> Duration {
    let before = (n > 0).then(|| format!("agent_{}", n - 1));
    let (user, agent) = (format!("user_{n}"), format!("agent_{n}"));
    let audio = "QUJD".repeat(8192);
    let mut slowest = Duration::ZERO;
    let mut frames: Vec<_> = user_turn(&user, before.as_deref(), &format!("question {n}"));
    frames.extend(agent_turn(&agent, Some(&user), &format!("answer {n}")));
    frames.push(serde_json::json!({"type": "response.output_audio.delta", "delta": audio}));
    for frame in frames {
        let frame = Message::text(frame.to_string());
        let sent = Instant::now();
        service.end.send(frame.clone()).await;
        assert!(client.hear().await == frame);
        slowest = slowest.max(sent.elapsed());
    }
    slowest
}

fn expected(turns: std::ops::Range<usize>) -> Vec<(String, String)> {
    let turn =
        |n| [("user".into(), format!("question {n}")), ("agent".into(), format!("answer {n}"))];
    turns.flat_map(turn).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_no_call_and_costs_no_line() {
    let Some((desk, disk)) = desk("").await else { return };
    // One that began before, one that begins while the disk is full, and one that also ends then.
    let [before, during, within] = [session(), session(), session()];
    let (mut client, mut service) = desk.call(&before).await;
    talk(&mut client, &mut service, 0).await;
    disk.fill();
    eventually("the disk to be full", || {
        disk.fill();
        (!desk.is_ready()).then_some(())
    });
    let mut slowest = talk(&mut client, &mut service, 1).await;
    let (mut second, mut second_service) = desk.call(&during).await;
    let (mut third, mut third_service) = desk.call(&within).await;
    for n in 0..3 {
        slowest = slowest.max(talk(&mut second, &mut second_service, n).await);
        slowest = slowest.max(talk(&mut third, &mut third_service, n).await);
    }
    third.close(1000, "").await;
    assert_eq!(third_service.end.closed_with().await, Some((1000, String::new())));
    assert_eq!(third.closed_with().await, Some((1000, String::new())));
    assert!(!desk.is_ready(), "all this while the disk is full");
    assert!(slowest < Duration::from_secs(2), "a frame took {slowest:?}");
    disk.free();
    eventually("the disk to be written again", || desk.is_ready().then_some(()));
    assert_eq!(lines(&desk.closed(&within)), expected(0..3));
    talk(&mut client, &mut service, 2).await;
    for (client, session, turns) in [(&mut client, &before, 0..3), (&mut second, &during, 0..3)] {
        client.close(1000, "").await;
        client.closed_with().await;
        assert_eq!(lines(&desk.closed(session)), expected(turns));
    }
}

/// The bound: nothing is said in a call that its transcript will not hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_says_more_than_can_be_kept_is_ended_and_keeps_the_rest() {
    let Some((desk, disk)) = desk("max_backlog = \"1 MiB\"\n").await else { return };
    let session = session();
    let (mut client, mut service) = desk.call(&session).await;
    talk(&mut client, &mut service, 0).await;
    eventually("the disk to be full", || {
        disk.fill();
        (!desk.is_ready()).then_some(())
    });
    let long = "word ".repeat(20_000);
    let mut passed = 0;
    let (code, reason) = loop {
        for event in user_turn(&format!("long_{passed}"), None, &format!("{passed} {long}")) {
            service.end.say(&event).await;
        }
        match (client.hear().await, client.hear().await) {
            (Message::Text(_), Message::Text(said)) if said.contains(&long) => passed += 1,
            // The place passed, the words did not: then comes the error.
            (Message::Text(_), Message::Text(told)) => {
                assert!(told.contains("cannot be recorded"), "{told}");
                break client.closed_with().await.expect("a close");
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, 1013);
    assert!(reason.contains("cannot be recorded"), "{reason}");
    assert!((5..=12).contains(&passed), "{passed} lines of 100 kB fit into 1 MiB");
    disk.free();
    let what = "everything that was passed on";
    let call = desk.when(&session, what, |call| lines(call).len() == 2 + passed);
    let texts: Vec<_> = lines(&call).into_iter().map(|(_, text)| text).collect();
    for n in 0..passed {
        assert!(texts[2 + n].starts_with(&format!("{n} word")), "in order");
    }
    let id = call["ticket"]["ticket_id"].as_str().expect("ticket_id");
    eventually("the timeline to say why the call ended", || {
        let page = desk.get(&format!("/api/tickets/{id}/timeline?limit=100")).json();
        let last = page["entries"].as_array().expect("entries").last().expect("one").clone();
        let told = last["body"].as_str().is_some_and(|text| text.contains("cannot be recorded"));
        (last["kind"] == "event" && told).then_some(())
    });
}
