//! From command to plan. Pure: what it may know is the view and the context; what it wants is data.

mod account;
pub(in crate::engine) mod assign;
mod buckets;
mod call;
mod call_facts;
mod call_order;
mod call_source;
mod canned;
mod categories;
mod changes;
mod chat;
mod comments;
mod contacts;
mod crm;
mod deeds;
mod deletion;
mod deliveries;
mod desk;
mod drafts;
mod escalate;
mod feed;
mod files;
mod identity;
mod infer;
mod intake;
mod mail;
mod mail_out;
mod mentions;
mod merge;
mod mode;
mod outbox;
mod people;
mod portal;
mod presence;
mod privacy;
pub mod purge;
mod queue;
pub(in crate::engine) mod redate;
mod reported_call;
mod rule_actions;
pub mod rules;
mod rules_edit;
mod search;
mod session;
pub(in crate::engine) mod sla;
mod sla_policy;
mod split;
mod sweep;
mod token;
mod unclaimed;
mod webhooks;
mod whatsapp;

use super::audit;
use super::automation::AutomationCommand;
use super::command::{Command, Idempotency, Refusal, Reply, Submission};
use super::draft::{Context, Draft, Notice};
use super::rows::key;
use crate::domain::time::Micros;
use crate::store::owner::Owner;
use crate::store::records::Remembered;
use crate::store::{PlanRecord, View};

/// What a command comes to.
#[derive(Debug)]
pub struct Decision {
    /// `None`: nothing to write.
    pub plan: Option<PlanRecord>,
    pub reply: Reply,
    pub notices: Vec<Notice>,
}

/// Decides one command against the rows as they are.
pub fn decide(
    view: &dyn View,
    submission: &Submission,
    ctx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let mut draft = Draft::new(view, ctx);
    if let Some(idempotency) = &submission.idempotency
        && let Some(reply) = recall(&draft, idempotency)?
    {
        return Ok(Decision { plan: None, reply, notices: Vec::new() });
    }
    let reply = dispatch(&mut draft, &submission.command)?;
    audit::note(&mut draft, submission, &reply)?;
    if let Some(idempotency) = &submission.idempotency {
        let bytes = postcard::to_stdvec(&reply).map_err(|e| Refusal::Store(e.to_string()))?;
        let row = Remembered { request: idempotency.request, reply: bytes };
        let owner = owner(&reply);
        draft.put_as(owner, &key::bucketed(hour(ctx.steady), &idempotency.key), &row);
    }
    draft.keep_activities().map_err(Refusal::from)?;
    let empty = draft.is_empty();
    let (plan, notices) = draft.finish();
    Ok(Decision { plan: (!empty).then_some(plan), reply, notices })
}

fn dispatch(draft: &mut Draft<'_>, command: &Command) -> Result<Reply, Refusal> {
    match command {
        Command::OpenCall(new) => call::open(draft, new),
        Command::RecordFacts { ticket, event_id, facts } => {
            call_facts::record(draft, *ticket, event_id.as_deref(), facts)
        }
        Command::DetachCall { ticket, connection } => call::detach(draft, *ticket, *connection),
        Command::EndCall { ticket, connection, auto_categorize } => {
            call::end(draft, ticket, *connection, *auto_categorize)
        }
        Command::ExpireCall { ticket } => call::expire(draft, *ticket),
        Command::TakeFromSource(delivered) => call_source::take(draft, delivered),
        Command::OrphanCalls => call::orphan_all(draft),
        Command::LogInteraction(new) => call::log_interaction(draft, new),
        Command::AddMetadata { ticket, key, value } => {
            call::add_metadata(draft, ticket, key, value)
        }
        Command::UpdateCall { ticket, changes } => call::update(draft, ticket, changes),
        Command::ReceiveMessage(message) => whatsapp::receive(draft, message),
        Command::ChangeMessage(change) => changes::receive(draft, change),
        Command::JoinAddresses { lid, phone } => people::join(draft, lid, phone),
        Command::AddComment { ticket, body, is_internal, attachments } => {
            comments::add(draft, ticket, (body, *is_internal), attachments)
        }
        Command::SaveDraft { ticket, body, is_internal } => {
            drafts::save(draft, ticket, body, *is_internal)
        }
        Command::ResendComment { ticket, entry } => comments::resend(draft, ticket, *entry),
        Command::EditComment { ticket, entry, body } => comments::edit(draft, ticket, *entry, body),
        Command::DeleteComment { ticket, entry } => comments::delete(draft, ticket, *entry),
        Command::CreateTicket(new) => desk::create(draft, new),
        Command::OpenCrmTicket(new) => crm::open(draft, new),
        Command::ChangeTicket { ticket, expected, change } => {
            desk::change(draft, ticket, *expected, change)
        }
        Command::MergeTickets { into, others, reason } => {
            merge::merge(draft, into, others, reason.as_deref())
        }
        Command::Dispatched { conversation, number, entry, outcome } => {
            outbox::dispatched(draft, (*conversation, *number), *entry, outcome)
        }
        Command::Receipt { instance, addresses, id, state, at, error } => {
            outbox::receipt(draft, (instance, addresses), id, (*state, *at, error.as_deref()))
        }
        Command::SetMode { conversation, mode } => mode::set(draft, *conversation, *mode),
        Command::Claim { ticket } => queue::claim(draft, ticket),
        Command::SetStatus { ticket, to, reason, notes } => {
            queue::set_status(draft, ticket, *to, reason.as_deref(), notes.as_deref())
        }
        Command::TakeCase(case) => intake::take(draft, case),
        Command::Mail(command) => mail::decide(draft, command),
        Command::HandOver(chat) => chat::hand_over(draft, chat),
        Command::ReportCall(report) => reported_call::report(draft, report),
        Command::Category(command) => categories::decide(draft, command),
        Command::Canned(command) => canned::decide(draft, command),
        Command::Webhook(command) => webhooks::decide(draft, command),
        Command::Portal(command) => portal::decide(draft, command),
        Command::AddFile { ticket, file } => files::add(draft, ticket, file),
        Command::RemoveFile { ticket, file } => files::remove(draft, ticket, *file),
        Command::CreateToken { name, hash, scopes } => token::create(draft, name, hash, scopes),
        Command::RevokeToken { id } => token::revoke(draft, *id),
        Command::RevokePortalTokens { ticket } => chat::revoke_tokens(draft, ticket),
        Command::Account(command) => account::carry_out(draft, command),
        Command::MoveCursor { name, seq } => feed::move_cursor(draft, name, *seq),
        Command::DropCursor { name } => feed::drop_cursor(draft, name),
        Command::Audit(happened) => audit::take(draft, happened),
        Command::Sweep => sweep::sweep(draft),
        Command::Privacy(step) => privacy::step(draft, step),
        Command::SeedSla => sla_policy::seed(draft),
        Command::SaveSlaPolicy { id, policy } => sla_policy::save(draft, *id, policy),
        Command::DeleteSlaPolicy { id } => sla_policy::delete(draft, *id),
        Command::ApplySlaPolicy { id, tickets } => sla::apply(draft, *id, tickets),
        Command::SaveBusinessHours { id, hours } => sla_policy::save_hours(draft, *id, hours),
        Command::DeleteBusinessHours { id } => sla_policy::delete_hours(draft, *id),
        Command::SlaDue { timers } => sla::due(draft, timers),
        Command::Search(step) => search::step(draft, step),
        Command::Contact(command) => contacts::decide(draft, command),
        Command::Automation(command) => automation(draft, command),
    }
}

fn automation(draft: &mut Draft<'_>, command: &AutomationCommand) -> Result<Reply, Refusal> {
    use AutomationCommand as Asked;
    match command {
        Asked::SetPresence { agent, state, by_hand } => {
            presence::set(draft, *agent, *state, *by_hand)
        }
        Asked::SetWorkload { agent, workload } => presence::set_workload(draft, *agent, *workload),
        Asked::SaveAssignment { id, rule } => assign::save(draft, *id, rule),
        Asked::DeleteAssignment { id } => assign::delete(draft, *id),
        Asked::HandOut { tickets } => assign::hand_out(draft, tickets),
        Asked::TakeBack { agent, tickets, last } => {
            assign::take_back(draft, *agent, tickets, *last)
        }
        Asked::Next { tickets } => assign::next(draft, tickets),
        Asked::Follow(shipped) => rules_edit::follow(draft, shipped),
        Asked::SaveRule { id, name, body } => rules_edit::save(draft, *id, name, body),
        Asked::SwitchRule { id, active } => rules_edit::switch(draft, *id, *active),
        Asked::DeleteRule { id } => rules_edit::delete(draft, *id),
        Asked::React { upto, happenings } => rules::react(draft, *upto, happenings),
        Asked::Due { timers } => rules::due(draft, timers),
        Asked::Redate { tickets } => redate::redate(draft, tickets),
        Asked::Rewind { tickets, next } => rules::rewind(draft, tickets, *next),
        Asked::CountLoads { loads } => assign::count_loads(draft, loads),
    }
}

/// Whose data a reply repeats.
fn owner(reply: &Reply) -> Owner {
    if let Reply::Contact(contact) = reply {
        return Owner::Contact(contact.id);
    }
    let number = match reply {
        Reply::Call { ticket, .. }
        | Reply::Ticket(ticket)
        | Reply::Interaction { ticket, .. }
        | Reply::Metadata { ticket, .. }
        | Reply::Taken { ticket, .. }
        | Reply::Comment { ticket, .. } => Some(ticket.number),
        Reply::CallAttached { ticket, .. } => Some(*ticket),
        Reply::Message { ticket, .. } | Reply::Changed { ticket } => *ticket,
        _ => None,
    };
    number.map_or(Owner::Desk, Owner::Ticket)
}

/// The reply that was given to this key before, if any.
fn recall(draft: &Draft<'_>, idempotency: &Idempotency) -> Result<Option<Reply>, Refusal> {
    let (now, kept) = (hour(draft.ctx.steady), draft.ctx.rules.idempotency_hours);
    let Some(row) = buckets::find::<Remembered>(draft, now, kept, &idempotency.key, None)? else {
        return Ok(None);
    };
    if row.request != idempotency.request {
        return Err(Refusal::KeyReused);
    }
    if row.reply.is_empty() {
        let gone = "this request was carried out before the upgrade; look at what it made";
        return Err(Refusal::Conflict(gone.into()));
    }
    postcard::from_bytes(&row.reply)
        .map(Some)
        .map_err(|e| Refusal::Store(format!("a remembered answer cannot be read: {e}")))
}

fn hour(at: Micros) -> u32 {
    u32::try_from(at.0.max(0) / Micros::HOUR).unwrap_or(u32::MAX)
}

fn day(at: Micros) -> u32 {
    u32::try_from(at.0.max(0) / Micros::DAY).unwrap_or(u32::MAX)
}
