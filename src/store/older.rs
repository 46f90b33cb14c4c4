//! Records whose shape has grown, and the shapes of their earlier versions. A shape here never changes again.

use serde::Deserialize;
use uuid::Uuid;

use super::codec::{CodecError, Record};
use super::records::Remembered;
use super::tables::Table;
use crate::domain::agent::{Agent, Role};
use crate::domain::channel::Channel;
use crate::domain::entry::Attachment;
use crate::domain::file::StoredFile;
use crate::domain::message::{OwnMessage, Quote, Unclaimed};
use crate::domain::priority::Priority;
use crate::domain::sla::Promise;
use crate::domain::sla_policy::{Conditions, SlaPolicy};
use crate::domain::status::Status;
use crate::domain::ticket::{Assignee, Escalation, Extent, Requester, Ticket};
use crate::domain::time::Micros;

fn read<T: for<'de> Deserialize<'de>>(table: Table, bytes: &[u8]) -> Result<T, CodecError> {
    postcard::from_bytes(bytes).map_err(|e| CodecError::Damaged { table, why: e.to_string() })
}

fn newer<R: Record>(version: u8) -> CodecError {
    CodecError::Version { table: R::TABLE, version, newest: R::VERSION }
}

impl Record for Ticket {
    const TABLE: Table = Table::Tickets;
    const VERSION: u8 = 3;

    fn decode_older(version: u8, bytes: &[u8]) -> Result<Ticket, CodecError> {
        match version {
            1 => read::<Ticket1>(Table::Tickets, bytes).map(Ticket::from),
            2 => read::<Ticket2>(Table::Tickets, bytes).map(Ticket::from),
            _ => Err(newer::<Ticket>(version)),
        }
    }
}

/// Calls and chats only: no description, no e-mail, no names in other systems.
#[derive(Deserialize)]
struct Ticket1 {
    number: u64,
    id: Uuid,
    ticket_id: String,
    channel: Channel,
    status: Status,
    priority: Priority,
    category: Option<String>,
    category_is_manual: bool,
    subject: Option<String>,
    summary: Option<String>,
    summary_is_manual: bool,
    resolution_notes: Option<String>,
    requester: Requester1,
    conversation: Option<u64>,
    session_id: Option<String>,
    call_running: bool,
    assignee: Option<Assignee>,
    assigned_at: Option<Micros>,
    created_at: Micros,
    updated_at: Micros,
    last_message_at: Option<Micros>,
    first_response_at: Option<Micros>,
    resolved_at: Option<Micros>,
    closed_at: Option<Micros>,
    related: Vec<u64>,
    extent: Extent,
}

#[derive(Deserialize)]
struct Requester1 {
    contact: Option<u64>,
    name: Option<String>,
    phone: Option<String>,
}

impl From<Ticket1> for Ticket {
    fn from(t: Ticket1) -> Ticket {
        let Requester1 { contact, name, phone } = t.requester;
        Ticket {
            priority: t.priority,
            category: t.category,
            category_is_manual: t.category_is_manual,
            subject: t.subject,
            summary: t.summary,
            summary_is_manual: t.summary_is_manual,
            resolution_notes: t.resolution_notes,
            requester: Requester { contact, name, phone, email: None },
            conversation: t.conversation,
            session_id: t.session_id,
            call_running: t.call_running,
            assignee: t.assignee,
            assigned_at: t.assigned_at,
            updated_at: t.updated_at,
            last_message_at: t.last_message_at,
            first_response_at: t.first_response_at,
            resolved_at: t.resolved_at,
            closed_at: t.closed_at,
            related: t.related,
            extent: t.extent,
            ..Ticket::new((t.number, t.id, t.ticket_id), t.channel, t.status, t.created_at)
        }
    }
}

/// Before tickets could be held, followed, merged and deleted.
#[derive(Deserialize)]
struct Ticket2 {
    number: u64,
    id: Uuid,
    ticket_id: String,
    channel: Channel,
    status: Status,
    priority: Priority,
    category: Option<String>,
    category_is_manual: bool,
    subject: Option<String>,
    description: Option<String>,
    summary: Option<String>,
    summary_is_manual: bool,
    resolution_notes: Option<String>,
    requester: Requester,
    conversation: Option<u64>,
    session_id: Option<String>,
    call_running: bool,
    assignee: Option<Assignee>,
    assigned_at: Option<Micros>,
    created_at: Micros,
    updated_at: Micros,
    last_message_at: Option<Micros>,
    first_response_at: Option<Micros>,
    resolved_at: Option<Micros>,
    closed_at: Option<Micros>,
    order_id: Option<String>,
    source: Option<String>,
    tags: Vec<String>,
    external_ids: Vec<String>,
    followed_at: Option<Micros>,
    escalation: Option<Escalation>,
    related: Vec<u64>,
    extent: Extent,
}

impl From<Ticket2> for Ticket {
    fn from(t: Ticket2) -> Ticket {
        Ticket {
            priority: t.priority,
            category: t.category,
            category_is_manual: t.category_is_manual,
            subject: t.subject,
            description: t.description,
            summary: t.summary,
            summary_is_manual: t.summary_is_manual,
            resolution_notes: t.resolution_notes,
            requester: t.requester,
            conversation: t.conversation,
            session_id: t.session_id,
            call_running: t.call_running,
            assignee: t.assignee,
            assigned_at: t.assigned_at,
            updated_at: t.updated_at,
            last_message_at: t.last_message_at,
            first_response_at: t.first_response_at,
            resolved_at: t.resolved_at,
            closed_at: t.closed_at,
            order_id: t.order_id,
            source: t.source,
            tags: t.tags,
            external_ids: t.external_ids,
            followed_at: t.followed_at,
            escalation: t.escalation,
            related: t.related,
            extent: t.extent,
            ..Ticket::new((t.number, t.id, t.ticket_id), t.channel, t.status, t.created_at)
        }
    }
}

impl Record for StoredFile {
    const TABLE: Table = Table::Files;
    const VERSION: u8 = 2;

    fn decode_older(version: u8, bytes: &[u8]) -> Result<StoredFile, CodecError> {
        match version {
            1 => read::<StoredFile1>(Table::Files, bytes).map(StoredFile::from),
            _ => Err(newer::<StoredFile>(version)),
        }
    }
}

/// Bytes lay beside the store as they are.
#[derive(Deserialize)]
struct StoredFile1 {
    id: u64,
    ticket: u64,
    name: String,
    media_type: String,
    bytes: u64,
    sha256: [u8; 32],
    entry: Option<u32>,
    uploaded_by: String,
    uploaded_at: Micros,
    arrived_at: Micros,
}

impl From<StoredFile1> for StoredFile {
    fn from(f: StoredFile1) -> StoredFile {
        StoredFile {
            id: f.id,
            ticket: f.ticket,
            name: f.name,
            media_type: f.media_type,
            bytes: f.bytes,
            sha256: f.sha256,
            key: None,
            entry: f.entry,
            uploaded_by: f.uploaded_by,
            uploaded_at: f.uploaded_at,
            arrived_at: f.arrived_at,
        }
    }
}

impl Record for Remembered {
    const TABLE: Table = Table::Idempotency;
    /// Grows with the shape of any reply, as replies bear no version of their own.
    const VERSION: u8 = 4;

    /// That the request was carried out is known; its answer is not.
    fn decode_older(version: u8, bytes: &[u8]) -> Result<Remembered, CodecError> {
        if version > Self::VERSION {
            return Err(newer::<Remembered>(version));
        }
        let older: Remembered = read(Table::Idempotency, bytes)?;
        Ok(Remembered { reply: Vec::new(), ..older })
    }
}

impl Record for Agent {
    const TABLE: Table = Table::Agents;
    const VERSION: u8 = 2;

    fn decode_older(version: u8, bytes: &[u8]) -> Result<Agent, CodecError> {
        match version {
            1 => read::<Agent1>(Table::Agents, bytes).map(Agent::from),
            _ => Err(newer::<Agent>(version)),
        }
    }
}

/// Whom tokens act for: there were no people yet.
#[derive(Deserialize)]
struct Agent1 {
    id: u64,
    name: String,
    created_at: Micros,
}

impl From<Agent1> for Agent {
    fn from(Agent1 { id, name, created_at }: Agent1) -> Agent {
        Agent { id, name, email: None, role: Role::Agent, disabled_at: None, created_at }
    }
}

impl Record for SlaPolicy {
    const TABLE: Table = Table::SlaPolicies;
    const VERSION: u8 = 2;

    fn decode_older(version: u8, bytes: &[u8]) -> Result<SlaPolicy, CodecError> {
        match version {
            1 => read::<SlaPolicy1>(Table::SlaPolicies, bytes).map(SlaPolicy::from),
            _ => Err(newer::<SlaPolicy>(version)),
        }
    }
}

/// Its conditions did not ask who the contact is.
#[derive(Deserialize)]
struct SlaPolicy1 {
    id: u64,
    name: String,
    description: String,
    promise: Promise,
    hours: Option<u64>,
    is_default: bool,
    conditions: Conditions1,
    created_at: Micros,
    updated_at: Micros,
}

#[derive(Deserialize)]
struct Conditions1 {
    channels: Vec<Channel>,
    categories: Vec<String>,
    tags: Vec<String>,
}

impl From<SlaPolicy1> for SlaPolicy {
    fn from(p: SlaPolicy1) -> SlaPolicy {
        let Conditions1 { channels, categories, tags } = p.conditions;
        SlaPolicy {
            id: p.id,
            name: p.name,
            description: p.description,
            promise: p.promise,
            hours: p.hours,
            is_default: p.is_default,
            conditions: Conditions { channels, categories, tags, ..Conditions::default() },
            created_at: p.created_at,
            updated_at: p.updated_at,
        }
    }
}

impl Record for Unclaimed {
    const TABLE: Table = Table::Unclaimed;
    const VERSION: u8 = 2;

    fn decode_older(version: u8, bytes: &[u8]) -> Result<Unclaimed, CodecError> {
        if version != 1 {
            return Err(newer::<Unclaimed>(version));
        }
        let Unclaimed1 { messages } = read(Table::Unclaimed, bytes)?;
        Ok(Unclaimed { messages: messages.into_iter().map(OwnMessage::from).collect() })
    }
}

/// A message of our own did not say under which addresses it was kept.
#[derive(Deserialize)]
struct Unclaimed1 {
    messages: Vec<OwnMessage1>,
}

#[derive(Deserialize)]
struct OwnMessage1 {
    id: String,
    at: Micros,
    text: String,
    attachment: Option<Attachment>,
    quoted: Option<Quote>,
}

impl From<OwnMessage1> for OwnMessage {
    fn from(OwnMessage1 { id, at, text, attachment, quoted }: OwnMessage1) -> OwnMessage {
        OwnMessage { id, addresses: Vec::new(), at, text, attachment, quoted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::codec;

    #[test]
    fn whom_tokens_acted_for_is_an_agent_without_an_e_mail() {
        let (id, name, created_at) = (7_u64, "Dewi".to_owned(), Micros(12));
        let mut bytes = vec![1];
        codec::append(&(id, &name, created_at), &mut bytes);
        let read: Agent = codec::decode(&bytes).expect("an older agent");
        let role = Role::Agent;
        assert_eq!(read, Agent { id, name, email: None, role, disabled_at: None, created_at });
    }

    #[test]
    fn an_older_policy_asks_for_no_contact() {
        let promise = Promise { targets: Default::default(), overrides: Vec::new() };
        let conditions = (vec![Channel::Call], vec!["billing".to_owned()], vec!["vip".to_owned()]);
        let times = (Micros(1), Micros(2));
        let older = (7_u64, "Gold", "", &promise, Some(3_u64), true, &conditions, times.0, times.1);
        let mut bytes = vec![1];
        codec::append(&older, &mut bytes);
        let read: SlaPolicy = codec::decode(&bytes).expect("an older policy");
        let (channels, categories, tags) = conditions;
        let conditions = Conditions { channels, categories, tags, ..Conditions::default() };
        assert_eq!(
            (&read.conditions, read.hours, read.created_at),
            (&conditions, Some(3), times.0)
        );
    }

    #[test]
    fn a_file_from_before_keys_has_none() {
        let times = (Micros(1), Micros(2));
        let mut bytes = vec![1];
        codec::append(
            &(5_u64, 1001_u64, "a.txt", "text/plain", 7_u64, [9_u8; 32], Some(3_u32), "Ani", times),
            &mut bytes,
        );
        let read: StoredFile = codec::decode(&bytes).expect("an older file");
        assert_eq!((read.id, read.sha256, read.key, read.entry), (5, [9; 32], None, Some(3)));
        assert_eq!((read.uploaded_at, read.arrived_at), times);
    }

    #[test]
    fn of_an_older_answer_only_the_request_is_known() {
        let remembered = Remembered { request: [7; 16], reply: vec![1, 2, 3] };
        let mut bytes = vec![1];
        codec::append(&remembered, &mut bytes);
        let read: Remembered = codec::decode(&bytes).expect("an older record");
        assert_eq!(read, Remembered { request: [7; 16], reply: Vec::new() });
        bytes[0] = 9;
        assert!(codec::decode::<Remembered>(&bytes).is_err(), "a newer one is not guessed at");
        assert!(codec::decode::<Ticket>(&bytes).is_err());
    }
}
