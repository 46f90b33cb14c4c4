//! Tells of SLA clocks that are due. Once a second it looks at the first row of the due-time table, never at
//! tickets: so a wall clock that was set is noticed like a clock that was wound, and no wake-up can be lost.

use std::time::Duration;

use crate::engine::Engine;
use crate::engine::command::{Actor, Command, Reply, Submission};

/// What is due may be told so much later.
const NAP: Duration = Duration::from_secs(1);

pub async fn run(engine: Engine) {
    loop {
        match engine.read(|rows| rows.next_sla_timer()) {
            Ok(Some(at)) if at <= engine.shared().now() => while tell(&engine).await {},
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the SLA clocks could not be read"),
        }
        tokio::time::sleep(NAP).await;
    }
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
