//! What a desk has from the start, as data that its people change: categories, SLA policies.

use super::AppError;
use crate::config::Config;
use crate::engine::categories::{self, CategoryCommand};
use crate::engine::command::{Actor, Command, Submission};
use crate::engine::{self, Engine};

/// Puts what is not there yet. Where the disk is full there is a next start.
pub async fn run(engine: &Engine, config: &Config) -> Result<(), AppError> {
    let (calls, tickets) = (&config.calls, &config.tickets);
    let named =
        categories::configured(&calls.categories, &calls.fallback_category, &tickets.categories);
    for command in [Command::Category(CategoryCommand::Follow(named)), Command::SeedSla] {
        match engine.submit(Submission::new(Actor::System, command)).await {
            Ok(_) => {}
            Err(error @ (engine::Error::NoSpace(_) | engine::Error::Unavailable(_))) => {
                tracing::warn!(%error, "what ships with the desk could not be stored yet");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
