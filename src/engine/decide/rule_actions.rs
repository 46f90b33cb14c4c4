//! What a rule does, by the same ways by which people do it.

use super::{comments, desk};
use crate::domain::activity::{Value, What};
use crate::domain::reference::Reference;
use crate::domain::rule::{Action, Rule};
use crate::engine::command::Refusal;
use crate::engine::desk::{Edits, TicketChange};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;

/// What stands for the names in braces in a rule's texts.
pub struct Words<'a> {
    pub rule: &'a str,
    pub similar: &'a [u64],
    pub customer_messages: u32,
}

impl Words<'_> {
    fn fill(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let similar: Vec<String> = self.similar.iter().map(|n| format!("#{n}")).collect();
        text.replace("{rule}", self.rule)
            .replace("{similar}", &similar.join(", "))
            .replace("{customer_messages}", &self.customer_messages.to_string())
    }
}

/// All of it, or a refusal; the caller takes back what was done of it then.
pub fn carry_out(
    draft: &mut Draft<'_>,
    rule: &Rule,
    number: u64,
    words: &Words<'_>,
) -> Result<(), Refusal> {
    let why = format!("rule “{}”", rule.name);
    draft.because(Some(&why));
    draft.log(number, What::Rule, None, Some(Value::named(&rule.name, rule.id)));
    for action in &rule.body.actions {
        draft.because(Some(&why));
        act(draft, number, action, words, &why)?;
    }
    Ok(())
}

fn act(
    draft: &mut Draft<'_>,
    number: u64,
    action: &Action,
    words: &Words<'_>,
    why: &str,
) -> Result<(), Refusal> {
    let reason = Some(why.to_owned());
    let edit =
        |edits: Edits| TicketChange::Edit(Box::new(Edits { reason: reason.clone(), ..edits }));
    let change = match action {
        Action::Assign(agent) => TicketChange::Assign { agent: *agent, reason },
        Action::Unassign => TicketChange::Unassign { reason },
        Action::SetStatus(to) => {
            let ticket = draft.ticket(&Reference::Number(number))?;
            if ticket.status == *to {
                return Ok(());
            }
            TicketChange::Move { to: *to, reason, notes: None }
        }
        Action::SetPriority(priority) => {
            edit(Edits { priority: Some(*priority), ..Edits::default() })
        }
        Action::SetCategory(category) => {
            edit(Edits { category: Some(Some(category.clone())), ..Edits::default() })
        }
        Action::Tag(add) => TicketChange::Tag { add: add.clone(), remove: Vec::new() },
        Action::Untag(remove) => TicketChange::Tag { add: Vec::new(), remove: remove.clone() },
        Action::Escalate { reason, to } => {
            TicketChange::Escalate { reason: words.fill(reason), to: *to }
        }
        Action::Note(text) => return write(draft, number, &words.fill(text), true),
        Action::Reply(text) => return write(draft, number, &words.fill(text), false),
        Action::Notify => {
            return tell(draft, number, EventKind::TicketAlert);
        }
        Action::Webhook => {
            return tell(draft, number, EventKind::RuleFired);
        }
    };
    let mut ticket = draft.ticket(&Reference::Number(number))?;
    desk::alter(draft, &mut ticket, &change)
}

fn tell(draft: &mut Draft<'_>, number: u64, kind: EventKind) -> Result<(), Refusal> {
    let ticket = draft.ticket(&Reference::Number(number))?;
    draft.show(&ticket);
    draft.event(kind, Some(number));
    Ok(())
}

fn write(draft: &mut Draft<'_>, number: u64, text: &str, is_internal: bool) -> Result<(), Refusal> {
    comments::add(draft, &Reference::Number(number), (text, is_internal), &[]).map(|_| ())
}
