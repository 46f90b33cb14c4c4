//! What is measured, by name.

/// How the rows of the bare redb lie: what makes it cheap or dear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Interactions beside their ticket's, keys of seen events at random.
    ByTicket,
    /// Both at the end of their trees, with a directory row by ticket.
    Appended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Messages at the WhatsApp door, from so many clients.
    Messages(usize),
    /// Events of so many calls at once.
    Calls(usize),
    /// Synced appends to a preallocated file, so many records each.
    Append(usize),
    /// Durable commits of redb, so many events each.
    Redb(usize, Layout),
    /// The messages at a server that stores nothing.
    BareHttp(usize),
}

impl Workload {
    pub fn label(self) -> String {
        let many = |count: usize, what: &str| {
            format!("{count} {what}{}", if count == 1 { "" } else { "s" })
        };
        match self {
            Workload::Messages(clients) => format!("HTTP, {}", many(clients, "client")),
            Workload::Calls(calls) => format!("WebSocket, {}", many(calls, "call")),
            Workload::Append(batch) => format!("fdatasync of {}", many(batch, "record")),
            Workload::Redb(batch, Layout::ByTicket) => {
                format!("redb commit of {}", many(batch, "event"))
            }
            Workload::Redb(batch, Layout::Appended) => {
                format!("redb commit of {}, rows appended", many(batch, "event"))
            }
            Workload::BareHttp(clients) => {
                format!("axum, nothing stored, {}", many(clients, "client"))
            }
        }
    }

    /// Clients, calls or events at once.
    pub fn at_once(self) -> usize {
        match self {
            Workload::Messages(count)
            | Workload::Calls(count)
            | Workload::Append(count)
            | Workload::Redb(count, _)
            | Workload::BareHttp(count) => count,
        }
    }

    /// Whether this is the daemon; else it is a limit.
    pub fn is_ours(self) -> bool {
        matches!(self, Workload::Messages(_) | Workload::Calls(_))
    }
}

/// What is set beside what: ours, and the limit it is held against.
pub const COMPARED: [(Workload, Workload); 8] = [
    (Workload::Messages(1), Workload::Append(1)),
    (Workload::Messages(1), Workload::Redb(1, Layout::ByTicket)),
    (Workload::Messages(16), Workload::BareHttp(16)),
    (Workload::Messages(16), Workload::Redb(8, Layout::ByTicket)),
    (Workload::Messages(128), Workload::BareHttp(128)),
    (Workload::Messages(128), Workload::Redb(64, Layout::ByTicket)),
    (Workload::Messages(128), Workload::Redb(64, Layout::Appended)),
    (Workload::Calls(16), Workload::Redb(8, Layout::ByTicket)),
];
