//! From a query to what it finds: tickets as a set, the best of messages and contacts, exact totals of each.
//!
//! A ticket is found when for every text there is a document of it, or of what was merged into it, that holds the
//! text. With `speaker:` or `has:` that must be an entry which is, or has, just that; `from:` holds by itself. A
//! message is found when it holds all texts itself, and its ticket is found; with `from:` it must be by them: by an
//! author of that name, or said by the customer in a ticket of theirs. Times are of what is found: tickets were
//! made then, messages said then, whenever their ticket was made. A typo is forgiven where a word is in
//! nothing that the caller may see.

use std::cell::LazyCell;
use std::sync::Arc;

use super::bits::Bits;
use super::document::{Key, MARK};
use super::find::{Wanted, marked};
use super::hits::Hits;
use super::part::{Part, Ready, Whole};
use super::rank::{Best, rarity, recency};
use super::said::Said;
use super::source::Source;
use super::{Highlighter, Newest, Search, State, place};
use crate::domain::entry::Speaker;
use crate::domain::reference::FIRST_NUMBER;
use crate::domain::search::query::{Query, What};
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
        search.catch_up(shared, rows)?;
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
        ready.count(&sources)?;
        let _memory = self.search.gate.enter(self.bytes(&ready, &sources));
        let parts = sources.iter().map(|source| Part::of(source, &ready));
        let mut parts = parts.collect::<Result<Vec<_>, _>>()?;
        if asked.messages > 0 {
            written_by(&sources, &mut parts)?;
        }
        let shown = |source: &Source<'_>, part: &Part, at: u32| {
            let ticket = self.state.home(part.columns.ticket(at));
            Ok(match place(ticket) {
                // What passes is visible, and known already.
                Some(place) => passing.has(place) || visible.has(place),
                None => match source.lines(&[at])?[0].key {
                    Key::Contact(id) => shows(contacts.as_ref(), id),
                    _ => false,
                },
            })
        };
        let places = passing.iter().last().map_or(0, |last| last as usize + 1);
        let mut tickets = passing.clone();
        let mut sums = vec![0.0f32; if asked.tickets > 0 { places } else { 0 }];
        for text in &mut ready.texts {
            let hits = sources.iter().map(|source| text.hits(source));
            let mut hits = hits.collect::<Result<Vec<_>, _>>()?;
            forgive(text, &sources, &parts, &mut hits, &shown)?;
            for (part, hits) in parts.iter().zip(&mut hits) {
                if let Some(marks) = &part.marks {
                    hits.retain(|at| marks.has(at));
                }
            }
            let weight = rarity(&sources, hits.iter().map(Hits::count).sum());
            let best = self.best(&parts, &hits, &tickets, places);
            tickets.retain(|place| best[place as usize] > 0.0);
            sums.iter_mut().zip(best).for_each(|(sum, best)| *sum += weight * best);
            parts.iter_mut().zip(hits).for_each(|(part, hits)| part.narrow(hits, weight));
        }
        self.narrow(&ready, &parts, &mut tickets);
        let named = asked.named.and_then(|number| place(u32::try_from(number).ok()?));
        let named = named.filter(|place| passing.has(*place));
        named.map(|place| tickets.put(place));
        let of_messages = made_then.as_ref().map(|_| tickets.clone());
        if let Some(then) = made_then {
            tickets.keep(&then);
        }
        let tickets = Arc::new(tickets);
        let mut found = Found {
            weights: if asked.tickets > 0 {
                self.weigh(&parts, sums, named, &tickets)
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

    /// By the places of these tickets, the most that a document of each is about a text.
    fn best(&self, parts: &[Part], hits: &[Hits], of: &Bits, places: usize) -> Vec<f32> {
        let mut best = vec![0.0f32; places];
        for (part, hits) in parts.iter().zip(hits) {
            let columns = &part.columns;
            hits.iter().for_each(|(at, tenths)| {
                let place = place(self.state.home(columns.ticket(at)));
                if let Some(place) = place.filter(|place| of.has(*place)) {
                    let best = &mut best[place as usize];
                    *best = columns.saturated(at, tenths).max(*best);
                }
            });
        }
        best
    }

    /// Bytes that it takes at most: two texts at a time, and what the documents weigh that hold all; sets of documents;
    /// three numbers a ticket.
    fn bytes(&self, ready: &Ready, sources: &[Source<'_>]) -> u64 {
        const A_DOCUMENT: u64 = size_of::<(u32, f32)>() as u64;
        const A_TICKET: u64 = 12;
        let all: u64 = sources.iter().map(Source::documents).sum();
        let texts = ready.texts.iter().chain(&ready.not_texts);
        let mut each: Vec<u64> = texts.map(|text| text.bytes(all)).collect();
        each.sort_unstable();
        let two: u64 = each.iter().rev().take(2).sum();
        let both = if each.len() > 1 {
            each[0].saturating_mul(A_DOCUMENT).min(all * A_DOCUMENT)
        } else {
            0
        };
        let sets = ready.sets() as u64 * all / 8;
        let tickets = self.engine.shared().index().len() * A_TICKET;
        two + both + sets + tickets
    }

    /// Leaves the tickets that have what is wanted beside texts, and nothing that is unwanted.
    fn narrow(&self, ready: &Ready, parts: &[Part], tickets: &mut Bits) {
        let of = |pick: &dyn Fn(&Part) -> Option<&Bits>| {
            let mut bits = Bits::default();
            for part in parts {
                for at in pick(part).into_iter().flat_map(Bits::iter) {
                    let ticket = self.state.home(part.columns.ticket(at));
                    place(ticket).map(|place| bits.put(place));
                }
            }
            bits
        };
        for at in 0..ready.from.len() {
            tickets.keep(&of(&|part| part.from.get(at)));
        }
        if ready.texts.is_empty() && !ready.marks.is_empty() {
            tickets.keep(&of(&|part| part.marks.as_ref()));
        }
        let unwanted = parts.first().map_or(0, |part| part.unwanted.len());
        for at in 0..unwanted {
            tickets.remove(&of(&|part| part.unwanted.get(at)));
        }
    }

    /// The best of the tickets, of what their documents weigh for each text, summed; what happened lately weighs more.
    fn weigh(
        &self,
        parts: &[Part],
        mut sums: Vec<f32>,
        named: Option<u32>,
        tickets: &Bits,
    ) -> Vec<(u64, f32)> {
        const WHOLE: f32 = 0.7;
        const NAMED: f32 = 1000.0;
        // Where one document holds everything, that counts for more than words here and there.
        let mut whole = vec![0.0f32; sums.len()];
        for part in parts {
            if let Whole::One(..) = part.whole {
                whole.clone_from(&sums);
                break;
            }
            part.whole.iter(&part.columns).for_each(|(at, sum)| {
                let place = place(self.state.home(part.columns.ticket(at)));
                if let Some(known) = place.and_then(|place| whole.get_mut(place as usize)) {
                    *known = sum.max(*known);
                }
            });
        }
        if let Some(sum) = named.and_then(|place| sums.get_mut(place as usize)) {
            *sum = NAMED;
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
            part.whole.iter(&part.columns).try_for_each(|(at, weight)| {
                let ticket = self.state.home(part.columns.ticket(at));
                let is_found = place(ticket).is_some_and(|place| among.has(place));
                if is_found
                    && source.is_entry(at)
                    && part.by.as_ref().is_none_or(|by| by.has(at))
                    && said.as_ref().map_or(Ok(true), |said| said.has(self.rows, source, at))?
                {
                    found.messages_total += 1;
                    best.offer(weight, u64::from(ticket), (number, at));
                }
                Ok::<_, ReadError>(())
            })?;
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
            let is_unwanted = |at: u32| part.unwanted.iter().any(|bits| bits.has(at));
            let is_contact = |at: u32| part.columns.ticket(at) == 0 && !is_unwanted(at);
            let whole: Vec<(u32, f32)> =
                part.whole.iter(&part.columns).filter(|(at, _)| is_contact(*at)).collect();
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

/// Gives a word that is in nothing that the caller may see those that are one typo away.
fn forgive(
    wanted: &mut Wanted,
    sources: &[Source<'_>],
    parts: &[Part],
    hits: &mut [Hits],
    shown: &dyn Fn(&Source<'_>, &Part, u32) -> Result<bool, ReadError>,
) -> Result<(), ReadError> {
    let Some(word) = wanted.forgivable().map(str::to_owned) else { return Ok(()) };
    for ((source, part), hits) in sources.iter().zip(parts).zip(&*hits) {
        for (at, _) in hits.iter() {
            if shown(source, part, at)? {
                return Ok(());
            }
        }
    }
    for source in sources {
        wanted.near.extend(source.near(&word)?);
    }
    wanted.near.sort_unstable();
    wanted.near.dedup();
    for (source, hits) in sources.iter().zip(hits) {
        *hits = wanted.hits(source)?;
    }
    Ok(())
}

/// Tells each part which entries all who are named in `from:` wrote; of a ticket counts who asked when nothing was
/// merged.
fn written_by(sources: &[Source<'_>], parts: &mut [Part]) -> Result<(), ReadError> {
    for name in 0..parts.first().map_or(0, |part| part.from.len()) {
        let mut theirs = Bits::default();
        for (source, part) in sources.iter().zip(&*parts) {
            for at in part.from[name].iter().filter(|at| !source.is_entry(*at)) {
                place(part.columns.ticket(at)).map(|place| theirs.put(place));
            }
        }
        for (source, part) in sources.iter().zip(&mut *parts) {
            let mut by = marked(source, MARK, Speaker::User.as_str())?;
            by.retain(|at| place(part.columns.ticket(at)).is_some_and(|place| theirs.has(place)));
            part.from[name].iter().filter(|at| source.is_entry(*at)).for_each(|at| {
                by.put(at);
            });
            part.narrow_by(by);
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
