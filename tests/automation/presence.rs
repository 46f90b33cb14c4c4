//! Who is there: by hand, and by heartbeat.

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
