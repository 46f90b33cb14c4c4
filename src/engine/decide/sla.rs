//! A ticket's clocks: started when it is made, looked at when they are due, told of once.
//!
//! The due-time table holds one row a ticket whose clock runs: the next moment at which there may be something
//! to tell. Nothing is decided by the row; what is told follows from the ticket's history at that moment, so a
//! timer that fires early, late or twice does no harm. While the wall clock is not to be believed nobody is
//! told anything.

use super::redate;
use crate::domain::calendar::Calendar;
use crate::domain::figures::Outcome;
use crate::domain::reference;
use crate::domain::rule::SlaStanding;
use crate::domain::sla::{self, Life, Standing, State, Target};
use crate::domain::sla_policy::{BusinessHours, SlaClock, SlaPolicy, SlaTimer, choose};
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::{ReadError, Rows, key};
use crate::engine::timers::{AT_ONCE, Timer};
use crate::store::Order;
use crate::store::codec::Record;
use crate::store::records::IndexRow;

/// A ticket is put: its clock is started, or follows what changed. `before` is what the index held of it.
pub(in crate::engine) fn follow(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    before: Option<&IndexRow>,
) -> Result<(), ReadError> {
    // Most calls end as they began, with their end: a clock is for what remains to be done then.
    if ticket.call_running {
        return Ok(());
    }
    let fresh = before.is_none_or(|row| row.call_running);
    let moved = before.is_none_or(|row| {
        let ended = ticket.merged.is_some() || ticket.deleted.is_some();
        row.status != ticket.status
            || row.priority != ticket.priority
            || row.first_response_at != ticket.first_response_at
            || (row.merged || row.deleted) != ended
    });
    if !fresh && !moved {
        return Ok(());
    }
    let number = key::number(ticket.number);
    let repriced = before.is_some_and(|row| row.priority != ticket.priority);
    let clock = match draft.get::<SlaClock>(&number)? {
        Some(mut clock) => {
            if repriced && let Some(policy) = draft.get::<SlaPolicy>(&key::number(clock.policy))? {
                clock.targets = policy.promise.of(ticket.priority);
            }
            clock
        }
        None if fresh && ticket.status.is_open() => {
            let policies = draft.rows().sla_policies()?;
            // What the CRM and its assistants make is promised something of its own (DESIGN C4).
            let of_crm = reference::yearly(&ticket.ticket_id).is_some();
            let usual = Some(draft.ctx.rules.crm.sla_policy.as_str()).filter(|_| of_crm);
            let profile = draft.rows().profile_of(ticket)?;
            let about = (ticket, &profile);
            let Some(policy) = choose(&policies, about, usual) else { return Ok(()) };
            promise(policy, ticket)
        }
        None => return Ok(()),
    };
    wind(draft, ticket, clock)
}

/// A ticket's copy of what a policy promises it.
fn promise(policy: &SlaPolicy, ticket: &Ticket) -> SlaClock {
    SlaClock {
        policy: policy.id,
        policy_name: policy.name.clone(),
        targets: policy.promise.of(ticket.priority),
        hours: policy.hours,
        first_response: Default::default(),
        resolution: Default::default(),
        wakes_at: None,
    }
}

/// The moments of a ticket were set right: what follows from them is set anew.
pub fn rewind(draft: &mut Draft<'_>, ticket: &Ticket) -> Result<(), ReadError> {
    match draft.get::<SlaClock>(&key::number(ticket.number))? {
        Some(clock) => wind(draft, ticket, clock),
        None => Ok(()),
    }
}

/// Puts the clock, and its timer to the next moment at which there is something to tell.
fn wind(draft: &mut Draft<'_>, ticket: &Ticket, clock: SlaClock) -> Result<(), ReadError> {
    let standings = draft.rows().standings(ticket, &clock, draft.ctx.now)?;
    wind_standing(draft, ticket, clock, &standings)
}

/// The same of a clock whose targets are known to stand so.
fn wind_standing(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    mut clock: SlaClock,
    standings: &[(Target, Standing)],
) -> Result<(), ReadError> {
    let number = key::number(ticket.number);
    draft.figure(ticket.number, |figures| {
        for (target, standing) in standings {
            let done = match target {
                Target::FirstResponse => ticket.first_response_at.is_some(),
                Target::Resolution => !ticket.status.is_open(),
            };
            let took = u32::try_from(standing.elapsed / Micros::SECOND).unwrap_or(u32::MAX);
            let outcome = Outcome { state: standing.state, took: done.then_some(took) };
            match target {
                Target::FirstResponse => figures.first_response = Some(outcome),
                Target::Resolution => figures.resolution = Some(outcome),
            }
        }
    })?;
    let ended = ticket.merged.is_some() || ticket.deleted.is_some();
    let next = standings.iter().filter(|_| !ended).filter_map(|(target, standing)| {
        let told = clock.told(*target);
        let warns = standing.warns_at.filter(|_| told.warned_at.is_none());
        let breaks = standing.due_at.filter(|_| told.breached_at.is_none());
        warns.into_iter().chain(breaks).min()
    });
    // A moment before 1970 is past as well.
    let next = next.min().map(|at| at.max(Micros(0)));
    if clock.wakes_at != next {
        if let Some(old) = clock.wakes_at {
            draft.delete(SlaTimer::TABLE, &key::timer(old, ticket.number));
        }
        if let Some(at) = next {
            draft.put(&key::timer(at, ticket.number), &SlaTimer {});
        }
        clock.wakes_at = next;
    }
    stand(draft, ticket, standings, ended);
    if draft.get::<SlaClock>(&number)?.as_ref() != Some(&clock) {
        draft.put(&number, &clock);
    }
    Ok(())
}

/// Puts how the ticket stands, for lists.
fn stand(draft: &mut Draft<'_>, ticket: &Ticket, standings: &[(Target, Standing)], ended: bool) {
    let states = standings.iter().map(|(_, standing)| standing.state);
    let moment = |of: fn(&Standing) -> Option<Micros>| {
        standings.iter().filter(|_| !ended).filter_map(|(_, standing)| of(standing)).min()
    };
    let settled = states.map(|state| match state {
        State::Met => 0,
        State::OnTrack => 1,
        State::AtRisk => 2,
        State::Breached => 3,
    });
    let row = SlaStanding {
        settled: settled.max().unwrap_or(0),
        warns_at: moment(|standing| standing.warns_at),
        due_at: moment(|standing| standing.due_at),
    };
    draft.put(&key::number(ticket.number), &row);
}

/// Of a ticket that is deleted for good: its clock goes, and the timer.
pub(in crate::engine) fn forget(draft: &mut Draft<'_>, number: u64) -> Result<(), ReadError> {
    let row_key = key::number(number);
    if let Some(clock) = draft.get::<SlaClock>(&row_key)? {
        if let Some(at) = clock.wakes_at {
            draft.delete(SlaTimer::TABLE, &key::timer(at, number));
        }
        draft.delete(SlaClock::TABLE, &row_key);
        draft.delete(SlaStanding::TABLE, &row_key);
    }
    Ok(())
}

/// Tells of these clocks, as far as they are due by now; gives the number of timers that were dealt with.
pub fn due(draft: &mut Draft<'_>, timers: &[Timer]) -> Result<Reply, Refusal> {
    if !draft.ctx.trusted || redate::is_owed(draft)? {
        return Ok(Reply::Swept(0));
    }
    let mut dealt = 0;
    for (at, number) in timers.iter().copied().take(AT_ONCE) {
        let row_key = key::timer(at, number);
        if at > draft.ctx.now || draft.get::<SlaTimer>(&row_key)?.is_none() {
            continue;
        }
        draft.delete(SlaTimer::TABLE, &row_key);
        dealt += 1;
        if let Some(ticket) = draft.rows().ticket(number)?
            && let Some(clock) = draft.get::<SlaClock>(&key::number(number))?
        {
            tell(draft, &ticket, SlaClock { wakes_at: None, ..clock })?;
        }
    }
    Ok(Reply::Swept(dealt))
}

fn tell(draft: &mut Draft<'_>, ticket: &Ticket, mut clock: SlaClock) -> Result<(), ReadError> {
    let now = draft.ctx.now;
    let mut news = false;
    let standings = draft.rows().standings(ticket, &clock, now)?;
    for (target, standing) in &standings {
        let target = *target;
        let told = clock.told_mut(target);
        let breached = standing.state == State::Breached;
        if breached && told.breached_at.is_none() {
            told.breached_at = Some(now);
            // Too late to warn.
            told.warned_at.get_or_insert(now);
            draft.event(EventKind::sla_breached(target), Some(ticket.number));
            news = true;
        } else if standing.state == State::AtRisk && told.warned_at.is_none() {
            told.warned_at = Some(now);
            draft.event(EventKind::sla_warning(target), Some(ticket.number));
            news = true;
        }
    }
    if news {
        draft.show(ticket);
    }
    wind_standing(draft, ticket, clock, &standings)
}

/// Gives open tickets of a policy what it promises now; from `after` on, a bounded number. The reply says how
/// many were looked at and where to go on.
pub fn apply(draft: &mut Draft<'_>, id: u64, numbers: &[u64]) -> Result<Reply, Refusal> {
    let unknown = || Refusal::NotFound("such SLA policy".into());
    let policy = draft.get::<SlaPolicy>(&key::number(id))?.ok_or_else(unknown)?;
    let mut applied = 0;
    for number in numbers {
        let Some(ticket) = draft.rows().ticket(*number)? else { continue };
        let clock = draft.get::<SlaClock>(&key::number(*number))?;
        let Some(clock) = clock.filter(|clock| clock.policy == id) else { continue };
        if !ticket.status.is_open() {
            continue;
        }
        let renewed = SlaClock { wakes_at: clock.wakes_at, ..promise(&policy, &ticket) };
        let told = (clock.first_response, clock.resolution);
        let same = (renewed.targets, renewed.hours) == (clock.targets, clock.hours);
        if !same {
            applied += 1;
            // What was told of the old targets is told anew of the new ones, if it still holds.
            wind(draft, &ticket, renewed)?;
        } else if renewed.policy_name != clock.policy_name {
            let (first_response, resolution) = told;
            wind(draft, &ticket, SlaClock { first_response, resolution, ..renewed })?;
        }
    }
    Ok(Reply::Swept(applied))
}

impl Rows<'_> {
    /// All policies, by id.
    pub fn sla_policies(&self) -> Result<Vec<SlaPolicy>, ReadError> {
        let rows = self.scan(&[], None, Order::Ascending, usize::MAX)?;
        Ok(rows.into_iter().map(|(_, policy)| policy).collect())
    }

    /// All business hours, by id.
    pub fn business_hours(&self) -> Result<Vec<BusinessHours>, ReadError> {
        let rows = self.scan(&[], None, Order::Ascending, usize::MAX)?;
        Ok(rows.into_iter().map(|(_, hours)| hours).collect())
    }

    /// How each target stands that the ticket was promised.
    pub fn standings(
        &self,
        ticket: &Ticket,
        clock: &SlaClock,
        now: Micros,
    ) -> Result<Vec<(Target, Standing)>, ReadError> {
        let calendar = match clock.hours {
            Some(id) => {
                let hours = self.get::<BusinessHours>(&key::number(id))?;
                hours.and_then(|hours| hours.calendar().ok()).unwrap_or_else(Calendar::always)
            }
            None => Calendar::always(),
        };
        let history = self.status_history(ticket)?;
        let history: Vec<(Micros, Status)> = history.iter().map(|c| (c.at, c.to)).collect();
        let life = Life {
            created_at: ticket.created_at,
            history: &history,
            first_response_at: ticket.first_response_at,
        };
        let promised = |target: Target| clock.targets.of(target).map(|allowed| (target, allowed));
        let stands =
            |(target, allowed)| (target, sla::standing(target, allowed, &life, &calendar, now));
        Ok(Target::ALL.into_iter().filter_map(promised).map(stands).collect())
    }
}
