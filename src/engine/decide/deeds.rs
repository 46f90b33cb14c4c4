//! The account of what was done for privacy: one row a deed, deletions one row a day, the newest thousand.

use crate::domain::audit::Who;
use crate::domain::deed::{Deed, MAX_DEEDS, What};
use crate::domain::time::Micros;
use crate::engine::audit;
use crate::engine::draft::Draft;
use crate::engine::rows::{ReadError, key};
use crate::store::{Order, Table};

/// Notes that somebody's data were given out or erased, in the plan that does it.
pub fn note(
    draft: &mut Draft<'_>,
    what: What,
    contact: Option<u64>,
    tickets: Option<u64>,
    reason: Option<&str>,
) -> Result<(), ReadError> {
    let (at, who) = (draft.ctx.now, audit::who(draft.ctx.actor));
    let reason = reason.map(str::to_owned);
    append(draft, &Deed { at, who, what, contact, tickets, reason })
}

/// Notes that a ticket went for good.
pub fn note_deletion(draft: &mut Draft<'_>) -> Result<(), ReadError> {
    let at = draft.ctx.now;
    if let Some((number, mut last)) = newest(draft)?
        && last.what == What::Deleted
        && last.at.0.div_euclid(Micros::DAY) == at.0.div_euclid(Micros::DAY)
    {
        last.at = at;
        last.tickets = last.tickets.map(|tickets| tickets + 1);
        draft.put(&key::number(number), &last);
        return Ok(());
    }
    let (what, tickets) = (What::Deleted, Some(1));
    append(draft, &Deed { at, who: Who::System, what, contact: None, tickets, reason: None })
}

fn newest(draft: &Draft<'_>) -> Result<Option<(u64, Deed)>, ReadError> {
    let newest = draft.rows().scan::<Deed>(&[], None, Order::Descending, 1)?.pop();
    Ok(newest
        .and_then(|(row_key, deed)| Some((u64::from_be_bytes((*row_key).try_into().ok()?), deed))))
}

fn append(draft: &mut Draft<'_>, deed: &Deed) -> Result<(), ReadError> {
    let number = newest(draft)?.map_or(1, |(last, _)| last + 1);
    draft.put(&key::number(number), deed);
    if let Some(oldest) = number.checked_sub(MAX_DEEDS) {
        draft.delete(Table::Deeds, &key::number(oldest));
    }
    Ok(())
}
