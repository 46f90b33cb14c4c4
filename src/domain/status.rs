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

    /// The helpdesk face says `pending` for what waits for the customer (C3).
    pub fn on_helpdesk_face(self) -> &'static str {
        if self == PendingCustomer { "pending" } else { self.as_str() }
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

    /// The steps that lead to `to` along the table, with at most one between; none when it is there already, and
    /// none to `new`.
    pub fn way(self, to: Status) -> Vec<Status> {
        if self.may_become(to) {
            return vec![to];
        }
        let between = [InProgress, Open].into_iter();
        let mut between = between.filter(|m| self != to && self.may_become(*m) && m.may_become(to));
        between.next().map_or_else(Vec::new, |step| vec![step, to])
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

    #[test]
    fn there_is_a_way_to_wherever_another_system_is() {
        for from in Status::ALL {
            for to in Status::ALL.into_iter().filter(|to| *to != from && *to != New) {
                let way = from.way(to);
                assert_eq!(way.last(), Some(&to), "{from:?} to {to:?}");
                let legal = |at: usize| if at == 0 { from } else { way[at - 1] };
                assert!((0..way.len()).all(|at| legal(at).may_become(way[at])));
            }
            assert!(from.way(from).is_empty() && from.way(New).is_empty());
        }
    }
}
