//! What is told of the moment: who looks at a ticket, and what is being said in a call. Rights are looked at in the
//! ticket as it is now.

use serde::Serialize;

use super::wanted::Wanted;
use crate::describe::ToSchema;
use crate::domain::agent::Role;
use crate::domain::contact::Scope;
use crate::domain::ticket::Ticket;
use crate::engine::command::Actor;
use crate::engine::moments::{Heard, Line, Viewer, Viewing};
use crate::http::State;
use crate::http::extract::Caller;
use crate::http::tickets::visible;

#[derive(Serialize, ToSchema)]
pub struct ViewerView {
    pub id: u64,
    #[schema(example = "Ana")]
    pub name: String,
    /// Whether they write on it
    pub typing: bool,
}

impl From<Viewer> for ViewerView {
    fn from(viewer: Viewer) -> ViewerView {
        ViewerView { id: viewer.agent, name: viewer.name, typing: viewer.typing }
    }
}

/// Words of a call that are not whole yet.
#[derive(Serialize, ToSchema)]
pub struct PartialLine {
    /// The speech item's id: the whole line replaces what has the same
    pub item: String,
    pub content_index: u32,
    /// user or agent
    pub speaker: &'static str,
    /// All of it so far; empty once its whole words come as an event
    pub text: String,
}

impl From<Line> for PartialLine {
    fn from(line: Line) -> PartialLine {
        let Line { item, index, speaker, text } = line;
        PartialLine { item, content_index: index, speaker: speaker.as_str(), text }
    }
}

#[derive(Serialize)]
struct Told<'a, T: Serialize> {
    event: &'a str,
    number: u64,
    #[serde(flatten)]
    what: T,
}

#[derive(Serialize)]
struct Viewers {
    viewers: Vec<ViewerView>,
}

#[derive(Serialize)]
struct Partial {
    partial: bool,
    #[serde(flatten)]
    line: PartialLine,
}

/// Whether somebody may listen to a running call: its agent, whoever leads them, and machines that read everything.
pub fn follows(caller: &Caller, ticket: &Ticket) -> bool {
    match &caller.actor {
        Actor::Agent { id, role, .. } => {
            *role >= Role::Supervisor || ticket.assignee.as_ref().is_some_and(|a| a.agent == *id)
        }
        _ => caller.token.has(Scope::Read) || caller.token.has(Scope::Admin),
    }
}

/// For those who look at the ticket themselves, or follow it alone.
pub fn viewing(state: &State, caller: &Caller, wanted: &Wanted, told: &Viewing) -> Option<String> {
    let number = told.ticket;
    let moments = state.engine.shared().moments();
    let looks = match caller.actor {
        Actor::Agent { id, .. } => moments.is_looking(number, id),
        _ => false,
    };
    if !looks && wanted.ticket != Some(number) {
        return None;
    }
    ticket(state, number).filter(|ticket| visible(caller, ticket))?;
    let viewers = told.viewers.iter().cloned().map(ViewerView::from).collect();
    json(Told { event: "ticket.viewing", number, what: Viewers { viewers } })
}

/// For those who asked for transcripts and may follow this call.
pub fn heard(state: &State, caller: &Caller, wanted: &Wanted, told: &Heard) -> Option<String> {
    let number = told.ticket;
    if wanted.ticket.is_some_and(|wanted| wanted != number) {
        return None;
    }
    ticket(state, number).filter(|t| visible(caller, t) && follows(caller, t))?;
    let what = Partial { partial: true, line: told.line.clone().into() };
    json(Told { event: "call.line", number, what })
}

fn ticket(state: &State, number: u64) -> Option<Ticket> {
    let found = state.engine.read(|rows| rows.ticket(number));
    found.unwrap_or_else(|error| {
        tracing::error!(%error, "a ticket could not be read for a live event");
        None
    })
}

fn json(told: impl Serialize) -> Option<String> {
    serde_json::to_string(&told).ok()
}
