//! What a text of a query finds in one source: documents, and how much each is about it.

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
        let mut all = United::new(source.documents());
        if let [word] = &words[..] {
            all.term(source, &term(WORD, word), 1.0)?;
            if !exact {
                for stem in stems(word, None) {
                    all.term(source, &term(STEM, &stem), OTHER_FORM)?;
                    all.term(source, &term(WORD, &stem), OTHER_FORM)?;
                }
                all.term(source, &term(STEM, word), OTHER_FORM)?;
            }
            if *prefix {
                for longer in source.beginning(&term(WORD, word))? {
                    let mut here = Vec::new();
                    source.postings_of(&longer, |at, times| {
                        here.push((at, BEGUN * times as f32));
                    })?;
                    all.add(here);
                }
            }
            for word in &self.near {
                all.term(source, &term(WORD, word), NEAR)?;
            }
        }
        if let Some(digits) = phone {
            all.term(source, &term(PHONE, phone_end(digits)), 1.0)?;
            all.term(source, &term(WORD, digits), 1.0)?;
        }
        if words.len() > 1 {
            all.add(phrase(source, words, *prefix)?);
        }
        Ok(all.hits())
    }
}

/// The best weight of each document, of lists that come one by one.
struct United {
    documents: usize,
    /// While there are few lists: one behind the other.
    listed: Hits,
    lists: u32,
    /// Of every document of the source, once there is much.
    dense: Vec<f32>,
}

impl United {
    fn new(documents: u64) -> United {
        let documents = usize::try_from(documents).unwrap_or(usize::MAX);
        United { documents, listed: Vec::new(), lists: 0, dense: Vec::new() }
    }

    fn term(&mut self, source: &Source<'_>, term: &str, weight: f32) -> Result<(), ReadError> {
        let mut here = Vec::new();
        source.postings(term, |at, times| here.push((at, weight * times as f32)))?;
        self.add(here);
        Ok(())
    }

    fn add(&mut self, hits: Hits) {
        /// Above, lists that are sorted cost more than a number for each document.
        const FEW: usize = 4096;
        if hits.is_empty() {
            return;
        }
        self.lists += 1;
        if !self.dense.is_empty() {
            return self.spread(&hits);
        }
        if self.listed.is_empty() {
            self.listed = hits;
            return;
        }
        self.listed.extend(hits);
        if self.listed.len() > FEW {
            self.dense = vec![0.0; self.documents];
            let listed = std::mem::take(&mut self.listed);
            self.spread(&listed);
        }
    }

    fn spread(&mut self, hits: &Hits) {
        for (at, weight) in hits {
            let known = &mut self.dense[*at as usize];
            *known = known.max(*weight);
        }
    }

    fn hits(mut self) -> Hits {
        if !self.dense.is_empty() {
            let known = (0u32..).zip(self.dense);
            return known.filter(|(_, weight)| *weight > 0.0).collect();
        }
        if self.lists > 1 {
            let better = |a: &(u32, f32), b: &(u32, f32)| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1));
            self.listed.sort_unstable_by(better);
            self.listed.dedup_by_key(|(at, _)| *at);
        }
        self.listed
    }
}

/// Documents in which the words stand side by side, with how often they do.
fn phrase(source: &Source<'_>, words: &[String], prefix: bool) -> Result<Hits, ReadError> {
    /// One word of the phrase: its place in it, and the terms that it may be.
    struct Part {
        place: u32,
        terms: Vec<String>,
        documents: u64,
    }
    let mut parts = Vec::new();
    for (place, word) in (0u32..).zip(words) {
        let own = term(WORD, word);
        let mut terms = Vec::new();
        if prefix && place as usize + 1 == words.len() {
            terms = source.terms(&own, |term| term != own)?;
        }
        terms.push(own);
        let mut documents = 0;
        for term in &terms {
            documents += source.count(term)?;
        }
        parts.push(Part { place, terms, documents });
    }
    // The rarest first: of the others is looked at only what can still be.
    parts.sort_unstable_by_key(|part| part.documents);
    let mut within: Option<Vec<u32>> = None;
    for Part { terms, .. } in &parts {
        let Some(before) = &mut within else {
            let mut first = Vec::new();
            for term in terms {
                source.postings(term, |at, _| first.push(at))?;
            }
            first.sort_unstable();
            first.dedup();
            within = Some(first);
            continue;
        };
        let mut has = vec![false; before.len()];
        for term in terms {
            let mut next = 0;
            source.postings(term, |at, _| {
                next += before[next..].iter().take_while(|known| **known < at).count();
                if before.get(next) == Some(&at) {
                    has[next] = true;
                }
            })?;
        }
        let mut has = has.into_iter();
        before.retain(|_| has.next() == Some(true));
    }
    let within = within.unwrap_or_default();
    // Where the phrase would begin.
    let mut begins: Vec<(u32, u32)> = Vec::new();
    for (number, Part { place, terms, .. }) in parts.iter().enumerate() {
        if number == 0 {
            for term in terms {
                source.positions(term, &within, |at, positions| {
                    let all = positions.iter().filter_map(|p| p.checked_sub(*place));
                    begins.extend(all.map(|position| (at, position)));
                })?;
            }
            begins.sort_unstable();
            begins.dedup();
            continue;
        }
        let mut fits = vec![false; begins.len()];
        for term in terms {
            let mut next = 0;
            source.positions(term, &within, |at, positions| {
                for position in positions.iter().filter_map(|p| p.checked_sub(*place)) {
                    let here = (at, position);
                    next += begins[next..].iter().take_while(|known| **known < here).count();
                    if begins.get(next) == Some(&here) {
                        fits[next] = true;
                    }
                }
            })?;
        }
        let mut fits = fits.into_iter();
        begins.retain(|_| fits.next() == Some(true));
    }
    let mut hits: Hits = Vec::new();
    for (at, _) in begins {
        match hits.last_mut() {
            Some((known, times)) if *known == at => *times += 1.0,
            _ => hits.push((at, 1.0)),
        }
    }
    Ok(hits)
}

/// Documents whose author or requester has all these words in the name, or this number.
pub fn from(source: &Source<'_>, name: &str) -> Result<Hits, ReadError> {
    if let Some(digits) = phone(name) {
        return listed(source, &term(PHONE, phone_end(&digits)));
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
    listed(source, &term(kind, word))
}

/// The documents of a term, each for one.
fn listed(source: &Source<'_>, term: &str) -> Result<Hits, ReadError> {
    let mut hits = Vec::new();
    source.postings(term, |at, _| hits.push((at, 1.0)))?;
    Ok(hits)
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
