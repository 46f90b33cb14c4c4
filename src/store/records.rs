//! Which value lies in which table, and the records that exist only in the store.

use serde::{Deserialize, Serialize};

use super::codec::{self, CodecError, Record};
pub use super::index_row::IndexRow;
use super::owner::Owner;
use super::tables::Table;
use crate::domain::activity::Activity;
use crate::domain::audit::{AuditEntry, AuditMark};
use crate::domain::call::{CallItem, OpenCall};
use crate::domain::canned::CannedResponse;
use crate::domain::category::Category;
use crate::domain::clock::ClockState;
use crate::domain::contact::{Contact, Conversation, Mode, Token};
use crate::domain::crm::Details;
use crate::domain::deed::Deed;
use crate::domain::entry::{Delivery, Entry};
use crate::domain::figures::TicketFigures;
use crate::domain::mail::{Mail, MailOf, MailPace, MailboxPosition};
use crate::domain::message::{Early, Quote, Reaction, Revision};
use crate::domain::outbound::{Dispatch, Outbound};
use crate::domain::presence::{Presence, Workload};
use crate::domain::profile::Profile;
use crate::domain::rating::Rating;
use crate::domain::reply_draft::ReplyDraft;
use crate::domain::rule::{
    AssignmentRule, Escalated, LastAgent, Rule, RuleRun, RuleTimer, SlaStanding, Watch,
};
use crate::domain::session::{Account, Link, Session};
use crate::domain::sla_policy::{BusinessHours, SlaClock, SlaTimer};
use crate::domain::source::SourcePosition;
use crate::domain::ticket::{Metadata, StatusChange};
use crate::domain::time::Micros;
use crate::domain::undated::Undated;
use crate::domain::webhook::{self, Delivered, Payload, Webhook};

macro_rules! records {
    ($($record:ty => $table:ident,)*) => {
        $(impl Record for $record { const TABLE: Table = Table::$table; })*
    };
}

records! {
    Page => Directory,
    Pointer => References,
    AddressOf => Addresses,
    ConversationOf => ConversationKeys,
    Contact => Contacts,
    Conversation => Conversations,
    OpenCall => OpenCalls,
    CallItem => CallItems,
    StatusChange => StatusHistory,
    Metadata => Metadata,
    Token => Tokens,
    Count => Counts,
    Cursor => Cursors,
    ClockState => Clock,
    SourcePosition => Sources,
    Portal => Portals,
    Revision => Revisions,
    Reaction => Reactions,
    Quote => Quotes,
    Early => Early,
    Dispatch => Dispatches,
    SentAs => SentAs,
    BotReturn => BotReturns,
    ReplyDraft => ReplyDrafts,
    Category => Categories,
    CannedResponse => Canned,
    ShortcutOf => CannedShortcuts,
    Webhook => Webhooks,
    webhook::Delivery => Deliveries,
    Delivered => DeliveryLog,
    Payload => Payloads,
    Rating => Ratings,
    LooseFile => LooseFiles,
    AuditEntry => Audit,
    AuditMark => AuditMarks,
    Doomed => Doomed,
    Erasure => Erasures,
    RewriteOwed => Rewrites,
    Deed => Deeds,
    Activity => Activities,
    Deleted => Deletions,
    WrittenBy => Authors,
    Account => Accounts,
    Session => Sessions,
    Link => Links,
    Presence => Presences,
    Workload => Workloads,
    AssignmentRule => AssignmentRules,
    Rule => Rules,
    RuleTimer => RuleTimers,
    Watch => Watches,
    RuleRun => RuleRuns,
    Escalated => Escalations,
    SlaStanding => SlaStandings,
    LastAgent => LastAgents,
    BusinessHours => BusinessHours,
    SlaClock => SlaClocks,
    SlaTimer => SlaTimers,
    Undated => Undated,
    TicketFigures => Figures,
    Details => CrmDetails,
    Mail => Mails,
    MailOf => MailIds,
    MailboxPosition => Mailboxes,
    MailPace => MailPaces,
    Profile => ContactProfiles,
    Absorbed => MergedContacts,
    SearchChunk => SearchChunks,
    SearchDead => SearchDead,
    SearchManifest => SearchManifests,
}

impl Record for Entry {
    const TABLE: Table = Table::Entries;

    fn owner(&self, _: &[u8]) -> Owner {
        Owner::Ticket(self.ticket)
    }
}

impl Record for Outbound {
    const TABLE: Table = Table::Outbox;

    fn owner(&self, _: &[u8]) -> Owner {
        Owner::Ticket(self.ticket)
    }
}

/// Whose data a value is that was stored before values said it themselves.
pub(super) fn owner_of(table: Table, key: &[u8], plain: &[u8]) -> Owner {
    let said = match table {
        Table::Entries => codec::decode::<Entry>(plain).map(|record| record.owner(key)).ok(),
        Table::Outbox => codec::decode::<Outbound>(plain).map(|record| record.owner(key)).ok(),
        _ => None,
    };
    said.unwrap_or_else(|| table.owner(key))
}

/// One page of a ticket's timeline: at most [`PAGE_ITEMS`] entries in spoken or sent order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub items: Vec<DirItem>,
}

pub const PAGE_ITEMS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirItem {
    /// The entry's id within its ticket.
    pub id: u32,
    /// Its global number, the key in table Entries.
    pub no: u64,
    pub at: Micros,
}

/// The number of the ticket that a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer(pub u64);

/// The contact that an address belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressOf(pub u64);

/// A contact that turned out to be the same person as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absorbed;

/// The conversation with a contact over one instance of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationOf(pub u64);

/// A message that was dealt with, and what its sender was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub ticket: Option<u64>,
    pub mode: Mode,
    /// The global number of its entry; none where it belongs to no ticket.
    pub entry: Option<u64>,
    /// Its content has not come yet.
    pub undecrypted: bool,
}

/// `Seen` before entries were named in it.
#[derive(Deserialize)]
struct SeenV1 {
    ticket: Option<u64>,
    mode: Mode,
}

impl Record for Seen {
    const TABLE: Table = Table::Seen;
    const VERSION: u8 = 2;

    fn decode_older(version: u8, bytes: &[u8]) -> Result<Seen, CodecError> {
        if version != 1 {
            return Err(CodecError::Version { table: Self::TABLE, version, newest: Self::VERSION });
        }
        let SeenV1 { ticket, mode } = codec::older(Self::TABLE, bytes)?;
        Ok(Seen { ticket, mode, entry: None, undecrypted: false })
    }
}

/// The answer to a request that bore an `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// Hash of method, path and body.
    pub request: [u8; 16],
    /// Empty when an earlier version gave it, in a shape that is gone.
    pub reply: Vec<u8>,
}

/// What lets a customer look at their one ticket: at most [`MAX_PORTAL_TOKENS`], the newest last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Portal {
    pub tokens: Vec<PortalToken>,
}

/// An opaque token of 256 bits, of which only the SHA-256 is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortalToken {
    pub hash: [u8; 32],
    /// By the steady clock.
    pub expires: Micros,
}

pub const MAX_PORTAL_TOKENS: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count(pub u64);

/// The key of the one row of [`Table::Clock`].
pub const CLOCK: &[u8] = b"clock";

/// The last event that a consumer of the feed has dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub u64);

/// By which a bridge's echo or receipt finds our message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentAs {
    /// The entry's global number; none while only a receipt has named the id.
    pub entry: Option<u64>,
    /// The round in which it was sent so.
    pub round: u32,
    /// When this was noted, by the steady clock.
    pub noted_at: Micros,
    /// What was told of the id before its entry was known.
    pub early: Option<EarlyReceipt>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyReceipt {
    pub state: Delivery,
    pub at: Micros,
    pub error: Option<String>,
}

/// A file that is attached to nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LooseFile {
    pub ticket: u64,
}

/// The canned response that a shortcut names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortcutOf(pub u64);
/// A ticket that waits to be removed for good, or to be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted;

/// The agent who wrote a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenBy(pub u64);

/// A conversation that goes back to the bot, unless its ticket goes on before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotReturn {
    pub ticket: u64,
    /// When the ticket ended: another end, another return.
    pub resolved_at: Option<Micros>,
}

/// An owner whose data are gone and whose key is to be destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doomed {
    /// By the steady clock.
    pub since: Micros,
    /// A person was erased: not together with others, but now.
    pub at_once: bool,
}

/// A person whose data are being erased, until the last of it has gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The contact and those that turned out to be the same person.
    pub contacts: Vec<u64>,
    /// By which tickets without a contact are known as theirs.
    pub phones: Vec<String>,
    pub emails: Vec<String>,
}

/// Words that were erased, or stored before encryption was switched on, may still lie in the files: the store is to
/// be written anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RewriteOwed {
    /// By the steady clock.
    pub since: Micros,
}

/// The key of the one row of [`Table::Rewrites`].
pub const OWED: &[u8] = b"owed";

/// A piece of a stream of a segment of the search index, deflated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchChunk(pub Vec<u8>);

/// Documents of a segment that were replaced or removed since it was written, as differences of their positions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchDead(pub Vec<u32>);

/// Which segments the search index consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchManifest {
    /// The form of the segments; those of another are built anew.
    pub form: u32,
    /// The feed that `upto` counts; in another one the index is built anew.
    pub epoch: String,
    /// What happened after this event is not in the segments.
    pub upto: u64,
    /// The number of the next segment.
    pub next: u64,
    pub segments: Vec<SearchSegment>,
    /// Numbers of segments that are being written, or are not used any more: at start they are removed.
    pub remains: Vec<u64>,
    /// While the index is built from the rows, how far that has come.
    pub building: Option<SearchBuilding>,
}

/// A segment: its documents and how many chunks each of its streams has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchSegment {
    pub number: u64,
    pub documents: u32,
    pub chunks: [u32; SEARCH_STREAMS],
}

/// Streams of a segment.
pub const SEARCH_STREAMS: usize = 5;

/// The key of the one row of [`Table::SearchManifests`].
pub const MANIFEST: &[u8] = b"manifest";

/// How far the search index was built from the rows: kind of row, and the number to go on behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchBuilding {
    pub kind: u8,
    pub behind: u64,
    /// Rows looked at so far.
    pub done: u64,
}
