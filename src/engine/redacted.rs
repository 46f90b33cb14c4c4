//! The one place where what must not be kept is taken out of commands: before they are queued, and so before
//! the journal, the log and every reader (S0.51).
//!
//! Ids, addresses and references pass as they are: they are what things are found by.

use super::command::{CallChanges, Command, InboundMessage, NewCall, NewInteraction, Outcome};
use crate::domain::call::Fact;
use crate::domain::redact::Redactor;

pub fn redact(command: &mut Command, redactor: &Redactor) {
    let clear = |text: &mut String| redactor.clear(text);
    match command {
        Command::OpenCall(NewCall { customer_name, .. }) => {
            customer_name.iter_mut().for_each(clear)
        }
        Command::RecordFacts { facts, .. } => facts.iter_mut().for_each(|f| fact(f, clear)),
        Command::LogInteraction(NewInteraction { message, tool_calls, .. }) => {
            clear(message);
            for call in tool_calls {
                clear(&mut call.arguments);
                call.output.iter_mut().for_each(clear);
            }
        }
        Command::AddMetadata { key, value, .. } => [key, value].into_iter().for_each(clear),
        Command::UpdateCall { changes, .. } => {
            let CallChanges { summary, resolution_notes, customer_name, .. } = changes;
            let texts = [summary, resolution_notes, customer_name].into_iter().flatten();
            texts.for_each(clear);
        }
        Command::ReceiveMessage(message) => {
            let InboundMessage { name, text, attachment, .. } = &mut **message;
            clear(text);
            name.iter_mut().for_each(clear);
            let file = attachment.iter_mut().flat_map(|attachment| &mut attachment.file_name);
            file.for_each(clear);
        }
        // What goes out is what is kept: nobody reads a card number back to the customer.
        Command::AddComment { body, .. } => clear(body),
        // A bridge's own words may quote what it was given.
        Command::Dispatched { outcome: Outcome::Failed { error }, .. } => clear(error),
        Command::Receipt { error, .. } => error.iter_mut().for_each(clear),
        Command::SetStatus { reason, notes, .. } => {
            [reason, notes].into_iter().flatten().for_each(clear);
        }
        Command::DetachCall { .. }
        | Command::EndCall { .. }
        | Command::ExpireCall { .. }
        | Command::OrphanCalls
        | Command::JoinAddresses { .. }
        | Command::ResendComment { .. }
        | Command::Dispatched { outcome: Outcome::Sent { .. }, .. }
        | Command::SetMode { .. }
        | Command::Claim { .. }
        | Command::CreateToken { .. }
        | Command::RevokeToken { .. }
        | Command::MoveCursor { .. }
        | Command::DropCursor { .. }
        | Command::Sweep => {}
    }
}

fn fact(fact: &mut Fact, clear: impl Fn(&mut String)) {
    match fact {
        Fact::Said { text, .. } => clear(text),
        Fact::ToolCalled { arguments, .. } => clear(arguments),
        Fact::ToolAnswered { output, .. } => clear(output),
        Fact::Placed { .. } | Fact::ToolNamed { .. } => {}
    }
}
