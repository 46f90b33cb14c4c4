//! Erasing a person, deleting a ticket for good: the steps, each one bounded plan, and who carries them out in order.
//!
//! What always holds:
//! - an erasure that was begun comes to its end, whatever dies meanwhile: it lies in a table of its own until then, and
//!   housekeeping goes on with it;
//! - the keys of what was erased are destroyed only after nothing that is to stay lies under them;
//! - counts stay right: an erased person's tickets remain, hollow; deleted tickets are counted by channel and category.

use futures_util::FutureExt;
use std::collections::HashSet;
use std::sync::Arc;

use super::command::{Actor, Command, Origin, Refusal, Reply, Submission};
use super::contacts::Known;
use super::rows::{ReadError, Rows, key};
use super::{Engine, Error};
use crate::domain::email;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::ticket::{KEPT, Ticket};
use crate::domain::time::Micros;
pub use crate::store::backup::Secret as RootKey;
use crate::store::keys::Keys;
use crate::store::owner::Owner;
use crate::store::records::{AddressOf, Deleted, Erasure};
use crate::store::{Order, Table};

/// Tickets or contacts looked at within one snapshot.
const CHUNK: usize = 500;
/// In place of a contact, for somebody who has tickets and is none.
pub(super) const NOBODY: u64 = 0;
/// Closed tickets looked at in one go.
const LOOKED_AT: usize = 2000;

/// One step of what is done for privacy; each is one plan.
#[derive(Clone, Debug)]
pub enum Step {
    /// The person's addresses are forgotten, what waits for them is not sent any more.
    /// `reason`: in the words of who asked for it.
    Begin { contact: u64, erasure: Erasure, reason: Option<String> },
    /// What is held of the person is given out.
    Exported { contact: u64, tickets: u64, reason: String },
    /// A ticket loses what is its customer's; again while the answer says that there is more.
    Hollow { ticket: u64 },
    /// Rows of these owners in a table that is kept by time, from a key on.
    Traces { table: Table, from: Vec<u8>, owners: Arc<HashSet<Owner>> },
    /// The contacts go, and with them the keys. `rewrite`: words may still lie in the files.
    End { contact: u64, rewrite: bool },
    /// A closed ticket goes for good; again while the answer says that there is more.
    Purge { ticket: u64, because: Because },
    /// What is left of a ticket that was erased since the backup that the store was made from; again while there is
    /// more.
    Remnant { ticket: u64 },
    /// The same of addresses or conversations, from a key on; at the end counts are a recount.
    Strays { table: Table, from: Vec<u8> },
    /// The store was written anew; that was begun at this time of the steady clock.
    Rewritten { since: Micros },
}

/// Why a ticket is deleted for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// It is closed for so many days.
    Retention { days: u32 },
    /// Somebody who may do so wants it.
    Asked,
}

/// A closed ticket whose time is over, and the days of the rule that says so.
pub type Outdated = (Ticket, u32);

/// The tables whose rows lie by time and may hold somebody's words.
const BY_TIME: [Table; 4] = [Table::Idempotency, Table::Early, Table::Unclaimed, Table::SentAs];

/// What an erasure came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    pub contact: u64,
    /// Tickets that stay, hollow.
    pub tickets: u64,
    /// Words may still lie in the files: the store is to be written anew.
    pub rewrite: bool,
    /// The keys could not be destroyed yet; it is tried again every minute.
    pub keys_left: bool,
}

/// The person of a contact: everybody who turned out to be them, and by what else tickets are theirs.
pub(super) fn person(rows: &Rows<'_>, id: u64) -> Result<Option<Erasure>, ReadError> {
    let Some(Known { contact, ids: contacts, .. }) = rows.known_contact(id)? else {
        return Ok(None);
    };
    let phones = contact.phone.iter().cloned();
    let digits = contact.addresses.iter().filter_map(|a| a.strip_suffix("@s.whatsapp.net"));
    let phones = phones.chain(digits.map(str::to_owned)).collect();
    let emails = contact.addresses.iter().filter_map(|a| a.strip_prefix("mailto:"));
    let emails = emails.map(str::to_owned).collect();
    Ok(Some(Erasure { contacts, phones, emails }))
}

fn is_past(at: Micros, days: u32, now: Micros) -> bool {
    at.plus(i64::from(days) * Micros::DAY) <= now
}

/// Who is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Contact(u64),
    /// A phone number, an e-mail address or a chat address.
    Address(String),
}

impl Who {
    /// As it is named on the command line: `17`, `+52 1 55 1234 5678`, `ana@example.org`, `5215512345678@s.whatsapp.net`.
    pub fn parse(text: &str) -> Who {
        const LONGEST_ID: usize = 6;
        match text.parse() {
            Ok(id) if text.len() <= LONGEST_ID => Who::Contact(id),
            _ => Who::Address(text.trim().to_owned()),
        }
    }
}

/// An erasure of whoever has this address, contact or not: somebody who only ever called is none.
fn stranger(address: &str) -> Erasure {
    let digits: String = address.chars().filter(char::is_ascii_digit).collect();
    let is_phone = address.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
    let emails = if email::is_address(address) { vec![address.to_owned()] } else { Vec::new() };
    let phones = if is_phone && !digits.is_empty() { vec![digits] } else { Vec::new() };
    Erasure { contacts: Vec::new(), phones, emails }
}

impl Engine {
    /// Erases a person for good; goes on to the end even when nobody waits for it any more. None: there is no such
    /// person.
    pub async fn erase(
        &self,
        by: (Actor, Origin),
        who: Who,
        reason: Option<String>,
    ) -> Result<Option<Erased>, Error> {
        let engine = self.clone();
        let work =
            tokio::spawn(async move { engine.erase_to_the_end(by, who, reason).await }.boxed());
        work.await.map_err(|_| Error::Panicked)?
    }

    async fn erase_to_the_end(
        &self,
        by: (Actor, Origin),
        who: Who,
        reason: Option<String>,
    ) -> Result<Option<Erased>, Error> {
        let _one = self.shared().erasing.lock().await;
        let Some(erasure) = self.find_person(&who).await? else { return Ok(None) };
        let contact = erasure.contacts.first().copied().unwrap_or(NOBODY);
        let begin = Step::Begin { contact, erasure: erasure.clone(), reason };
        self.privacy_step_by(by, begin).await?;
        self.finish_erasure(contact, &erasure).await.map(Some)
    }

    /// Somebody who is known here, by contact or only by tickets of theirs.
    pub(super) async fn find_person(&self, who: &Who) -> Result<Option<Erasure>, Error> {
        let address = match who {
            Who::Contact(id) => return self.read(|rows| person(&rows, *id)),
            Who::Address(address) => address,
        };
        let stranger = stranger(address);
        let mut known = vec![address.clone(), email::contact_address(address)];
        known.extend(stranger.phones.iter().map(|p| format!("{p}@s.whatsapp.net")));
        let found = self.read(|rows| {
            for address in &known {
                if let Some(AddressOf(id)) = rows.get(&key::address(rows.seal, address))? {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        })?;
        Ok(match found {
            Some(id) => self.read(|rows| person(&rows, id))?,
            None if self.tickets_of(&stranger).await?.is_empty() => None,
            None => Some(stranger),
        })
    }

    /// Goes on with what was cut off.
    pub async fn resume_erasures(&self) -> Result<(), Error> {
        let _one = self.shared().erasing.lock().await;
        let begun = self.read(|rows| rows.scan::<Erasure>(&[], None, Order::Ascending, CHUNK))?;
        for (row_key, erasure) in begun {
            if let Ok(contact) = (*row_key).try_into().map(u64::from_be_bytes) {
                tracing::info!(contact, "an erasure that was cut off goes on");
                self.finish_erasure(contact, &erasure).await?;
            }
        }
        Ok(())
    }

    async fn finish_erasure(&self, contact: u64, erasure: &Erasure) -> Result<Erased, Error> {
        let tickets = self.tickets_of(erasure).await?;
        let mut files = Vec::new();
        for ticket in &tickets {
            files.extend(self.read(|rows| rows.files(*ticket))?);
            self.to_the_end(|| Step::Hollow { ticket: *ticket }).await?;
        }
        let owners = tickets.iter().map(|number| Owner::Ticket(*number));
        let owners = owners.chain(erasure.contacts.iter().map(|id| Owner::Contact(*id)));
        let owners: Arc<HashSet<Owner>> = Arc::new(owners.collect());
        for table in BY_TIME {
            let mut from = Vec::new();
            let step = |from| Step::Traces { table, from, owners: Arc::clone(&owners) };
            while let Some(next) = self.privacy_step(step(from)).await? {
                from = next;
            }
        }
        self.forget_in_search(&tickets, &erasure.contacts).await?;
        let shared = self.shared();
        let rewrite = !shared.seal.encrypts() || shared.owes_rewrite();
        self.privacy_step(Step::End { contact, rewrite }).await?;
        let engine = self.clone();
        let removing = tokio::task::spawn_blocking(move || engine.remove_files(&files));
        removing.await.map_err(|_| Error::Panicked)?;
        let left = |keys: &Arc<Keys>| owners.iter().any(|owner| keys.is_doomed(*owner));
        Ok(Erased {
            contact,
            tickets: tickets.len() as u64,
            rewrite,
            keys_left: shared.seal.keys().is_some_and(left),
        })
    }

    /// The tickets of a person: by contact, or, where a ticket has none, by number and e-mail.
    pub(super) async fn tickets_of(&self, erasure: &Erasure) -> Result<Vec<u64>, Error> {
        if erasure.phones.is_empty() && erasure.emails.is_empty() {
            return Ok(self.shared().index().of_contacts(&erasure.contacts));
        }
        let folded: Vec<_> = erasure.emails.iter().map(|e| email::folded(e)).collect();
        let is_theirs = |ticket: &Ticket| match ticket.requester.contact {
            Some(contact) => erasure.contacts.contains(&contact),
            None => {
                let requester = &ticket.requester;
                requester.phone.as_ref().is_some_and(|phone| erasure.phones.contains(phone))
                    || requester.email.as_ref().is_some_and(|e| folded.contains(&email::folded(e)))
            }
        };
        let (mut found, mut start) = (Vec::new(), FIRST_NUMBER);
        loop {
            let next = self.read(|rows| {
                let chunk =
                    rows.scan::<Ticket>(&key::number(start), None, Order::Ascending, CHUNK)?;
                let theirs = chunk.iter().filter(|(_, ticket)| is_theirs(ticket));
                found.extend(theirs.map(|(_, ticket)| ticket.number));
                Ok(chunk.last().map(|(_, last)| last.number + 1))
            })?;
            match next {
                Some(next) => start = next,
                None => return Ok(found),
            }
            tokio::task::yield_now().await;
        }
    }

    /// Deletes a ticket for good. Its customer is erased with their last ticket.
    pub async fn purge(&self, ticket: u64, because: Because) -> Result<(), Error> {
        let _one = self.shared().erasing.lock().await;
        let contact =
            self.read(|rows| Ok(rows.ticket(ticket)?.and_then(|t| t.requester.contact)))?;
        self.to_the_end(|| Step::Purge { ticket, because }).await?;
        let Some(contact) = contact else { return Ok(()) };
        let gone = self.read(|rows| Ok(rows.ticket(ticket)?.is_none()))?;
        let last = gone && self.shared().index().of_contacts(&[contact]).is_empty();
        let Some(person) =
            self.read(|rows| if last { person(&rows, contact) } else { Ok(None) })?
        else {
            return Ok(());
        };
        if self.shared().index().of_contacts(&person.contacts).is_empty() {
            // No ticket is left that could be known as theirs by anything else.
            let erasure = Erasure { phones: Vec::new(), emails: Vec::new(), ..person };
            let contact = erasure.contacts[0];
            let begin = Step::Begin { contact, erasure: erasure.clone(), reason: None };
            self.privacy_step(begin).await?;
            self.finish_erasure(contact, &erasure).await?;
        }
        Ok(())
    }

    /// Closed tickets that a rule of retention wants gone, from a number on, with the days of the rule; and where to go
    /// on, if there is more to look at.
    pub fn outdated(&self, from: u64, now: Micros) -> Result<(Vec<Outdated>, Option<u64>), Error> {
        let mut candidates = Vec::new();
        let mut next = None;
        {
            let index = self.shared().index();
            for (number, channel, category, created_at) in index.closed(from) {
                let rule = self.retention.iter().find(|rule| rule.fits(channel, category));
                let Some(days) = rule.map(|rule| rule.days) else { continue };
                if candidates.len() == LOOKED_AT {
                    next = Some(number);
                    break;
                }
                // Whoever was closed so long ago was made before.
                if is_past(created_at, days, now) {
                    candidates.push((number, days));
                }
            }
        }
        let mut found = Vec::new();
        for chunk in candidates.chunks(CHUNK) {
            self.read(|rows| {
                for (number, days) in chunk {
                    let ticket = rows.ticket(*number)?;
                    let is_due = |t: &Ticket| t.closed_at.is_some_and(|at| is_past(at, *days, now));
                    found.extend(ticket.filter(is_due).map(|ticket| (ticket, *days)));
                }
                Ok(())
            })?;
        }
        Ok((found, next))
    }

    /// After a restore that left behind whoever was erased since: removes what leads to them. Nobody works with the
    /// store yet.
    pub async fn carry_erasures_over(&self) -> Result<(), Error> {
        let numbers = self.shared().index().numbers();
        for chunk in numbers.chunks(CHUNK) {
            let gone = self.read(|rows| {
                let mut gone = Vec::new();
                for number in chunk {
                    if rows.view.get(Table::Tickets, &key::number(*number))?.is_none() {
                        gone.push(*number);
                    }
                }
                Ok(gone)
            })?;
            for ticket in gone {
                self.to_the_end(|| Step::Remnant { ticket }).await?;
            }
        }
        for table in [Table::Addresses, Table::Conversations] {
            let mut from = Vec::new();
            while let Some(next) = self.privacy_step(Step::Strays { table, from }).await? {
                from = next;
            }
        }
        Ok(())
    }

    /// Tickets that somebody deleted so long ago that they go for good; some of them.
    pub fn deleted_for_good(&self) -> Result<Vec<u64>, Error> {
        let end = key::deletion(self.shared().steady().0 - KEPT, 0);
        let due = |rows: Rows<'_>| rows.scan::<Deleted>(&[], Some(&end), Order::Ascending, CHUNK);
        let due = self.read(due)?;
        Ok(due.iter().filter_map(|(row_key, _)| Some(key::numbers(row_key)?.1)).collect())
    }

    async fn to_the_end(&self, step: impl Fn() -> Step) -> Result<(), Error> {
        while self.privacy_step(step()).await?.is_some() {}
        Ok(())
    }

    async fn privacy_step(&self, step: Step) -> Result<Option<Vec<u8>>, Error> {
        self.privacy_step_by((Actor::System, Origin::INSIDE), step).await
    }

    pub(super) async fn privacy_step_by(
        &self,
        (by, origin): (Actor, Origin),
        step: Step,
    ) -> Result<Option<Vec<u8>>, Error> {
        let submission = Submission::new(by, Command::Privacy(step)).from(origin);
        match self.submit(submission).await? {
            Reply::Step { more } => Ok(more),
            _ => Err(Refusal::Store("a reply of another kind".into()).into()),
        }
    }
}
