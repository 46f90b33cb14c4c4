//! Records a call beside its audio.
//!
//! What was said is put into a queue and stored by a task of its own, one event after the other, so that a
//! slow store delays nothing that passes. What always holds:
//!
//! - A line that was taken is stored, or tried again for as long as the daemon lives, after the call's end too;
//!   only a stop gives up on it, after [`LAST_TRIES`], and says so in the log.
//! - Lines that wait are bounded in bytes: a call's by [`MAX_OF_CALL`], those of all calls by
//!   `realtime.max_backlog`. A line beyond that is refused, and whoever carries the call ends it: so nothing
//!   is said in a call that its transcript will not hold.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::session::{End, RETRY, Session, hear};
use crate::domain::call::Fact;
use crate::engine::command::{Reply, Submission};
use crate::engine::{Engine, Error};
use crate::wire::realtime;

/// Bytes of one call that may wait for the store.
const MAX_OF_CALL: usize = 4 << 20;
/// What a waiting event costs beside its text.
const OVERHEAD: usize = 256;
/// How long a stop waits for a store that does not take what was said.
const LAST_TRIES: Duration = Duration::from_secs(5);

/// The bytes that wait, of all calls.
#[derive(Debug)]
pub struct Backlog {
    waiting: AtomicUsize,
    max: usize,
}

impl Backlog {
    pub fn new(max: usize) -> Backlog {
        Backlog { waiting: AtomicUsize::new(0), max }
    }

    /// Sets bytes aside; false if that would be too many.
    fn reserve(&self, bytes: usize) -> bool {
        let reserved = self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.max;
        if !reserved {
            self.release(bytes);
        }
        reserved
    }

    fn release(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// More is said than can be stored.
#[derive(Debug)]
pub struct Full;

enum Waiting {
    Said { event_id: String, facts: Vec<Fact>, bytes: usize },
    Last(End),
}

pub struct Recorder {
    queue: mpsc::UnboundedSender<Waiting>,
    backlog: Arc<Backlog>,
    /// Bytes of this call that wait.
    waiting: Arc<AtomicUsize>,
    refused: watch::Receiver<Option<String>>,
    task: JoinHandle<()>,
    engine: Engine,
    /// Known once the call is opened.
    ticket: Arc<OnceLock<u64>>,
    /// Tells the events of this connection from those of another of the same call.
    name: uuid::Uuid,
    events: u64,
}

impl Recorder {
    /// Opens the call and records it from now on. `Err` while there is no room for one more.
    pub fn start(session: Session, backlog: Arc<Backlog>) -> Result<Recorder, Full> {
        if !backlog.reserve(OVERHEAD) {
            return Err(Full);
        }
        let (queue, queued) = mpsc::unbounded_channel();
        let (refusal, refused) = watch::channel(None);
        let waiting = Arc::new(AtomicUsize::new(0));
        let (engine, ticket) = (session.doors.engine.clone(), Arc::new(OnceLock::new()));
        let opened = Arc::clone(&ticket);
        let (ours, theirs) = (Arc::clone(&backlog), Arc::clone(&waiting));
        let task = tokio::spawn(
            async move {
                let busy = session.doors.busy.clone();
                let mut tape =
                    Tape { session, queued, backlog: ours, waiting: theirs, opened, last: None };
                if let Err(why) = tape.run().await {
                    refusal.send_replace(Some(why));
                }
                tape.empty();
                drop(busy);
            }
            .boxed(),
        );
        Ok(Recorder {
            queue,
            backlog,
            waiting,
            refused,
            task,
            engine,
            ticket,
            name: uuid::Uuid::now_v7(),
            events: 0,
        })
    }

    /// Takes what one event says. Its id tells a line that is stored again from a new one.
    pub fn take(&mut self, event_id: Option<String>, facts: Vec<Fact>) -> Result<(), Full> {
        let bytes = OVERHEAD + facts.iter().map(size).sum::<usize>();
        let waiting = self.waiting.load(Ordering::Relaxed);
        // One line alone may be as long as it likes.
        if (waiting > 0 && waiting + bytes > MAX_OF_CALL) || !self.backlog.reserve(bytes) {
            return Err(Full);
        }
        self.put(event_id, facts, bytes);
        Ok(())
    }

    /// Lets those who listen hear what is not whole yet.
    pub fn hear(&self, facts: &[realtime::Fact]) {
        if let Some(ticket) = self.ticket.get() {
            hear(&self.engine, *ticket, facts);
        }
    }

    /// Takes what befell the call, which ends it: there is room for that once a call.
    pub fn befell(&mut self, text: String) {
        let facts = vec![Fact::Befell { text }];
        let bytes = OVERHEAD + facts.iter().map(size).sum::<usize>();
        self.backlog.waiting.fetch_add(bytes, Ordering::Relaxed);
        self.put(None, facts, bytes);
    }

    fn put(&mut self, event_id: Option<String>, facts: Vec<Fact>, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
        self.events += 1;
        let event_id = event_id.unwrap_or_else(|| format!("{}:{}", self.name, self.events));
        // Whoever refused the call has told so; what it still says belongs to no ticket.
        let _ = self.queue.send(Waiting::Said { event_id, facts, bytes });
    }

    /// Where to learn that the call itself was refused, and why.
    pub fn refused(&self) -> watch::Receiver<Option<String>> {
        self.refused.clone()
    }

    /// The call has ended. What it said goes on being stored; the handle tells when all is done.
    pub fn finish(self, end: End) -> JoinHandle<()> {
        let _ = self.queue.send(Waiting::Last(end));
        self.task
    }
}

/// The other end of the queue.
struct Tape {
    session: Session,
    queued: mpsc::UnboundedReceiver<Waiting>,
    backlog: Arc<Backlog>,
    waiting: Arc<AtomicUsize>,
    opened: Arc<OnceLock<u64>>,
    /// When storing is given up, once the daemon stops.
    last: Option<Instant>,
}

impl Tape {
    /// `Err` when there is no such call, with the reason.
    async fn run(&mut self) -> Result<(), String> {
        let ticket = loop {
            match self.session.open().await {
                Ok((ticket, _)) => break ticket.number,
                Err(Error::Refused(refusal)) => return Err(refusal.to_string()),
                Err(error) => self.again(&error).await?,
            }
        };
        let _ = self.opened.set(ticket);
        loop {
            let waiting = self.queued.recv().await;
            match waiting {
                Some(Waiting::Said { event_id, facts, bytes }) => {
                    let submission = self.session.record(ticket, Some(event_id), facts);
                    self.store(submission).await?;
                    self.release(bytes);
                }
                Some(Waiting::Last(end)) => {
                    return self.store(self.session.last(ticket, end)).await;
                }
                // Nobody said how it ended: whoever carried the call is gone.
                None => return self.store(self.session.last(ticket, End::Broken)).await,
            }
        }
    }

    /// Stores until it is stored. A line that the engine refuses for what it says is told to the log.
    async fn store(&mut self, submission: Submission) -> Result<(), String> {
        loop {
            match self.session.doors.engine.submit(submission.clone()).await {
                Ok(Reply::Done | Reply::Ticket(_)) => return Ok(()),
                Ok(other) => {
                    tracing::error!(?other, "recording a call was answered with something else");
                    return Ok(());
                }
                Err(error @ (Error::Refused(_) | Error::Panicked)) => {
                    self.session.doors.engine.shared().metrics.event("realtime", "refused");
                    tracing::error!(%error, "what was said in a call was refused");
                    return Ok(());
                }
                Err(error) => self.again(&error).await?,
            }
        }
    }

    /// Waits before trying again; `Err` when the daemon stops and it was tried long enough.
    async fn again(&mut self, error: &Error) -> Result<(), String> {
        if *self.session.doors.stop.borrow() {
            let last = *self.last.get_or_insert_with(|| Instant::now() + LAST_TRIES);
            if Instant::now() >= last || matches!(error, Error::Stopping) {
                return Err(error.to_string());
            }
        }
        tracing::debug!(%error, "what was said in a call cannot be stored yet; trying again");
        tokio::time::sleep(RETRY).await;
        Ok(())
    }

    /// Gives back what is still set aside. Lines are left only of a call that was refused, or when a stop gave
    /// up on them.
    fn empty(&mut self) {
        let mut lost = 0;
        self.queued.close();
        while let Ok(waiting) = self.queued.try_recv() {
            if let Waiting::Said { bytes, .. } = waiting {
                lost += 1;
                self.release(bytes);
            }
        }
        let unfinished = self.waiting.swap(0, Ordering::Relaxed);
        self.backlog.release(unfinished + OVERHEAD);
        if lost > 0 || unfinished > 0 {
            tracing::error!(events = lost, "what was said in a call could not be stored");
        }
    }

    fn release(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        self.backlog.release(bytes);
    }
}

/// The bytes of a fact that the caller or the service chose.
fn size(fact: &Fact) -> usize {
    let of = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    match fact {
        Fact::Placed { item, .. } => item.len() + OVERHEAD,
        Fact::Said { item, text, .. } => of(item) + text.len(),
        Fact::ToolNamed { item, call_id, name } => of(item) + call_id.len() + name.len(),
        Fact::ToolCalled { item, call_id, name, arguments } => {
            of(item) + of(call_id) + of(name) + arguments.len()
        }
        Fact::ToolAnswered { call_id, output } => call_id.len() + output.len(),
        Fact::Befell { text } => text.len(),
    }
}
