//! Erasing and deleting for good, step by step: whatever lies between two steps is whole, and at the end no row holds a
//! word of it.

use super::Desk;
use crate::domain::deed::{Deed, MAX_DEEDS, What};
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, InboundMessage, Reply};
use crate::engine::decide::purge::PURGED;
use crate::engine::privacy::{Because, Step};
use crate::engine::rows::key;
use crate::engine::verify;
use crate::store::records::{Count, Erasure};
use crate::store::{Order, Table, View};

const WORDS: &str = "vermilion-pangolin";

fn writes(desk: &mut Desk, person: u32, messages: usize) -> u64 {
    let mut ticket = None;
    for n in 0..messages {
        let message = InboundMessage {
            instance: "default".into(),
            id: Some(format!("{person}-{}", desk.drawn)),
            addresses: vec![format!("6281{person}@s.whatsapp.net")],
            phone: Some(format!("6281{person}")),
            name: Some(format!("{WORDS} {person}")),
            text: format!("{WORDS} of {person}, {n}"),
            ..InboundMessage::default()
        };
        let (reply, _) = desk.own(Command::ReceiveMessage(Box::new(message))).unwrap();
        let Reply::Message { ticket: of, .. } = reply else { panic!("{reply:?}") };
        ticket = of;
    }
    ticket.expect("a ticket")
}

fn close(desk: &mut Desk, ticket: u64) {
    let command = Command::SetStatus {
        ticket: Reference::Number(ticket),
        to: Status::Closed,
        reason: Some(format!("{WORDS} again")),
        notes: Some(WORDS.into()),
    };
    desk.ask(&Actor::System, command).unwrap();
}

/// Carries out a step as long as it says that there is more; after each the rows are sound.
fn to_the_end(desk: &mut Desk, step: &Step) -> usize {
    for steps in 1.. {
        let (reply, _) = desk.own(Command::Privacy(step.clone())).unwrap();
        sound(desk);
        match reply {
            Reply::Step { more: None } => return steps,
            Reply::Step { more: Some(_) } => {}
            other => panic!("{other:?}"),
        }
    }
    unreachable!("it ends");
}

fn sound(desk: &Desk) {
    let report = verify::verify_rows(&desk.rows()).unwrap();
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}

/// The tables in which these words stand.
fn tables_with(desk: &Desk, words: &str) -> Vec<Table> {
    let holds = |table: &&Table| {
        let rows = desk.rows.scan(**table, &[], None, Order::Ascending, usize::MAX).unwrap();
        rows.iter().any(|(_, value)| value.windows(words.len()).any(|w| w == words.as_bytes()))
    };
    Table::ALL.iter().filter(holds).copied().collect()
}

#[test]
fn an_erased_persons_tickets_stay_hollow_and_whole_between_the_steps() {
    let mut desk = Desk::new();
    let ticket = writes(&mut desk, 1, 3000);
    let other = writes(&mut desk, 2, 3);
    close(&mut desk, ticket);
    let before = desk.ticket(ticket);
    let erasure = Erasure { contacts: vec![1], phones: vec!["62811".into()], emails: vec![] };
    to_the_end(&mut desk, &Step::Begin { contact: 1, erasure, reason: None });
    let steps = to_the_end(&mut desk, &Step::Hollow { ticket });
    assert!(steps > 1, "a long ticket takes several steps");
    to_the_end(&mut desk, &Step::End { contact: 1, rewrite: true });
    assert_eq!(tables_with(&desk, &format!("{WORDS} of 1")), Vec::<Table>::new());
    assert_eq!(tables_with(&desk, "62811"), Vec::<Table>::new());
    let after = desk.ticket(ticket);
    assert_eq!(
        (after.status, after.created_at, after.closed_at, after.priority),
        (before.status, before.created_at, before.closed_at, Priority::Medium)
    );
    assert_eq!((after.subject, after.resolution_notes, after.extent.entries), (None, None, 0));
    assert_eq!(desk.spoken(other).len(), 3, "nobody else loses anything");
    assert!(tables_with(&desk, &format!("{WORDS} of 2")).contains(&Table::Entries));
    let again = writes(&mut desk, 1, 1);
    assert_ne!(again, ticket, "who writes again is somebody new");
    assert_ne!(desk.ticket(again).requester.contact, Some(1));
}

#[test]
fn a_closed_ticket_is_deleted_after_its_days_and_leaves_a_count() {
    let mut desk = Desk::new();
    let (ticket, other) = (writes(&mut desk, 1, 200), writes(&mut desk, 2, 2));
    close(&mut desk, ticket);
    let purge = Step::Purge { ticket, because: Because::Retention { days: 30 } };
    desk.set_clock(0, true);
    desk.wait(30 * Micros::DAY - Micros::HOUR);
    to_the_end(&mut desk, &purge);
    assert!(desk.rows().ticket(ticket).unwrap().is_some(), "its time is not over");
    desk.wait(2 * Micros::HOUR);
    let open = Step::Purge { ticket: other, because: Because::Retention { days: 30 } };
    to_the_end(&mut desk, &open);
    assert!(desk.rows().ticket(other).unwrap().is_some(), "an open one stays");
    to_the_end(&mut desk, &purge);
    assert!(desk.rows().ticket(ticket).unwrap().is_none());
    assert_eq!(tables_with(&desk, &format!("{WORDS} of 1")), Vec::<Table>::new());
    let count = |name: &str| desk.rows().get::<Count>(name.as_bytes()).unwrap().map(|c| c.0);
    assert_eq!(count(PURGED), Some(1));
    assert_eq!(count(&format!("{PURGED}/whatsapp/none")), Some(1));
    for table in Table::of_tickets() {
        let (start, end) = (key::number(ticket), key::number(ticket + 1));
        let left = desk.rows.scan(table, &start, Some(&end), Order::Ascending, 1).unwrap();
        assert!(left.is_empty(), "{table:?}");
    }
    assert_eq!(desk.index.len(), 1);
    let again = writes(&mut desk, 1, 1);
    assert_eq!(desk.ticket(again).number, other + 1, "its number is not given out again");
    sound(&desk);
}

#[test]
fn nothing_is_deleted_while_the_clock_is_not_trusted() {
    let mut desk = Desk::new();
    let ticket = writes(&mut desk, 1, 2);
    close(&mut desk, ticket);
    desk.set_clock(400 * Micros::DAY, false);
    let purge = Step::Purge { ticket, because: Because::Retention { days: 30 } };
    to_the_end(&mut desk, &purge);
    assert!(desk.rows().ticket(ticket).unwrap().is_some());
}

#[test]
fn what_was_done_is_noted_once_a_day_for_deletions_and_the_newest_thousand_stay() {
    let mut desk = Desk::new();
    desk.set_clock(0, true);
    let tickets: Vec<u64> = (1..4).map(|who| writes(&mut desk, who, 1)).collect();
    for ticket in &tickets {
        close(&mut desk, *ticket);
        to_the_end(&mut desk, &Step::Purge { ticket: *ticket, because: Because::Asked });
    }
    let deeds = |desk: &Desk| {
        let rows = desk.rows().scan::<Deed>(&[], None, Order::Ascending, usize::MAX).unwrap();
        rows.into_iter().map(|(_, deed)| deed).collect::<Vec<_>>()
    };
    let told: Vec<_> = deeds(&desk).iter().map(|d| (d.what, d.tickets)).collect();
    assert_eq!(told, [(What::Deleted, Some(3))]);
    for nth in 0..MAX_DEEDS {
        let reason = format!("letter {nth}");
        desk.own(Command::Privacy(Step::Exported { contact: 7, tickets: 1, reason })).unwrap();
    }
    let kept = deeds(&desk);
    assert_eq!(kept.len() as u64, MAX_DEEDS);
    assert!(kept.iter().all(|deed| deed.what == What::Exported && deed.contact == Some(7)));
    sound(&desk);
}
