//! Tells of SLA clocks that are due. Sleeps until the next one; a commit that may have brought an earlier one,
//! or a wall clock that was set, is seen within a second.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::domain::time::Micros;
use crate::engine::Engine;
use crate::engine::command::{Actor, Command, Reply, Submission};

/// What is due may be told so much later.
const NAP: Duration = Duration::from_secs(1);
/// Between two looks when nothing happens: a wall clock that was set is noticed by then.
const LONGEST: Duration = Duration::from_secs(30);

pub async fn run(engine: Engine) {
    let mut news = engine.shared().news();
    loop {
        news.mark_unchanged();
        let next = match engine.read(|rows| rows.next_sla_timer()) {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "the SLA clocks could not be read");
                None
            }
        };
        let now = engine.shared().now();
        if next.is_some_and(|at| at <= now) && tell(&engine).await {
            continue;
        }
        let wait = next.filter(|at| *at > now).map_or(LONGEST, |at| until(now, at));
        let _ = timeout(wait.min(LONGEST), news.changed()).await;
        // Not more than one look a second, however much happens.
        sleep(NAP.min(wait)).await;
    }
}

fn until(now: Micros, at: Micros) -> Duration {
    Duration::from_micros(u64::try_from(at.0.saturating_sub(now.0)).unwrap_or(0))
}

/// True if something was due, and more may be.
async fn tell(engine: &Engine) -> bool {
    match engine.submit(Submission::new(Actor::System, Command::SlaDue)).await {
        Ok(reply) => matches!(reply, Reply::Swept(1..)),
        Err(error) => {
            tracing::warn!(%error, "SLA clocks could not be told yet");
            false
        }
    }
}
