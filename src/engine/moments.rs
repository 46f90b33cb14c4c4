//! What is true for a moment only: who looks at a ticket, who writes on it, and words of running calls that are not
//! whole yet. Kept in memory, never journaled, bounded, and gone with the process: nobody is owed any of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;

use crate::domain::entry::Speaker;

/// How long somebody counts as looking at a ticket who does not say so again.
pub const GRACE: Duration = Duration::from_secs(30);
/// How long words that are not whole are shown when none is added: the end of some never comes.
const UNFINISHED: Duration = Duration::from_secs(30);
/// Lines of one call that are under way, and bytes of one.
const MAX_LINES: usize = 4;
const MAX_LINE: usize = 4096;
/// Tickets that one person looks at, and persons at one ticket.
const MAX_LOOKED_AT: usize = 16;
const MAX_VIEWERS: usize = 32;
/// Moments that a listener may be behind; older ones are lost to it, and newer ones replace them.
const HELD: usize = 512;

/// Somebody who looks at a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub agent: u64,
    pub name: String,
    pub typing: bool,
}

/// A line of a call as far as it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The speech item, by the service's id.
    pub item: String,
    pub index: u32,
    pub speaker: Speaker,
    /// All of it so far; empty once its words come whole with the ticket's events.
    pub text: String,
}

/// All who look at a ticket now.
#[derive(Clone, Debug)]
pub struct Viewing {
    pub ticket: u64,
    pub viewers: Vec<Viewer>,
}

/// One line of a running call, as it changed.
#[derive(Clone, Debug)]
pub struct Heard {
    pub ticket: u64,
    pub line: Line,
}

struct Looking {
    viewer: Viewer,
    until: Instant,
}

#[derive(Default)]
struct State {
    looking: HashMap<u64, Vec<Looking>>,
    lines: HashMap<u64, Vec<(Line, Instant)>>,
}

pub struct Moments {
    state: Mutex<State>,
    viewing: broadcast::Sender<Arc<Viewing>>,
    heard: broadcast::Sender<Arc<Heard>>,
}

impl Default for Moments {
    fn default() -> Moments {
        Moments {
            state: Mutex::default(),
            viewing: broadcast::Sender::new(HELD),
            heard: broadcast::Sender::new(HELD),
        }
    }
}

impl Moments {
    /// Who looks at what, as it changes from now on.
    pub fn watch(&self) -> broadcast::Receiver<Arc<Viewing>> {
        self.viewing.subscribe()
    }

    /// What is said from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Heard>> {
        self.heard.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, ticket: u64, viewers: Vec<Viewer>) {
        // Nobody watching is no fault.
        let _ = self.viewing.send(Arc::new(Viewing { ticket, viewers }));
    }

    fn say(&self, ticket: u64, line: Line) {
        let _ = self.heard.send(Arc::new(Heard { ticket, line }));
    }

    /// Somebody looks at a ticket, and perhaps writes; good for [`GRACE`]. Gives all who do.
    pub fn looks(&self, ticket: u64, viewer: Viewer) -> Vec<Viewer> {
        let now = Instant::now();
        let mut state = self.state();
        let theirs = state.looking.values().flatten().filter(|l| l.viewer.agent == viewer.agent);
        let busy = theirs.count() >= MAX_LOOKED_AT;
        let those = state.looking.entry(ticket).or_default();
        let full = busy || those.len() >= MAX_VIEWERS;
        let before: Vec<_> = those.iter().map(|l| l.viewer.clone()).collect();
        match those.iter_mut().find(|l| l.viewer.agent == viewer.agent) {
            Some(known) => *known = Looking { viewer, until: now + GRACE },
            None if full => {}
            None => those.push(Looking { viewer, until: now + GRACE }),
        }
        those.retain(|l| l.until > now);
        let viewers: Vec<_> = those.iter().map(|l| l.viewer.clone()).collect();
        if those.is_empty() {
            state.looking.remove(&ticket);
        }
        drop(state);
        if viewers != before {
            self.tell(ticket, viewers.clone());
        }
        viewers
    }

    /// Somebody looks elsewhere now.
    pub fn leaves(&self, ticket: u64, agent: u64) {
        self.keep(|of, looking| of != ticket || looking.viewer.agent != agent);
    }

    /// Lets go of those who have not said for long that they look. To be called now and then.
    pub fn expire(&self) {
        let now = Instant::now();
        self.keep(|_, looking| looking.until > now);
    }

    fn keep(&self, stays: impl Fn(u64, &Looking) -> bool) {
        let mut changed = Vec::new();
        self.state().looking.retain(|ticket, those| {
            let before = those.len();
            those.retain(|looking| stays(*ticket, looking));
            if those.len() != before {
                changed.push((*ticket, those.iter().map(|l| l.viewer.clone()).collect()));
            }
            !those.is_empty()
        });
        for (ticket, viewers) in changed {
            self.tell(ticket, viewers);
        }
    }

    pub fn is_looking(&self, ticket: u64, agent: u64) -> bool {
        let state = self.state();
        let those = state.looking.get(&ticket);
        those.is_some_and(|those| those.iter().any(|looking| looking.viewer.agent == agent))
    }

    /// More of a line of a running call.
    pub fn heard(&self, ticket: u64, (item, index): (&str, u32), speaker: Speaker, more: &str) {
        let now = Instant::now();
        let mut state = self.state();
        let lines = state.lines.entry(ticket).or_default();
        lines.retain(|(_, at)| now.duration_since(*at) < UNFINISHED);
        let found = lines.iter().position(|(line, _)| line.item == item && line.index == index);
        let at = found.unwrap_or_else(|| {
            if lines.len() >= MAX_LINES {
                lines.remove(0);
            }
            let line = Line { item: item.to_owned(), index, speaker, text: String::new() };
            lines.push((line, now));
            lines.len() - 1
        });
        let (line, heard) = &mut lines[at];
        if line.text.len() + more.len() > MAX_LINE {
            return;
        }
        line.text.push_str(more);
        *heard = now;
        let line = line.clone();
        drop(state);
        self.say(ticket, line);
    }

    /// The whole words of a line are on their way to the ticket.
    pub fn whole(&self, ticket: u64, item: &str, index: u32) {
        let mut state = self.state();
        let Some(lines) = state.lines.get_mut(&ticket) else { return };
        let Some(at) = lines.iter().position(|(line, _)| line.item == item && line.index == index)
        else {
            return;
        };
        let (line, _) = lines.remove(at);
        drop(state);
        self.say(ticket, Line { text: String::new(), ..line });
    }

    /// A call has ended.
    pub fn over(&self, ticket: u64) {
        self.state().lines.remove(&ticket);
    }

    /// Lines of a call that are under way, oldest first.
    pub fn lines(&self, ticket: u64) -> Vec<Line> {
        let state = self.state();
        let lines = state.lines.get(&ticket).into_iter().flatten();
        let fresh = lines.filter(|(_, at)| at.elapsed() < UNFINISHED);
        fresh.map(|(line, _)| line.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ana(typing: bool) -> Viewer {
        Viewer { agent: 1, name: "Ana".into(), typing }
    }

    #[test]
    fn who_looks_is_told_once_a_change_and_leaves_again() {
        let moments = Moments::default();
        let mut told = moments.watch();
        moments.looks(1001, ana(false));
        moments.looks(1001, ana(false));
        moments.looks(1001, ana(true));
        assert!(moments.is_looking(1001, 1) && !moments.is_looking(1002, 1));
        moments.leaves(1001, 1);
        let typing = std::iter::from_fn(|| told.try_recv().ok())
            .map(|told| told.viewers.iter().map(|v| v.typing).collect::<Vec<_>>());
        assert_eq!(typing.collect::<Vec<_>>(), [vec![false], vec![true], vec![]]);
    }

    #[test]
    fn a_line_grows_until_its_whole_words_come_and_few_are_kept() {
        let moments = Moments::default();
        moments.heard(1001, ("a", 0), Speaker::User, "My card ");
        moments.heard(1001, ("a", 0), Speaker::User, "was stolen");
        assert_eq!(moments.lines(1001)[0].text, "My card was stolen");
        moments.whole(1001, "a", 0);
        assert!(moments.lines(1001).is_empty());
        for at in 0..100 {
            moments.heard(1001, (&format!("i{at}"), 0), Speaker::Agent, "x");
        }
        moments.heard(1001, ("i99", 0), Speaker::Agent, &"y".repeat(MAX_LINE));
        let lines = moments.lines(1001);
        assert_eq!((lines.len(), lines[3].text.as_str()), (MAX_LINES, "x"));
        moments.over(1001);
        assert!(moments.lines(1001).is_empty());
    }
}
