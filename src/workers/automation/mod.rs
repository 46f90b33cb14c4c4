//! Presence, assignment and rules at work: reads the feed from a durable cursor, looks once a second at the first row of
//! the rules' timers, and gives waiting tickets to people. Everything it does is a command; a wake-up carries no data, so
//! none can be lost, and a failure is tried again a second later while intake goes on.

mod feed;
mod similar;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::due::Due;
use crate::config::AutomationConfig;
use crate::domain::presence::State;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::rule::RuleTimer;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::automation::{AutomationCommand, REDATED};
use crate::engine::command::{Actor, Command, Reply, Submission};
use crate::engine::index::{AssigneeIs, Filter, Set, Sort};
use crate::engine::{self, Engine};

/// What is due may be done so much later.
const NAP: Duration = Duration::from_secs(1);
/// What happens at once is looked at together: a command of ours costs the disk as much as one of a customer.
const GATHER: Duration = Duration::from_millis(200);
/// Business hours begin without anybody's telling: so often what waits is offered anew.
const OFFER: Duration = Duration::from_secs(60);
/// After so long what else is to be done has its turn.
const TURN: Duration = Duration::from_secs(1);
/// Tickets of one command.
const AT_ONCE: usize = 200;
/// Waiting tickets that are offered in one go, the most urgent ones first.
const OFFERED: usize = 2000;

pub async fn run(engine: Engine, config: AutomationConfig) {
    let shared = engine.shared();
    let (mut news, mut people) = (shared.news(), shared.presence().news());
    let mut work = Work {
        feed: feed::Consumer::default(),
        due: Due::new(
            "rules of time",
            |rows, by, most| rows.timers_due::<RuleTimer>(by, most),
            |timers| Command::Automation(AutomationCommand::Due { timers }),
        ),
        before: None,
    };
    let (mut offer, mut offered) = (true, Instant::now());
    loop {
        news.mark_unchanged();
        offer |= people.has_changed().unwrap_or(false);
        people.mark_unchanged();
        let looked = match look(&engine, &config, &mut work).await {
            Ok(looked) => looked,
            Err(engine::Error::Stopping) => return,
            Err(error) => {
                tracing::warn!(%error, "rules could not be run yet");
                Looked::default()
            }
        };
        offer |= looked.happened;
        if offer || offered.elapsed() >= OFFER {
            (offer, offered) = (false, Instant::now());
            if let Err(error) = hand_out(&engine).await {
                tracing::warn!(%error, "waiting tickets could not be assigned yet");
                offer = true;
            }
        }
        if looked.more {
            continue;
        }
        let woken = async {
            tokio::select! {
                changed = news.changed() => changed,
                changed = people.changed() => changed,
            }
        };
        if let Ok(woken) = timeout(NAP, woken).await {
            if woken.is_err() {
                return;
            }
            sleep(GATHER).await;
            people.mark_changed();
        }
    }
}

async fn ask(engine: &Engine, command: AutomationCommand) -> Result<Reply, engine::Error> {
    engine.submit(Submission::new(Actor::System, Command::Automation(command))).await
}

/// What rules wait for.
struct Work {
    feed: feed::Consumer,
    due: Due,
    /// What comes before the next look at timers.
    before: Option<Before>,
}

struct Before {
    /// The event up to which the feed is read: who was answered is not told of.
    upto: u64,
    /// Tickets whose moments are to be set right: those of the events up to there, too.
    undated: Vec<(u64, Micros)>,
}

impl Before {
    fn of(engine: &Engine) -> Result<Before, engine::Error> {
        let undated = engine.read(|rows| rows.undated(REDATED))?;
        Ok(Before { undated, upto: engine.shared().published() })
    }
}

#[derive(Default)]
struct Looked {
    happened: bool,
    /// There is more to be done at once.
    more: bool,
}

/// Deals for a while with what happened and what is due, in turn: under a steady stream of messages the one never ends,
/// after a power cut the other takes long, and neither may keep the other waiting, nor the people who come and go.
async fn look(
    engine: &Engine,
    config: &AutomationConfig,
    work: &mut Work,
) -> Result<Looked, engine::Error> {
    let micros = |wait: Duration| i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    let shared = engine.shared();
    for (agent, state) in shared.presence().turns(micros(config.heartbeat_grace)) {
        match ask(engine, AutomationCommand::SetPresence { agent, state, by_hand: false }).await {
            // Disabled meanwhile: nobody to be online.
            Ok(_) | Err(engine::Error::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let mut happened = take_back(engine, micros(config.reassign_after)).await?;
    let (began, mut more) = (Instant::now(), true);
    while more && began.elapsed() < TURN {
        let before = match work.before.take() {
            Some(before) => before,
            None => Before::of(engine)?,
        };
        let read = work.feed.step(engine).await?;
        // Of a steady stream of messages there is always one more: it is looked at with those that come meanwhile.
        more = read == feed::Step::Some;
        happened |= read != feed::Step::Nothing;
        if !work.feed.has_seen(before.upto) {
            work.before = Some(before);
        } else if before.undated.is_empty() {
            more |= work.due.step(engine).await?;
        } else {
            let redate = AutomationCommand::Redate { tickets: before.undated };
            more |= ask(engine, redate).await? != Reply::Swept(0);
        }
        happened |= more;
        more |= rewind(engine).await?;
    }
    Ok(Looked { happened, more })
}

/// The next tickets whose timers are to be set anew; false when there are none.
async fn rewind(engine: &Engine) -> Result<bool, engine::Error> {
    let Some(from) = engine.read(|rows| rows.rewinds_from())? else {
        return Ok(false);
    };
    let statuses = Set::statuses(Status::ALL.into_iter().filter(|s| *s != Status::Closed));
    let filter = Filter { statuses, ..Filter::default() };
    let tickets: Vec<u64> = {
        let index = engine.shared().index();
        let later = index.lines(&filter).map(|line| line.number).filter(|n| *n >= from);
        later.take(AT_ONCE).collect()
    };
    let next = tickets.last().filter(|_| tickets.len() == AT_ONCE).map(|last| last + 1);
    let next = next.map(|next| next.max(FIRST_NUMBER));
    ask(engine, AutomationCommand::Rewind { tickets, next }).await?;
    Ok(next.is_some())
}

/// Whether assignment rules are in use.
fn assigns(engine: &Engine) -> Result<bool, engine::Error> {
    engine.read(|rows| Ok(rows.assignment_rules()?.iter().any(|rule| rule.active)))
}

fn open() -> Filter {
    let statuses = Set::statuses(Status::ALL.into_iter().filter(|status| status.is_open()));
    Filter { statuses, ..Filter::default() }
}

/// The tickets of whoever went go to the queue again, the most urgent ones first (S4.25).
async fn take_back(engine: &Engine, after: i64) -> Result<bool, engine::Error> {
    let gone = engine.shared().presence().gone(after);
    if gone.is_empty() || !assigns(engine)? {
        return Ok(false);
    }
    for agent in gone {
        loop {
            let filter = Filter { assignee: Some(AssigneeIs::Agent(agent)), ..open() };
            let tickets = engine.shared().index().page(&filter, Sort::Queue, 0, AT_ONCE);
            let last = tickets.len() < AT_ONCE;
            let command = AutomationCommand::TakeBack { agent, tickets, last };
            let taken = ask(engine, command).await?;
            if last || matches!(taken, Reply::Swept(0)) {
                break;
            }
        }
    }
    Ok(true)
}

/// Offers what waits, the most urgent first, to those who are there.
async fn hand_out(engine: &Engine) -> Result<(), engine::Error> {
    let online = |engine: &Engine| {
        let presence = engine.shared().presence();
        presence
            .online()
            .into_iter()
            .any(|a| presence.of(a).is_some_and(|p| p.state == State::Online))
    };
    if !online(engine) || !assigns(engine)? {
        return Ok(());
    }
    let filter = Filter {
        assignee: Some(AssigneeIs::Nobody),
        running: Some(false),
        on_hold: Some(false),
        ..open()
    };
    let waiting = engine.shared().index().page(&filter, Sort::Queue, 0, OFFERED);
    for tickets in waiting.chunks(AT_ONCE) {
        ask(engine, AutomationCommand::HandOut { tickets: tickets.to_vec() }).await?;
    }
    Ok(())
}
