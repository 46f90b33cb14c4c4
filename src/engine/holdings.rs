//! What is held of a person: found by whatever names them, counted, given out. Whose tickets are theirs is asked of the
//! same functions as when they are erased, so that what is shown is what would go.

use super::command::{Actor, Origin};
use super::contacts::Known;
use super::decide::purge::PURGED;
use super::privacy::{NOBODY, Step, Who};
use super::rows::{ReadError, Rows, key};
use super::{Engine, Error};
use crate::domain::deed::{Deed, What};
use crate::domain::rating::Rating;
use crate::domain::time::Micros;
use crate::store::Order;
use crate::store::records::{Count, Erasure};

/// Tickets looked at within one snapshot.
const CHUNK: usize = 250;
/// Erasures that were begun and are counted.
const BEGUN: usize = 1000;

/// A person, and how much there is of them.
pub struct Holdings {
    /// None: somebody who has tickets and is no contact.
    pub known: Option<Known>,
    /// Theirs, oldest first; of those that are part of another one as well.
    pub tickets: Vec<u64>,
    pub open: u64,
    pub entries: u64,
    pub files: u64,
    /// Of all files.
    pub bytes: u64,
    pub ratings: u64,
    pub first_at: Option<Micros>,
    pub last_at: Option<Micros>,
}

/// What is under way and what was done, in numbers.
pub struct PrivacyState {
    /// Erasures that were begun and have not come to their end.
    pub erasing: usize,
    /// Tickets deleted for good, ever.
    pub deleted: u64,
    /// When the last one was.
    pub last_deletion: Option<Micros>,
}

impl Engine {
    /// What is held of somebody; none if nobody is known by this.
    pub async fn holdings(&self, who: &Who) -> Result<Option<Holdings>, Error> {
        let Some(person) = self.find_person(who).await? else { return Ok(None) };
        let tickets = self.tickets_of(&person).await?;
        let first = person.contacts.first().copied();
        let known = match first {
            Some(id) => self.read(|rows| rows.known_contact(id))?,
            None => None,
        };
        let mut held = Holdings {
            known,
            tickets: Vec::new(),
            open: 0,
            entries: 0,
            files: 0,
            bytes: 0,
            ratings: 0,
            first_at: None,
            last_at: None,
        };
        for chunk in tickets.chunks(CHUNK) {
            self.read(|rows| {
                for number in chunk {
                    held.add(&rows, *number)?;
                }
                Ok(())
            })?;
            tokio::task::yield_now().await;
        }
        Ok(Some(Holdings { tickets, ..held }))
    }

    /// Notes that what is held of somebody is given out, before the first of it goes.
    pub async fn note_export(
        &self,
        by: (Actor, Origin),
        held: &Holdings,
        reason: String,
    ) -> Result<(), Error> {
        let contact = held.known.as_ref().map_or(NOBODY, |known| known.contact.id);
        let tickets = held.tickets.len() as u64;
        self.privacy_step_by(by, Step::Exported { contact, tickets, reason }).await.map(drop)
    }

    pub fn privacy_state(&self) -> Result<PrivacyState, Error> {
        self.read(|rows| {
            let begun = rows.scan::<Erasure>(&[], None, Order::Ascending, BEGUN)?;
            let deleted = rows.get::<Count>(PURGED.as_bytes())?;
            let deeds = rows.scan::<Deed>(&[], None, Order::Descending, usize::MAX)?;
            let is_deletion = |deed: &Deed| deed.what == What::Deleted;
            Ok(PrivacyState {
                erasing: begun.len(),
                deleted: deleted.map_or(0, |count| count.0),
                last_deletion: deeds.iter().map(|(_, d)| d).find(|d| is_deletion(d)).map(|d| d.at),
            })
        })
    }

    /// What was done for privacy before the deed of this number, the newest first.
    pub fn deeds(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, Deed)>, Error> {
        let end = before.map(key::number);
        let end = end.as_ref().map(|end| &end[..]);
        let rows = self.read(|rows| rows.scan::<Deed>(&[], end, Order::Descending, limit))?;
        let number = |row_key: &[u8]| row_key.try_into().map(u64::from_be_bytes).ok();
        Ok(rows.into_iter().filter_map(|(at, deed)| Some((number(&at)?, deed))).collect())
    }
}

impl Holdings {
    fn add(&mut self, rows: &Rows<'_>, number: u64) -> Result<(), ReadError> {
        let Some(ticket) = rows.ticket(number)? else { return Ok(()) };
        self.open += u64::from(ticket.status.is_open());
        self.entries += u64::from(ticket.extent.entries);
        let files = rows.files(number)?;
        self.files += files.len() as u64;
        self.bytes += files.iter().map(|file| file.bytes).sum::<u64>();
        self.ratings += u64::from(rows.get::<Rating>(&key::number(number))?.is_some());
        let last = ticket.last_message_at.unwrap_or(ticket.created_at);
        self.first_at =
            Some(self.first_at.map_or(ticket.created_at, |at| at.min(ticket.created_at)));
        self.last_at = self.last_at.max(Some(last));
        Ok(())
    }
}
