//! Words that go on from what somebody types; only such as stand in something that they may see.

use super::document::{WORD, term};
use super::{Newest, place};
use crate::domain::search::words;
use crate::engine::index::Filter;
use crate::engine::rows::Rows;
use crate::engine::{Engine, Error};

/// Words whose documents are looked at for each that is shown.
const LOOKED_AT: usize = 8;

impl Engine {
    /// At most `most` words that begin with the last word of `typed`, the most frequent first.
    pub fn suggest(&self, typed: &str, rights: &Filter, most: usize) -> Result<Vec<String>, Error> {
        let Some(last) = words(typed).pop().filter(|_| !typed.ends_with(char::is_whitespace))
        else {
            return Ok(Vec::new());
        };
        let shared = self.shared();
        let view = Newest(&shared.reader);
        let rows = Rows { view: &view, seal: &shared.seal };
        shared.search.catch_up(shared, rows)?;
        let visible = shared.index().passing(rights);
        let state = shared.search.read();
        let sources = state.sources(shared.search.pieces(rows));
        let begun = term(WORD, &last.folded);
        let mut known: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
        for source in &sources {
            source.each(&begun, |term, of| {
                if term != begun {
                    *known.entry(term.to_owned()).or_default() += u64::from(of.documents());
                }
            })?;
        }
        let mut ranked: Vec<(String, u64)> = known.into_iter().collect();
        ranked.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut shown = Vec::new();
        for (term, _) in ranked.into_iter().take(most * LOOKED_AT) {
            let mut is_visible = false;
            for source in &sources {
                let Some(found) = source.find(&term)? else { continue };
                let columns = source.columns()?;
                source.reading().documents(&found, |at| {
                    let ticket = place(state.home(columns.ticket(at)));
                    is_visible |= ticket.is_some_and(|place| visible.has(place));
                })?;
                if is_visible {
                    break;
                }
            }
            if is_visible {
                shown.push(term[WORD.len_utf8()..].to_owned());
            }
            if shown.len() == most {
                break;
            }
        }
        Ok(shown)
    }
}
