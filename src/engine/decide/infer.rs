//! What is read out of a customer's words at every door but that of calls: the category and the order they write about.

use crate::domain::condition::says_any;
use crate::domain::order;
use crate::domain::priority::Priority;
use crate::domain::ticket::Ticket;
use crate::domain::words::head;
use crate::engine::draft::Draft;

/// Bytes of a text that are looked at.
const JUDGED: usize = 64 * 1024;

/// The first words of a chat may say that it is urgent (S4.22): nobody else has said how urgent it is.
pub fn urgency(draft: &Draft<'_>, ticket: &mut Ticket, text: &str) {
    if says_any(head(text, JUDGED), &draft.ctx.rules.automation.urgent_words) {
        ticket.priority = ticket.priority.max(Priority::Urgent);
    }
}

/// Fills in what is not known yet; what somebody chose is never changed (S1.10, S1.21).
pub fn from_text(draft: &Draft<'_>, ticket: &mut Ticket, text: &str) {
    let text = head(text, JUDGED);
    if ticket.category.is_none() && !ticket.category_is_manual {
        ticket.category = draft.ctx.category_of_text(text);
    }
    if ticket.order_id.is_none() {
        ticket.order_id = order::order_id(text);
    }
}
