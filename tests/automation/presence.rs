//! Who is there: by hand, and by heartbeat.

use std::io::Write;
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Desk, QUIET};

fn state(desk: &Desk, agent: u64) -> Value {
    let all = desk.read("/api/presence");
    let one = all["agents"].as_array().unwrap().iter().find(|one| one["agent_id"] == agent);
    one.expect("the agent")["state"].clone()
}

#[test]
fn whoever_is_silent_is_offline_and_a_heartbeat_brings_them_back() {
    let desk = Desk::with(&format!("{QUIET}heartbeat_grace = \"5s\"\n"));
    let ani = desk.agent("Ani");
    assert_eq!(state(&desk, ani.id), "offline");
    desk.is(&ani, "online");
    assert_eq!(state(&desk, ani.id), "online");
    desk.is(&ani, "away");
    assert_eq!(state(&desk, ani.id), "away");
    desk.until("Ani is offline", || state(&desk, ani.id) == "offline");
    desk.is(&ani, "online");
    assert_eq!(state(&desk, ani.id), "online");
    desk.is(&ani, "offline");
    assert_eq!(state(&desk, ani.id), "offline");
}

#[test]
fn a_presence_outlives_a_restart_and_wrong_ones_are_named() {
    let mut desk = Desk::with(QUIET);
    let ani = desk.agent("Ani");
    desk.is(&ani, "away");
    desk.daemon.restart();
    assert_eq!(state(&desk, ani.id), "away");
    let answer = desk.ask(&ani.token, "POST", "/api/presence", &json!({"state": "asleep"}));
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json()["errors"][0]["field"], "state");
    let machine = desk.daemon.token("ingest");
    let answer = desk.ask(&machine, "POST", "/api/presence", &json!({"state": "online"}));
    assert_eq!(answer.status, 403);
    let path = format!("/api/agents/{}/workload", ani.id);
    let view = desk.done("PUT", &path, &json!({"capacity": 3}), 200);
    assert_eq!((&view["capacity"], &view["open_tickets"]), (&json!(3), &json!(0)));
    desk.done("PUT", "/api/agents/999/workload", &json!({"capacity": 3}), 404);
    let wrong = desk.done("PUT", &path, &json!({"business_hours_id": 77}), 400);
    assert_eq!(wrong["errors"][0]["field"], "business_hours_id");
}

/// Work goes to those whose hours it is, whoever says that they are online.
#[test]
fn outside_of_their_hours_nobody_is_given_work() {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let desk = Desk::with(QUIET);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    // Three days from now: far from midnight, whenever this runs. 1970 began on a Thursday.
    let later = DAYS[(since_1970 / 86_400 + 3 + 3) as usize % 7];
    let hours = |name: &str, days: &[&str]| {
        let whole = json!({"start": "00:00", "end": "24:00"});
        let schedule: serde_json::Map<_, _> =
            days.iter().map(|day| ((*day).to_owned(), whole.clone())).collect();
        let body = json!({"name": name, "timezone": "UTC", "schedule": schedule});
        desk.done("POST", "/api/business-hours", &body, 201)["id"].clone()
    };
    let (always, another_day) = (hours("always", &DAYS), hours("another day", &[later]));
    let (ani, budi) = (desk.agent("Ani"), desk.agent("Budi"));
    for (agent, hours) in [(&ani, &another_day), (&budi, &always)] {
        let path = format!("/api/agents/{}/workload", agent.id);
        desk.done("PUT", &path, &json!({"business_hours_id": hours}), 200);
        desk.is(agent, "online");
    }
    desk.done("POST", "/api/assignment-rules", &json!({"name": "everything"}), 201);
    for n in 0..3 {
        let ticket = desk.made(&format!("one of three, {n}"), &Value::Null);
        desk.until_ticket(ticket, "assignee_id", &json!(budi.id));
    }
    let path = format!("/api/agents/{}/workload", ani.id);
    desk.done("PUT", &path, &json!({"business_hours_id": always}), 200);
    let ticket = desk.made("now it is hers", &Value::Null);
    desk.until_ticket(ticket, "assignee_id", &json!(ani.id));
}

/// A page that listens is a sign of life, without a heartbeat of its own.
#[test]
fn whoever_listens_to_live_events_is_there() {
    let desk =
        Desk::with(&format!("{QUIET}heartbeat_grace = \"5s\"\n[live]\nheartbeat = \"1s\"\n"));
    let (ani, budi) = (desk.agent("Ani"), desk.agent("Budi"));
    desk.is(&ani, "online");
    desk.is(&budi, "online");
    let mut listens = TcpStream::connect(desk.daemon.address()).expect("it listens");
    let request = format!(
        "GET /api/live/events HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\r\n",
        ani.token
    );
    listens.write_all(request.as_bytes()).expect("sent");
    desk.until("Budi, who is silent, is offline", || state(&desk, budi.id) == "offline");
    assert_eq!(state(&desk, ani.id), "online");
    drop(listens);
    desk.until("she is gone, too", || state(&desk, ani.id) == "offline");
}
