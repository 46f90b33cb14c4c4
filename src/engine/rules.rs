//! The settings that deciding needs, read from the configuration once at start.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::categorise::Categoriser;
use crate::domain::channel::Channel;
use crate::domain::priority::Priority;
use crate::domain::redact::Redactor;

pub struct Rules {
    /// Dates in references are of this zone.
    pub zone: jiff::tz::TimeZone,
    pub call_prefix: String,
    pub default_priority: Priority,
    /// How long after its end a customer's message reopens a ticket, in microseconds (DESIGN C3).
    pub reopen_window: i64,
    /// How long a broken call waits for its relay, in microseconds.
    pub resume_grace: i64,
    /// How long after its last turn a call over plain HTTP ends, in microseconds.
    pub idle_end: i64,
    pub max_open_calls: u64,
    /// Days that dedup keys of messages are kept.
    pub dedup_days: u32,
    /// Hours that answers to idempotent requests are kept.
    pub idempotency_hours: u32,
    pub categoriser: Categoriser,
    /// Names the category of everything but calls; its fallback is empty: no category.
    pub intake: Categoriser,
    /// How long a customer's token for their ticket is good, in microseconds.
    pub portal_life: i64,
    /// Bytes that a customer may send to a ticket in a day.
    pub customer_daily: u64,
    /// Where replies can go out: instance → the longest text that it takes, in characters.
    pub outbound: BTreeMap<String, usize>,
    /// Messages that may wait to be sent.
    pub max_outbox: u64,
    pub bot_returns: BotReturns,
    pub webhooks: WebhookRules,
    pub crm: CrmRules,
    /// How long rows of the audit are kept, in microseconds.
    pub audit_keep: i64,
    /// Which closed tickets are deleted when; the first rule that fits counts.
    pub retention: Vec<Retention>,
    pub automation: AutomationRules,
    /// What is taken out of texts before a command is queued.
    pub redactor: Arc<Redactor>,
    pub mail: MailRules,
}

/// What goes out by mail; nothing at all by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailRules {
    /// Whether there is a server to give mails to.
    pub sends: bool,
    /// The desk's own addresses; the first is whom mails are from.
    pub own: Vec<String>,
    /// Tickets of these channels are answered by mail.
    pub channels: Vec<Channel>,
    pub receipts: bool,
    pub rating: bool,
    pub call_summary: bool,
    /// Whether there is an address that links lead to.
    pub links: bool,
    /// Automatic mails to one address in an hour.
    pub per_hour: u32,
}

/// What the CRM asks of its tickets, and promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrmRules {
    /// The name of the SLA policy of what the CRM and its assistants make, where no other is meant for it; empty: the
    /// default one.
    pub sla_policy: String,
    /// Categories whose tickets need a subcategory (S2.32).
    pub needs_subcategory: Vec<String>,
}

/// What assignment and intake go by; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AutomationRules {
    /// Open tickets that an agent takes who has no number of their own.
    pub capacity: u32,
    /// Words by which a new ticket of a chat is urgent (S4.22).
    pub urgent_words: Vec<String>,
}

/// How long webhooks are tried, and what is kept of them; times in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookRules {
    /// After which a delivery is given up.
    pub retry_for: i64,
    /// After which a subscription whose deliveries are all given up is switched off.
    pub pause_after: i64,
    /// Deliveries of one subscription that may wait.
    pub max_waiting: u64,
    /// Deliveries of one subscription that the log holds.
    pub keep_log: u64,
}

/// How long closed tickets are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// None: of every channel.
    pub channel: Option<Channel>,
    /// None: of every category, and of none.
    pub category: Option<String>,
    /// Days after closing.
    pub days: u32,
}

impl Retention {
    pub fn fits(&self, channel: Channel, category: Option<&str>) -> bool {
        self.channel.is_none_or(|wanted| wanted == channel)
            && self.category.as_deref().is_none_or(|wanted| Some(wanted) == category)
    }
}

/// When a conversation that agents had goes back to the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotReturns {
    /// When its ticket is closed.
    AtClose,
    /// So many microseconds after its ticket was resolved or closed.
    After(i64),
}
