//! The index beside one that goes through a list of rows.

use std::collections::BTreeMap;

use super::column::PLACES;
use super::page::DEEP;
use super::*;
use crate::domain::figures::{Rated, TicketFigures};
use crate::domain::rule::SlaStanding;
use crate::store::seal::Seal;
use crate::store::{PlanRecord, Row, Table, codec};
use std::sync::Arc;

fn row(status: Status, priority: Priority, created: i64) -> IndexRow {
    IndexRow {
        status,
        priority,
        channel: Channel::Whatsapp,
        call_running: false,
        category: None,
        assignee: None,
        contact: None,
        created_at: Micros(created),
        first_response_at: None,
        resolved_at: None,
        updated_at: Some(Micros(created)),
        on_hold: false,
        escalated: false,
        merged: false,
        deleted: false,
        tags: Vec::new(),
        watchers: Vec::new(),
    }
}

#[test]
fn the_queue_goes_by_rank_of_priority_then_oldest_first() {
    let mut index = Index::default();
    // The clock was set back before the last of them came.
    for (n, (priority, created)) in
        [(Priority::Low, 1), (Priority::Urgent, 9), (Priority::Medium, 3), (Priority::Urgent, 2)]
            .into_iter()
            .enumerate()
    {
        index.put(FIRST_NUMBER + n as u64, &row(Status::New, priority, created));
    }
    let all = index.find(&Filter::default(), Sort::Queue, 0, 50);
    assert_eq!(all.numbers, [1002, 1004, 1003, 1001]);
    let page = index.find(&Filter::default(), Sort::Queue, 1, 2);
    assert_eq!((page.numbers, page.total), (vec![1004, 1003], 4));
}

#[test]
fn an_agent_sees_unassigned_tickets_and_their_own() {
    let mut index = Index::default();
    for (n, assignee) in [None, Some(1), Some(2)].into_iter().enumerate() {
        let row = IndexRow { assignee, ..row(Status::Open, Priority::Medium, n as i64) };
        index.put(FIRST_NUMBER + n as u64, &row);
    }
    let filter = Filter { visible_to: Some(1), ..Filter::default() };
    assert_eq!(index.find(&filter, Sort::NewestFirst, 0, 9).numbers, [1002, 1001]);
    let mine = Filter { assignee: Some(AssigneeIs::Agent(2)), ..Filter::default() };
    assert_eq!(index.find(&mine, Sort::NewestFirst, 0, 9).numbers, [1003]);
}

#[test]
fn a_changed_ticket_is_counted_once_and_agrees_with_its_row() {
    let mut index = Index::default();
    let open = row(Status::Open, Priority::High, 5);
    index.put(FIRST_NUMBER, &open);
    let closed =
        IndexRow { status: Status::Closed, category: Some("billing".into()), ..open.clone() };
    index.put(FIRST_NUMBER, &closed);
    assert_eq!(index.len(), 1);
    assert!(index.agrees(FIRST_NUMBER, &closed));
    assert!(!index.agrees(FIRST_NUMBER, &open));
    let closed_only = Filter { statuses: Set::statuses([Status::Closed]), ..Filter::default() };
    assert_eq!(index.lines(&closed_only).next().unwrap().category, Some("billing"));
}

/// Rows that say anything, by ticket number: what the index must come to is told of them one by one.
#[derive(Default)]
struct Model {
    rows: BTreeMap<u64, IndexRow>,
    standings: BTreeMap<u64, SlaStanding>,
    figures: BTreeMap<u64, TicketFigures>,
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn is(&mut self, one_of: u64) -> bool {
        self.below(one_of) == 0
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Random) -> T) -> Option<T> {
        (!self.is(3)).then(|| make(self))
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn row(&mut self) -> IndexRow {
        IndexRow {
            status: self.one_of(&Status::ALL),
            priority: self.one_of(&Priority::ALL),
            channel: self.one_of(&Channel::ALL),
            call_running: self.is(5),
            category: self.maybe(|r| r.one_of(&["billing", "card", "loan"]).to_owned()),
            assignee: self.maybe(|r| 1 + r.below(3)),
            contact: self.maybe(|r| 1 + r.below(5)),
            created_at: Micros(self.below(50) as i64 - 10),
            first_response_at: self.maybe(|r| Micros(r.below(50) as i64)),
            resolved_at: self.maybe(|r| Micros(r.below(50) as i64)),
            updated_at: self.maybe(|r| Micros(r.below(20) as i64)),
            on_hold: self.is(4),
            escalated: self.is(4),
            merged: self.is(6),
            deleted: self.is(6),
            tags: if self.is(2) {
                vec![self.one_of(&["VIP", "new", "old"]).to_owned()]
            } else {
                Vec::new()
            },
            watchers: if self.is(3) { vec![1 + self.below(3)] } else { Vec::new() },
        }
    }

    fn figures(&mut self) -> TicketFigures {
        TicketFigures {
            people_since: self.maybe(|r| Micros(r.below(50) as i64)),
            reopened: self.below(3) as u16,
            escalated_from: self.maybe(|r| r.below(5)),
            rating: self.maybe(|r| Rated { rating: 4, at: Micros(r.below(9) as i64), agent: None }),
            ..TicketFigures::default()
        }
    }

    fn filter(&mut self) -> Filter {
        let span = |r: &mut Random| Span {
            from: r.maybe(|r| Micros(r.below(40) as i64 - 5)),
            to: r.maybe(|r| Micros(r.below(40) as i64)),
        };
        let plain = Filter::default();
        let assignees = [AssigneeIs::Nobody, AssigneeIs::Somebody, AssigneeIs::Agent(2)];
        Filter {
            statuses: if self.is(2) {
                Set::statuses([self.one_of(&Status::ALL), Status::Open])
            } else {
                Set::ALL
            },
            priorities: if self.is(4) {
                Set::priorities([self.one_of(&Priority::ALL)])
            } else {
                Set::ALL
            },
            channels: if self.is(4) {
                Set::channels([self.one_of(&Channel::ALL)])
            } else {
                Set::ALL
            },
            running: self.is(6).then_some(self.is(2)),
            assignee: if self.is(4) { Some(self.one_of(&assignees)) } else { None },
            categories: if self.is(5) { vec!["card".into(), "unknown".into()] } else { Vec::new() },
            tag: self.is(6).then(|| "vip".into()),
            contacts: if self.is(6) { vec![2, 4] } else { Vec::new() },
            created: if self.is(4) { span(self) } else { plain.created },
            updated: if self.is(4) { span(self) } else { plain.updated },
            on_hold: self.is(6).then_some(self.is(2)),
            escalated: self.is(6).then_some(self.is(2)),
            shown: if self.is(5) { Shown::Deleted } else { Shown::Live },
            sla: self.is(6).then_some((1, Micros(20))),
            among: self.is(6).then(|| Arc::new((0..3 * PLACES as u32).step_by(3).collect())),
            visible_to: self.is(4).then_some(1),
        }
    }
}

impl Model {
    fn matches(&self, number: u64, row: &IndexRow, f: &Filter) -> bool {
        !row.merged
            && row.deleted == (f.shown == Shown::Deleted)
            && f.statuses.holds(row.status as u8)
            && f.priorities.holds(row.priority as u8)
            && f.channels.holds(row.channel as u8)
            && f.running.is_none_or(|is| row.call_running == is)
            && f.assignee.is_none_or(|asked| match asked {
                AssigneeIs::Nobody => row.assignee.is_none(),
                AssigneeIs::Somebody => row.assignee.is_some(),
                AssigneeIs::Agent(id) => row.assignee == Some(id),
            })
            && (f.categories.is_empty()
                || row.category.as_ref().is_some_and(|c| f.categories.contains(c)))
            && f.tag
                .as_ref()
                .is_none_or(|tag| row.tags.iter().any(|own| own.to_lowercase() == *tag))
            && (f.contacts.is_empty() || row.contact.is_some_and(|id| f.contacts.contains(&id)))
            && f.created.holds(row.created_at.0)
            && f.updated.holds(row.updated_at.unwrap_or(row.created_at).0)
            && f.on_hold.is_none_or(|is| row.on_hold == is)
            && f.escalated.is_none_or(|is| row.escalated == is)
            && f.sla.is_none_or(|(wanted, now)| {
                self.standings.get(&number).is_some_and(|standing| standing.at(now) == wanted)
            })
            && f.among.as_ref().is_none_or(|among| among.has((number - FIRST_NUMBER) as u32))
            && f.visible_to.is_none_or(|me| {
                row.assignee.is_none_or(|assignee| assignee == me) || row.watchers.contains(&me)
            })
    }

    /// All that a filter leaves, in an order.
    fn find(&self, filter: &Filter, sort: Sort) -> Vec<u64> {
        let all = self.rows.iter().filter(|(number, row)| self.matches(**number, row, filter));
        let mut found: Vec<(i64, i64, u64)> = all
            .map(|(number, row)| {
                let (place, updated) = (*number as i64, row.updated_at.unwrap_or(row.created_at).0);
                let due =
                    self.standings.get(number).and_then(|s| s.due_at).map_or(i64::MAX, |at| at.0);
                let (first, second) = match sort {
                    Sort::NewestFirst => (0, -place),
                    Sort::OldestFirst => (0, place),
                    Sort::Queue => (-(row.priority as i64), place),
                    Sort::QueueReversed => (row.priority as i64, -place),
                    Sort::UpdatedLast => (-updated, -place),
                    Sort::UpdatedFirst => (updated, place),
                    Sort::DueFirst => (due, place),
                };
                (first, second, *number)
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, _, number)| number).collect()
    }
}

#[test]
fn every_filter_order_and_page_is_that_of_a_scan() {
    let mut random = Random(7);
    let (mut index, mut model) = (Index::default(), Model::default());
    // Three blocks, at their edges above all; many tickets change, some go for good.
    let numbers: Vec<u64> = (0..3)
        .flat_map(|block| {
            [0, 1, 2, 62, 63, 64, 65, 2000, 4094, 4095].map(|at| block * PLACES as u64 + at)
        })
        .chain(100..400)
        .map(|position| FIRST_NUMBER + position)
        .collect();
    for round in 0..400 {
        for _ in 0..8 {
            let number = random.one_of(&numbers);
            if random.is(12) {
                index.remove(number);
                model.rows.remove(&number);
                model.standings.remove(&number);
                index.put_figures(number, None);
                model.figures.remove(&number);
                continue;
            }
            let row = random.row();
            index.put(number, &row);
            let standing = random.maybe(|r| SlaStanding {
                settled: r.below(4) as u8,
                warns_at: r.maybe(|r| Micros(r.below(30) as i64)),
                due_at: r.maybe(|r| Micros(r.below(40) as i64)),
            });
            index.stand(number, standing);
            let figures = random.figures();
            index.put_figures(number, Some(&figures));
            model.figures.insert(number, figures);
            assert!(index.agrees(number, &row));
            assert_eq!(index.standing(number), standing);
            model.rows.insert(number, row);
            match standing {
                Some(standing) => drop(model.standings.insert(number, standing)),
                None => drop(model.standings.remove(&number)),
            }
        }
        assert_eq!(index.len(), model.rows.len() as u64);
        if round % 8 == 7 {
            index = again(&index, &model, &mut random);
        }
        let filter = random.filter();
        for sort in [
            Sort::NewestFirst,
            Sort::OldestFirst,
            Sort::Queue,
            Sort::QueueReversed,
            Sort::UpdatedLast,
            Sort::UpdatedFirst,
            Sort::DueFirst,
        ] {
            let expected = model.find(&filter, sort);
            let most = expected.len() as u64 + 3;
            // Pages near the beginning and such as lie far behind are found in two ways.
            let limit = random.one_of(&[1, 3, 50, DEEP + 1]);
            let offset = random.below(most) as usize;
            let page: Vec<u64> = expected.iter().copied().skip(offset).take(limit).collect();
            let found = index.find(&filter, sort, offset, limit);
            assert_eq!(index.page(&filter, sort, offset, limit), page, "{round} {sort:?}");
            assert_eq!(
                found,
                Found { numbers: page, total: expected.len() as u64 },
                "{round} {sort:?} {filter:?}"
            );
        }
        let (statuses, priorities) = (filter.statuses, filter.priorities);
        let plain = Filter { statuses, priorities, ..Filter::default() };
        for sort in [Sort::OldestFirst, Sort::Queue, Sort::QueueReversed] {
            let all = model.find(&plain, sort);
            let (offset, limit) = (random.below(all.len() as u64 + 2) as usize, 20);
            let found = index.find(&plain, sort, offset, limit);
            let page = all.iter().copied().skip(offset).take(limit).collect();
            assert_eq!(found, Found { numbers: page, total: all.len() as u64 }, "{sort:?}");
        }
        let all = model.find(&filter, Sort::OldestFirst);
        let number = random.one_of(&numbers);
        assert_eq!(index.holds(number, &filter), all.contains(&number));
        assert_eq!(index.newest(&filter, 3), all.iter().rev().copied().take(3).collect::<Vec<_>>());
        for filter in [
            filter,
            Filter::default(),
            Filter { channels: Set::channels([Channel::Call]), ..Filter::default() },
        ] {
            assert_eq!(index.total(&filter), total(&index, &model, &filter), "{filter:?}");
        }
    }
}

/// The index after a start: of some blocks from what was stored, of the others from rows.
fn again(index: &Index, model: &Model, random: &mut Random) -> Index {
    let (mut loaded, mut stored) = (Index::default(), Vec::new());
    for number in index.unstored(0) {
        let mut bytes = Vec::new();
        codec::encode(&index.block(number).unwrap(), &mut bytes);
        if !random.is(3) {
            let block: Box<StoredBlock> = Box::new(codec::decode(&bytes).unwrap());
            assert!(loaded.take_block(number, block.build().unwrap()));
            stored.push(number);
        }
    }
    for numbers in Index::numbers_outside(&stored) {
        for (number, row) in model.rows.range(numbers) {
            loaded.put(*number, row);
            loaded.stand(*number, model.standings.get(number).copied());
            loaded.put_figures(*number, model.figures.get(number));
        }
    }
    for (number, row) in &model.rows {
        assert!(loaded.agrees(*number, row));
        assert_eq!(loaded.standing(*number), model.standings.get(number).copied());
        assert_eq!(
            loaded.figures(*number),
            Some(model.figures.get(number).copied().unwrap_or_default())
        );
    }
    loaded
}

#[test]
fn a_plan_notes_which_tickets_of_stored_blocks_it_leaves_behind() {
    let seal = Seal::new([7; 32]);
    let mut index = Index::default();
    let second = FIRST_NUMBER + PLACES as u64;
    for number in [FIRST_NUMBER, FIRST_NUMBER + 5, second] {
        index.put(number, &row(Status::Open, Priority::Low, 1));
    }
    assert_eq!(index.unstored(1), [0, 1]);
    index.note_stored(0);
    assert_eq!((index.unstored(1), index.at_rest(1, 1)), (vec![1], vec![]));
    assert_eq!(index.at_rest(1, 1), [1], "two rounds without a change");
    let change = |table, number: u64| Row {
        table,
        key: number.to_be_bytes().into(),
        value: Some([1][..].into()),
    };
    let noted = |index: &Index, rows: Vec<Row>| -> Vec<u64> {
        let all = rows.len();
        let mut plan = PlanRecord { at: Micros(0), rows, events: Vec::new() };
        index.note_behind(&mut plan, &seal);
        let added = plan.rows.drain(all..);
        let number = |row: Row| {
            assert!(row.table == Table::IndexBehind && row.value.is_some());
            u64::from_be_bytes((*row.key).try_into().unwrap())
        };
        added.map(number).collect()
    };
    let rows = vec![
        change(Table::SlaStandings, FIRST_NUMBER + 5),
        change(Table::Figures, FIRST_NUMBER),
        change(Table::Index, FIRST_NUMBER),
        // Of a block that is not stored nothing need be known.
        change(Table::Index, second),
        // A ticket that the block does not know yet.
        change(Table::Index, FIRST_NUMBER + 9),
        change(Table::Tickets, FIRST_NUMBER + 7),
    ];
    let [first, fifth, new] = [0, 5, 9].map(|place| FIRST_NUMBER + place);
    assert_eq!(noted(&index, rows.clone()), [first, fifth, new]);
    index.stand(fifth, None);
    index.put(new, &row(Status::Open, Priority::Low, 1));
    assert_eq!(noted(&index, rows), [first], "what is noted already is not noted again");
    assert_eq!(index.behind(0), [fifth, new]);
    assert_eq!((index.unstored(2), index.unstored(3)), (vec![0, 1], vec![1]));
    assert_eq!(index.behind(1), [0; 0], "it is not stored");
    index.note_stored(0);
    assert_eq!((index.unstored(1), index.behind(0)), (vec![1], vec![]));
}

/// What the model adds up to.
fn total(index: &Index, model: &Model, filter: &Filter) -> Total {
    let mut total = index.total(&Filter { contacts: vec![77], ..Filter::default() });
    assert_eq!(total.tickets, 0);
    for number in model.find(filter, Sort::OldestFirst) {
        let row = &model.rows[&number];
        let waited = row.resolved_at.map(|at| i128::from(at.0 - row.created_at.0));
        total.count(index, row, waited);
    }
    total
}
