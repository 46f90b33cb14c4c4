//! The one place where what must not be kept is taken out of commands: before they are queued, and so before
//! the journal, the log and every reader (S0.51).
//!
//! Ids, addresses and references pass as they are: they are what things are found by.

use super::command::{
    CallChanges, CallEvent, Command, Delivered, Happening, InboundMessage, NewCall, NewInteraction,
    Outcome,
};
use crate::domain::call::Fact;
use crate::domain::crm::Location;
use crate::domain::message::Change;
use crate::domain::redact::Redactor;
use crate::engine::canned::CannedCommand;
use crate::engine::contacts::ContactCommand;
use crate::engine::desk::{Edits, TicketChange};
use crate::engine::intake::{CallReport, Handover, NewCase, NewTurn};
use crate::engine::mail::{MailCommand, Nature, NewMail};
use crate::engine::portal::PortalCommand;
use crate::engine::privacy::Step;

pub fn redact(command: &mut Command, redactor: &Redactor) {
    let clear = |text: &mut String| redactor.clear(text);
    match command {
        Command::OpenCall(NewCall { customer_name, .. }) => {
            customer_name.iter_mut().for_each(clear)
        }
        Command::RecordFacts { facts, .. } => facts.iter_mut().for_each(|f| fact(f, clear)),
        Command::TakeFromSource(Delivered { calls, .. }) => {
            for CallEvent { call, happening, .. } in calls {
                call.customer_name.iter_mut().for_each(clear);
                if let Happening::Facts(facts) = happening {
                    facts.iter_mut().for_each(|f| fact(f, clear));
                }
            }
        }
        Command::LogInteraction(NewInteraction { message, tool_calls, .. }) => {
            clear(message);
            for call in tool_calls {
                clear(&mut call.arguments);
                call.output.iter_mut().for_each(clear);
            }
        }
        Command::Privacy(Step::Begin { reason, .. }) => reason.iter_mut().for_each(clear),
        Command::Privacy(Step::Exported { reason, .. }) => clear(reason),
        Command::AddMetadata { key, value, .. } => [key, value].into_iter().for_each(clear),
        Command::UpdateCall { changes, .. } => {
            let CallChanges { summary, resolution_notes, customer_name, .. } = changes;
            let texts = [summary, resolution_notes, customer_name].into_iter().flatten();
            texts.for_each(clear);
        }
        Command::ReceiveMessage(message) => {
            let InboundMessage { name, text, attachment, quoted, group, .. } = &mut **message;
            clear(text);
            name.iter_mut().for_each(clear);
            quoted.iter_mut().flat_map(|quote| &mut quote.text).for_each(clear);
            group.iter_mut().flat_map(|group| &mut group.title).for_each(clear);
            let file = attachment.iter_mut().flat_map(|attachment| &mut attachment.file_name);
            file.for_each(clear);
        }
        Command::ChangeMessage(change) => {
            change.by.name.iter_mut().for_each(clear);
            if let Change::Edit { text } = &mut change.change {
                clear(text);
            }
        }
        // What goes out is what is kept: nobody reads a card number back to the customer.
        Command::AddComment { body, .. }
        | Command::EditComment { body, .. }
        | Command::SaveDraft { body, .. } => clear(body),
        Command::CreateTicket(new) => {
            case(&mut new.case, clear);
            new.metadata.values_mut().for_each(clear);
        }
        Command::OpenCrmTicket(new) => {
            case(&mut new.ticket.case, clear);
            new.ticket.metadata.values_mut().for_each(clear);
            new.details.subcategory.iter_mut().for_each(clear);
            place(&mut new.details.location, clear);
        }
        Command::ChangeTicket { change, .. } => ticket_change(change, clear),
        Command::MergeTickets { reason, .. } => reason.iter_mut().for_each(clear),
        // A bridge's own words may quote what it was given.
        Command::Dispatched { outcome: Outcome::Failed { error }, .. } => clear(error),
        Command::Receipt { error, .. } => error.iter_mut().for_each(clear),
        Command::SetStatus { reason, notes, .. } => {
            [reason, notes].into_iter().flatten().for_each(clear);
        }
        Command::TakeCase(new) => case(new, clear),
        Command::Mail(MailCommand::Take(new)) => mail(new, clear),
        Command::HandOver(new) => handover(new, clear),
        Command::ReportCall(new) => report(new, clear),
        Command::Canned(CannedCommand::Create(new)) => {
            [&mut new.title, &mut new.content].into_iter().for_each(clear);
        }
        Command::Canned(CannedCommand::Update { changes, .. }) => {
            let texts = [&mut changes.title, &mut changes.content].into_iter().flatten();
            texts.for_each(clear);
        }
        Command::Portal(PortalCommand::Submit { case: new, .. }) => case(new, clear),
        Command::Portal(PortalCommand::Reply { body, files, .. }) => {
            clear(body);
            files.iter_mut().for_each(|file| clear(&mut file.name));
        }
        Command::Portal(PortalCommand::Rate { feedback, .. }) => {
            feedback.iter_mut().for_each(clear);
        }
        Command::AddFile { file, .. } => clear(&mut file.name),
        Command::Contact(command) => contact(command, clear),
        // What webhooks send was cleared when it came in; a receiver's status is a number.
        Command::Category(_)
        | Command::Canned(CannedCommand::Delete { .. } | CannedCommand::Use { .. })
        | Command::Webhook(_)
        | Command::RemoveFile { .. }
        | Command::SeedSla
        | Command::SaveSlaPolicy { .. }
        | Command::DeleteSlaPolicy { .. }
        | Command::ApplySlaPolicy { .. }
        | Command::SaveBusinessHours { .. }
        | Command::DeleteBusinessHours { .. }
        | Command::SlaDue { .. }
        | Command::Mail(MailCommand::Begin { .. } | MailCommand::Links { .. })
        | Command::Automation(_)
        | Command::Search(_)
        | Command::DetachCall { .. }
        | Command::EndCall { .. }
        | Command::ExpireCall { .. }
        | Command::OrphanCalls
        | Command::JoinAddresses { .. }
        | Command::ResendComment { .. }
        | Command::DeleteComment { .. }
        | Command::Dispatched { outcome: Outcome::Sent { .. }, .. }
        | Command::SetMode { .. }
        | Command::Claim { .. }
        | Command::CreateToken { .. }
        | Command::RevokeToken { .. }
        | Command::RevokePortalTokens { .. }
        | Command::Account(_)
        | Command::MoveCursor { .. }
        | Command::DropCursor { .. }
        | Command::Audit(_)
        | Command::Sweep
        | Command::Privacy(_) => {}
    }
}

fn ticket_change(change: &mut TicketChange, clear: impl Fn(&mut String)) {
    match change {
        TicketChange::Edit(edits) => edited(edits, clear),
        TicketChange::EditCrm { edits, details } => {
            edited(edits, &clear);
            details.subcategory.iter_mut().flatten().for_each(&clear);
            details.location.iter_mut().for_each(|location| place(location, &clear));
        }
        TicketChange::Move { reason, notes, .. } => {
            [reason, notes].into_iter().flatten().for_each(clear);
        }
        TicketChange::Assign { reason, .. } | TicketChange::Unassign { reason } => {
            reason.iter_mut().for_each(clear);
        }
        TicketChange::Escalate { reason, .. } | TicketChange::EscalateTo { reason, .. } => {
            clear(reason);
        }
        TicketChange::Tag { add, .. } => add.iter_mut().for_each(clear),
        TicketChange::Deescalate
        | TicketChange::Hold(_)
        | TicketChange::Follow { .. }
        | TicketChange::Unfollow { .. }
        | TicketChange::Relate { .. }
        | TicketChange::Unrelate { .. }
        | TicketChange::Delete
        | TicketChange::Restore
        | TicketChange::Unmerge => {}
    }
}

fn edited(edits: &mut Edits, clear: impl Fn(&mut String)) {
    let texts = [
        &mut edits.subject,
        &mut edits.description,
        &mut edits.summary,
        &mut edits.resolution_notes,
        &mut edits.order_id,
        &mut edits.requester_name,
    ];
    texts.into_iter().flatten().flatten().for_each(&clear);
    edits.metadata.values_mut().flatten().for_each(&clear);
    edits.tags.iter_mut().flatten().chain(&mut edits.reason).for_each(&clear);
}

fn place(location: &mut Option<Location>, clear: impl Fn(&mut String)) {
    location.iter_mut().flat_map(|location| &mut location.address).for_each(clear);
}

fn contact(command: &mut ContactCommand, clear: impl Fn(&mut String)) {
    match command {
        ContactCommand::Change { changes, .. } | ContactCommand::Put { changes, .. } => {
            let texts = [&mut changes.name, &mut changes.notes];
            texts.into_iter().flatten().flatten().for_each(&clear);
            changes.attributes.values_mut().flatten().for_each(&clear);
            changes.tags.iter_mut().flatten().for_each(&clear);
        }
        ContactCommand::Split(split) => split.name.iter_mut().for_each(clear),
        ContactCommand::Merge { .. } => {}
    }
}

fn case(case: &mut NewCase, clear: impl Fn(&mut String)) {
    let NewCase { requester, subject, description, order_id, tags, turns: said, .. } = case;
    let texts = [&mut requester.name, subject, description, order_id].into_iter().flatten();
    texts.chain(tags).for_each(&clear);
    turns(said, clear);
}

fn mail(mail: &mut NewMail, clear: impl Fn(&mut String)) {
    let NewMail { subject, from, words, full, note, files, nature, .. } = mail;
    [subject, words].into_iter().for_each(&clear);
    let name = from.iter_mut().flat_map(|from| &mut from.name);
    full.iter_mut().chain(note).chain(name).for_each(&clear);
    files.iter_mut().for_each(|file| clear(&mut file.name));
    if let Nature::Bounce { why, .. } = nature {
        clear(why);
    }
}

fn handover(chat: &mut Handover, clear: impl Fn(&mut String)) {
    let Handover { requester, subject, description, history, escalation, .. } = chat;
    let texts = [&mut requester.name, subject, description].into_iter().flatten();
    let known = escalation.iter_mut().flat_map(|e| [&mut e.by, &mut e.reason, &mut e.context]);
    texts.chain(known).for_each(&clear);
    turns(history, clear);
}

fn turns(turns: &mut [NewTurn], clear: impl Fn(&mut String)) {
    for NewTurn { author, text, .. } in turns {
        author.iter_mut().chain([text]).for_each(&clear);
    }
}

fn report(report: &mut CallReport, clear: impl Fn(&mut String)) {
    let CallReport { customer_name, turns, summary, details, .. } = report;
    let details = details.iter_mut().map(|(_, value)| value);
    [customer_name, summary].into_iter().flatten().chain(details).for_each(&clear);
    for turn in turns {
        clear(&mut turn.text);
        for call in &mut turn.tool_calls {
            clear(&mut call.arguments);
            call.output.iter_mut().for_each(&clear);
        }
    }
}

fn fact(fact: &mut Fact, clear: impl Fn(&mut String)) {
    match fact {
        Fact::Said { text, .. } | Fact::Befell { text } => clear(text),
        Fact::ToolCalled { arguments, .. } => clear(arguments),
        Fact::ToolAnswered { output, .. } => clear(output),
        Fact::Placed { .. } | Fact::ToolNamed { .. } => {}
    }
}
