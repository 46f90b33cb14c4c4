//! What the writer keeps up to date and everybody reads: the index, tokens, running calls, health.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::audit::refusals::Refusals;
use super::categories::Categories;
use super::clock::Clocks;
use super::hooks::Hooks;
use super::index::Index;
use super::load::Held;
use super::moments::Moments;
use super::outbox::Outbox;
use super::people::{Live, People};
use super::presence::{PresenceNow, Presences};
use super::rows::key;
use super::search::Search;
use super::ticket_cache::TicketCache;
use crate::domain::agent::Agent;
use crate::domain::call::OpenCall;
use crate::domain::category::Category;
use crate::domain::clock::{ClockState, Reading};
use crate::domain::contact::Token;
use crate::domain::figures::TicketFigures;
use crate::domain::session::{Credential, Standing};
use crate::domain::time::Micros;
use crate::store::codec;
use crate::store::owner::Owner;
use crate::store::records::IndexRow;
use crate::store::seal::{Place, Seal};
use crate::store::{Feed, Figures, PlanRecord, Reader, Row, Space, Table};
use crate::telemetry::metrics::Metrics;

/// Whether the store can be written, as the writer last found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Writable,
    /// Not written to until it works again; reads go on.
    Failing(String),
}

/// The steady clock, for everybody: it never jumps, so it is the machine's and a distance.
pub(super) struct Steady {
    pub clocks: Arc<dyn Clocks>,
    pub offset: i64,
}

/// The clocks as the writer last found them.
#[derive(Clone, Debug)]
pub struct ClockReport {
    pub state: ClockState,
    pub trusted: bool,
    pub synchronized: bool,
}

pub struct Shared {
    pub reader: Reader,
    pub feed: Feed,
    /// What tells this feed from another with the same numbers; new after a restore.
    pub feed_epoch: String,
    pub seal: Seal,
    pub metrics: Arc<Metrics>,
    pub started: Instant,
    /// On their way into the audit.
    pub refusals: Refusals,
    pub(super) search: Search,
    index: RwLock<Index>,
    pub(super) tickets: TicketCache,
    tokens: RwLock<HashMap<[u8; 32], Arc<Token>>>,
    calls: RwLock<HashMap<u64, OpenCall>>,
    outbox: Outbox,
    hooks: Hooks,
    moments: Moments,
    categories: RwLock<Arc<Categories>>,
    /// Words that were erased may still be in the files.
    owed: AtomicBool,
    /// Values may lie otherwise than the configuration wants.
    mixed: AtomicBool,
    people: People,
    presence: Presences,
    /// Counts changes of who may what: of people, sessions, tokens.
    rights: watch::Sender<u64>,
    health: RwLock<Health>,
    steady: Steady,
    clock: RwLock<Option<ClockReport>>,
    looked: RwLock<(Space, Figures)>,
    /// One person is erased at a time.
    pub(super) erasing: tokio::sync::Mutex<()>,
    /// Probes that the writer has not answered yet.
    pub(super) probes: AtomicUsize,
    published: AtomicU64,
    news: watch::Sender<u64>,
}

/// A panic of one reader must not take the others down; the data behind these locks is replaced whole.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(
        reader: Reader,
        (feed, feed_epoch): (Feed, String),
        seal: Seal,
        steady: Steady,
        metrics: Arc<Metrics>,
        (refusals, search, tickets): (Refusals, Search, TicketCache),
        published: u64,
    ) -> Shared {
        Shared {
            reader,
            feed,
            feed_epoch,
            seal,
            metrics,
            started: Instant::now(),
            refusals,
            search,
            index: RwLock::default(),
            tickets,
            tokens: RwLock::default(),
            calls: RwLock::default(),
            outbox: Outbox::default(),
            hooks: Hooks::default(),
            moments: Moments::default(),
            categories: RwLock::default(),
            owed: AtomicBool::new(false),
            mixed: AtomicBool::new(false),
            people: People::default(),
            presence: Presences::default(),
            rights: watch::Sender::new(0),
            health: RwLock::new(Health::Writable),
            steady,
            clock: RwLock::default(),
            looked: RwLock::default(),
            erasing: tokio::sync::Mutex::default(),
            probes: AtomicUsize::new(0),
            published: AtomicU64::new(published),
            news: watch::Sender::new(published),
        }
    }

    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        read(&self.index)
    }

    /// For the writer, which alone changes it.
    pub(super) fn index_to_change(&self) -> RwLockWriteGuard<'_, Index> {
        write(&self.index)
    }

    /// The token of this SHA-256, unless it was revoked or its agent disabled.
    pub fn token(&self, hash: &[u8; 32]) -> Option<Arc<Token>> {
        read(&self.tokens).get(hash).filter(|t| self.is_good(t)).cloned()
    }

    /// Neither revoked, nor of somebody who was disabled.
    fn is_good(&self, token: &Token) -> bool {
        let agent = token.agent.and_then(|id| self.people.agent(id));
        token.revoked_at.is_none() && agent.is_none_or(|agent| agent.disabled_at.is_none())
    }

    pub fn tokens(&self) -> Vec<Arc<Token>> {
        let mut all: Vec<_> = read(&self.tokens).values().cloned().collect();
        all.sort_by_key(|t| t.id);
        all
    }

    pub fn open_calls(&self) -> Vec<OpenCall> {
        read(&self.calls).values().cloned().collect()
    }

    /// What waits to be sent.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Who is told of what happens.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// Who looks at what, and what is being said.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    pub fn categories(&self) -> Arc<Categories> {
        Arc::clone(&read(&self.categories))
    }

    /// Whether erased words, or values that lie otherwise than the configuration wants, may be in the files.
    pub fn owes_rewrite(&self) -> bool {
        self.owed.load(Ordering::Acquire) || self.mixed.load(Ordering::Acquire)
    }

    pub(super) fn set_mixed(&self, mixed: bool) {
        self.mixed.store(mixed, Ordering::Release);
    }

    /// Who works at the desk, and who has logged in.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Who is there, as of now.
    pub fn presence(&self) -> PresenceNow<'_> {
        self.presence.at(self.steady())
    }

    /// The person of a session that goes on, and that session; this counts as use of it.
    pub fn person(&self, session: u64) -> Option<(Arc<Agent>, Arc<Live>)> {
        let now = self.steady();
        let found = self.people.session(session, now)?;
        People::touch(&found.1, now);
        Some(found)
    }

    /// Whether what a lasting connection was opened by still holds.
    pub fn holds(&self, standing: Standing) -> bool {
        match standing.credential {
            Credential::Nothing => true,
            Credential::Token(id) => {
                let token = read(&self.tokens).values().find(|token| token.id == id).cloned();
                token.is_some_and(|token| self.is_good(&token))
            }
            Credential::Session(id) => {
                let found = self.people.session(id, self.steady());
                found.is_some_and(|(agent, _)| standing.role == Some(agent.role))
            }
        }
    }

    /// Returns when that holds no longer: within a second of what ended it, or when the session is too old or was
    /// idle for too long. For connections that live on, which are to end then.
    pub async fn falls(&self, standing: Standing) {
        const LOOK: Duration = Duration::from_secs(15);
        let mut rights = self.rights.subscribe();
        while self.holds(standing) {
            // Without a change it may still have run out of time.
            let _ = tokio::time::timeout(LOOK, rights.changed()).await;
        }
    }

    pub fn health(&self) -> Health {
        read(&self.health).clone()
    }

    pub(super) fn set_health(&self, health: Health) {
        *write(&self.health) = health;
    }

    /// The steady clock: what is waited for is measured by it.
    pub fn steady(&self) -> Micros {
        self.steady.clocks.read().machine.plus(self.steady.offset)
    }

    /// The wall clock: what is shown.
    pub fn now(&self) -> Micros {
        self.reading().wall
    }

    /// What the machine's clocks show.
    pub(super) fn reading(&self) -> Reading {
        self.steady.clocks.read()
    }

    /// The clocks, for whoever looks after the box; none before the first batch.
    pub fn clock(&self) -> Option<ClockReport> {
        read(&self.clock).clone()
    }

    pub(super) fn set_clock(&self, report: ClockReport) {
        self.metrics.clock(report.trusted, report.synchronized, report.state.jumped);
        *write(&self.clock) = Some(report);
    }

    /// The disk as it was found within the last minute.
    pub fn space(&self) -> Space {
        read(&self.looked).0
    }

    /// What the store has done since the start, as of the last commit.
    pub fn figures(&self) -> Figures {
        read(&self.looked).1
    }

    pub(super) fn set_space(&self, space: Space) {
        self.metrics.space(space.free, space.needed, space.ballast);
        write(&self.looked).0 = space;
    }

    pub(super) fn set_figures(&self, figures: Figures) {
        self.metrics.store(&[
            figures.journal_bytes,
            figures.journal_zeroed,
            figures.database_bytes,
            figures.checkpoints,
            figures.compactions,
        ]);
        write(&self.looked).1 = figures;
    }

    /// The last event that may be read.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Wakes when something was published; carries no data but how far.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn publish(&self, seq: u64) {
        self.published.store(seq, Ordering::Release);
        // What only moved a cursor is no news.
        self.news.send_if_modified(|newest| std::mem::replace(newest, seq) != seq);
    }

    /// Takes over what committed plans changed.
    pub(super) fn take(&self, plans: &[PlanRecord]) {
        self.search.note(plans);
        let (mut index, mut rights, mut categories) = (None, false, Vec::new());
        for row in plans.iter().flat_map(|p| &p.rows) {
            match row.table {
                Table::Tickets => number(&row.key).into_iter().for_each(|n| self.tickets.forget(n)),
                Table::Index => {
                    let Some(number) = number(&row.key) else { continue };
                    let index = index.get_or_insert_with(|| write(&self.index));
                    match self.decode::<IndexRow>(row) {
                        Some(line) => index.put(number, &line),
                        None if row.value.is_none() => index.remove(number),
                        None => {}
                    }
                }
                Table::Figures => {
                    let Some(number) = number(&row.key) else { continue };
                    let index = index.get_or_insert_with(|| write(&self.index));
                    index.put_figures(number, self.decode::<TicketFigures>(row).as_ref());
                }
                Table::Tokens => {
                    self.take_token(self.decode(row));
                    rights = true;
                }
                Table::Agents => {
                    self.decode(row).into_iter().for_each(|agent| self.people.put_agent(agent));
                    rights = true;
                }
                Table::Sessions => {
                    if let Some((_, id)) = key::numbers(&row.key) {
                        let session = self.decode(row);
                        self.people.put_session(id, session, self.steady());
                    }
                    rights = true;
                }
                Table::OpenCalls => {
                    if let Some(number) = number(&row.key) {
                        self.take_call(number, self.decode(row));
                    }
                }
                Table::Outbox => {
                    if let Some(place) = key::numbers(&row.key) {
                        self.outbox.put(place, self.decode(row));
                    }
                }
                Table::Webhooks => {
                    if let Some(id) = number(&row.key) {
                        self.hooks.put(id, self.decode(row));
                    }
                }
                Table::Deliveries => self.hooks.wake(),
                Table::AssignmentRules => self.presence.wake(),
                Table::Presences => {
                    if let Some(agent) = number(&row.key) {
                        self.presence.put(agent, self.decode(row));
                    }
                }
                Table::Workloads => {
                    if let Some(agent) = number(&row.key) {
                        self.presence.put_workload(agent, self.decode(row));
                    }
                }
                Table::SlaStandings => {
                    let Some(number) = number(&row.key) else { continue };
                    let index = index.get_or_insert_with(|| write(&self.index));
                    index.stand(number, self.decode(row));
                }
                Table::IndexBlocks => {
                    let Some(number) = number(&row.key) else { continue };
                    let index = index.get_or_insert_with(|| write(&self.index));
                    index.note_stored(number);
                }
                Table::Categories => {
                    let slug = String::from_utf8_lossy(&row.key).into_owned();
                    categories.push((slug, self.decode::<Category>(row)));
                }
                Table::Doomed => {
                    if let (Some(keys), Some(owner), true) =
                        (self.seal.keys(), Owner::of_key(&row.key), row.value.is_some())
                    {
                        keys.doom(owner);
                    }
                }
                Table::Rewrites => self.owed.store(row.value.is_some(), Ordering::Release),
                _ => {}
            }
        }
        if !categories.is_empty() {
            let now = self.categories().with(categories);
            *write(&self.categories) = Arc::new(now);
        }
        if rights {
            self.rights.send_modify(|changes| *changes += 1);
        }
    }

    /// Takes over what was read from the rows, in place of all that is held.
    pub(super) fn replace(&self, held: Held) {
        *write(&self.index) = held.index;
        self.tickets.forget_all();
        let tokens = held.tokens.into_iter().map(|t| (t.hash, Arc::new(t)));
        *write(&self.tokens) = tokens.collect();
        self.metrics.open_calls.set(held.calls.len() as i64);
        *write(&self.calls) = held.calls.into_iter().collect();
        self.outbox.replace(held.outbox);
        self.hooks.replace(held.webhooks);
        *write(&self.categories) = Arc::new(Categories::new(held.categories));
        self.owed.store(held.owes_rewrite, Ordering::Release);
        if let Some(keys) = self.seal.keys() {
            held.doomed.iter().for_each(|owner| keys.doom(*owner));
        }
        self.people.replace(held.agents, held.sessions, self.steady());
        self.presence.replace(held.presences, held.workloads, self.steady());
        self.rights.send_modify(|changes| *changes += 1);
    }

    fn take_token(&self, token: Option<Token>) {
        if let Some(token) = token {
            write(&self.tokens).insert(token.hash, Arc::new(token));
        }
    }

    fn take_call(&self, number: u64, call: Option<OpenCall>) {
        let mut calls = write(&self.calls);
        match call {
            Some(call) => calls.insert(number, call),
            None => {
                self.moments.over(number);
                calls.remove(&number)
            }
        };
        self.metrics.open_calls.set(calls.len() as i64);
    }

    fn decode<R: codec::Record>(&self, row: &Row) -> Option<R> {
        let place = Place::row(row.table, &row.key);
        let plain = self.seal.open(place, row.value.as_deref()?).ok()?;
        codec::decode(&plain).ok()
    }
}

fn number(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}
