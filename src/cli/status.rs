//! `frontdesk status`: how the running daemon is, in words or as JSON.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::size::{bytes, span};
use super::{Failure, Shared};
use crate::admin;
use crate::admin::{
    BridgeStatus, ClockStatus, DoorStatus, LastBackup, SourceStatus, Status, StoreStatus,
};
use crate::config::Config;

#[derive(Args)]
pub struct Command {
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    let dir = config.data_dir.display();
    let status = admin::status(&config.data_dir)
        .map_err(|error| Failure::failed(format!("{dir}/{}: {error}", admin::SOCKET)))?;
    let backup = LastBackup::read(&config.data_dir);
    if command.json {
        let mut told = as_json(status.as_ref());
        told["last_backup"] = json!(backup);
        writeln!(out, "{told:#}")?;
    } else if let Some(status) = &status {
        tell(status, out)?;
        let backup = backup.map_or("none was ever made".to_owned(), |last| {
            format!("{} ago, {}, {}", span(last.age()), bytes(last.bytes), last.to)
        });
        writeln!(out, "{:<11} {backup}", "backup")?;
    }
    match status {
        None => Err(Failure::usage(format!("no daemon runs on {dir}"))),
        Some(Status { ready: false, reason, .. }) => {
            Err(Failure::failed(format!("not ready: {}", reason.unwrap_or_default())))
        }
        Some(_) => Ok(()),
    }
}

/// `{"running": …}` and, of a daemon that runs, everything that it says of itself.
pub fn as_json(status: Option<&Status>) -> Value {
    let mut told = status.map_or_else(|| json!({}), |status| json!(status));
    told["running"] = status.is_some().into();
    told
}

fn tell(status: &Status, out: &mut dyn Write) -> std::io::Result<()> {
    let mut line = |name: &str, text: String| writeln!(out, "{name:<11} {text}");
    line("frontdesk", format!("{}, up for {}", status.version, span(status.uptime)))?;
    match &status.reason {
        None => line("ready", "yes".to_owned())?,
        Some(reason) => line("ready", format!("no: {reason}"))?,
    }
    match &status.store {
        Some(store) => tell_store(store, &mut line)?,
        None => line("store", "the writer does not answer".to_owned())?,
    }
    let total: u64 = status.tickets.values().sum();
    let some = status.tickets.iter().filter(|(_, count)| **count > 0);
    let by_status: Vec<String> = some.map(|(name, count)| format!("{count} {name}")).collect();
    let of_which = if total == 0 { String::new() } else { format!(": {}", by_status.join(", ")) };
    line("tickets", format!("{total}{of_which}"))?;
    line("calls", format!("{} open", status.open_calls))?;
    line("queue", format!("{} commands wait for the writer", status.queue))?;
    line("connections", status.connections.to_string())?;
    for (name, door) in &status.doors {
        line("door", format!("{name}: {}", tell_door(door)))?;
    }
    if status.doors.is_empty() {
        line("doors", "nothing came in since the start".to_owned())?;
    }
    for (instance, bridge) in &status.bridges {
        line("bridge", format!("{instance}: {}", tell_bridge(bridge)))?;
    }
    for (name, source) in &status.sources {
        line("source", format!("{name}: {}", tell_source(source)))?;
    }
    if let Some(device) = status.wear.device {
        line("device", format!("{} written to it since boot, by everybody", bytes(device)))?;
    }
    if let Some(clock) = &status.clock {
        line("clock", tell_clock(clock))?;
    }
    if let Some(audit) = &status.audit {
        line("audit", format!("{} rows, head {}", audit.rows, audit.head))?;
    }
    if let Some(memory) = status.memory {
        line("memory", bytes(memory))?;
    }
    Ok(())
}

fn tell_store(
    store: &StoreStatus,
    line: &mut impl FnMut(&str, String) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let free = store.free_space.map_or("unknown".to_owned(), bytes);
    let (size, reserve) = (bytes(store.size), bytes(store.reserve));
    line("store", format!("format {}, {size}; {free} free, reserve {reserve}", store.format))?;
    if let (Some(free), Some(needed)) = (store.free_space, store.needed)
        && free < needed
    {
        line("disk", format!("FULL: {} must be free for new events to be taken", bytes(needed)))?;
    }
    let journal = &store.journal;
    line(
        "journal",
        format!(
            "event {}, batch {}; {} in {} segments, events from {} on",
            journal.event,
            journal.batch,
            bytes(journal.size),
            journal.segments,
            journal.oldest_event
        ),
    )?;
    let ago = store.last_checkpoint.map(|ago| format!("{} ago", span(ago)));
    line(
        "checkpoint",
        format!(
            "{}, {} since the start; {} events since it",
            ago.as_deref().unwrap_or("none yet"),
            store.checkpoints,
            journal.to_replay
        ),
    )?;
    let written = &store.written;
    let (journal, zeros) = (bytes(written.journal), bytes(written.zeros));
    let stored = bytes(written.store);
    line("written", format!("{journal} journal, {zeros} of it zeros ahead; {stored} store"))?;
    if store.replayed > 0 {
        let text = format!("the last stop was none: {} batches were replayed", store.replayed);
        line("recovered", text)?;
    }
    if store.reopened > 0 {
        line("recovered", format!("the store was reopened {} times", store.reopened))?;
    }
    Ok(())
}

fn tell_clock(clock: &ClockStatus) -> String {
    let trusted = match (clock.trusted, clock.synchronized) {
        (_, true) => "set by a time server",
        (true, false) => "trusted",
        (false, false) => {
            "not trusted until a time server has set it or it has gone evenly for a day"
        }
    };
    match &clock.last_jump {
        None => trusted.to_owned(),
        Some(jump) => format!(
            "{trusted}; jumped {} times, last from {} to {}",
            clock.jumps, jump.from, jump.to
        ),
    }
}

fn tell_bridge(bridge: &BridgeStatus) -> String {
    let waiting = match bridge.oldest {
        Some(oldest) => format!("{} wait, the oldest for {}", bridge.waiting, span(oldest)),
        None => "nothing waits".to_owned(),
    };
    let counts = format!("{} sent, {} failed since the start", bridge.sent, bridge.failed);
    match (&bridge.failing, bridge.failing_for) {
        (Some(error), Some(since)) => {
            format!("FAILING for {}: {error}; {waiting}; {counts}", span(since))
        }
        _ => format!("{waiting}; {counts}"),
    }
}

fn tell_source(source: &SourceStatus) -> String {
    let last = match source.last_event {
        Some(ago) => format!("{} taken since the start, the last {} ago", source.events, span(ago)),
        None => "nothing came since the start".to_owned(),
    };
    match (&source.error, source.connected) {
        (_, true) => format!("{}, connected; {last}", source.kind),
        (Some(error), false) => format!("{}, NOT CONNECTED: {error}; {last}", source.kind),
        (None, false) => format!("{}, not connected yet; {last}", source.kind),
    }
}

fn tell_door(door: &DoorStatus) -> String {
    let outcomes: Vec<String> =
        door.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    format!("{}; last event {} ago", outcomes.join(", "), span(door.last_event))
}
