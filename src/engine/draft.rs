//! A plan in the making: reads see what the draft has put, and what it derives (the index row) it puts itself.

mod attempt;

use uuid::Uuid;

use super::categories::Categories;
use super::command::{Actor, Refusal};
use super::crm;
use super::event::{Event, EventKind};
use super::rows::{ReadError, Rows, key};
use super::rules::Rules;
use super::seen::SeenWindow;
use crate::domain::activity::{self, Activity, Changed, Value, What};
use crate::domain::figures::TicketFigures;
use crate::domain::reference::{self, Reference};
use crate::domain::status::Status;
use crate::domain::ticket::{StatusChange, Ticket};
use crate::domain::time::Micros;
use crate::store::codec::{self, Record};
use crate::store::owner::Owner;
use crate::store::records::{Count, Doomed, IndexRow, Pointer};
use crate::store::seal::{Nonces, Place, Seal};
use crate::store::{
    Blob, Changes, Merge, Order, Pair, PlanRecord, StoreError, Table, View, bounds,
};

/// What deciding may know besides the rows: the time, random bits, the rules. Never the clock or the OS.
pub struct Context<'a> {
    /// The wall clock: what is shown. Nothing is ordered, ended or deleted by it.
    pub now: Micros,
    /// The steady clock, by which things are kept and waited for.
    pub steady: Micros,
    /// Whether to believe `now`.
    pub trusted: bool,
    pub random: [u8; 32],
    pub rules: &'a Rules,
    pub seal: &'a Seal,
    pub actor: &'a Actor,
    /// Which dedup keys there may be; `None` asks the rows every time.
    pub seen: Option<&'a SeenWindow>,
    /// The categories as of the last commit; `None` leaves it to those of the rules.
    pub categories: Option<&'a Categories>,
}

impl Context<'_> {
    /// What a call was about, from what was said: whether by the customer, and what.
    pub fn category_of_call<'t>(&self, turns: impl IntoIterator<Item = (bool, &'t str)>) -> String {
        let rules = &self.rules.categoriser;
        let found = match self.categories.filter(|known| !known.is_empty()) {
            Some(known) => known.of_calls().heard(turns),
            None => rules.heard(turns),
        };
        found.unwrap_or(rules.fallback()).to_owned()
    }

    /// What anything else is about, from the customer's words.
    pub fn category_of_text(&self, text: &str) -> Option<String> {
        let judge = match self.categories.filter(|known| !known.is_empty()) {
            Some(known) => known.of_tickets(),
            None => &self.rules.intake,
        };
        judge.heard([(true, text)]).map(str::to_owned)
    }
}

/// The count of all tickets' activities.
pub const ACTIVITIES: &str = "activity";

/// A line for the log.
pub type Notice = std::borrow::Cow<'static, str>;

pub struct Draft<'a> {
    base: &'a dyn View,
    pub ctx: &'a Context<'a>,
    rows: Changes,
    /// Values are encoded here.
    scratch: Vec<u8>,
    nonces: Nonces,
    /// Owners whose keys this plan gives up.
    doomed: Vec<Owner>,
    events: Vec<Event>,
    /// Lines for the log, written once the plan is on disk.
    notices: Vec<Notice>,
    /// Changes of tickets that have no row yet.
    activities: Vec<(u64, Activity)>,
    /// Why the tickets of this command change, where somebody said so.
    why: Option<String>,
    drawn: u32,
    /// What was in the rows before an attempt that is under way changed them, in order.
    undo: Option<Vec<attempt::Undo>>,
    /// The event that made a rule do what is done now, and how many such steps lie behind it.
    cause: (Option<u64>, u8),
}

impl View for Draft<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Blob>, StoreError> {
        match self.rows.get(table, key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(table, key),
        }
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        end: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let Some(bounds) = bounds(start, end) else { return Ok(Vec::new()) };
        let own = Merge::new([&self.rows].into_iter(), table, bounds, order);
        let enough = limit.saturating_add(self.rows.len());
        let below = self.base.scan(table, start, end, order, enough)?;
        own.over(below.into_iter().map(Ok), limit)
    }

    fn plain(&self, sealed: &Blob) -> Option<Blob> {
        self.base.plain(sealed)
    }

    fn note_plain(&self, sealed: &Blob, plain: &[u8]) {
        self.base.note_plain(sealed, plain);
    }
}

impl<'a> Draft<'a> {
    pub fn new(base: &'a dyn View, ctx: &'a Context<'a>) -> Draft<'a> {
        Draft {
            base,
            ctx,
            rows: Changes::default(),
            scratch: Vec::new(),
            nonces: Nonces::new(nonce_base(&ctx.random)),
            doomed: Vec::new(),
            events: Vec::new(),
            notices: Vec::new(),
            activities: Vec::new(),
            why: None,
            drawn: 0,
            undo: None,
            cause: (None, 0),
        }
    }

    pub fn rows(&self) -> Rows<'_> {
        Rows { view: self, seal: self.ctx.seal }
    }

    pub fn get<R: Record>(&self, key: &[u8]) -> Result<Option<R>, ReadError> {
        self.rows().get(key)
    }

    pub fn put<R: Record>(&mut self, key: &[u8], record: &R) {
        self.put_as(record.owner(key), key, record);
    }

    /// Puts a record as the data of this owner, where neither table nor record tell whose they are.
    pub fn put_as<R: Record>(&mut self, owner: Owner, key: &[u8], record: &R) {
        let owner = if self.doomed.contains(&owner) { Owner::Desk } else { owner };
        let place = Place::row(R::TABLE, key);
        let write = |out: &mut Vec<u8>| codec::encode(record, out);
        self.ctx.seal.seal(place, owner, &mut self.nonces, &mut self.scratch, write);
        let sealed = self.scratch.as_slice().into();
        self.change(R::TABLE, key, Some(sealed));
    }

    /// Gives up an owner's key: from now on their values go under the desk's, and the key is destroyed once this plan
    /// is on disk; `at_once`, not together with others.
    pub fn doom(&mut self, owner: Owner, at_once: bool) {
        self.doomed.push(owner);
        if self.ctx.seal.keys().is_some() {
            self.put(&owner.key(), &Doomed { since: self.ctx.steady, at_once });
        }
    }

    pub fn delete(&mut self, table: Table, key: &[u8]) {
        self.change(table, key, None);
    }

    /// Puts a ticket and what is derived from it: its narrow row, and what its activity tells of the change.
    pub fn put_ticket(&mut self, ticket: &Ticket) -> Result<(), ReadError> {
        let key = key::number(ticket.number);
        let before = self.get::<Ticket>(&key)?;
        if !self.ctx.trusted {
            super::decide::redate::note(self, ticket.number, before.as_ref())?;
        }
        if let Some(before) = before {
            self.figure_changes(&before, ticket)?;
            for (what, from, to) in activity::changes(&before, ticket) {
                self.log(ticket.number, what, from, to);
            }
        }
        self.put(&key, ticket);
        let row = IndexRow::from(ticket);
        let before = self.get::<IndexRow>(&key)?;
        if before.as_ref() != Some(&row) {
            self.put(&key, &row);
            super::decide::sla::follow(self, ticket, before.as_ref())?;
            super::decide::assign::follow(self, &row, before.as_ref())?;
        }
        Ok(())
    }

    /// Puts a ticket as it is in the rows: the feed shows it as a plan has it.
    pub fn show(&mut self, ticket: &Ticket) {
        self.put(&key::number(ticket.number), ticket);
    }

    /// Changes what analytics know of a ticket; writes only what is new.
    pub fn figure(
        &mut self,
        number: u64,
        change: impl FnOnce(&mut TicketFigures),
    ) -> Result<(), ReadError> {
        let key = key::number(number);
        let before = self.get::<TicketFigures>(&key)?.unwrap_or_default();
        let mut after = before;
        change(&mut after);
        if after != before {
            self.put(&key, &after);
        }
        Ok(())
    }

    fn figure_changes(&mut self, before: &Ticket, after: &Ticket) -> Result<(), ReadError> {
        let now = self.ctx.now;
        if before.call_running && !after.call_running {
            self.figure(after.number, |figures| figures.people_since = Some(now))?;
        }
        if after.status.is_open() && !before.status.is_open() && before.merged.is_none() {
            self.figure(after.number, |f| f.reopened = f.reopened.saturating_add(1))?;
        }
        if after.escalation.is_some() && after.escalation != before.escalation {
            let from = before.assignee.as_ref().or(after.assignee.as_ref()).map(|a| a.agent);
            self.figure(after.number, |figures| {
                figures.escalated = figures.escalated.saturating_add(1);
                figures.escalated_from = from;
            })?;
        }
        Ok(())
    }

    /// Why what this command changes is changed.
    pub fn because(&mut self, why: Option<&str>) {
        self.why = why.map(str::to_owned);
    }

    /// What happens from now on is a rule's doing.
    pub fn caused(&mut self, cause: Option<u64>, depth: u8) {
        self.cause = (cause, depth);
    }

    /// Adds a line to a ticket's activity (S3.45); [`Draft::put_ticket`] does so for what the ticket shows.
    pub fn log(&mut self, ticket: u64, what: What, from: Option<Value>, to: Option<Value>) {
        let why = self.why.clone();
        self.log_because(ticket, (what, from, to), why);
    }

    /// Takes back what this plan adds to a ticket's activity: it would tell what is erased.
    pub fn unlog(&mut self, ticket: u64) {
        self.activities.retain(|(of, _)| *of != ticket);
    }

    pub fn log_because(&mut self, ticket: u64, (what, from, to): Changed, why: Option<String>) {
        let agent = match self.ctx.actor {
            Actor::Agent { id, .. } => Some(*id),
            _ => None,
        };
        let (at, by) = (self.ctx.now, self.ctx.actor.name().to_owned());
        self.activities.push((ticket, Activity { at, by, agent, what, from, to, why }));
    }

    /// Gives the activities so far their rows.
    pub fn keep_activities(&mut self) -> Result<(), ReadError> {
        let kept = std::mem::take(&mut self.activities);
        if kept.is_empty() {
            return Ok(());
        }
        let mut no = self.counted(ACTIVITIES)?;
        for (ticket, activity) in kept {
            no += 1;
            self.put(&key::activity(ticket, no), &activity);
        }
        self.put(ACTIVITIES.as_bytes(), &Count(no));
        Ok(())
    }

    pub fn event(&mut self, kind: EventKind, ticket: Option<u64>) {
        self.event_about(kind, ticket, None, None);
    }

    pub fn event_about(
        &mut self,
        kind: EventKind,
        ticket: Option<u64>,
        entry: Option<u64>,
        contact: Option<u64>,
    ) {
        let actor = self.ctx.actor.name().to_owned();
        let (cause, depth) = self.cause;
        self.events.push(Event { kind, ticket, entry, contact, actor, cause, depth });
    }

    pub fn notice(&mut self, line: Notice) {
        self.notices.push(line);
    }

    /// The next value of a named counter, from `first`.
    pub fn next(&mut self, counter: &str, first: u64) -> Result<u64, ReadError> {
        let taken = self.get::<Count>(counter.as_bytes())?.map_or(first - 1, |c| c.0);
        self.put(counter.as_bytes(), &Count(taken + 1));
        Ok(taken + 1)
    }

    /// Adds one to a named count.
    pub fn count(&mut self, name: &str) -> Result<(), ReadError> {
        self.next(name, 1).map(|_| ())
    }

    /// Takes one from a named count.
    pub fn uncount(&mut self, name: &str) -> Result<(), ReadError> {
        let count = self.counted(name)?;
        self.put(name.as_bytes(), &Count(count.saturating_sub(1)));
        Ok(())
    }

    pub fn counted(&self, name: &str) -> Result<u64, ReadError> {
        Ok(self.get::<Count>(name.as_bytes())?.map_or(0, |c| c.0))
    }

    /// The ticket that a reference names, if the actor may see it: else it is as if absent (DESIGN C9).
    pub fn ticket(&self, reference: &Reference) -> Result<Ticket, Refusal> {
        let found = self.rows().resolve(reference)?;
        let ticket = found.ok_or_else(|| Refusal::NotFound("such ticket".into()))?;
        if !self.ctx.actor.may_see(&ticket) {
            return Err(Refusal::Hidden("such ticket".into()));
        }
        Ok(ticket)
    }

    /// Gives a new ticket its number, id and reference, and makes them lead to it.
    pub fn name_ticket(&mut self, prefix: &str) -> Result<(u64, Uuid, String), Refusal> {
        let number = self.next("ticket", reference::FIRST_NUMBER)?;
        let id = self.uuid();
        let date = self.ctx.now.date_in(&self.ctx.rules.zone);
        let code = loop {
            let code = reference::dated_code(prefix, date, self.draw() as u32);
            if self.rows().pointer(&key::reference_code(&code))?.is_none() {
                break code;
            }
        };
        self.refer(number, &id, &code);
        Ok((number, id, code))
    }

    /// The same with the next reference of the year (S2.10).
    pub fn name_yearly_ticket(&mut self) -> Result<(u64, Uuid, String), Refusal> {
        let number = self.next("ticket", reference::FIRST_NUMBER)?;
        let id = self.uuid();
        let year = self.ctx.now.date_in(&self.ctx.rules.zone).year();
        let nth = self.next(&crm::year_count(year), 1)?;
        let code = reference::yearly_code(year, nth);
        self.refer(number, &id, &code);
        Ok((number, id, code))
    }

    fn refer(&mut self, number: u64, id: &Uuid, code: &str) {
        self.put(&key::reference_id(id), &Pointer(number));
        self.put(&key::reference_code(code), &Pointer(number));
    }

    /// Moves a ticket to `to` and writes its history. The caller has checked that the move is legal.
    pub fn set_status(&mut self, ticket: &mut Ticket, to: Status, reason: Option<&str>) {
        let from = ticket.status;
        ticket.status = to;
        let now = self.ctx.now;
        match to {
            Status::Resolved => ticket.resolved_at = Some(now),
            Status::Closed => {
                ticket.closed_at = Some(now);
                ticket.resolved_at.get_or_insert(now);
            }
            _ if !from.is_open() => {
                ticket.resolved_at = None;
                ticket.closed_at = None;
            }
            _ => {}
        }
        self.write_history(ticket, Some(from), reason);
        let kind = match to {
            Status::Resolved => EventKind::TicketResolved,
            Status::Closed => EventKind::TicketClosed,
            _ if !from.is_open() => EventKind::TicketReopened,
            _ => EventKind::TicketStatusChanged,
        };
        self.event(kind, Some(ticket.number));
    }

    pub fn write_history(
        &mut self,
        ticket: &mut Ticket,
        from: Option<Status>,
        reason: Option<&str>,
    ) {
        let change = StatusChange {
            from,
            to: ticket.status,
            by: self.ctx.actor.name().to_owned(),
            at: self.ctx.now,
            reason: reason.map(str::to_owned),
        };
        self.put(&key::page(ticket.number, ticket.extent.history), &change);
        ticket.extent.history += 1;
        let what = if from.is_some() { What::Status } else { What::Created };
        let shown = |status: Status| Value::text(status.on_helpdesk_face());
        let why = change.reason.or_else(|| self.why.clone());
        self.log_because(ticket.number, (what, from.map(shown), Some(shown(ticket.status))), why);
    }

    fn uuid(&mut self) -> Uuid {
        let millis = (self.ctx.now.0 / 1000).max(0) as u64;
        let random = (u128::from(self.draw()) << 64) | u128::from(self.draw());
        let bytes = random.to_be_bytes();
        let mut tail = [0; 10];
        tail.copy_from_slice(&bytes[..10]);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }

    /// A new id for a message of ours, shaped as those of WhatsApp's own clients.
    pub fn message_id(&mut self) -> String {
        let (high, low) = (self.draw(), self.draw());
        format!("3EB0{high:016X}{:02X}", low as u8)
    }

    /// The next random number, drawn from the context's bits.
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        xxhash_rust::xxh3::xxh3_64_with_seed(&self.ctx.random, u64::from(self.drawn))
    }

    /// The ticket that this draft makes, if it makes one.
    pub fn made_ticket(&self) -> Option<u64> {
        let made = self.events.iter().find(|event| event.kind == EventKind::TicketCreated);
        made.and_then(|event| event.ticket)
    }

    /// The first ticket that something happened to.
    pub fn touched_ticket(&self) -> Option<u64> {
        self.events.iter().find_map(|event| event.ticket)
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The finished plan and its log lines.
    pub fn finish(mut self) -> (PlanRecord, Vec<Notice>) {
        let seal = |event: &Event| event.encode(self.ctx.seal, &mut self.nonces);
        let events = self.events.iter().map(seal).collect();
        let rows = self.rows.into_rows();
        (PlanRecord { at: self.ctx.now, rows, events }, self.notices)
    }
}

/// Nonces are told to everybody, the random bits that ids are drawn from need not be.
fn nonce_base(random: &[u8; 32]) -> [u8; 16] {
    const NONCES: u64 = 0x6e6f_6e63_6573;
    xxhash_rust::xxh3::xxh3_128_with_seed(random, NONCES).to_be_bytes()
}

impl From<ReadError> for Refusal {
    fn from(e: ReadError) -> Refusal {
        Refusal::Store(e.to_string())
    }
}
