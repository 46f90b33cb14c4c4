//! What a text of a query finds in one source: documents, and how much each is about it.

use super::bits::Bits;
use super::document::{FROM, PHONE, STEM, WORD, term};
use super::hits::{Hits, Tenths, United, tenths};
use super::source::{Source, Term};
use crate::domain::search::query::Text;
use crate::domain::search::stem::stems;
use crate::domain::search::{digits_sought, phone_sought, words};
use crate::engine::rows::ReadError;

/// What a word counts that was asked for as it was written.
const AS_WRITTEN: Tenths = 10;
/// What another form of a word counts.
const OTHER_FORM: Tenths = 7;
/// What a word counts that was only begun.
const BEGUN: Tenths = 8;
/// What a word counts that has a typo.
const NEAR: Tenths = 5;

/// A text as it is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub text: Text,
    /// Nobody wrote just that: these words are one typo away.
    pub near: Vec<String>,
    /// In how many documents it is at most, once they were counted.
    pub most: u64,
}

impl Wanted {
    pub fn new(text: &Text) -> Wanted {
        Wanted { text: text.clone(), near: Vec::new(), most: 0 }
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

    /// The terms of a source that are such a word or number, each with what it counts; a phrase is none.
    fn terms<'a>(&self, source: &Source<'a>) -> Result<Vec<(Term<'a>, Tenths)>, ReadError> {
        let Text { words, exact, prefix, phone } = &self.text;
        let mut sought: Vec<(String, Tenths)> = Vec::new();
        let mut begun: Vec<(String, Tenths)> = Vec::new();
        if let [word] = &words[..] {
            sought.push((term(WORD, word), AS_WRITTEN));
            if !exact {
                for stem in stems(word, None) {
                    sought.push((term(STEM, &stem), OTHER_FORM));
                    sought.push((term(WORD, &stem), OTHER_FORM));
                }
                sought.push((term(STEM, word), OTHER_FORM));
            }
            if *prefix {
                begun.push((term(WORD, word), BEGUN));
            }
            sought.extend(self.near.iter().map(|word| (term(WORD, word), NEAR)));
        }
        if let Some(digits) = phone {
            if *words != [digits.as_str()] {
                sought.push((term(WORD, digits), AS_WRITTEN));
            }
            let (end, more) = phone_sought(digits);
            let list = if more { &mut begun } else { &mut sought };
            list.push((term(PHONE, &end), AS_WRITTEN));
        }
        let mut found = Vec::new();
        for (term, counts) in sought {
            found.extend(source.find(&term)?.map(|term| (term, counts)));
        }
        for (term, counts) in begun {
            found.extend(source.beginning(&term)?.into_iter().map(|term| (term, counts)));
        }
        Ok(found)
    }

    pub fn hits(&self, source: &Source<'_>) -> Result<Hits, ReadError> {
        let terms = self.terms(source)?;
        let with = terms.iter().map(|(term, _)| u64::from(term.documents())).sum();
        let mut all = United::new(with, source.documents());
        let mut reading = source.reading();
        for (term, counts) in &terms {
            all.list();
            reading.postings(term, |at, times| all.put(at, tenths(times, *counts)))?;
        }
        if let [_, _, ..] = &self.text.words[..] {
            all.list();
            let phrase = phrase(source, &self.text.words, self.text.prefix)?;
            phrase.iter().for_each(|(at, times)| all.put(*at, tenths(*times, AS_WRITTEN)));
        }
        Ok(all.hits())
    }

    /// Finds out in how many documents it is at most.
    pub fn count(&mut self, sources: &[Source<'_>]) -> Result<(), ReadError> {
        let most = sources.iter().map(|source| self.most_in(source));
        self.most = most.sum::<Result<_, _>>()?;
        Ok(())
    }

    fn most_in(&self, source: &Source<'_>) -> Result<u64, ReadError> {
        let Text { words, prefix, .. } = &self.text;
        let all = source.documents();
        if *prefix {
            return Ok(all);
        }
        if words.len() < 2 {
            let terms = self.terms(source)?;
            return Ok(terms.iter().map(|(term, _)| u64::from(term.documents())).sum());
        }
        let mut rarest = all;
        for word in words {
            let found = source.find(&term(WORD, word))?;
            rarest = rarest.min(found.map_or(0, |term| u64::from(term.documents())));
        }
        Ok(rarest)
    }

    /// Bytes that [`Wanted::hits`] takes at most, of sources of so many documents: what it gives and what it needs
    /// meanwhile.
    pub fn bytes(&self, all: u64) -> u64 {
        const A_PLACE: u64 = 12;
        match self.text.words.len() {
            0 | 1 => Hits::bytes(self.most, all),
            // The documents that have all words, and places where the phrase would begin.
            _ => all / 4 + self.most.saturating_mul(A_PLACE),
        }
    }
}

/// One word of a phrase: its place in it, and the terms that it may be.
struct Part<'a> {
    place: u32,
    terms: Vec<Term<'a>>,
    documents: u64,
}

/// Documents in which the words stand side by side, with how often they do.
fn phrase(
    source: &Source<'_>,
    words: &[String],
    prefix: bool,
) -> Result<Vec<(u32, u32)>, ReadError> {
    let mut parts = Vec::new();
    for (place, word) in (0u32..).zip(words) {
        let own = term(WORD, word);
        let is_begun = prefix && place as usize + 1 == words.len();
        let terms = match is_begun {
            true => source.beginning(&own)?,
            false => source.find(&own)?.into_iter().collect(),
        };
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let documents = terms.iter().map(|term| u64::from(term.documents())).sum();
        parts.push(Part { place, terms, documents });
    }
    // The rarest first: of the others is looked at only what can still be.
    parts.sort_unstable_by_key(|part| part.documents);
    let within = documents_of(source, parts.iter().map(|part| &part.terms[..]))?;
    // Where the phrase would begin.
    let mut begins: Vec<(u32, u32)> = Vec::new();
    let mut reading = source.reading();
    for (number, Part { place, terms, .. }) in parts.iter().enumerate() {
        if number == 0 {
            for term in terms {
                reading.positions(term, &within, |at, positions| {
                    let all = positions.iter().filter_map(|p| p.checked_sub(*place));
                    begins.extend(all.map(|position| (at, position)));
                })?;
            }
            if terms.len() > 1 {
                begins.sort_unstable();
                begins.dedup();
            }
            continue;
        }
        let mut fits = Bits::default();
        for term in terms {
            let mut next = 0;
            reading.positions(term, &within, |at, positions| {
                for position in positions.iter().filter_map(|p| p.checked_sub(*place)) {
                    let here = (at, position);
                    while begins.get(next).is_some_and(|known| *known < here) {
                        next += 1;
                    }
                    if begins.get(next) == Some(&here) {
                        fits.put(next as u32);
                    }
                }
            })?;
        }
        let mut index = 0..;
        begins.retain(|_| index.next().is_some_and(|at| fits.has(at)));
    }
    let mut hits: Vec<(u32, u32)> = Vec::new();
    for (at, _) in begins {
        match hits.last_mut() {
            Some((known, times)) if *known == at => *times += 1,
            _ => hits.push((at, 1)),
        }
    }
    Ok(hits)
}

/// Documents that have one term of each of these lists.
fn documents_of<'a, 'b: 'a>(
    source: &Source<'b>,
    lists: impl Iterator<Item = &'a [Term<'b>]>,
) -> Result<Bits, ReadError> {
    let mut within: Option<Bits> = None;
    let mut reading = source.reading();
    for terms in lists {
        let mut here = Bits::default();
        for term in terms {
            reading.documents(term, |at| {
                here.put(at);
            })?;
        }
        if let Some(before) = &within {
            here.keep(before);
        }
        within = Some(here);
    }
    Ok(within.unwrap_or_default())
}

/// Documents whose author or requester has all these words in the name, or this number.
pub fn from(source: &Source<'_>, name: &str) -> Result<Bits, ReadError> {
    let mut lists = Vec::new();
    if let Some(digits) = digits_sought(name) {
        let (end, more) = phone_sought(&digits);
        let end = term(PHONE, &end);
        let mut such =
            if more { source.beginning(&end)? } else { source.find(&end)?.into_iter().collect() };
        such.extend(source.find(&term(FROM, &digits))?);
        lists.push(such);
    } else {
        let words = words(name);
        for (at, word) in words.iter().enumerate() {
            // The last character of a run stands in a pair already.
            if word.unspaced && at > 0 && words[at - 1].end == word.end {
                continue;
            }
            lists.push(source.find(&term(FROM, &word.folded))?.into_iter().collect());
        }
    }
    documents_of(source, lists.iter().map(Vec::as_slice))
}

/// Documents that have a term of this kind.
pub fn marked(source: &Source<'_>, kind: char, word: &str) -> Result<Bits, ReadError> {
    let found: Vec<Term<'_>> = source.find(&term(kind, word))?.into_iter().collect();
    documents_of(source, [&found[..]].into_iter())
}
