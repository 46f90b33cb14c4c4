//! Live events: what happens, as it happens, to whoever may see it (S0.64, S2.24, S2.38).
//!
//! A stream reads the engine's feed from a place of its own: it is ordered, it goes on behind `after` without a gap
//! or a repeat, and a client that does not read holds nothing back but itself. One that is too far behind is told
//! `resync`; nothing is ever passed over in silence. An event says which ticket and which entry, never what was
//! said, but for what is said in a running call to those who follow it. What is of the moment (who looks, who types,
//! half a line) has no number and comes to whoever is there.
//!
//! The same [`stream::Stream`] speaks as server-sent events ([`sse`]), as a WebSocket ([`socket`]) and as Socket.IO
//! ([`socketio`]).

mod board;
pub mod calls;
mod event;
mod moment;
mod places;
mod recent;
pub mod socket;
pub mod socketio;
pub mod sse;
mod stream;
pub mod viewing;
mod wanted;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::State;
use super::error::Failure;
use super::extract::{Caller, sequence};
use crate::config::LiveConfig;
use crate::wire::problem::Problem;
use places::{Place, Places};
use recent::Recent;
use stream::Position;

/// Clients that have not shown a token yet, in all and from one address.
const STRANGERS: (usize, usize) = (128, 32);

/// What all streams share.
pub struct Live {
    places: Places,
    strangers: Places,
    recent: Recent,
    max_behind: u64,
    heartbeat: Duration,
    stopping: watch::Receiver<bool>,
    /// How long an answer may take at all.
    patience: Duration,
}

impl Live {
    /// Streams end once `stopping` says so.
    pub fn new(config: &LiveConfig, patience: Duration, stopping: watch::Receiver<bool>) -> Live {
        let each = config.max_streams_per_person as usize;
        Live {
            places: Places::new(config.max_streams as usize, each),
            strangers: Places::new(STRANGERS.0, STRANGERS.1),
            recent: Recent::default(),
            max_behind: u64::from(config.max_behind),
            heartbeat: config.heartbeat,
            stopping,
            patience,
        }
    }

    fn place(&self, caller: &Caller) -> Result<Arc<Place>, Failure> {
        let place = self.places.take(caller.token.key()).ok_or_else(|| {
            let why = "too many live streams are open: close other windows (live.max_streams_per_person, live.max_streams)";
            let mut problem = Problem::new(429, "Too Many Requests", why);
            problem.retry_after = Some(5);
            problem
        })?;
        Ok(Arc::new(place))
    }
}

/// Where a stream begins.
fn position(state: &State, after: Option<&str>) -> Result<Position, Failure> {
    let shared = state.engine.shared();
    let newest = shared.published();
    let Some(after) = after.filter(|after| !after.is_empty()) else {
        return Ok(Position { after: newest, missed: false });
    };
    let (epoch, number) = match after.rsplit_once(':') {
        Some((epoch, number)) => (Some(epoch), number),
        None => (None, after),
    };
    let after = sequence("after", Some(number))?;
    // Numbers of another feed, as of a store before it was restored, say nothing here.
    let foreign = epoch.is_some_and(|epoch| epoch != shared.feed_epoch) || after > newest;
    Ok(Position { after: if foreign { newest } else { after }, missed: foreign })
}
