//! From a query to what it finds: tickets as a set, the best of messages and contacts, exact totals of each.
//!
//! A ticket is found when for every text there is a document of it, or of what was merged into it, that holds the
//! text. With `speaker:` or `has:` that must be an entry which is, or has, just that; `from:` holds by itself. A
//! message is found when it holds all texts itself, and its ticket is found. Times are of what is found: tickets were
//! made then, messages said then, whenever their ticket was made. A typo is forgiven where a word is in
//! nothing that the caller may see.

use std::cell::LazyCell;
use std::sync::Arc;

use super::bits::Bits;
use super::document::{Key, MARK};
use super::find::{self, Hits, Wanted, both, marked};
use super::rank::{Best, rarity, recency, saturated};
use super::said::Said;
use super::segment::Columns;
use super::source::Source;
use super::{Highlighter, Newest, Search, State, place};
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::search::query::{Field, Query, What};
use crate::engine::index::{Filter, Span};
use crate::engine::rows::{ReadError, Rows};
use crate::engine::{Engine, Error};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its fields that filter tickets are passed over: they are in `also`.
    pub query: Query,
    /// What of the tickets is wanted, rights included.
    pub filter: Filter,
    /// Further filters of the query itself, each with whether it must not pass.
    pub also: Vec<(bool, Filter)>,
    /// When tickets were made, and messages said.
    pub time: Span,
    /// A ticket that is found whatever its words are, if it passes the filters.
    pub named: Option<u64>,
    /// How many messages and contacts, of the best.
    pub messages: usize,
    pub contacts: usize,
    /// How many tickets, of the best; none need be weighed where they are sorted by something else.
    pub tickets: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The places of tickets: a number less the first one.
    pub tickets: Arc<Bits>,
    /// As many of the best as were asked for, and how much each is about it.
    pub weights: Vec<(u64, f32)>,
    pub messages: Vec<Message>,
    pub messages_total: u64,
    pub contacts: Vec<Contact>,
    pub contacts_total: u64,
    /// False while the index is built: there may be more.
    pub complete: bool,
    pub highlighter: Highlighter,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message {
    /// The ticket that it is part of today.
    pub ticket: u64,
    /// The global number of the entry.
    pub entry: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contact {
    pub id: u64,
}

/// A query made ready.
struct Ready {
    texts: Vec<Wanted>,
    not_texts: Vec<Wanted>,
    marks: Vec<String>,
    not_marks: Vec<String>,
    from: Vec<String>,
    not_from: Vec<String>,
}

impl Ready {
    fn of(query: &Query) -> Ready {
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
}

/// What one source holds for a query.
struct Part {
    columns: Arc<Columns>,
    /// Of each text that is wanted; of the marks alone where there is no text.
    wanted: Vec<Hits>,
    from: Vec<Hits>,
    unwanted: Vec<Hits>,
    marks: Option<Hits>,
    /// Documents that hold all that is wanted of a document, with their weights summed; once it is weighed.
    whole: Hits,
}

impl Part {
    fn of(source: &Source<'_>, ready: &Ready) -> Result<Part, ReadError> {
        let mut marks: Option<Hits> = None;
        for mark in &ready.marks {
            let here = marked(source, MARK, mark)?;
            marks = Some(match marks {
                None => here,
                Some(before) => both(&before, &here),
            });
        }
        let wanted = ready.texts.iter().map(|text| text.hits(source)).collect::<Result<_, _>>()?;
        let from =
            ready.from.iter().map(|name| find::from(source, name)).collect::<Result<_, _>>()?;
        let mut unwanted = Vec::new();
        for text in &ready.not_texts {
            unwanted.push(text.hits(source)?);
        }
        for name in &ready.not_from {
            unwanted.push(find::from(source, name)?);
        }
        for mark in &ready.not_marks {
            unwanted.push(marked(source, MARK, mark)?);
        }
        let columns = source.columns()?;
        Ok(Part { columns, wanted, from, unwanted, marks, whole: Vec::new() })
    }

    /// What is looked for counts only where the marks are, too.
    fn within_marks(&mut self) {
        if let Some(marks) = &self.marks {
            self.wanted.iter_mut().for_each(|hits| *hits = both(hits, marks));
        }
    }

    fn whole(&self, weights: &[f32]) -> Hits {
        let mut lists = self.wanted.iter().zip(weights);
        let Some((first, weight)) = lists.next() else {
            return self.marks.clone().unwrap_or_default();
        };
        let normal = |(at, times): &(u32, f32), weight: &f32| {
            (*at, weight * saturated(*times, self.columns.lengths[*at as usize]))
        };
        let mut all: Vec<(u32, f32)> = first.iter().map(|hit| normal(hit, weight)).collect();
        for (hits, weight) in lists {
            let mut known = hits.iter().map(|hit| normal(hit, weight)).peekable();
            all.retain_mut(|(at, sum)| {
                while known.next_if(|(other, _)| other < at).is_some() {}
                let here = known.peek().filter(|(other, _)| other == at);
                *sum += here.map_or(0.0, |(_, weight)| *weight);
                here.is_some()
            });
        }
        all
    }
}

impl Engine {
    /// What a query finds, of what was acknowledged so far.
    pub async fn find(&self, asked: Asked) -> Result<Found, Error> {
        self.searching(move |engine| engine.search(&asked)).await
    }

    /// Work of some milliseconds that reads the index: not for the threads that answer, and not too much at once.
    pub async fn searching<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let permit = self.shared().search.searching.acquire().await;
        let engine = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&engine)).await;
        drop(permit);
        done.unwrap_or(Err(Error::Panicked))
    }

    /// The same on this thread.
    pub fn search(&self, asked: &Asked) -> Result<Found, Error> {
        let shared = self.shared();
        let view = Newest(&shared.reader);
        let rows = Rows { view: &view, seal: &shared.seal };
        let search = &shared.search;
        search.catch_up(rows)?;
        let state = search.read();
        let evaluation = Evaluation { engine: self, search, state: &state, rows, asked };
        Ok(evaluation.run()?)
    }
}

struct Evaluation<'a> {
    engine: &'a Engine,
    search: &'a Search,
    state: &'a State,
    rows: Rows<'a>,
    asked: &'a Asked,
}

impl Evaluation<'_> {
    fn run(&self) -> Result<Found, ReadError> {
        let asked = self.asked;
        let sources = self.state.sources(self.search.pieces(self.rows));
        let rights = Filter {
            visible_to: asked.filter.visible_to,
            shown: asked.filter.shown,
            ..Filter::default()
        };
        let visible = LazyCell::new(|| self.engine.shared().index().passing(&rights));
        let contacts = LazyCell::new(|| {
            let index = self.engine.shared().index();
            asked.filter.visible_to.map(|_| index.contacts_of(&rights))
        });
        let is_any_time = asked.time == Span::default();
        let (passing, made_then) = {
            let index = self.engine.shared().index();
            let mut passing = index.passing(&asked.filter);
            for (negated, filter) in &asked.also {
                let filter = Filter { shown: asked.filter.shown, ..filter.clone() };
                match (negated, index.passing(&filter)) {
                    (true, such) => passing.remove(&such),
                    (false, such) => passing.keep(&such),
                }
            }
            let then =
                Filter { created: asked.time, shown: asked.filter.shown, ..Filter::default() };
            let made_then = (!is_any_time).then(|| index.passing(&then));
            (passing, made_then)
        };
        let mut ready = Ready::of(&asked.query);
        let parts = sources.iter().map(|source| Part::of(source, &ready));
        let mut parts = parts.collect::<Result<Vec<_>, _>>()?;
        let shown = |source: &Source<'_>, part: &Part, at: u32| {
            let ticket = self.state.home(part.columns.tickets[at as usize]);
            Ok(match place(ticket) {
                // What passes is visible, and known already.
                Some(place) => passing.has(place) || visible.has(place),
                None => match source.lines(&[at])?[0].key {
                    Key::Contact(id) => shows(contacts.as_ref(), id),
                    _ => false,
                },
            })
        };
        forgive(&mut ready, &sources, &mut parts, &shown)?;
        parts.iter_mut().for_each(Part::within_marks);
        let named = asked.named.and_then(|number| place(u32::try_from(number).ok()?));
        let named = named.filter(|place| passing.has(*place));
        let mut tickets = self.tickets(&ready, &parts, passing);
        named.map(|place| tickets.put(place));
        let of_messages = made_then.as_ref().map(|_| tickets.clone());
        if let Some(then) = made_then {
            tickets.keep(&then);
        }
        let tickets = Arc::new(tickets);
        let with = |text: usize| parts.iter().map(|part| part.wanted[text].len()).sum();
        let weights: Vec<f32> =
            (0..ready.texts.len()).map(|text| rarity(&sources, with(text))).collect();
        parts.iter_mut().for_each(|part| part.whole = part.whole(&weights));
        let mut found = Found {
            weights: if asked.tickets > 0 {
                self.weigh(&parts, &weights, &tickets)
            } else {
                Vec::new()
            },
            tickets,
            complete: self.state.manifest.building.is_none(),
            highlighter: Highlighter::new(&ready.texts),
            ..Found::default()
        };
        if asked.messages > 0 {
            let among = of_messages.map_or_else(|| Arc::clone(&found.tickets), Arc::new);
            self.messages(&sources, &parts, &among, &mut found)?;
        }
        if asked.contacts > 0 && is_of_texts(&asked.query) {
            self.contacts(&sources, &parts, |id| shows(contacts.as_ref(), id), &mut found)?;
        }
        Ok(found)
    }

    fn tickets(&self, ready: &Ready, parts: &[Part], passing: Bits) -> Bits {
        let of = |pick: &dyn Fn(&Part) -> Option<&Hits>| {
            let mut bits = Bits::default();
            for part in parts {
                for (at, _) in pick(part).into_iter().flatten() {
                    let ticket = self.state.home(part.columns.tickets[*at as usize]);
                    place(ticket).map(|place| bits.put(place));
                }
            }
            bits
        };
        let mut found = passing;
        for at in 0..ready.texts.len() {
            found.keep(&of(&|part| part.wanted.get(at)));
        }
        for at in 0..ready.from.len() {
            found.keep(&of(&|part| part.from.get(at)));
        }
        if ready.texts.is_empty() && !ready.marks.is_empty() {
            found.keep(&of(&|part| part.marks.as_ref()));
        }
        let unwanted = ready.not_texts.len() + ready.not_from.len() + ready.not_marks.len();
        for at in 0..unwanted {
            found.remove(&of(&|part| part.unwanted.get(at)));
        }
        found
    }

    /// The best document of each ticket for each text, summed; what happened lately weighs more.
    fn weigh(&self, parts: &[Part], weights: &[f32], tickets: &Bits) -> Vec<(u64, f32)> {
        const WHOLE: f32 = 0.7;
        const NAMED: f32 = 1000.0;
        let places = tickets.iter().last().map_or(0, |last| last as usize + 1);
        let place_of = |part: &Part, at: u32| {
            let place = place(self.state.home(part.columns.tickets[at as usize]));
            place.filter(|place| tickets.has(*place)).map(|place| place as usize)
        };
        let mut sums = vec![0.0; places];
        let named = self.asked.named.and_then(|number| place(u32::try_from(number).ok()?));
        if let Some(sum) = named.and_then(|place| sums.get_mut(place as usize)) {
            *sum = NAMED;
        }
        for (text, weight) in weights.iter().enumerate() {
            let mut best = vec![0.0f32; places];
            for part in parts {
                for (at, times) in &part.wanted[text] {
                    if let Some(place) = place_of(part, *at) {
                        let now = weight * saturated(*times, part.columns.lengths[*at as usize]);
                        best[place] = best[place].max(now);
                    }
                }
            }
            sums.iter_mut().zip(best).for_each(|(sum, best)| *sum += best);
        }
        // Where one document holds everything, that counts for more than words here and there.
        let mut whole = vec![0.0f32; places];
        for part in parts {
            for (at, sum) in &part.whole {
                if let Some(place) = place_of(part, *at) {
                    whole[place] = whole[place].max(*sum);
                }
            }
        }
        let now = self.engine.shared().now();
        let index = self.engine.shared().index();
        let weighed = |place: u32| {
            let number = FIRST_NUMBER + u64::from(place);
            let age = index.updated_at(number).map_or(0, |at| now.0 - at.0);
            let sum = sums[place as usize] + WHOLE * whole[place as usize];
            (number, sum * recency(age))
        };
        let mut all: Vec<(u64, f32)> = tickets.iter().map(weighed).collect();
        let better = |a: &(u64, f32), b: &(u64, f32)| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0));
        if self.asked.tickets < all.len() {
            all.select_nth_unstable_by(self.asked.tickets, better);
            all.truncate(self.asked.tickets);
        }
        all.sort_unstable_by(better);
        all
    }

    fn messages(
        &self,
        sources: &[Source<'_>],
        parts: &[Part],
        among: &Bits,
        found: &mut Found,
    ) -> Result<(), ReadError> {
        let mut best = Best::new(self.asked.messages);
        let time = self.asked.time;
        for (number, (source, part)) in sources.iter().zip(parts).enumerate() {
            let said = (time != Span::default()).then(|| Said::of(source, time)).transpose()?;
            for (at, weight) in part.whole.iter().copied() {
                let ticket = self.state.home(part.columns.tickets[at as usize]);
                let is_found = place(ticket).is_some_and(|place| among.has(place));
                if is_found
                    && source.is_entry(at)
                    && said.as_ref().map_or(Ok(true), |said| said.has(self.rows, source, at))?
                {
                    found.messages_total += 1;
                    best.offer(weight, u64::from(ticket), (number, at));
                }
            }
        }
        for (ticket, (number, at)) in best.sorted() {
            if let Key::Entry(entry) = sources[number].lines(&[at])?[0].key {
                found.messages.push(Message { ticket, entry });
            }
        }
        Ok(())
    }

    fn contacts(
        &self,
        sources: &[Source<'_>],
        parts: &[Part],
        visible: impl Fn(u64) -> bool,
        found: &mut Found,
    ) -> Result<(), ReadError> {
        let mut best = Best::new(self.asked.contacts);
        for (source, part) in sources.iter().zip(parts) {
            let unwanted: Bits = part.unwanted.iter().flatten().map(|(at, _)| *at).collect();
            let is_contact = |at: u32| part.columns.tickets[at as usize] == 0 && !unwanted.has(at);
            let whole: Hits =
                part.whole.iter().filter(|(at, _)| is_contact(*at)).copied().collect();
            let places: Vec<u32> = whole.iter().map(|(at, _)| *at).collect();
            for (line, (_, weight)) in source.lines(&places)?.iter().zip(whole) {
                if let Key::Contact(id) = line.key
                    && visible(id)
                {
                    found.contacts_total += 1;
                    best.offer(weight, id, (0, 0));
                }
            }
        }
        found.contacts = best.sorted().into_iter().map(|(id, _)| Contact { id }).collect();
        Ok(())
    }
}

/// Gives words that are in nothing that the caller may see those that are one typo away.
fn forgive(
    ready: &mut Ready,
    sources: &[Source<'_>],
    parts: &mut [Part],
    shown: &dyn Fn(&Source<'_>, &Part, u32) -> Result<bool, ReadError>,
) -> Result<(), ReadError> {
    for (text, wanted) in ready.texts.iter_mut().enumerate() {
        let Some(word) = wanted.forgivable().map(str::to_owned) else { continue };
        let mut hits = sources.iter().zip(&*parts).flat_map(|(source, part)| {
            part.wanted[text].iter().map(move |(at, _)| shown(source, part, *at))
        });
        let known = hits.find(|shown| !matches!(shown, Ok(false)));
        if known.transpose()?.is_some() {
            continue;
        }
        for source in sources {
            wanted.near.extend(source.near(&word)?);
        }
        wanted.near.sort_unstable();
        wanted.near.dedup();
        for (source, part) in sources.iter().zip(&mut *parts) {
            part.wanted[text] = wanted.hits(source)?;
        }
    }
    Ok(())
}

/// Whether somebody who sees the tickets of these contacts, or everything, is shown a contact.
fn shows(visible: Option<&Bits>, contact: u64) -> bool {
    visible.is_none_or(|visible| u32::try_from(contact).is_ok_and(|id| visible.has(id)))
}

fn is_of_texts(query: &Query) -> bool {
    query.clauses.iter().all(|clause| matches!(clause.what, What::Text(_)))
}
