//! Rules run: on what the feed tells, and on time (S2.33, S3.19, S4.23, S4.24).
//!
//! What always holds: what a rule looks at is in the rows, so a happening that comes twice runs nothing twice, as the
//! cursor moves in one plan with what was run. A rule of time runs once for each beginning that it waits from; its timer
//! decides nothing, what is due is told from the ticket's watch. What a rule does bears cause and depth, and beyond
//! [`MAX_DEPTH`] nothing runs. A rule that fails changes nothing, and is paused if it can never succeed.

use std::borrow::Cow;

use super::rule_actions;
use crate::domain::condition::{Conditions, Facts};
use crate::domain::entry::{Entry, Kind, Speaker};
use crate::domain::profile::Profile;
use crate::domain::rule::{
    AssignmentRule, KEPT_RUNS, MAX_DEPTH, Paused, Rule, RuleRun, RuleTimer, Trigger, Watch,
};
use crate::domain::ticket::{Metadata, Ticket};
use crate::domain::time::Micros;
use crate::engine::automation::{CURSOR, Happening, REWIND};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::codec::Record;
use crate::store::records::{Count, Cursor};
use crate::store::{Order, Table, View};

/// Tickets that one command looks at, so that a batch stays short.
const MAX_DUE: usize = 100;
/// Entries from the start among which the customer's first words are looked for.
const LOOKED_AT: usize = 20;

/// What makes a rule run.
#[derive(Clone, Copy)]
struct Cause<'a> {
    seq: Option<u64>,
    depth: u8,
    entry: Option<&'a Entry>,
    similar: &'a [u64],
}

/// What rules ask of a ticket, read from its rows.
pub struct Known {
    watch: Watch,
    text: String,
    metadata: Vec<(u32, Metadata)>,
    profile: Profile,
}

impl Known {
    pub fn of(rows: &Rows<'_>, ticket: &Ticket) -> Result<Known, ReadError> {
        let text = match &ticket.description {
            Some(text) => text.clone(),
            None => first_words(rows, ticket)?,
        };
        Known::about(rows, ticket, text)
    }

    /// The same where `text` is what is asked about.
    fn about(rows: &Rows<'_>, ticket: &Ticket, text: String) -> Result<Known, ReadError> {
        Ok(Known {
            watch: rows.watch(ticket)?,
            text,
            metadata: rows.metadata(ticket)?,
            profile: rows.profile_of(ticket)?,
        })
    }

    pub fn facts<'a>(
        &'a self,
        ticket: &'a Ticket,
        speaker: Option<Speaker>,
        similar: &'a [u64],
    ) -> Facts<'a> {
        let Known { watch, text, metadata, profile } = self;
        Facts { ticket, watch, text, metadata, profile, speaker, similar }
    }
}

fn first_words(rows: &Rows<'_>, ticket: &Ticket) -> Result<String, ReadError> {
    let customer = |entry: &Entry| entry.speaker == Speaker::User && entry.kind == Kind::Message;
    let page = rows.page_of(ticket, 0, (1, LOOKED_AT, usize::MAX), customer)?;
    let first = page.and_then(|page| page.entries.into_iter().next());
    Ok(first.map(|(_, entry)| entry.body).unwrap_or_default())
}

impl Rows<'_> {
    /// What rules know of a ticket; of one that was never watched, what it shows itself.
    pub fn watch(&self, ticket: &Ticket) -> Result<Watch, ReadError> {
        if let Some(watch) = self.get::<Watch>(&key::number(ticket.number))? {
            return Ok(watch);
        }
        let status_since = self.status_history(ticket)?.last().map(|change| change.at);
        Ok(Watch { status_since, ..Watch::of(ticket) })
    }

    /// The next moment at which rules of time are to be looked at.
    pub fn next_rule_timer(&self) -> Result<Option<Micros>, ReadError> {
        let rows = self.view.scan(RuleTimer::TABLE, &[], None, Order::Ascending, 1)?;
        let at = rows.first().and_then(|(row_key, _)| key::numbers(row_key));
        Ok(at.map(|(at, _)| Micros(i64::try_from(at).unwrap_or(i64::MAX))))
    }
}

/// The first rule of assignment that is for this ticket.
pub fn first_fitting<'r>(
    draft: &Draft<'_>,
    ticket: &Ticket,
    rules: &'r [AssignmentRule],
) -> Result<Option<&'r AssignmentRule>, Refusal> {
    if rules.is_empty() {
        return Ok(None);
    }
    let known = Known::of(&draft.rows(), ticket)?;
    let facts = known.facts(ticket, None, &[]);
    Ok(rules.iter().find(|rule| rule.conditions.fit(&facts)))
}

/// Runs the rules that wait for what happened.
pub fn react(draft: &mut Draft<'_>, upto: u64, happenings: &[Happening]) -> Result<Reply, Refusal> {
    if draft.get::<Cursor>(CURSOR.as_bytes())?.is_some_and(|Cursor(seq)| seq >= upto) {
        return Ok(Reply::Done);
    }
    let mut rules = running(draft)?;
    for happening in happenings {
        happened(draft, &mut rules, happening)?;
    }
    draft.put(CURSOR.as_bytes(), &Cursor(upto));
    Ok(Reply::Done)
}

fn running(draft: &Draft<'_>) -> Result<Vec<Rule>, ReadError> {
    let mut rules = draft.rows().rules()?;
    rules.retain(Rule::runs);
    Ok(rules)
}

fn happened(
    draft: &mut Draft<'_>,
    rules: &mut Vec<Rule>,
    happening: &Happening,
) -> Result<(), Refusal> {
    let number = happening.ticket;
    let Some(ticket) = draft.rows().ticket(number)?.filter(Ticket::is_live) else {
        return Ok(forget(draft, number)?);
    };
    let entry = happening.entry.map(|no| draft.get::<Entry>(&key::number(no))).transpose()?;
    let entry = entry.flatten();
    let row = key::number(number);
    let before = draft.get::<Watch>(&row)?;
    let mut watch = draft.rows().watch(&ticket)?;
    observe(&mut watch, happening, entry.as_ref(), &ticket);
    if before.as_ref() != Some(&watch) {
        draft.put(&row, &watch);
    }
    let mut ran = false;
    if happening.depth < MAX_DEPTH {
        let entry = entry.as_ref();
        let (seq, similar) = (Some(happening.seq), &happening.similar[..]);
        let cause = Cause { seq, depth: happening.depth, entry, similar };
        let name = happening.kind.name();
        let waiting = rules.iter().filter(|rule| {
            matches!(&rule.body.trigger, Trigger::Events(names) if names.iter().any(|n| n == name))
        });
        ran = run_in_turn(draft, waiting, &ticket, cause)?;
        if ran {
            rules.retain(|rule| !draft.has_paused(rule.id));
        }
    }
    if ran {
        return Ok(wind(draft, number, rules)?);
    }
    Ok(wind_watched(draft, &ticket, watch, rules)?)
}

/// What of a happening rules have to remember.
fn observe(watch: &mut Watch, happening: &Happening, entry: Option<&Entry>, ticket: &Ticket) {
    let at = happening.at;
    let unclaimed = || ticket.assignee.is_none().then_some(at);
    match happening.kind {
        EventKind::MessageAdded => match entry {
            Some(entry) if entry.kind != Kind::Message => {}
            Some(Entry { speaker: Speaker::User, received_at, .. }) => {
                watch.unanswered.get_or_insert(*received_at);
                watch.customer_messages += 1;
                watch.spoken = Some(*received_at);
            }
            Some(Entry { speaker: Speaker::Agent, received_at, .. }) => {
                (watch.unanswered, watch.customer_messages) = (None, 0);
                watch.spoken = Some(*received_at);
            }
            _ => {}
        },
        EventKind::TicketAssigned => watch.unclaimed = None,
        EventKind::TicketUnassigned | EventKind::CallEnded => watch.unclaimed = unclaimed(),
        EventKind::TicketStatusChanged => watch.status_since = Some(at),
        EventKind::TicketReopened => {
            (watch.status_since, watch.unclaimed) = (Some(at), unclaimed());
        }
        EventKind::TicketResolved | EventKind::TicketClosed => {
            (watch.status_since, watch.unclaimed) = (Some(at), None);
            (watch.unanswered, watch.customer_messages) = (None, 0);
        }
        _ => {}
    }
}

/// Runs those of the rules whose conditions hold, until one says that it is enough; true if any ran.
fn run_in_turn<'r>(
    draft: &mut Draft<'_>,
    rules: impl Iterator<Item = &'r Rule>,
    ticket: &Ticket,
    cause: Cause<'_>,
) -> Result<bool, Refusal> {
    let number = ticket.number;
    let message = cause.entry.filter(|entry| entry.kind == Kind::Message);
    let read = |draft: &Draft<'_>, ticket: &Ticket| match message {
        Some(entry) => Known::about(&draft.rows(), ticket, entry.body.clone()),
        None => Known::of(&draft.rows(), ticket),
    };
    let mut ran = false;
    // As the rules before have left it; read when it is asked for.
    let mut state: Option<(Cow<'_, Ticket>, Known)> = None;
    for rule in rules {
        let (ticket, known) = match &state {
            Some(state) => state,
            None => {
                let ticket = if ran {
                    let left = draft.rows().ticket(number)?.filter(Ticket::is_live);
                    let Some(left) = left else { break };
                    Cow::Owned(left)
                } else {
                    Cow::Borrowed(ticket)
                };
                let known = read(draft, &ticket)?;
                state.insert((ticket, known))
            }
        };
        let speaker = cause.entry.map(|entry| entry.speaker);
        let facts = known.facts(ticket, speaker, cause.similar);
        if !rule.body.conditions.fit(&facts) {
            continue;
        }
        let words = rule_actions::Words {
            rule: &rule.name,
            similar: cause.similar,
            customer_messages: known.watch.customer_messages,
        };
        run(draft, rule, number, cause, &words)?;
        (ran, state) = (true, None);
        if rule.body.stop {
            break;
        }
    }
    Ok(ran)
}

fn run(
    draft: &mut Draft<'_>,
    rule: &Rule,
    number: u64,
    cause: Cause<'_>,
    words: &rule_actions::Words<'_>,
) -> Result<(), Refusal> {
    draft.caused(cause.seq, cause.depth + 1);
    let done = draft.attempt(|draft| rule_actions::carry_out(draft, rule, number, words));
    draft.caused(None, 0);
    draft.because(None);
    let failed = match done {
        Ok(()) => None,
        Err(error @ (Refusal::Store(_) | Refusal::Overloaded(_))) => return Err(error),
        // Not now, and not on this ticket; on another it may do.
        Err(Refusal::Conflict(why)) => Some(why),
        Err(error) => {
            let why = error.to_string();
            draft.notice(format!("[RULE] {} “{}” is paused: {why}", rule.id, rule.name).into());
            let paused = Some(Paused { at: draft.ctx.now, why: why.clone() });
            draft.put(&key::number(rule.id), &Rule { paused, ..rule.clone() });
            Some(why)
        }
    };
    let no = draft.next(&runs_of(rule.id), 1)?;
    let (at, cause, depth) = (draft.ctx.now, cause.seq, cause.depth + 1);
    draft.put(&key::pair(rule.id, no), &RuleRun { ticket: number, at, cause, depth, failed });
    if let Some(old) = no.checked_sub(KEPT_RUNS) {
        draft.delete(RuleRun::TABLE, &key::pair(rule.id, old));
    }
    Ok(())
}

/// The count of a rule's runs.
pub fn runs_of(rule: u64) -> String {
    format!("rule.runs:{rule}")
}

/// Sets the timer of a ticket to the next moment at which a rule of time may run.
fn wind(draft: &mut Draft<'_>, number: u64, rules: &[Rule]) -> Result<(), ReadError> {
    let Some(ticket) = draft.rows().ticket(number)?.filter(Ticket::is_live) else {
        return forget(draft, number);
    };
    let watch = draft.rows().watch(&ticket)?;
    wind_watched(draft, &ticket, watch, rules)
}

/// The same of a ticket whose rows are known.
fn wind_watched(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    mut watch: Watch,
    rules: &[Rule],
) -> Result<(), ReadError> {
    let number = ticket.number;
    let row = key::number(number);
    let before = draft.get::<Watch>(&row)?;
    let (mut next, mut current) = (None::<Micros>, Vec::new());
    for rule in rules {
        let Trigger::After { since, seconds } = rule.body.trigger else { continue };
        let Some(from) = watch.since(since, ticket) else { continue };
        current.push((rule.id, from));
        let due = watch.due(rule.id, (since, seconds), ticket);
        next = [next, due].into_iter().flatten().min();
    }
    watch.fired.retain(|fired| current.contains(fired));
    // A moment before 1970 is past as well.
    let next = next.map(|at| at.max(Micros(0)));
    if watch.wakes_at != next {
        if let Some(old) = watch.wakes_at {
            draft.delete(RuleTimer::TABLE, &key::timer(old, number));
        }
        if let Some(at) = next {
            draft.put(&key::timer(at, number), &RuleTimer {});
        }
        watch.wakes_at = next;
    }
    if before.as_ref() != Some(&watch) && (before.is_some() || next.is_some()) {
        draft.put(&row, &watch);
    }
    Ok(())
}

/// Of a ticket that is gone, deleted, or part of another.
pub(in crate::engine) fn forget(draft: &mut Draft<'_>, number: u64) -> Result<(), ReadError> {
    let row = key::number(number);
    if let Some(watch) = draft.get::<Watch>(&row)? {
        if let Some(at) = watch.wakes_at {
            draft.delete(RuleTimer::TABLE, &key::timer(at, number));
        }
        draft.delete(Watch::TABLE, &row);
    }
    Ok(())
}

/// Runs the rules of time that are due by now; gives the number of tickets that were looked at.
pub fn due(draft: &mut Draft<'_>) -> Result<Reply, Refusal> {
    if !draft.ctx.trusted {
        return Ok(Reply::Swept(0));
    }
    let now = draft.ctx.now;
    let end = key::timer(now.plus(1), 0);
    let rows = View::scan(draft, RuleTimer::TABLE, &[], Some(&end), Order::Ascending, MAX_DUE)
        .map_err(ReadError::from)?;
    let mut rules = running(draft)?;
    let dealt = rows.len();
    for (row_key, _) in rows {
        draft.delete(RuleTimer::TABLE, &row_key);
        let Some((_, number)) = key::numbers(&row_key) else { continue };
        let Some(ticket) = draft.rows().ticket(number)?.filter(Ticket::is_live) else {
            forget(draft, number)?;
            continue;
        };
        let mut watch = draft.rows().watch(&ticket)?;
        watch.wakes_at = None;
        let mut ripe = Vec::new();
        for rule in &rules {
            let Trigger::After { since, seconds } = rule.body.trigger else { continue };
            if watch.due(rule.id, (since, seconds), &ticket).is_some_and(|at| at <= now)
                && let Some(from) = watch.since(since, &ticket)
            {
                watch.fired.push((rule.id, from));
                ripe.push(rule.clone());
            }
        }
        draft.put(&key::number(number), &watch);
        let cause = Cause { seq: None, depth: 0, entry: None, similar: &[] };
        if run_in_turn(draft, ripe.iter(), &ticket, cause)? {
            rules.retain(|rule| !draft.has_paused(rule.id));
        }
        wind(draft, number, &rules)?;
    }
    Ok(Reply::Swept(dealt))
}

/// Sets timers anew, as rules have changed.
pub fn rewind(draft: &mut Draft<'_>, tickets: &[u64], next: Option<u64>) -> Result<Reply, Refusal> {
    let rules = running(draft)?;
    for number in tickets {
        wind(draft, *number, &rules)?;
    }
    match next {
        Some(next) => draft.put(REWIND.as_bytes(), &Count(next)),
        None => draft.delete(Table::Counts, REWIND.as_bytes()),
    }
    Ok(Reply::Swept(tickets.len()))
}

/// Whether conditions hold of a ticket as it is, apart from what only a happening tells.
pub fn holds(rows: &Rows<'_>, ticket: &Ticket, conditions: &Conditions) -> Result<bool, ReadError> {
    let known = Known::of(rows, ticket)?;
    // A rule about what a customer writes is tried as if they had just written.
    Ok(conditions.fit(&known.facts(ticket, Some(Speaker::User), &[])))
}
