//! Customers in the CRM's words: contacts, with what is counted of them.

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::conversations::{CrmConversation, shown};
use super::given::trimmed;
use super::list::customer;
use super::list::in_crm_names;
use super::paging::{Page, Pages, words};
use super::view::names;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::contact::Conversation;
use crate::domain::reference::customer_code;
use crate::domain::status::Status;
use crate::domain::time::Micros;
use crate::engine::command::Command;
use crate::engine::contacts::{ContactChanges, ContactCommand, Known};
use crate::engine::index::{Filter, Set};
use crate::engine::rows::key;
use crate::http::State;
use crate::http::contacts::{ContactBody, changed};
use crate::http::contacts_list::{Wanted, find};
use crate::http::error::Failure;
use crate::http::extract::{Caller, Input, Query};
use crate::http::intake::Findings;

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
    total_tickets: usize,
    open_tickets: usize,
    total_conversations: usize,
}

fn view(state: &State, caller: &Caller, known: Known) -> CrmCustomer {
    let Known { contact, ids, .. } = known;
    let count = |statuses: Set| {
        let visible_to = caller.visible_to();
        let filter = Filter { statuses, visible_to, ..Filter::default() };
        state.engine.shared().index().theirs(&ids, &filter).len()
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

/// Lists customers, the newest first. An agent sees those of whose tickets they see one, and those without any ticket.
#[describe::path(get, path = "/api/v2/customers", operation_id = "list_customers", tag = "crm", params(CustomersQuery),
    responses((status = 200, body = CrmCustomers)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<CustomersQuery>,
) -> Result<Json<CrmCustomers>, Failure> {
    let asked = Page::read(query.page.as_deref(), query.limit.as_deref())?;
    let words = words("search", query.search.as_deref())?;
    let ids = find(&state, Wanted::of(words, caller.visible_to())).await?.ids;
    let shown = ids.iter().skip(usize::try_from(asked.offset).unwrap_or(usize::MAX));
    let contacts = state.engine.read(|rows| {
        let found = shown.take(asked.limit).map(|id| rows.known_contact(*id));
        found.collect::<Result<Vec<_>, _>>()
    })?;
    let customers = contacts.into_iter().flatten();
    let customers = customers.map(|known| view(&state, &caller, known)).collect();
    let pagination = asked.told(ids.len() as u64);
    Ok(Json(CrmCustomers { success: true, customers, pagination }))
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
#[describe::path(get, path = "/api/v2/customers/{id}", operation_id = "read_customer", tag = "crm",
    params(("id" = String, Path, description = "a customer's number or code", example = "CUST-00017")),
    responses((status = 200, body = CustomerDetail)))]
pub async fn read(
    Shared(state): Shared<State>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<CustomerDetail>, Failure> {
    let known = customer(&state, &caller, &id)?;
    let recent_conversations = state.engine.read(|rows| {
        let mut found = Vec::new();
        for id in known.contact.conversations.iter().rev() {
            if let Some(chat) = rows.get::<Conversation>(&key::number(*id))? {
                found.extend(shown(&rows, &caller, chat)?);
            }
        }
        Ok(found)
    })?;
    let customer = view(&state, &caller, known);
    let statistics = customer.statistics;
    Ok(Json(CustomerDetail { success: true, customer, statistics, recent_conversations }))
}

/// What is known of a customer; what is absent stays as it is, or is unknown of a new one.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomerBody {
    #[schema(example = "Ana")]
    first_name: Option<String>,
    #[schema(example = "López")]
    last_name: Option<String>,
    /// A further e-mail address of theirs
    #[schema(max_length = 254)]
    email: Option<String>,
    /// A further number of theirs
    #[schema(max_length = 32)]
    phone_number: Option<String>,
    vip: Option<bool>,
    #[schema(max_length = 10000)]
    notes: Option<String>,
    /// All of them: others are taken away
    tags: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
pub struct ChangedCustomer {
    #[schema(example = true)]
    success: bool,
    customer: CrmCustomer,
}

/// Changes what is known of a customer; `PATCH /api/contacts/{id}` knows more, merging and splitting are there, too.
#[describe::path(put, path = "/api/v2/customers/{id}", operation_id = "edit_customer", tag = "crm", request_body = CustomerBody,
    params(("id" = String, Path, description = "a customer's number or code", example = "CUST-00017")),
    responses((status = 200, body = ChangedCustomer)))]
pub async fn update(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
    input: Input<CustomerBody>,
) -> Result<Json<ChangedCustomer>, Failure> {
    let contact = customer(&state, &input.caller, &id)?.contact;
    let changes = input.value.changes(contact.name.as_deref())?;
    carried_out(&state, &input, ContactCommand::Change { id: contact.id, changes }).await
}

/// Makes a customer, with a number or an e-mail address at least.
#[describe::path(post, path = "/api/v2/customers", operation_id = "make_customer", tag = "crm", request_body = CustomerBody,
    responses((status = 201, body = ChangedCustomer), (status = 409, description = "somebody has one of the addresses")))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<CustomerBody>,
) -> Result<(StatusCode, Json<ChangedCustomer>), Failure> {
    let changes = input.value.changes(None)?;
    let made = carried_out(&state, &input, ContactCommand::Put { changes, is_new: true }).await?;
    Ok((StatusCode::CREATED, made))
}

impl CustomerBody {
    /// The changes that it asks for, of somebody whom we call so.
    fn changes(&self, name: Option<&str>) -> Result<Box<ContactChanges>, Failure> {
        let (first, last) = names(name);
        let first = trimmed(self.first_name.as_ref()).or(first);
        let last = trimmed(self.last_name.as_ref()).or(last);
        let name = [first, last].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let named = self.first_name.is_some() || self.last_name.is_some();
        let wanted = ContactBody {
            name: named.then_some(Some(name)),
            email: self.email.clone(),
            phone: self.phone_number.clone(),
            vip: self.vip,
            notes: self.notes.clone().map(Some),
            tags: self.tags.clone(),
            ..ContactBody::default()
        };
        let mut findings = Findings::default();
        let changes = Box::new(wanted.changes(&mut findings));
        findings.done().map_err(|problem| in_crm_names(problem.into()))?;
        Ok(changes)
    }
}

async fn carried_out(
    state: &State,
    input: &Input<CustomerBody>,
    command: ContactCommand,
) -> Result<Json<ChangedCustomer>, Failure> {
    let changed = changed(state, input, Command::Contact(command)).await;
    let id = changed.map_err(in_crm_names)?;
    let known = customer(state, &input.caller, &id.to_string())?;
    let customer = view(state, &input.caller, known);
    Ok(Json(ChangedCustomer { success: true, customer }))
}
