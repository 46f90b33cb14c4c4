//! The audit: who did what, from where, by which door. Ids and names of actions only, never what was written or
//! whose number it was: what a person is called is looked up when the audit is read.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::time::Micros;

/// Something that is audited.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Audited {
    pub who: Who,
    /// The client's; none for what never was on the network, and where refusals of many are counted together.
    pub address: Option<IpAddr>,
    /// See [`Audited::MAX_WORD`].
    pub door: String,
    /// `what.verb`, as `ticket.claim`.
    pub action: String,
    pub subject: Option<Subject>,
    pub outcome: Outcome,
    /// How many times it happened: more than once only for refusals, which are counted together.
    pub count: u32,
}

impl Audited {
    /// The longest door, action, or part of a subject, in bytes; what is longer is cut.
    pub const MAX_WORD: usize = 128;

    /// With every word within the limit.
    pub fn bounded(mut self) -> Audited {
        let subject = self.subject.iter_mut().flat_map(|s| [&mut s.kind, &mut s.id]);
        for word in subject.chain([&mut self.door, &mut self.action]) {
            if word.len() > Audited::MAX_WORD {
                let whole = |at: &usize| word.is_char_boundary(*at);
                let cut = (0..=Audited::MAX_WORD).rev().find(whole).unwrap_or(0);
                word.truncate(cut);
            }
        }
        self
    }
}

/// Who did it. Stored by position: only ever append.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Who {
    /// The daemon itself, or whoever has its command line.
    System,
    /// Nobody who was recognised.
    Unknown,
    /// A machine token, a vendor that signs, a source.
    Token {
        name: String,
    },
    Person {
        id: u64,
    },
    /// Somebody with a link to their ticket.
    Customer,
    Rule {
        id: u64,
    },
}

impl Who {
    pub fn kind(&self) -> &'static str {
        match self {
            Who::System => "system",
            Who::Unknown => "unknown",
            Who::Token { .. } => "token",
            Who::Person { .. } => "person",
            Who::Customer => "customer",
            Who::Rule { .. } => "rule",
        }
    }

    /// What tells them from others of their kind.
    pub fn id(&self) -> Option<String> {
        match self {
            Who::System | Who::Unknown | Who::Customer => None,
            Who::Token { name } => Some(name.clone()),
            Who::Person { id } | Who::Rule { id } => Some(id.to_string()),
        }
    }
}

/// To what it was done: a kind (`ticket`, `token`, `person`, `contact` …) and the id within that kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    pub kind: String,
    pub id: String,
}

impl Subject {
    pub fn new(kind: &str, id: impl ToString) -> Subject {
        Subject { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// How it ended. Stored by position: only ever append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// They may not.
    Refused,
    /// A password, a code, a token or a signature was wrong.
    Failed,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}

/// One row of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The hash of the row before it; zeros in the first one ever.
    pub previous: [u8; 32],
    /// The wall clock.
    pub at: Micros,
    /// The steady clock, by which rows grow old.
    pub steady: Micros,
    pub what: Audited,
}

/// A place in the chain: a row and its hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditMark {
    pub seq: u64,
    pub hash: [u8; 32],
}

impl AuditMark {
    /// As `frontdesk status` tells it and `frontdesk verify --audit-head` takes it: `SEQ:HASH`, in hexadecimal.
    pub fn parse(text: &str) -> Option<AuditMark> {
        let (seq, hex) = text.trim().split_once(':')?;
        let mut hash = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).ok()?;
        }
        Some(AuditMark { seq: seq.parse().ok()?, hash })
    }
}

impl std::fmt::Display for AuditMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:", self.seq)?;
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_is_told() {
        let mark = AuditMark { seq: 42, hash: std::array::from_fn(|at| at as u8 * 7) };
        assert_eq!(AuditMark::parse(&mark.to_string()), Some(mark));
        for bad in ["", "42", "42:abc", "x:00", &format!("42:{}", "ü".repeat(32))] {
            assert_eq!(AuditMark::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn words_are_cut_at_a_character() {
        let long = "ü".repeat(100);
        let audited = Audited {
            who: Who::Unknown,
            address: None,
            door: long.clone(),
            action: "a".into(),
            subject: Some(Subject::new(&long, 1)),
            outcome: Outcome::Refused,
            count: 1,
        };
        let bounded = audited.bounded();
        assert_eq!(bounded.door.len(), Audited::MAX_WORD);
        assert_eq!(bounded.subject.unwrap().kind.len(), Audited::MAX_WORD);
    }
}
