//! What one source holds for a query: its texts come one by one, so that at no time more than two lists of documents are
//! held, however many words there are.

use std::sync::Arc;

use super::bits::Bits;
use super::document::MARK;
use super::find::{self, Wanted, marked};
use super::hits::{Hits, Tenths};
use super::rank::saturated;
use super::segment::Columns;
use super::source::Source;
use crate::domain::search::query::{Field, Query, What};
use crate::engine::rows::ReadError;

/// A query made ready.
pub struct Ready {
    pub texts: Vec<Wanted>,
    pub not_texts: Vec<Wanted>,
    pub marks: Vec<String>,
    not_marks: Vec<String>,
    pub from: Vec<String>,
    not_from: Vec<String>,
}

impl Ready {
    pub fn of(query: &Query) -> Ready {
        let (texts, not_texts, marks) = (Vec::new(), Vec::new(), Vec::new());
        let (not_marks, from, not_from) = (Vec::new(), Vec::new(), Vec::new());
        let mut ready = Ready { texts, not_texts, marks, not_marks, from, not_from };
        for clause in &query.clauses {
            let negated = clause.negated;
            match &clause.what {
                What::Text(text) => {
                    let list = if negated { &mut ready.not_texts } else { &mut ready.texts };
                    list.push(Wanted::new(text));
                }
                What::Field(Field::From, name) => {
                    let list = if negated { &mut ready.not_from } else { &mut ready.from };
                    list.push(name.clone());
                }
                What::Field(Field::Has | Field::Speaker, mark) => {
                    let list = if negated { &mut ready.not_marks } else { &mut ready.marks };
                    list.push(mark.to_lowercase());
                }
                What::Field(..) => {}
            }
        }
        ready
    }

    /// Finds out how many documents each text has, and puts the rarest first: of the others counts only what can still
    /// be.
    pub fn count(&mut self, sources: &[Source<'_>]) -> Result<(), ReadError> {
        for text in self.texts.iter_mut().chain(&mut self.not_texts) {
            text.count(sources)?;
        }
        self.texts.sort_by_key(|text| text.most);
        Ok(())
    }

    /// Sets of documents that a part holds for it.
    pub fn sets(&self) -> usize {
        let unwanted = self.not_texts.len() + self.not_marks.len() + self.not_from.len();
        // Of names each its documents; what they wrote together, and while that is looked for one more.
        let by = if self.from.is_empty() { 0 } else { 3 };
        2 * usize::from(!self.marks.is_empty()) + self.from.len() + by + unwanted
    }
}

/// What one source holds for a query.
pub struct Part {
    pub columns: Arc<Columns>,
    /// Documents that have all marks, if any are wanted.
    pub marks: Option<Bits>,
    /// Documents by each name that is wanted.
    pub from: Vec<Bits>,
    /// Entries that all of these wrote, if any are wanted.
    pub by: Option<Bits>,
    /// Documents by each thing that is not wanted.
    pub unwanted: Vec<Bits>,
    pub whole: Whole,
}

impl Part {
    pub fn of(source: &Source<'_>, ready: &Ready) -> Result<Part, ReadError> {
        let marked = |mark: &String| marked(source, MARK, mark);
        let from = |name: &String| find::from(source, name);
        let text = |text: &Wanted| {
            Ok::<Bits, ReadError>(text.hits(source)?.iter().map(|(at, _)| at).collect())
        };
        let mut marks: Option<Bits> = None;
        for mark in &ready.marks {
            let mut here = marked(mark)?;
            if let Some(before) = &marks {
                here.keep(before);
            }
            marks = Some(here);
        }
        let unwanted = ready.not_texts.iter().map(text);
        let unwanted = unwanted.chain(ready.not_from.iter().map(from));
        let unwanted = unwanted.chain(ready.not_marks.iter().map(marked));
        let unwanted = unwanted.collect::<Result<_, _>>()?;
        let from = ready.from.iter().map(from).collect::<Result<_, _>>()?;
        let columns = source.columns()?;
        let whole = match &marks {
            Some(marks) if ready.texts.is_empty() => Whole::Marked(marks.clone()),
            _ => Whole::Anything,
        };
        Ok(Part { columns, marks, from, by: None, unwanted, whole })
    }

    /// One name more: what they wrote. It is all that is wanted where there are no texts.
    pub fn narrow_by(&mut self, mut by: Bits) {
        if let Some(before) = &self.by {
            by.keep(before);
        }
        match &mut self.whole {
            Whole::Marked(bits) => bits.keep(&by),
            whole => *whole = Whole::Marked(by.clone()),
        }
        self.by = Some(by);
    }

    /// One text more: its documents and what it weighs.
    pub fn narrow(&mut self, hits: Hits, weight: f32) {
        let columns = Arc::clone(&self.columns);
        self.whole = match std::mem::take(&mut self.whole) {
            Whole::Anything | Whole::Marked(_) => Whole::One(hits, weight),
            before => {
                let mut of = hits.ascending();
                let both = before.iter(&columns).filter_map(|(at, sum)| {
                    let tenths = of(at);
                    (tenths > 0).then(|| (at, sum + weight * columns.saturated(at, tenths)))
                });
                Whole::Several(both.collect())
            }
        };
    }
}

impl Columns {
    /// BM25's share of a text in a document.
    pub fn saturated(&self, at: u32, tenths: Tenths) -> f32 {
        saturated(f32::from(tenths) / 10.0, self.lengths[at as usize])
    }
}

/// Documents that hold all that is wanted of a document, with their weights summed.
#[derive(Default)]
pub enum Whole {
    /// Nothing is wanted of them so far.
    #[default]
    Anything,
    /// Marks alone.
    Marked(Bits),
    /// One text, and what it weighs.
    One(Hits, f32),
    /// Several texts, ascending.
    Several(Vec<(u32, f32)>),
}

impl Whole {
    /// Ascending; none where nothing is wanted of a document.
    pub fn iter<'a>(&'a self, columns: &'a Columns) -> impl Iterator<Item = (u32, f32)> + 'a {
        let (marked, one, several) = match self {
            Whole::Anything => (None, None, None),
            Whole::Marked(bits) => (Some(bits), None, None),
            Whole::One(hits, weight) => (None, Some((hits, *weight)), None),
            Whole::Several(list) => (None, None, Some(list)),
        };
        let marked = marked.into_iter().flat_map(Bits::iter).map(|at| (at, 1.0));
        let one = one.into_iter().flat_map(move |(hits, weight)| {
            hits.iter().map(move |(at, tenths)| (at, weight * columns.saturated(at, tenths)))
        });
        marked.chain(one).chain(several.into_iter().flatten().copied())
    }
}
