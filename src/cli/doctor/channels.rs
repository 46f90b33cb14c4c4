//! The doors: may anybody come in, and does anything come.

use super::{Finding, Patient};
use crate::admin::Status;
use crate::cli::size::span;

const CHECK: &str = "channels";

pub fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let certificates = Finding::ok("certificates", "none are configured");
    let Some(status) = patient.status() else { return vec![certificates] };
    let mut findings = Vec::new();
    let tokens = |scope: &str| status.tokens.get(scope).copied().unwrap_or(0);
    if tokens("ingest") == 0 {
        findings.push(Finding::warning(
            CHECK,
            "no token lets a relay or a bridge in",
            "frontdesk token create --name relay --scope ingest",
        ));
    }
    if tokens("agent") == 0 {
        findings.push(Finding::warning(
            CHECK,
            "no token lets an agent work the queue",
            "frontdesk token create --name NAME --scope agent",
        ));
    }
    for (name, door) in &status.doors {
        let refused: u64 =
            ["refused", "malformed"].iter().filter_map(|o| door.outcomes.get(*o)).sum();
        let all: u64 = door.outcomes.values().sum();
        let last = span(door.last_event);
        let seen = format!("{name}: {all} events since the start, the last {last} ago");
        findings.push(if refused > 0 {
            let seen = format!("{seen}; {refused} of them could not be taken");
            Finding::warning(
                CHECK,
                seen,
                "look into journalctl -u frontdesk for what was wrong with them",
            )
        } else {
            Finding::ok(CHECK, seen)
        });
    }
    if status.doors.is_empty() {
        let seen = format!("nothing came in since the start, {} ago", span(status.uptime));
        findings.push(Finding::ok(CHECK, seen));
    }
    findings.extend(bridges(status));
    findings.extend(sources(status));
    findings.push(certificates);
    findings
}

/// What the daemon fetches from by itself, the mailbox among it.
fn sources(status: &Status) -> Option<Finding> {
    let down: Vec<_> = status.sources.iter().filter(|(_, source)| !source.connected).collect();
    let all = status.sources.len();
    if all == 0 {
        return None;
    }
    if down.is_empty() {
        let taken: u64 = status.sources.values().map(|source| source.events).sum();
        return Some(Finding::ok(
            CHECK,
            format!("{all} sources are connected, {taken} events taken"),
        ));
    }
    let seen = format!("{} of {all} sources are not connected", down.len());
    let advice = "see that the other end runs, that this box reaches it, and that user, password and certificate are right";
    let details = down.iter().map(|(name, source)| {
        format!("{name}: {}", source.error.as_deref().unwrap_or("not connected yet"))
    });
    Some(Finding::warning(CHECK, seen, advice).with(details))
}

/// The ways out: does what agents write reach anybody.
fn bridges(status: &Status) -> Option<Finding> {
    let waiting: u64 = status.bridges.values().map(|bridge| bridge.waiting).sum();
    let failing: Vec<_> = status.bridges.iter().filter(|(_, b)| b.failing.is_some()).collect();
    let seen = status.bridges.len();
    if seen == 0 {
        return None;
    }
    if failing.is_empty() {
        let sent: u64 = status.bridges.values().map(|bridge| bridge.sent).sum();
        let seen = format!("{seen} bridges for replies: {sent} sent, {waiting} wait");
        return Some(Finding::ok(CHECK, seen));
    }
    let longest = failing.iter().filter_map(|(_, bridge)| bridge.failing_for).max();
    let seen = format!(
        "{} of {seen} bridges cannot be given replies, since {} ago; {waiting} wait",
        failing.len(),
        span(longest.unwrap_or_default())
    );
    let advice = "see that the bridge runs, is linked to its phone, and is reached from this box";
    let details = failing.iter().map(|(instance, bridge)| {
        format!("{instance}: {}", bridge.failing.as_deref().unwrap_or_default())
    });
    Some(Finding::warning(CHECK, seen, advice).with(details))
}
