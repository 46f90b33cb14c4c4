//! What a timeline shows beside an entry: earlier wordings, reactions, the message that it answers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::entry::Entry;
use crate::domain::message::{Quote, Reaction, Revision};
use crate::domain::time::Micros;
use crate::engine::marks::Marks;

#[derive(Serialize, ToSchema)]
pub struct MarksView {
    /// Earlier wordings, the first one first. Those of a deleted message are shown to admins only
    revisions: Vec<RevisionView>,
    reactions: Vec<ReactionView>,
    /// The message that this one answers
    quoted: Option<QuoteView>,
}

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

impl MarksView {
    pub fn of(marks: Marks, entry: &Entry, is_admin: bool) -> MarksView {
        let Marks { revisions, reactions, quoted } = marks;
        let may_see = |_: &Revision| is_admin || entry.deleted_at.is_none();
        let shown = revisions.into_iter().filter(may_see);
        MarksView {
            revisions: shown.map(|r| RevisionView { body: r.body, at: r.at }).collect(),
            reactions: reactions.into_iter().filter_map(ReactionView::of).collect(),
            quoted: quoted.map(|Quote { id, text }| QuoteView { provider_id: id, text }),
        }
    }
}

impl ReactionView {
    fn of(reaction: Reaction) -> Option<ReactionView> {
        let Reaction { emoji, by, author, at } = reaction;
        Some(ReactionView { emoji: emoji?, by: by.as_str(), author, at })
    }
}
