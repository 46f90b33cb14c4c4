//! Times that a hand can add up: how long people, and only people, let customers wait.

use super::{Year, person};
use crate::domain::contact::Mode;
use crate::domain::figures::TicketFigures;
use crate::domain::reference::Reference;
use crate::domain::time::Micros;
use crate::engine::analytics::{self, Period};
use crate::engine::command::Command;
use crate::engine::desk::TicketChange;
use crate::engine::index::Filter;
use crate::engine::rows::key;

/// The newest ticket's conversation goes to the bot, or comes back.
fn give(year: &mut Year, mode: Mode) {
    let conversation = year.desk.ticket(1000 + year.desk.index.len()).conversation.unwrap();
    year.desk.ask(&person(1), Command::SetMode { conversation, mode }).unwrap();
}

fn answer(year: &mut Year) {
    let number = 1000 + year.desk.index.len();
    year.told.resize(year.desk.index.len() as usize, super::Told::default());
    year.comment(number, &person(1), false);
}

/// S0.62, S3.27
#[test]
fn what_a_bot_took_is_no_persons_response_time() {
    let mut year = Year::run(1, 0);
    let begin = year.desk.reading.wall;
    // A form, answered after two minutes.
    year.form(1);
    year.wait(2 * Micros::MINUTE);
    answer(&mut year);
    // A chat that the bot had for ten minutes; a person answers five minutes later.
    year.message(2);
    give(&mut year, Mode::Bot);
    year.wait(10 * Micros::MINUTE);
    give(&mut year, Mode::Agent);
    year.wait(5 * Micros::MINUTE);
    answer(&mut year);
    // A chat in which a person takes the bot's place kept nobody waiting.
    let before = year.desk.index.len();
    while year.desk.index.len() == before {
        year.message(year.desk.drawn);
    }
    give(&mut year, Mode::Bot);
    year.wait(20 * Micros::MINUTE);
    answer(&mut year);
    // A call, whose answers are the voice assistant's.
    year.call(4);
    year.wait(Micros::MINUTE);

    let period = Period { from: begin, to: year.desk.reading.wall };
    let all = Filter::default();
    let took = |number: u64| {
        let one = year.desk.index.facts(&all).filter(move |fact| fact.number == number);
        analytics::overview(one, &period).first_response_time.mean_seconds
    };
    let each = [1001, 1002, 1003, 1004].map(took);
    assert_eq!(each, [Some(120.0), Some(300.0), Some(0.0), None]);
    let told = analytics::overview(year.desk.index.facts(&all), &period).first_response_time;
    assert_eq!((told.count, told.mean_seconds), (3, Some(140.0)));
    assert_eq!((told.median_seconds, told.p90_seconds), (Some(120.0), Some(300.0)));
}

/// Tool calls of a ticket, and those that search.
fn tools(year: &Year, number: u64) -> (u16, u16) {
    let figures = year.desk.rows().get::<TicketFigures>(&key::number(number)).unwrap();
    figures.map_or((0, 0), |figures| (figures.tool_calls, figures.searches))
}

/// S0.48, S0.62
#[test]
fn the_tool_calls_of_a_merged_ticket_are_counted_once_at_the_survivor() {
    let mut year = Year::run(1, 0);
    year.form(1);
    let mut call = 1001;
    while tools(&year, call).0 < 2 {
        year.call(year.desk.drawn);
        call = 1000 + year.desk.index.len();
    }
    let own = tools(&year, call);
    let numbers = (Reference::Number(1001), Reference::Number(call));
    let merge = Command::MergeTickets {
        into: numbers.0.clone(),
        others: vec![numbers.1.clone()],
        reason: None,
    };
    year.desk.ask(&person(1), merge.clone()).unwrap();
    assert_eq!(tools(&year, 1001), own);
    let (ticket, change) = (numbers.1, TicketChange::Unmerge);
    year.desk.ask(&person(1), Command::ChangeTicket { ticket, change, expected: None }).unwrap();
    assert_eq!((tools(&year, 1001), tools(&year, call)), ((0, 0), own));
    year.desk.ask(&person(1), merge).unwrap();
    assert_eq!(tools(&year, 1001), own, "once, however often it is merged");
}
