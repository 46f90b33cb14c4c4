//! Contacts: one person, or group, with all their addresses; made, read, changed, erased.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::categories::told;
use super::contacts_view::{ContactDetail, detail, seen};
use super::error::{Failure, not_found};
use super::extract::{Caller, Input, Query};
use super::intake::{Findings, given};
use super::queue::Nothing;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::profile::{
    MAX_ATTRIBUTE, MAX_ATTRIBUTE_NAME, MAX_ATTRIBUTES, MAX_NOTES, MAX_TAG, MAX_TAGS, is_language,
};
use crate::domain::ticket::MAX_NAME;
use crate::engine::command::{Command, Reply};
use crate::engine::contacts::{ContactChanges, ContactCommand};
use crate::engine::privacy::{Erased, Who};
use crate::wire::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// `true`: it cannot be undone
    #[param(value_type = bool, example = true)]
    erase: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ErasedView {
    contact: u64,
    /// Tickets that stay, without what was said in them and by whom
    tickets: u64,
    /// Whether their words may still lie in the files until the store is written anew
    rewrite_owed: bool,
}

impl From<Erased> for ErasedView {
    fn from(Erased { contact, tickets, rewrite, .. }: Erased) -> ErasedView {
        ErasedView { contact, tickets, rewrite_owed: rewrite }
    }
}

/// The contact named in the path.
pub struct ContactId(pub u64);

impl FromRequestParts<State> for ContactId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<ContactId, Failure> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|e| Problem::bad_request(format!("path: {}", e.body_text())))?;
        text.parse().map(ContactId).map_err(|_| not_found("such contact"))
    }
}

/// Erase a person for good
///
/// Their words, names and addresses leave tickets, timelines and everything beside them; the tickets stay, hollow, so
/// that counts stay right. Where the store is encrypted their keys are destroyed.
#[describe::path(
    delete,
    path = "/api/contacts/{id}",
    tag = "privacy",
    params(("id" = u64, Path, description = "The contact's id"), EraseQuery),
    responses(
        (status = 200, body = ErasedView),
        (status = 400, body = Problem, description = "Without `erase=true`"),
        (status = 404, body = Problem),
    )
)]
pub async fn erase(
    Shared(state): Shared<State>,
    ContactId(id): ContactId,
    Query(query): Query<EraseQuery>,
    input: Input<Nothing>,
) -> Result<Json<ErasedView>, Failure> {
    if query.erase.as_deref() != Some("true") {
        let why = "erase: a contact is not deleted but erased for good, with ?erase=true";
        return Err(Problem::bad_request(why).into());
    }
    let by = (input.caller.actor, input.caller.origin);
    let erased = state.engine.erase(by, Who::Contact(id), None).await?;
    let erased = erased.ok_or_else(|| not_found("such contact"))?;
    Ok(Json(erased.into()))
}

/// What is known of a contact; what is absent stays as it is, null takes it away.
#[derive(Clone, Default, Deserialize, ToSchema)]
pub struct ContactBody {
    /// Once given, no channel's name for them replaces it; null leaves it to the channels again
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>, max_length = 64, example = "María Fernández")]
    pub name: Option<Option<String>>,
    /// A further e-mail address of theirs; nobody else's
    #[schema(max_length = 254, example = "maria@example.org")]
    pub email: Option<String>,
    /// An international number of theirs, with or without its +; nobody else's
    #[schema(max_length = 32, example = "+52 1 55 1234 5678")]
    pub phone: Option<String>,
    pub vip: Option<bool>,
    /// A language tag
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>, max_length = 35, example = "es-MX")]
    pub language: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    pub notes: Option<Option<String>>,
    /// At most 32, in place of those before
    pub tags: Option<Vec<String>>,
    /// At most 50 free attributes; those that are not named stay, null takes one away
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, Option<String>>, example = json!({"plan": "gold"}))]
    pub attributes: BTreeMap<String, Option<String>>,
}

/// The digits of an international number however it is written; none if it is no number.
fn digits(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('+').unwrap_or(text);
    let digits: String = text.chars().filter(|c| !" -().\u{a0}".contains(*c)).collect();
    let is_number = (6..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(digits)
}

impl ContactBody {
    /// The changes that it asks for; what is wrong goes into the findings.
    pub fn changes(&self, findings: &mut Findings) -> ContactChanges {
        let name = self.name.clone().map(|name| name.filter(|name| !name.trim().is_empty()));
        if let Some(name) = name.iter().flatten().next() {
            findings.line("name", name, MAX_NAME / 4);
        }
        let email = given(self.email.as_ref());
        if let Some(email) = email {
            findings.email("email", email);
        }
        let phone = given(self.phone.as_ref());
        let number = phone.and_then(digits);
        if phone.is_some() && number.is_none() {
            findings.find("phone", "must be an international number of 6 to 15 digits");
        }
        let language = self.language.clone().map(|tag| tag.filter(|tag| !tag.trim().is_empty()));
        if language.iter().flatten().any(|tag| !is_language(tag)) {
            findings.find("language", "must be a language tag as en, es-MX or zh-Hans");
        }
        let notes = self.notes.clone().map(|text| text.filter(|text| !text.trim().is_empty()));
        findings.longest("notes", notes.iter().flatten().next(), MAX_NOTES);
        for tag in self.tags.iter().flatten() {
            findings.line("tags", tag, MAX_TAG);
        }
        if self.tags.as_ref().is_some_and(|tags| tags.len() > MAX_TAGS) {
            findings.find("tags", format!("at most {MAX_TAGS}"));
        }
        if self.attributes.len() > MAX_ATTRIBUTES {
            findings.find("attributes", format!("at most {MAX_ATTRIBUTES}"));
        }
        for (name, value) in &self.attributes {
            findings.line("attributes", name, MAX_ATTRIBUTE_NAME);
            findings.longest(&format!("attributes.{name}"), value.as_ref(), MAX_ATTRIBUTE);
        }
        let tags = self.tags.as_ref();
        ContactChanges {
            name,
            email: email.map(str::to_owned),
            phone: number,
            vip: self.vip,
            language,
            notes,
            tags: tags.map(|tags| tags.iter().map(|tag| tag.trim().to_owned()).collect()),
            attributes: self.attributes.clone(),
        }
    }
}

/// Makes a contact, with a phone number or an e-mail address at least.
#[describe::path(post, path = "/api/contacts", operation_id = "create_contact", tag = "contacts", request_body = ContactBody,
    responses((status = 201, body = ContactDetail), (status = 409, description = "somebody has one of the addresses")))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<ContactBody>,
) -> Result<(StatusCode, Json<ContactDetail>), Failure> {
    let mut findings = Findings::default();
    let changes = Box::new(input.value.changes(&mut findings));
    findings.done()?;
    let command = Command::Contact(ContactCommand::Put { changes, is_new: true });
    let id = changed(&state, &input, command).await?;
    Ok((StatusCode::CREATED, Json(detail(&state, &input.caller, id)?)))
}

/// The contact as a command has left it, by its id.
pub async fn changed<T>(state: &State, input: &Input<T>, command: Command) -> Result<u64, Failure> {
    match state.engine.submit(input.submission(command)).await? {
        Reply::Contact(contact) => Ok(contact.id),
        other => Err(unexpected(&other)),
    }
}

/// One contact with its figures. The id of one that became part of another leads to that other one.
#[describe::path(get, path = "/api/contacts/{id}", operation_id = "read_contact", tag = "contacts",
    params(("id" = u64, Path, description = "The contact's id, `contact_id` of a ticket")), responses((status = 200, body = ContactDetail), (status = 404, body = Problem)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    ContactId(id): ContactId,
) -> Result<Json<ContactDetail>, Failure> {
    Ok(Json(detail(&state, &caller, id)?))
}

/// Changes what is given and leaves the rest.
#[describe::path(patch, path = "/api/contacts/{id}", operation_id = "change_contact", tag = "contacts", request_body = ContactBody,
    params(("id" = u64, Path, description = "The contact's id")),
    responses((status = 200, body = ContactDetail), (status = 404, body = Problem), (status = 409, description = "an address is another contact's")))]
pub async fn change(
    Shared(state): Shared<State>,
    ContactId(id): ContactId,
    input: Input<ContactBody>,
) -> Result<Json<ContactDetail>, Failure> {
    seen(&state, &input.caller, id)?;
    let mut findings = Findings::default();
    let changes = Box::new(input.value.changes(&mut findings));
    findings.done()?;
    let command = Command::Contact(ContactCommand::Change { id, changes });
    let id = changed(&state, &input, command).await?;
    Ok(Json(detail(&state, &input.caller, id)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_written() {
        for good in ["+52 1 55 1234 5678", "5215512345678", "(521) 55.1234-5678"] {
            assert_eq!(digits(good).as_deref(), Some("5215512345678"), "{good}");
        }
        for bad in ["", "12345", "+52 55 CALL ME", "1234567890123456"] {
            assert_eq!(digits(bad), None, "{bad}");
        }
    }
}
