//! A step of tending the search index: its rows are rows as any others.

use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::{ReadError, key};
use crate::engine::search::{CURSOR, Step};
use crate::store::owner::Owner;
use crate::store::records::{Cursor, MANIFEST};
use crate::store::{Order, Table, View};

/// Rows that go at once.
const AT_ONCE: usize = 128;

pub fn step(draft: &mut Draft<'_>, step: &Step) -> Result<Reply, Refusal> {
    for (row_key, piece) in &step.pieces {
        draft.put(row_key, piece);
    }
    for (segment, dead) in &step.dead {
        draft.put(&key::number(*segment), dead);
    }
    if let Some(manifest) = &step.manifest {
        draft.put(MANIFEST, manifest);
        // The segment of the feed with this event is kept: plans without events may lie behind it.
        draft.put(CURSOR.as_bytes(), &Cursor(manifest.upto.saturating_sub(1)));
    }
    let Some(segment) = step.gone else { return Ok(Reply::Step { more: None }) };
    let (start, end) = (key::number(segment), key::number(segment + 1));
    let rows = draft.scan(Table::SearchChunks, &start, Some(&end), Order::Ascending, AT_ONCE);
    let rows = rows.map_err(ReadError::from)?;
    for (row_key, _) in &rows {
        draft.delete(Table::SearchChunks, row_key);
    }
    if rows.len() == AT_ONCE {
        return Ok(Reply::Step { more: Some(Vec::new()) });
    }
    draft.delete(Table::SearchDead, &start);
    draft.doom(Owner::Segment(segment), true);
    Ok(Reply::Step { more: None })
}
