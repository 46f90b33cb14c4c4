//! What bridges tell of our messages, in orders that nobody would wish for.

use super::{Desk, relay};
use crate::domain::entry::Delivery::{self, *};
use crate::domain::outbound::{Dispatch, Outbound};
use crate::domain::reference::Reference;
use crate::domain::time::Micros;
use crate::engine::command::{Command, InboundMessage, Outcome};
use crate::store::Table;

const CUSTOMER: &str = "628123@s.whatsapp.net";

/// A desk with one reply that waits to be sent.
fn replied() -> Desk {
    let mut desk = Desk::new();
    let message = InboundMessage {
        instance: "bridge 0".into(),
        id: Some("IN1".into()),
        addresses: vec![CUSTOMER.into()],
        from_me: false,
        sent_at: None,
        text: "hello".into(),
        ..InboundMessage::default()
    };
    desk.ask(&relay(), Command::ReceiveMessage(Box::new(message))).unwrap();
    let ticket = Reference::Number(1001);
    let comment = Command::AddComment {
        ticket,
        body: "hi".into(),
        is_internal: false,
        attachments: Vec::new(),
    };
    desk.ask(&relay(), comment).unwrap();
    desk
}

impl Desk {
    fn first_waiting(&self) -> ((u64, u64), Outbound) {
        self.waiting().remove(0)
    }

    fn is_sent_as(&mut self, id: &str) {
        let ((conversation, number), row) = self.first_waiting();
        let outcome = Outcome::Sent { id: Some(id.into()), uncertain: false };
        let sent = Command::Dispatched { conversation, number, entry: row.entry, outcome };
        self.own(sent).unwrap();
    }

    fn bridge_tells(&mut self, id: &str, state: Delivery) {
        let error = (state == Failed).then(|| "131026".to_owned());
        let receipt = Command::Receipt {
            instance: "bridge 0".into(),
            addresses: vec![CUSTOMER.into()],
            id: id.into(),
            state,
            at: None,
            error,
        };
        self.ask(&relay(), receipt).unwrap();
        self.check();
    }

    /// Of the reply, which is the second entry there is.
    fn dispatch(&self) -> Dispatch {
        self.rows().dispatch(2).unwrap().expect("a reply")
    }
}

#[test]
fn receipts_in_any_order_never_move_a_message_backwards() {
    for (told, end) in [
        (vec![Sent, Delivered, Read], Read),
        (vec![Read, Delivered, Sent], Read),
        (vec![Delivered, Sent, Failed], Delivered),
        (vec![Failed, Sent], Failed),
        (vec![Failed, Delivered], Delivered),
        (vec![Delivered, Delivered], Delivered),
    ] {
        let mut desk = replied();
        desk.is_sent_as("WA1");
        told.iter().for_each(|state| desk.bridge_tells("WA1", *state));
        assert_eq!(desk.dispatch().state, end, "{told:?}");
        assert_eq!(desk.dispatch().error.is_some(), end == Failed);
    }
}

#[test]
fn a_receipt_that_overtakes_the_bridges_answer_is_made_up_for() {
    for told in [vec![Delivered], vec![Sent, Delivered], vec![Delivered, Sent]] {
        let mut desk = replied();
        told.iter().for_each(|state| desk.bridge_tells("WA1", *state));
        assert_eq!(desk.dispatch().state, Queued, "whose id it is nobody knows yet");
        desk.is_sent_as("WA1");
        assert_eq!(desk.dispatch().state, Delivered, "{told:?}");
    }
}

#[test]
fn a_receipt_under_our_own_id_is_as_good_as_an_answer() {
    let mut desk = replied();
    let id = desk.first_waiting().1.message_id;
    desk.bridge_tells(&id, Delivered);
    assert_eq!((desk.dispatch().state, desk.waiting().len()), (Delivered, 0));
}

#[test]
fn a_receipt_may_bear_the_id_with_the_chat_around_it() {
    let mut desk = replied();
    desk.is_sent_as("true_628123@c.us_WA1");
    desk.bridge_tells("WA1", Delivered);
    desk.bridge_tells("true_628123@c.us_WA1", Read);
    assert_eq!(desk.dispatch().state, Read);
}

#[test]
fn what_is_told_of_an_earlier_round_does_not_undo_the_later_one() {
    let mut desk = replied();
    desk.is_sent_as("WA1");
    desk.bridge_tells("WA1", Failed);
    let resend = Command::ResendComment { ticket: Reference::Number(1001), entry: 2 };
    desk.ask(&relay(), resend.clone()).unwrap();
    desk.bridge_tells("WA1", Failed);
    assert_eq!((desk.dispatch().state, desk.waiting().len()), (Queued, 1));
    // It has arrived after all: there is nothing left to send.
    desk.bridge_tells("WA1", Delivered);
    assert_eq!((desk.dispatch().state, desk.waiting().len()), (Delivered, 0));
    desk.ask(&relay(), resend).unwrap_err();
}

#[test]
fn receipts_of_messages_that_are_not_ours_change_nothing() {
    let mut desk = replied();
    desk.is_sent_as("WA1");
    let rows = desk.rows.count(Table::SentAs);
    desk.bridge_tells("TYPED ON THE PHONE", Read);
    assert_eq!((desk.rows.count(Table::SentAs), desk.dispatch().state), (rows, Sent));
}

#[test]
fn the_ids_of_sent_messages_are_forgotten_in_time() {
    let mut desk = replied();
    desk.is_sent_as("WA1");
    desk.wait(10 * Micros::DAY);
    desk.own(Command::Sweep).unwrap();
    assert_eq!(desk.rows.count(Table::SentAs), 0);
    desk.bridge_tells("WA1", Read);
    assert_eq!(desk.dispatch().state, Sent);
}
