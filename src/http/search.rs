//! Looking for words: everything at once, words that go on, tickets that are alike.

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::State;
use super::calls::tickets;
use super::error::{Failure, hidden, not_found};
use super::extract::{Caller, Named, Query, limit};
use super::search_query::{self, Wanted};
use super::search_view::{self, CannedHit, ContactHit, Group, MessageHit, TicketHit};
use super::tickets::visible;
use super::tickets_list::{ListedTicket, flag};
use crate::describe::{self, IntoParams, ToSchema};
use crate::engine::index::{Filter, Span};
use crate::engine::search::Asked;
use crate::wire::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, `"a phrase"`, `-not`, `begin*`, and fields: `from:`, `status:`, `priority:`, `assignee:`, `channel:`,
    /// `tag:`, `category:`, `before:`, `after:`, `has:attachment`, `speaker:user`
    #[param(max_length = 200, example = "\"never arrived\" -refund channel:call")]
    q: Option<String>,
    /// Whether it is still being typed: then its last word may go on
    #[param(value_type = Option<bool>)]
    typing: Option<String>,
    /// Of each group, 1 to 50, 10 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 50)]
    limit: Option<String>,
}

/// What was found, by kind, the best first. Totals are exact, and count only what the caller may see.
#[derive(Serialize, ToSchema)]
pub struct SearchResults {
    /// Tickets that hold all of it, wherever in them
    tickets: Group<TicketHit>,
    /// Entries of their timelines that hold all of it themselves
    messages: Group<MessageHit>,
    contacts: Group<ContactHit>,
    canned: Group<CannedHit>,
    /// False while the index is built, as after an upgrade: there may be more
    complete: bool,
}

const DEFAULT: usize = 10;
const MOST: usize = 50;

fn most(text: Option<&str>) -> Result<usize, Failure> {
    let limit = limit(text, DEFAULT)?;
    if limit > MOST {
        return Err(Problem::field("limit", format!("at most {MOST}")).into());
    }
    Ok(limit)
}

fn words(q: Option<&str>) -> Result<&str, Failure> {
    let words = q.map(str::trim).filter(|q| !q.is_empty());
    words.ok_or_else(|| Problem::field("q", "what is to be looked for").into())
}

fn rights(caller: &Caller) -> Filter {
    Filter { visible_to: caller.visible_to(), ..Filter::default() }
}

/// Find tickets, messages, contacts and canned responses by their words
///
/// Everything is found from the moment it is acknowledged, what is said in running calls too. Hits in snippets are
/// ranges of characters (Unicode code points).
#[describe::path(get, path = "/api/search", operation_id = "search", tag = "search", params(SearchQuery),
    responses((status = 200, body = SearchResults), (status = 400, body = Problem, description = "Says at which character the query is wrong")))]
pub async fn everything(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchResults>, Failure> {
    let most = most(query.limit.as_deref())?;
    let typing = flag("typing", query.typing.as_deref())?.unwrap_or(false);
    let text = words(query.q.as_deref())?;
    let Wanted { query, also, time, named } =
        search_query::read(&state, &caller, "q", text, typing)?;
    let filter = rights(&caller);
    let is_filtered = !also.is_empty() || time != Span::default();
    let (messages, contacts, tickets) = (most, most, most);
    let asked = Asked { query, filter, also, time, named, messages, contacts, tickets };
    let found = state.engine.find(asked).await?;
    let results = state.engine.read(|rows| {
        let total = u64::from(found.tickets.count());
        let tickets = search_view::tickets(&rows, &found)?;
        let messages = search_view::messages(&rows, &found)?;
        let contacts = search_view::contacts(&rows, &found)?;
        let canned = match is_filtered {
            true => Group { total: 0, items: Vec::new() },
            false => search_view::canned(&rows, &found, most)?,
        };
        Ok(SearchResults {
            tickets: Group { total, items: tickets },
            messages: Group { total: found.messages_total, items: messages },
            contacts: Group { total: found.contacts_total, items: contacts },
            canned,
            complete: found.complete,
        })
    })?;
    Ok(Json(results))
}

#[derive(Serialize, ToSchema)]
pub struct Suggestions {
    suggestions: Vec<Suggestion>,
}

/// How what is typed may go on.
#[derive(Serialize, ToSchema)]
pub struct Suggestion {
    /// The whole of it, with the last word to its end
    #[schema(example = "broken blender")]
    text: String,
    /// That word, in lower case and without accents
    #[schema(example = "blender")]
    word: String,
}

/// How the last word of what somebody types may go on: words of tickets that the caller may see
#[describe::path(get, path = "/api/search/suggest", operation_id = "suggest_words", tag = "search", params(SearchQuery),
    responses((status = 200, body = Suggestions)))]
pub async fn suggest(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<Suggestions>, Failure> {
    use crate::domain::search::query::MAX_QUERY;
    let most = most(query.limit.as_deref())?;
    let typed = query.q.unwrap_or_default();
    if typed.chars().count() > MAX_QUERY {
        return Err(Problem::field("q", format!("at most {MAX_QUERY} characters")).into());
    }
    let (rights, asked) = (rights(&caller), typed.clone());
    let found = state.engine.searching(move |engine| engine.suggest(&asked, &rights, most)).await?;
    let begun = crate::domain::search::words(&typed).last().map_or(typed.len(), |word| word.start);
    let suggestion = |word: String| Suggestion { text: format!("{}{word}", &typed[..begun]), word };
    Ok(Json(Suggestions { suggestions: found.into_iter().map(suggestion).collect() }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SimilarQuery {
    /// 1 to 50, 10 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 50)]
    limit: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct SimilarTickets {
    tickets: Vec<SimilarTicket>,
}

#[derive(Serialize, ToSchema)]
pub struct SimilarTicket {
    #[serde(flatten)]
    ticket: ListedTicket,
    /// How alike they are, up to 1
    #[schema(example = 0.62)]
    likeness: f32,
}

/// Tickets that are about the same, the likest first: those that share its rare words
#[describe::path(get, path = "/api/tickets/{ref}/similar", operation_id = "similar_tickets", tag = "search",
    params(("ref" = String, Path, description = "any reference of the ticket"), SimilarQuery),
    responses((status = 200, body = SimilarTickets), (status = 404, body = Problem)))]
pub async fn similar(
    Shared(state): Shared<State>,
    caller: Caller,
    Named(reference): Named,
    Query(query): Query<SimilarQuery>,
) -> Result<Json<SimilarTickets>, Failure> {
    let most = most(query.limit.as_deref())?;
    let ticket = state.engine.read(|rows| rows.resolve(&reference))?;
    let ticket = ticket.ok_or_else(|| not_found("such ticket"))?;
    if !visible(&caller, &ticket) {
        return Err(hidden("such ticket"));
    }
    let rights = rights(&caller);
    let number = ticket.number;
    let found = state.engine.searching(move |e| e.similar(number, &rights, most)).await?;
    let numbers: Vec<u64> = found.iter().map(|(number, _)| *number).collect();
    let listed = state.engine.read(|rows| tickets(&rows, &numbers))?;
    let likeness = |number: u64| found.iter().find(|(n, _)| *n == number).map_or(0.0, |(_, l)| *l);
    let tickets = listed.into_iter().map(|ticket| {
        let likeness = (likeness(ticket.number) * 100.0).round() / 100.0;
        SimilarTicket { likeness, ticket: ticket.into() }
    });
    Ok(Json(SimilarTickets { tickets: tickets.collect() }))
}
