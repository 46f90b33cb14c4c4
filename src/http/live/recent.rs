//! The newest events, read from the feed and decoded once for all streams.
//!
//! Nobody fills it but the streams themselves: the first that hears of news reads it for the others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::event::LiveEvent;
use crate::engine::Engine;
use crate::engine::feed::ReadFeedError;

/// Events held; older ones are read from the feed by whoever needs them.
const HELD: usize = 1024;
/// Events given at once.
pub const PAGE: usize = 256;

#[derive(Default)]
pub struct Recent {
    /// Without a gap, up to the newest that anybody asked for.
    events: Mutex<VecDeque<Arc<LiveEvent>>>,
}

impl Recent {
    /// The events behind `after`, at most [`PAGE`], in order.
    pub fn behind(
        &self,
        engine: &Engine,
        after: u64,
    ) -> Result<Vec<Arc<LiveEvent>>, ReadFeedError> {
        let mut held = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = held.back().map_or(0, |event| event.seq);
        let published = engine.shared().published();
        if published.saturating_sub(newest) > HELD as u64 {
            // Nobody listened for long.
            held.clear();
        }
        let from = held.back().map_or(published.saturating_sub(PAGE as u64), |event| event.seq);
        let is_older = held.front().map_or(after < from, |first| after + 1 < first.seq);
        if is_older {
            drop(held);
            let events = engine.events(after, PAGE)?;
            return Ok(events.into_iter().map(|event| Arc::new(LiveEvent::of(event))).collect());
        }
        if from < published {
            for event in engine.events(from, HELD)? {
                held.push_back(Arc::new(LiveEvent::of(event)));
            }
            let surplus = held.len().saturating_sub(HELD);
            held.drain(..surplus);
        }
        let first = held.partition_point(|event| event.seq <= after);
        Ok(held.range(first..).take(PAGE).cloned().collect())
    }
}
