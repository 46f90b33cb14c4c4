//! Customers in the CRM's words: contacts, with what is counted of them.

use axum::Json;
use axum::extract::{Path, State as Shared};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::conversations::{CrmConversation, shown};
use super::list::customer;
use super::paging::{Page, Pages, holds, words};
use super::view::names;
use crate::domain::contact::{Contact, Conversation};
use crate::domain::reference::customer_code;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine;
use crate::engine::index::{Filter, Set};
use crate::engine::rows::key;
use crate::http::State;
use crate::http::error::Failure;
use crate::http::extract::{Caller, Query};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomersQuery {
    /// Words that all stand in name, number or addresses
    #[param(max_length = 200)]
    #[serde(alias = "q")]
    search: Option<String>,
    /// From 1
    #[param(value_type = Option<i32>, minimum = 1)]
    page: Option<String>,
    /// 1 to 100, 20 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

/// A customer of the CRM.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CrmCustomer {
    /// The contact's number
    #[serde(rename = "_id")]
    #[schema(example = "17")]
    id: String,
    #[schema(example = "CUST-00017")]
    customer_id: String,
    first_name: Option<String>,
    last_name: Option<String>,
    #[schema(example = "5214491234567")]
    phone_number: Option<String>,
    email: Option<String>,
    /// WhatsApp and other addresses, as chats spell them
    addresses: Vec<String>,
    statistics: Counts,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
}

/// What is counted of a customer, as far as the caller may see it (S2.11).
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    total_tickets: u64,
    open_tickets: u64,
    total_conversations: usize,
}

fn view(state: &State, caller: &Caller, contact: Contact) -> CrmCustomer {
    let count = |statuses: Set| {
        let visible_to = caller.visible_to();
        let filter =
            Filter { contact: Some(contact.id), statuses, visible_to, ..Filter::default() };
        state.engine.shared().index().lines(&filter).count() as u64
    };
    let open = Set::statuses(Status::ALL.into_iter().filter(|status| status.is_open()));
    let statistics = Counts {
        total_tickets: count(Set::ALL),
        open_tickets: count(open),
        total_conversations: contact.conversations.len(),
    };
    let (first_name, last_name) = names(contact.name.as_deref());
    let email = contact.addresses.iter().find_map(|a| a.strip_prefix("mailto:"));
    CrmCustomer {
        id: contact.id.to_string(),
        customer_id: customer_code(contact.id),
        first_name,
        last_name,
        email: email.map(str::to_owned),
        phone_number: contact.phone,
        addresses: contact.addresses,
        statistics,
        created_at: contact.created_at,
    }
}

#[derive(Serialize, ToSchema)]
pub struct CrmCustomers {
    #[schema(example = true)]
    success: bool,
    customers: Vec<CrmCustomer>,
    pagination: Pages,
}

/// Lists customers, the newest first.
#[utoipa::path(get, path = "/api/v2/customers", operation_id = "list_customers", tag = "crm", params(CustomersQuery),
    responses((status = 200, body = CrmCustomers)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<CustomersQuery>,
) -> Result<Json<CrmCustomers>, Failure> {
    let asked = Page::read(query.page.as_deref(), query.limit.as_deref())?;
    let words = words("search", query.search.as_deref())?;
    let engine = state.engine.clone();
    let scanned = tokio::task::spawn_blocking(move || {
        engine.newest((asked.offset, asked.limit), |_, contact: Contact| {
            let wanted = contact.merged_into.is_none() && holds(&contact, &words);
            Ok(wanted.then_some(contact))
        })
    });
    let (found, total) = scanned.await.unwrap_or(Err(engine::Error::Panicked))?;
    let customers = found.into_iter().map(|contact| view(&state, &caller, contact)).collect();
    Ok(Json(CrmCustomers { success: true, customers, pagination: asked.told(total) }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerDetail {
    #[schema(example = true)]
    success: bool,
    customer: CrmCustomer,
    statistics: Counts,
    /// Their chats, newest first, as far as the caller may see them
    recent_conversations: Vec<CrmConversation>,
}

/// One customer, with their chats.
#[utoipa::path(get, path = "/api/v2/customers/{id}", operation_id = "read_customer", tag = "crm",
    params(("id" = String, Path, description = "a customer's number or code", example = "CUST-00017")),
    responses((status = 200, body = CustomerDetail)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CustomerDetail>, Failure> {
    let contact = customer(&state, &id)?;
    let recent_conversations = state.engine.read(|rows| {
        let mut found = Vec::new();
        for id in contact.conversations.iter().rev() {
            if let Some(chat) = rows.get::<Conversation>(&key::number(*id))? {
                found.extend(shown(&rows, &caller, chat)?);
            }
        }
        Ok(found)
    })?;
    let customer = view(&state, &caller, contact);
    let statistics = customer.statistics;
    Ok(Json(CustomerDetail { success: true, customer, statistics, recent_conversations }))
}
