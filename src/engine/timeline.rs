//! Putting entries into a ticket's timeline: the entry at the end of its table, its place in the ticket's
//! directory pages. Insertion happens near the end, so one page or two are rewritten.

use super::draft::Draft;
use super::rows::{ReadError, key};
use crate::domain::entry::Entry;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::store::Table;
use crate::store::records::{DirItem, PAGE_ITEMS, Page};

/// Where an entry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    End,
    /// Directly behind the entry of this id.
    After(u32),
    /// Directly before the entry of this id.
    Before(u32),
    /// Behind the last entry that is not later.
    ByTime(Micros),
}

/// A position in a page, and the page.
struct Spot {
    page_no: u32,
    index: usize,
    page: Page,
}

/// Pages looked back through for a place by time; what is older still goes before them.
const LOOK_BACK_PAGES: u32 = 64;

impl Draft<'_> {
    /// Gives out the next entry id of a ticket.
    pub fn reserve_entry(&mut self, ticket: &mut Ticket) -> u32 {
        ticket.extent.last_entry += 1;
        ticket.extent.last_entry
    }

    /// Writes an entry and lists it at its place. Returns its global number.
    pub fn add_entry(
        &mut self,
        ticket: &mut Ticket,
        entry: &Entry,
        place: Place,
    ) -> Result<u64, ReadError> {
        let no = self.next("entry", 1)?;
        self.put(&key::number(no), entry);
        self.list(ticket, DirItem { id: entry.id, no, at: entry.at }, place)?;
        ticket.extent.entries += 1;
        Ok(no)
    }

    /// Writes an entry of our own time behind all that is there. Among the times of others it counts as no earlier
    /// than what it stands behind, and as no later either while our clock is not believed: what comes next must
    /// find its place among them.
    pub fn add_last(&mut self, ticket: &mut Ticket, entry: &Entry) -> Result<u64, ReadError> {
        let last = self.end(ticket)?;
        let before = match last.page.items.last() {
            Some(item) => Some(item.at),
            None if last.page_no > 0 => {
                self.rows().page(ticket.number, last.page_no - 1)?.items.last().map(|item| item.at)
            }
            None => None,
        };
        let at = match before {
            Some(before) if !self.ctx.trusted || before > entry.at => before,
            _ => entry.at,
        };
        let no = self.next("entry", 1)?;
        self.put(&key::number(no), entry);
        self.list(ticket, DirItem { id: entry.id, no, at }, Place::End)?;
        ticket.extent.entries += 1;
        Ok(no)
    }

    /// Lists an entry that stands elsewhere in the timeline at another place.
    pub fn move_entry(
        &mut self,
        ticket: &mut Ticket,
        id: u32,
        place: Place,
    ) -> Result<(), ReadError> {
        let Some(mut spot) = self.find(ticket, id)? else {
            return Err(ReadError::Inconsistent(format!(
                "ticket {} has no entry {id} to move",
                ticket.number
            )));
        };
        let item = spot.page.items.remove(spot.index);
        self.put(&key::page(ticket.number, spot.page_no), &spot.page);
        self.list(ticket, item, place)
    }

    fn list(&mut self, ticket: &mut Ticket, item: DirItem, place: Place) -> Result<(), ReadError> {
        let found = match place {
            Place::End => None,
            Place::After(id) => {
                self.find(ticket, id)?.map(|spot| Spot { index: spot.index + 1, ..spot })
            }
            Place::Before(id) => self.find(ticket, id)?,
            Place::ByTime(at) => Some(self.by_time(ticket, at)?),
        };
        let mut spot = match found {
            Some(spot) => spot,
            None => self.end(ticket)?,
        };
        spot.page.items.insert(spot.index, item);
        self.spill(ticket, spot.page_no, spot.page)
    }

    /// Writes a page; what is too much for it moves to the front of the next.
    fn spill(
        &mut self,
        ticket: &mut Ticket,
        mut page_no: u32,
        mut page: Page,
    ) -> Result<(), ReadError> {
        loop {
            let overflow = page.items.split_off(page.items.len().min(PAGE_ITEMS));
            self.put(&key::page(ticket.number, page_no), &page);
            ticket.extent.pages = ticket.extent.pages.max(page_no + 1);
            if overflow.is_empty() {
                return Ok(());
            }
            page_no += 1;
            let next = self.rows().page(ticket.number, page_no)?;
            page = Page { items: overflow };
            page.items.extend(next.items);
        }
    }

    fn end(&self, ticket: &Ticket) -> Result<Spot, ReadError> {
        let last = ticket.extent.pages.saturating_sub(1);
        let page = self.rows().page(ticket.number, last)?;
        Ok(match page.items.len() {
            PAGE_ITEMS.. => Spot { page_no: last + 1, index: 0, page: Page::default() },
            index => Spot { page_no: last, index, page },
        })
    }

    /// Where an entry is listed, looked for from the end.
    fn find(&self, ticket: &Ticket, id: u32) -> Result<Option<Spot>, ReadError> {
        for page_no in (0..ticket.extent.pages).rev() {
            let page = self.rows().page(ticket.number, page_no)?;
            if let Some(index) = page.items.iter().position(|i| i.id == id) {
                return Ok(Some(Spot { page_no, index, page }));
            }
        }
        Ok(None)
    }

    /// Whether the entry `id` stands somewhere behind the entry `other`.
    pub fn is_behind(&self, ticket: &Ticket, id: u32, other: u32) -> Result<bool, ReadError> {
        let at = |spot: Option<Spot>| spot.map(|s| (s.page_no, s.index));
        Ok(at(self.find(ticket, id)?) > at(self.find(ticket, other)?))
    }

    fn by_time(&self, ticket: &Ticket, at: Micros) -> Result<Spot, ReadError> {
        let pages = ticket.extent.pages;
        let first = pages.saturating_sub(LOOK_BACK_PAGES);
        for page_no in (first..pages).rev() {
            let page = self.rows().page(ticket.number, page_no)?;
            if let Some(before) = page.items.iter().rposition(|i| i.at <= at) {
                let index = before + 1;
                // Behind a full last page a new one begins.
                let begins_new = index == PAGE_ITEMS && page_no + 1 == pages;
                return Ok(if begins_new {
                    Spot { page_no: pages, index: 0, page: Page::default() }
                } else {
                    Spot { page_no, index, page }
                });
            }
        }
        let page = self.rows().page(ticket.number, first)?;
        Ok(Spot { page_no: first, index: 0, page })
    }

    /// The entries of a ticket without their texts, in order.
    pub fn directory(&self, ticket: &Ticket) -> Result<Vec<DirItem>, ReadError> {
        let mut items = Vec::new();
        for page_no in 0..ticket.extent.pages {
            items.extend(self.rows().page(ticket.number, page_no)?.items);
        }
        Ok(items)
    }

    /// Removes every row of a ticket in a table whose keys begin with its number, at most `limit` of them.
    pub fn delete_of_ticket(
        &mut self,
        table: Table,
        ticket: u64,
        limit: usize,
    ) -> Result<(), ReadError> {
        let rows = crate::store::View::scan(
            self,
            table,
            &key::number(ticket),
            Some(&key::number(ticket + 1)),
            crate::store::Order::Ascending,
            limit,
        )?;
        for (row_key, _) in rows {
            self.delete(table, &row_key);
        }
        Ok(())
    }
}
