//! Lists of tickets in the CRM's words: all, a customer's, a conversation's (S2.17, S2.18, S2.21).

use axum::Json;
use axum::extract::{Path, State as Shared};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Success;
use super::view::{CrmTicket, listed};
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::contact::Conversation;
use crate::engine::contacts::Known;
use crate::engine::index::Filter;
use crate::engine::rows::key;
use crate::http::State;
use crate::http::calls::tickets;
use crate::http::contacts_view::seen;
use crate::http::error::{Failure, not_found};
use crate::http::extract::{Caller, limit, number};
use crate::http::tickets::visible;
use crate::http::tickets_list::{self, Listed};
use crate::wire::problem::Problem;

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct CrmQuery {
    /// One or more of new, open, in_progress, pending_customer, waiting_internal, resolved, closed, with commas between
    /// them or the parameter repeated
    #[param(example = "new,open")]
    status: Option<String>,
    /// One or more of low, medium, high, urgent
    priority: Option<String>,
    /// Names of categories
    category: Option<String>,
    /// One or more of call, whatsapp, web, email, chat, zendesk, intercom, api
    channel: Option<String>,
    /// me, none, any, or an agent's id
    assigned_agent: Option<String>,
    /// A customer's number or code
    #[param(example = "CUST-00017")]
    customer_id: Option<String>,
    /// A conversation's number
    conversation_id: Option<String>,
    tag: Option<String>,
    /// Words that all stand in number, references, subject, tags, or name, e-mail or phone of the customer
    #[param(max_length = 200)]
    #[serde(alias = "q")]
    search: Option<String>,
    /// Made then or later: a day (UTC) or a time
    start_date: Option<String>,
    /// Made before that time, or on that day or before
    end_date: Option<String>,
    #[param(value_type = Option<bool>)]
    escalated: Option<String>,
    #[param(value_type = Option<bool>)]
    on_hold: Option<String>,
    /// createdAt, updatedAt or priority; createdAt if absent
    #[param(pattern = "^(createdAt|updatedAt|priority|)$")]
    sort_by: Option<String>,
    /// asc or desc, desc if absent
    #[param(pattern = "^(asc|desc)?$")]
    sort_order: Option<String>,
    /// From 1
    #[param(value_type = Option<i32>, minimum = 1)]
    page: Option<String>,
    /// 1 to 100, 20 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// The CRM's names of the helpdesk's parameters, where they differ.
const NAMES: [(&str, &str); 9] = [
    ("contact", "customerId"),
    ("assignee", "assignedAgent"),
    ("created_from", "startDate"),
    ("created_to", "endDate"),
    ("on_hold", "onHold"),
    ("q", "search"),
    ("sort", "sortBy"),
    ("order", "sortOrder"),
    ("phone", "phoneNumber"),
];

/// A query whose repeated parameters are one, with commas between the values.
pub struct Asked(pub CrmQuery);

impl axum::extract::FromRequestParts<State> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &State,
    ) -> Result<Asked, Failure> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|e| Problem::bad_request(format!("query: {}", e.body_text())))?;
        let mut joined: Map<String, Value> = Map::new();
        for (name, value) in pairs.0 {
            let name = name.trim_end_matches("[]").to_owned();
            let value = match joined.get(&name).and_then(Value::as_str) {
                Some(earlier) => format!("{earlier},{value}"),
                None => value,
            };
            joined.insert(name, Value::String(value));
        }
        let query = serde_json::from_value(Value::Object(joined));
        Ok(Asked(query.map_err(|e| Problem::bad_request(format!("query: {e}")))?))
    }
}

/// The number of a customer, `17` or `CUST-00017`.
pub fn customer_number(text: &str) -> Option<u64> {
    let digits = text.trim().strip_prefix("CUST-").unwrap_or(text.trim());
    digits.parse().ok().filter(|id| *id > 0)
}

impl CrmQuery {
    fn on_helpdesk(&self) -> Result<tickets_list::ListQuery, Failure> {
        let customer = self.customer_id.as_deref().filter(|id| !id.is_empty());
        let contact = customer.map(|id| {
            let why = "must be the number of a customer, as 17 or CUST-00017";
            customer_number(id).ok_or_else(|| Problem::field("customerId", why))
        });
        let assignee = match self.assigned_agent.as_deref() {
            Some("unassigned" | "null") => Some("none"),
            other => other,
        };
        let sort = match self.sort_by.as_deref() {
            None | Some("") => None,
            Some("createdAt") => Some("created_at"),
            Some("updatedAt") => Some("updated_at"),
            Some("priority") => Some("priority"),
            Some(_) => {
                let why = "must be createdAt, updatedAt or priority";
                return Err(Problem::field("sortBy", why).into());
            }
        };
        let order = self.sort_order.as_deref().filter(|order| !order.is_empty()).unwrap_or("desc");
        let query = json!({
            "status": self.status,
            "priority": self.priority,
            "category": self.category,
            "channel": self.channel,
            "assignee": assignee,
            "contact": contact.transpose()?.map(|id| id.to_string()),
            "created_from": self.start_date,
            "created_to": self.end_date,
            "on_hold": self.on_hold,
            "escalated": self.escalated,
            "tag": self.tag,
            "q": self.search,
            "sort": sort,
            "order": order,
            "page": self.page,
            "limit": self.limit,
        });
        serde_json::from_value(query)
            .map_err(|e| Problem::bad_request(format!("query: {e}")).into())
    }
}

/// The same error in the CRM's names.
pub fn in_crm_names(failure: Failure) -> Failure {
    let mut problem = failure.into_problem();
    for (helpdesk, crm) in NAMES {
        for error in problem.errors.iter_mut().filter(|error| error.field == helpdesk) {
            error.field = crm.to_owned();
        }
        if let Some(rest) = problem.detail.strip_prefix(&format!("{helpdesk}:")) {
            problem.detail = format!("{crm}:{rest}");
        }
    }
    problem.into()
}

/// A page of tickets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrmTickets {
    tickets: Vec<CrmTicket>,
    /// How many there are on all pages
    total: u64,
    page: usize,
    limit: usize,
    pages: u64,
    /// The same as `pages`
    total_pages: u64,
}

fn page_of(state: &State, found: Listed) -> Result<Json<Success<CrmTickets>>, Failure> {
    let now = state.engine.shared().now();
    let Listed { numbers, page, limit, total, .. } = found;
    let tickets = state.engine.read(|rows| {
        let found = tickets(&rows, &numbers)?.into_iter();
        found.map(|ticket| listed(&rows, ticket, now)).collect::<Result<Vec<_>, _>>()
    })?;
    let pages = total.div_ceil(limit as u64);
    let page = CrmTickets { tickets, total, page, limit, pages, total_pages: pages };
    Ok(Json(Success::of(page)))
}

async fn find(
    state: &State,
    caller: &Caller,
    query: &CrmQuery,
) -> Result<Json<Success<CrmTickets>>, Failure> {
    if let Some(id) = query.conversation_id.as_deref().filter(|id| !id.is_empty()) {
        return in_conversation(state, caller, query, id).await;
    }
    let helpdesk = query.on_helpdesk()?;
    let found = tickets_list::find(state, caller, &helpdesk).await;
    page_of(state, found.map_err(in_crm_names)?)
}

/// Lists tickets, the newest first. Agents see their own, unassigned and followed ones (S2.20), and the total counts
/// only these.
#[describe::path(get, path = "/api/v2/tickets", operation_id = "list_crm_tickets", tag = "crm", params(CrmQuery),
    responses((status = 200, body = Success<CrmTickets>)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Asked(query): Asked,
) -> Result<Json<Success<CrmTickets>>, Failure> {
    find(&state, &caller, &query).await
}

/// The customer of this number or code, or who they turned out to be, if the caller may see them.
pub fn customer(state: &State, caller: &Caller, text: &str) -> Result<Known, Failure> {
    let id = customer_number(text).ok_or_else(|| not_found("such customer"))?;
    Ok(seen(state, caller, id)?.0)
}

/// Lists a customer's tickets; the parameters are those of the list of all.
#[describe::path(get, path = "/api/v2/customers/{id}/tickets", operation_id = "list_customer_tickets", tag = "crm",
    params(("id" = String, Path, description = "a customer's number or code", example = "CUST-00017"), CrmQuery),
    responses((status = 200, body = Success<CrmTickets>)))]
pub async fn of_customer(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(query): Asked,
) -> Result<Json<Success<CrmTickets>>, Failure> {
    let customer = customer(&state, &caller, &id)?;
    let query = CrmQuery { customer_id: Some(customer.contact.id.to_string()), ..query };
    find(&state, &caller, &query).await
}

/// Lists the tickets that came in a conversation; the parameters are those of the list of all.
#[describe::path(get, path = "/api/v2/conversations/{id}/tickets", operation_id = "list_conversation_tickets", tag = "crm",
    params(("id" = String, Path, description = "a conversation's number", example = "3"), CrmQuery),
    responses((status = 200, body = Success<CrmTickets>)))]
pub async fn of_conversation(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
    Asked(query): Asked,
) -> Result<Json<Success<CrmTickets>>, Failure> {
    in_conversation(&state, &caller, &query, &id).await
}

/// A conversation that the caller may see, as they may see the ticket that it is in.
pub fn conversation(state: &State, caller: &Caller, text: &str) -> Result<Conversation, Failure> {
    let id: u64 = text.trim().parse().map_err(|_| not_found("such conversation"))?;
    let found = state.engine.read(|rows| {
        let Some(found) = rows.get::<Conversation>(&key::number(id))? else { return Ok(None) };
        let ticket = found.ticket.map_or(Ok(None), |number| rows.live(number))?;
        Ok(ticket.is_none_or(|ticket| visible(caller, &ticket)).then_some(found))
    })?;
    found.ok_or_else(|| not_found("such conversation"))
}

/// Tickets of one customer that are looked at for one answer, the newest first.
const MOST: usize = 10_000;

/// The index knows customers, not chats: of those of the chat's customer the records tell.
async fn in_conversation(
    state: &State,
    caller: &Caller,
    query: &CrmQuery,
    id: &str,
) -> Result<Json<Success<CrmTickets>>, Failure> {
    let conversation = conversation(state, caller, id)?;
    let helpdesk = query.on_helpdesk()?;
    let asked = tickets_list::filter(state, caller, &helpdesk).map_err(in_crm_names)?;
    let limit = limit(query.limit.as_deref(), 20)?;
    let page = number("page", query.page.as_deref(), 1)?;
    let Some(before) = page.checked_sub(1) else {
        return Err(Problem::field("page", "at least 1").into());
    };
    let contacts = state.engine.read(|rows| rows.ids_of(conversation.contact))?;
    let filter = Filter { contacts, ..asked };
    let numbers = state.engine.shared().index().newest(&filter, MOST);
    let all = state.engine.read(|rows| {
        let mut all = Vec::new();
        for number in &numbers {
            let Some(ticket) = rows.ticket(*number)? else { continue };
            if rows.conversation_of(&ticket)? == Some(conversation.id) {
                all.push(*number);
            }
        }
        Ok(all)
    })?;
    let total = all.len() as u64;
    let numbers = all.into_iter().skip(before.saturating_mul(limit)).take(limit).collect();
    page_of(state, Listed::of(numbers, page, limit, total))
}
