//! The life of a ticket: seven statuses and the one table of legal transitions (DESIGN C3).

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    New,
    Open,
    InProgress,
    PendingCustomer,
    WaitingInternal,
    Resolved,
    Closed,
}

use Status::*;

impl Status {
    pub const ALL: [Status; 7] =
        [New, Open, InProgress, PendingCustomer, WaitingInternal, Resolved, Closed];

    pub fn as_str(self) -> &'static str {
        match self {
            New => "new",
            Open => "open",
            InProgress => "in_progress",
            PendingCustomer => "pending_customer",
            WaitingInternal => "waiting_internal",
            Resolved => "resolved",
            Closed => "closed",
        }
    }

    /// Reads the helpdesk's spellings; `pending` and `waiting_customer` are pending_customer.
    pub fn parse(text: &str) -> Option<Status> {
        match text {
            "pending" | "waiting_customer" => Some(PendingCustomer),
            _ => Status::ALL.into_iter().find(|s| s.as_str() == text),
        }
    }

    /// The calls face knows four: open, in_progress, resolved, closed (S0.19).
    pub fn on_calls_face(self) -> &'static str {
        match self {
            New | Open => "open",
            InProgress | PendingCustomer | WaitingInternal => "in_progress",
            Resolved => "resolved",
            Closed => "closed",
        }
    }

    /// Neither resolved nor closed.
    pub fn is_open(self) -> bool {
        !matches!(self, Resolved | Closed)
    }

    /// What may follow (C3).
    pub fn next(self) -> &'static [Status] {
        match self {
            New => &[Open, InProgress, PendingCustomer, Resolved, Closed],
            Open => &[InProgress, PendingCustomer, WaitingInternal, Resolved, Closed],
            InProgress => &[Open, PendingCustomer, WaitingInternal, Resolved, Closed],
            PendingCustomer => &[InProgress, WaitingInternal, Resolved, Closed],
            WaitingInternal => &[InProgress, PendingCustomer, Resolved, Closed],
            Resolved => &[Closed, Open],
            Closed => &[Open],
        }
    }

    pub fn may_become(self, to: Status) -> bool {
        self.next().contains(&to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_can_reach_closed_and_closed_can_only_reopen() {
        for from in Status::ALL {
            assert!(from == Closed || from.may_become(Closed), "{from:?}");
            assert!(!from.may_become(from));
            assert_eq!(Status::parse(from.as_str()), Some(from));
        }
        assert_eq!(Closed.next(), [Open]);
    }
}
