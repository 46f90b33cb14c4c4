//! Checks what the rows promise each other: the index is the tickets, every listed entry is there, references lead to their
//! tickets, a conversation has one open ticket at most, a running call can be gone on with, what is queued waits, what was
//! merged leads on, a clock has its timer, an address its person, counters and numbers fit, the audit is one chain.

mod automation;
mod blocks;
mod clocks;
mod contacts;
mod crm;
mod desk;
mod mail;

use std::collections::{HashMap, HashSet};

use super::audit::chain::ChainCheck;
use super::decide::purge::PURGED;
use super::rows::{ReadError, Rows, key};
use crate::domain::audit::AuditMark;
use crate::domain::call::{OpenCall, RUNNING};
use crate::domain::contact::Conversation;
use crate::domain::entry::{Delivery, Entry, Speaker};
use crate::domain::outbound::{Outbound, WAITING};
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::session::{Account, Link};
use crate::domain::ticket::{Metadata, StatusChange, Ticket};
use crate::store::records::{Count, Deleted, IndexRow, Pointer};
use crate::store::seal::{Place, Seal};
use crate::store::{Order, Reader, Table, View};
use crate::telemetry::progress::Progress;

/// Tickets or contacts checked within one snapshot.
const CHUNK: usize = 500;
/// Findings reported; further ones are only counted.
const MAX_FINDINGS: usize = 100;

#[derive(Debug, Default)]
pub struct Report {
    pub tickets: u64,
    pub entries: u64,
    /// Rows of the audit.
    pub audited: u64,
    pub findings: Vec<String>,
    pub more_findings: u64,
}

impl Report {
    pub(super) fn find(&mut self, text: String) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(text);
        } else {
            self.more_findings += 1;
        }
    }
}

/// How far a check has come, and what it must remember from one snapshot to the next.
struct Check {
    report: Report,
    /// Conversation → its open ticket.
    open_of: HashMap<u64, u64>,
    next_ticket: u64,
    next_contact: u64,
    /// Numbers without a ticket, and the first of them.
    missing: u64,
    first_missing: Option<u64>,
    /// The ticket whose clock is looked at next.
    next_clock: u64,
    next_profile: u64,
    next_conversation: u64,
    next_block: u64,
    /// The key of the address that is looked at next.
    next_address: Vec<u8>,
}

/// Goes through all tickets in short snapshots, each of which is a whole, so a running daemon can be checked.
/// Tickets and contacts are counted in `progress`. `audit_head` is one that was kept elsewhere.
pub fn verify(
    reader: &Reader,
    seal: &Seal,
    audit_head: Option<AuditMark>,
    progress: &Progress,
) -> Result<Report, ReadError> {
    let mut check = Check::new();
    if values(reader, seal, &mut check.report)? {
        // What the rows promise each other is told once they can be read.
        return Ok(check.report);
    }
    progress.set_total(reader.read(|view| {
        let tables = [Table::Tickets, Table::Contacts];
        tables.iter().try_fold(0, |sum, table| Ok(sum + view.count(*table)?))
    })?);
    while reader.read(|view| Ok(check.tickets(&Rows { view, seal })))?? {
        progress.set(check.seen());
    }
    while reader.read(|view| Ok(check.contacts(&Rows { view, seal })))?? {
        progress.set(check.seen());
    }
    while reader.read(|view| Ok(check.clocks(&Rows { view, seal })))?? {}
    while reader.read(|view| Ok(check.blocks(&Rows { view, seal })))?? {}
    reader.read(|view| Ok(check.running_calls(&Rows { view, seal })))??;
    reader.read(|view| Ok(check.outbox(&Rows { view, seal })))??;
    let mut chain = ChainCheck::new(audit_head);
    while reader.read(|view| Ok(chain.step(&Rows { view, seal }, &mut check.report)))?? {}
    check.report.audited = chain.rows;
    reader.read(|view| Ok(check.deletions(&Rows { view, seal })))??;
    reader.read(|view| Ok(check.automation(&Rows { view, seal })))??;
    reader.read(|view| Ok(check.desk(&Rows { view, seal })))??;
    reader.read(|view| Ok(check.mails(&Rows { view, seal })))??;
    reader.read(|view| Ok(check.people(&Rows { view, seal })))??;
    Ok(check.report)
}

/// Opens every value; true if some do not.
fn values(reader: &Reader, seal: &Seal, report: &mut Report) -> Result<bool, ReadError> {
    let mut found = false;
    // The store's own rows lie bare.
    for table in Table::ALL.iter().copied().filter(|table| *table != Table::Meta) {
        let mut start = Vec::new();
        loop {
            let rows =
                reader.read(|view| view.scan(table, &start, None, Order::Ascending, CHUNK))?;
            let Some((last, _)) = rows.last() else { break };
            start = [last, &[0][..]].concat();
            for (row_key, value) in &rows {
                if let Err(error) = seal.open(Place::row(table, row_key), value) {
                    let hex: String = row_key.iter().map(|byte| format!("{byte:02x}")).collect();
                    report.find(format!("table {}, row {hex}: {error}", table.name()));
                    found = true;
                }
            }
        }
    }
    Ok(found)
}

/// Goes through all rows of one view.
#[cfg(test)]
pub(super) fn verify_rows(rows: &Rows<'_>) -> Result<Report, ReadError> {
    let mut check = Check::new();
    while check.tickets(rows)? {}
    while check.contacts(rows)? {}
    while check.clocks(rows)? {}
    while check.blocks(rows)? {}
    check.running_calls(rows)?;
    check.outbox(rows)?;
    let mut chain = ChainCheck::new(None);
    while chain.step(rows, &mut check.report)? {}
    check.deletions(rows)?;
    check.automation(rows)?;
    check.desk(rows)?;
    check.mails(rows)?;
    check.people(rows)?;
    Ok(check.report)
}

impl Check {
    fn new() -> Check {
        Check {
            report: Report::default(),
            open_of: HashMap::new(),
            next_ticket: FIRST_NUMBER,
            next_contact: 1,
            missing: 0,
            first_missing: None,
            next_clock: 0,
            next_profile: 0,
            next_conversation: 0,
            next_block: 0,
            next_address: Vec::new(),
        }
    }

    /// Tickets and contacts so far.
    fn seen(&self) -> u64 {
        self.report.tickets + self.next_contact - 1
    }

    /// The count of running calls, by which their number is limited.
    fn running_calls(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let running = rows.scan::<OpenCall>(&[], None, Order::Ascending, usize::MAX)?.len();
        let counted = rows.get::<Count>(RUNNING.as_bytes())?.map_or(0, |c| c.0);
        if running as u64 != counted {
            self.report.find(format!("{running} calls are running, {counted} are counted"));
        }
        Ok(())
    }

    /// What waits to be sent is queued, is there, and is counted.
    fn outbox(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let waiting = rows.scan::<Outbound>(&[], None, Order::Ascending, usize::MAX)?;
        let counted = rows.get::<Count>(WAITING.as_bytes())?.map_or(0, |c| c.0);
        if waiting.len() as u64 != counted {
            let found = waiting.len();
            self.report.find(format!("{found} messages wait to be sent, {counted} are counted"));
        }
        for (_, message) in &waiting {
            let name = format!("entry {}, which waits to be sent,", message.entry);
            if rows.dispatch(message.entry)?.is_none_or(|d| d.state != Delivery::Queued) {
                self.report.find(format!("{name} is not queued"));
            }
            match rows.get::<Entry>(&key::number(message.entry))? {
                Some(entry) if entry.ticket == message.ticket => {}
                Some(_) => self.report.find(format!("{name} is another ticket's")),
                None => self.report.find(format!("{name} is missing")),
            }
        }
        Ok(())
    }

    /// An e-mail is one person's; accounts, sessions and links are somebody's.
    fn people(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let agents = rows.agents()?;
        let mut people = HashMap::new();
        for agent in &agents {
            if let Some(email) = &agent.email
                && let Some(other) = people.insert(email, agent.id)
            {
                let (id, report) = (agent.id, &mut self.report);
                report.find(format!("agents {other} and {id} have the same e-mail"));
            }
        }
        let known: HashSet<u64> = people.into_values().collect();
        let accounts = rows.scan::<Account>(&[], None, Order::Ascending, usize::MAX)?;
        let accounts = accounts.iter().filter_map(|(key, _)| (**key).try_into().ok());
        let accounts = accounts.map(|id| ("an account", u64::from_be_bytes(id)));
        let sessions = rows.sessions()?.into_iter().map(|s| ("a session", s.agent));
        let links = rows.scan::<Link>(&[], None, Order::Ascending, usize::MAX)?;
        let links = links.into_iter().filter_map(|(_, link)| Some(("a link", link.agent?)));
        for (what, agent) in accounts.chain(sessions).chain(links) {
            if !known.contains(&agent) {
                self.report.find(format!("{what} is of agent {agent}, who is no person"));
            }
        }
        Ok(())
    }

    /// The next tickets; false when there are no more.
    fn tickets(&mut self, rows: &Rows<'_>) -> Result<bool, ReadError> {
        let start = key::number(self.next_ticket);
        let tickets = rows.scan::<Ticket>(&start, None, Order::Ascending, CHUNK)?;
        let given = rows.get::<Count>(b"ticket")?.map_or(FIRST_NUMBER - 1, |c| c.0);
        for (row_key, ticket) in &tickets {
            let name = format!("ticket #{}", ticket.number);
            if row_key[..] != key::number(ticket.number) {
                self.report.find(format!("{name} lies under another key"));
            }
            self.miss(self.next_ticket..ticket.number);
            if ticket.number > given {
                let never =
                    format!("{name} has a number that was never given out (last is {given})");
                self.report.find(never);
            }
            self.next_ticket = ticket.number + 1;
            self.ticket(rows, ticket, &name)?;
        }
        let more = tickets.len() == CHUNK;
        if !more {
            self.miss(self.next_ticket..given + 1);
            self.purged(rows)?;
        }
        Ok(more)
    }

    /// Numbers that no ticket has.
    fn miss(&mut self, numbers: std::ops::Range<u64>) {
        if numbers.start < numbers.end {
            self.missing += numbers.end - numbers.start;
            self.first_missing.get_or_insert(numbers.start);
        }
    }

    /// Of the tickets that are not there all were deleted for good.
    fn purged(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let purged = rows.get::<Count>(PURGED.as_bytes())?.map_or(0, |count| count.0);
        if let Some(first) = self.first_missing.filter(|_| self.missing != purged) {
            let missing = self.missing;
            self.report.find(format!(
                "ticket #{first} is missing: {missing} are not there, {purged} were deleted for good"
            ));
        }
        Ok(())
    }

    fn ticket(&mut self, rows: &Rows<'_>, ticket: &Ticket, name: &str) -> Result<(), ReadError> {
        let report = &mut self.report;
        report.tickets += 1;
        let row_key = key::number(ticket.number);
        match rows.get::<IndexRow>(&row_key)? {
            Some(row) if row.is_of(ticket) => {}
            Some(_) => report.find(format!("the index row of {name} differs from the ticket")),
            None => report.find(format!("{name} has no index row")),
        }
        for reference in [key::reference_id(&ticket.id), key::reference_code(&ticket.ticket_id)] {
            if rows.get::<Pointer>(&reference)? != Some(Pointer(ticket.number)) {
                report.find(format!("a reference of {name} does not lead to it"));
            }
        }
        for external in &ticket.external_ids {
            if rows.get::<Pointer>(&rows.external(external))?.is_none() {
                report.find(format!("an external id of {name} leads nowhere"));
            }
        }
        // A call that was closed while a relay streams it is held until the relay is gone.
        match rows.get::<OpenCall>(&row_key)? {
            None if ticket.call_running => {
                report.find(format!("{name} is a running call and not among them"));
            }
            Some(call) if !ticket.call_running && !call.is_streamed() => {
                report.find(format!("{name} is no running call and is among them"));
            }
            _ => {}
        }
        if !crm::is_counted(rows, ticket)? {
            report.find(format!("the reference of {name} was never given out"));
        }
        if let Some(contact) = ticket.requester.contact {
            contacts::leads_to_a_person(rows, contact, name, report)?;
        }
        timeline(rows, ticket, name, report)?;
        history(rows, ticket, name, report)?;
        ending(rows, ticket, name, report)?;
        if !ticket.is_live() {
            return Ok(());
        }
        let Some(conversation) = ticket.conversation else { return Ok(()) };
        let Some(stored) = rows.get::<Conversation>(&key::number(conversation))? else {
            report.find(format!("the conversation of {name} is missing"));
            return Ok(());
        };
        if ticket.status.is_open() {
            if let Some(other) = self.open_of.insert(conversation, ticket.number) {
                let two = format!(
                    "conversation {conversation} has two open tickets, #{other} and {name}"
                );
                report.find(two);
            }
            if stored.ticket != Some(ticket.number) {
                report.find(format!("{name} is open but its conversation does not lead to it"));
            }
        }
        Ok(())
    }
}

fn timeline(
    rows: &Rows<'_>,
    ticket: &Ticket,
    name: &str,
    report: &mut Report,
) -> Result<(), ReadError> {
    let mut ids = Vec::new();
    for page in 0..ticket.extent.pages {
        for item in rows.page(ticket.number, page)?.items {
            match rows.entry(&item) {
                Ok(entry) if is_of(rows, &entry, ticket, item.id)? => {
                    if entry.speaker == Speaker::Agent && !waits_as_told(rows, ticket, item.no)? {
                        report
                            .find(format!("{name}: entry {} is queued and does not wait", item.no));
                    }
                }
                Ok(_) => report.find(format!("{name} lists entry {}, which is another's", item.no)),
                Err(e) => report.find(format!("{name}: {e}")),
            }
            ids.push(item.id);
            // What is part of another is counted there.
            report.entries += u64::from(ticket.merged.is_none());
        }
    }
    let listed = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != listed || listed != ticket.extent.entries as usize {
        report.find(format!("{name} says {} entries and lists {listed}", ticket.extent.entries));
    }
    if ids.last().is_some_and(|last| *last > ticket.extent.last_entry) {
        report.find(format!("{name} lists an entry id that was never given out"));
    }
    Ok(())
}

/// Whether a message that is queued waits in the outbox of its conversation.
fn waits_as_told(rows: &Rows<'_>, ticket: &Ticket, no: u64) -> Result<bool, ReadError> {
    if rows.dispatch(no)?.is_none_or(|d| d.state != Delivery::Queued) {
        return Ok(true);
    }
    let waits = |messages: &[(u64, Outbound)]| messages.iter().any(|(_, m)| m.entry == no);
    if let Some(conversation) = ticket.conversation
        && waits(&rows.waiting(conversation)?)
    {
        return Ok(true);
    }
    // A ticket that others were merged into has had more than one conversation.
    let all = rows.scan::<Outbound>(&[], None, Order::Ascending, usize::MAX)?;
    Ok(all.iter().any(|(_, message)| message.entry == no))
}

/// Whether an entry belongs where it is listed: to the ticket, or to one that became part of the same.
fn is_of(rows: &Rows<'_>, entry: &Entry, ticket: &Ticket, id: u32) -> Result<bool, ReadError> {
    if entry.ticket == ticket.number {
        return Ok(entry.id == id);
    }
    let home = |number| Ok::<_, ReadError>(rows.home(number)?.map(|home| home.number));
    Ok(home(entry.ticket)? == home(ticket.number)?)
}

/// What was merged is closed and leads somewhere; what is deleted waits to be removed, and nothing else does.
fn ending(
    rows: &Rows<'_>,
    ticket: &Ticket,
    name: &str,
    report: &mut Report,
) -> Result<(), ReadError> {
    if ticket.merged.is_some() {
        if ticket.status.is_open() {
            report.find(format!("{name} is part of another and open"));
        }
        // The other one may have been deleted for good.
        let purged = rows.get::<Count>(PURGED.as_bytes())?.is_some();
        if !purged && rows.home(ticket.number)?.is_none() {
            report.find(format!("{name} is part of a ticket that is missing"));
        }
    }
    if let Some(deletion) = &ticket.deleted {
        let row = key::deletion(deletion.steady.0, ticket.number);
        if rows.get::<Deleted>(&row)?.is_none() {
            report.find(format!("{name} is deleted and will never be removed"));
        }
    }
    Ok(())
}

/// The status history is whole and ends where the ticket is; metadata are whole.
fn history(
    rows: &Rows<'_>,
    ticket: &Ticket,
    name: &str,
    report: &mut Report,
) -> Result<(), ReadError> {
    let mut status = None;
    for at in 0..ticket.extent.history {
        match rows.get::<StatusChange>(&key::page(ticket.number, at))? {
            Some(change) if change.from == status => status = Some(change.to),
            Some(_) => {
                report.find(format!("status change {at} of {name} does not follow the last"))
            }
            None => report.find(format!("status change {at} of {name} is missing")),
        }
    }
    if status != Some(ticket.status) {
        report.find(format!("the status history of {name} does not end at its status"));
    }
    for at in 0..ticket.extent.metadata {
        if rows.get::<Metadata>(&key::page(ticket.number, at))?.is_none() {
            report.find(format!("metadata {} of {name} is missing", at + 1));
        }
    }
    Ok(())
}
