//! Keeps what an agent has begun to write, so that it is there on the next workstation too.

use crate::domain::entry::MAX_COMMENT;
use crate::domain::reference::Reference;
use crate::domain::reply_draft::ReplyDraft;
use crate::engine::command::{Actor, Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::key;
use crate::store::Table;

/// Keeps the words of the actor on this ticket in place of what they had; empty ones take it away.
pub fn save(
    draft: &mut Draft<'_>,
    reference: &Reference,
    body: &str,
    is_internal: bool,
) -> Result<Reply, Refusal> {
    let Actor::Agent { id, .. } = draft.ctx.actor else {
        return Err(Refusal::Forbidden("only agents have drafts: this token acts as none".into()));
    };
    if body.chars().count() > MAX_COMMENT {
        let why = format!("must be at most {MAX_COMMENT} characters");
        return Err(Refusal::Invalid { field: "body", why });
    }
    let ticket = draft.ticket(reference)?;
    let place = key::reply_draft(ticket.number, *id);
    if body.is_empty() {
        if draft.get::<ReplyDraft>(&place)?.is_some() {
            draft.delete(Table::ReplyDrafts, &place);
        }
        return Ok(Reply::Draft(ReplyDraft::default()));
    }
    let kept = ReplyDraft { body: body.to_owned(), is_internal, updated_at: Some(draft.ctx.now) };
    draft.put(&place, &kept);
    Ok(Reply::Draft(kept))
}
