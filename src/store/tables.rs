//! Every table with its stable number, key and value, in one place.
//!
//! The number is written into journal records and never changes or is used again. Keys are byte strings
//! that sort as meant (big endian); values are one version byte and postcard ([`super::codec`]).
//! Row keys hold keyed hashes, never personal data.

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
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
        }
    };
}

tables! {
    /// name → counter or setting of the store itself (format, next numbers, journal position).
    Meta = 1,
    /// ticket number u64 → `Ticket`.
    Tickets = 2,
    /// ticket number u64 → `IndexRow`, the narrow row of the in-memory index.
    Index = 3,
    /// global entry number u64 → `Entry`; appended in the order of arrival.
    Entries = 4,
    /// ticket number u64, page u32 → up to 64 `DirItem`s in spoken or sent order.
    Directory = 5,
    /// kind u8, reference bytes → ticket number: UUID, channel reference, keyed hash of an external id.
    References = 6,
    /// contact id u64 → `Contact`.
    Contacts = 7,
    /// keyed hash of an address, 16 bytes → contact id.
    Addresses = 8,
    /// conversation id u64 → `Conversation`.
    Conversations = 9,
    /// keyed hash of channel, instance and contact, 16 bytes → conversation id.
    ConversationKeys = 10,
    /// day of arrival u32, keyed hash of a message's identity, 16 bytes → `Seen`.
    Seen = 11,
    /// hour of arrival u32, hash of caller and key, 16 bytes → `Remembered`, the answer to an idempotent request.
    Idempotency = 12,
    /// ticket number u64 → `Call`, while the call is open.
    OpenCalls = 13,
    /// ticket number u64, hash of the item id u64 → `CallItem`.
    CallItems = 14,
    /// ticket number u64, position u32 → `StatusChange`.
    StatusHistory = 15,
    /// ticket number u64, position u32 → `Metadata`.
    Metadata = 16,
    /// token id u64 → `Token`.
    Tokens = 17,
    /// agent id u64 → `Agent`.
    Agents = 18,
    /// consumer name → sequence number it has dealt with.
    Cursors = 19,
    /// name of a count → u64, kept beside what it counts (tool calls by name).
    Counts = 20,
    /// the one key `clock` → `ClockState`.
    Clock = 21,
    /// ticket number u64, entry id u32, position u32 → `Revision`, words that a message had.
    Revisions = 22,
    /// ticket number u64, entry id u32, keyed hash of who, 16 bytes → `Reaction`.
    Reactions = 23,
    /// ticket number u64, entry id u32 → `Quote`, the message that it answers.
    Quotes = 24,
    /// day of arrival u32, keyed hash of a message's identity, 16 bytes → `Early`, what came before the message.
    Early = 25,
    /// day of arrival u32, keyed hash of a chat, 16 bytes → `Unclaimed`, messages of our own without a ticket.
    Unclaimed = 26,
    /// ticket number u64 → `Portal`, the tokens by which its customer looks at it.
    Portals = 30,
    /// name of a dial-out source → `SourcePosition`, how far its stream was taken.
    Sources = 40,
    /// conversation id u64, outbox number u64 → `Outbound`, while it waits to be sent.
    Outbox = 50,
    /// global entry number u64 → `Dispatch` of a message that went, or shall go, to a customer.
    Dispatches = 51,
    /// day of arrival u32, keyed hash of what a bridge calls a message of ours, 16 bytes → `SentAs`.
    SentAs = 52,
    /// when it is due by the steady clock u64, conversation id u64 → `BotReturn`.
    BotReturns = 53,
    /// ticket number u64, agent id u64 → `ReplyDraft`.
    ReplyDrafts = 110,
    /// agent id u64 → `Account`, how a person proves who they are.
    Accounts = 60,
    /// agent id u64, session id u64 → `Session`.
    Sessions = 61,
    /// SHA-256 of a token, 32 bytes → `Link`, which is good once.
    Links = 62,
    /// SLA policy id u64 → `SlaPolicy`.
    SlaPolicies = 120,
    /// business hours id u64 → `BusinessHours`.
    BusinessHours = 121,
    /// ticket number u64 → `SlaClock`, what it was promised.
    SlaClocks = 122,
    /// when its clock is looked at by the wall clock u64, ticket number u64 → `SlaTimer`.
    SlaTimers = 123,
}
