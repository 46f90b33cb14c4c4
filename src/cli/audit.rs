//! `frontdesk audit`: who did what, as lines for people or as JSON lines to keep elsewhere.

use std::io::Write;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;

use super::ask::ask;
use super::{Failure, Shared};
use crate::admin::{Answer, Line, Request, Wanted};
use crate::config::{self, Config};

#[derive(Args)]
pub struct Command {
    /// Only this kind of actor (person, token, customer, rule, system, unknown), or one: person:3, token:bridge
    #[arg(long)]
    actor: Option<String>,
    /// Only this action (ticket.claim), or all that begin so (ticket)
    #[arg(long)]
    action: Option<String>,
    /// Only what was done to the ticket of this number
    #[arg(long, value_name = "NUMBER")]
    ticket: Option<u64>,
    /// Only what came from this address
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Only what happened within this span, as 24h or 7d
    #[arg(long, value_name = "SPAN", value_parser = config::parse_duration)]
    since: Option<Duration>,
    /// At most so many rows
    #[arg(long, value_name = "ROWS", default_value_t = 100)]
    limit: usize,
    /// All rows, however many
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since = command.since.map(|span| now.saturating_sub(span).as_micros());
    let wanted = Wanted::new(
        command.actor.clone(),
        command.action.clone(),
        (command.ticket, command.address),
        since.map(|micros| i64::try_from(micros).unwrap_or(i64::MAX)),
    );
    let limit = (!command.all).then_some(command.limit);
    ask(&config, Request::Audit { wanted, limit }, |answer| {
        if let Answer::Audited(line) = answer {
            if command.json {
                let text = serde_json::to_string(&line).map_err(Failure::failed)?;
                writeln!(out, "{text}")?;
            } else {
                tell(&line, out)?;
            }
        }
        Ok(())
    })
}

/// Row, time, outcome, action, subject, actor, door, address.
fn tell(line: &Line, out: &mut dyn Write) -> std::io::Result<()> {
    let dash = || "-".to_owned();
    let subject = line.subject.as_ref().map_or_else(dash, |s| format!("{}:{}", s.kind, s.id));
    let actor = [Some(&line.actor.kind), line.actor.id.as_ref(), line.actor.name.as_ref()];
    let actor = actor.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(":");
    let address = line.address.map_or_else(dash, |address| address.to_string());
    let (outcome, times) = (line.outcome.as_str(), line.count);
    let times = if times > 1 { format!(" x{times}") } else { String::new() };
    let (seq, at, action, door) = (line.seq, line.at, &line.action, &line.door);
    writeln!(out, "{seq}\t{at}\t{outcome}{times}\t{action}\t{subject}\t{actor}\t{door}\t{address}")
}
