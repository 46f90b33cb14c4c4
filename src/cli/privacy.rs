//! `frontdesk privacy`: what is erased at somebody's wish, and what the rules of retention want gone.

use std::io::Write;

use clap::Subcommand;

use super::ask::ask;
use super::{Failure, Shared};
use crate::admin::privacy::{Report, Request};
use crate::admin::{self, Answer};
use crate::config::Config;

#[derive(Subcommand)]
pub enum Command {
    /// Erase a person for good: their words and addresses; their tickets stay, hollow, so that counts stay right
    Erase {
        /// A contact's id, a phone number, an e-mail address or a chat address
        #[arg(long, value_name = "WHO")]
        contact: String,
        /// Write the store anew at once, if that is needed, and not in the next maintenance window
        #[arg(long)]
        now: bool,
    },
    /// Say which closed tickets privacy.retention wants gone
    Retention {
        /// Only say it; this is what happens without --delete too
        #[arg(long, conflicts_with = "delete")]
        dry_run: bool,
        /// Delete them now; the daemon does it by itself, some every minute
        #[arg(long)]
        delete: bool,
    },
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    let request = match command {
        Command::Erase { contact, now } => Request::Erase { who: contact.clone(), now: *now },
        Command::Retention { delete, .. } => Request::Retention { delete: *delete },
    };
    let mut due = 0;
    ask(&config, admin::Request::Privacy(request), |answer| {
        let Answer::Privacy(report) = answer else { return Ok(()) };
        match report {
            Report::Erased { tickets, rewrite_owed, encrypted, keys_left } => {
                writeln!(out, "erased; {tickets} tickets stay without their words")?;
                if keys_left {
                    writeln!(
                        out,
                        "their keys could not be destroyed yet; that is tried again every minute"
                    )?;
                } else if encrypted {
                    writeln!(
                        out,
                        "their keys are destroyed; the next backup takes them from where backups lie, too"
                    )?;
                }
                if rewrite_owed {
                    writeln!(out, "{}", owed(&config))?;
                }
                if !encrypted {
                    writeln!(
                        out,
                        "backups made before hold their words; remove them when their time is over"
                    )?;
                }
            }
            Report::Due { channel, category, tickets, oldest } => {
                let category = category.as_deref().unwrap_or("without category");
                writeln!(out, "{channel}, {category}: {tickets} tickets, from #{oldest} on")?;
                due += tickets;
            }
            Report::Deleted { tickets } => writeln!(out, "deleted: {tickets} tickets")?,
            Report::Rewritten { .. } | Report::Rotated => {}
        }
        Ok(())
    })?;
    if due == 0 && matches!(command, Command::Retention { .. }) {
        writeln!(out, "nothing is due")?;
    }
    Ok(())
}

/// When what was erased will be nowhere in the files any more.
fn owed(config: &Config) -> String {
    let until = "their words are in no answer any more, but may still lie in the files until the store is written anew:";
    match config.maintenance.window {
        Some(_) => format!(
            "{until} in the next maintenance window (maintenance.window), or at once with `frontdesk compact`"
        ),
        None => format!("{until} no maintenance window is set, so run `frontdesk compact`"),
    }
}
