//! One stream: from its place in the feed to frames, as long as its client, its session and the daemon live.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::event::LiveEvent;
use super::places::Place;
use crate::domain::agent::Role;
use crate::engine::event::EventKind;
use crate::engine::feed::ReadFeedError;
use crate::http::State;
use crate::http::extract::Caller;
use crate::http::tickets::visible;

pub struct Position {
    pub after: u64,
    /// Something before it is lost to the client.
    pub missed: bool,
}

pub struct Wanted {
    /// All, if absent.
    pub kinds: Option<Vec<EventKind>>,
    pub ticket: Option<u64>,
}

pub struct Stream {
    state: State,
    caller: Caller,
    wanted: Wanted,
    position: Position,
    greeted: bool,
    news: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    /// When the client last got something.
    told: Instant,
    _place: Place,
}

impl Stream {
    pub fn new(
        state: State,
        caller: Caller,
        wanted: Wanted,
        position: Position,
        place: Place,
    ) -> Stream {
        let (news, stopping) = (state.engine.shared().news(), state.live.stopping.clone());
        Stream {
            state,
            caller,
            wanted,
            position,
            greeted: false,
            news,
            stopping,
            told: Instant::now(),
            _place: place,
        }
    }

    /// The next frames for the client; none when the stream is over. It is asked for more only when the client has
    /// taken what it got, so nothing piles up here.
    pub async fn next(&mut self) -> Option<Bytes> {
        let frames = self.frames().await?;
        self.told = Instant::now();
        Some(frames.into())
    }

    async fn frames(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            let mut first = self.control("hello");
            if std::mem::take(&mut self.position.missed) {
                first.push_str(&self.control("resync"));
            }
            return Some(first);
        }
        loop {
            let (shared, standing) = (self.state.engine.shared(), self.caller.token.standing());
            if *self.stopping.borrow() || !shared.holds(standing) {
                return None;
            }
            // Seen before the events are read: what comes meanwhile wakes at once.
            let newest = *self.news.borrow_and_update();
            if newest > self.position.after {
                let frames = self.read(newest);
                if !frames.is_empty() {
                    return Some(frames);
                }
                continue;
            }
            let beat = self.told + self.state.live.heartbeat;
            if Instant::now() >= beat {
                return Some(":\n\n".to_owned());
            }
            let change = async {
                tokio::select! {
                    _ = self.news.changed() => {}
                    _ = self.stopping.wait_for(|stopping| *stopping) => {}
                    () = shared.falls(standing) => {}
                }
            };
            let _ = timeout_at(beat, change).await;
        }
    }

    /// Frames of the next events, up to one page; none if none of them is for this client.
    fn read(&mut self, newest: u64) -> String {
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
        let mut frames = String::new();
        for event in events {
            self.position.after = event.seq;
            if let Some(json) = self.told_of(&event) {
                frames.push_str(&format!("id: {}\ndata: {json}\n\n", self.id()));
            }
        }
        frames
    }

    fn told_of(&self, event: &Arc<LiveEvent>) -> Option<String> {
        let Wanted { kinds, ticket } = &self.wanted;
        let number = event.ticket.as_ref().map(|ticket| ticket.number);
        if kinds.as_ref().is_some_and(|kinds| !kinds.contains(&event.kind))
            || ticket.is_some_and(|wanted| number != Some(wanted))
        {
            return None;
        }
        match &event.ticket {
            Some(ticket) if visible(&self.caller, ticket) => Some(event.json.clone()),
            Some(_) => event.left(),
            // Tokens and people as such are for those who see everything.
            None => self.sees_beside_tickets(event.kind).then(|| event.json.clone()),
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

    fn resync(&mut self, newest: u64) -> String {
        self.position.after = newest;
        self.control("resync")
    }

    /// A frame that is no event of the feed.
    fn control(&self, name: &str) -> String {
        let (id, seq) = (self.id(), self.position.after);
        format!("event: {name}\nid: {id}\ndata: {{\"seq\":{seq}}}\n\n")
    }

    fn id(&self) -> String {
        format!("{}:{}", self.state.engine.shared().feed_epoch, self.position.after)
    }
}
