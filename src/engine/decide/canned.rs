//! Canned responses: each shortcut is one response's (S3.7, S3.26).

use crate::domain::canned::{
    CannedResponse, MAX_CANNED, MAX_CONTENT, MAX_SHORTCUT, MAX_TITLE, shortcut, uses,
};
use crate::domain::category::Category;
use crate::engine::canned::{CannedChanges, CannedCommand, NewCanned};
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::key;
use crate::store::records::ShortcutOf;
use crate::store::{Order, Table};

pub fn decide(draft: &mut Draft<'_>, command: &CannedCommand) -> Result<Reply, Refusal> {
    match command {
        CannedCommand::Create(new) => create(draft, new),
        CannedCommand::Update { id, changes } => update(draft, *id, changes),
        CannedCommand::Delete { id } => {
            let response = named(draft, *id)?;
            if let Some(word) = &response.shortcut {
                draft.delete(Table::CannedShortcuts, word.as_bytes());
            }
            draft.delete(Table::Canned, &key::number(*id));
            draft.delete(Table::Counts, uses(*id).as_bytes());
            Ok(Reply::Done)
        }
        CannedCommand::Use { id } => {
            let response = named(draft, *id)?;
            draft.count(&uses(*id))?;
            Ok(Reply::Canned(Box::new(response)))
        }
    }
}

fn named(draft: &Draft<'_>, id: u64) -> Result<CannedResponse, Refusal> {
    draft.get(&key::number(id))?.ok_or_else(|| Refusal::NotFound("such canned response".into()))
}

fn create(draft: &mut Draft<'_>, new: &NewCanned) -> Result<Reply, Refusal> {
    let there = draft.rows().scan::<CannedResponse>(&[], None, Order::Ascending, MAX_CANNED)?;
    if there.len() >= MAX_CANNED {
        let why = format!("there are {MAX_CANNED} canned responses already");
        return Err(Refusal::Conflict(why));
    }
    let now = draft.ctx.now;
    let response = CannedResponse {
        id: draft.next("canned", 1)?,
        title: new.title.trim().to_owned(),
        shortcut: word(new.shortcut.as_deref())?,
        category: new.category.clone(),
        content: new.content.clone(),
        created_by: draft.ctx.actor.name().to_owned(),
        created_at: now,
        updated_at: now,
    };
    put(draft, None, response)
}

fn update(draft: &mut Draft<'_>, id: u64, changes: &CannedChanges) -> Result<Reply, Refusal> {
    let before = named(draft, id)?;
    let mut response = before.clone();
    let CannedChanges { title, shortcut, category, content } = changes;
    if let Some(title) = title {
        response.title = title.trim().to_owned();
    }
    if let Some(shortcut) = shortcut {
        response.shortcut = word(shortcut.as_deref())?;
    }
    if let Some(category) = category {
        response.category = category.clone();
    }
    if let Some(content) = content {
        response.content = content.clone();
    }
    response.updated_at = draft.ctx.now;
    put(draft, Some(before), response)
}

fn word(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let why = format!(
        "must be one word of at most {MAX_SHORTCUT} letters, digits, `_`, `-` or `.`, as /thanks"
    );
    shortcut(text).map(Some).ok_or(Refusal::Invalid { field: "shortcut", why })
}

fn put(
    draft: &mut Draft<'_>,
    before: Option<CannedResponse>,
    response: CannedResponse,
) -> Result<Reply, Refusal> {
    let invalid = |field, why: String| Err(Refusal::Invalid { field, why });
    let title = response.title.chars().count();
    if title == 0 || title > MAX_TITLE || response.title.chars().any(char::is_control) {
        return invalid(
            "title",
            format!("must be 1 to {MAX_TITLE} characters, none of them control"),
        );
    }
    if response.content.trim().is_empty() || response.content.chars().count() > MAX_CONTENT {
        return invalid("content", format!("must be 1 to {MAX_CONTENT} characters, and not blank"));
    }
    if let Some(slug) = &response.category
        && draft.get::<Category>(slug.as_bytes())?.is_none_or(|category| category.deleted)
    {
        return invalid("category", format!("{slug:?} is no category"));
    }
    let old = before.and_then(|before| before.shortcut);
    if old != response.shortcut {
        if let Some(word) = &response.shortcut {
            if let Some(ShortcutOf(other)) = draft.get(word.as_bytes())? {
                return Err(Refusal::Conflict(format!(
                    "the shortcut /{word} is canned response {other}'s already"
                )));
            }
            draft.put(word.as_bytes(), &ShortcutOf(response.id));
        }
        if let Some(old) = old {
            draft.delete(Table::CannedShortcuts, old.as_bytes());
        }
    }
    draft.put(&key::number(response.id), &response);
    Ok(Reply::Canned(Box::new(response)))
}
