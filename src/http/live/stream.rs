//! One stream: from its place in the feed to what its client is told, as long as its session and the daemon live.
//! How that is written down is left to who asks: server-sent events, a WebSocket, Socket.IO.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::event::LiveEvent;
use super::moment;
use super::places::Place;
use super::wanted::Wanted;
use crate::domain::agent::Role;
use crate::engine::command::Actor;
use crate::engine::event::EventKind;
use crate::engine::feed::ReadFeedError;
use crate::engine::moments::{Heard, Viewing};
use crate::http::State;
use crate::http::extract::Caller;
use crate::http::tickets::visible;

/// What happens within so long goes out together. Nobody sees the difference; with hundreds of clients and hundreds of
/// events a second it is a fifth of the wake-ups and packets.
const TOGETHER: Duration = Duration::from_millis(20);

pub struct Position {
    pub after: u64,
    /// Something before it is lost to the client.
    pub missed: bool,
}

/// What a client is told, and the place in the feed behind which it goes on.
pub struct Told {
    pub seq: u64,
    pub what: What,
}

pub enum What {
    /// The first of all.
    Hello,
    /// Events were missed: read the state anew.
    Resync,
    Event(Arc<LiveEvent>),
    /// An event by which the ticket went from this client's sight.
    Left(Arc<LiveEvent>),
    /// Of the moment: JSON, not of the feed.
    Moment(String),
    /// Nothing for long.
    Silence,
}

pub struct Stream {
    pub state: State,
    pub caller: Caller,
    pub wanted: Wanted,
    position: Position,
    greeted: bool,
    news: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    viewing: broadcast::Receiver<Arc<Viewing>>,
    heard: Option<broadcast::Receiver<Arc<Heard>>>,
    moments: VecDeque<String>,
    /// When the client last got something.
    told: Instant,
    /// The same, if that was of the feed.
    events_told: Option<Instant>,
    _place: Arc<Place>,
}

/// What a wait came to.
enum Woken {
    Viewing(Arc<Viewing>),
    Heard(Arc<Heard>),
    Other,
}

impl Stream {
    pub fn new(
        state: State,
        caller: Caller,
        wanted: Wanted,
        position: Position,
        place: Arc<Place>,
    ) -> Stream {
        let shared = state.engine.shared();
        let (news, viewing) = (shared.news(), shared.moments().watch());
        let stopping = state.live.stopping.clone();
        let mut stream = Stream {
            state,
            caller,
            wanted: Wanted::default(),
            position,
            greeted: false,
            news,
            stopping,
            viewing,
            heard: None,
            moments: VecDeque::new(),
            told: Instant::now(),
            events_told: None,
            _place: place,
        };
        stream.want(wanted);
        stream
    }

    /// From now on these are wanted.
    pub fn want(&mut self, wanted: Wanted) {
        let moments = self.state.engine.shared().moments();
        match wanted.transcripts {
            false => self.heard = None,
            true if self.heard.is_none() => self.heard = Some(moments.listen()),
            true => {}
        }
        self.wanted = wanted;
    }

    /// The place in the feed behind which it goes on.
    pub fn seq(&self) -> u64 {
        self.position.after
    }

    /// The same as a client may name it later, in a store that was restored meanwhile too.
    pub fn id(&self, seq: u64) -> String {
        format!("{}:{seq}", self.state.engine.shared().feed_epoch)
    }

    /// What comes next; none when the stream is over. It is asked for more only when the client has taken what it
    /// got, so nothing piles up here. A call that is dropped unfinished loses nothing.
    pub async fn next(&mut self) -> Option<Vec<Told>> {
        if let Some(events) = self.events_told {
            sleep_until(events + TOGETHER).await;
        }
        let told = self.read_on().await?;
        self.told = Instant::now();
        // Moments are told as they come: half a line is over before the whole one is told.
        let is_event = |told: &Told| matches!(told.what, What::Event(_) | What::Left(_));
        self.events_told = told.iter().any(is_event).then_some(self.told);
        Some(told)
    }

    async fn read_on(&mut self) -> Option<Vec<Told>> {
        if !self.greeted {
            self.greeted = true;
            let mut first = vec![self.tell(What::Hello)];
            if std::mem::take(&mut self.position.missed) {
                first.push(self.tell(What::Resync));
            }
            return Some(first);
        }
        let standing = self.caller.token.standing();
        loop {
            let shared = self.state.engine.shared();
            // Whoever looks is there.
            if let Actor::Agent { id, .. } = self.caller.actor {
                shared.presence().seen(id);
            }
            if *self.stopping.borrow() || !shared.holds(standing) {
                return None;
            }
            // Seen before the events are read: what comes meanwhile wakes at once.
            let newest = *self.news.borrow_and_update();
            if newest > self.position.after {
                let told = self.read(newest);
                if !told.is_empty() {
                    return Some(told);
                }
                continue;
            }
            if !self.moments.is_empty() {
                let moments = std::mem::take(&mut self.moments);
                return Some(
                    moments.into_iter().map(|json| self.tell(What::Moment(json))).collect(),
                );
            }
            let beat = self.told + self.state.live.heartbeat;
            if Instant::now() >= beat {
                return Some(vec![self.tell(What::Silence)]);
            }
            let change = async {
                tokio::select! {
                    _ = self.news.changed() => Woken::Other,
                    _ = self.stopping.wait_for(|stopping| *stopping) => Woken::Other,
                    () = shared.falls(standing) => Woken::Other,
                    // Whoever was too slow for some gets newer ones.
                    told = self.viewing.recv() => told.map_or(Woken::Other, Woken::Viewing),
                    told = next_heard(self.heard.as_mut()) => told.map_or(Woken::Other, Woken::Heard),
                }
            };
            let moment = match timeout_at(beat, change).await.unwrap_or(Woken::Other) {
                Woken::Viewing(viewing) => {
                    moment::viewing(&self.state, &self.caller, &self.wanted, &viewing)
                }
                Woken::Heard(heard) => {
                    moment::heard(&self.state, &self.caller, &self.wanted, &heard)
                }
                Woken::Other => None,
            };
            self.moments.extend(moment);
        }
    }

    /// The next events, up to one page; none if none of them is for this client.
    fn read(&mut self, newest: u64) -> Vec<Told> {
        if newest - self.position.after > self.state.live.max_behind {
            return self.resync(newest);
        }
        let found = self.state.live.recent.behind(&self.state.engine, self.position.after);
        let events = match found {
            Ok(events) => events,
            Err(ReadFeedError::Gone { .. }) => return self.resync(newest),
            Err(error) => {
                tracing::error!(%error, "live events could not be read from the feed");
                return self.resync(newest);
            }
        };
        let mut told = Vec::new();
        for event in events {
            self.position.after = event.seq;
            // Told with its own number: whoever goes on behind it misses nothing.
            if let Some(what) = self.of(event) {
                told.push(self.tell(what));
            }
        }
        told
    }

    fn of(&self, event: Arc<LiveEvent>) -> Option<What> {
        if !self.wanted.takes(&event, &self.caller) {
            return None;
        }
        match &event.ticket {
            Some(ticket) if visible(&self.caller, ticket) => Some(What::Event(event)),
            Some(_) => event.leaves().then_some(What::Left(event)),
            // Tokens and people as such are for those who see everything.
            None => self.sees_beside_tickets(event.kind).then_some(What::Event(event)),
        }
    }

    fn sees_beside_tickets(&self, kind: EventKind) -> bool {
        match kind {
            EventKind::ContactCreated
            | EventKind::ContactUpdated
            | EventKind::ContactMerged
            | EventKind::ConversationModeChanged => self.caller.visible_to().is_none(),
            _ => self.caller.token.acts_as() == Role::Admin,
        }
    }

    fn resync(&mut self, newest: u64) -> Vec<Told> {
        self.position.after = newest;
        vec![self.tell(What::Resync)]
    }

    fn tell(&self, what: What) -> Told {
        Told { seq: self.position.after, what }
    }

    /// The JSON of what is told of an event: with its words for those who follow the call.
    pub fn json(&self, told: &Told) -> Option<String> {
        match &told.what {
            What::Event(event) => {
                let words = event.with_words.as_ref().filter(|_| {
                    let follows = |ticket| moment::follows(&self.caller, ticket);
                    self.wanted.transcripts && event.ticket.as_ref().is_some_and(follows)
                });
                Some(words.unwrap_or(&event.json).clone())
            }
            What::Left(event) => event.left(),
            What::Moment(json) => Some(json.clone()),
            What::Hello | What::Resync | What::Silence => None,
        }
    }
}

async fn next_heard(
    heard: Option<&mut broadcast::Receiver<Arc<Heard>>>,
) -> Result<Arc<Heard>, broadcast::error::RecvError> {
    match heard {
        Some(heard) => heard.recv().await,
        None => std::future::pending().await,
    }
}
