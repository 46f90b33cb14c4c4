//! Typed reading of rows through any view: the open batch, a draft, a snapshot.

use std::borrow::Cow;

use crate::domain::agent::Agent;
use crate::domain::entry::Entry;
use crate::domain::file::{MAX_FILES, StoredFile};
use crate::domain::outbound::{Dispatch, Outbound};
use crate::domain::reference::Reference;
use crate::domain::session::{MAX_SESSIONS, Session};
use crate::domain::ticket::{MAX_MERGES, Metadata, StatusChange, Ticket};
use crate::domain::time::Micros;
use crate::store::codec::{self, Record};
use crate::store::records::{Count, Cursor, DirItem, Page, Pointer, Portal};
use crate::store::seal::{Place, Seal, SealError};
use crate::store::{Blob, Order, RowKey, StoreError, View};

/// A view and the seal that opens its values.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub view: &'a dyn View,
    pub seal: &'a Seal,
}

/// Rows of a ticket that are asked for one by one.
const ASKED_FOR: u32 = 4;

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Codec(#[from] codec::CodecError),
    #[error(transparent)]
    Seal(#[from] crate::store::seal::SealError),
    #[error("{0}; run `frontdesk verify`")]
    Inconsistent(String),
}

/// A row whose key was destroyed, as its customer was erased, is as one that is not there.
impl<'a> Rows<'a> {
    pub fn get<R: Record>(&self, key: &[u8]) -> Result<Option<R>, ReadError> {
        match self.view.get(R::TABLE, key)? {
            Some(bytes) => self.open_known(key, &bytes),
            None => Ok(None),
        }
    }

    /// The record in a value that the view gave, which may know it; none when its key was destroyed.
    fn open_known<R: Record>(&self, key: &[u8], sealed: &Blob) -> Result<Option<R>, ReadError> {
        if let Some(plain) = self.view.plain(sealed) {
            return Ok(Some(codec::decode(&plain)?));
        }
        let plain = match self.seal.open(Place::row(R::TABLE, key), sealed) {
            Err(SealError::Erased) => return Ok(None),
            plain => plain?,
        };
        if let Cow::Owned(plain) = &plain {
            self.view.note_plain(sealed, plain);
        }
        Ok(Some(codec::decode(&plain)?))
    }

    /// At most `limit` records with `start <= key < end`.
    pub fn scan<R: Record>(
        &self,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(RowKey, R)>, ReadError> {
        let mut found = Vec::new();
        let (mut start, mut end) = (Cow::Borrowed(start), end.map(Cow::Borrowed));
        loop {
            let wanted = limit - found.len();
            let rows = self.view.scan(R::TABLE, &start, end.as_deref(), order, wanted)?;
            let (here, last) = (rows.len(), rows.last().map(|(key, _)| RowKey::clone(key)));
            for (key, bytes) in rows {
                if let Some(record) = self.open_known(&key, &bytes)? {
                    found.push((key, record));
                }
            }
            // Fewer than there were rows: others come in the place of those that do not open.
            let (true, true, Some(last)) = (found.len() < limit, here == wanted, last) else {
                return Ok(found);
            };
            match order {
                Order::Ascending => start = [&last, &[0][..]].concat().into(),
                Order::Descending => end = Some(last.to_vec().into()),
            }
        }
    }

    /// The record in a stored value of this row.
    pub fn open<R: Record>(&self, key: &[u8], sealed: &[u8]) -> Result<R, ReadError> {
        Ok(codec::decode(&self.seal.open(Place::row(R::TABLE, key), sealed)?)?)
    }

    pub fn ticket(&self, number: u64) -> Result<Option<Ticket>, ReadError> {
        self.get(&key::number(number))
    }

    /// The ticket that a reference leads to, by any of its names: merged ones lead on, deleted ones nowhere.
    pub fn resolve(&self, reference: &Reference) -> Result<Option<Ticket>, ReadError> {
        self.named(reference)?.map_or(Ok(None), |n| self.live(n))
    }

    /// The ticket of this number, or the one that it became part of; none if that is deleted.
    pub fn live(&self, number: u64) -> Result<Option<Ticket>, ReadError> {
        Ok(self.home(number)?.filter(|ticket| ticket.deleted.is_none()))
    }

    /// The ticket that this one is part of today, deleted or not; itself if it is whole.
    pub fn home(&self, number: u64) -> Result<Option<Ticket>, ReadError> {
        let Some(mut ticket) = self.ticket(number)? else { return Ok(None) };
        for _ in 0..MAX_MERGES {
            let Some(merged) = &ticket.merged else { return Ok(Some(ticket)) };
            match self.ticket(merged.into)? {
                Some(next) => ticket = next,
                None => return Ok(None),
            }
        }
        Err(ReadError::Inconsistent(format!("ticket #{number} was merged in a circle")))
    }

    /// The number that a reference names, whatever has become of that ticket.
    pub fn named(&self, reference: &Reference) -> Result<Option<u64>, ReadError> {
        Ok(match reference {
            Reference::Number(number) => Some(*number),
            Reference::Id(id) => self.pointer(&key::reference_id(id))?,
            Reference::Code(code) => self.pointer(&key::reference_code(code))?,
            Reference::External(name) => self.pointer(&self.external(name))?,
        })
    }

    /// The row key of what another system calls a ticket: such names may hold a person's number.
    pub fn external(&self, name: &str) -> Vec<u8> {
        key::reference_external(&self.seal.hash("external", &[name.as_bytes()]))
    }

    pub fn pointer(&self, key: &[u8]) -> Result<Option<u64>, ReadError> {
        Ok(self.get::<Pointer>(key)?.map(|p| p.0))
    }

    /// Whether a customer's token, by its hash, is good for this ticket at this time of the steady clock.
    pub fn opens(&self, ticket: u64, hash: &[u8; 32], now: Micros) -> Result<bool, ReadError> {
        let portal = self.get::<Portal>(&key::number(ticket))?.unwrap_or_default();
        Ok(portal.tokens.iter().any(|token| token.hash == *hash && token.expires > now))
    }

    pub fn page(&self, ticket: u64, page: u32) -> Result<Page, ReadError> {
        Ok(self.get::<Page>(&key::page(ticket, page))?.unwrap_or_default())
    }

    pub fn entry(&self, item: &DirItem) -> Result<Entry, ReadError> {
        self.get(&key::number(item.no))?.ok_or_else(|| {
            ReadError::Inconsistent(format!("entry {} is listed but is not there", item.no))
        })
    }

    /// Where an entry of a ticket stands.
    pub fn item(&self, ticket: &Ticket, id: u32) -> Result<Option<DirItem>, ReadError> {
        for page in 0..ticket.extent.pages {
            let found = self.page(ticket.number, page)?.items.into_iter().find(|i| i.id == id);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Entries of a ticket in spoken or sent order that stand behind entry `after` (0: from the start), as far as
    /// they are wanted: at most `limit` and about `max_bytes` of text, of at most `looked_at` entries. `None` when the
    /// ticket has no entry `after`.
    pub fn page_of(
        &self,
        ticket: &Ticket,
        after: u32,
        (limit, looked_at, max_bytes): (usize, usize, usize),
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<Option<EntryPage>, ReadError> {
        let mut entries = Vec::new();
        let (mut bytes, mut looked, mut last) = (0, 0, after);
        let mut passed = after == 0;
        for page in 0..ticket.extent.pages {
            for item in self.page(ticket.number, page)?.items {
                if !passed {
                    passed = item.id == after;
                    continue;
                }
                let full = entries.len() == limit || (bytes >= max_bytes && !entries.is_empty());
                if full || looked == looked_at {
                    return Ok(Some(EntryPage { entries, next: Some(last) }));
                }
                let entry = self.entry(&item)?;
                (last, looked) = (item.id, looked + 1);
                if wanted(&entry) {
                    bytes += entry.body.len();
                    entries.push((item, entry));
                }
            }
        }
        Ok(passed.then_some(EntryPage { entries, next: None }))
    }

    /// The same of all entries, and whether more follow.
    pub fn timeline(
        &self,
        ticket: &Ticket,
        after: u32,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Option<(Vec<Entry>, bool)>, ReadError> {
        let page = self.page_of(ticket, after, (limit, usize::MAX, max_bytes), |_| true)?;
        let plain =
            |page: EntryPage| (page.entries.into_iter().map(listed).collect(), page.next.is_some());
        Ok(page.map(plain))
    }

    /// The whole timeline of a ticket, however long.
    pub fn whole_timeline(&self, ticket: &Ticket) -> Result<Vec<Entry>, ReadError> {
        let mut entries = Vec::with_capacity(ticket.extent.entries as usize);
        for page in 0..ticket.extent.pages {
            for item in self.page(ticket.number, page)?.items {
                entries.push(listed((item, self.entry(&item)?)));
            }
        }
        Ok(entries)
    }

    /// What waits in a conversation to be sent, in order, with the outbox numbers.
    pub fn waiting(&self, conversation: u64) -> Result<Vec<(u64, Outbound)>, ReadError> {
        let (start, end) = (key::outbox(conversation, 0), key::outbox(conversation + 1, 0));
        let rows = self.scan::<Outbound>(&start, Some(&end), Order::Ascending, MAX_WAITING)?;
        Ok(rows
            .into_iter()
            .filter_map(|(row_key, row)| Some((key::numbers(&row_key)?.1, row)))
            .collect())
    }

    /// How far an agent's message has come; none if it never went out.
    pub fn dispatch(&self, entry: u64) -> Result<Option<Dispatch>, ReadError> {
        self.get(&key::number(entry))
    }

    /// What callers attached to a ticket, in order; ids count from 1 (S0.35).
    /// The statuses that a ticket had, oldest first.
    pub fn status_history(&self, ticket: &Ticket) -> Result<Vec<StatusChange>, ReadError> {
        let of = |at| key::page(ticket.number, at);
        let many = ticket.extent.history;
        // Each by its key costs less than looking for the beginning of a few.
        if many <= ASKED_FOR {
            let rows = (0..many).map(|at| self.get(&of(at)));
            return rows.filter_map(Result::transpose).collect();
        }
        let rows = self.scan(&of(0), Some(&of(many)), Order::Ascending, usize::MAX)?;
        Ok(rows.into_iter().map(|(_, change)| change).collect())
    }

    pub fn metadata(&self, ticket: &Ticket) -> Result<Vec<(u32, Metadata)>, ReadError> {
        (0..ticket.extent.metadata)
            .map(|at| {
                let row = self.get(&key::page(ticket.number, at))?;
                let missing = || format!("metadata {at} of ticket #{} is not there", ticket.number);
                Ok((at + 1, row.ok_or_else(|| ReadError::Inconsistent(missing()))?))
            })
            .collect()
    }

    /// The files of a ticket, oldest first.
    pub fn files(&self, ticket: u64) -> Result<Vec<StoredFile>, ReadError> {
        let (start, end) = (key::pair(ticket, 0), key::pair(ticket + 1, 0));
        let rows = self.scan(&start, Some(&end), Order::Ascending, MAX_FILES)?;
        Ok(rows.into_iter().map(|(_, file)| file).collect())
    }

    /// The cursors of the feed's consumers, by name.
    pub fn cursors(&self) -> Result<Vec<(String, u64)>, ReadError> {
        let rows = self.scan::<Cursor>(&[], None, Order::Ascending, MAX_CURSORS)?;
        Ok(rows.into_iter().map(|(k, c)| (String::from_utf8_lossy(&k).into_owned(), c.0)).collect())
    }

    /// Everybody who ever worked at the desk, disabled ones included, by id.
    pub fn agents(&self) -> Result<Vec<Agent>, ReadError> {
        let rows = self.scan::<Agent>(&[], None, Order::Ascending, MAX_AGENTS)?;
        Ok(rows.into_iter().map(|(_, agent)| agent).collect())
    }

    /// Every session that was not ended; [`MAX_SESSIONS`] a person bounds them.
    pub fn sessions(&self) -> Result<Vec<Session>, ReadError> {
        let rows = self.scan::<Session>(&[], None, Order::Ascending, usize::MAX)?;
        Ok(rows.into_iter().map(|(_, session)| session).collect())
    }

    /// The sessions of one person, oldest first.
    pub fn sessions_of(&self, agent: u64) -> Result<Vec<Session>, ReadError> {
        let (start, end) = (key::of_person(agent, 0), key::of_person(agent + 1, 0));
        let rows = self.scan::<Session>(&start, Some(&end), Order::Ascending, MAX_SESSIONS)?;
        Ok(rows.into_iter().map(|(_, session)| session).collect())
    }

    /// Named counts that begin with `prefix`, without it; at most `limit`.
    pub fn counts(&self, prefix: &str, limit: usize) -> Result<Vec<(String, u64)>, ReadError> {
        let mut end = prefix.as_bytes().to_vec();
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        let rows = self.scan::<Count>(prefix.as_bytes(), Some(&end), Order::Ascending, limit)?;
        let name = |key: RowKey| String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
        Ok(rows.into_iter().map(|(k, c)| (name(k), c.0)).collect())
    }
}

/// Part of a timeline.
pub struct EntryPage {
    /// With their places: of an entry that came here by a merge, the id in this timeline is that of its place.
    pub entries: Vec<(DirItem, Entry)>,
    /// The entry to go on behind, if more follow.
    pub next: Option<u32>,
}

/// The entry as this timeline lists it.
fn listed((item, entry): (DirItem, Entry)) -> Entry {
    Entry { id: item.id, ..entry }
}

/// Messages of one conversation that may wait to be sent.
pub const MAX_WAITING: usize = 100;

/// How many agents there may be, disabled ones included.
pub const MAX_AGENTS: usize = 1000;

/// How many consumers may keep the feed from being trimmed.
pub const MAX_CURSORS: usize = 32;

/// Row keys. Big endian, so that they sort as numbers do.
pub mod key {
    use uuid::Uuid;

    use crate::domain::contact::spelling;
    use crate::domain::time::Micros;
    use crate::store::seal::Seal;

    pub fn number(n: u64) -> [u8; 8] {
        n.to_be_bytes()
    }

    /// A line of a ticket's activity.
    pub fn activity(ticket: u64, number: u64) -> [u8; 16] {
        pair(ticket, number)
    }

    /// A ticket that was deleted then.
    pub fn deletion(steady: i64, ticket: u64) -> [u8; 16] {
        pair(steady.max(0) as u64, ticket)
    }

    /// A row of a ticket's own, counted within the ticket.
    pub fn page(ticket: u64, position: u32) -> [u8; 12] {
        let mut key = [0; 12];
        key[..8].copy_from_slice(&ticket.to_be_bytes());
        key[8..].copy_from_slice(&position.to_be_bytes());
        key
    }

    pub fn reference_id(id: &Uuid) -> Vec<u8> {
        [b"i".as_slice(), id.as_bytes()].concat()
    }

    pub fn reference_code(code: &str) -> Vec<u8> {
        [b"c", code.as_bytes()].concat()
    }

    pub fn reference_external(hash: &[u8; 16]) -> Vec<u8> {
        [b"x".as_slice(), hash].concat()
    }

    /// The latest call of a session.
    pub fn session(hash: &[u8; 16]) -> Vec<u8> {
        [b"s".as_slice(), hash].concat()
    }

    /// Where the contact of an address is found.
    pub fn address(seal: &Seal, address: &str) -> [u8; 16] {
        seal.hash("address", &[spelling(address).as_bytes()])
    }

    /// The rows of one entry of a ticket; what tells them apart follows.
    pub fn of_entry(ticket: u64, entry: u32, rest: &[u8]) -> Vec<u8> {
        [&ticket.to_be_bytes()[..], &entry.to_be_bytes(), rest].concat()
    }

    /// A hashed key within a bucket of time (day or hour since the epoch).
    pub fn bucketed(bucket: u32, hash: &[u8; 16]) -> [u8; 20] {
        let mut key = [0; 20];
        key[..4].copy_from_slice(&bucket.to_be_bytes());
        key[4..].copy_from_slice(hash);
        key
    }

    /// A message of a conversation that waits to be sent.
    pub fn outbox(conversation: u64, number: u64) -> [u8; 16] {
        pair(conversation, number)
    }

    /// A session of a person.
    pub fn of_person(agent: u64, session: u64) -> [u8; 16] {
        pair(agent, session)
    }

    /// The return of a conversation to the bot.
    pub fn bot_return(due: i64, conversation: u64) -> [u8; 16] {
        pair(due.max(0) as u64, conversation)
    }

    pub fn reply_draft(ticket: u64, agent: u64) -> [u8; 16] {
        pair(ticket, agent)
    }

    /// When a ticket's clock is looked at.
    pub fn timer(at: Micros, ticket: u64) -> [u8; 16] {
        pair(at.0.max(0) as u64, ticket)
    }

    /// Two numbers, the first of which sorts.
    pub fn pair(first: u64, second: u64) -> [u8; 16] {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&first.to_be_bytes());
        key[8..].copy_from_slice(&second.to_be_bytes());
        key
    }

    /// The two numbers of such a key.
    pub fn numbers(key: &[u8]) -> Option<(u64, u64)> {
        let (first, second) = key.split_first_chunk::<8>()?;
        Some((u64::from_be_bytes(*first), u64::from_be_bytes(second.try_into().ok()?)))
    }

    pub fn call_item(ticket: u64, item: &str) -> [u8; 16] {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&ticket.to_be_bytes());
        key[8..].copy_from_slice(&xxhash_rust::xxh3::xxh3_64(item.as_bytes()).to_be_bytes());
        key
    }
}
