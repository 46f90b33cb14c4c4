//! Tells of SLA clocks that are due. Once a second it looks at the first rows of the due-time table, never at
//! tickets: so a wall clock that was set is noticed like a clock that was wound, and no wake-up can be lost.

use std::time::Duration;

use super::due::Due;
use crate::domain::sla_policy::SlaTimer;
use crate::engine::command::Command;
use crate::engine::{self, Engine};

/// What is due may be told so much later.
const NAP: Duration = Duration::from_secs(1);

pub async fn run(engine: Engine) {
    let mut due = Due::new(
        "SLA clocks",
        |rows, by, most| rows.timers_due::<SlaTimer>(by, most),
        |timers| Command::SlaDue { timers },
    );
    loop {
        match due.step(&engine).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(engine::Error::Stopping) => return,
            Err(error) => tracing::warn!(%error, "SLA clocks could not be told yet"),
        }
        tokio::time::sleep(NAP).await;
    }
}
