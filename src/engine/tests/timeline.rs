//! The timeline's pages against a plain list.

use proptest::prelude::*;

use super::{Desk, cases, relay};
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{Command, NewCall, Reply};
use crate::engine::draft::{Context, Draft};
use crate::engine::timeline::Place;

/// Where the next entry goes, or which one moves where; positions wrap around.
#[derive(Clone, Debug)]
enum Act {
    End,
    After(usize),
    Before(usize),
    ByTime(i64),
    MoveAfter(usize, usize),
    MoveBefore(usize, usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let at = any::<usize>;
    let act = prop_oneof![
        6 => Just(Act::End),
        3 => at().prop_map(Act::After),
        3 => at().prop_map(Act::Before),
        2 => (0..200i64).prop_map(Act::ByTime),
        1 => (at(), at()).prop_map(|(a, b)| Act::MoveAfter(a, b)),
        1 => (at(), at()).prop_map(|(a, b)| Act::MoveBefore(a, b)),
    ];
    prop::collection::vec(act, 1..300)
}

fn entry(ticket: &Ticket, id: u32, at: i64) -> Entry {
    Entry {
        ticket: ticket.number,
        id,
        at: Micros(at),
        received_at: Micros(at),
        speaker: Speaker::User,
        kind: Kind::Message,
        author: None,
        body: String::new(),
        tool_calls: Vec::new(),
        attachment: None,
        provider_id: None,
        edited_at: None,
        deleted_at: None,
    }
}

/// The list that the pages must equal: id and time of each entry.
fn expect(list: &mut Vec<(u32, i64)>, id: u32, act: &Act) -> Option<(Place, i64)> {
    let at = |n: usize| n.checked_rem(list.len());
    let time = i64::from(id);
    let (place, position, time) = match act {
        Act::End => (Place::End, list.len(), time),
        Act::After(n) => (Place::After(list[at(*n)?].0), at(*n)? + 1, time),
        Act::Before(n) => (Place::Before(list[at(*n)?].0), at(*n)?, time),
        Act::ByTime(time) => {
            let position = list.iter().rposition(|(_, at)| at <= time).map_or(0, |n| n + 1);
            (Place::ByTime(Micros(*time)), position, *time)
        }
        Act::MoveAfter(..) | Act::MoveBefore(..) => return None,
    };
    list.insert(position, (id, time));
    Some((place, time))
}

fn expect_move(list: &mut Vec<(u32, i64)>, act: &Act) -> Option<(u32, Place)> {
    let (from, to, behind) = match act {
        Act::MoveAfter(from, to) => (from, to, 1),
        Act::MoveBefore(from, to) => (from, to, 0),
        _ => return None,
    };
    let moved = list[from.checked_rem(list.len())?];
    let target = list[to.checked_rem(list.len())?].0;
    if moved.0 == target {
        return None;
    }
    list.retain(|(id, _)| *id != moved.0);
    let position = list.iter().position(|(id, _)| *id == target)? + behind;
    list.insert(position, moved);
    Some((moved.0, if behind == 1 { Place::After(target) } else { Place::Before(target) }))
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn a_timeline_of_pages_is_the_list_it_stands_for(acts in acts()) {
        let mut desk = Desk::new();
        let new = NewCall { session_id: "session".into(), ..NewCall::default() };
        let (reply, _) = desk.ask(&relay(), Command::OpenCall(new)).unwrap();
        let Reply::Call { ticket, .. } = reply else { panic!("{reply:?}") };
        let mut ticket = *ticket;
        let mut list = Vec::new();
        for act in acts {
            let actor = relay();
            let ctx = Context {
                now: desk.phones, steady: desk.steady(), trusted: true, random: [0; 32], rules: &desk.rules, seal: &desk.seal, actor: &actor, seen: None, categories: None,
            };
            let mut draft = Draft::new(&desk.rows, &ctx);
            if let Some((id, place)) = expect_move(&mut list, &act) {
                draft.move_entry(&mut ticket, id, place).unwrap();
            } else if let Some((place, time)) = expect(&mut list, ticket.extent.last_entry + 1, &act) {
                let id = draft.reserve_entry(&mut ticket);
                let entry = entry(&ticket, id, time);
                draft.add_entry(&mut ticket, &entry, place).unwrap();
            }
            draft.put_ticket(&ticket).unwrap();
            let (plan, _) = draft.finish();
            desk.take(plan);
        }
        let ids: Vec<u32> = desk.entries(ticket.number).iter().map(|e| e.id).collect();
        let expected: Vec<u32> = list.iter().map(|(id, _)| *id).collect();
        prop_assert_eq!(ids, expected);
        desk.check();
    }
}
