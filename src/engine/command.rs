//! What may be asked of the engine, and what it answers. Plain data: adapters build commands, deciding
//! turns them into plans, replies are kept for idempotent requests.

use serde::{Deserialize, Serialize};

use crate::domain::agent::{Agent, Role};
use crate::domain::calendar::Week;
use crate::domain::call::Fact;
use crate::domain::contact::{Conversation, Mode, Scope, Token};
use crate::domain::entry::{Attachment, Delivery, Entry, Speaker, ToolCall};
use crate::domain::message::{Change, Changer, Quote};
use crate::domain::priority::Priority;
use crate::domain::reference::Reference;
use crate::domain::reply_draft::ReplyDraft;
use crate::domain::session::Session;
use crate::domain::sla::Promise;
use crate::domain::sla_policy::{BusinessHours, Conditions, SlaPolicy};
use crate::domain::source::Mark;
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::account::AccountCommand;
pub use crate::engine::idempotency::{Idempotency, MAX_IDEMPOTENCY_KEY};
use crate::engine::intake::{CallReport, Handover, NewCase};

#[derive(Clone, Debug)]
pub enum Command {
    /// A relay opens a call (S0.2, S0.33).
    OpenCall(NewCall),
    /// One realtime event of a running call.
    RecordFacts {
        ticket: u64,
        event_id: Option<String>,
        facts: Vec<Fact>,
    },
    /// The connection of a call broke; the grace begins.
    DetachCall {
        ticket: u64,
        connection: u64,
    },
    /// The connection of a call closed as it should, or somebody closes it by the API (S0.37).
    EndCall {
        ticket: Reference,
        connection: Option<u64>,
        auto_categorize: bool,
    },
    /// Ends a call whose grace is over; nothing if its relay came back.
    ExpireCall {
        ticket: u64,
    },
    /// What a dial-out source delivered, and how far it was taken with it: all or nothing.
    TakeFromSource(Delivered),
    /// At start: no connection survived, every call's grace begins.
    OrphanCalls,
    /// S0.34
    LogInteraction(NewInteraction),
    /// S0.35
    AddMetadata {
        ticket: Reference,
        key: String,
        value: String,
    },
    /// S0.36
    UpdateCall {
        ticket: Reference,
        changes: CallChanges,
    },
    /// A WhatsApp message (S4.4 to S4.10).
    ReceiveMessage(Box<InboundMessage>),
    /// A message was edited, taken back or reacted to.
    ChangeMessage(Box<MessageChange>),
    /// Two WhatsApp addresses are one person.
    JoinAddresses {
        lid: String,
        phone: String,
    },
    /// What an agent writes on a ticket (S3.32); a public one goes to the customer where there is a way (S4.18).
    AddComment {
        ticket: Reference,
        body: String,
        is_internal: bool,
    },
    /// What an agent has begun to write; an empty body takes it away.
    SaveDraft {
        ticket: Reference,
        body: String,
        is_internal: bool,
    },
    /// A comment that could not be delivered goes out once more.
    ResendComment {
        ticket: Reference,
        entry: u32,
    },
    /// What became of a message of the outbox; it leaves it.
    Dispatched {
        conversation: u64,
        number: u64,
        entry: u64,
        outcome: Outcome,
    },
    /// A bridge tells how far a message of ours has come.
    Receipt {
        instance: String,
        /// The chat's, as of a message; may be empty.
        addresses: Vec<String>,
        /// The bridge's id of the message.
        id: String,
        state: Delivery,
        at: Option<Micros>,
        error: Option<String>,
    },
    /// Who answers in a conversation from now on (S4.6, S4.7).
    SetMode {
        conversation: u64,
        mode: Mode,
    },
    /// S4.13
    Claim {
        ticket: Reference,
    },
    SetStatus {
        ticket: Reference,
        to: Status,
        reason: Option<String>,
        notes: Option<String>,
    },
    /// A case of another desk, a form, the API (S1.1).
    TakeCase(Box<NewCase>),
    /// A bot gives a chat to people (S3.33, S3.34).
    HandOver(Box<Handover>),
    /// A platform tells of a call that nobody streams.
    ReportCall(Box<CallReport>),
    CreateToken {
        name: String,
        hash: [u8; 32],
        scopes: Vec<Scope>,
    },
    RevokeToken {
        id: u64,
    },
    /// No token that was given for this ticket lets anybody look at it any more.
    RevokePortalTokens {
        ticket: Reference,
    },
    /// People, their passwords and their sessions.
    Account(AccountCommand),
    /// A consumer of the feed has dealt with everything up to `seq`.
    MoveCursor {
        name: String,
        seq: u64,
    },
    DropCursor {
        name: String,
    },
    /// Removes dedup keys and remembered answers that are past their time, a bounded number at once.
    Sweep,
    /// The SLA policies that ship, into a store that never had one.
    SeedSla,
    /// Makes a policy, or changes one (S3.25).
    SaveSlaPolicy {
        id: Option<u64>,
        policy: Box<NewSlaPolicy>,
    },
    DeleteSlaPolicy {
        id: u64,
    },
    /// Gives those of these tickets that are open and have this policy what it promises now.
    ApplySlaPolicy {
        id: u64,
        tickets: Vec<u64>,
    },
    /// Makes business hours, or changes some (S3.16).
    SaveBusinessHours {
        id: Option<u64>,
        hours: Box<NewBusinessHours>,
    },
    DeleteBusinessHours {
        id: u64,
    },
    /// Tells of the clocks that are due, a bounded number at once.
    SlaDue,
}

/// An SLA policy as it shall be; what it means is said at [`crate::domain::sla_policy::SlaPolicy`].
#[derive(Clone, Debug)]
pub struct NewSlaPolicy {
    pub name: String,
    pub description: String,
    pub promise: Promise,
    pub hours: Option<u64>,
    pub is_default: bool,
    pub conditions: Conditions,
}

/// Business hours as they shall be.
#[derive(Clone, Debug)]
pub struct NewBusinessHours {
    pub name: String,
    pub timezone: String,
    pub week: Week,
    pub holidays: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct NewCall {
    pub session_id: String,
    pub customer_name: Option<String>,
    pub customer_phone: Option<String>,
    pub category: Option<String>,
    pub priority: Option<Priority>,
    /// The connection that streams it; none for relays that speak plain HTTP.
    pub connection: Option<u64>,
    pub if_attached: IfAttached,
}

#[derive(Clone, Debug)]
pub struct Delivered {
    /// The source's name, 1 to [`crate::domain::source::MAX_SOURCE_WORD`] bytes.
    pub source: String,
    /// What tells this numbering from another of the same source, if the source says.
    pub stream: Option<String>,
    /// What the source is to go on behind; absent where it numbers nothing.
    pub position: Option<Mark>,
    /// In the order of the stream.
    pub calls: Vec<CallEvent>,
}

/// One event of one of the calls that a source carries.
#[derive(Clone, Debug)]
pub struct CallEvent {
    pub seq: Option<u64>,
    /// Opens the call if it is the first of its session.
    pub call: NewCall,
    pub event_id: Option<String>,
    pub happening: Happening,
}

#[derive(Clone, Debug)]
pub enum Happening {
    Facts(Vec<Fact>),
    Ended,
}

/// What to do when a call of the same session has a connection already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfAttached {
    /// Answer [`Reply::CallAttached`].
    #[default]
    Ask,
    /// The other connection is dead: go on with its call.
    TakeOver,
    /// The other connection is alive: this is another call (S0.2).
    OpenAnother,
}

#[derive(Clone, Debug)]
pub struct NewInteraction {
    pub ticket: Reference,
    pub speaker: Speaker,
    pub message: String,
    pub tool_calls: Vec<ToolCall>,
    pub at: Option<Micros>,
}

/// Fields that are absent stay as they are.
#[derive(Clone, Debug, Default)]
pub struct CallChanges {
    pub status: Option<Status>,
    pub priority: Option<Priority>,
    pub category: Option<String>,
    pub summary: Option<String>,
    pub resolution_notes: Option<String>,
    pub customer_name: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub struct InboundMessage {
    pub instance: String,
    /// The bridge's message id; without one, content and time tell messages apart.
    pub id: Option<String>,
    pub ids: IdScope,
    /// Chat addresses of the customer, or the group's, most certain first; never empty.
    pub addresses: Vec<String>,
    pub phone: Option<String>,
    pub from_me: bool,
    pub name: Option<String>,
    pub sent_at: Option<Micros>,
    pub text: String,
    pub attachment: Option<Attachment>,
    pub quoted: Option<Quote>,
    /// Its content has not come yet: the same id may come again with it.
    pub undecrypted: bool,
    pub group: Option<GroupPost>,
}

/// How far ids of messages tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdScope {
    /// Within a chat and a direction; in a group also by who wrote.
    #[default]
    Chat,
    /// The same, but what happens to a message may name it by its id alone.
    ChatOrId,
    /// Within the instance.
    Instance,
}

/// Where and by whom a message of a group was written.
#[derive(Clone, Debug, Default)]
pub struct GroupPost {
    /// The group's name, where the bridge tells it.
    pub title: Option<String>,
    /// Addresses of who wrote; empty when it was us.
    pub author: Vec<String>,
    /// The writer's number.
    pub phone: Option<String>,
}

#[derive(Clone, Debug)]
pub struct MessageChange {
    pub instance: String,
    /// The id of the message that changes.
    pub target: String,
    pub ids: IdScope,
    /// Addresses of its chat; empty where the bridge names it by its id alone.
    pub addresses: Vec<String>,
    pub by: Changer,
    pub at: Option<Micros>,
    pub change: Change,
}

/// How sending a message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent {
        /// What the bridge calls it, if it said so.
        id: Option<String>,
        /// An earlier attempt may have arrived too, under an id that nobody knows.
        uncertain: bool,
    },
    /// For good; why, in words for the agent.
    Failed { error: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    Done,
    Call {
        ticket: Box<Ticket>,
        resumed: bool,
    },
    CallAttached {
        ticket: u64,
        connection: u64,
    },
    Ticket(Box<Ticket>),
    Interaction {
        ticket: Box<Ticket>,
        entry: Box<Entry>,
    },
    Metadata {
        ticket: Box<Ticket>,
        id: u32,
        key: String,
        value: String,
    },
    /// The ticket of what was delivered, and whether it was made for it.
    Taken {
        ticket: Box<Ticket>,
        made: bool,
    },
    /// What the bridge is to do with a message.
    Message {
        ticket: Option<u64>,
        mode: Mode,
    },
    Token(Box<Token>),
    Cursor {
        name: String,
        seq: u64,
    },
    /// Rows that were removed.
    Swept(usize),
    /// The ticket of a message that changed; none as long as the message has not come, or belongs to none.
    Changed {
        ticket: Option<u64>,
    },
    /// `delivery` is none where nothing goes out.
    Comment {
        ticket: Box<Ticket>,
        entry: Box<Entry>,
        delivery: Option<Delivery>,
    },
    Conversation(Box<Conversation>),
    Draft(ReplyDraft),
    SlaPolicy(Box<SlaPolicy>),
    BusinessHours(Box<BusinessHours>),
    Agent(Box<Agent>),
    Session(Box<Session>),
}

/// Why a command was refused. Nothing was written for it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("no {0}")]
    NotFound(String),
    /// A field holds what it may not.
    #[error("{field}: {why}")]
    Invalid { field: &'static str, why: String },
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    Forbidden(String),
    /// Who asks has not shown who they are; a code of the second factor may be what is missing.
    #[error("{why}")]
    Unauthorized { why: &'static str, wants_code: bool },
    /// A limit on how much may go on at once is reached; later it will do.
    #[error("{0}")]
    Overloaded(String),
    #[error("this Idempotency-Key was used before for a different request")]
    KeyReused,
    /// The store could not be read or decided upon; the cause is for the log.
    #[error("{0}")]
    Store(String),
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The daemon itself.
    System,
    /// A machine token that is no agent.
    Token {
        name: String,
    },
    Agent {
        id: u64,
        name: String,
        role: Role,
        sees_all: bool,
    },
}

impl Actor {
    pub fn name(&self) -> &str {
        match self {
            Actor::System => "system",
            Actor::Token { name } | Actor::Agent { name, .. } => name,
        }
    }

    /// An agent sees unassigned tickets, their own, and those that they follow or were named in (S2.20, DESIGN C9);
    /// everybody else sees all.
    pub fn may_see(&self, ticket: &Ticket) -> bool {
        match self {
            Actor::Agent { id, sees_all: false, .. } => {
                ticket.assignee.is_none() || ticket.concerns(*id)
            }
            _ => true,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Submission {
    pub actor: Actor,
    pub idempotency: Option<Idempotency>,
    pub command: Command,
}

impl Submission {
    pub fn new(actor: Actor, command: Command) -> Submission {
        Submission { actor, idempotency: None, command }
    }
}
