//! What happens to messages comes to the same in any order of arrival, in either form and however often.

use proptest::prelude::*;

use super::{Desk, cases, relay};
use crate::domain::message::{Change, Changer, DELETED};
use crate::domain::time::Micros;
use crate::engine::command::{Command, IdScope, InboundMessage, MessageChange, Reply};
use crate::engine::marks::Marks;
use crate::engine::rows::Rows;

const PHONE: &str = "628120000001@s.whatsapp.net";
const LID: &str = "10001@lid";

fn start() -> Micros {
    Micros::parse_rfc3339("2025-11-28T08:00:00Z").unwrap()
}

fn said(undecrypted: bool) -> Command {
    let text = if undecrypted { "[not yet]" } else { "first words" };
    Command::ReceiveMessage(Box::new(InboundMessage {
        instance: "bridge".into(),
        id: Some("A1".into()),
        addresses: vec![PHONE.into(), LID.into()],
        sent_at: Some(start()),
        text: text.into(),
        undecrypted,
        ..InboundMessage::default()
    }))
}

fn change(change: Change, second: i64, address: &str) -> Command {
    Command::ChangeMessage(Box::new(MessageChange {
        instance: "bridge".into(),
        target: "A1".into(),
        ids: IdScope::Chat,
        addresses: vec![address.into()],
        by: Changer { from_me: Some(false), address: None, name: None },
        at: Some(start().plus(second * Micros::SECOND)),
        change,
    }))
}

/// Everything that happens to one message, each edit at a time of its own.
fn happenings(edits: &[u8], deleted: bool) -> Vec<Command> {
    let mut all = vec![said(true), said(false)];
    for (nth, text) in edits.iter().enumerate() {
        let edit = Change::Edit { text: format!("words {}", text % 3) };
        let second = 10 + nth as i64;
        all.push(change(edit.clone(), second, PHONE));
        all.push(change(edit, second, LID));
        let emoji = (text % 2 == 0).then(|| format!("emoji {text}"));
        all.push(change(Change::React { emoji }, second, PHONE));
    }
    if deleted {
        all.push(change(Change::Delete, 99, PHONE));
    }
    all
}

/// What the one entry of the one ticket says.
fn outcome(desk: &Desk) -> (String, Option<Micros>, Option<Micros>, Marks) {
    let entries = desk.entries(1001);
    assert_eq!(entries.len(), 1, "{entries:#?}");
    let marks = Rows { view: &desk.rows, seal: &desk.seal }.marks(&entries[0]).unwrap();
    let entry = &entries[0];
    (entry.body.clone(), entry.edited_at, entry.deleted_at, marks)
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn any_order_of_arrival_comes_to_the_same(
        edits in prop::collection::vec(0..5_u8, 0..5),
        deleted in any::<bool>(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 40),
    ) {
        let all = happenings(&edits, deleted);
        let mut in_order = Desk::new();
        for command in &all {
            in_order.ask(&relay(), command.clone()).unwrap();
        }
        let wanted = outcome(&in_order);
        let last = edits.last().map(|text| format!("words {}", text % 3));
        let words = if deleted { DELETED.into() } else { last.unwrap_or("first words".into()) };
        prop_assert_eq!(&wanted.0, &words);

        let mut desk = Desk::new();
        // Some come several times before others come at all.
        for index in order.iter().take(10) {
            let command = all[index.index(all.len())].clone();
            desk.ask(&relay(), command).unwrap();
        }
        let mut left = all.clone();
        for index in &order {
            if !left.is_empty() {
                let command = left.remove(index.index(left.len()));
                desk.ask(&relay(), command).unwrap();
            }
        }
        prop_assert_eq!(outcome(&desk), wanted.clone());
        for command in all {
            let (reply, _) = desk.ask(&relay(), command).unwrap();
            let ticket = match reply {
                Reply::Message { ticket, .. } | Reply::Changed { ticket } => ticket,
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(ticket, Some(1001));
        }
        prop_assert_eq!(outcome(&desk), wanted);
        desk.check();
    }
}

#[test]
fn what_comes_again_writes_nothing() {
    let mut desk = Desk::new();
    let all = happenings(&[1, 2, 4], true);
    for command in &all {
        desk.ask(&relay(), command.clone()).unwrap();
    }
    for command in &all {
        let (_, wrote) = desk.ask(&relay(), command.clone()).unwrap();
        assert!(!wrote, "{command:?}");
    }
}

#[test]
fn our_answer_that_comes_before_its_question_joins_the_ticket() {
    let own = |second: i64, id: &str| {
        Command::ReceiveMessage(Box::new(InboundMessage {
            instance: "bridge".into(),
            id: Some(id.into()),
            addresses: vec![PHONE.into()],
            from_me: true,
            sent_at: Some(start().plus(second * Micros::SECOND)),
            text: format!("ours {second}"),
            ..InboundMessage::default()
        }))
    };
    let mut desk = Desk::new();
    for (second, id) in [(-10, "O1"), (20, "O2"), (10, "O3"), (20, "O2")] {
        let (reply, _) = desk.ask(&relay(), own(second, id)).unwrap();
        assert!(matches!(reply, Reply::Message { ticket: None, .. }), "it makes no ticket");
    }
    desk.ask(&relay(), said(false)).unwrap();
    let bodies: Vec<String> = desk.entries(1001).into_iter().map(|entry| entry.body).collect();
    assert_eq!(bodies, ["first words", "ours 10", "ours 20"], "what came before it is no answer");
    assert!(desk.ticket(1001).first_response_at.is_some());
    let (reply, wrote) = desk.ask(&relay(), own(20, "O2")).unwrap();
    assert!(matches!(reply, Reply::Message { ticket: Some(1001), .. }) && !wrote);
    assert_eq!(desk.entries(1001).len(), 3);
    desk.check();
}

/// The bridge names both addresses of a chat when we write, and one of them when the customer does.
#[test]
fn what_we_wrote_first_joins_one_ticket_even_if_its_chat_has_two_names() {
    let mut desk = Desk::new();
    let (phone, lid) = ("628123@s.whatsapp.net".to_owned(), "77001@lid".to_owned());
    let morning = desk.phones;
    let mut write = |id: &str, addresses: &[&String], from_me: bool, minutes: i64, text: &str| {
        let message = InboundMessage {
            instance: "bridge 0".into(),
            id: Some(id.into()),
            addresses: addresses.iter().map(|one| (*one).clone()).collect(),
            from_me,
            sent_at: Some(morning.plus(minutes * Micros::MINUTE)),
            text: text.into(),
            ..InboundMessage::default()
        };
        desk.own(Command::ReceiveMessage(Box::new(message))).unwrap();
    };
    write("OUT1", &[&phone, &lid], true, 5, "we are on our way");
    write("IN1", &[&phone], false, 1, "where are you?");
    write("IN2", &[&lid], false, 2, "hello?");
    assert_eq!(desk.said()["we are on our way"], 1);
    desk.check();
}
