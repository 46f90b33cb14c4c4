//! Every table with its stable number, key and value, in one place.
//!
//! The number is written into journal records and never changes or is used again. Keys are byte strings
//! that sort as meant (big endian); values are one version byte and postcard ([`super::codec`]).
//! Row keys hold keyed hashes, never personal data.
//!
//! Behind the number a table says whose data its rows are ([`Whose`]), and so under which key their values lie
//! ([`super::seal`]); one that says nothing holds the desk's own.

use super::owner::Owner;

/// Whose data the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Numbers and times that tell of nobody; checked, not encrypted.
    Nobody,
    /// The desk's own: settings, agents, tokens.
    Desk,
    /// Of the ticket whose number begins the row key. Such rows go when the ticket goes, or its customer is erased.
    Ticket,
    /// Of the contact whose id begins the row key.
    Contact,
    /// Of the segment of the search index whose number begins the row key.
    Segment,
    /// Each record says it: [`super::codec::Record::owner`].
    Record,
}

macro_rules! tables {
    (@whose) => { Whose::Desk };
    (@whose $whose:ident) => { Whose::$whose };
    ($($(#[$doc:meta])* $name:ident = $number:literal $(of $whose:ident)?,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Table {
            $($(#[$doc])* $name = $number,)*
        }

        impl Table {
            pub const ALL: &'static [Table] = &[$(Table::$name),*];

            /// One more than the highest number.
            pub const NUMBERS: usize = {
                let mut highest = 0;
                $(if $number > highest { highest = $number; })*
                highest + 1
            };

            /// The name of the redb table.
            pub fn name(self) -> &'static str {
                match self { $(Table::$name => stringify!($name),)* }
            }

            pub fn from_number(number: u8) -> Option<Table> {
                match number { $($number => Some(Table::$name),)* _ => None }
            }

            /// Whose data its rows are.
            pub fn whose(self) -> Whose {
                match self { $(Table::$name => tables!(@whose $($whose)?),)* }
            }
        }
    };
}

impl Table {
    /// Whose data a row is, as far as table and key tell; of the desk where the record would have to say it.
    pub fn owner(self, key: &[u8]) -> Owner {
        let number = || key.first_chunk().map(|number| u64::from_be_bytes(*number));
        match self.whose() {
            Whose::Nobody => Owner::Nobody,
            Whose::Ticket => number().map_or(Owner::Desk, Owner::Ticket),
            Whose::Contact => number().map_or(Owner::Desk, Owner::Contact),
            Whose::Segment => number().map_or(Owner::Desk, Owner::Segment),
            Whose::Desk | Whose::Record => Owner::Desk,
        }
    }

    /// The tables whose rows belong to the ticket that begins their keys.
    pub fn of_tickets() -> impl Iterator<Item = Table> {
        Table::ALL.iter().copied().filter(|table| table.whose() == Whose::Ticket)
    }
}

tables! {
    /// name → counter or setting of the store itself (format, next numbers, journal position).
    Meta = 1 of Nobody,
    /// ticket number u64 → `Ticket`.
    Tickets = 2 of Ticket,
    /// ticket number u64 → `IndexRow`, the narrow row of the in-memory index.
    Index = 3,
    /// global entry number u64 → `Entry`; appended in the order of arrival.
    Entries = 4 of Record,
    /// ticket number u64, page u32 → up to 64 `DirItem`s in spoken or sent order.
    Directory = 5 of Nobody,
    /// kind u8, reference bytes → ticket number: UUID, channel reference, keyed hash of an external id.
    References = 6 of Nobody,
    /// contact id u64 → `Contact`.
    Contacts = 7 of Contact,
    /// keyed hash of an address, 16 bytes → contact id.
    Addresses = 8 of Nobody,
    /// conversation id u64 → `Conversation`.
    Conversations = 9 of Nobody,
    /// keyed hash of channel, instance and contact, 16 bytes → conversation id.
    ConversationKeys = 10 of Nobody,
    /// day of arrival u32, keyed hash of a message's identity, 16 bytes → `Seen`.
    Seen = 11 of Nobody,
    /// hour of arrival u32, hash of caller and key, 16 bytes → `Remembered`, the answer to an idempotent request.
    Idempotency = 12 of Record,
    /// ticket number u64 → `Call`, while the call is open.
    OpenCalls = 13 of Ticket,
    /// ticket number u64, hash of the item id u64 → `CallItem`.
    CallItems = 14 of Ticket,
    /// ticket number u64, position u32 → `StatusChange`.
    StatusHistory = 15 of Ticket,
    /// ticket number u64, position u32 → `Metadata`.
    Metadata = 16 of Ticket,
    /// token id u64 → `Token`.
    Tokens = 17,
    /// agent id u64 → `Agent`.
    Agents = 18,
    /// consumer name → sequence number it has dealt with.
    Cursors = 19 of Nobody,
    /// name of a count → u64, kept beside what it counts (tool calls by name).
    Counts = 20 of Nobody,
    /// the one key `clock` → `ClockState`.
    Clock = 21 of Nobody,
    /// ticket number u64, entry id u32, position u32 → `Revision`, words that a message had.
    Revisions = 22 of Ticket,
    /// ticket number u64, entry id u32, keyed hash of who, 16 bytes → `Reaction`.
    Reactions = 23 of Ticket,
    /// ticket number u64, entry id u32 → `Quote`, the message that it answers.
    Quotes = 24 of Ticket,
    /// day of arrival u32, keyed hash of a message's identity, 16 bytes → `Early`, what came before the message.
    Early = 25 of Record,
    /// day of arrival u32, keyed hash of a chat, 16 bytes → `Unclaimed`, messages of our own without a ticket.
    Unclaimed = 26 of Record,
    /// ticket number u64 → `Portal`, the tokens by which its customer looks at it.
    Portals = 30 of Ticket,
    /// name of a dial-out source → `SourcePosition`, how far its stream was taken.
    Sources = 40,
    /// conversation id u64, outbox number u64 → `Outbound`, while it waits to be sent.
    Outbox = 50 of Record,
    /// global entry number u64 → `Dispatch` of a message that went, or shall go, to a customer.
    Dispatches = 51 of Record,
    /// day of arrival u32, keyed hash of what a bridge calls a message of ours, 16 bytes → `SentAs`.
    SentAs = 52 of Record,
    /// when it is due by the steady clock u64, conversation id u64 → `BotReturn`.
    BotReturns = 53 of Nobody,
    /// slug → `Category`.
    Categories = 100,
    /// canned response id u64 → `CannedResponse`.
    Canned = 101,
    /// shortcut → `ShortcutOf`, the canned response that has it.
    CannedShortcuts = 102 of Nobody,
    /// webhook id u64 → `Webhook`.
    Webhooks = 103,
    /// webhook id u64, delivery number u64 → `Delivery`, while it waits.
    Deliveries = 104 of Nobody,
    /// webhook id u64, delivery number u64 → `Delivered`, once it has ended.
    DeliveryLog = 105,
    /// ticket number u64 (0 for none), payload number u64 → `Payload`, what deliveries send.
    Payloads = 106 of Ticket,
    /// ticket number u64 → `Rating`, what its customer says of it.
    Ratings = 107 of Ticket,
    /// ticket number u64, file id u64 → `StoredFile`.
    Files = 108 of Ticket,
    /// when it came by the steady clock u64, file id u64 → `LooseFile`, as long as it is attached to nothing.
    LooseFiles = 109 of Nobody,
    /// number of the row u64 → `AuditEntry`, each with the hash of the stored bytes before it.
    Audit = 70,
    /// `head` or `anchor` → `AuditMark`: the newest row, and the last one that was removed for its age.
    AuditMarks = 71 of Nobody,
    /// agent id u64 → `Account`, how a person proves who they are.
    Accounts = 60,
    /// agent id u64, session id u64 → `Session`.
    Sessions = 61,
    /// SHA-256 of a token, 32 bytes → `Link`, which is good once.
    Links = 62,
    /// kind of owner u8, number u64 → `Doomed`, an owner whose key is to be destroyed.
    Doomed = 80 of Nobody,
    /// contact id u64 → `Erasure`, while a person's data are being erased.
    Erasures = 81 of Contact,
    /// the one key `owed` → `RewriteOwed`, while erased words may still lie in the files.
    Rewrites = 82 of Nobody,
    /// number of the deed u64 → `Deed`, what was done for privacy.
    Deeds = 83,
    /// ticket number u64, activity number u64 → `Activity`; the numbers count all tickets' changes.
    Activities = 90 of Ticket,
    /// when it was deleted by the steady clock u64, ticket number u64 → `Deleted`, while it can be restored.
    Deletions = 91 of Nobody,
    /// ticket number u64, entry id u32 → `WrittenBy`, the agent who wrote a comment.
    Authors = 92 of Ticket,
    /// ticket number u64, agent id u64 → `ReplyDraft`, what they have begun to write.
    ReplyDrafts = 110 of Ticket,
    /// SLA policy id u64 → `SlaPolicy`.
    SlaPolicies = 120,
    /// business hours id u64 → `BusinessHours`.
    BusinessHours = 121,
    /// ticket number u64 → `SlaClock`, what it was promised.
    SlaClocks = 122 of Nobody,
    /// when its clock is looked at by the wall clock u64, ticket number u64 → `SlaTimer`.
    SlaTimers = 123 of Nobody,
    /// ticket number u64 → `Undated`, while its moments are to be set right.
    Undated = 124 of Ticket,
    /// ticket number u64 → `TicketFigures`, what analytics know of it beyond its narrow row.
    Figures = 180 of Nobody,
    /// ticket number u64 → `Details`, what the CRM keeps of it.
    CrmDetails = 150 of Ticket,
    /// ticket number u64, entry id u32 → `Mail`, what is known of a mail beside its entry.
    Mails = 130 of Ticket,
    /// keyed hash of a Message-ID, 16 bytes → `MailOf`, the ticket that it is of.
    MailIds = 131 of Nobody,
    /// name of a mailbox → `MailboxPosition`, how far it was read.
    Mailboxes = 132 of Nobody,
    /// hour u32, keyed hash of an address, 16 bytes → `MailPace`, how many automatic mails went there.
    MailPaces = 133 of Nobody,
    /// contact id u64 → `Profile`, what people noted of somebody.
    ContactProfiles = 165 of Contact,
    /// contact id u64, contact id u64 → `Absorbed`: the second one became part of the first.
    MergedContacts = 166 of Contact,
    /// agent id u64 → `Presence`, since it last changed.
    Presences = 140 of Nobody,
    /// agent id u64 → `Workload`, where it is not the configuration's.
    Workloads = 141 of Nobody,
    /// assignment rule id u64 → `AssignmentRule`.
    AssignmentRules = 142,
    /// rule id u64 → `Rule`.
    Rules = 143,
    /// when its rules of time are looked at by the wall clock u64, ticket number u64 → `RuleTimer`.
    RuleTimers = 144 of Nobody,
    /// ticket number u64 → `Watch`, what rules know of it.
    Watches = 145 of Nobody,
    /// rule id u64, number of the run u64 → `RuleRun`.
    RuleRuns = 146,
    /// ticket number u64, position u32 → `Escalated`.
    Escalations = 147 of Ticket,
    /// ticket number u64 → `SlaStanding`.
    SlaStandings = 148 of Nobody,
    /// contact id u64 → `LastAgent`.
    LastAgents = 149 of Contact,
    /// segment number u64, stream u8, position u32 → `SearchChunk`, a piece of the search index.
    SearchChunks = 170 of Segment,
    /// segment number u64 → `SearchDead`, which of its documents are there no more.
    SearchDead = 171 of Nobody,
    /// the one key `manifest` → `SearchManifest`, which segments there are and how far they go.
    SearchManifests = 172 of Nobody,
    /// number of the block u64 → `StoredBlock`, 4,096 tickets of the in-memory index.
    IndexBlocks = 185,
    /// ticket number u64 → `Behind`, a ticket of which its stored block no longer says what its rows say.
    IndexBehind = 186 of Nobody,
}
