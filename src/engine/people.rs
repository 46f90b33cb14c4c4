//! Who works at the desk and who has logged in, held in memory: every request asks, and whatever ends a session
//! ends it for the next request.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::agent::Agent;
use crate::domain::session::Session;
use crate::domain::time::Micros;

#[derive(Default)]
pub struct People {
    held: RwLock<HeldPeople>,
}

#[derive(Default)]
struct HeldPeople {
    agents: BTreeMap<u64, Arc<Agent>>,
    sessions: HashMap<u64, Arc<Live>>,
}

/// A session, and when it was last used. That is not written: a start counts as use.
#[derive(Debug)]
pub struct Live {
    pub session: Session,
    used: AtomicI64,
}

impl Live {
    fn has_ended(&self, now: Micros) -> bool {
        let idle_since = Micros(self.used.load(Ordering::Relaxed));
        now >= self.session.ends || now > idle_since.plus(self.session.idle)
    }
}

impl People {
    /// Everybody, by id, disabled ones and those for whom only tokens act included.
    pub fn agents(&self) -> Vec<Arc<Agent>> {
        self.read(|held| held.agents.values().cloned().collect())
    }

    pub fn agent(&self, id: u64) -> Option<Arc<Agent>> {
        self.read(|held| held.agents.get(&id).cloned())
    }

    /// Whose e-mail this is, folded.
    pub fn by_email(&self, email: &str) -> Option<Arc<Agent>> {
        let is = |agent: &&Arc<Agent>| agent.email.as_deref() == Some(email);
        self.read(|held| held.agents.values().find(is).cloned())
    }

    /// Whether anybody can ever have logged in.
    pub fn has_people(&self) -> bool {
        self.read(|held| held.agents.values().any(|agent| agent.email.is_some()))
    }

    /// A session that goes on, and whose it is.
    pub fn session(&self, id: u64, now: Micros) -> Option<(Arc<Agent>, Arc<Live>)> {
        self.read(|held| {
            let live = held.sessions.get(&id).filter(|live| !live.has_ended(now))?;
            let agent = held.agents.get(&live.session.agent)?;
            agent.disabled_at.is_none().then(|| (Arc::clone(agent), Arc::clone(live)))
        })
    }

    /// A request came: the session is not idle.
    pub fn touch(live: &Live, now: Micros) {
        live.used.fetch_max(now.0, Ordering::Relaxed);
    }

    /// The sessions of a person that go on, oldest first.
    pub fn sessions_of(&self, agent: u64, now: Micros) -> Vec<(Arc<Live>, Micros)> {
        let mut found: Vec<_> = self.read(|held| {
            let theirs = held.sessions.values();
            let theirs = theirs.filter(|live| live.session.agent == agent && !live.has_ended(now));
            theirs
                .map(|live| (Arc::clone(live), Micros(live.used.load(Ordering::Relaxed))))
                .collect()
        });
        found.sort_by_key(|(live, _)| live.session.id);
        found
    }

    pub(super) fn put_agent(&self, agent: Agent) {
        self.write(|held| held.agents.insert(agent.id, Arc::new(agent)));
    }

    /// Takes over a session; what is known of its use stays.
    pub(super) fn put_session(&self, id: u64, session: Option<Session>, now: Micros) {
        self.write(|held| match session {
            Some(session) => {
                let used = held.sessions.get(&id).map_or(now.0, |l| l.used.load(Ordering::Relaxed));
                let live = Live { session, used: AtomicI64::new(used) };
                held.sessions.insert(id, Arc::new(live))
            }
            None => held.sessions.remove(&id),
        });
    }

    /// Takes over what was read from the rows, in place of all that is held.
    pub(super) fn replace(&self, agents: Vec<Agent>, sessions: Vec<Session>, now: Micros) {
        let agents = agents.into_iter().map(|agent| (agent.id, Arc::new(agent))).collect();
        let live = |session| Arc::new(Live { session, used: AtomicI64::new(now.0) });
        let sessions = sessions.into_iter().map(|session| (session.id, live(session))).collect();
        self.write(|held| *held = HeldPeople { agents, sessions });
    }

    fn read<R>(&self, f: impl FnOnce(&HeldPeople) -> R) -> R {
        f(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<R>(&self, f: impl FnOnce(&mut HeldPeople) -> R) -> R {
        f(&mut self.held.write().unwrap_or_else(PoisonError::into_inner))
    }
}
