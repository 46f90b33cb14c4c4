//! A contact as callers see it, and who sees it.
//!
//! Supervisors and machines that read everything see all contacts. An agent sees those of whose tickets they see one,
//! and those without any ticket; of each only what those tickets tell.

use std::collections::BTreeMap;

use serde::Serialize;

use super::State;
use super::error::{Failure, not_found};
use super::extract::Caller;
use crate::describe::ToSchema;
use crate::domain::rating::Rating;
use crate::domain::time::Micros;
use crate::engine::contacts::{Known, Tally};
use crate::engine::index::Filter;
use crate::engine::rows::{ReadError, Rows, key};

/// Tickets whose ratings and messages are looked at for the figures of one contact, the newest first.
const LOOKED_AT: usize = 500;

/// One way to reach somebody.
#[derive(Serialize, ToSchema)]
pub struct AddressView {
    /// As it is stored; this names it when a contact is split
    #[schema(example = "5215512345678@s.whatsapp.net")]
    address: String,
    /// whatsapp, email, group, or other (ids that a chat platform gives instead of a number)
    kind: &'static str,
    /// For people: the number with its +, or the mail address
    #[schema(example = "+5215512345678")]
    shown: String,
}

impl AddressView {
    fn of(address: &str) -> AddressView {
        let (kind, shown) = if let Some(mail) = address.strip_prefix("mailto:") {
            ("email", mail.to_owned())
        } else if let Some(digits) = address.strip_suffix("@s.whatsapp.net") {
            ("whatsapp", format!("+{digits}"))
        } else if address.ends_with("@g.us") {
            ("group", address.to_owned())
        } else {
            ("other", address.to_owned())
        };
        AddressView { address: address.to_owned(), kind, shown }
    }
}

/// A person, or a group, and what the desk knows of them.
#[derive(Serialize, ToSchema)]
pub struct ContactView {
    pub id: u64,
    #[schema(example = "María Fernández")]
    name: Option<String>,
    /// Digits of the international number
    #[schema(example = "5215512345678")]
    phone: Option<String>,
    #[schema(example = "maria@example.org")]
    email: Option<String>,
    vip: bool,
    #[schema(example = "es-MX")]
    language: Option<String>,
    notes: Option<String>,
    tags: Vec<String>,
    /// Free attributes by name
    #[schema(value_type = std::collections::HashMap<String, String>, example = json!({"plan": "gold"}))]
    attributes: BTreeMap<String, String>,
    addresses: Vec<AddressView>,
    /// A chat with several people, not a person
    is_group: bool,
    /// Tickets of theirs that the caller may see
    tickets: u64,
    open_tickets: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
}

impl ContactView {
    pub fn of(known: &Known, tally: Tally) -> ContactView {
        let Known { contact, profile, .. } = known;
        let email = contact.addresses.iter().find_map(|a| a.strip_prefix("mailto:"));
        let digits = contact.addresses.iter().find_map(|a| a.strip_suffix("@s.whatsapp.net"));
        ContactView {
            id: contact.id,
            name: contact.name.clone(),
            phone: contact.phone.clone().or(digits.map(str::to_owned)),
            email: email.map(str::to_owned),
            vip: profile.vip,
            language: profile.language.clone(),
            notes: profile.notes.clone(),
            tags: profile.tags.clone(),
            attributes: profile.attributes.iter().cloned().collect(),
            addresses: contact.addresses.iter().map(|a| AddressView::of(a)).collect(),
            is_group: contact.addresses.iter().any(|a| a.ends_with("@g.us")),
            tickets: tally.tickets,
            open_tickets: tally.open,
            created_at: contact.created_at,
        }
    }
}

impl ContactView {
    /// The cells of a table, in the order of its columns; none of a contact that could not be taken back by number or
    /// mail, as a group.
    pub fn cells(self) -> Option<[String; 7]> {
        let (phone, email) = (self.phone.unwrap_or_default(), self.email.unwrap_or_default());
        let is_unreachable = self.is_group || (phone.is_empty() && email.is_empty());
        (!is_unreachable).then(|| {
            let vip = if self.vip { "true" } else { "" }.to_owned();
            let [name, language, notes] =
                [self.name, self.language, self.notes].map(Option::unwrap_or_default);
            [name, phone, email, vip, language, self.tags.join(";"), notes]
        })
    }
}

/// What customers said of how they were served.
#[derive(Default, Serialize, ToSchema)]
pub struct SatisfactionFigures {
    /// Tickets that were rated
    ratings: u64,
    /// 1 to 5; null where nobody rated
    average: Option<f64>,
}

/// A contact with its figures.
#[derive(Serialize, ToSchema)]
pub struct ContactDetail {
    #[serde(flatten)]
    contact: ContactView,
    /// Over its newest 500 tickets
    satisfaction: SatisfactionFigures,
    /// When they last wrote or called, as far as the caller may see
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Micros>,
    /// The chats with them, one a bridge and chat
    conversations: Vec<u64>,
    /// Further ids under which this contact was known before a merge; they lead here
    former_ids: Vec<u64>,
}

/// The tickets of a contact that the caller may see, the newest first; none if the contact is not for them.
pub fn tickets_of(state: &State, caller: &Caller, known: &Known) -> Option<Vec<u64>> {
    let index = state.engine.shared().index();
    let seen = Filter { visible_to: caller.visible_to(), ..Filter::default() };
    let tickets = index.theirs(&known.ids, &seen);
    let is_seen = caller.visible_to().is_none()
        || !tickets.is_empty()
        || index.theirs(&known.ids, &Filter::default()).is_empty();
    is_seen.then_some(tickets)
}

/// A contact by any of its ids, with its tickets, if the caller may see it.
pub fn seen(state: &State, caller: &Caller, id: u64) -> Result<(Known, Vec<u64>), Failure> {
    let known = state.engine.read(|rows| rows.known_contact(id))?;
    let found = known.and_then(|known| {
        let tickets = tickets_of(state, caller, &known)?;
        Some((known, tickets))
    });
    found.ok_or_else(|| not_found("such contact"))
}

pub fn detail(state: &State, caller: &Caller, id: u64) -> Result<ContactDetail, Failure> {
    let (known, tickets) = seen(state, caller, id)?;
    let mut tally = Tally { tickets: tickets.len() as u64, open: 0 };
    let index = Filter { visible_to: caller.visible_to(), ..Filter::default() };
    let filter = Filter { contacts: known.ids.clone(), ..index };
    let index = state.engine.shared().index();
    tally.open = index.lines(&filter).filter(|line| line.status.is_open()).count() as u64;
    drop(index);
    let (satisfaction, last_seen_at) = state.engine.read(|rows| figures(&rows, &tickets))?;
    Ok(ContactDetail {
        conversations: known.contact.conversations.clone(),
        former_ids: known.ids[1..].to_vec(),
        contact: ContactView::of(&known, tally),
        satisfaction,
        last_seen_at,
    })
}

fn figures(
    rows: &Rows<'_>,
    tickets: &[u64],
) -> Result<(SatisfactionFigures, Option<Micros>), ReadError> {
    let (mut ratings, mut sum, mut last) = (0, 0, None);
    for number in tickets.iter().take(LOOKED_AT) {
        if let Some(rating) = rows.get::<Rating>(&key::number(*number))? {
            ratings += 1;
            sum += u64::from(rating.rating);
        }
        if let Some(ticket) = rows.ticket(*number)? {
            last = last.max(Some(ticket.last_message_at.unwrap_or(ticket.created_at)));
        }
    }
    let average = (ratings > 0).then(|| (sum as f64 / ratings as f64 * 100.0).round() / 100.0);
    Ok((SatisfactionFigures { ratings, average }, last))
}
