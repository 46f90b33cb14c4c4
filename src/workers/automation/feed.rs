//! From the feed to the rules: the consumer `rules`, whose cursor moves in one plan with what the rules did.

use super::similar::Recent;
use crate::domain::rule::{Rule, Trigger};
use crate::engine::automation::{AutomationCommand, CURSOR, Happening};
use crate::engine::command::{Actor, Command, Refusal, Submission};
use crate::engine::event::{Event, EventKind};
use crate::engine::feed::{Published, ReadFeedError};
use crate::engine::{self, Engine};

/// Events read at once.
const READ_AHEAD: usize = 1000;
/// Happenings of one command.
const AT_ONCE: usize = 100;
/// Events that no rule looks at, after which the cursor is moved all the same: the feed is kept for it.
const PASSED: u64 = 1000;

#[derive(Default)]
pub struct Consumer {
    place: Option<Place>,
    recent: Recent,
}

/// How far the feed was dealt with, and what the durable cursor says.
#[derive(Clone, Copy)]
struct Place {
    read: u64,
    kept: u64,
}

/// What there was to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Nothing,
    Everything,
    /// And there may be more.
    Some,
}

impl Consumer {
    /// Deals with the next events.
    pub async fn step(&mut self, engine: &Engine) -> Result<Step, engine::Error> {
        let mut place = match self.place {
            Some(place) => place,
            None => begin(engine).await?,
        };
        self.place = Some(place);
        let newest = engine.shared().published();
        let events = match engine.events_of_tickets(place.read, READ_AHEAD, is_looked_at) {
            Ok(events) => events,
            Err(ReadFeedError::Gone { oldest }) => {
                let lost = oldest.saturating_sub(place.read + 1);
                tracing::warn!(
                    lost,
                    "events that rules had not seen were dropped (feed.max_bytes)"
                );
                self.place = Some(Place { read: oldest.saturating_sub(1), ..place });
                return Ok(Step::Some);
            }
            Err(error) => return Err(engine::Error::Unavailable(error.to_string())),
        };
        if events.is_empty() {
            return Ok(Step::Nothing);
        }
        let rules = engine.read(|rows| rows.rules())?;
        let mut happenings = Vec::new();
        for published in &events {
            happenings.extend(self.happening(engine, published, &rules)?);
            place.read = published.seq;
            if happenings.len() == AT_ONCE {
                react(engine, place.read, std::mem::take(&mut happenings)).await?;
                place.kept = place.read;
                self.place = Some(place);
            }
        }
        if !happenings.is_empty() || place.read - place.kept >= PASSED {
            react(engine, place.read, happenings).await?;
            place.kept = place.read;
        }
        self.place = Some(place);
        Ok(if place.read < newest { Step::Some } else { Step::Everything })
    }

    /// Whether the feed was dealt with up to this event.
    pub fn has_seen(&self, seq: u64) -> bool {
        self.place.is_some_and(|place| place.read >= seq)
    }

    fn happening(
        &mut self,
        engine: &Engine,
        published: &Published,
        rules: &[Rule],
    ) -> Result<Option<Happening>, engine::Error> {
        let event = &published.event;
        let Some(number) = event.ticket else { return Ok(None) };
        // What is said in a call while it runs is no message that somebody answers.
        let running = published.ticket.as_ref().is_some_and(|ticket| ticket.call_running);
        let name = event.kind.name();
        let listens = |rule: &&Rule| {
            let events = |names: &Vec<String>| names.iter().any(|one| one == name);
            rule.runs() && matches!(&rule.body.trigger, Trigger::Events(names) if events(names))
        };
        let listened = rules.iter().any(|rule| listens(&rule));
        // What a rule has edited it has set the timer for.
        let known = event.depth > 0 && event.kind == EventKind::TicketUpdated;
        let wanted = listened || observed(event.kind) && !known;
        if !wanted || running && event.kind == EventKind::MessageAdded {
            return Ok(None);
        }
        let asks = |rule: &Rule| rule.runs() && rule.body.conditions.asks("similar");
        let similar = match &published.ticket {
            Some(ticket) if event.kind == EventKind::TicketCreated && rules.iter().any(asks) => {
                self.recent.similar(engine, ticket)?
            }
            _ => Vec::new(),
        };
        Ok(Some(Happening {
            seq: published.seq,
            kind: event.kind,
            ticket: number,
            entry: event.entry,
            at: published.at,
            depth: event.depth,
            similar,
        }))
    }
}

/// Whether the ticket is looked at.
fn is_looked_at(event: &Event) -> bool {
    matches!(event.kind, EventKind::TicketCreated | EventKind::MessageAdded)
}

/// What a ticket's watch follows, whether or not a rule listens.
fn observed(kind: EventKind) -> bool {
    use EventKind::*;
    matches!(
        kind,
        TicketCreated
            | TicketUpdated
            | TicketAssigned
            | TicketUnassigned
            | TicketStatusChanged
            | TicketResolved
            | TicketClosed
            | TicketReopened
            | MessageAdded
            | CallEnded
            | TicketMerged
            | TicketUnmerged
            | TicketDeleted
            | TicketRestored
    )
}

/// Where the durable cursor stands. One of a feed that a restore has ended means nothing.
async fn begin(engine: &Engine) -> Result<Place, engine::Error> {
    let published = engine.shared().published();
    let cursors = engine.read(|rows| rows.cursors())?;
    let kept = cursors.into_iter().find(|(name, _)| name == CURSOR).map(|(_, seq)| seq);
    let at = match kept {
        Some(seq) if seq <= published => seq,
        _ => {
            if kept.is_some() {
                let name = CURSOR.to_owned();
                let command = Command::DropCursor { name };
                engine.submit(Submission::new(Actor::System, command)).await?;
            }
            react(engine, published, Vec::new()).await?;
            published
        }
    };
    Ok(Place { read: at, kept: at })
}

/// One happening that cannot be dealt with keeps none of the others waiting: it is passed over, and told.
async fn react(
    engine: &Engine,
    upto: u64,
    happenings: Vec<Happening>,
) -> Result<(), engine::Error> {
    let ask = |upto, happenings| super::ask(engine, AutomationCommand::React { upto, happenings });
    let error = match ask(upto, happenings.clone()).await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    if !is_ours(&error) {
        return Err(error);
    }
    for happening in happenings {
        let seq = happening.seq;
        match ask(seq, vec![happening]).await {
            Ok(_) => {}
            Err(error) if is_ours(&error) => {
                tracing::error!(%error, seq, "no rule could be run on this event; it is passed over");
                ask(seq, Vec::new()).await?;
            }
            Err(error) => return Err(error),
        }
    }
    ask(upto, Vec::new()).await.map(|_| ())
}

/// Whether trying again would end the same.
fn is_ours(error: &engine::Error) -> bool {
    match error {
        engine::Error::Panicked => true,
        engine::Error::Refused(refusal) => !matches!(refusal, Refusal::Overloaded(_)),
        _ => false,
    }
}
