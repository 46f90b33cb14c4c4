//! What a text of a query finds in one source: documents, and how much each is about it.

use std::collections::HashMap;

use super::document::{FROM, PHONE, STEM, WORD, term};
use super::source::Source;
use crate::domain::search::query::Text;
use crate::domain::search::stem::stems;
use crate::domain::search::{phone, phone_end, words};
use crate::engine::rows::ReadError;

/// Documents with a weight, ascending: about how often what is looked for is in them.
pub type Hits = Vec<(u32, f32)>;

/// What another form of a word counts beside the word itself.
const OTHER_FORM: f32 = 0.7;
/// What a word counts that was only begun.
const BEGUN: f32 = 0.8;
/// What a word counts that has a typo.
const NEAR: f32 = 0.5;

/// A text as it is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub text: Text,
    /// Nobody wrote just that: these words are one typo away.
    pub near: Vec<String>,
}

impl Wanted {
    pub fn new(text: &Text) -> Wanted {
        Wanted { text: text.clone(), near: Vec::new() }
    }

    /// The word that may have a typo in it.
    pub fn forgivable(&self) -> Option<&str> {
        const FEWEST: usize = 5;
        match &self.text.words[..] {
            [word]
                if !self.text.exact
                    && word.chars().count() >= FEWEST
                    && word.chars().all(char::is_alphabetic) =>
            {
                Some(word)
            }
            _ => None,
        }
    }

    pub fn hits(&self, source: &Source<'_>) -> Result<Hits, ReadError> {
        let Text { words, exact, prefix, phone } = &self.text;
        let mut all = Vec::new();
        let mut add = |term: &str, weight: f32| -> Result<(), ReadError> {
            let found = source.postings(term)?;
            all.extend(found.into_iter().map(|(at, times)| (at, weight * times as f32)));
            Ok(())
        };
        if let [word] = &words[..] {
            add(&term(WORD, word), 1.0)?;
            if !exact {
                for stem in stems(word, None) {
                    add(&term(STEM, &stem), OTHER_FORM)?;
                    add(&term(WORD, &stem), OTHER_FORM)?;
                }
                add(&term(STEM, word), OTHER_FORM)?;
            }
            if *prefix {
                let begun = term(WORD, word);
                for longer in source.terms(&begun, |term| term != begun)? {
                    add(&longer, BEGUN)?;
                }
            }
            for word in &self.near {
                add(&term(WORD, word), NEAR)?;
            }
        }
        if let Some(digits) = phone {
            add(&term(PHONE, phone_end(digits)), 1.0)?;
            add(&term(WORD, digits), 1.0)?;
        }
        if words.len() > 1 {
            all.extend(phrase(source, words, *prefix)?);
        }
        Ok(united(all))
    }
}

/// The best weight of each document.
fn united(mut hits: Hits) -> Hits {
    hits.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    hits.dedup_by_key(|(at, _)| *at);
    hits
}

/// Documents in which the words stand side by side.
fn phrase(source: &Source<'_>, words: &[String], prefix: bool) -> Result<Hits, ReadError> {
    let mut terms: Vec<Vec<String>> = words.iter().map(|word| vec![term(WORD, word)]).collect();
    if let Some(last) = terms.last_mut().filter(|_| prefix) {
        let own = last[0].clone();
        last.extend(source.terms(&own, |term| term != own)?);
    }
    // First those that hold all the words: positions are read of no others.
    let mut within: Option<Vec<u32>> = None;
    for any in &terms {
        let mut here = Vec::new();
        for term in any {
            here.extend(source.postings(term)?.into_iter().map(|(at, _)| at));
        }
        here.sort_unstable();
        here.dedup();
        if let Some(before) = &within {
            here.retain(|at| before.binary_search(at).is_ok());
        }
        within = Some(here);
    }
    let within = within.unwrap_or_default();
    let mut ends: HashMap<u32, Vec<u32>> = HashMap::new();
    for (number, any) in terms.iter().enumerate() {
        let mut next: HashMap<u32, Vec<u32>> = HashMap::new();
        for term in any {
            for (at, positions) in source.positions(term, &within)? {
                let before = ends.get(&at);
                let follows = |position: &u32| {
                    number == 0
                        || before.is_some_and(|b| *position > 0 && b.contains(&(position - 1)))
                };
                next.entry(at).or_default().extend(positions.into_iter().filter(follows));
            }
        }
        next.retain(|_, ends| !ends.is_empty());
        ends = next;
    }
    Ok(ends.into_iter().map(|(at, ends)| (at, ends.len() as f32)).collect())
}

/// Documents whose author or requester has all these words in the name, or this number.
pub fn from(source: &Source<'_>, name: &str) -> Result<Hits, ReadError> {
    if let Some(digits) = phone(name) {
        let found = source.postings(&term(PHONE, phone_end(&digits)))?;
        return Ok(found.into_iter().map(|(at, _)| (at, 1.0)).collect());
    }
    let mut found: Option<Hits> = None;
    let words = words(name);
    for (at, word) in words.iter().enumerate() {
        // The last character of a run stands in a pair already.
        if word.unspaced && at > 0 && words[at - 1].end == word.end {
            continue;
        }
        let here = marked(source, FROM, &word.folded)?;
        found = Some(match found {
            None => here,
            Some(before) => both(&before, &here),
        });
    }
    Ok(found.unwrap_or_default())
}

pub fn marked(source: &Source<'_>, kind: char, word: &str) -> Result<Hits, ReadError> {
    Ok(source.postings(&term(kind, word))?.into_iter().map(|(at, _)| (at, 1.0)).collect())
}

/// What is in both, with the weights of the first.
pub fn both(a: &Hits, b: &Hits) -> Hits {
    let mut other = b.iter().map(|(at, _)| *at).peekable();
    let is_there = |at: &u32| {
        while other.next_if(|known| known < at).is_some() {}
        other.peek() == Some(at)
    };
    let mut is_there = is_there;
    a.iter().filter(|(at, _)| is_there(at)).copied().collect()
}
