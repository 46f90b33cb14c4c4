//! What is due, dealt with in the order of its time and by the piece. After hours without power that may be a ticket of
//! every customer: intake then waits for one piece at most, and the log tells how far it has come.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, Reply, Submission};
use crate::engine::rows::{ReadError, Rows};
use crate::engine::timers::{AT_ONCE, Timer};
use crate::engine::{self, Engine};

/// Timers read at once.
const READ_AHEAD: usize = 5_000;
/// How often the log tells of a long work.
const TELL: Duration = Duration::from_secs(5);

/// Reads timers that are due by a moment, at most so many.
type Read = fn(&Rows<'_>, Micros, usize) -> Result<Vec<Timer>, ReadError>;

/// The timers of one table.
pub struct Due {
    /// What they are, for the log.
    what: &'static str,
    read: Read,
    /// What asks for it to be done.
    command: fn(Vec<Timer>) -> Command,
    ahead: VecDeque<Timer>,
    done: usize,
    /// When this stretch of work began or was told of.
    told: Option<Instant>,
    is_long: bool,
}

impl Due {
    pub fn new(what: &'static str, read: Read, command: fn(Vec<Timer>) -> Command) -> Due {
        let ahead = VecDeque::new();
        Due { what, read, command, ahead, done: 0, told: None, is_long: false }
    }

    /// Deals with the earliest of those that are due; false when there is nothing to do for now.
    pub async fn step(&mut self, engine: &Engine) -> Result<bool, engine::Error> {
        if self.ahead.is_empty() {
            let now = engine.shared().now();
            self.ahead = engine.read(|rows| (self.read)(&rows, now, READ_AHEAD))?.into();
        }
        let next: Vec<Timer> = self.ahead.iter().copied().take(AT_ONCE).collect();
        let Some((upto, _)) = next.last().copied() else {
            self.end();
            return Ok(false);
        };
        let many = next.len();
        let told = *self.told.get_or_insert_with(Instant::now);
        let reply = engine.submit(Submission::new(Actor::System, (self.command)(next))).await?;
        let Reply::Swept(dealt @ 1..) = reply else {
            // The clock is not believed, or others were faster: what is due is read again next time.
            self.ahead.clear();
            self.end();
            return Ok(false);
        };
        self.ahead.drain(..many);
        self.done += dealt;
        if told.elapsed() >= TELL {
            let (what, done) = (self.what, self.done);
            tracing::info!(what, done, %upto, "what fell due is being dealt with");
            (self.told, self.is_long) = (Some(Instant::now()), true);
        }
        Ok(true)
    }

    /// Nothing is left for now.
    fn end(&mut self) {
        if self.is_long {
            tracing::info!(what = self.what, done = self.done, "all that fell due is dealt with");
        }
        (self.done, self.told, self.is_long) = (0, None, false);
    }
}
