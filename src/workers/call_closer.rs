//! Ends calls whose relay did not come back within the grace. The engine checks again when it decides, so
//! waking too early or twice does no harm.

use std::time::Duration;

use crate::engine::Engine;
use crate::engine::command::{Actor, Command, Submission};

/// How often the running calls are looked at; so much later than its time a call may end.
const NAP: Duration = Duration::from_millis(500);

pub async fn run(engine: Engine, resume_grace: Duration, idle_end: Duration) {
    let micros = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
    let (grace, idle) = (micros(resume_grace), micros(idle_end));
    loop {
        tokio::time::sleep(NAP).await;
        let now = engine.shared().steady();
        for call in engine.shared().open_calls() {
            if call.is_over(now, grace, idle) {
                let command = Command::ExpireCall { ticket: call.ticket };
                if let Err(error) = engine.submit(Submission::new(Actor::System, command)).await {
                    tracing::warn!(ticket = call.ticket, %error, "a call could not be ended yet");
                }
            }
        }
    }
}
