//! Durable cursors of the feed's consumers. Moving one is not an event, so nobody wakes for it.

use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::MAX_CURSORS;
use crate::store::Table;
use crate::store::records::Cursor;

const MAX_CURSOR_NAME: usize = 64;

pub fn move_cursor(draft: &mut Draft<'_>, name: &str, seq: u64) -> Result<Reply, Refusal> {
    if name.is_empty() || name.len() > MAX_CURSOR_NAME || !name.bytes().all(is_cursor_byte) {
        let why = format!("must be 1 to {MAX_CURSOR_NAME} of a-z, 0-9, `-`, `_`, `.`");
        return Err(Refusal::Invalid { field: "name", why });
    }
    if draft.get::<Cursor>(name.as_bytes())?.is_none()
        && draft.rows().cursors()?.len() == MAX_CURSORS
    {
        return Err(Refusal::Conflict(format!("there are {MAX_CURSORS} cursors already")));
    }
    draft.put(name.as_bytes(), &Cursor(seq));
    Ok(Reply::Cursor { name: name.to_owned(), seq })
}

pub fn drop_cursor(draft: &mut Draft<'_>, name: &str) -> Result<Reply, Refusal> {
    if draft.get::<Cursor>(name.as_bytes())?.is_none() {
        return Err(Refusal::NotFound("such cursor".into()));
    }
    draft.delete(Table::Cursors, name.as_bytes());
    Ok(Reply::Done)
}

fn is_cursor_byte(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
}
