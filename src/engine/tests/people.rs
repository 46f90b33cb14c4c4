//! People's accounts, as deciding sees them: what is bounded, what is past its time, what came in between.

use super::Desk;
use crate::domain::agent::Role;
use crate::domain::session::{LINK_LIFE, Link, MAX_SESSIONS, Proof};
use crate::domain::time::Micros;
use crate::engine::account::{AccountCommand, Ending, NewPerson, NewSession, PersonChanges};
use crate::engine::command::{Command, Refusal, Reply};
use crate::engine::verify::verify_rows;
use crate::store::Order;

fn ask(desk: &mut Desk, command: AccountCommand) -> Result<Reply, Refusal> {
    desk.own(Command::Account(command)).map(|(reply, _)| reply)
}

fn person(desk: &mut Desk, name: &str, role: Role) -> u64 {
    let (name, email) = (name.to_owned(), format!("{name}@desk.example"));
    let new = NewPerson { name, email, role, password: Some("first".into()) };
    match ask(desk, AccountCommand::Add(new)).unwrap() {
        Reply::Agent(agent) => agent.id,
        other => panic!("{other:?}"),
    }
}

fn begin(desk: &mut Desk, agent: u64, checked: &str) -> Result<u64, Refusal> {
    let new = NewSession {
        agent,
        checked: checked.into(),
        code: None,
        proof: Proof::Cookie([1; 32]),
        life: Micros::DAY,
        idle: Micros::HOUR,
        address: None,
        client: None,
    };
    match ask(desk, AccountCommand::BeginSession(new))? {
        Reply::Session(session) => Ok(session.id),
        other => panic!("{other:?}"),
    }
}

fn sessions(desk: &Desk) -> Vec<u64> {
    desk.rows().sessions().unwrap().into_iter().map(|session| session.id).collect()
}

fn assert_sound(desk: &Desk) {
    assert_eq!(verify_rows(&desk.rows()).unwrap().findings, Vec::<String>::new());
}

#[test]
fn the_oldest_of_too_many_sessions_ends_and_nobody_elses() {
    let mut desk = Desk::new();
    let (dewi, budi) =
        (person(&mut desk, "dewi", Role::Agent), person(&mut desk, "budi", Role::Agent));
    let other = begin(&mut desk, budi, "first").unwrap();
    let first = begin(&mut desk, dewi, "first").unwrap();
    for _ in 0..MAX_SESSIONS {
        begin(&mut desk, dewi, "first").unwrap();
    }
    let left = sessions(&desk);
    assert_eq!(left.len(), MAX_SESSIONS + 1);
    assert!(left.contains(&other) && !left.contains(&first));
    ask(&mut desk, AccountCommand::EndSessions { agent: dewi, which: Ending::AllBut(None) })
        .unwrap();
    assert_eq!(sessions(&desk), [other]);
    assert_sound(&desk);
}

#[test]
fn what_is_past_its_time_is_swept_and_not_before_whatever_the_wall_clock_says() {
    let mut desk = Desk::new();
    let dewi = person(&mut desk, "dewi", Role::Agent);
    begin(&mut desk, dewi, "first").unwrap();
    ask(&mut desk, AccountCommand::MakeLink { agent: Some(dewi), hash: [1; 32] }).unwrap();
    desk.set_clock(365 * Micros::DAY, false);
    desk.own(Command::Sweep).unwrap();
    assert_eq!(sessions(&desk).len(), 1);
    desk.wait(LINK_LIFE);
    desk.own(Command::Sweep).unwrap();
    assert_eq!(sessions(&desk), [0; 0]);
    let links = desk.rows().scan::<Link>(&[], None, Order::Ascending, 9).unwrap();
    assert!(links.is_empty());
    let late = AccountCommand::UseLink { hash: [1; 32], person: None, password: "late".into() };
    assert!(matches!(ask(&mut desk, late), Err(Refusal::Unauthorized { .. })));
    assert_sound(&desk);
}

#[test]
fn a_password_that_changed_while_it_was_checked_lets_nobody_in() {
    let mut desk = Desk::new();
    let dewi = person(&mut desk, "dewi", Role::Agent);
    let (password, checked) = ("second".to_owned(), Some("first".to_owned()));
    let change = AccountCommand::SetPassword { agent: dewi, password, checked, keep: None };
    ask(&mut desk, change.clone()).unwrap();
    assert!(matches!(begin(&mut desk, dewi, "first"), Err(Refusal::Unauthorized { .. })));
    assert!(matches!(ask(&mut desk, change), Err(Refusal::Unauthorized { .. })), "by two at once");
    begin(&mut desk, dewi, "second").unwrap();
}

#[test]
fn a_disabled_person_keeps_nothing_and_the_last_admin_stays() {
    let mut desk = Desk::new();
    let (adi, eka) = (person(&mut desk, "adi", Role::Admin), person(&mut desk, "eka", Role::Admin));
    let disable = |agent| {
        let changes = PersonChanges { disabled: Some(true), ..PersonChanges::default() };
        AccountCommand::Change { agent, changes }
    };
    begin(&mut desk, adi, "first").unwrap();
    ask(&mut desk, AccountCommand::MakeLink { agent: Some(adi), hash: [1; 32] }).unwrap();
    ask(&mut desk, disable(adi)).unwrap();
    assert_eq!(sessions(&desk), [0; 0]);
    let back = AccountCommand::UseLink { hash: [1; 32], person: None, password: "x".into() };
    assert!(matches!(ask(&mut desk, back), Err(Refusal::Unauthorized { .. })));
    assert!(matches!(begin(&mut desk, adi, "first"), Err(Refusal::Unauthorized { .. })));
    assert!(matches!(ask(&mut desk, disable(eka)), Err(Refusal::Conflict(_))));
    assert!(ask(&mut desk, AccountCommand::MakeLink { agent: None, hash: [2; 32] }).is_err());
    assert_sound(&desk);
}
