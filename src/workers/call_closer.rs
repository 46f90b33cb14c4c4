//! Ends calls whose relay did not come back within the grace. The engine checks again when it decides, so
//! waking too early or twice does no harm.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::time::Micros;
use crate::engine::Engine;
use crate::engine::command::{Actor, Command, Submission};

/// The longest sleep: a call that breaks meanwhile is looked at after this, or after the grace if shorter.
const MAX_NAP: Duration = Duration::from_millis(500);

pub async fn run(engine: Engine, grace: Duration) {
    let grace = i64::try_from(grace.as_micros()).unwrap_or(i64::MAX);
    loop {
        tokio::time::sleep(MAX_NAP).await;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        for call in engine.shared().open_calls() {
            // A clock that was set back must not keep a call open for ever.
            let over = |at: Micros| now >= at.plus(grace) || now < at;
            if call.detached_at.is_some_and(over) {
                let command = Command::ExpireCall { ticket: call.ticket };
                if let Err(error) = engine.submit(Submission::new(Actor::System, command)).await {
                    tracing::warn!(ticket = call.ticket, %error, "a call could not be ended yet");
                }
            }
        }
    }
}
