//! Categories: a tree without circles, with slugs that never change (S3.13, S3.24).
//!
//! What the configuration names is put once, and its keywords are followed until somebody changes the category here.

use crate::domain::canned::{CannedResponse, MAX_CANNED};
use crate::domain::category::{
    Category, FoundIn, MAX_CATEGORIES, MAX_CATEGORY_DESCRIPTION, MAX_CATEGORY_NAME, MAX_DEPTH,
    MAX_KEYWORD, MAX_KEYWORDS, color_of, is_color, is_slug, name_of, slug_of,
};
use crate::domain::ticket::Ticket;
use crate::engine::categories::{
    CategoryChanges, CategoryCommand, Configured, MOVED_AT_ONCE, NewCategory,
};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::event::EventKind;
use crate::engine::rows::key;
use crate::store::Order;

pub fn decide(draft: &mut Draft<'_>, command: &CategoryCommand) -> Result<Reply, Refusal> {
    match command {
        CategoryCommand::Follow(configured) => follow(draft, configured),
        CategoryCommand::Create(new) => create(draft, new),
        CategoryCommand::Update { slug, changes } => update(draft, slug, changes),
        CategoryCommand::MoveTickets { tickets, from, to } => {
            move_tickets(draft, tickets, from, to)
        }
        CategoryCommand::Delete { slug, to } => delete(draft, slug, to.as_deref()),
    }
}

fn stored(draft: &Draft<'_>, slug: &str) -> Result<Option<Category>, Refusal> {
    Ok(draft.get::<Category>(slug.as_bytes())?.filter(|category| !category.deleted))
}

fn named(draft: &Draft<'_>, slug: &str) -> Result<Category, Refusal> {
    stored(draft, slug)?.ok_or_else(|| Refusal::NotFound("such category".into()))
}

fn put(draft: &mut Draft<'_>, category: &Category) {
    draft.put(category.slug.as_bytes(), category);
}

fn all(draft: &Draft<'_>) -> Result<Vec<Category>, Refusal> {
    let rows = draft.rows().scan::<Category>(&[], None, Order::Ascending, usize::MAX)?;
    Ok(rows.into_iter().map(|(_, category)| category).filter(|c| !c.deleted).collect())
}

fn follow(draft: &mut Draft<'_>, configured: &[Configured]) -> Result<Reply, Refusal> {
    for Configured { slug, keywords, found_in } in configured {
        let now = draft.ctx.now;
        match draft.get::<Category>(slug.as_bytes())? {
            Some(known) if !known.configured => {}
            Some(known) if known.keywords == *keywords && known.found_in == *found_in => {}
            Some(known) => {
                let (keywords, found_in) = (keywords.clone(), *found_in);
                put(draft, &Category { keywords, found_in, updated_at: now, ..known });
            }
            None => {
                let category = Category {
                    slug: slug.clone(),
                    name: name_of(slug),
                    description: None,
                    color: color_of(slug).to_owned(),
                    parent: None,
                    keywords: keywords.clone(),
                    found_in: *found_in,
                    configured: true,
                    deleted: false,
                    created_at: now,
                    updated_at: now,
                };
                put(draft, &category);
            }
        }
    }
    Ok(Reply::Done)
}

fn create(draft: &mut Draft<'_>, new: &NewCategory) -> Result<Reply, Refusal> {
    let name = new.name.trim();
    let given = new.slug.clone().unwrap_or_else(|| slug_of(name));
    let slug =
        if given.is_empty() { format!("category_{}", draft.next("category", 1)?) } else { given };
    if !is_slug(&slug) {
        let why = "must be 1 to 64 of a-z, 0-9, `_` and `-`";
        return Err(Refusal::Invalid { field: "id", why: why.into() });
    }
    let known = draft.get::<Category>(slug.as_bytes())?;
    // What the configuration brought and nobody has touched is there to be made one's own.
    let taken_over = known.as_ref().filter(|known| known.configured && !known.deleted);
    if let Some(known) = known.as_ref().filter(|known| !known.configured && !known.deleted) {
        return Err(Refusal::Conflict(format!(
            "there is a category {} already, named {:?}; give this one another id",
            known.slug, known.name
        )));
    }
    if taken_over.is_none() && all(draft)?.len() >= MAX_CATEGORIES {
        return Err(Refusal::Conflict(format!("there are {MAX_CATEGORIES} categories already")));
    }
    let now = draft.ctx.now;
    let category = Category {
        name: name.to_owned(),
        description: new.description.clone(),
        color: new.color.clone().unwrap_or_else(|| color_of(&slug).to_owned()),
        parent: new.parent.clone(),
        keywords: match (&new.keywords, taken_over) {
            (Some(keywords), _) => keywords.clone(),
            (None, Some(known)) => known.keywords.clone(),
            (None, None) => Vec::new(),
        },
        found_in: new.found_in.or(taken_over.map(|known| known.found_in)).unwrap_or(FoundIn::All),
        configured: false,
        deleted: false,
        created_at: now,
        updated_at: now,
        slug,
    };
    check(draft, &category)?;
    put(draft, &category);
    Ok(Reply::Category(Box::new(category)))
}

fn update(draft: &mut Draft<'_>, slug: &str, changes: &CategoryChanges) -> Result<Reply, Refusal> {
    let mut category = named(draft, slug)?;
    let CategoryChanges { name, description, color, parent, keywords, found_in } = changes;
    if let Some(name) = name {
        category.name = name.trim().to_owned();
    }
    if let Some(description) = description {
        category.description = description.clone();
    }
    if let Some(color) = color {
        category.color = color.clone();
    }
    if let Some(parent) = parent {
        category.parent = parent.clone();
    }
    if let Some(keywords) = keywords {
        category.keywords = keywords.clone();
    }
    category.found_in = found_in.unwrap_or(category.found_in);
    category.configured = false;
    category.updated_at = draft.ctx.now;
    check(draft, &category)?;
    put(draft, &category);
    Ok(Reply::Category(Box::new(category)))
}

/// What a category may be; its place in the tree included.
fn check(draft: &Draft<'_>, category: &Category) -> Result<(), Refusal> {
    let invalid = |field, why: String| Err(Refusal::Invalid { field, why });
    let length = category.name.chars().count();
    if length == 0 || length > MAX_CATEGORY_NAME || category.name.chars().any(char::is_control) {
        let why = format!("must be 1 to {MAX_CATEGORY_NAME} characters, none of them control");
        return invalid("name", why);
    }
    let description = category.description.as_deref().unwrap_or_default();
    if description.chars().count() > MAX_CATEGORY_DESCRIPTION {
        return invalid(
            "description",
            format!("must be at most {MAX_CATEGORY_DESCRIPTION} characters"),
        );
    }
    if !is_color(&category.color) {
        return invalid("color", "must be a colour as #3B82F6".into());
    }
    let good = |word: &String| {
        word.chars().count() <= MAX_KEYWORD && word.chars().any(char::is_alphanumeric)
    };
    if category.keywords.len() > MAX_KEYWORDS || !category.keywords.iter().all(good) {
        let why = format!(
            "must be at most {MAX_KEYWORDS} words or phrases of at most {MAX_KEYWORD} characters, each with a letter or digit"
        );
        return invalid("keywords", why);
    }
    place(draft, category)
}

fn place(draft: &Draft<'_>, category: &Category) -> Result<(), Refusal> {
    let invalid = |why: String| Err(Refusal::Invalid { field: "parent_id", why });
    let mut above = category.parent.clone();
    let mut depth = 1;
    while let Some(slug) = above {
        if slug == category.slug {
            return invalid("must not be the category itself or a part of it".into());
        }
        let Some(parent) = stored(draft, &slug)? else {
            return invalid(format!("{slug:?} is no category"));
        };
        depth += 1;
        above = parent.parent;
        if depth > MAX_DEPTH {
            return invalid(format!("would be deeper than {MAX_DEPTH} categories"));
        }
    }
    let others = all(draft)?;
    let below = height(&others, &category.slug, MAX_DEPTH);
    if category.parent.is_some() && depth + below > MAX_DEPTH {
        return invalid(format!("its parts would be deeper than {MAX_DEPTH} categories"));
    }
    Ok(())
}

/// How many levels lie below a category.
fn height(all: &[Category], slug: &str, most: usize) -> usize {
    if most == 0 {
        return 0;
    }
    let parts = all.iter().filter(|c| c.parent.as_deref() == Some(slug));
    parts.map(|part| 1 + height(all, &part.slug, most - 1)).max().unwrap_or(0)
}

fn move_tickets(
    draft: &mut Draft<'_>,
    tickets: &[u64],
    from: &str,
    to: &str,
) -> Result<Reply, Refusal> {
    if from == to {
        return Err(same_category());
    }
    named(draft, to)?;
    for number in tickets.iter().take(MOVED_AT_ONCE) {
        let Some(ticket) = draft.rows().ticket(*number)? else { continue };
        if ticket.category.as_deref() != Some(from) {
            continue;
        }
        let ticket = Ticket { category: Some(to.to_owned()), updated_at: draft.ctx.now, ..ticket };
        draft.put_ticket(&ticket)?;
        draft.event(EventKind::TicketUpdated, Some(*number));
    }
    Ok(Reply::Done)
}

fn same_category() -> Refusal {
    Refusal::Invalid { field: "move_to", why: "must be another category".into() }
}

fn delete(draft: &mut Draft<'_>, slug: &str, to: Option<&str>) -> Result<Reply, Refusal> {
    let category = named(draft, slug)?;
    let parts: Vec<Category> =
        all(draft)?.into_iter().filter(|c| c.parent.as_deref() == Some(slug)).collect();
    let canned = draft.rows().scan::<CannedResponse>(&[], None, Order::Ascending, MAX_CANNED)?;
    let canned: Vec<CannedResponse> = canned
        .into_iter()
        .map(|(_, response)| response)
        .filter(|response| response.category.as_deref() == Some(slug))
        .collect();
    match to {
        Some(to) if to == slug => return Err(same_category()),
        Some(to) if stored(draft, to)?.is_none() => {
            let why = format!("{to:?} is no category");
            return Err(Refusal::Invalid { field: "move_to", why });
        }
        None if !parts.is_empty() || !canned.is_empty() => {
            return Err(Refusal::Conflict(format!(
                "category {slug} is in use: {} categories are part of it, {} canned responses are in it; say ?move_to= with another one",
                parts.len(),
                canned.len()
            )));
        }
        _ => {}
    }
    put(
        draft,
        &Category { deleted: true, configured: false, updated_at: draft.ctx.now, ..category },
    );
    for part in parts {
        let part = Category { parent: to.map(str::to_owned), configured: false, ..part };
        place(draft, &part)?;
        put(draft, &part);
    }
    for response in canned {
        let response = CannedResponse { category: to.map(str::to_owned), ..response };
        draft.put(&key::number(response.id), &response);
    }
    Ok(Reply::Done)
}
