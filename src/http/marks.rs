//! What a timeline shows beside an entry: earlier wordings, reactions, the message that it answers.

use serde::Serialize;

use super::tickets::EntryView;
use crate::describe::ToSchema;
use crate::domain::message::{Quote, Reaction};
use crate::domain::time::Micros;
use crate::engine::marks::Marks;

#[derive(Serialize, ToSchema)]
pub struct RevisionView {
    body: String,
    /// When it was sent, or changed to this
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
}

#[derive(Serialize, ToSchema)]
pub struct ReactionView {
    #[schema(example = "👍")]
    emoji: String,
    /// user or agent
    by: &'static str,
    /// Who it was, in a group
    author: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Micros,
}

#[derive(Serialize, ToSchema)]
pub struct QuoteView {
    /// The `provider_id` of that message
    provider_id: String,
    /// Its first words, where the bridge repeats them
    text: Option<String>,
}

impl EntryView {
    /// The entry as a timeline shows it.
    pub fn marked(self, marks: Marks, is_admin: bool) -> EntryView {
        let Marks { revisions, reactions, quoted } = marks;
        let may_see = is_admin || self.deleted_at.is_none();
        let revisions = revisions.into_iter().filter(|_| may_see);
        let revisions = revisions.map(|r| RevisionView { body: r.body, at: r.at });
        EntryView {
            revisions: Some(revisions.collect()),
            reactions: Some(reactions.into_iter().filter_map(ReactionView::of).collect()),
            quoted: quoted.map(|Quote { id, text }| QuoteView { provider_id: id, text }),
            ..self
        }
    }
}

impl ReactionView {
    fn of(reaction: Reaction) -> Option<ReactionView> {
        let Reaction { emoji, by, author, at } = reaction;
        Some(ReactionView { emoji: emoji?, by: by.as_str(), author, at })
    }
}
