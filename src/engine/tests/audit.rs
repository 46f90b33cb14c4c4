//! The audit: what gets a row, and that no change of its rows goes unseen.

use super::*;
use crate::domain::audit::{AuditEntry, AuditMark, Who};
use crate::domain::reference::Reference;
use crate::engine::audit::chain::{ANCHOR, ChainCheck, HEAD};
use crate::engine::command::{InboundMessage, NewCall};
use crate::engine::origin::Origin;
use crate::store::owner::Owner;
use crate::store::seal::{Nonces, Place};
use crate::store::{Blob, Row, View};

fn message(id: usize) -> Command {
    Command::ReceiveMessage(Box::new(InboundMessage {
        instance: "bridge 0".into(),
        id: Some(format!("m{id}")),
        addresses: vec!["6591234567@s.whatsapp.net".into()],
        text: format!("word {id}"),
        ..InboundMessage::default()
    }))
}

fn call(nth: usize) -> Command {
    Command::OpenCall(NewCall { session_id: format!("s-{nth}"), ..NewCall::default() })
}

impl Desk {
    fn audit(&self) -> Vec<AuditEntry> {
        let rows = self.rows().scan::<AuditEntry>(&[], None, Order::Ascending, usize::MAX);
        rows.unwrap().into_iter().map(|(_, row)| row).collect()
    }

    fn actions(&self) -> Vec<String> {
        self.audit().into_iter().map(|row| row.what.action).collect()
    }

    fn head(&self) -> AuditMark {
        self.rows().get(HEAD).unwrap().expect("a head")
    }

    /// What the check of the chain finds.
    fn findings(&self, expected: Option<AuditMark>) -> Vec<String> {
        let (mut chain, mut report) = (ChainCheck::new(expected), verify::Report::default());
        while chain.step(&self.rows(), &mut report).unwrap() {}
        report.findings
    }

    fn stored(&self, seq: u64) -> Blob {
        self.rows.get(Table::Audit, &key::number(seq)).unwrap().expect("a row")
    }

    /// Somebody who can write the files.
    fn tamper(&mut self, table: Table, row_key: &[u8], value: Option<Blob>) {
        let row = Row { table, key: row_key.into(), value };
        self.rows.apply(&PlanRecord { at: Micros(0), rows: vec![row], events: vec![] });
    }

    fn with_rows(rows: usize) -> Desk {
        let mut desk = Desk::new();
        let revoke = |id| Command::RevokeToken { id };
        for nth in 0..rows.div_ceil(2) {
            let name = format!("token {nth}");
            let scopes = vec![crate::domain::contact::Scope::Ingest];
            let make = Command::CreateToken { name, hash: [nth as u8; 32], scopes };
            desk.submit(&Submission::new(Actor::System, make).from(Origin::COMMAND_LINE)).unwrap();
            desk.submit(
                &Submission::new(Actor::System, revoke(nth as u64 + 1)).from(Origin::COMMAND_LINE),
            )
            .unwrap();
        }
        assert_eq!(desk.findings(None), Vec::<String>::new());
        desk
    }
}

#[test]
fn what_changes_something_is_audited_once_and_words_are_not() {
    let mut desk = Desk::new();
    let at = Origin { address: Some([192, 0, 2, 7].into()), door: "/webhook/baileys" };
    for id in 0..5 {
        desk.submit(&Submission::new(relay(), message(id)).from(at)).unwrap();
    }
    assert_eq!(desk.actions(), ["ticket.create"], "a ticket, not its messages");
    let made = desk.audit().remove(0).what;
    assert_eq!(made.who, Who::Token { name: "relay".into() });
    assert_eq!((made.address, made.door.as_str()), (at.address, at.door));
    assert_eq!(made.subject.map(|s| (s.kind, s.id)), Some(("ticket".into(), "1001".into())));

    let ticket = Reference::Number(1001);
    desk.ask(&agent(3), Command::Claim { ticket: ticket.clone() }).unwrap();
    desk.ask(&agent(4), Command::Claim { ticket: ticket.clone() }).unwrap_err();
    let set = Command::SetStatus { ticket, to: Status::Resolved, reason: None, notes: None };
    desk.ask(&agent(3), set).unwrap();
    assert_eq!(desk.actions(), ["ticket.create", "ticket.claim", "ticket.set_status"]);
    assert_eq!(desk.audit()[1].what.who, Who::Person { id: 3 });
    desk.own(Command::Sweep).unwrap();
    assert_eq!(desk.actions().len(), 3, "the daemon's own work is nobody's doing");
    assert_eq!(desk.findings(None), Vec::<String>::new());
}

#[test]
fn what_is_asked_again_under_its_key_is_audited_once() {
    let mut desk = Desk::new();
    let submission = Submission::new(relay(), call(0)).keyed(Some(idempotency("key", "body")));
    desk.submit(&submission).unwrap();
    desk.submit(&submission).unwrap();
    assert_eq!(desk.actions(), ["ticket.create"]);
}

#[test]
fn an_edited_row_is_found_wherever_it_lies() {
    for seq in [1, 5, 10] {
        let mut desk = Desk::with_rows(10);
        let mut bytes = desk.stored(seq).to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        desk.tamper(Table::Audit, &key::number(seq), Some(bytes.into()));
        assert!(!desk.findings(None).is_empty(), "row {seq}");
    }
}

#[test]
fn a_row_that_is_gone_is_found_in_the_middle_and_at_either_end() {
    for gone in [1..2, 5..6, 10..11, 1..4, 8..11, 1..11] {
        let mut desk = Desk::with_rows(10);
        for seq in gone.clone() {
            desk.tamper(Table::Audit, &key::number(seq), None);
        }
        assert!(!desk.findings(None).is_empty(), "{gone:?}");
    }
    // Two rows change places.
    let mut desk = Desk::with_rows(10);
    let (one, other) = (desk.stored(4), desk.stored(5));
    desk.tamper(Table::Audit, &key::number(4), Some(other));
    desk.tamper(Table::Audit, &key::number(5), Some(one));
    assert!(!desk.findings(None).is_empty());
}

#[test]
fn an_end_that_was_cut_off_together_with_its_head_misses_the_head_that_was_kept() {
    let mut desk = Desk::with_rows(10);
    let kept = desk.head();
    let shorter = Desk::with_rows(8);
    for seq in [9, 10] {
        desk.tamper(Table::Audit, &key::number(seq), None);
    }
    let head = shorter.rows.get(Table::AuditMarks, HEAD).unwrap();
    desk.tamper(Table::AuditMarks, HEAD, head);
    assert_eq!(desk.findings(None), Vec::<String>::new(), "it is a whole chain");
    let found = desk.findings(Some(kept));
    assert!(matches!(&found[..], [one] if one.contains("its end is missing")), "{found:?}");
    // What comes after it does not make it good again.
    desk.ask(&relay(), call(0)).unwrap();
    desk.ask(&relay(), call(1)).unwrap();
    let found = desk.findings(Some(kept));
    assert!(matches!(&found[..], [one] if one.contains("row 10")), "{found:?}");
}

#[test]
fn a_head_that_was_kept_is_met_however_much_came_after_it() {
    let mut desk = Desk::with_rows(10);
    let kept = desk.head();
    (0..3).for_each(|nth| drop(desk.ask(&relay(), call(nth)).unwrap()));
    assert_eq!(desk.findings(Some(kept)), Vec::<String>::new());
}

#[test]
fn old_rows_are_removed_and_the_chain_stays_whole() {
    let mut desk = Desk::with_rows(10);
    let kept = desk.head();
    desk.wait(20 * Micros::DAY);
    (0..3).for_each(|nth| drop(desk.ask(&relay(), call(nth)).unwrap()));
    desk.own(Command::Sweep).unwrap();
    assert_eq!(desk.audit().len(), 13, "nothing is old enough");
    desk.wait(12 * Micros::DAY);
    desk.own(Command::Sweep).unwrap();
    assert_eq!(desk.actions(), ["ticket.create", "ticket.create", "ticket.create", "audit.trim"]);
    assert_eq!(desk.findings(None), Vec::<String>::new());
    assert_eq!(desk.findings(Some(kept)), Vec::<String>::new(), "it is older than what is kept");
    desk.own(Command::Sweep).unwrap();
    assert_eq!(desk.audit().len(), 4);
}

#[test]
fn a_cut_at_the_old_end_that_no_row_tells_of_is_found() {
    let mut desk = Desk::with_rows(10);
    let mark = crate::engine::audit::chain::mark(&key::number(4), &desk.stored(4)).unwrap();
    for seq in 1..5 {
        desk.tamper(Table::Audit, &key::number(seq), None);
    }
    let (mut value, mut nonces) = (Vec::new(), Nonces::new([9; 16]));
    let place = Place::row(Table::AuditMarks, ANCHOR);
    let write = |out: &mut Vec<u8>| crate::store::codec::encode(&mark, out);
    desk.seal.seal(place, Owner::Nobody, &mut nonces, &mut value, write);
    desk.tamper(Table::AuditMarks, ANCHOR, Some(value.into()));
    let found = desk.findings(None);
    assert!(matches!(&found[..], [one] if one.contains("no row of it says so")), "{found:?}");
}
