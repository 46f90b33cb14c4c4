//! What a desk has from the start, as data that its people change: categories, SLA policies.

mod automation;

use std::collections::BTreeMap;

use super::AppError;
use crate::config::Config;
use crate::domain::status::Status;
use crate::engine::automation::AutomationCommand;
use crate::engine::categories::{self, CategoryCommand};
use crate::engine::command::{Actor, Command, Submission};
use crate::engine::index::{AssigneeIs, Filter, Set};
use crate::engine::{self, Engine};

/// Puts what is not there yet. Where the disk is full there is a next start.
pub async fn run(engine: &Engine, config: &Config) -> Result<(), AppError> {
    let (calls, tickets) = (&config.calls, &config.tickets);
    let named =
        categories::configured(&calls.categories, &calls.fallback_category, &tickets.categories);
    let rules = AutomationCommand::Follow(automation::shipped(&config.automation));
    // Of a store in which nobody counted them; nobody else changes them at start.
    let loads = AutomationCommand::CountLoads { loads: loads(engine) };
    for command in [
        Command::Category(CategoryCommand::Follow(named)),
        Command::SeedSla,
        Command::Automation(loads),
        Command::Automation(rules),
    ] {
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

/// The open tickets of each agent, as the index has them.
fn loads(engine: &Engine) -> Vec<(u64, u64)> {
    let mut loads = BTreeMap::new();
    let index = engine.shared().index();
    let agents = engine.shared().people().agents();
    let statuses = Set::statuses(Status::ALL.into_iter().filter(|status| status.is_open()));
    for agent in agents {
        let assignee = Some(AssigneeIs::Agent(agent.id));
        let filter = Filter { statuses, assignee, ..Filter::default() };
        let open = index.lines(&filter).count() as u64;
        if open > 0 {
            loads.insert(agent.id, open);
        }
    }
    loads.into_iter().collect()
}
