//! Claiming: one wins, everybody learns who, and a retry changes nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{claim, listed, new_ticket};
use crate::bridge::{Desk, members, problem, sample, word};
use crate::harness::Response;

/// S4.13, S4.14, S4.27
#[test]
fn a_claim_takes_the_ticket_out_of_the_queue() {
    let desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let (first, second) = (new_ticket(&desk, 1), new_ticket(&desk, 2));

    let answer = claim(&desk, &ani, first);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let seed = &sample("seeds_exact/004_02.json")[0];
    assert_eq!(members(&answer), members(seed), "S4.13");
    assert_eq!(members(&answer["ticket"]), members(&seed["ticket"]), "S4.13");
    assert_eq!(answer["status"], "success");
    assert_eq!(
        (&answer["ticket"]["id"], &answer["ticket"]["status"]),
        (&json!(first), &json!("assigned"))
    );
    let agent = &answer["ticket"]["assigned_agent_id"];
    assert!(agent.is_u64(), "{answer}");
    assert!(word(&answer["ticket"]["assigned_at"]).ends_with('Z'));

    assert_eq!(listed(&desk, &ani, "/api/tickets/queue"), [second]);
    assert_eq!(listed(&desk, &ani, "/api/tickets/my-tickets"), [first], "S4.14, S4.21");
    assert!(listed(&desk, &dewi, "/api/tickets/my-tickets").is_empty());
    let ticket = desk.read(&format!("/api/tickets/{first}"));
    assert_eq!((&ticket["status"], &ticket["assignee_id"]), (&json!("open"), agent), "C3");
    assert_eq!(ticket["assignee_name"], "Ani");
}

#[test]
fn of_fifty_agents_at_once_one_wins_and_the_others_learn_who() {
    let desk = Desk::open("");
    let ticket = new_ticket(&desk, 1);
    let agents: Vec<(String, String)> = (0..50)
        .map(|n| format!("Agen-{n:02}"))
        .map(|name| (name.clone(), desk.daemon.token_named(&name, "agent")))
        .collect();
    let start = std::sync::Barrier::new(agents.len());
    let answers: Vec<(&str, Response)> = std::thread::scope(|scope| {
        let claims: Vec<_> = agents
            .iter()
            .map(|(name, token)| {
                let (desk, start) = (&desk, &start);
                scope.spawn(move || {
                    start.wait();
                    (name.as_str(), claim(desk, token, ticket))
                })
            })
            .collect();
        claims.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, one)| one.status == 200);
    assert_eq!(won.len(), 1, "S4.13");
    let winner = won[0].0;
    for (_, refused) in lost {
        let detail = problem(refused, 409);
        assert!(detail.contains(winner), "{detail} names {winner}");
    }
    assert_eq!(desk.read(&format!("/api/tickets/{ticket}"))["assignee_name"], winner);
}

#[test]
fn fifty_claims_of_five_agents_give_the_ticket_to_one_of_them() {
    let desk = Desk::open("");
    let ticket = new_ticket(&desk, 1);
    let agents = ["Ani", "Budi", "Citra", "Dewi", "Eka"];
    let tokens = agents.map(|name| desk.daemon.token_named(name, "agent"));
    let answers: Vec<(&str, Response)> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..50)
            .map(|n| {
                let (desk, token, name) = (&desk, &tokens[n % 5], agents[n % 5]);
                scope.spawn(move || (name, claim(desk, token, ticket)))
            })
            .collect();
        claims.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let winners: BTreeSet<&str> =
        answers.iter().filter(|(_, one)| one.status == 200).map(|(name, _)| *name).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let winner = winners.first().expect("a winner");
    let times: BTreeSet<String> = answers
        .iter()
        .filter(|(_, one)| one.status == 200)
        .map(|(_, one)| word(&one.json()["ticket"]["assigned_at"]))
        .collect();
    assert_eq!(times.len(), 1, "whoever has it keeps it from the same moment on");
    for (name, refused) in answers.iter().filter(|(name, _)| name != winner) {
        assert!(problem(refused, 409).contains(winner), "{name}");
    }
}

#[test]
fn a_claim_survives_a_power_cut() {
    let mut desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let ticket = new_ticket(&desk, 1);
    assert_eq!(claim(&desk, &ani, ticket).status, 200);
    desk.daemon.kill9();
    desk.daemon.restart();
    assert!(problem(&claim(&desk, &dewi, ticket), 409).contains("Ani"));
    assert_eq!(listed(&desk, &ani, "/api/tickets/my-tickets"), [ticket]);
    assert!(desk.queue().is_empty());
}

#[test]
fn only_agents_claim_and_only_what_waits() {
    let desk = Desk::open("");
    let ani = desk.daemon.token_named("Ani", "agent");
    let ticket = new_ticket(&desk, 1);
    for scope in ["read", "ingest"] {
        problem(&claim(&desk, &desk.daemon.token(scope), ticket), 403);
    }
    problem(&claim(&desk, "not-a-token-of-this-daemon", ticket), 401);
    let no_token = format!("/api/tickets/{ticket}/claim");
    problem(&desk.daemon.request("POST", &no_token, &[], b""), 401);
    problem(&claim(&desk, &ani, 4711), 404);
    let done = desk.call(&ani, "POST", &format!("/api/tickets/{ticket}/resolve"));
    assert_eq!(done.status, 200, "{}", done.text());
    problem(&claim(&desk, &ani, ticket), 409);
}

fn claim_with_key(desk: &Desk, token: &str, ticket: u64, key: &str, body: &Value) -> Response {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
    ];
    let path = format!("/api/tickets/{ticket}/claim");
    desk.daemon.request("POST", &path, &headers, body.to_string().as_bytes())
}

#[test]
fn a_retried_claim_gets_the_same_answer_after_a_power_cut() {
    let mut desk = Desk::open("");
    let (ani, dewi) =
        (desk.daemon.token_named("Ani", "agent"), desk.daemon.token_named("Dewi", "agent"));
    let (ticket, other) = (new_ticket(&desk, 1), new_ticket(&desk, 2));
    let first = claim_with_key(&desk, &ani, ticket, "klaim-1", &json!({}));
    assert_eq!(first.status, 200, "{}", first.text());
    let done = desk.call(&ani, "POST", &format!("/api/tickets/{ticket}/resolve"));
    assert_eq!(done.status, 200, "{}", done.text());
    desk.daemon.kill9();
    desk.daemon.restart();

    let again = claim_with_key(&desk, &ani, ticket, "klaim-1", &json!({}));
    assert_eq!((again.status, again.text()), (200, first.text()), "as the first time");
    problem(&claim_with_key(&desk, &ani, other, "klaim-1", &json!({})), 422);
    problem(&claim_with_key(&desk, &ani, ticket, "klaim-1", &json!({"lain": true})), 422);
    // A key is its bearer's own.
    let hers = claim_with_key(&desk, &dewi, other, "klaim-1", &json!({}));
    assert_eq!(hers.status, 200, "{}", hers.text());
    // A key that is no key is told so.
    let long = "k".repeat(5000);
    assert_eq!(claim_with_key(&desk, &dewi, other, &long, &json!({})).status, 400);
}
