//! Two contacts that are one person, and one that is two. For supervisors: whoever is merged shows each other's tickets.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::Deserialize;

use super::State;
use super::contacts::{ContactId, changed};
use super::contacts_view::{ContactDetail, detail, seen};
use super::error::Failure;
use super::extract::Input;
use super::intake::Findings;
use crate::describe::{self, ToSchema};
use crate::domain::contact::{MAX_ADDRESSES, MAX_CONVERSATIONS};
use crate::domain::ticket::MAX_NAME;
use crate::engine::command::{Command, Refusal};
use crate::engine::contacts::{ContactCommand, Split};
use crate::engine::{self};
use crate::wire::problem::Problem;

/// Tickets that go to another contact at once.
const MAX_TICKETS: usize = 500;

#[derive(Deserialize, ToSchema)]
pub struct MergeContactsBody {
    /// The contact that stays
    #[schema(example = 17)]
    into: u64,
}

/// Makes one contact out of two: addresses, chats, tickets and notes go to the one that stays. Splitting undoes it.
#[describe::path(post, path = "/api/contacts/{id}/merge", operation_id = "merge_contact", tag = "contacts", request_body = MergeContactsBody,
    params(("id" = u64, Path, description = "The contact that becomes part of the other")),
    responses((status = 200, body = ContactDetail), (status = 404, body = Problem), (status = 409, description = "they are one already, one is a group, or they have too many addresses together")))]
pub async fn merge(
    Shared(state): Shared<State>,
    ContactId(id): ContactId,
    input: Input<MergeContactsBody>,
) -> Result<Json<ContactDetail>, Failure> {
    let into = input.value.into;
    seen(&state, &input.caller, id)?;
    if state.engine.read(|rows| rows.known_contact(into))?.is_none() {
        return Err(Problem::field("into", "there is no such contact").into());
    }
    let command = Command::Contact(ContactCommand::Merge { id, into });
    let id = changed(&state, &input, command).await?;
    Ok(Json(detail(&state, &input.caller, id)?))
}

#[derive(Deserialize, ToSchema)]
pub struct SplitBody {
    /// Addresses that are another person's, as the contact lists them; one at least stays
    #[schema(example = json!(["5215512345678@s.whatsapp.net"]))]
    addresses: Vec<String>,
    /// Chats that go along, with their tickets
    #[serde(default)]
    conversations: Vec<u64>,
    /// Numbers of further tickets that are theirs
    #[serde(default)]
    tickets: Vec<u64>,
    /// What the other person is called
    #[schema(max_length = 64)]
    name: Option<String>,
}

/// Takes addresses out of a contact: they become another contact's, or again that of the contact under which they came
/// before a merge, with its tickets and chats.
#[describe::path(post, path = "/api/contacts/{id}/split", operation_id = "split_contact", tag = "contacts", request_body = SplitBody,
    params(("id" = u64, Path, description = "The contact that is two persons")),
    responses((status = 201, body = ContactDetail, description = "the contact that has the addresses now"), (status = 404, body = Problem), (status = 409, description = "these addresses belong together")))]
pub async fn split(
    Shared(state): Shared<State>,
    ContactId(id): ContactId,
    input: Input<SplitBody>,
) -> Result<(StatusCode, Json<ContactDetail>), Failure> {
    let SplitBody { addresses, conversations, tickets, name } = &input.value;
    let (known, theirs) = seen(&state, &input.caller, id)?;
    let mut findings = Findings::default();
    for (field, len, max) in [
        ("addresses", addresses.len(), MAX_ADDRESSES),
        ("conversations", conversations.len(), MAX_CONVERSATIONS),
        ("tickets", tickets.len(), MAX_TICKETS),
    ] {
        if len > max {
            findings.find(field, format!("at most {max}"));
        }
    }
    if let Some(name) = name {
        findings.line("name", name, MAX_NAME / 4);
    }
    findings.done()?;
    // The tickets of the chats that go along.
    let of_chats = state.engine.read(|rows| {
        let mut found = Vec::new();
        for number in theirs.iter().filter(|_| !conversations.is_empty()) {
            let chat = rows.ticket(*number)?.and_then(|ticket| ticket.conversation);
            found.extend(chat.filter(|chat| conversations.contains(chat)).map(|_| *number));
        }
        Ok(found)
    })?;
    let mut tickets: Vec<u64> = tickets.iter().copied().chain(of_chats).collect();
    tickets.sort_unstable();
    tickets.dedup();
    if tickets.len() > MAX_TICKETS {
        let why = format!("these chats have {} tickets, more than {MAX_TICKETS}", tickets.len());
        return Err(engine::Error::from(Refusal::Conflict(why)).into());
    }
    let split = Split {
        id: known.contact.id,
        addresses: addresses.clone(),
        conversations: conversations.clone(),
        tickets,
        name: name.clone(),
    };
    let command = Command::Contact(ContactCommand::Split(Box::new(split)));
    let id = changed(&state, &input, command).await?;
    Ok((StatusCode::CREATED, Json(detail(&state, &input.caller, id)?)))
}
