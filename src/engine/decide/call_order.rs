//! Spoken order: the chain of a call's items, and where their words stand.
//!
//! Every item knows the one before it (`previous`, once it is announced) and the one behind it (`next`, once
//! that is). Announcements and words come in any order. What always holds: the words of items that are linked
//! to each other stand in the timeline in the order of the links. So new words go directly behind the nearest
//! earlier item that has words, else directly before the nearest later one, else to the end; and when an
//! announcement joins two stretches of the chain, the later stretch's words move behind the earlier one's.

use super::call_facts::{load, store};
use crate::domain::call::{CallItem, Previous};
use crate::domain::ticket::Ticket;
use crate::engine::command::Refusal;
use crate::engine::draft::Draft;
use crate::engine::rows::key;
use crate::engine::timeline::Place;

/// Links followed when looking for a neighbour with words, or for the end of a stretch.
const MAX_STEPS: usize = 1000;

/// Puts an item behind the one that it was announced to follow, and its words to their place.
pub fn link(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    row: &mut CallItem,
    after: Previous,
) -> Result<(), Refusal> {
    row.previous = after;
    let Previous::Item(id) = row.previous.clone() else {
        store(draft, ticket, row);
        return Ok(());
    };
    let mut stretch = stretch_from(draft, ticket, row)?;
    if stretch.iter().any(|item| item.item == id) {
        // It is announced to follow one that follows it: a circle has no order, so it begins here.
        row.previous = Previous::Start;
        store(draft, ticket, row);
        return Ok(());
    }
    let mut previous = load(draft, ticket, Some(&id))?;
    let pushed_on = previous.next.replace(row.item.clone()).filter(|next| *next != row.item);
    store(draft, ticket, &previous);
    store(draft, ticket, row);
    stretch[0] = row.clone();
    let mut follower = None;
    if let Some(next) = pushed_on
        && let Some(mut next) = linked(draft, ticket, &next)?
        && let Some(last) = stretch.last_mut()
    {
        last.next = Some(next.item.clone());
        next.previous = Previous::Item(last.item.clone());
        store(draft, ticket, last);
        store(draft, ticket, &next);
        row.next.clone_from(&stretch[0].next);
        follower = Some(next);
    }
    move_words(draft, ticket, &stretch, &previous, follower.as_ref())
}

/// The items from this one on, as far as they are linked.
fn stretch_from(
    draft: &Draft<'_>,
    ticket: &Ticket,
    row: &CallItem,
) -> Result<Vec<CallItem>, Refusal> {
    let mut stretch = vec![row.clone()];
    while stretch.len() < MAX_STEPS
        && let Some(next) = stretch.last().and_then(|last| last.next.as_deref())
        && let Some(next) = linked(draft, ticket, next)?
    {
        stretch.push(next);
    }
    Ok(stretch)
}

/// Moves the words of a stretch behind those of the items before it; `follower` was pushed on by it.
fn move_words(
    draft: &mut Draft<'_>,
    ticket: &mut Ticket,
    stretch: &[CallItem],
    previous: &CallItem,
    follower: Option<&CallItem>,
) -> Result<(), Refusal> {
    let words: Vec<u32> = stretch.iter().flat_map(|i| &i.parts).map(|p| p.entry).collect();
    if words.is_empty() {
        return Ok(());
    }
    if let Some(mut last) = last_words(draft, ticket, previous.clone())? {
        for entry in words {
            // What stands behind already may stay there, unless something was pushed on.
            if follower.is_some() || !draft.is_behind(ticket, entry, last)? {
                draft.move_entry(ticket, entry, Place::After(last))?;
            }
            last = entry;
        }
    } else if let Some(follower) = follower
        && let Some(mut first) = first_words(draft, ticket, follower.clone())?
    {
        for entry in words.into_iter().rev() {
            draft.move_entry(ticket, entry, Place::Before(first))?;
            first = entry;
        }
    }
    Ok(())
}

/// Where the first words of an item go, by its links.
pub fn place(draft: &Draft<'_>, ticket: &Ticket, row: &CallItem) -> Result<Place, Refusal> {
    if let Previous::Item(id) = &row.previous
        && let Some(previous) = linked(draft, ticket, id)?
        && let Some(entry) = last_words(draft, ticket, previous)?
    {
        return Ok(Place::After(entry));
    }
    if let Some(id) = &row.next
        && let Some(next) = linked(draft, ticket, id)?
        && let Some(entry) = first_words(draft, ticket, next)?
    {
        return Ok(Place::Before(entry));
    }
    Ok(Place::End)
}

/// The last words of this item or the nearest before it that has some.
fn last_words(
    draft: &Draft<'_>,
    ticket: &Ticket,
    mut item: CallItem,
) -> Result<Option<u32>, Refusal> {
    for _ in 0..MAX_STEPS {
        if let Some(part) = item.parts.last() {
            return Ok(Some(part.entry));
        }
        let Previous::Item(id) = &item.previous else { break };
        let Some(before) = linked(draft, ticket, id)? else { break };
        item = before;
    }
    Ok(None)
}

/// The first words of this item or the nearest behind it that has some.
fn first_words(
    draft: &Draft<'_>,
    ticket: &Ticket,
    mut item: CallItem,
) -> Result<Option<u32>, Refusal> {
    for _ in 0..MAX_STEPS {
        if let Some(part) = item.parts.first() {
            return Ok(Some(part.entry));
        }
        let Some(id) = &item.next else { break };
        let Some(behind) = linked(draft, ticket, id)? else { break };
        item = behind;
    }
    Ok(None)
}

fn linked(draft: &Draft<'_>, ticket: &Ticket, item: &str) -> Result<Option<CallItem>, Refusal> {
    Ok(draft.get::<CallItem>(&key::call_item(ticket.number, item))?)
}
