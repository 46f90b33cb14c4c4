//! What may be asked of the engine, and what it answers. Plain data: adapters build commands, deciding
//! turns them into plans, replies are kept for idempotent requests.

use serde::{Deserialize, Serialize};

use crate::domain::agent::{Agent, Role};
use crate::domain::audit::Audited;
use crate::domain::calendar::Week;
use crate::domain::call::Fact;
use crate::domain::canned::CannedResponse;
use crate::domain::category::Category;
use crate::domain::contact::{Contact, Conversation, Mode, Scope, Token};
use crate::domain::entry::{Delivery, Entry};
use crate::domain::file::StoredFile;
use crate::domain::presence::Presence;
use crate::domain::rating::Rating;
use crate::domain::reference::Reference;
use crate::domain::reply_draft::ReplyDraft;
use crate::domain::rule::{AssignmentRule, Rule};
use crate::domain::session::Session;
use crate::domain::sla::Promise;
use crate::domain::sla_policy::{BusinessHours, Conditions, SlaPolicy};
use crate::domain::status::Status;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::domain::webhook::Webhook;
use crate::engine::account::AccountCommand;
use crate::engine::automation::AutomationCommand;
use crate::engine::canned::CannedCommand;
use crate::engine::categories::CategoryCommand;
use crate::engine::contacts::ContactCommand;
use crate::engine::crm::NewCrmTicket;
use crate::engine::desk::{NewTicket, Tag, TicketChange};
use crate::engine::hooks::WebhookCommand;
pub use crate::engine::idempotency::Idempotency;
use crate::engine::intake::{CallReport, Handover, NewCase};
use crate::engine::mail::{Became, MailCommand};
pub use crate::engine::origin::Origin;
use crate::engine::portal::{NewFile, PortalCommand};
use crate::engine::privacy::Step;
pub use crate::engine::submission::Submission;
use crate::engine::timers::Timer;

pub use crate::engine::calls::{
    CallChanges, CallEvent, Delivered, Happening, IfAttached, NewCall, NewInteraction,
};
pub use crate::engine::inbound::{GroupPost, IdScope, InboundMessage, MessageChange};

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
        /// Ids of files of this ticket that were uploaded before and are attached to nothing.
        attachments: Vec<u64>,
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
    /// Other words for a comment that did not go out.
    EditComment {
        ticket: Reference,
        entry: u32,
        body: String,
    },
    DeleteComment {
        ticket: Reference,
        entry: u32,
    },
    /// A ticket that somebody of the desk makes (S3.31).
    CreateTicket(Box<NewTicket>),
    /// A ticket of the CRM, made by an agent or reported by an assistant (S2.22).
    OpenCrmTicket(Box<NewCrmTicket>),
    /// What people do with a ticket; `expected` is the state that they saw.
    ChangeTicket {
        ticket: Reference,
        expected: Option<Tag>,
        change: TicketChange,
    },
    /// Duplicates become part of one ticket (S3.6).
    MergeTickets {
        into: Reference,
        others: Vec<Reference>,
        reason: Option<String>,
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
    Category(CategoryCommand),
    Canned(CannedCommand),
    Webhook(WebhookCommand),
    /// What a customer does over the portal.
    Portal(PortalCommand),
    /// A file was uploaded for a ticket; its bytes are on the disk.
    AddFile {
        ticket: Reference,
        file: NewFile,
    },
    /// Takes back a file that is attached to nothing.
    RemoveFile {
        ticket: Reference,
        file: u64,
    },
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
    /// What changed nothing and is audited all the same: refusals, logins.
    Audit(Vec<Audited>),
    /// Removes dedup keys and remembered answers that are past their time, a bounded number at once.
    Sweep,
    /// A step of erasing, of retention, or of what encryption leaves to be done.
    Privacy(Step),
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
    /// Tells of these clocks, as far as they are due.
    SlaDue {
        timers: Vec<Timer>,
    },
    /// Mails that come, and those that somebody asks for.
    Mail(MailCommand),
    /// What people do with contacts.
    Contact(ContactCommand),
    /// Presence, assignment, rules.
    Automation(AutomationCommand),
    /// A step of tending the search index.
    Search(Box<crate::engine::search::Step>),
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
    Category(Box<Category>),
    Canned(Box<CannedResponse>),
    Webhook(Box<Webhook>),
    /// Numbers of deliveries that were queued.
    Queued(Vec<u64>),
    Rating(Box<Rating>),
    File(Box<StoredFile>),
    /// A ticket as a change has left it, and the name of that state.
    Edited {
        ticket: Box<Ticket>,
        tag: Tag,
    },
    SlaPolicy(Box<SlaPolicy>),
    BusinessHours(Box<BusinessHours>),
    /// Of a step of erasing; where to go on if there is more.
    Step {
        more: Option<Vec<u8>>,
    },
    Agent(Box<Agent>),
    Session(Box<Session>),
    /// What became of a mail, and the ticket that it belongs to.
    Mail {
        ticket: Option<u64>,
        became: Became,
    },
    Contact(Box<Contact>),
    Presence(Presence),
    AssignmentRule(Box<AssignmentRule>),
    Rule(Box<Rule>),
}

/// Why a command was refused. Nothing was written for it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("no {0}")]
    NotFound(String),
    /// It is there and looks absent, as whoever asks may not see it.
    #[error("no {0}")]
    Hidden(String),
    /// A field holds what it may not.
    #[error("{field}: {why}")]
    Invalid { field: &'static str, why: String },
    /// A field holds what it may, but not together with another.
    #[error("{field}: {why}")]
    Unprocessable { field: &'static str, why: String },
    #[error("{0}")]
    Conflict(String),
    /// Somebody else changed it since the caller saw it.
    #[error("ticket #{} was changed since: look at its present state, and try again", ticket.number)]
    Stale { ticket: Box<Ticket>, tag: Tag },
    #[error("{0}")]
    Forbidden(String),
    /// Who asks has not shown who they are; a code of the second factor may be what is missing.
    #[error("{why}")]
    Unauthorized { why: &'static str, wants_code: bool },
    /// A limit on how much may go on at once is reached; later it will do.
    #[error("{0}")]
    Overloaded(String),
    /// What may be done in a time is done; after `seconds` something may be done again.
    #[error("{why}")]
    Spent { why: String, seconds: u32 },
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
