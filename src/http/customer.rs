//! What customers do over the portal (S3.40 to S3.44): open a ticket, find it, reply, rate. None of it needs a token of the
//! desk's; what is about one ticket needs that ticket's own.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::{Failure, not_found};
use super::extract::{Named, OpenInput, Query, named};
use super::intake::{Findings, given, requester};
use super::mail::send_links;
use super::portal::{PublicEntry, PublicTicket};
use super::public::{HandedOver, MAX_WORKSPACE, fresh_token, own_workspace, within_limits};
use super::visitor::Visitor;
use crate::auth::token;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::channel::Channel;
use crate::domain::email;
use crate::domain::entry::Speaker;
use crate::domain::rating::{BEST, MAX_FEEDBACK, Rating};
use crate::domain::reference::Reference;
use crate::domain::ticket::{MAX_DESCRIPTION, MAX_NAME, MAX_SUBJECT, Ticket};
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, Idempotency, Reply, Submission};
use crate::engine::intake::NewCase;
use crate::engine::portal::{CUSTOMER, PortalCommand};
use crate::wire::problem::Problem;

/// The door's name in figures.
pub const DOOR: &str = "portal";

fn submission<T>(input: &OpenInput<T>, command: PortalCommand) -> Submission {
    let actor = Actor::Token { name: CUSTOMER.into() };
    let submission = Submission::new(actor, Command::Portal(command));
    submission.from(input.origin).keyed(input.idempotency)
}

#[derive(Deserialize, ToSchema)]
pub struct SubmitBody {
    /// Which of the configured workspaces (`public.workspaces`)
    #[schema(max_length = 64)]
    workspace_id: Option<String>,
    #[schema(max_length = 255, example = "Question about billing")]
    subject: String,
    #[schema(max_length = 10000, example = "I have a question...")]
    description: String,
    #[schema(format = "email", max_length = 254, example = "customer@example.com")]
    requester_email: String,
    #[schema(max_length = 256, example = "John Doe")]
    requester_name: Option<String>,
}

/// A customer opens a ticket (S3.41). The token that comes back is good for this ticket alone; it is shown this once.
#[describe::path(post, path = "/api/public/tickets", operation_id = "submit_ticket", tag = "portal", security(()), request_body = SubmitBody,
    responses((status = 201, body = HandedOver)))]
pub async fn submit(
    Shared(state): Shared<State>,
    input: OpenInput<SubmitBody>,
) -> Result<(StatusCode, Json<HandedOver>), Failure> {
    let body = &input.value;
    let mut findings = Findings::default();
    if let Some(workspace) = given(body.workspace_id.as_ref()) {
        findings.line("workspace_id", workspace, MAX_WORKSPACE);
        own_workspace(&state, &mut findings, workspace);
    }
    findings.line("subject", &body.subject, MAX_SUBJECT);
    findings.text("description", &body.description, MAX_DESCRIPTION);
    findings.email("requester_email", &body.requester_email);
    let name = given(body.requester_name.as_ref());
    if let Some(name) = name {
        findings.line("requester_name", name, MAX_NAME);
    }
    findings.done()?;
    within_limits(&state, &input.limits(&email::folded(&body.requester_email)), DOOR)?;
    let access_token = access_token(&state, input.idempotency.as_ref())?;
    let case = NewCase {
        channel: Channel::Web,
        source: Some("portal".into()),
        name: None,
        delivery: None,
        requester: requester(&body.requester_email, name),
        subject: Some(body.subject.trim().to_owned()),
        description: Some(body.description.clone()),
        described_by: Speaker::User,
        opened_at: None,
        order_id: None,
        priority: None,
        tags: Vec::new(),
        turns: Vec::new(),
        status: None,
    };
    let token = token::hash(&access_token);
    let command = PortalCommand::Submit { case: Box::new(case), token };
    match state.engine.submit(submission(&input, command)).await? {
        Reply::Taken { ticket, .. } => {
            state.engine.shared().metrics.event(DOOR, "stored");
            Ok((StatusCode::CREATED, Json(HandedOver::of(*ticket, access_token))))
        }
        other => Err(unexpected(&other)),
    }
}

/// A fresh token; of a request with a key the same one whenever it comes again.
fn access_token(state: &State, key: Option<&Idempotency>) -> Result<String, Failure> {
    let Some(key) = key else { return fresh_token() };
    let seal = &state.engine.shared().seal;
    let half = |which: &[u8]| seal.hash("portal token", &[which, &key.key, &key.request]);
    Ok(format!("fd_{}", URL_SAFE_NO_PAD.encode([half(b"1"), half(b"2")].concat())))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LookupQuery {
    /// The address that the ticket was opened with
    email: String,
    /// Its number, as 1001 or #1001, or its reference
    ticket_number: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Lookup {
    /// The one that was named, if the address is its customer's
    tickets: Vec<FoundTicket>,
    /// What to do next, for people
    message: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct FoundTicket {
    #[schema(example = "#1001")]
    ticket_number: String,
    /// new, open, in_progress, pending, waiting_internal, resolved or closed
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
    #[schema(value_type = Option<String>, format = DateTime)]
    resolved_at: Option<Micros>,
}

/// Finds a ticket by number and address together (S3.43): status and dates, nothing of what was said.
///
/// An address alone is answered the same whether or not it is known here; links to its tickets go there by mail, where mail
/// goes out and `mail.portal_link` is set.
#[describe::path(get, path = "/api/public/tickets/lookup", operation_id = "look_up_ticket", tag = "portal", security(()), params(LookupQuery),
    responses((status = 200, body = Lookup)))]
pub async fn lookup(
    Shared(state): Shared<State>,
    visitor: Visitor,
    Query(query): Query<LookupQuery>,
) -> Result<Json<Lookup>, Failure> {
    let mut findings = Findings::default();
    findings.email("email", &query.email);
    findings.done()?;
    let asked = email::folded(query.email.trim());
    within_limits(&state, &visitor.keys(&asked), DOOR)?;
    let Some(number) = given(query.ticket_number.as_ref()) else {
        send_links(&state, &visitor, asked);
        let message = match state.desk.mail.links {
            true => {
                "If there are tickets of this address, a mail with links to them is on its way."
            }
            false => {
                "Give the number of the ticket with the address, or open the link that you \
                 were given with it."
            }
        };
        return Ok(Json(Lookup { tickets: Vec::new(), message }));
    };
    let reference = named(number)
        .map_err(|_| Problem::field("ticket_number", "must be a number as 1001 or #1001"))?;
    let found = state.engine.read(|rows| rows.resolve(&reference))?;
    let theirs = |ticket: &Ticket| {
        ticket.requester.email.as_ref().is_some_and(|known| email::folded(known) == asked)
    };
    let tickets = found.filter(theirs).map(|ticket| FoundTicket {
        ticket_number: format!("#{}", ticket.number),
        status: ticket.status.on_helpdesk_face(),
        created_at: ticket.created_at,
        updated_at: ticket.updated_at,
        resolved_at: ticket.resolved_at,
    });
    let message = "If a ticket of this number was opened with this address, it is listed.";
    Ok(Json(Lookup { tickets: tickets.into_iter().collect(), message }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// The customer's token, if it is sent neither in the body nor as bearer
    pub token: Option<String>,
}

/// The token of a request, from wherever it stands.
pub fn shown(
    in_body: Option<&String>,
    headers: &HeaderMap,
    query: Option<&String>,
) -> Result<[u8; 32], Failure> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = given(in_body).or(bearer.and_then(token::bearer)).or(given(query));
    let shown = shown.ok_or_else(|| {
        let why = "send the ticket's access token as `access_token`, as `Authorization: Bearer …` \
            or as `?token=…`";
        Problem::new(401, "Unauthorized", why)
    })?;
    Ok(token::hash(shown))
}

/// The number of a ticket that this token opens; a wrong token learns nothing, not even that there is such a ticket.
pub fn opened(state: &State, reference: &Reference, token: &[u8; 32]) -> Result<Ticket, Failure> {
    let now = state.engine.shared().steady();
    let found = state.engine.read(|rows| {
        let Some(ticket) = rows.resolve(reference)? else { return Ok(None) };
        Ok(rows.opens(ticket.number, token, now)?.then_some(ticket))
    })?;
    found.ok_or_else(|| not_found("such ticket"))
}

#[derive(Deserialize, ToSchema)]
pub struct ReplyBody {
    /// The ticket's token, if it is not sent as bearer or in the address
    access_token: Option<String>,
    #[schema(max_length = 10000)]
    body: String,
}

#[derive(Serialize, ToSchema)]
pub struct Replied {
    /// The ticket that the reply stands on: one that ended long ago is followed by another, which the token opens too
    pub ticket: PublicTicket,
    pub comment: PublicEntry,
}

/// A customer writes more on their ticket. One that waited for them goes on, one that had ended opens again.
#[describe::path(post, path = "/api/public/tickets/{ref}/reply", operation_id = "reply_on_ticket", tag = "portal", security(()), request_body = ReplyBody,
    params(("ref" = String, Path, description = "any reference of the ticket"), TokenQuery), responses((status = 201, body = Replied)))]
pub async fn reply(
    Shared(state): Shared<State>,
    Named(reference): Named,
    Query(query): Query<TokenQuery>,
    headers: HeaderMap,
    input: OpenInput<ReplyBody>,
) -> Result<(StatusCode, Json<Replied>), Failure> {
    let mut findings = Findings::default();
    findings.text("body", &input.value.body, MAX_DESCRIPTION);
    findings.done()?;
    let token = shown(input.value.access_token.as_ref(), &headers, query.token.as_ref())?;
    within_limits(&state, &input.limits(&hex(&token)), DOOR)?;
    let ticket = opened(&state, &reference, &token)?.number;
    let body = input.value.body.clone();
    let command = PortalCommand::Reply { ticket, token, body, files: Vec::new() };
    match state.engine.submit(submission(&input, command)).await? {
        Reply::Interaction { ticket, entry } => {
            let comment = PublicEntry::of(*entry, None);
            Ok((StatusCode::CREATED, Json(Replied { ticket: (*ticket).into(), comment })))
        }
        other => Err(unexpected(&other)),
    }
}

pub fn hex(token: &[u8; 32]) -> String {
    crate::engine::files::hex(token)
}

#[derive(Deserialize, ToSchema)]
pub struct RatingBody {
    /// The ticket's token, if it is not sent as bearer or in the address
    #[schema(example = "abc123...")]
    access_token: Option<String>,
    /// 1 to 5
    #[schema(minimum = 1, maximum = 5, example = 5)]
    rating: u8,
    #[schema(max_length = 2000, example = "Great support!")]
    feedback: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct RatingView {
    /// The ticket's UUID
    ticket_id: String,
    #[schema(example = "#1001")]
    ticket_number: String,
    /// 1 to 5
    rating: u8,
    feedback: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    rated_at: Micros,
}

impl RatingView {
    pub fn of(ticket: &Ticket, rating: Rating) -> RatingView {
        RatingView {
            ticket_id: ticket.id.to_string(),
            ticket_number: format!("#{}", ticket.number),
            rating: rating.rating,
            feedback: rating.feedback,
            rated_at: rating.rated_at,
        }
    }
}

/// A customer rates their ticket once it is resolved (S3.44): one rating a ticket, which may be changed for a day.
#[describe::path(post, path = "/api/public/tickets/{ref}/satisfaction", operation_id = "rate_ticket", tag = "portal", security(()), request_body = RatingBody,
    params(("ref" = String, Path, description = "any reference of the ticket"), TokenQuery),
    responses((status = 201, body = RatingView), (status = 409, description = "not resolved yet, or rated more than a day ago")))]
pub async fn rate(
    Shared(state): Shared<State>,
    Named(reference): Named,
    Query(query): Query<TokenQuery>,
    headers: HeaderMap,
    input: OpenInput<RatingBody>,
) -> Result<(StatusCode, Json<RatingView>), Failure> {
    let body = &input.value;
    let mut findings = Findings::default();
    if !(1..=BEST).contains(&body.rating) {
        findings.find("rating", format!("must be a whole number, 1 to {BEST}"));
    }
    if let Some(feedback) = given(body.feedback.as_ref()) {
        findings.text("feedback", feedback, MAX_FEEDBACK);
    }
    findings.done()?;
    let token = shown(body.access_token.as_ref(), &headers, query.token.as_ref())?;
    within_limits(&state, &input.limits(&hex(&token)), DOOR)?;
    let ticket = opened(&state, &reference, &token)?;
    let (number, rating) = (ticket.number, body.rating);
    let feedback = given(body.feedback.as_ref()).map(str::to_owned);
    let command = PortalCommand::Rate { ticket: number, token, rating, feedback };
    match state.engine.submit(submission(&input, command)).await? {
        Reply::Rating(rating) => Ok((StatusCode::CREATED, Json(RatingView::of(&ticket, *rating)))),
        other => Err(unexpected(&other)),
    }
}
