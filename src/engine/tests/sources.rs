//! Sources of calls: what comes again adds nothing, and a call goes on in its ticket.

use super::{Desk, is_running, relay};
use crate::domain::call::{Fact, Previous};
use crate::domain::entry::Speaker;
use crate::domain::source::{Mark, SourcePosition};
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::command::{CallEvent, Command, Delivered, Happening, NewCall};

fn call(session: &str, seq: u64, happening: Happening) -> CallEvent {
    let call = NewCall { session_id: session.into(), ..NewCall::default() };
    CallEvent { seq: Some(seq), call, event_id: None, happening }
}

fn says(session: &str, seq: u64) -> CallEvent {
    let item = format!("item_{seq}");
    let place = Fact::Placed { item: item.clone(), after: Previous::Start, turn: true };
    let text = format!("{session} says {seq}");
    let said = Fact::Said { item: Some(item), index: 0, speaker: Speaker::User, text };
    call(session, seq, Happening::Facts(vec![place, said]))
}

fn ends(session: &str, seq: u64) -> CallEvent {
    call(session, seq, Happening::Ended)
}

fn deliver(desk: &mut Desk, stream: Option<&str>, calls: Vec<CallEvent>) {
    let position = calls.last().and_then(|event| event.seq).map(Mark::Seq);
    let (source, stream) = ("relay-1".into(), stream.map(str::to_owned));
    let delivered = Delivered { source, stream, position, calls };
    desk.ask(&relay(), Command::TakeFromSource(delivered)).unwrap();
    desk.check();
}

fn reached(desk: &Desk) -> Option<u64> {
    let position = desk.rows().get::<SourcePosition>(b"relay-1").unwrap();
    position.and_then(|position| position.at.seq())
}

#[test]
fn what_a_source_sends_again_adds_nothing_before_and_after_the_calls_end() {
    let mut desk = Desk::new();
    let all = [says("a", 1), says("b", 2), says("a", 3), ends("a", 4), says("b", 5)];
    for from in [0, 0, 2, 3, 1] {
        deliver(&mut desk, None, all[from..].to_vec());
        assert_eq!(reached(&desk), Some(5), "it never goes back");
    }
    let [a, b] = &desk.tickets()[..] else { panic!("two calls") };
    assert_eq!((a.status, b.status), (Status::Closed, Status::Open));
    assert_eq!(desk.spoken(a.number), ["a says 1", "a says 3"]);
    assert_eq!(desk.spoken(b.number), ["b says 2", "b says 5"]);
}

#[test]
fn a_call_that_was_silent_for_hours_goes_on_in_its_ticket() {
    let mut desk = Desk::new();
    deliver(&mut desk, None, vec![says("a", 1)]);
    let number = desk.tickets()[0].number;
    desk.wait(2 * Micros::HOUR);
    desk.own(Command::ExpireCall { ticket: number }).unwrap();
    assert!(!is_running(&desk, number));
    deliver(&mut desk, None, vec![says("a", 2)]);
    assert!(is_running(&desk, number) && desk.ticket(number).status == Status::Open);
    deliver(&mut desk, None, vec![ends("a", 3)]);
    assert_eq!(desk.tickets().len(), 1);
    assert_eq!(desk.ticket(number).status, Status::Closed);
    assert_eq!(desk.spoken(number), ["a says 1", "a says 2"]);
}

#[test]
fn a_power_cut_does_not_end_a_sources_calls() {
    let mut desk = Desk::new();
    deliver(&mut desk, None, vec![says("a", 1)]);
    let number = desk.tickets()[0].number;
    desk.power_cut(0);
    desk.wait(Micros::MINUTE);
    desk.own(Command::ExpireCall { ticket: number }).unwrap();
    assert!(is_running(&desk, number), "nothing came for a minute only");
}

#[test]
fn a_source_that_numbers_anew_is_heard_from_its_beginning() {
    let mut desk = Desk::new();
    deliver(&mut desk, Some("first"), vec![says("a", 100), ends("a", 101)]);
    // Under its old name a lower number of an ended call came before; under a new one it did not.
    deliver(&mut desk, Some("first"), vec![says("a", 50)]);
    assert_eq!(desk.spoken(desk.tickets()[0].number), ["a says 100"]);
    deliver(&mut desk, Some("second"), vec![says("b", 1), says("b", 2)]);
    assert_eq!(reached(&desk), Some(2));
    assert_eq!(desk.spoken(desk.tickets()[1].number), ["b says 1", "b says 2"]);
    // Without a name, what a new numbering says of a new call counts too.
    deliver(&mut desk, Some("second"), vec![says("c", 1)]);
    assert_eq!(desk.spoken(desk.tickets()[2].number), ["c says 1"]);
    assert_eq!(reached(&desk), Some(2));
}

#[test]
fn an_end_of_a_call_that_nobody_knows_opens_none() {
    let mut desk = Desk::new();
    deliver(&mut desk, None, vec![ends("a", 1)]);
    assert!(desk.tickets().is_empty());
    assert_eq!(reached(&desk), Some(1));
}
