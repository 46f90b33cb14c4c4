//! Times that a hand can add up: how long people, and only people, let customers wait.

use super::{Year, person};
use crate::domain::contact::Mode;
use crate::domain::time::Micros;
use crate::engine::analytics::{self, Period};
use crate::engine::command::Command;
use crate::engine::index::Filter;

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
