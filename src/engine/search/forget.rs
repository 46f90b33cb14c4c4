//! Erasing a person from the index: their words are in no segment any more, and the keys of those that had them are
//! destroyed, before the erasure is answered.

use std::collections::HashSet;

use super::document::Key;
use super::pieces::Pieces;
use super::segment::Segment;
use super::write::DOCUMENTS;
use crate::engine::rows::ReadError;
use crate::engine::{Engine, Error};

impl Engine {
    /// Writes the segments anew in which something died that was of these tickets or contacts.
    pub(in crate::engine) async fn forget_in_search(
        &self,
        tickets: &[u64],
        contacts: &[u64],
    ) -> Result<(), Error> {
        let _one = self.shared().search.tending.lock().await;
        let tickets: HashSet<u32> =
            tickets.iter().filter_map(|number| u32::try_from(*number).ok()).collect();
        let contacts: HashSet<u64> = contacts.iter().copied().collect();
        self.tending(move |tending| {
            tending.catch_up()?;
            // What is built anew leaves whole segments behind.
            tending.clear_remains()?;
            let shared = tending.engine.shared();
            let numbers = {
                let state = shared.search.read();
                let view = super::Newest(&shared.reader);
                let rows = crate::engine::rows::Rows { view: &view, seal: &shared.seal };
                let pieces = shared.search.pieces(rows);
                let mut numbers = Vec::new();
                for segment in &state.segments {
                    if remembers(&pieces, segment, &tickets, &contacts)? {
                        numbers.push(segment.number());
                    }
                }
                numbers
            };
            numbers.iter().try_for_each(|number| tending.merge(&[*number]))
        })
        .await
    }
}

fn remembers(
    pieces: &Pieces<'_>,
    segment: &Segment,
    tickets: &HashSet<u32>,
    contacts: &HashSet<u64>,
) -> Result<bool, ReadError> {
    let mut held = (usize::MAX, Vec::new());
    for at in segment.dead.iter() {
        let block = at as usize / DOCUMENTS;
        if held.0 != block {
            held = (block, segment.lines(pieces, block)?);
        }
        let Some(line) = held.1.get(at as usize % DOCUMENTS) else { continue };
        let is_theirs = match line.key {
            Key::Contact(id) => contacts.contains(&id),
            _ => tickets.contains(&line.ticket),
        };
        if is_theirs {
            return Ok(true);
        }
    }
    Ok(false)
}
