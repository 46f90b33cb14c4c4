//! Tickets that are about the same: those that share its rarest words.

use super::document::{Document, WORD};
use super::find::Wanted;
use super::{Newest, place};
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::search::query::Text;
use crate::domain::search::stem::Lexicon;
use crate::engine::index::Filter;
use crate::engine::rows::Rows;
use crate::engine::{Engine, Error};

/// Words that are compared.
const WORDS: usize = 16;
/// Entries that are read of the ticket, from its beginning.
const ENTRIES: usize = 20;
/// Text that is read of them.
const BYTES: usize = 16 * 1024;
/// The part of the words that another ticket must have to be about the same.
const LEAST: f32 = 0.3;

impl Engine {
    /// At most `most` tickets that pass the filter and are about the same, the likest first, each with how like it
    /// is, up to 1. Empty where there is no such ticket.
    pub fn similar(
        &self,
        number: u64,
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<(u64, f32)>, Error> {
        let shared = self.shared();
        let view = Newest(&shared.reader);
        let rows = Rows { view: &view, seal: &shared.seal };
        shared.search.catch_up(shared, rows)?;
        let Some(ticket) = rows.live(number)? else { return Ok(Vec::new()) };
        let mut about: Vec<String> = Vec::new();
        let mut lexicon = Lexicon::default();
        let own = Document::about(&ticket, &mut lexicon);
        let entries = rows.timeline(&ticket, 0, ENTRIES, BYTES)?.map(|(entries, _)| entries);
        let said = entries.unwrap_or_default();
        let said = said.iter().filter_map(|entry| Document::entry(entry, &mut lexicon));
        for terms in said.map(|document| document.terms).chain([own]) {
            let words = terms.iter().filter_map(|(term, _)| term.strip_prefix(WORD));
            about.extend(words.filter(|word| word.len() > 2).map(str::to_owned));
        }
        about.sort_unstable();
        about.dedup();
        let passing = shared.index().passing(filter);
        let state = shared.search.read();
        let sources = state.sources(shared.search.pieces(rows));
        let all: u64 = sources.iter().map(|source| source.documents()).sum();
        // A word of every third document tells nothing, one of this ticket alone leads nowhere.
        let mut weighed = Vec::new();
        for word in about {
            let text = Text { words: vec![word], ..Text::default() };
            let mut documents = 0;
            for source in &sources {
                let term = source.find(&super::document::term(WORD, &text.words[0]))?;
                documents += term.map_or(0, |term| u64::from(term.documents()));
            }
            if documents > 0 && documents * 3 <= all.max(30) {
                weighed.push(((all as f32 / documents as f32).max(1.0).ln() + 0.1, text));
            }
        }
        weighed
            .sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.words.cmp(&b.1.words)));
        // Rarest first is noise first: of words that stand nowhere else nothing is learnt, so more are looked at.
        weighed.truncate(2 * WORDS);
        let mut likeness: std::collections::HashMap<u32, f32> = std::collections::HashMap::new();
        let mut most_of_all = 0.0;
        let mut used = 0;
        for (weight, text) in weighed {
            let wanted = Wanted::new(&text);
            let mut with = std::collections::HashSet::new();
            for source in &sources {
                let columns = source.columns()?;
                let hits = wanted.hits(source)?;
                let tickets = hits.iter().map(|(at, _)| columns.ticket(at));
                with.extend(tickets.filter_map(|ticket| place(state.home(ticket))));
            }
            if with.len() < 2 {
                continue;
            }
            used += 1;
            most_of_all += weight;
            for place in with {
                *likeness.entry(place).or_default() += weight;
            }
            if used == WORDS {
                break;
            }
        }
        let like = |(place, sum): (u32, f32)| (FIRST_NUMBER + u64::from(place), sum / most_of_all);
        let other = |(place, _): &(u32, f32)| {
            FIRST_NUMBER + u64::from(*place) != ticket.number && passing.has(*place)
        };
        let mut found: Vec<(u64, f32)> = likeness.into_iter().filter(other).map(like).collect();
        found.retain(|(_, likeness)| *likeness >= LEAST);
        found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        found.truncate(most);
        Ok(found)
    }
}
