//! Presence as everybody reads it: held in memory, following the rows commit by commit. Heartbeats are kept here alone;
//! only what changes somebody's state is written. A start counts as a heartbeat of everybody who was there.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use tokio::sync::watch;

use crate::domain::presence::{Presence, State, Workload};
use crate::domain::time::Micros;

#[derive(Default)]
pub struct Presences {
    held: RwLock<BTreeMap<u64, Held>>,
    news: watch::Sender<u64>,
}

#[derive(Clone, Copy, Default)]
struct Held {
    presence: Option<Presence>,
    workload: Workload,
    /// By the steady clock.
    seen: Option<Micros>,
}

/// The presences, at a moment of the steady clock.
pub struct PresenceNow<'a> {
    held: &'a Presences,
    now: Micros,
}

impl Presences {
    pub(super) fn at(&self, now: Micros) -> PresenceNow<'_> {
        PresenceNow { held: self, now }
    }

    pub(super) fn put(&self, agent: u64, presence: Option<Presence>) {
        self.change(|held| held.entry(agent).or_default().presence = presence);
        self.news.send_modify(|changes| *changes += 1);
    }

    pub(super) fn put_workload(&self, agent: u64, workload: Option<Workload>) {
        self.change(|held| held.entry(agent).or_default().workload = workload.unwrap_or_default());
        self.news.send_modify(|changes| *changes += 1);
    }

    /// Whom something is given to may have changed.
    pub(super) fn wake(&self) {
        self.news.send_modify(|changes| *changes += 1);
    }

    /// Takes over what was read from the rows.
    pub(super) fn replace(
        &self,
        presences: Vec<(u64, Presence)>,
        workloads: Vec<(u64, Workload)>,
        now: Micros,
    ) {
        self.change(|held| {
            held.clear();
            for (agent, presence) in presences {
                let seen = (presence.state != State::Offline).then_some(now);
                let presence = Some(presence);
                held.insert(agent, Held { presence, seen, ..Held::default() });
            }
            for (agent, workload) in workloads {
                held.entry(agent).or_default().workload = workload;
            }
        });
    }

    fn change(&self, f: impl FnOnce(&mut BTreeMap<u64, Held>)) {
        f(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn read<R>(&self, f: impl FnOnce(&BTreeMap<u64, Held>) -> R) -> R {
        f(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PresenceNow<'_> {
    /// A sign of life: a heartbeat, or a live connection that stands.
    pub fn seen(&self, agent: u64) {
        self.held.change(|held| held.entry(agent).or_default().seen = Some(self.now));
    }

    /// Since when an agent's state is what it is; none of whoever was never there.
    pub fn of(&self, agent: u64) -> Option<Presence> {
        self.held.read(|held| held.get(&agent)?.presence)
    }

    pub fn workload(&self, agent: u64) -> Workload {
        self.held.read(|held| held.get(&agent).map(|one| one.workload).unwrap_or_default())
    }

    /// Whose heartbeats say something else than their state: agent, and what it is to be. Whoever went by hand stays
    /// away until they come back by hand.
    pub fn turns(&self, grace: i64) -> Vec<(u64, State)> {
        let turn = |(agent, one): (&u64, &Held)| {
            let alive = one.seen.is_some_and(|seen| self.now.0 < seen.plus(grace).0);
            let to = match one.presence {
                Some(Presence { state: State::Offline, by_hand: true, .. }) => return None,
                Some(Presence { state: State::Offline, .. }) | None if alive => State::Online,
                Some(Presence { state: State::Online | State::Away, .. }) if !alive => {
                    State::Offline
                }
                _ => return None,
            };
            Some((*agent, to))
        };
        self.held.read(|held| held.iter().filter_map(turn).collect())
    }

    /// Who went so long ago, and still has what they had.
    pub fn gone(&self, after: i64) -> Vec<u64> {
        let gone = |(agent, one): (&u64, &Held)| {
            let presence = one.presence.filter(|p| p.state == State::Offline && !p.returned)?;
            (self.now >= presence.steady.plus(after)).then_some(*agent)
        };
        self.held.read(|held| held.iter().filter_map(gone).collect())
    }

    /// Who is online.
    pub fn online(&self) -> Vec<u64> {
        let online = |one: &Held| one.presence.is_some_and(|p| p.state == State::Online);
        self.held.read(|held| {
            held.iter().filter(|(_, one)| online(one)).map(|(agent, _)| *agent).collect()
        })
    }

    /// Wakes when somebody's state or workload changed.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.held.news.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence(state: State, by_hand: bool) -> Presence {
        Presence { state, by_hand, since: Micros(0), steady: Micros(0), returned: false }
    }

    #[test]
    fn whoever_falls_silent_is_offline_and_whoever_left_by_hand_stays_so() {
        let held = Presences::default();
        let minute = Micros::MINUTE;
        held.put(7, Some(presence(State::Online, true)));
        held.at(Micros(0)).seen(7);
        assert!(held.at(Micros(minute - 1)).turns(minute).is_empty());
        assert_eq!(held.at(Micros(minute)).turns(minute), [(7, State::Offline)]);
        held.put(7, Some(presence(State::Offline, false)));
        held.at(Micros(minute)).seen(7);
        assert_eq!(held.at(Micros(minute)).turns(minute), [(7, State::Online)]);
        held.put(7, Some(presence(State::Offline, true)));
        assert!(held.at(Micros(minute)).turns(minute).is_empty());
    }
}
