//! Rules run: on what the feed tells, and on time (S2.33, S3.19, S4.23, S4.24).
//!
//! What always holds: what a rule looks at is in the rows, so a happening that comes twice runs nothing twice, as the
//! cursor moves in one plan with what was run. A rule of time runs once for each beginning that it waits from; its timer
//! decides nothing, what is due is told from the ticket's watch. What a rule does bears cause and depth, and beyond
//! [`MAX_DEPTH`] nothing runs. A rule that fails changes nothing, and is paused if it can never succeed.

use std::borrow::Cow;

use super::{redate, rule_actions};
use crate::domain::condition::{Conditions, Facts, Needs};
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
use crate::engine::timers::{AT_ONCE, Timer};
use crate::store::Table;
use crate::store::codec::Record;
use crate::store::records::{Count, Cursor};

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

/// What rules ask of a ticket, read from its rows; what nobody asks for is not read.
struct Known {
    watch: Watch,
    text: String,
    metadata: Vec<(u32, Metadata)>,
    profile: Profile,
}

impl Known {
    /// `said`: what is asked about, unless it is the ticket at large.
    fn of(
        rows: &Rows<'_>,
        ticket: &Ticket,
        said: Option<&str>,
        needs: Needs,
    ) -> Result<Known, ReadError> {
        Ok(Known {
            watch: rows.watch(ticket)?,
            text: match said.or(ticket.description.as_deref()) {
                _ if !needs.text => String::new(),
                Some(text) => text.to_owned(),
                None => first_words(rows, ticket)?,
            },
            metadata: if needs.metadata { rows.metadata(ticket)? } else { Vec::new() },
            profile: if needs.profile { rows.profile_of(ticket)? } else { Profile::default() },
        })
    }

    fn facts<'a>(
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
        match self.get::<Watch>(&key::number(ticket.number))? {
            Some(watch) => Ok(watch),
            None => self.first_watch(ticket),
        }
    }

    fn first_watch(&self, ticket: &Ticket) -> Result<Watch, ReadError> {
        let status_since = self.status_history(ticket)?.last().map(|change| change.at);
        Ok(Watch { status_since, ..Watch::of(ticket) })
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
    let needs = rules.iter().map(|rule| rule.conditions.needs()).fold(Needs::default(), Needs::or);
    let known = Known::of(&draft.rows(), ticket, None, needs)?;
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

/// The rules that run.
pub fn running(draft: &Draft<'_>) -> Result<Vec<Rule>, ReadError> {
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
    let mut watch = match &before {
        Some(watch) => watch.clone(),
        None => draft.rows().first_watch(&ticket)?,
    };
    observe(&mut watch, happening, entry.as_ref(), &ticket);
    if before.as_ref() != Some(&watch) {
        draft.put(&row, &watch);
    }
    let stored = Some(watch.clone());
    let mut ran = Ran::default();
    if happening.depth < MAX_DEPTH {
        let entry = entry.as_ref();
        let (seq, similar) = (Some(happening.seq), &happening.similar[..]);
        let cause = Cause { seq, depth: happening.depth, entry, similar };
        let name = happening.kind.name();
        let waiting = rules.iter().filter(|rule| {
            matches!(&rule.body.trigger, Trigger::Events(names) if names.iter().any(|n| n == name))
        });
        let waiting: Vec<&Rule> = waiting.collect();
        ran = run_in_turn(draft, &waiting, &ticket, cause)?;
        rules.retain(|rule| !ran.paused.contains(&rule.id));
    }
    if ran.any {
        return Ok(wind(draft, number, rules)?);
    }
    Ok(wind_watched(draft, &ticket, (stored, watch), rules)?)
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

/// What running rules came to.
#[derive(Default)]
struct Ran {
    any: bool,
    paused: Vec<u64>,
}

/// Runs those of the rules whose conditions hold, until one says that it is enough.
fn run_in_turn(
    draft: &mut Draft<'_>,
    rules: &[&Rule],
    ticket: &Ticket,
    cause: Cause<'_>,
) -> Result<Ran, Refusal> {
    let number = ticket.number;
    let message = cause.entry.filter(|entry| entry.kind == Kind::Message);
    let said = message.map(|entry| entry.body.as_str());
    let needs = rules.iter().map(|rule| rule.body.conditions.needs());
    let needs = needs.fold(Needs::default(), Needs::or);
    let mut ran = Ran::default();
    // As the rules before have left it; read when it is asked for.
    let mut state: Option<(Cow<'_, Ticket>, Known)> = None;
    for rule in rules {
        let (ticket, known) = match &state {
            Some(state) => state,
            None => {
                let ticket = if ran.any {
                    let left = draft.rows().ticket(number)?.filter(Ticket::is_live);
                    let Some(left) = left else { break };
                    Cow::Owned(left)
                } else {
                    Cow::Borrowed(ticket)
                };
                let known = Known::of(&draft.rows(), &ticket, said, needs)?;
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
        if run(draft, rule, number, cause, &words)? {
            ran.paused.push(rule.id);
        }
        (ran.any, state) = (true, None);
        if rule.body.stop {
            break;
        }
    }
    Ok(ran)
}

/// True if the rule is paused from now on, as it cannot succeed.
fn run(
    draft: &mut Draft<'_>,
    rule: &Rule,
    number: u64,
    cause: Cause<'_>,
    words: &rule_actions::Words<'_>,
) -> Result<bool, Refusal> {
    draft.caused(cause.seq, cause.depth + 1);
    let done = draft.attempt(|draft| rule_actions::carry_out(draft, rule, number, words));
    draft.caused(None, 0);
    draft.because(None);
    let mut pauses = false;
    let failed = match done {
        Ok(()) => {
            // Whatever is attempted next copies what is not in rows yet.
            draft.keep_activities()?;
            None
        }
        Err(error @ (Refusal::Store(_) | Refusal::Overloaded(_))) => return Err(error),
        // Not now, and not on this ticket; on another it may do.
        Err(Refusal::Conflict(why)) => Some(why),
        Err(error) => {
            let why = error.to_string();
            draft.notice(format!("[RULE] {} “{}” is paused: {why}", rule.id, rule.name).into());
            let paused = Some(Paused { at: draft.ctx.now, why: why.clone() });
            draft.put(&key::number(rule.id), &Rule { paused, ..rule.clone() });
            pauses = true;
            Some(why)
        }
    };
    let no = draft.next(&runs_of(rule.id), 1)?;
    let (at, cause, depth) = (draft.ctx.now, cause.seq, cause.depth + 1);
    draft.put(&key::pair(rule.id, no), &RuleRun { ticket: number, at, cause, depth, failed });
    if let Some(old) = no.checked_sub(KEPT_RUNS) {
        draft.delete(RuleRun::TABLE, &key::pair(rule.id, old));
    }
    Ok(pauses)
}

/// The count of a rule's runs.
pub fn runs_of(rule: u64) -> String {
    format!("rule.runs:{rule}")
}

/// Sets the timer of a ticket to the next moment at which a rule of time may run.
pub fn wind(draft: &mut Draft<'_>, number: u64, rules: &[Rule]) -> Result<(), ReadError> {
    let Some(ticket) = draft.rows().ticket(number)?.filter(Ticket::is_live) else {
        return forget(draft, number);
    };
    let stored = draft.get::<Watch>(&key::number(number))?;
    let watch = match &stored {
        Some(watch) => watch.clone(),
        None => draft.rows().first_watch(&ticket)?,
    };
    wind_watched(draft, &ticket, (stored, watch), rules)
}

/// The same of a ticket whose rows are known: its watch as it is stored, if it is, and as it is now.
fn wind_watched(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    (before, mut watch): (Option<Watch>, Watch),
    rules: &[Rule],
) -> Result<(), ReadError> {
    let number = ticket.number;
    let row = key::number(number);
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

/// Runs the rules of time of these timers, as far as they are due by now; gives the number that was dealt with.
pub fn due(draft: &mut Draft<'_>, timers: &[Timer]) -> Result<Reply, Refusal> {
    if !draft.ctx.trusted || redate::is_owed(draft)? {
        return Ok(Reply::Swept(0));
    }
    let now = draft.ctx.now;
    let mut rules = running(draft)?;
    let mut dealt = 0;
    for (at, number) in timers.iter().copied().take(AT_ONCE) {
        let row_key = key::timer(at, number);
        if at > now || draft.get::<RuleTimer>(&row_key)?.is_none() {
            continue;
        }
        draft.delete(RuleTimer::TABLE, &row_key);
        dealt += 1;
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
                ripe.push(rule);
            }
        }
        draft.put(&key::number(number), &watch);
        let cause = Cause { seq: None, depth: 0, entry: None, similar: &[] };
        let ran = run_in_turn(draft, &ripe, &ticket, cause)?;
        rules.retain(|rule| !ran.paused.contains(&rule.id));
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
    let known = Known::of(rows, ticket, None, conditions.needs())?;
    // A rule about what a customer writes is tried as if they had just written.
    Ok(conditions.fit(&known.facts(ticket, Some(Speaker::User), &[])))
}
