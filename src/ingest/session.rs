//! One connection's hold on a call: opened or gone on with at the start, ended or detached at the end.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Doors, actor};
use crate::auth::Caller;
use crate::domain::call::{Fact, Previous};
use crate::domain::entry::Speaker;
use crate::domain::reference::Reference;
use crate::domain::session::Standing;
use crate::domain::ticket::Ticket;
use crate::engine::command::{Actor, Command, IfAttached, NewCall, Origin, Reply, Submission};
use crate::engine::{Engine, Error};
use crate::wire::realtime;

/// How often what must not be lost is tried again while the store cannot be written.
pub const RETRY: Duration = Duration::from_millis(500);

/// Another connection of the same session asks whether this one is alive; answered when the peer speaks.
pub type Ask = oneshot::Sender<()>;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A normal close: the call is over.
    Over,
    /// Broken, or the daemon stops: the call waits for whoever brought it.
    Broken,
}

impl End {
    /// Done, going away, or no code at all: they meant to hang up. Anything else is a breakdown.
    pub fn of_close(code: Option<u16>) -> End {
        match code {
            None | Some(1000 | 1001 | 1005) => End::Over,
            Some(_) => End::Broken,
        }
    }
}

pub struct Session {
    pub doors: Doors,
    actor: Actor,
    origin: Origin,
    standing: Standing,
    call: NewCall,
    connection: u64,
}

impl Session {
    pub fn new(doors: Doors, (caller, origin): (&Caller, Origin), call: NewCall) -> Session {
        // Unique among the connections of this run is enough: at start no connection is valid any more.
        let connection = uuid::Uuid::now_v7().as_u64_pair().1;
        let (actor, standing) = (actor(caller), caller.standing());
        Session { doors, actor, origin, standing, call, connection }
    }

    /// Returns within a second of the end of the token, or the person, that let this connection in.
    pub fn falls(&self) -> impl Future<Output = ()> + use<> {
        let (engine, standing) = (self.doors.engine.clone(), self.standing);
        async move { engine.shared().falls(standing).await }
    }

    /// From now on other connections of the session can ask for this one's life.
    pub fn attend(&self) -> Attendance {
        let (asks, asked) = mpsc::channel(4);
        let (doors, connection) = (self.doors.clone(), self.connection);
        relays(&doors, |relays| relays.insert(connection, asks));
        Attendance { doors, connection, asked }
    }

    /// Opens the call or goes on with the one that broke.
    pub async fn open(&self) -> Result<(Ticket, bool), Error> {
        let mut call = NewCall { connection: Some(self.connection), ..self.call.clone() };
        loop {
            let command = Command::OpenCall(call.clone());
            match self.doors.engine.submit(self.submission(command)).await? {
                Reply::Call { ticket, resumed } => return Ok((*ticket, resumed)),
                Reply::CallAttached { connection, .. } => {
                    let alive = self.is_alive(connection).await;
                    call.if_attached =
                        if alive { IfAttached::OpenAnother } else { IfAttached::TakeOver };
                }
                _ => return Err(Error::Panicked),
            }
        }
    }

    async fn is_alive(&self, connection: u64) -> bool {
        let Some(other) = relays(&self.doors, |relays| relays.get(&connection).cloned()) else {
            return false;
        };
        let (ask, answer) = oneshot::channel();
        let probe = self.doors.settings.takeover_probe;
        other.send(ask).await.is_ok()
            && matches!(tokio::time::timeout(probe, answer).await, Ok(Ok(())))
    }

    /// What one event adds to the call.
    pub fn record(&self, ticket: u64, event_id: Option<String>, facts: Vec<Fact>) -> Submission {
        self.submission(Command::RecordFacts { ticket, event_id, facts })
    }

    /// What ends or detaches the call.
    pub fn last(&self, ticket: u64, end: End) -> Submission {
        self.submission(match end {
            End::Over => Command::EndCall {
                ticket: Reference::Number(ticket),
                connection: Some(self.connection),
                auto_categorize: true,
            },
            End::Broken => Command::DetachCall { ticket, connection: self.connection },
        })
    }

    fn submission(&self, command: Command) -> Submission {
        Submission::new(self.actor.clone(), command).from(self.origin)
    }

    /// Ends or detaches the call; tried until it is on disk or the daemon stops (then the next start does it).
    pub async fn put_down(&self, ticket: u64, end: End) {
        loop {
            match self.doors.engine.submit(self.last(ticket, end)).await {
                Ok(_) => return,
                Err(Error::Refused(refusal)) => {
                    tracing::error!(ticket, %refusal, "a call could not be put down");
                    return;
                }
                Err(error) => {
                    tracing::warn!(ticket, %error, "a call cannot be put down yet; trying again");
                    if *self.doors.stop.borrow() {
                        return;
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

fn relays<R>(
    doors: &Doors,
    f: impl FnOnce(&mut std::collections::HashMap<u64, mpsc::Sender<Ask>>) -> R,
) -> R {
    f(&mut doors.relays.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A connection that can be asked for; until it is dropped.
pub struct Attendance {
    doors: Doors,
    connection: u64,
    asked: mpsc::Receiver<Ask>,
}

impl Attendance {
    /// The next question. Safe to abandon and ask again.
    pub async fn asked(&mut self) -> Option<Ask> {
        self.asked.recv().await
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        relays(&self.doors, |relays| relays.remove(&self.connection));
    }
}

/// From the payload's fact to ours.
pub fn fact(fact: realtime::Fact) -> Option<Fact> {
    use realtime::Fact as Wire;
    Some(match fact {
        Wire::Placed { item, after, kind } => Fact::Placed {
            item,
            after: match after {
                realtime::After::Unknown => Previous::Unknown,
                realtime::After::Start => Previous::Start,
                realtime::After::Item(item) => Previous::Item(item),
            },
            turn: !matches!(kind, realtime::ItemKind::System | realtime::ItemKind::ToolOutput),
        },
        Wire::Said { item, index, speaker: who, text } => {
            Fact::Said { item, index, speaker: speaker(who), text }
        }
        Wire::ToolNamed { item, call_id, name } => Fact::ToolNamed { item, call_id, name },
        Wire::ToolCalled { item, call_id, name, arguments } => {
            Fact::ToolCalled { item, call_id, name, arguments }
        }
        Wire::ToolAnswered { call_id, output, .. } => Fact::ToolAnswered { call_id, output },
        // Of the moment, and not for the store: [`hear`].
        Wire::Piece { .. } => return None,
        // A hand-off to another session of the service stays the same call.
        Wire::SessionStarted { .. } => return None,
        // The service says it again, with an id by which it is known.
        Wire::Typed { .. } => return None,
    })
}

/// Lets those who listen to a running call hear what is not whole yet.
pub fn hear(engine: &Engine, ticket: u64, facts: &[realtime::Fact]) {
    let moments = engine.shared().moments();
    for fact in facts {
        match fact {
            realtime::Fact::Piece { item, index, speaker: who, text } => {
                moments.heard(ticket, (item, *index), speaker(*who), text);
            }
            realtime::Fact::Said { item: Some(item), index, .. } => {
                moments.whole(ticket, item, *index);
            }
            _ => {}
        }
    }
}

pub fn speaker(speaker: realtime::Speaker) -> Speaker {
    match speaker {
        realtime::Speaker::User => Speaker::User,
        realtime::Speaker::Agent => Speaker::Agent,
    }
}
