//! `frontdesk export`: calls as files for other ticket systems (S0.44).

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;

use super::ask::ask;
use super::{Failure, Shared};
use crate::admin::{Answer, Request};
use crate::config::{self, Config};

#[derive(Args)]
pub struct Command {
    /// Only calls of this status: open, in_progress, resolved or closed
    #[arg(long, value_parser = ["open", "in_progress", "resolved", "closed"])]
    status: Option<String>,
    /// Only calls that ended (while open: began) within this span, as 24h or 7d
    #[arg(long, value_name = "SPAN", value_parser = config::parse_duration)]
    since: Option<Duration>,
    /// Directory for the files, one `ticket_<id>.json` a call; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    let at = |path: &PathBuf, e| Failure::failed(format!("{}: {e}", path.display()));
    fs::create_dir_all(&command.out).map_err(|e| at(&command.out, e))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = command.since.map(|span| now.saturating_sub(span).as_micros());
    let since = since.map(|s| i64::try_from(s).unwrap_or(i64::MAX));
    let mut count = 0_u64;
    ask(&config, Request::Export { status: command.status.clone(), since }, |answer| {
        if let Answer::Exported { ticket_id, document } = answer {
            let path = command.out.join(format!("ticket_{ticket_id}.json"));
            fs::write(&path, document + "\n").map_err(|e| at(&path, e))?;
            count += 1;
        }
        Ok(())
    })?;
    writeln!(out, "calls exported to {}: {count}", command.out.display())?;
    Ok(())
}
