//! What happened to a ticket besides what was said on it: who changed what, when, from what to what, and why (S3.45).

use serde::{Deserialize, Serialize};

use super::ticket::Ticket;
use super::time::Micros;
use super::words::head;

/// One change. Rows of a ticket lie in the order in which they were decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    pub at: Micros,
    pub by: String,
    /// The agent who did it.
    pub agent: Option<u64>,
    pub what: What,
    pub from: Option<Value>,
    pub to: Option<Value>,
    pub why: Option<String>,
}

/// What something was, or is: at most [`MAX_VALUE`] bytes of it in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    pub text: String,
    /// The agent or the ticket that the words name.
    pub id: Option<u64>,
}

pub const MAX_VALUE: usize = 500;

impl Value {
    pub fn text(text: impl AsRef<str>) -> Value {
        Value { text: head(text.as_ref(), MAX_VALUE).to_owned(), id: None }
    }

    pub fn named(text: impl AsRef<str>, id: u64) -> Value {
        Value { id: Some(id), ..Value::text(text) }
    }

    /// A ticket, by its number.
    pub fn ticket(number: u64) -> Value {
        Value::named(format!("#{number}"), number)
    }
}

macro_rules! whats {
    ($($what:ident = $name:literal,)*) => {
        /// What changed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum What { $($what,)* }

        impl What {
            pub fn name(self) -> &'static str {
                match self { $(What::$what => $name,)* }
            }
        }
    };
}

// Stored by position: only ever append.
whats! {
    Created = "created",
    Status = "status",
    Priority = "priority",
    Category = "category",
    Subject = "subject",
    Description = "description",
    Summary = "summary",
    ResolutionNotes = "resolution_notes",
    Assignee = "assignee",
    Tags = "tags",
    RequesterName = "requester_name",
    RequesterEmail = "requester_email",
    RequesterPhone = "requester_phone",
    OrderId = "order_id",
    Metadata = "metadata",
    OnHold = "on_hold",
    Escalation = "escalation",
    Follower = "follower",
    Mentioned = "mentioned",
    Related = "related",
    Merged = "merged",
    Unmerged = "unmerged",
    Deleted = "deleted",
    CommentEdited = "comment_edited",
    CommentDeleted = "comment_deleted",
    Rule = "rule",
    Rating = "rating",
}

/// A change, without who made it.
pub type Changed = (What, Option<Value>, Option<Value>);

/// What tells two states of a ticket apart, but for its status, which has a history, and for its end in another.
pub fn changes(before: &Ticket, after: &Ticket) -> Vec<Changed> {
    let mut found = Vec::new();
    let mut note = |what, from: Option<Value>, to: Option<Value>| {
        if from != to {
            found.push((what, from, to));
        }
    };
    let shown = |text: &Option<String>| text.as_ref().map(Value::text);
    let texts = |t: &Ticket| {
        [
            (What::Category, shown(&t.category)),
            (What::Subject, shown(&t.subject)),
            (What::Description, shown(&t.description)),
            (What::Summary, shown(&t.summary)),
            (What::ResolutionNotes, shown(&t.resolution_notes)),
            (What::RequesterName, shown(&t.requester.name)),
            (What::RequesterEmail, shown(&t.requester.email)),
            (What::RequesterPhone, shown(&t.requester.phone)),
            (What::OrderId, shown(&t.order_id)),
            (What::Priority, Some(Value::text(t.priority.as_str()))),
            (What::Tags, (!t.tags.is_empty()).then(|| Value::text(t.tags.join(", ")))),
            (What::OnHold, t.on_hold.map(|_| Value::text("true"))),
            (What::Escalation, t.escalation.as_ref().map(|e| Value::text(&e.reason))),
            (What::Assignee, t.assignee.as_ref().map(|a| Value::named(&a.name, a.agent))),
            (What::Deleted, t.deleted.as_ref().map(|_| Value::text("true"))),
        ]
    };
    for ((what, from), (_, to)) in texts(before).into_iter().zip(texts(after)) {
        note(what, from, to);
    }
    let lists = |t: &Ticket| {
        [
            (What::Follower, t.followers.clone()),
            (What::Mentioned, t.mentioned.clone()),
            (What::Related, t.related.clone()),
        ]
    };
    for ((what, from), (_, to)) in lists(before).into_iter().zip(lists(after)) {
        let value = |id: &u64| match what {
            What::Related => Value::ticket(*id),
            _ => Value::named(id.to_string(), *id),
        };
        for gone in from.iter().filter(|id| !to.contains(id)) {
            note(what, Some(value(gone)), None);
        }
        for new in to.iter().filter(|id| !from.contains(id)) {
            note(what, None, Some(value(new)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::channel::Channel;
    use crate::domain::priority::Priority;
    use crate::domain::status::Status;
    use crate::domain::ticket::Assignee;

    #[test]
    fn every_change_but_what_is_said_is_told_once() {
        let names = (1001, Uuid::nil(), "TKT-20260128-00000001".to_owned());
        let before = Ticket::new(names, Channel::Api, Status::Open, Micros(0));
        let mut after = before.clone();
        after.updated_at = Micros(9);
        after.extent.entries = 3;
        assert!(changes(&before, &after).is_empty());
        after.priority = Priority::High;
        after.assignee = Some(Assignee { agent: 7, name: "Ani".into() });
        after.followers = vec![7, 8];
        let told: Vec<_> = changes(&before, &after);
        let expected = [
            (What::Priority, Some(Value::text("medium")), Some(Value::text("high"))),
            (What::Assignee, None, Some(Value::named("Ani", 7))),
            (What::Follower, None, Some(Value::named("7", 7))),
            (What::Follower, None, Some(Value::named("8", 8))),
        ];
        assert_eq!(told, expected);
        let back: Vec<_> =
            changes(&after, &before).into_iter().map(|(w, f, t)| (w, t, f)).collect();
        assert_eq!(back, expected);
    }
}
