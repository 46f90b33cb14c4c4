//! The audit: one row for each command that changed something and was asked for by somebody, and for what
//! was refused.
//!
//! It is made in one place, from the submission and its reply, in one plan with what the command changes. Rows form
//! a chain: each holds the hash of the stored bytes of the one before it ([`chain`]). What is said in a ticket is not
//! audited line by line, as the entry itself says who; a ticket that a door makes is audited once.

pub mod chain;
pub mod read;
pub mod refusals;

use super::account::{AccountCommand, Ending};
use super::automation::AutomationCommand;
use super::canned::CannedCommand;
use super::categories::CategoryCommand;
use super::command::{Actor, Command, Refusal, Reply, Submission};
use super::contacts::ContactCommand;
use super::desk::TicketChange;
use super::draft::Draft;
use super::hooks::WebhookCommand;
use super::portal::PortalCommand;
use super::privacy::Step;
use crate::domain::audit::{AuditEntry, AuditMark, Audited, Outcome, Subject, Who};
use crate::domain::time::Micros;
use crate::engine::rows::{ReadError, key};
use crate::store::{Order, StoreError, Table, View};

pub use chain::{ANCHOR, HEAD};

/// Whether and as what a command is audited.
enum Audit {
    Never,
    /// Only if it makes a ticket: what is said in one says itself who.
    Creation,
    As(&'static str),
}

/// The one list of what is audited. Every command has its row.
fn audit_of(command: &Command) -> Audit {
    use Audit::{As, Creation, Never};
    match command {
        Command::OpenCall(_)
        | Command::RecordFacts { .. }
        | Command::TakeFromSource(_)
        | Command::LogInteraction(_)
        | Command::ReceiveMessage(_)
        | Command::ChangeMessage(_)
        | Command::AddComment { .. }
        | Command::TakeCase(_)
        | Command::OpenCrmTicket(_)
        | Command::Mail(_)
        | Command::HandOver(_)
        | Command::ReportCall(_) => Creation,
        // A relay ends what it opened.
        Command::EndCall { connection: Some(_), .. } => Never,
        Command::EndCall { connection: None, .. } => As("call.close"),
        Command::AddMetadata { .. } => As("call.add_metadata"),
        Command::UpdateCall { .. } => As("call.update"),
        Command::JoinAddresses { .. } => As("contact.join_addresses"),
        Command::ResendComment { .. } => As("comment.resend"),
        Command::SetMode { .. } => As("conversation.set_mode"),
        Command::Claim { .. } => As("ticket.claim"),
        Command::SetStatus { .. } => As("ticket.set_status"),
        Command::CreateToken { .. } => As("token.create"),
        Command::RevokeToken { .. } => As("token.revoke"),
        Command::DropCursor { .. } => As("feed.drop_cursor"),
        Command::Account(account) => audit_of_account(account),
        Command::EditComment { .. } => As("comment.edit"),
        Command::DeleteComment { .. } => As("comment.delete"),
        Command::CreateTicket(_) => As("ticket.create"),
        Command::MergeTickets { .. } => As("ticket.merge"),
        Command::ChangeTicket { change, .. } => As(audit_of_change(change)),
        Command::AddFile { .. } => As("attachment.upload"),
        Command::RemoveFile { .. } => As("attachment.delete"),
        Command::Category(command) => audit_of_category(command),
        Command::Canned(command) => audit_of_canned(command),
        Command::Webhook(command) => audit_of_webhook(command),
        Command::Portal(PortalCommand::Rate { .. }) => As("ticket.rate"),
        Command::Portal(_) => Creation,
        Command::Privacy(Step::Begin { .. }) => As("contact.erase"),
        Command::Privacy(Step::Exported { .. }) => As("contact.export"),
        Command::Privacy(_) => Never,
        Command::RevokePortalTokens { .. } => As("ticket.revoke_portal_tokens"),
        Command::SaveSlaPolicy { .. } => As("sla_policy.save"),
        Command::DeleteSlaPolicy { .. } => As("sla_policy.delete"),
        Command::ApplySlaPolicy { .. } => As("sla_policy.apply"),
        Command::SaveBusinessHours { .. } => As("business_hours.save"),
        Command::DeleteBusinessHours { .. } => As("business_hours.delete"),
        Command::Contact(command) => As(audit_of_contact(command)),
        Command::Automation(command) => audit_of_automation(command),
        Command::DetachCall { .. }
        | Command::ExpireCall { .. }
        | Command::OrphanCalls
        | Command::Dispatched { .. }
        | Command::Receipt { .. }
        | Command::SaveDraft { .. }
        | Command::MoveCursor { .. }
        | Command::Audit(_)
        | Command::SeedSla
        | Command::SlaDue { .. }
        | Command::Search(_)
        | Command::Sweep => Never,
    }
}

fn audit_of_contact(command: &ContactCommand) -> &'static str {
    match command {
        ContactCommand::Change { .. } => "contact.change",
        ContactCommand::Put { .. } => "contact.put",
        ContactCommand::Merge { .. } => "contact.merge",
        ContactCommand::Split(_) => "contact.split",
    }
}

fn audit_of_automation(command: &AutomationCommand) -> Audit {
    use Audit::{As, Never};
    match command {
        AutomationCommand::SetPresence { .. } => Never,
        AutomationCommand::SetWorkload { .. } => As("person.set_workload"),
        AutomationCommand::SaveAssignment { .. } => As("assignment_rule.save"),
        AutomationCommand::DeleteAssignment { .. } => As("assignment_rule.delete"),
        AutomationCommand::Next { .. } => As("ticket.claim"),
        AutomationCommand::SaveRule { .. } => As("rule.save"),
        AutomationCommand::SwitchRule { .. } => As("rule.switch"),
        AutomationCommand::DeleteRule { .. } => As("rule.delete"),
        // What rules do is told in the activity of the tickets.
        AutomationCommand::HandOut { .. }
        | AutomationCommand::TakeBack { .. }
        | AutomationCommand::Follow(_)
        | AutomationCommand::React { .. }
        | AutomationCommand::Due { .. }
        | AutomationCommand::Redate { .. }
        | AutomationCommand::Rewind { .. }
        | AutomationCommand::CountLoads { .. } => Never,
    }
}

fn audit_of_category(command: &CategoryCommand) -> Audit {
    use Audit::{As, Never};
    match command {
        CategoryCommand::Follow(_) => Never,
        CategoryCommand::Create(_) => As("category.create"),
        CategoryCommand::Update { .. } => As("category.update"),
        CategoryCommand::MoveTickets { .. } => As("category.move_tickets"),
        CategoryCommand::Delete { .. } => As("category.delete"),
    }
}

fn audit_of_canned(command: &CannedCommand) -> Audit {
    use Audit::{As, Never};
    match command {
        CannedCommand::Create(_) => As("canned_response.create"),
        CannedCommand::Update { .. } => As("canned_response.update"),
        CannedCommand::Delete { .. } => As("canned_response.delete"),
        // It is counted.
        CannedCommand::Use { .. } => Never,
    }
}

fn audit_of_webhook(command: &WebhookCommand) -> Audit {
    use Audit::{As, Never};
    match command {
        WebhookCommand::Create(_) => As("webhook.create"),
        WebhookCommand::Update { .. } => As("webhook.update"),
        WebhookCommand::Rotate { .. } => As("webhook.rotate_secret"),
        WebhookCommand::Delete { .. } => As("webhook.delete"),
        WebhookCommand::Test { .. } => As("webhook.test"),
        WebhookCommand::Redeliver { .. } | WebhookCommand::RedeliverParked { .. } => {
            As("webhook.redeliver")
        }
        WebhookCommand::Queue { .. } | WebhookCommand::Report { .. } => Never,
    }
}

fn audit_of_change(change: &TicketChange) -> &'static str {
    match change {
        TicketChange::Edit(_) | TicketChange::EditCrm { .. } => "ticket.edit",
        TicketChange::Move { .. } => "ticket.set_status",
        TicketChange::Assign { .. } => "ticket.assign",
        TicketChange::Unassign { .. } => "ticket.unassign",
        TicketChange::Escalate { .. } | TicketChange::EscalateTo { .. } => "ticket.escalate",
        TicketChange::Deescalate => "ticket.deescalate",
        TicketChange::Hold(_) => "ticket.hold",
        TicketChange::Tag { .. } => "ticket.tag",
        TicketChange::Follow { .. } => "ticket.follow",
        TicketChange::Unfollow { .. } => "ticket.unfollow",
        TicketChange::Relate { .. } => "ticket.relate",
        TicketChange::Unrelate { .. } => "ticket.unrelate",
        TicketChange::Delete => "ticket.delete",
        TicketChange::Restore => "ticket.restore",
        TicketChange::Unmerge => "ticket.unmerge",
    }
}

fn audit_of_account(command: &AccountCommand) -> Audit {
    use Audit::{As, Never};
    match command {
        AccountCommand::Add(_) => As("person.add"),
        AccountCommand::Change { .. } => As("person.change"),
        AccountCommand::SetPassword { .. } => As("person.set_password"),
        AccountCommand::MakeLink { .. } => As("person.make_link"),
        AccountCommand::UseLink { .. } => As("person.use_link"),
        AccountCommand::BeginSession(_) => As("login"),
        // The same session goes on.
        AccountCommand::Refresh { .. } => Never,
        AccountCommand::EndSessions { which: Ending::One(_), .. } => As("logout"),
        AccountCommand::EndSessions { .. } => As("logout.all"),
        AccountCommand::OfferSecondFactor { .. } => As("second_factor.offer"),
        AccountCommand::ConfirmSecondFactor { .. } => As("second_factor.confirm"),
        AccountCommand::DropSecondFactor { .. } => As("second_factor.drop"),
    }
}

/// The person that a command is about; one who is added is in the reply.
fn person_of(command: &AccountCommand) -> Option<u64> {
    match command {
        AccountCommand::Add(_) | AccountCommand::UseLink { .. } => None,
        AccountCommand::MakeLink { agent, .. } => *agent,
        AccountCommand::BeginSession(session) => Some(session.agent),
        AccountCommand::Change { agent, .. }
        | AccountCommand::SetPassword { agent, .. }
        | AccountCommand::Refresh { agent, .. }
        | AccountCommand::EndSessions { agent, .. }
        | AccountCommand::OfferSecondFactor { agent, .. }
        | AccountCommand::ConfirmSecondFactor { agent, .. }
        | AccountCommand::DropSecondFactor { agent } => Some(*agent),
    }
}

/// Adds the row of a command to its own draft, if it changed something and somebody asked for it.
pub fn note(
    draft: &mut Draft<'_>,
    submission: &Submission,
    reply: &Reply,
) -> Result<(), ReadError> {
    let Submission { actor, origin, command, .. } = submission;
    let asked = *actor != Actor::System || origin.door != super::origin::Origin::INSIDE.door;
    if draft.is_empty() || !asked {
        return Ok(());
    }
    let (action, subject) = match audit_of(command) {
        Audit::Never => return Ok(()),
        Audit::Creation => match draft.made_ticket() {
            Some(ticket) => ("ticket.create", Some(Subject::new("ticket", ticket))),
            None => return Ok(()),
        },
        Audit::As(action) => (action, subject(draft, command, reply)),
    };
    let what = Audited {
        who: who(actor),
        address: origin.address,
        door: origin.door.to_owned(),
        action: action.to_owned(),
        subject,
        outcome: Outcome::Done,
        count: 1,
    };
    append(draft, what)
}

/// Who asks, as the audit names them.
pub fn who(actor: &Actor) -> Who {
    match actor {
        Actor::System => Who::System,
        Actor::Token { name } => Who::Token { name: name.clone() },
        Actor::Agent { id, .. } => Who::Person { id: *id },
    }
}

/// To what a command was done: what its reply shows, else what it names, else the ticket that something happened to.
fn subject(draft: &Draft<'_>, command: &Command, reply: &Reply) -> Option<Subject> {
    match (reply, command) {
        (Reply::Token(token), _) => Some(Subject::new("token", token.id)),
        (Reply::Conversation(conversation), _) => {
            Some(Subject::new("conversation", conversation.id))
        }
        (Reply::Ticket(ticket), _) => Some(Subject::new("ticket", ticket.number)),
        (Reply::Agent(agent), _) => Some(Subject::new("person", agent.id)),
        (_, Command::Account(account)) => person_of(account).map(|id| Subject::new("person", id)),
        (Reply::Contact(contact), _) => Some(Subject::new("contact", contact.id)),
        (Reply::Webhook(webhook), _) => Some(Subject::new("webhook", webhook.id)),
        (Reply::Category(category), _) => Some(Subject::new("category", &category.slug)),
        (Reply::Canned(response), _) => Some(Subject::new("canned_response", response.id)),
        (Reply::Rule(rule), _) => Some(Subject::new("rule", rule.id)),
        (Reply::AssignmentRule(rule), _) => Some(Subject::new("assignment_rule", rule.id)),
        (_, Command::Automation(AutomationCommand::DeleteRule { id })) => {
            Some(Subject::new("rule", id))
        }
        (_, Command::Automation(AutomationCommand::DeleteAssignment { id })) => {
            Some(Subject::new("assignment_rule", id))
        }
        (_, Command::Automation(AutomationCommand::SetWorkload { agent, .. })) => {
            Some(Subject::new("person", agent))
        }
        (Reply::SlaPolicy(policy), _) => Some(Subject::new("sla_policy", policy.id)),
        (Reply::BusinessHours(hours), _) => Some(Subject::new("business_hours", hours.id)),
        (_, Command::DeleteSlaPolicy { id } | Command::ApplySlaPolicy { id, .. }) => {
            Some(Subject::new("sla_policy", id))
        }
        (_, Command::Privacy(Step::Begin { contact, .. } | Step::Exported { contact, .. })) => {
            Some(Subject::new("contact", contact))
        }
        (_, Command::DeleteBusinessHours { id }) => Some(Subject::new("business_hours", id)),
        (_, Command::DropCursor { name }) => Some(Subject::new("cursor", name)),
        _ => draft.touched_ticket().map(|ticket| Subject::new("ticket", ticket)),
    }
}

/// Adds rows for what changed nothing.
pub fn take(draft: &mut Draft<'_>, happened: &[Audited]) -> Result<Reply, Refusal> {
    for what in happened {
        append(draft, what.clone())?;
    }
    Ok(Reply::Done)
}

/// Removes up to `limit` rows that are past their time, once the oldest is a day past it: so a chain is not trimmed
/// every minute. That rows were removed is a row too, by which a later cut at the old end is found.
pub fn trim(draft: &mut Draft<'_>, limit: usize) -> Result<usize, ReadError> {
    let oldest = draft.ctx.steady.plus(-draft.ctx.rules.audit_keep);
    let first = draft.rows().scan::<AuditEntry>(&[], None, Order::Ascending, 1)?;
    if first.first().is_none_or(|(_, row)| row.steady.0 >= oldest.0 - Micros::DAY) {
        return Ok(0);
    }
    let rows = draft.rows().scan::<AuditEntry>(&[], None, Order::Ascending, limit)?;
    let old: Vec<_> = rows.into_iter().take_while(|(_, row)| row.steady < oldest).collect();
    let Some(last) = old.last().map(|(row_key, _)| row_key.clone()) else { return Ok(0) };
    let anchor = stored(draft, &last)?;
    for (row_key, _) in &old {
        draft.delete(Table::Audit, row_key);
    }
    draft.put(ANCHOR, &anchor);
    let origin = super::origin::Origin::INSIDE;
    let what = Audited {
        who: Who::System,
        address: None,
        door: origin.door.to_owned(),
        action: chain::TRIMMED.to_owned(),
        subject: Some(Subject::new("audit", anchor.seq)),
        outcome: Outcome::Done,
        count: 1,
    };
    append(draft, what)?;
    Ok(old.len())
}

fn append(draft: &mut Draft<'_>, what: Audited) -> Result<(), ReadError> {
    let head = draft.get::<AuditMark>(HEAD)?.unwrap_or_default();
    let row_key = key::number(head.seq + 1);
    let (at, steady) = (draft.ctx.now, draft.ctx.steady);
    draft.put(&row_key, &AuditEntry { previous: head.hash, at, steady, what: what.bounded() });
    let head = stored(draft, &row_key)?;
    draft.put(HEAD, &head);
    Ok(())
}

/// The mark of a row as it is stored.
fn stored(draft: &Draft<'_>, row_key: &[u8]) -> Result<AuditMark, ReadError> {
    let missing = || StoreError::Damaged("a row of the audit is not there".to_owned());
    let value = View::get(draft, Table::Audit, row_key)?.ok_or_else(missing)?;
    chain::mark(row_key, &value).ok_or_else(|| missing().into())
}
