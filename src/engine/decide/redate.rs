//! Moments that were told by a clock that nobody believed, set right once it is believed: of a box without a battery
//! for its clock, which begins in 1970 and is told the time later.
//!
//! What always holds: every plan that puts a ticket under such a clock notes it ([`note`]), and while one is noted nothing
//! falls due ([`is_owed`]). A ticket is set right in one plan that takes the note away, so once and whatever is cut
//! off in between; a long timeline goes by the piece first, and the note says how far.

use super::{rules, sla};
use crate::domain::activity::Activity;
use crate::domain::entry::Entry;
use crate::domain::rating::Rating;
use crate::domain::rule::{Escalated, Watch};
use crate::domain::ticket::{StatusChange, Ticket};
use crate::domain::time::Micros;
use crate::domain::undated::Undated;
use crate::engine::automation::REDATED;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::{ACTIVITIES, Draft};
use crate::engine::event::EventKind;
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::codec::Record;
use crate::store::records::IndexRow;
use crate::store::{Order, RowKey, View};

/// Entries, and bytes of what they say, that one command moves.
const ENTRIES: usize = 500;
const BYTES: usize = 1 << 20;

/// A ticket is put while the clock is not believed; `before` is what it was.
pub(in crate::engine) fn note(
    draft: &mut Draft<'_>,
    number: u64,
    before: Option<&Ticket>,
) -> Result<(), ReadError> {
    let row = key::number(number);
    let known = draft.get::<Undated>(&row)?;
    let mut undated = match (&known, before) {
        (Some(known), _) => known.clone(),
        (None, None) => Undated::default(),
        (None, Some(before)) => {
            let watch = draft.get::<Watch>(&row)?;
            let watched =
                watch.iter().flat_map(|w| [w.unanswered, w.unclaimed, w.spoken, w.status_since]);
            let mut undated = Undated::of(moments(before).chain(watched.flatten()).collect());
            undated.history = before.extent.history;
            undated.entries = before.extent.last_entry;
            undated.activity = draft.counted(ACTIVITIES)?;
            undated
        }
    };
    undated.note(draft.ctx.now, draft.ctx.steady);
    if known.as_ref() != Some(&undated) {
        draft.put(&row, &undated);
    }
    Ok(())
}

/// Whether moments of any ticket are still to be set right.
pub fn is_owed(draft: &Draft<'_>) -> Result<bool, ReadError> {
    Ok(!draft.scan(Undated::TABLE, &[], None, Order::Ascending, 1)?.is_empty())
}

/// Sets these tickets right, as far as nothing has happened to them since (`last`); says how many it dealt with.
pub fn redate(draft: &mut Draft<'_>, tickets: &[(u64, Micros)]) -> Result<Reply, Refusal> {
    if !draft.ctx.trusted {
        return Ok(Reply::Swept(0));
    }
    let rules = rules::running(draft)?;
    let mut left = Left { entries: ENTRIES, bytes: BYTES };
    let mut dealt = 0;
    for (number, last) in tickets.iter().take(REDATED) {
        let row = key::number(*number);
        let Some(undated) = draft.get::<Undated>(&row)? else { continue };
        if undated.last() != Some(*last) {
            continue;
        }
        dealt += 1;
        match draft.attempt(|draft| one(draft, *number, undated, &mut left)) {
            Ok(true) => {
                draft.delete(Undated::TABLE, &row);
                rules::wind(draft, *number, &rules)?;
            }
            Ok(false) => break,
            Err(why @ Refusal::Overloaded(_)) => return Err(why),
            Err(why) => {
                let line =
                    format!("[CLOCK] the moments of ticket #{number} stay as they are: {why}");
                draft.notice(line.into());
                draft.delete(Undated::TABLE, &row);
            }
        }
    }
    Ok(Reply::Swept(dealt))
}

/// What one command may still move.
struct Left {
    entries: usize,
    bytes: usize,
}

/// False: there is more of it.
fn one(
    draft: &mut Draft<'_>,
    number: u64,
    undated: Undated,
    left: &mut Left,
) -> Result<bool, Refusal> {
    let (now, steady) = (draft.ctx.now, draft.ctx.steady);
    if undated.is_right(now, steady) {
        return Ok(true);
    }
    let Some(mut ticket) = draft.rows().ticket(number)? else { return Ok(true) };
    if !entries(draft, &ticket, undated.clone(), left)? {
        return Ok(false);
    }
    let dated = |moment: Micros| undated.dated(moment, now, steady);
    let redate = |moment: &mut Micros| *moment = dated(*moment);
    for at in undated.history..ticket.extent.history {
        let row = key::page(number, at);
        if let Some(mut change) = draft.get::<StatusChange>(&row)? {
            redate(&mut change.at);
            draft.put(&row, &change);
        }
    }
    for (no, mut line) in draft.rows().activity(number, undated.activity, usize::MAX)? {
        redate(&mut line.at);
        draft.put::<Activity>(&key::activity(number, no), &line);
    }
    for (position, mut one) in draft.rows().escalations(number)? {
        redate(&mut one.at);
        one.ended.iter_mut().for_each(|(at, _)| redate(at));
        draft.put::<Escalated>(&key::page(number, position), &one);
    }
    let row = key::number(number);
    let own = |moment: &mut Micros| *moment = undated.dated_own(*moment, now, steady);
    if let Some(mut watch) = draft.get::<Watch>(&row)? {
        let Watch { unanswered, unclaimed, spoken, status_since, fired, .. } = &mut watch;
        [unanswered, unclaimed, spoken, status_since].into_iter().flatten().for_each(own);
        fired.iter_mut().for_each(|(_, from)| own(from));
        draft.put(&row, &watch);
    }
    if let Some(mut rating) = draft.get::<Rating>(&row)? {
        [&mut rating.rated_at, &mut rating.first_at].into_iter().for_each(redate);
        draft.put(&row, &rating);
    }
    draft.figure(number, |figures| {
        figures.people_since.iter_mut().for_each(redate);
        figures.rating.iter_mut().for_each(|rated| redate(&mut rated.at));
    })?;
    moments_mut(&mut ticket).for_each(own);
    // Nothing happened to it but that its times are told otherwise.
    draft.show(&ticket);
    draft.put(&row, &IndexRow::from(&ticket));
    sla::rewind(draft, &ticket)?;
    draft.event(EventKind::TicketUpdated, Some(number));
    Ok(true)
}

/// Moves what was said; false if there is more, and the note says from where on.
fn entries(
    draft: &mut Draft<'_>,
    ticket: &Ticket,
    mut undated: Undated,
    left: &mut Left,
) -> Result<bool, ReadError> {
    let (now, steady) = (draft.ctx.now, draft.ctx.steady);
    let mut found = Vec::new();
    for page in 0..ticket.extent.pages {
        let items = draft.rows().page(ticket.number, page)?.items;
        found.extend(items.into_iter().filter(|item| item.id > undated.entries));
    }
    found.sort_by_key(|item| item.id);
    for item in found {
        if left.entries == 0 || left.bytes == 0 {
            draft.put(&key::number(ticket.number), &undated);
            return Ok(false);
        }
        let mut entry: Entry = draft.rows().entry(&item)?;
        (left.entries, left.bytes) =
            (left.entries - 1, left.bytes.saturating_sub(entry.body.len() + 100));
        undated.entries = item.id;
        // What a sender has told of the time is the sender's.
        let is_own = entry.at == entry.received_at;
        entry.received_at = undated.dated(entry.received_at, now, steady);
        if is_own {
            entry.at = entry.received_at;
        }
        let told = [&mut entry.edited_at, &mut entry.deleted_at].into_iter().flatten();
        told.for_each(|at| *at = undated.dated(*at, now, steady));
        // Of a ticket that was merged into this one the entries are moved with that one.
        if entry.ticket == ticket.number {
            draft.put(&key::number(item.no), &entry);
        }
    }
    Ok(true)
}

/// The moments of a ticket that are told by the wall clock here.
fn moments_mut(ticket: &mut Ticket) -> impl Iterator<Item = &mut Micros> {
    let Ticket { created_at, updated_at, assigned_at, last_message_at, on_hold, .. } = ticket;
    let Ticket { first_response_at, resolved_at, closed_at, escalation, .. } = ticket;
    let maybe = [assigned_at, last_message_at, on_hold, first_response_at, resolved_at, closed_at];
    let escalated = escalation.iter_mut().map(|escalation| &mut escalation.at);
    [created_at, updated_at].into_iter().chain(maybe.into_iter().flatten()).chain(escalated)
}

fn moments(ticket: &Ticket) -> impl Iterator<Item = Micros> {
    let mut ticket = ticket.clone();
    moments_mut(&mut ticket).map(|moment| *moment).collect::<Vec<_>>().into_iter()
}

impl Rows<'_> {
    /// Tickets whose moments are still to be set right, with the last of them.
    pub fn undated(&self, most: usize) -> Result<Vec<(u64, Micros)>, ReadError> {
        let rows = self.scan::<Undated>(&[], None, Order::Ascending, most)?;
        let of = |(row_key, undated): (RowKey, Undated)| {
            let number = row_key[..].try_into().map(u64::from_be_bytes).ok()?;
            Some((number, undated.last()?))
        };
        Ok(rows.into_iter().filter_map(of).collect())
    }
}
