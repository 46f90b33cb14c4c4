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

    /// Lists an entry that stands elsewhere in the timeline at another place.
    pub fn move_entry(
        &mut self,
        ticket: &mut Ticket,
        id: u32,
        place: Place,
    ) -> Result<(), ReadError> {
        let Some((page_no, index)) = self.find(ticket, id)? else {
            return Err(ReadError::Inconsistent(format!(
                "ticket {} has no entry {id} to move",
                ticket.number
            )));
        };
        let mut page = self.rows().page(ticket.number, page_no)?;
        let item = page.items.remove(index);
        self.put(&key::page(ticket.number, page_no), &page);
        self.list(ticket, item, place)
    }

    fn list(&mut self, ticket: &mut Ticket, item: DirItem, place: Place) -> Result<(), ReadError> {
        let (page_no, index) = match place {
            Place::End => self.end(ticket)?,
            Place::After(id) => match self.find(ticket, id)? {
                Some((page, index)) => (page, index + 1),
                None => self.end(ticket)?,
            },
            Place::Before(id) => match self.find(ticket, id)? {
                Some(found) => found,
                None => self.end(ticket)?,
            },
            Place::ByTime(at) => self.by_time(ticket, at)?,
        };
        let mut page = self.rows().page(ticket.number, page_no)?;
        page.items.insert(index.min(page.items.len()), item);
        self.spill(ticket, page_no, page)
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

    fn end(&self, ticket: &Ticket) -> Result<(u32, usize), ReadError> {
        let last = ticket.extent.pages.saturating_sub(1);
        let used = self.rows().page(ticket.number, last)?.items.len();
        Ok(if used < PAGE_ITEMS { (last, used) } else { (last + 1, 0) })
    }

    /// Page and position of an entry, looked for from the end.
    fn find(&self, ticket: &Ticket, id: u32) -> Result<Option<(u32, usize)>, ReadError> {
        for page_no in (0..ticket.extent.pages).rev() {
            let page = self.rows().page(ticket.number, page_no)?;
            if let Some(index) = page.items.iter().position(|i| i.id == id) {
                return Ok(Some((page_no, index)));
            }
        }
        Ok(None)
    }

    /// Whether the entry `id` stands somewhere behind the entry `other`.
    pub fn is_behind(&self, ticket: &Ticket, id: u32, other: u32) -> Result<bool, ReadError> {
        Ok(self.find(ticket, id)? > self.find(ticket, other)?)
    }

    fn by_time(&self, ticket: &Ticket, at: Micros) -> Result<(u32, usize), ReadError> {
        let pages = ticket.extent.pages;
        let first = pages.saturating_sub(LOOK_BACK_PAGES);
        for page_no in (first..pages).rev() {
            let page = self.rows().page(ticket.number, page_no)?;
            if let Some(index) = page.items.iter().rposition(|i| i.at <= at) {
                let place = index + 1;
                // Behind a full last page a new one begins.
                let begins_new = place == PAGE_ITEMS && page_no + 1 == pages;
                return Ok(if begins_new { (pages, 0) } else { (page_no, place) });
            }
        }
        Ok((first, 0))
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
