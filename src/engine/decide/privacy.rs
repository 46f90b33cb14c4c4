//! The steps of erasing a person and of deleting a ticket for good; each is bounded.

use super::{deeds, identity, purge};
use crate::domain::call::{OpenCall, RUNNING};
use crate::domain::contact::{Contact, Conversation};
use crate::domain::deed::What;
use crate::domain::entry::Delivery;
use crate::domain::outbound::{Dispatch, Outbound, WAITING};
use crate::engine::command::{Actor, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::privacy::{NOBODY, Step};
use crate::engine::rows::{ReadError, key};
use crate::store::owner::Owner;
use crate::store::records::{AddressOf, ConversationOf, Count, Erasure, OWED, RewriteOwed};
use crate::store::{Order, Table, View, seal};

/// Rows looked at in one step.
const TRACES: usize = 2000;

pub fn step(draft: &mut Draft<'_>, step: &Step) -> Result<Reply, Refusal> {
    let more = match step {
        Step::Begin { contact, erasure, reason } => {
            let known = Some(*contact).filter(|id| *id != NOBODY);
            // What follows from a deletion is noted as that.
            if reason.is_some() || *draft.ctx.actor != Actor::System {
                deeds::note(draft, What::Erased, known, None, reason.as_deref())?;
            }
            begin(draft, *contact, erasure)?
        }
        Step::Exported { contact, tickets, reason } => {
            let known = Some(*contact).filter(|id| *id != NOBODY);
            deeds::note(draft, What::Exported, known, Some(*tickets), Some(reason))?;
            None
        }
        Step::Hollow { ticket } => purge::hollow(draft, *ticket)?.then(Vec::new),
        Step::Traces { table, from, owners } => {
            let rows = View::scan(draft, *table, from, None, Order::Ascending, TRACES);
            let rows = rows.map_err(ReadError::from)?;
            let is_theirs =
                |value: &[u8]| seal::owner_of(value).is_some_and(|owner| owners.contains(&owner));
            for (row_key, _) in rows.iter().filter(|(_, value)| is_theirs(value)) {
                draft.delete(*table, row_key);
            }
            let next = rows.last().filter(|_| rows.len() == TRACES);
            next.map(|(last, _)| [last, &[0][..]].concat())
        }
        Step::End { contact, rewrite } => end(draft, *contact, *rewrite)?,
        Step::Purge { ticket, because } => purge::purge(draft, *ticket, *because)?.then(Vec::new),
        Step::Remnant { ticket } => purge::remnant(draft, *ticket)?.then(Vec::new),
        Step::Strays { table, from } => strays(draft, *table, from)?,
        Step::Rewritten { since } => {
            // What was erased meanwhile may be in the new file.
            if draft.get::<RewriteOwed>(OWED)?.is_some_and(|owed| owed.since <= *since) {
                draft.delete(Table::Rewrites, OWED);
            }
            None
        }
    };
    Ok(Reply::Step { more })
}

/// Removes addresses or conversations that lead to nobody, and counts anew what was counted with rows that stayed behind.
fn strays(draft: &mut Draft<'_>, table: Table, from: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
    let rows = View::scan(draft, table, from, None, Order::Ascending, TRACES);
    let rows = rows.map_err(ReadError::from)?;
    for (row_key, _) in &rows {
        if table == Table::Addresses {
            let of = draft.get::<AddressOf>(row_key)?.map(|AddressOf(id)| id);
            if is_nobody(draft, of)? {
                draft.delete(table, row_key);
            }
        } else if let Some(conversation) = draft.get::<Conversation>(row_key)?
            && is_nobody(draft, Some(conversation.contact))?
        {
            leave(draft, conversation.id, &[conversation.contact])?;
        }
    }
    if let Some((last, _)) = rows.last().filter(|_| rows.len() == TRACES) {
        return Ok(Some([last, &[0][..]].concat()));
    }
    let running = draft.rows().scan::<OpenCall>(&[], None, Order::Ascending, usize::MAX)?.len();
    let waiting = draft.rows().scan::<Outbound>(&[], None, Order::Ascending, usize::MAX)?.len();
    for (name, count) in [(RUNNING, running), (WAITING, waiting)] {
        draft.put(name.as_bytes(), &Count(count as u64));
    }
    Ok(None)
}

fn is_nobody(draft: &Draft<'_>, contact: Option<u64>) -> Result<bool, ReadError> {
    Ok(match contact {
        Some(id) => draft.get::<Contact>(&key::number(id))?.is_none(),
        None => true,
    })
}

/// Forgets the person's addresses, so that whoever writes from them now is somebody new, and takes what waits for them
/// out of the outbox.
fn begin(
    draft: &mut Draft<'_>,
    contact: u64,
    erasure: &Erasure,
) -> Result<Option<Vec<u8>>, Refusal> {
    for id in &erasure.contacts {
        let Some(mut known) = draft.get::<Contact>(&key::number(*id))? else { continue };
        let mut instances = Vec::new();
        for conversation in &known.conversations {
            stop_sending(draft, *conversation)?;
            if let Some(conversation) = draft.get::<Conversation>(&key::number(*conversation))? {
                instances.push(conversation.instance);
            }
        }
        for instance in &instances {
            identity::forget_unclaimed(draft, instance, &known.addresses)?;
        }
        for address in &known.addresses {
            let row = key::address(draft.ctx.seal, address);
            if let Some(AddressOf(id)) = draft.get(&row)?
                && erasure.contacts.contains(&id)
            {
                draft.delete(Table::Addresses, &row);
            }
        }
        (known.name, known.phone, known.addresses) = (None, None, Vec::new());
        draft.delete(Table::ContactProfiles, &key::number(*id));
        draft.put(&key::number(*id), &known);
    }
    draft.put(&key::number(contact), erasure);
    Ok(None)
}

/// What waits in a conversation will not be sent.
pub fn stop_sending(draft: &mut Draft<'_>, conversation: u64) -> Result<(), Refusal> {
    for (number, message) in draft.rows().waiting(conversation)? {
        draft.delete(Table::Outbox, &key::outbox(conversation, number));
        draft.uncount(WAITING)?;
        if let Some(dispatch) = draft.rows().dispatch(message.entry)? {
            let state = Delivery::Failed;
            let error = Some("its customer was erased".to_owned());
            let dispatch = Dispatch { state, error, changed_at: draft.ctx.now, ..dispatch };
            draft.put_as(Owner::Ticket(message.ticket), &key::number(message.entry), &dispatch);
        }
    }
    Ok(())
}

/// What waits of a ticket will not be sent, in whosever conversation it is: a ticket that became part of another's is
/// answered there.
pub fn stop_sending_of(draft: &mut Draft<'_>, ticket: u64) -> Result<(), Refusal> {
    if draft.counted(WAITING)? == 0 {
        return Ok(());
    }
    for (row_key, message) in
        draft.rows().scan::<Outbound>(&[], None, Order::Ascending, usize::MAX)?
    {
        if message.ticket == ticket {
            draft.delete(Table::Outbox, &row_key);
            draft.uncount(WAITING)?;
        }
    }
    Ok(())
}

/// Removes the contacts; their keys, and those of their tickets, are destroyed with this plan.
fn end(draft: &mut Draft<'_>, contact: u64, rewrite: bool) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(erasure) = draft.get::<Erasure>(&key::number(contact))? else { return Ok(None) };
    for id in &erasure.contacts {
        if let Some(known) = draft.get::<Contact>(&key::number(*id))? {
            for conversation in known.conversations {
                leave(draft, conversation, &erasure.contacts)?;
            }
            if let Some(into) = known.merged_into {
                draft.delete(Table::MergedContacts, &key::pair(into, *id));
            }
            draft.delete(Table::LastAgents, &key::number(*id));
            draft.delete(Table::Contacts, &key::number(*id));
        }
        draft.doom(Owner::Contact(*id), true);
    }
    // Under this key lies what was known of somebody who is no contact.
    draft.doom(Owner::Contact(contact), true);
    draft.delete(Table::Erasures, &key::number(contact));
    if rewrite {
        let since = draft.ctx.steady;
        draft.put(OWED, &RewriteOwed { since });
    }
    draft.event_about(EventKind::ContactErased, None, None, Some(contact));
    Ok(None)
}

fn leave(draft: &mut Draft<'_>, id: u64, contacts: &[u64]) -> Result<(), Refusal> {
    let Some(conversation) = draft.get::<Conversation>(&key::number(id))? else { return Ok(()) };
    for contact in contacts {
        let parts = [conversation.instance.as_bytes(), &contact.to_be_bytes()];
        let row = draft.ctx.seal.hash("conversation", &parts);
        if draft.get::<ConversationOf>(&row)?.is_some() {
            draft.delete(Table::ConversationKeys, &row);
        }
    }
    draft.delete(Table::Conversations, &key::number(id));
    Ok(())
}
