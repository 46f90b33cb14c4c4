//! The list of contacts: a bounded look through their records, the newest first.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};

use super::State;
use super::contacts_view::ContactView;
use super::error::Failure;
use super::extract::{Caller, Query, limit, number};
use super::tickets_list::Pagination;
use crate::describe::{self, IntoParams, ToSchema};
use crate::domain::contact::Contact;
use crate::domain::profile::Profile;
use crate::engine::contacts::{Tally, tally};
use crate::engine::index::Filter;
use crate::engine::rows::key;
use crate::engine::{self, Engine};
use crate::wire::problem::Problem;

/// Contacts that are looked at for one answer, the newest first.
const MOST: usize = 10_000;
/// Records read in one snapshot.
const CHUNK: usize = 500;
/// The longest `q`, in characters.
const MAX_QUERY: usize = 200;

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContactQuery {
    /// Words that all stand in name, phone, e-mail, tags or attributes
    #[param(max_length = 200, example = "maria")]
    q: Option<String>,
    /// Only those who are, or are not, marked as important
    #[param(value_type = Option<bool>)]
    vip: Option<String>,
    /// Only those with this tag
    tag: Option<String>,
    /// From 1
    #[param(value_type = Option<i32>, minimum = 1)]
    page: Option<String>,
    /// 1 to 100, 20 if absent
    #[param(value_type = Option<i32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct ContactList {
    contacts: Vec<ContactView>,
    pagination: Pagination,
    /// Whether all contacts were looked at; else older ones may match, too
    complete: bool,
}

/// What is looked for.
#[derive(Default)]
pub struct Wanted {
    words: Vec<String>,
    vip: Option<bool>,
    tag: Option<String>,
    /// Whose view it is, if they do not see all.
    visible_to: Option<u64>,
}

impl Wanted {
    fn holds(&self, contact: &Contact, profile: &Profile) -> bool {
        self.vip.is_none_or(|vip| profile.vip == vip)
            && self.tag.as_ref().is_none_or(|tag| profile.tags.contains(tag))
            && (self.words.is_empty() || self.words_stand_in(contact, profile))
    }

    fn words_stand_in(&self, contact: &Contact, profile: &Profile) -> bool {
        let values = profile.attributes.iter().map(|(_, value)| value);
        let texts = contact.name.iter().chain(&contact.phone).chain(&contact.addresses);
        let texts = texts.chain(&profile.tags).chain(values).map(|text| text.to_lowercase());
        let texts: Vec<String> = texts.collect();
        self.words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

impl Wanted {
    /// Those in whom all these words stand, of whom somebody may see.
    pub fn of(words: Vec<String>, visible_to: Option<u64>) -> Wanted {
        Wanted { words, visible_to, ..Wanted::default() }
    }
}

/// Contacts in their order, and whether all were looked at.
pub struct Found {
    pub ids: Vec<u64>,
    pub tallies: HashMap<u64, Tally>,
    pub complete: bool,
}

/// Lists contacts, the newest first. An agent sees those of whose tickets they see one, and those without any ticket.
#[describe::path(get, path = "/api/contacts", operation_id = "list_contacts", tag = "contacts", params(ContactQuery), responses((status = 200, body = ContactList)))]
pub async fn list(
    Shared(state): Shared<State>,
    caller: Caller,
    Query(query): Query<ContactQuery>,
) -> Result<Json<ContactList>, Failure> {
    let limit = limit(query.limit.as_deref(), 20)?;
    let page = number("page", query.page.as_deref(), 1)?;
    let Some(before) = page.checked_sub(1) else {
        return Err(Problem::field("page", "at least 1").into());
    };
    let words = query.q.unwrap_or_default();
    if words.chars().count() > MAX_QUERY {
        return Err(Problem::field("q", format!("at most {MAX_QUERY} characters")).into());
    }
    let vip = match query.vip.as_deref().filter(|text| !text.is_empty()) {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Problem::field("vip", "must be true or false").into()),
    };
    // A number is written with a plus and kept without.
    let bare = |word: &str| word.strip_prefix('+').unwrap_or(word).to_lowercase();
    let wanted = Wanted {
        words: words.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect(),
        vip,
        tag: query.tag.filter(|tag| !tag.is_empty()),
        visible_to: caller.visible_to(),
    };
    let found = find(&state, wanted).await?;
    let shown = found.ids.iter().skip(before.saturating_mul(limit)).take(limit);
    let contacts = state.engine.read(|rows| {
        let mut contacts = Vec::new();
        for id in shown {
            if let Some(known) = rows.known_contact(*id)? {
                contacts.push(ContactView::of(&known, tally(&found.tallies, &known.ids)));
            }
        }
        Ok(contacts)
    })?;
    let pagination = Pagination::of(page, limit, found.ids.len() as u64);
    Ok(Json(ContactList { contacts, pagination, complete: found.complete }))
}

pub async fn find(state: &State, wanted: Wanted) -> Result<Found, Failure> {
    let (engine, most) = (state.engine.clone(), MOST);
    let scanned = tokio::task::spawn_blocking(move || scan(&engine, &wanted, most)).await;
    Ok(scanned.unwrap_or(Err(engine::Error::Panicked))?)
}

fn scan(engine: &Engine, wanted: &Wanted, most: usize) -> Result<Found, engine::Error> {
    let seen = Filter { visible_to: wanted.visible_to, ..Filter::default() };
    let (tallies, all) = {
        let index = engine.shared().index();
        let all = wanted.visible_to.map(|_| index.tallies(&Filter::default()));
        (index.tallies(&seen), all)
    };
    let mut merged: HashMap<u64, u64> = HashMap::new();
    let mut hits = Vec::new();
    let (mut end, mut scanned) = (None, 0);
    let complete = loop {
        let chunk = CHUNK.min(most - scanned);
        if chunk == 0 {
            break false;
        }
        let read = engine.read(|rows| {
            let contacts = rows.contacts_before(end, chunk)?;
            let mut read = Vec::with_capacity(contacts.len());
            for contact in contacts {
                let profile = rows.get::<Profile>(&key::number(contact.id))?.unwrap_or_default();
                let holds = contact.merged_into.is_none() && wanted.holds(&contact, &profile);
                read.push((contact.id, contact.merged_into, holds));
            }
            Ok(read)
        })?;
        scanned += read.len();
        let is_last = read.len() < chunk;
        end = read.last().map(|(id, ..)| *id).or(end);
        for (id, into, holds) in read {
            merged.extend(into.map(|into| (id, into)));
            if holds {
                hits.push(id);
            }
        }
        if is_last {
            break true;
        }
    };
    if let Some(all) = all {
        let today = |of: &HashMap<u64, Tally>| -> std::collections::HashSet<u64> {
            of.keys().map(|id| survivor(&merged, *id)).collect()
        };
        let (theirs, everybodys) = (today(&tallies), today(&all));
        hits.retain(|id| theirs.contains(id) || !everybodys.contains(id));
    }
    Ok(Found { ids: hits, tallies, complete })
}

fn survivor(merged: &HashMap<u64, u64>, mut id: u64) -> u64 {
    for _ in 0..merged.len() {
        match merged.get(&id) {
            Some(into) => id = *into,
            None => break,
        }
    }
    id
}
