//! Where in a text a query's words stand, and the part of the text that is worth showing.

use super::find::Wanted;
use crate::domain::search::stem::{Language, guess, stems};
use crate::domain::search::{Word, words};

/// Knows the words that were looked for.
#[derive(Clone, Debug, Default)]
pub struct Highlighter {
    texts: Vec<Wanted>,
}

/// Part of a text with its hits, in characters of that part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    pub text: String,
    pub hits: Vec<(usize, usize)>,
}

impl Highlighter {
    pub(super) fn new(texts: &[Wanted]) -> Highlighter {
        Highlighter { texts: texts.to_vec() }
    }

    /// Whether no words were looked for.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Whether all that was looked for stands in a text.
    pub fn matches(&self, text: &str) -> bool {
        let alone = |wanted: &Wanted| Highlighter { texts: vec![wanted.clone()] };
        self.texts.iter().all(|wanted| !alone(wanted).hits(text).is_empty())
    }

    /// At most `most` characters of a text around its first hit; none without a hit.
    pub fn snippet(&self, text: &str, most: usize) -> Option<Snippet> {
        let hits = self.hits(text);
        let first = hits.first()?.0;
        let chars: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let place = |byte: usize| chars.partition_point(|at| *at < byte);
        let first = place(first);
        // A third before the hit, two behind it.
        let mut from = first.saturating_sub(most / 3).min(chars.len().saturating_sub(most));
        if from > 0 {
            let space = |at: &usize| text[chars[*at]..].starts_with(char::is_whitespace);
            from = (from..first).find(space).map_or(from, |at| at + 1);
        }
        let to = (from + most).min(chars.len());
        let byte = |at: usize| chars.get(at).copied().unwrap_or(text.len());
        let within = |(start, end): (usize, usize)| {
            let (start, end) = (place(start), place(end));
            (start >= from && end <= to).then(|| (start - from, end - from))
        };
        let hits = hits.into_iter().filter_map(within).collect();
        Some(Snippet { text: text[byte(from)..byte(to)].to_owned(), hits })
    }

    /// Where the words stand, in bytes, in order and apart from one another.
    fn hits(&self, text: &str) -> Vec<(usize, usize)> {
        let found = words(text);
        let language = guess(&found);
        let mut hits: Vec<(usize, usize)> = Vec::new();
        for wanted in &self.texts {
            let length = wanted.text.words.len();
            if length == 0 {
                continue;
            }
            for at in 0..found.len() {
                let Some(here) = found.get(at..at + length) else { break };
                if holds(wanted, here, language) {
                    hits.push((here[0].start, here[length - 1].end));
                }
            }
        }
        hits.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::new();
        for (start, end) in hits {
            match apart.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => apart.push((start, end)),
            }
        }
        apart
    }
}

/// Whether these words, as many as are wanted, are what is wanted.
fn holds(wanted: &Wanted, here: &[Word], language: Option<Language>) -> bool {
    let text = &wanted.text;
    let last = text.words.len().saturating_sub(1);
    let is_begun = |at: usize, word: &Word| {
        text.prefix && at == last && word.folded.starts_with(&text.words[at])
    };
    if let ([asked], [word]) = (&text.words[..], here) {
        let own = || stems(&word.folded, language);
        let form = || {
            let stems = stems(asked, None);
            let own = own();
            stems.contains(&word.folded)
                || own.contains(asked)
                || own.iter().any(|s| stems.contains(s))
        };
        return word.folded == *asked
            || is_begun(0, word)
            || wanted.near.contains(&word.folded)
            || (!text.exact && form());
    }
    let same = |(at, word): (usize, &Word)| text.words[at] == word.folded || is_begun(at, word);
    text.words.len() == here.len() && here.iter().enumerate().all(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::search::query::{Query, What};

    fn marked(query: &str, text: &str) -> Option<String> {
        let clauses = Query::parse(query, false).expect(query).clauses;
        let texts = clauses.into_iter().filter_map(|clause| match clause.what {
            What::Text(text) => Some(Wanted::new(&text)),
            What::Field(..) => None,
        });
        let highlighter = Highlighter::new(&texts.collect::<Vec<_>>());
        let Snippet { text, hits } = highlighter.snippet(text, 40)?;
        let chars: Vec<char> = text.chars().collect();
        let shown = (0..=chars.len()).map(|at| {
            let close = hits.iter().any(|(_, end)| *end == at).then_some("]");
            let open = hits.iter().any(|(start, _)| *start == at).then_some("[");
            let c = chars.get(at).map(char::to_string).unwrap_or_default();
            [close.unwrap_or_default(), open.unwrap_or_default(), &c].concat()
        });
        Some(shown.collect())
    }

    #[test]
    fn hits_are_marked_in_any_form_and_script() {
        assert_eq!(marked("refund", "I was refunded twice").unwrap(), "I was [refunded] twice");
        assert_eq!(marked("退款", "我要退款。").unwrap(), "我要[退款]。");
        assert_eq!(
            marked("\"llegó tarde\"", "No llego tarde hoy").unwrap(),
            "No [llego tarde] hoy"
        );
        assert_eq!(marked("blen*", "El blénder 💥 roto").unwrap(), "El [blénder] 💥 roto");
        assert_eq!(marked("other", "nothing"), None);
    }

    #[test]
    fn the_part_around_the_first_hit_is_shown() {
        let long = format!("{} needle {}", "hay ".repeat(50), "straw ".repeat(50));
        let shown = marked("needle", &long).unwrap();
        assert!(shown.contains("[needle]") && shown.chars().count() <= 42, "{shown}");
    }
}
