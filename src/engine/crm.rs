//! The CRM's tickets and the customers that they are made or read for. Plain data for [`super::decide`], and what is
//! read of it: whose a ticket is, in which chat it came.
//!
//! What always holds: whoever asks for a customer is told of that customer's tickets alone, whatever they name.

use super::desk::NewTicket;
use super::privacy;
use super::rows::{ReadError, Rows, key};
use crate::domain::contact::{Contact, Conversation, spelling};
use crate::domain::crm::{Customer, Details};
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::store::records::AddressOf;

/// A ticket that an agent makes, or that an assistant reports (S2.22).
#[derive(Clone, Debug)]
pub struct NewCrmTicket {
    /// Its requester counts where `customer` is unknown.
    pub ticket: NewTicket,
    pub details: Details,
    pub customer: Customer,
    /// Reported by an assistant, not made by somebody of the desk.
    pub by_assistant: bool,
    /// The id of the tool call that reports it: the same one for the same customer is the same ticket.
    pub tool_call: Option<String>,
    pub status: Status,
}

/// The name under which the references of a year are counted.
pub fn year_count(year: i16) -> String {
    format!("ticket_code:{year:04}")
}

/// What another system calls a ticket that was reported by a tool call.
pub fn reported_as(customer: &str, call: &str) -> String {
    format!("tool:{customer}:{call}")
}

/// Somebody who asks for their tickets: by what these are theirs.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// The contact and those that turned out to be the same person.
    pub contacts: Vec<u64>,
    pub phones: Vec<String>,
    call: Option<u64>,
}

impl Rows<'_> {
    pub fn details(&self, ticket: u64) -> Result<Details, ReadError> {
        Ok(self.get(&key::number(ticket))?.unwrap_or_default())
    }

    /// The chat in which a ticket is answered: its own, or the one that it came from.
    pub fn conversation_of(&self, ticket: &Ticket) -> Result<Option<u64>, ReadError> {
        if ticket.conversation.is_some() {
            return Ok(ticket.conversation);
        }
        Ok(self.details(ticket.number)?.conversation)
    }

    /// The contact of this id, or who they turned out to be.
    pub fn person(&self, id: u64) -> Result<Option<Contact>, ReadError> {
        Ok(self.known_contact(id)?.map(|known| known.contact))
    }

    /// By what tickets are this customer's; none where nobody is known.
    pub fn asking(&self, customer: &Customer) -> Result<Option<Asking>, ReadError> {
        let contact = match customer {
            Customer::Unknown => return Ok(None),
            Customer::Contact(id) => Some(*id),
            Customer::Conversation(id) => {
                let Some(found) = self.get::<Conversation>(&key::number(*id))? else {
                    return Ok(None);
                };
                Some(found.contact)
            }
            Customer::At { addresses, phone } => {
                let mut found = None;
                for address in addresses {
                    let row = self.get::<AddressOf>(&key::address(self.seal, address))?;
                    found = found.or(row.map(|AddressOf(id)| id));
                }
                if found.is_none() {
                    let phones = phone.iter().cloned().collect();
                    return Ok(Some(Asking { phones, ..Asking::default() }));
                }
                found
            }
            Customer::Call(number) => {
                let Some(call) = self.live(*number)? else { return Ok(None) };
                let phones = call.requester.phone.iter().cloned().collect();
                let by_call = Asking { phones, call: Some(call.number), ..Asking::default() };
                let phone = call.requester.phone.as_ref();
                let address = phone.map(|digits| format!("{digits}@s.whatsapp.net"));
                let row = match &address {
                    Some(address) => self.get::<AddressOf>(&key::address(self.seal, address))?,
                    None => None,
                };
                let contact = call.requester.contact.or(row.map(|AddressOf(id)| id));
                let Some(id) = contact else { return Ok(Some(by_call)) };
                return Ok(self.asking_of(id)?.map(|a| Asking { call: by_call.call, ..a }));
            }
        };
        contact.map_or(Ok(None), |id| self.asking_of(id))
    }

    fn asking_of(&self, contact: u64) -> Result<Option<Asking>, ReadError> {
        let person = privacy::person(self, contact)?;
        let all = |p: crate::store::records::Erasure| Asking {
            contacts: p.contacts,
            phones: p.phones,
            call: None,
        };
        Ok(person.map(all))
    }

    /// Whether a ticket is theirs (S2.9).
    pub fn is_theirs(&self, asking: &Asking, ticket: &Ticket) -> Result<bool, ReadError> {
        if asking.call == Some(ticket.number) {
            return Ok(true);
        }
        match ticket.requester.contact {
            Some(id) if asking.contacts.contains(&id) => Ok(true),
            Some(id) => {
                let person = self.person(id)?;
                Ok(person.is_some_and(|person| asking.contacts.contains(&person.id)))
            }
            // Who only called is no contact: the number tells.
            None => {
                let chat =
                    |digits: &str| spelling(&format!("{digits}@s.whatsapp.net")).into_owned();
                let number = ticket.requester.phone.as_deref().map(chat);
                Ok(number.is_some_and(|number| asking.phones.iter().any(|p| chat(p) == number)))
            }
        }
    }
}
