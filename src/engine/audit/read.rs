//! The audit as it is read: newest rows first, those that a question selects.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::chain;
use crate::describe::ToSchema;
use crate::domain::agent::Agent;
use crate::domain::audit::{AuditEntry, AuditMark, Audited, Outcome, Who};
use crate::domain::time::Micros;
use crate::engine::rows::{ReadError, Rows, key};
use crate::engine::{Engine, Error};
use crate::store::{Order, Table};

/// Rows looked at in one snapshot.
const CHUNK: usize = 1000;
/// Rows looked at for one answer; the next one goes on.
const MAX_LOOKED_AT: usize = 20_000;

/// What is wanted; absent is everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// `person`, `person:3`, `token:bridge`, `system` …
    pub actor: Option<String>,
    /// `ticket.claim`, or the part before the dot.
    pub action: Option<String>,
    /// A ticket's number.
    pub ticket: Option<u64>,
    pub address: Option<IpAddr>,
    /// Not older than this, by the wall clock.
    pub since: Option<Micros>,
    /// Older than this.
    pub until: Option<Micros>,
    /// Rows before this one only.
    pub before: Option<u64>,
}

impl Wanted {
    /// What the command line asks for; `since` in microseconds.
    pub fn new(
        actor: Option<String>,
        action: Option<String>,
        (ticket, address): (Option<u64>, Option<IpAddr>),
        since: Option<i64>,
    ) -> Wanted {
        let since = since.map(Micros);
        Wanted { actor, action, ticket, address, since, ..Wanted::default() }
    }

    fn takes(&self, entry: &AuditEntry) -> bool {
        let what = &entry.what;
        let by = |wanted: &String| match wanted.split_once(':') {
            None => what.who.kind() == wanted,
            Some((kind, id)) => what.who.kind() == kind && what.who.id().as_deref() == Some(id),
        };
        let named = |wanted: &String| {
            let rest = what.action.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let about = |number: u64| {
            let subject = what.subject.as_ref();
            subject.is_some_and(|s| s.kind == "ticket" && s.id == number.to_string())
        };
        self.actor.as_ref().is_none_or(by)
            && self.action.as_ref().is_none_or(named)
            && self.ticket.is_none_or(about)
            && self.address.is_none_or(|address| what.address == Some(address))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}

/// One row as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    pub seq: u64,
    /// The wall clock, RFC 3339
    #[schema(value_type = String, format = DateTime)]
    pub at: Micros,
    /// Running time of the daemon, by which rows grow old, RFC 3339
    #[schema(value_type = String, format = DateTime)]
    pub steady: Micros,
    pub actor: Actor,
    /// The client's; none for what never was on the network
    #[schema(value_type = Option<String>, example = "192.0.2.7")]
    pub address: Option<IpAddr>,
    /// api, public, login, the route of a door, source, command line or inside
    #[schema(example = "api")]
    pub door: String,
    #[schema(example = "ticket.claim")]
    pub action: String,
    pub subject: Option<Subject>,
    /// done, refused or failed
    #[schema(value_type = String, example = "done")]
    pub outcome: Outcome,
    /// More than 1 for refusals that were counted together
    pub count: u32,
    /// SHA-256 of the row as it is stored; the next row holds it
    pub hash: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// person, token, customer, rule, system or unknown
    #[schema(example = "person")]
    pub kind: String,
    pub id: Option<String>,
    /// What a person is called today
    pub name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Subject {
    #[schema(example = "ticket")]
    pub kind: String,
    #[schema(example = "1001")]
    pub id: String,
}

/// Rows, the newest first, and the row to go on before if more may follow.
pub struct Page {
    pub lines: Vec<Line>,
    pub next: Option<u64>,
}

/// How much of the audit there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Extent {
    /// Rows that are kept.
    pub rows: u64,
    /// The newest row and its hash, `SEQ:HASH`.
    pub head: String,
}

impl Engine {
    /// At most `limit` rows that are wanted. An answer may hold fewer and still say where to go on.
    pub fn audit(&self, wanted: &Wanted, limit: usize) -> Result<Page, Error> {
        let mut lines = Vec::new();
        let mut end = wanted.before.map(key::number);
        for _ in 0..MAX_LOOKED_AT / CHUNK {
            let full = self.read(|rows| {
                let end_key = end.as_ref().map(|key| &key[..]);
                let found = rows.view.scan(Table::Audit, &[], end_key, Order::Descending, CHUNK)?;
                let last = found.len() < CHUNK;
                for (row_key, value) in found {
                    let Some(mark) = chain::mark(&row_key, &value) else { continue };
                    end = Some(key::number(mark.seq));
                    let entry: AuditEntry = rows.open(&row_key, &value)?;
                    if wanted.takes(&entry) {
                        lines.push(line(&rows, mark, entry)?);
                    }
                    if lines.len() == limit {
                        return Ok(Some(false));
                    }
                }
                Ok(last.then_some(true))
            })?;
            match full {
                None => {}
                Some(true) => return Ok(Page { lines, next: None }),
                Some(false) => break,
            }
        }
        Ok(Page { lines, next: end.map(u64::from_be_bytes) })
    }

    /// How much there is; none while nothing was ever audited.
    pub fn audit_extent(&self) -> Result<Option<Extent>, Error> {
        self.read(|rows| {
            let head = rows.get::<AuditMark>(chain::HEAD)?;
            let anchor = rows.get::<AuditMark>(chain::ANCHOR)?.unwrap_or_default();
            Ok(head.map(|head| Extent { rows: head.seq - anchor.seq, head: head.to_string() }))
        })
    }
}

fn line(rows: &Rows<'_>, mark: AuditMark, entry: AuditEntry) -> Result<Line, ReadError> {
    let Audited { who, address, door, action, subject, outcome, count } = entry.what;
    let name = match who {
        Who::Person { id } => rows.get::<Agent>(&key::number(id))?.map(|agent| agent.name),
        _ => None,
    };
    let hash = mark.to_string();
    let hash = hash.split_once(':').map_or("", |(_, hash)| hash).to_owned();
    Ok(Line {
        seq: mark.seq,
        at: entry.at,
        steady: entry.steady,
        actor: Actor { kind: who.kind().to_owned(), id: who.id(), name },
        address,
        door,
        action,
        subject: subject.map(|s| Subject { kind: s.kind, id: s.id }),
        outcome,
        count,
        hash,
    })
}
