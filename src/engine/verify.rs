//! Checks what the rows promise each other: the index is the tickets, every listed entry is there, every
//! reference leads to its ticket, a conversation has at most one open ticket, counters reach what they gave out.

use std::collections::HashMap;

use super::rows::{ReadError, Rows, key};
use crate::domain::call::{OpenCall, RUNNING};
use crate::domain::contact::Conversation;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::ticket::Ticket;
use crate::store::records::{Count, IndexRow, Pointer};
use crate::store::{Order, Reader, seal::Seal};

/// Tickets checked within one snapshot.
const CHUNK: usize = 500;
/// Findings reported; further ones are only counted.
const MAX_FINDINGS: usize = 100;

#[derive(Debug, Default)]
pub struct Report {
    pub tickets: u64,
    pub entries: u64,
    pub findings: Vec<String>,
    pub more_findings: u64,
}

impl Report {
    fn find(&mut self, text: String) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(text);
        } else {
            self.more_findings += 1;
        }
    }
}

/// Goes through all tickets in short snapshots, each of which is a whole, so a running daemon can be checked.
pub fn verify(reader: &Reader, seal: &Seal) -> Result<Report, ReadError> {
    let mut report = Report::default();
    let mut open_of: HashMap<u64, u64> = HashMap::new();
    let mut next = FIRST_NUMBER;
    loop {
        let last = reader
            .read(|view| Ok(chunk(&Rows { view, seal }, next, &mut report, &mut open_of)))??;
        match last {
            Some(last) => next = last + 1,
            None => break,
        }
    }
    reader.read(|view| Ok(calls(&Rows { view, seal }, &mut report)))??;
    Ok(report)
}

fn calls(rows: &Rows<'_>, report: &mut Report) -> Result<(), ReadError> {
    let running = rows.scan::<OpenCall>(&[], None, Order::Ascending, usize::MAX)?;
    let counted = rows.get::<Count>(RUNNING.as_bytes())?.map_or(0, |c| c.0);
    if running.len() as u64 != counted {
        report.find(format!("{} calls are running, {counted} are counted", running.len()));
    }
    for (_, call) in running {
        if rows.ticket(call.ticket)?.is_none_or(|t| !t.call_running) {
            report.find(format!(
                "ticket #{} is no running call, but a call of it is open",
                call.ticket
            ));
        }
    }
    Ok(())
}

fn chunk(
    rows: &Rows<'_>,
    from: u64,
    report: &mut Report,
    open_of: &mut HashMap<u64, u64>,
) -> Result<Option<u64>, ReadError> {
    let tickets = rows.scan::<Ticket>(&key::number(from), None, Order::Ascending, CHUNK)?;
    let given = rows.get::<Count>(b"ticket")?.map_or(FIRST_NUMBER - 1, |c| c.0);
    for (row_key, ticket) in &tickets {
        report.tickets += 1;
        let name = format!("ticket #{}", ticket.number);
        if *row_key != key::number(ticket.number) {
            report.find(format!("{name} lies under another key"));
        }
        if ticket.number > given {
            report.find(format!("{name} has a number that was never given out (last is {given})"));
        }
        match rows.get::<IndexRow>(row_key)? {
            Some(row) if row == IndexRow::from(ticket) => {}
            Some(_) => report.find(format!("the index row of {name} differs from the ticket")),
            None => report.find(format!("{name} has no index row")),
        }
        for reference in [key::reference_id(&ticket.id), key::reference_code(&ticket.ticket_id)] {
            if rows.get::<Pointer>(&reference)? != Some(Pointer(ticket.number)) {
                report.find(format!("a reference of {name} does not lead to it"));
            }
        }
        timeline(rows, ticket, report)?;
        if let Some(conversation) = ticket.conversation.filter(|_| ticket.status.is_open()) {
            if let Some(other) = open_of.insert(conversation, ticket.number) {
                report.find(format!(
                    "conversation {conversation} has two open tickets, #{other} and {name}"
                ));
            }
            let stored = rows.get::<Conversation>(&key::number(conversation))?;
            if stored.is_none_or(|c| c.ticket != Some(ticket.number)) {
                report.find(format!("{name} is open but its conversation does not lead to it"));
            }
        }
    }
    Ok(tickets.last().map(|(_, t)| t.number))
}

fn timeline(rows: &Rows<'_>, ticket: &Ticket, report: &mut Report) -> Result<(), ReadError> {
    let name = format!("ticket #{}", ticket.number);
    let mut ids = Vec::new();
    for page in 0..ticket.extent.pages {
        for item in rows.page(ticket.number, page)?.items {
            match rows.entry(&item) {
                Ok(entry) if entry.ticket == ticket.number && entry.id == item.id => {}
                Ok(_) => report.find(format!("{name} lists entry {}, which is another's", item.no)),
                Err(e) => report.find(format!("{name}: {e}")),
            }
            ids.push(item.id);
            report.entries += 1;
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
