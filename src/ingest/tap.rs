//! What of a call's frames is recorded. Sees every frame as it passes and keeps what was said.

use std::collections::{HashMap, VecDeque};

use super::recorder::{Full, Recorder};
use super::session::{fact, speaker};
use crate::domain::call::{Fact, Previous};
use crate::telemetry::metrics::Metrics;
use crate::wire::realtime;

/// Typed texts whose echo is awaited, and those whose echo came.
const MAX_TYPED: usize = 1000;

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Service,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Client => "the caller's client",
            Side::Service => "the speech service",
        }
    }
}

pub struct Tap {
    recorder: Recorder,
    typed: Typed,
}

impl Tap {
    pub fn new(recorder: Recorder) -> Tap {
        // A call may come over several connections, one after the other.
        let typed = Typed::new(format!("typed:{}", uuid::Uuid::now_v7()));
        Tap { recorder, typed }
    }

    /// Keeps what a text frame says; most say nothing.
    pub fn see(&mut self, side: Side, frame: &str, metrics: &Metrics) -> Result<(), Full> {
        if realtime::is_passing(frame) {
            return Ok(());
        }
        let Ok(realtime::Frame { event, .. }) = realtime::parse(frame) else {
            // It is passed on all the same: what it means is between the two sides.
            metrics.event("realtime", "malformed");
            return Ok(());
        };
        let created_by_client = event.kind == "conversation.item.create";
        if created_by_client != (side == Side::Client) {
            return Ok(());
        }
        self.recorder.hear(&event.facts);
        let facts = match side {
            Side::Client => self.typed.sent(event.facts),
            Side::Service => self.typed.shown(event.facts),
        };
        if facts.is_empty() {
            return Ok(());
        }
        metrics.event("realtime", "taken");
        self.recorder.take(event.event_id, facts)
    }

    /// Keeps what befell the call itself, at its end.
    pub fn befell(&mut self, text: String) {
        self.recorder.befell(text);
    }

    pub fn into_recorder(self) -> Recorder {
        self.recorder
    }
}

/// Text that the client sent in items without an id. It is kept at once, as an item of our own; when the service
/// shows the item with the id that it gave it, that id means ours.
struct Typed {
    /// What our names begin with.
    prefix: String,
    count: u32,
    /// Our names, with the first words, oldest first.
    awaited: VecDeque<(String, String)>,
    /// The service's ids and our names.
    known: HashMap<String, String>,
}

impl Typed {
    fn new(prefix: String) -> Typed {
        Typed { prefix, count: 0, awaited: VecDeque::new(), known: HashMap::new() }
    }

    fn sent(&mut self, facts: Vec<realtime::Fact>) -> Vec<Fact> {
        let (mut name, mut kept) = (None, Vec::new());
        for said in facts {
            let realtime::Fact::Typed { index, speaker: who, text } = said else {
                kept.extend(fact(said));
                continue;
            };
            if name.is_none() {
                if self.awaited.len() + self.known.len() >= MAX_TYPED {
                    // The service's echo will do.
                    continue;
                }
                self.count += 1;
                name = Some(format!("{}:{}", self.prefix, self.count));
                self.awaited.extend(name.clone().map(|name| (name, text.clone())));
            }
            kept.push(Fact::Said { item: name.clone(), index, speaker: speaker(who), text });
        }
        kept
    }

    fn shown(&mut self, facts: Vec<realtime::Fact>) -> Vec<Fact> {
        let mut facts: Vec<Fact> = facts.into_iter().filter_map(fact).collect();
        if self.awaited.is_empty() && self.known.is_empty() {
            return facts;
        }
        for fact in &facts {
            if let Fact::Said { item: Some(item), text, .. } = fact
                && !self.known.contains_key(item)
                && let Some(at) = self.awaited.iter().position(|(_, words)| words == text)
                && let Some((name, _)) = self.awaited.remove(at)
            {
                self.known.insert(item.clone(), name);
            }
        }
        for fact in &mut facts {
            match fact {
                Fact::Placed { item, after, .. } => {
                    self.rename(item);
                    if let Previous::Item(before) = after {
                        self.rename(before);
                    }
                }
                Fact::Said { item: Some(item), .. } => self.rename(item),
                _ => {}
            }
        }
        facts
    }

    fn rename(&self, item: &mut String) {
        if let Some(name) = self.known.get(item) {
            item.clone_from(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::Speaker;
    use crate::wire::realtime::{After, Fact as Wire, ItemKind, Speaker as Who};

    fn sent(typed: &mut Typed, text: &str) -> Vec<Fact> {
        typed.sent(vec![Wire::Typed { index: 0, speaker: Who::User, text: text.into() }])
    }

    fn shown(typed: &mut Typed, item: &str, text: &str) -> Vec<Fact> {
        let place = Wire::Placed { item: item.into(), after: After::Start, kind: ItemKind::User };
        let (item, text) = (Some(item.into()), text.into());
        typed.shown(vec![place, Wire::Said { item, index: 0, speaker: Who::User, text }])
    }

    fn said(item: &str, text: &str) -> Fact {
        Fact::Said { item: Some(item.into()), index: 0, speaker: Speaker::User, text: text.into() }
    }

    #[test]
    fn what_the_service_shows_of_a_typed_text_is_the_same_item() {
        let mut typed = Typed::new("typed".into());
        assert_eq!(sent(&mut typed, "Hello"), [said("typed:1", "Hello")]);
        assert_eq!(sent(&mut typed, "Hello"), [said("typed:2", "Hello")]);
        assert_eq!(shown(&mut typed, "item_a", "Hello")[1], said("typed:1", "Hello"));
        assert_eq!(shown(&mut typed, "item_b", "Hello")[1], said("typed:2", "Hello"));
        // The same item again, in its other events.
        assert_eq!(shown(&mut typed, "item_a", "Hello")[1], said("typed:1", "Hello"));
        assert_eq!(shown(&mut typed, "item_c", "Hello")[1], said("item_c", "Hello"));
    }

    #[test]
    fn what_follows_a_typed_text_follows_our_item() {
        let mut typed = Typed::new("typed".into());
        sent(&mut typed, "Hello");
        shown(&mut typed, "item_a", "Hello");
        let after = After::Item("item_a".into());
        let answer = Wire::Placed { item: "item_b".into(), after, kind: ItemKind::Agent };
        let Fact::Placed { after, .. } = &typed.shown(vec![answer])[0] else { panic!() };
        assert_eq!(*after, Previous::Item("typed:1".into()));
    }
}
