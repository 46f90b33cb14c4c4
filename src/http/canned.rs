//! Canned responses: texts that agents send often (S3.7 to S3.9, S3.26).

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::categories::told;
use super::error::{Failure, not_found};
use super::extract::{Caller, Id, Input, Query, limit, named, number};
use super::intake::Findings;
use super::queue::Nothing;
use super::tickets::visible;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::canned::{
    CannedResponse, MAX_CANNED, MAX_CONTENT, MAX_SHORTCUT, MAX_TITLE, Rendered, Variable,
    first_name, render as fill, uses,
};
use crate::domain::category::MAX_SLUG;
use crate::domain::ticket::Ticket;
use crate::domain::time::Micros;
use crate::engine::canned::{CannedChanges, CannedCommand, NewCanned};
use crate::engine::command::{Command, Reply};
use crate::engine::rows::{ReadError, Rows, key};
use crate::wire::problem::Problem;

#[derive(Serialize, ToSchema)]
pub struct CannedView {
    id: u64,
    title: String,
    /// What is typed behind a `/`
    #[schema(example = "thanks")]
    shortcut: Option<String>,
    /// The id of a category
    category: Option<String>,
    #[schema(example = "Thank you for contacting us, {{customer_name}}.")]
    content: String,
    /// Variables in it that there are not; they go out as they are written
    unknown_variables: Vec<String>,
    usage_count: u64,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
}

impl CannedView {
    fn of(rows: &Rows<'_>, response: CannedResponse) -> Result<CannedView, ReadError> {
        let usage_count = rows.count(&uses(response.id))?;
        Ok(CannedView {
            id: response.id,
            unknown_variables: fill(&response.content, |_| Some("-".into())).unknown,
            title: response.title,
            shortcut: response.shortcut,
            category: response.category,
            content: response.content,
            usage_count,
            created_by: response.created_by,
            created_at: response.created_at,
            updated_at: response.updated_at,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub struct CannedList {
    canned_responses: Vec<CannedView>,
    /// Give this as `after` for the next page; absent at the end
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
    /// What may stand in a content, as `{{customer_name}}`, or `{{customer_name|there}}` with words for when it is not
    /// known
    variables: Vec<&'static str>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CannedQuery {
    /// Words in the title, the shortcut (with or without its `/`) or the content
    q: Option<String>,
    /// Only those of this category
    category: Option<String>,
    /// The id to go on behind; the beginning if absent
    #[param(value_type = Option<i32>, minimum = 0)]
    after: Option<String>,
    /// 1 to 100, 50 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// Canned responses, oldest first; those whose shortcut is what is looked for come before.
#[describe::path(get, path = "/api/tickets/canned-responses", operation_id = "list_canned_responses", tag = "canned responses",
    params(CannedQuery), responses((status = 200, body = CannedList)))]
pub async fn list(
    Shared(state): Shared<State>,
    Query(query): Query<CannedQuery>,
) -> Result<Json<CannedList>, Failure> {
    let limit = limit(query.limit.as_deref(), 50)?;
    let after = number("after", query.after.as_deref(), 0)? as u64;
    let wanted = query.q.as_deref().unwrap_or_default().trim().to_lowercase();
    let bare = wanted.trim_start_matches('/').to_owned();
    let category = query.category.filter(|slug| !slug.is_empty());
    let fits = |response: &CannedResponse| {
        let in_category = category.is_none() || response.category == category;
        let by_shortcut =
            response.shortcut.as_deref().is_some_and(|shortcut| shortcut.contains(&bare));
        let texts = [&response.title, &response.content];
        let by_words = || texts.iter().any(|text| text.to_lowercase().contains(&wanted));
        in_category
            && (wanted.is_empty() || by_shortcut || (!wanted.starts_with('/') && by_words()))
    };
    let (canned_responses, more) = state.engine.read(|rows| {
        let all = rows.all_canned(MAX_CANNED)?;
        let mut found: Vec<_> = all.into_iter().filter(|r| r.id > after && fits(r)).collect();
        let exact = |r: &CannedResponse| r.shortcut.as_deref() != Some(bare.as_str());
        let more = found.len() > limit;
        if !more && after == 0 {
            found.sort_by_key(exact);
        }
        found.truncate(limit);
        let views = found.into_iter().map(|response| CannedView::of(&rows, response));
        Ok((views.collect::<Result<Vec<_>, _>>()?, more))
    })?;
    let next = canned_responses.last().filter(|_| more).map(|last| last.id);
    let variables = Variable::ALL.iter().map(|(name, _)| *name).collect();
    Ok(Json(CannedList { canned_responses, next, variables }))
}

fn stored(rows: &Rows<'_>, id: u64) -> Result<Option<CannedResponse>, ReadError> {
    rows.get(&key::number(id))
}

/// One canned response.
#[describe::path(get, path = "/api/tickets/canned-responses/{id}", operation_id = "read_canned_response", tag = "canned responses",
    params(("id" = u64, Path, description = "its id")), responses((status = 200, body = CannedView)))]
pub async fn read(Shared(state): Shared<State>, Id(id): Id) -> Result<Json<CannedView>, Failure> {
    let found = state.engine.read(|rows| {
        stored(&rows, id)?.map(|response| CannedView::of(&rows, response)).transpose()
    })?;
    Ok(Json(found.ok_or_else(|| not_found("such canned response"))?))
}

#[derive(Deserialize, ToSchema)]
pub struct CannedBody {
    #[schema(max_length = 128, example = "Thanks")]
    title: String,
    /// One word, with or without a `/`; no two are the same
    #[schema(max_length = 33, example = "/thanks")]
    shortcut: Option<String>,
    /// The id of a category
    #[schema(max_length = 64)]
    category: Option<String>,
    #[schema(max_length = 10000, example = "Thank you for contacting us, {{customer_name}}.")]
    content: String,
}

/// Makes a canned response.
#[describe::path(post, path = "/api/tickets/canned-responses", operation_id = "create_canned_response", tag = "canned responses", request_body = CannedBody,
    responses((status = 201, body = CannedView), (status = 409, description = "the shortcut is another's")))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<CannedBody>,
) -> Result<(StatusCode, Json<CannedView>), Failure> {
    let CannedBody { title, shortcut, category, content } = &input.value;
    let new = NewCanned {
        title: title.clone(),
        shortcut: shortcut.clone(),
        category: category.clone().filter(|slug| !slug.is_empty()),
        content: content.clone(),
    };
    let command = Command::Canned(CannedCommand::Create(Box::new(new)));
    Ok((StatusCode::CREATED, Json(changed(&state, &input, command).await?)))
}

async fn changed<T>(
    state: &State,
    input: &Input<T>,
    command: Command,
) -> Result<CannedView, Failure> {
    match state.engine.submit(input.submission(command)).await? {
        Reply::Canned(response) => {
            Ok(state.engine.read(|rows| CannedView::of(&rows, *response))?)
        }
        other => Err(unexpected(&other)),
    }
}

#[derive(Default, Deserialize, ToSchema)]
pub struct CannedUpdate {
    #[schema(max_length = 128, example = "Many thanks")]
    title: Option<String>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>, max_length = 33)]
    shortcut: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>, max_length = 64)]
    category: Option<Option<String>>,
    #[schema(max_length = 10000)]
    content: Option<String>,
}

/// Changes what is given and leaves the rest.
#[describe::path(put, path = "/api/tickets/canned-responses/{id}", operation_id = "update_canned_response", tag = "canned responses", request_body = CannedUpdate,
    params(("id" = u64, Path, description = "its id")), responses((status = 200, body = CannedView)))]
pub async fn update(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<CannedUpdate>,
) -> Result<Json<CannedView>, Failure> {
    let CannedUpdate { title, shortcut, category, content } = &input.value;
    let mut findings = Findings::default();
    findings.longest("title", title.as_ref(), MAX_TITLE);
    findings.longest("shortcut", shortcut.iter().flatten().next(), MAX_SHORTCUT + 1);
    findings.longest("category", category.iter().flatten().next(), MAX_SLUG);
    findings.longest("content", content.as_ref(), MAX_CONTENT);
    findings.done()?;
    let changes = Box::new(CannedChanges {
        title: title.clone(),
        shortcut: shortcut.clone(),
        category: category.clone().map(|slug| slug.filter(|slug| !slug.is_empty())),
        content: content.clone(),
    });
    let command = Command::Canned(CannedCommand::Update { id, changes });
    Ok(Json(changed(&state, &input, command).await?))
}

/// Deletes a canned response; its shortcut is free again.
#[describe::path(delete, path = "/api/tickets/canned-responses/{id}", operation_id = "delete_canned_response", tag = "canned responses",
    params(("id" = u64, Path, description = "its id")), responses((status = 204)))]
pub async fn delete(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let command = Command::Canned(CannedCommand::Delete { id });
    input.carry_out(&state, command).await
}

/// Counts one use (S3.26).
#[describe::path(post, path = "/api/tickets/canned-responses/{id}/use", operation_id = "use_canned_response", tag = "canned responses",
    params(("id" = u64, Path, description = "its id")), responses((status = 200, body = CannedView)))]
pub async fn count_use(
    Shared(state): Shared<State>,
    Id(id): Id,
    input: Input<Nothing>,
) -> Result<Json<CannedView>, Failure> {
    let command = Command::Canned(CannedCommand::Use { id });
    Ok(Json(changed(&state, &input, command).await?))
}

#[derive(Deserialize, ToSchema)]
pub struct RenderBody {
    /// Any reference of the ticket
    #[schema(example = "1001")]
    ticket: String,
}

#[derive(Serialize, ToSchema)]
pub struct RenderedView {
    body: String,
    /// Variables that there are not; they stand in the body as they are written
    unknown_variables: Vec<String>,
    /// Variables of which the ticket knows nothing; other words stand for them, or none
    missing_variables: Vec<String>,
}

/// Fills a canned response in for a ticket, to be looked over before it is sent.
#[describe::path(post, path = "/api/tickets/canned-responses/{id}/render", operation_id = "render_canned_response", tag = "canned responses", request_body = RenderBody,
    params(("id" = u64, Path, description = "its id")), responses((status = 200, body = RenderedView)))]
pub async fn render(
    Shared(state): Shared<State>,
    Id(id): Id,
    caller: Caller,
    input: Input<RenderBody>,
) -> Result<Json<RenderedView>, Failure> {
    let reference = named(&input.value.ticket)
        .map_err(|_| Problem::field("ticket", "must be a reference of a ticket"))?;
    let (response, ticket) =
        state.engine.read(|rows| Ok((stored(&rows, id)?, rows.resolve(&reference)?)))?;
    let response = response.ok_or_else(|| not_found("such canned response"))?;
    let ticket = ticket.filter(|t| visible(&caller, t)).ok_or_else(|| not_found("such ticket"))?;
    let Rendered { body, unknown, missing } =
        fill(&response.content, |variable| value(&state, &ticket, caller.actor.name(), variable));
    Ok(Json(RenderedView { body, unknown_variables: unknown, missing_variables: missing }))
}

fn value(state: &State, ticket: &Ticket, agent: &str, variable: Variable) -> Option<String> {
    let requester = &ticket.requester;
    match variable {
        Variable::CustomerName => requester.name.clone(),
        Variable::CustomerFirstName => requester.name.as_deref().and_then(first_name),
        Variable::CustomerEmail => requester.email.clone(),
        Variable::CustomerPhone => requester.phone.as_ref().map(|digits| format!("+{digits}")),
        Variable::TicketNumber => Some(format!("#{}", ticket.number)),
        Variable::TicketReference => Some(ticket.ticket_id.clone()),
        Variable::TicketSubject => ticket.subject.clone(),
        Variable::TicketStatus => Some(ticket.status.on_helpdesk_face().replace('_', " ")),
        Variable::TicketPriority => Some(ticket.priority.as_str().to_owned()),
        Variable::TicketCategory => {
            let slug = ticket.category.as_deref()?;
            let known = state.engine.shared().categories();
            Some(known.get(slug).map_or_else(|| slug.to_owned(), |category| category.name.clone()))
        }
        Variable::TicketDate => Some(ticket.created_at.date_in(&state.desk.zone).to_string()),
        Variable::OrderId => ticket.order_id.clone(),
        Variable::AgentName => Some(agent.to_owned()),
        Variable::AgentFirstName => first_name(agent),
        Variable::DeskName => Some(state.desk.name.clone()),
    }
}
