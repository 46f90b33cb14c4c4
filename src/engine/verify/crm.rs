//! What the CRM's rows promise: details belong to a ticket, the references of a year are within its count.

use super::Check;
use crate::domain::contact::Conversation;
use crate::domain::crm::Details;
use crate::domain::reference;
use crate::domain::ticket::Ticket;
use crate::engine::crm::year_count;
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::Order;
use crate::store::records::Count;

impl Check {
    pub(super) fn crm(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        for (row, details) in rows.scan::<Details>(&[], None, Order::Ascending, usize::MAX)? {
            let number = row[..].try_into().map(u64::from_be_bytes).unwrap_or_default();
            if rows.ticket(number)?.is_none() {
                self.report.find(format!("the CRM's details of ticket #{number} are of none"));
            }
            if let Some(id) = details.conversation
                && rows.get::<Conversation>(&key::number(id))?.is_none()
            {
                self.report.find(format!(
                    "ticket #{number} came from conversation {id}, which is missing"
                ));
            }
        }
        Ok(())
    }
}

/// Whether its reference was given out, where it is one of a year.
pub(super) fn is_counted(rows: &Rows<'_>, ticket: &Ticket) -> Result<bool, ReadError> {
    let Some((year, nth)) = reference::yearly(&ticket.ticket_id) else { return Ok(true) };
    let Count(given) = rows.get(year_count(year).as_bytes())?.unwrap_or(Count(0));
    Ok((1..=given).contains(&nth))
}
