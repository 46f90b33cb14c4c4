//! Spoken order: however a call's events interleave, its transcript is in the order of the items' own chain.

use proptest::prelude::*;

use super::{Desk, cases, relay};
use crate::domain::call::{Fact, Previous};
use crate::domain::entry::Speaker;
use crate::engine::command::{Command, NewCall, Reply};

/// What an item of the chain brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brings {
    /// Noise, a system item: a place without words.
    Nothing,
    Words,
    /// Two parts; they may come in any order.
    TwoParts,
    ToolCall,
}

fn item(n: usize) -> String {
    format!("item_{n}")
}

fn announced(n: usize, turn: bool) -> Fact {
    let after = n.checked_sub(1).map_or(Previous::Start, |n| Previous::Item(item(n)));
    Fact::Placed { item: item(n), after, turn }
}

fn said(n: usize, index: u32) -> Fact {
    let speaker = if n.is_multiple_of(2) { Speaker::Agent } else { Speaker::User };
    Fact::Said { item: Some(item(n)), index, speaker, text: line(n, index) }
}

fn line(n: usize, index: u32) -> String {
    format!("item {n}, part {index}")
}

/// Every event of a call, and the transcript it comes to.
fn events(chain: &[Brings]) -> (Vec<Fact>, Vec<String>) {
    let mut facts = Vec::new();
    let mut transcript = Vec::new();
    for (n, brings) in chain.iter().enumerate() {
        facts.push(announced(n, *brings != Brings::Nothing));
        match brings {
            Brings::Nothing => {}
            Brings::Words => {
                facts.push(said(n, 0));
                transcript.push(line(n, 0));
            }
            Brings::TwoParts => {
                facts.extend([said(n, 0), said(n, 1)]);
                transcript.extend([line(n, 0), line(n, 1)]);
            }
            Brings::ToolCall => {
                let (call_id, name) = (format!("call_{n}"), format!("tool_{n}"));
                let arguments = "{}".to_owned();
                facts.push(Fact::ToolNamed { item: Some(item(n)), call_id: call_id.clone(), name });
                facts.push(Fact::ToolCalled {
                    item: Some(item(n)),
                    call_id: Some(call_id),
                    name: None,
                    arguments,
                });
                transcript.push(format!("[Tool Call: tool_{n}]"));
            }
        }
    }
    (facts, transcript)
}

fn play(facts: impl IntoIterator<Item = Fact>) -> (Desk, u64) {
    let mut desk = Desk::new();
    let new = NewCall { session_id: "session".into(), connection: Some(1), ..NewCall::default() };
    let (reply, _) = desk.ask(&relay(), Command::OpenCall(new)).unwrap();
    let Reply::Call { ticket, .. } = reply else { panic!("{reply:?}") };
    for fact in facts {
        desk.wait(1000);
        let command =
            Command::RecordFacts { ticket: ticket.number, event_id: None, facts: vec![fact] };
        desk.ask(&relay(), command).unwrap();
    }
    (desk, ticket.number)
}

fn chain(longest: usize) -> impl Strategy<Value = Vec<Brings>> {
    let brings = prop_oneof![
        2 => Just(Brings::Nothing),
        6 => Just(Brings::Words),
        1 => Just(Brings::TwoParts),
        1 => Just(Brings::ToolCall),
    ];
    prop::collection::vec(brings, 1..longest)
}

/// The events in any order at all, some of them twice.
fn shuffled(longest: usize) -> impl Strategy<Value = (Vec<Fact>, Vec<String>)> {
    chain(longest).prop_flat_map(|chain| {
        let (facts, transcript) = events(&chain);
        let again = prop::sample::subsequence(facts.clone(), 0..=facts.len() / 3);
        (again, Just(facts), Just(transcript))
            .prop_map(|(again, facts, transcript)| ([facts, again].concat(), transcript))
            .prop_flat_map(|(facts, transcript)| (Just(facts).prop_shuffle(), Just(transcript)))
    })
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn any_interleaving_of_a_short_call_gives_the_spoken_order((facts, transcript) in shuffled(7)) {
        let (desk, number) = play(facts);
        prop_assert_eq!(desk.spoken(number), transcript);
    }
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn any_interleaving_of_a_call_of_several_pages_gives_the_spoken_order((facts, transcript) in shuffled(150)) {
        let (desk, number) = play(facts);
        prop_assert_eq!(desk.spoken(number), transcript);
        desk.check();
    }
}

#[test]
fn a_caller_transcribed_after_the_agents_answer_stands_before_it() {
    let (desk, number) = play([announced(0, true), announced(1, true), said(1, 0), said(0, 0)]);
    assert_eq!(desk.spoken(number), [line(0, 0), line(1, 0)]);
}

/// Two stretches of the chain that were heard apart are put together once the item between them is known.
#[test]
fn an_item_without_words_joins_what_stands_on_both_sides_of_it() {
    let (desk, number) = play([said(2, 0), said(0, 0), announced(2, true), announced(1, false)]);
    assert_eq!(desk.spoken(number), [line(0, 0), line(2, 0)]);
}

/// What is put between two items that are known stands between them, whenever its words come.
#[test]
fn an_item_that_is_inserted_later_stands_between_its_neighbours() {
    let inserted = Fact::Placed { item: item(9), after: Previous::Item(item(0)), turn: true };
    for (first, second) in [(said(1, 0), said(9, 0)), (said(9, 0), said(1, 0))] {
        let events =
            [announced(0, true), said(0, 0), announced(1, true), inserted.clone(), first, second];
        let (desk, number) = play(events);
        assert_eq!(desk.spoken(number), [line(0, 0), line(9, 0), line(1, 0)]);
    }
}

#[test]
fn links_that_lead_in_a_circle_cost_no_word() {
    let after = |n: usize| Previous::Item(item(n));
    let placed = |n, after| Fact::Placed { item: item(n), after, turn: true };
    let (desk, number) = play([
        placed(1, after(2)),
        placed(2, after(1)),
        placed(3, after(3)),
        said(3, 0),
        said(2, 0),
        said(1, 0),
    ]);
    let mut spoken = desk.spoken(number);
    spoken.sort();
    assert_eq!(spoken, [line(1, 0), line(2, 0), line(3, 0)]);
    desk.check();
}
