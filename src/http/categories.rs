//! Categories: the tree of topics that tickets are about (S3.13, S3.24).

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};

use super::State;
use super::calls::unexpected;
use super::error::{Failure, not_found};
use super::extract::{Input, Query};
use super::intake::Findings;
use super::queue::Nothing;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::category::{
    Category, FoundIn, MAX_CATEGORY_DESCRIPTION, MAX_CATEGORY_NAME, MAX_SLUG,
};
use crate::domain::time::Micros;
use crate::engine::categories::{CategoryChanges, CategoryCommand, MOVED_AT_ONCE, NewCategory};
use crate::engine::command::{Command, Reply};
use crate::engine::index::{Filter, Index};
use crate::wire::problem::Problem;

#[derive(Serialize, ToSchema)]
pub struct CategoryView {
    /// What tickets hold and lists are filtered by; it never changes
    #[schema(example = "billing")]
    id: String,
    #[schema(example = "Billing")]
    name: String,
    description: Option<String>,
    #[schema(example = "#3B82F6")]
    color: String,
    /// The category that this one is part of
    parent_id: Option<String>,
    /// Words and phrases by which it is found
    keywords: Vec<String>,
    /// calls, tickets (all that are no calls), or all
    found_in: &'static str,
    /// Tickets that are in it, its parts not counted
    ticket_count: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Micros,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Micros,
}

impl CategoryView {
    fn of(category: &Category, ticket_count: u64) -> CategoryView {
        let Category { slug, name, description, color, parent, keywords, .. } = category.clone();
        CategoryView {
            id: slug,
            name,
            description,
            color,
            parent_id: parent,
            keywords,
            found_in: category.found_in.as_str(),
            ticket_count,
            created_at: category.created_at,
            updated_at: category.updated_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct Categories {
    /// By id; `parent_id` makes them a tree
    categories: Vec<CategoryView>,
}

/// How many tickets are in each.
fn counts(index: &Index) -> HashMap<String, u64> {
    let total = index.total(&Filter::default());
    let named = |(slug, count, _): (Option<&str>, u64, _)| Some((slug?.to_owned(), count));
    total.categories(index).filter_map(named).collect()
}

fn count(state: &State, slug: &str) -> u64 {
    counts(&state.engine.shared().index()).get(slug).copied().unwrap_or(0)
}

/// Every category (S3.24).
#[describe::path(get, path = "/api/tickets/categories", operation_id = "list_categories", tag = "categories",
    responses((status = 200, body = Categories)))]
pub async fn list(Shared(state): Shared<State>) -> Json<Categories> {
    let counts = counts(&state.engine.shared().index());
    let known = state.engine.shared().categories();
    let of = |c| CategoryView::of(c, counts.get(&c.slug).copied().unwrap_or(0));
    Json(Categories { categories: known.all().map(of).collect() })
}

/// One category.
#[describe::path(get, path = "/api/tickets/categories/{id}", operation_id = "read_category", tag = "categories",
    params(("id" = String, Path, description = "as `billing`")), responses((status = 200, body = CategoryView)))]
pub async fn read(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
) -> Result<Json<CategoryView>, Failure> {
    let known = state.engine.shared().categories();
    let category = known.get(&id).ok_or_else(|| not_found("such category"))?;
    Ok(Json(CategoryView::of(category, count(&state, &id))))
}

#[derive(Deserialize, ToSchema)]
pub struct CategoryBody {
    /// 1 to 64 of a-z, 0-9, `_` and `-`; made of the name if absent
    #[schema(max_length = 64, example = "billing")]
    id: Option<String>,
    #[schema(max_length = 64, example = "Billing")]
    name: String,
    #[schema(max_length = 500, example = "Payment and subscription issues")]
    description: Option<String>,
    /// One of a palette if absent
    #[schema(example = "#3B82F6")]
    color: Option<String>,
    /// The category that it is part of
    #[schema(max_length = 64)]
    parent_id: Option<String>,
    /// At most 200 words or phrases of at most 64 characters
    keywords: Option<Vec<String>>,
    /// In what the keywords are looked for: calls, tickets or all; all if absent
    found_in: Option<String>,
}

fn found_in(word: Option<&String>) -> Result<Option<FoundIn>, Problem> {
    let Some(word) = word else { return Ok(None) };
    let found = FoundIn::parse(word);
    found.map(Some).ok_or_else(|| Problem::field("found_in", "must be calls, tickets or all"))
}

/// Makes a category. One that came with the desk and that nobody has changed yet is taken over.
#[describe::path(post, path = "/api/tickets/categories", operation_id = "create_category", tag = "categories", request_body = CategoryBody,
    responses((status = 201, body = CategoryView), (status = 409, description = "there is one of this id")))]
pub async fn create(
    Shared(state): Shared<State>,
    input: Input<CategoryBody>,
) -> Result<(StatusCode, Json<CategoryView>), Failure> {
    let CategoryBody { id, name, description, color, parent_id, keywords, .. } = &input.value;
    let new = NewCategory {
        slug: id.clone(),
        name: name.clone(),
        description: description.clone(),
        color: color.clone(),
        parent: parent_id.clone().filter(|parent| !parent.is_empty()),
        keywords: keywords.clone(),
        found_in: found_in(input.value.found_in.as_ref())?,
    };
    let command = Command::Category(CategoryCommand::Create(Box::new(new)));
    let category = category(state.engine.submit(input.submission(command)).await?)?;
    let tickets = count(&state, &category.slug);
    Ok((StatusCode::CREATED, Json(CategoryView::of(&category, tickets))))
}

fn category(reply: Reply) -> Result<Category, Failure> {
    match reply {
        Reply::Category(category) => Ok(*category),
        other => Err(unexpected(&other)),
    }
}

/// A member that is there, though it may be null.
pub fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

#[derive(Default, Deserialize, ToSchema)]
pub struct CategoryUpdate {
    #[schema(max_length = 64, example = "Invoices")]
    name: Option<String>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Option<String>>,
    color: Option<String>,
    /// Null takes it out of the one that it is part of
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>, max_length = 64)]
    parent_id: Option<Option<String>>,
    keywords: Option<Vec<String>>,
    found_in: Option<String>,
}

/// Changes what is given and leaves the rest. The id stays, so tickets follow a new name.
#[describe::path(put, path = "/api/tickets/categories/{id}", operation_id = "update_category", tag = "categories", request_body = CategoryUpdate,
    params(("id" = String, Path, description = "as `billing`")), responses((status = 200, body = CategoryView)))]
pub async fn update(
    Shared(state): Shared<State>,
    Path(slug): Path<String>,
    input: Input<CategoryUpdate>,
) -> Result<Json<CategoryView>, Failure> {
    let CategoryUpdate { name, description, color, parent_id, keywords, .. } = &input.value;
    let mut findings = Findings::default();
    findings.longest("name", name.as_ref(), MAX_CATEGORY_NAME);
    let description_told = description.iter().flatten().next();
    findings.longest("description", description_told, MAX_CATEGORY_DESCRIPTION);
    findings.longest("parent_id", parent_id.iter().flatten().next(), MAX_SLUG);
    findings.done()?;
    let changes = Box::new(CategoryChanges {
        name: name.clone(),
        description: description.clone(),
        color: color.clone(),
        parent: parent_id.clone().map(|parent| parent.filter(|parent| !parent.is_empty())),
        keywords: keywords.clone(),
        found_in: found_in(input.value.found_in.as_ref())?,
    });
    let command = Command::Category(CategoryCommand::Update { slug, changes });
    let category = category(state.engine.submit(input.submission(command)).await?)?;
    let tickets = count(&state, &category.slug);
    Ok(Json(CategoryView::of(&category, tickets)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// Where its tickets, parts and canned responses go
    move_to: Option<String>,
}

/// Deletes a category. One in use is 409, unless `move_to` says where what is in it goes.
#[describe::path(delete, path = "/api/tickets/categories/{id}", operation_id = "delete_category", tag = "categories",
    params(("id" = String, Path, description = "as `billing`"), DeleteQuery),
    responses((status = 204), (status = 409, description = "in use")))]
pub async fn delete(
    Shared(state): Shared<State>,
    Path(slug): Path<String>,
    Query(query): Query<DeleteQuery>,
    input: Input<Nothing>,
) -> Result<StatusCode, Failure> {
    let known = state.engine.shared().categories();
    known.get(&slug).ok_or_else(|| not_found("such category"))?;
    let to = query.move_to.filter(|to| !to.is_empty());
    let tickets = count(&state, &slug);
    match &to {
        None if tickets > 0 => {
            let why = format!(
                "category {slug} is in use: {tickets} tickets are in it; say ?move_to= with another one"
            );
            return Err(Problem::new(409, "Conflict", why).into());
        }
        Some(to) => move_tickets(&state, &input, &slug, to).await?,
        None => {}
    }
    let command = Command::Category(CategoryCommand::Delete { slug, to });
    input.carry_out(&state, command).await
}

/// A bounded number at once; what broke off goes on when it is asked for again.
async fn move_tickets(
    state: &State,
    input: &Input<Nothing>,
    from: &str,
    to: &str,
) -> Result<(), Failure> {
    loop {
        let tickets: Vec<u64> = {
            let (index, all) = (state.engine.shared().index(), Filter::default());
            let inside = index.lines(&all).filter(|line| line.category == Some(from));
            inside.map(|line| line.number).take(MOVED_AT_ONCE).collect()
        };
        let last = tickets.len() < MOVED_AT_ONCE;
        let (from, to) = (from.to_owned(), to.to_owned());
        let command = Command::Category(CategoryCommand::MoveTickets { tickets, from, to });
        state.engine.submit(input.step(command)).await?;
        if last {
            return Ok(());
        }
    }
}
