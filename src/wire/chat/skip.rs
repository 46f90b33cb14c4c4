//! Why something was passed over.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skip {
    /// Groups are not taken, or only where they speak to us.
    Group,
    StatusBroadcast,
    /// Our own message to a broadcast list: it has no single customer.
    Broadcast,
    Newsletter,
    /// WhatsApp's own accounts and bots.
    Service,
    /// Delivery and read marks.
    Receipt,
    /// WhatsApp's own housekeeping, albums' headers and votes included.
    Protocol,
    Reaction,
    Edit,
    Revoke,
    /// Bears no content at all.
    Empty,
    /// Old messages that a new device is told.
    History,
    Presence,
    /// Contacts, chats, groups, calls, the bridge's own connection.
    BridgeEvent,
    UnknownEvent,
    Malformed,
    /// Beyond [`super::MAX_ITEMS`].
    TooMany,
}

impl Skip {
    /// As counted and as told to the bridge.
    pub fn as_str(self) -> &'static str {
        match self {
            Skip::Group => "group",
            Skip::StatusBroadcast => "status_broadcast",
            Skip::Broadcast => "broadcast",
            Skip::Newsletter => "newsletter",
            Skip::Service => "service",
            Skip::Receipt => "receipt",
            Skip::Protocol => "protocol",
            Skip::Reaction => "reaction",
            Skip::Edit => "edit",
            Skip::Revoke => "revoke",
            Skip::Empty => "empty",
            Skip::History => "history",
            Skip::Presence => "presence",
            Skip::BridgeEvent => "bridge_event",
            Skip::UnknownEvent => "unknown_event",
            Skip::Malformed => "malformed",
            Skip::TooMany => "too_many",
        }
    }
}
