//! Tending the index: opening it, writing what is fresh, merging segments, building it from the rows.
//!
//! One tends it at a time. A segment is named in the manifest's remains before its first row is written, and again
//! before its rows go: whatever dies in between, the next start removes them.

use std::sync::{Arc, PoisonError};

use tokio::runtime::Handle;

use super::document::Key;
use super::pieces::Pieces;
use super::segment::Segment;
use super::write::{Piece, Stream};
use super::{Bits, FORM, Newest, Progress, SOURCES, Search, State, Step, key_of, merging, opened};
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, Reply, Submission};
use crate::engine::rows::{ReadError, Rows};
use crate::engine::{Engine, Error, Shared};
use crate::store::records::{SearchBuilding, SearchManifest, SearchSegment};
use crate::store::{Order, Table, View};

/// Events behind the segments after which they are written, however little is fresh: the feed is kept for it.
const BEHIND: u64 = 20_000;
/// Rows looked at while nobody searches.
const AT_ONCE: usize = 200;
/// Pieces in one plan: half a MiB.
const PIECES_AT_ONCE: usize = 32;
/// Segments with this part of their documents dead are written anew.
const DEAD_PART: u32 = 4;

impl Search {
    /// At start: opens what there is; what changed behind it is looked at when somebody searches, or it is tended.
    pub(in crate::engine) fn open(&self, shared: &Shared) -> Result<(), ReadError> {
        let view = Newest(&shared.reader);
        let rows = Rows { view: &view, seal: &shared.seal };
        let mut state = self.write();
        state.find_homes(&rows, &shared.index())?;
        let open = |known: &[SearchSegment]| self.open_segments(shared, known);
        if state.open(&rows, &shared.feed_epoch, open)? {
            let behind = (state.manifest.upto, shared.published());
            *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = Some(behind);
            return Ok(());
        }
        let is_empty = SOURCES.iter().try_fold(true, |empty, table| {
            Ok::<_, ReadError>(
                empty && view.scan(*table, &[], None, Order::Ascending, 1)?.is_empty(),
            )
        })?;
        let before = rows.get::<SearchManifest>(crate::store::records::MANIFEST)?;
        state.anew(before.unwrap_or_default(), shared);
        if is_empty {
            (state.manifest.building, state.landed) = (None, None);
        }
        Ok(())
    }

    /// Opens segments, two at a time: their heads have to be unpacked and read.
    fn open_segments(
        &self,
        shared: &Shared,
        known: &[SearchSegment],
    ) -> Result<Vec<Segment>, ReadError> {
        let open = |known: &[SearchSegment]| {
            let rows = Rows { view: &Newest(&shared.reader), seal: &shared.seal };
            let pieces = self.pieces(rows);
            known.iter().map(|known| opened(&pieces, known)).collect::<Result<Vec<_>, _>>()
        };
        let length = |known: &SearchSegment| known.chunks[Stream::Head as usize];
        let half = known.iter().map(length).sum::<u32>() / 2;
        let mut length_before = 0;
        let first = known.iter().take_while(|known| {
            let begins_in_it = length_before <= half;
            length_before += length(known);
            begins_in_it
        });
        let (ours, others) = known.split_at(first.count());
        std::thread::scope(|scope| {
            let others = scope.spawn(|| open(others));
            let mut segments = open(ours)?;
            let others = others.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            segments.extend(others?);
            Ok(segments)
        })
    }
}

impl State {
    /// An index without a document, to be built.
    pub(super) fn anew(&mut self, before: SearchManifest, shared: &Shared) {
        let old = before.segments.iter().map(|segment| segment.number);
        self.manifest = SearchManifest {
            form: FORM,
            epoch: shared.feed_epoch.clone(),
            upto: shared.published(),
            next: before.next.max(1),
            segments: Vec::new(),
            remains: old.chain(before.remains).collect(),
            building: Some(SearchBuilding::default()),
        };
        self.landed = self.manifest.building;
        self.unsaved = !self.manifest.remains.is_empty();
        self.segments.clear();
        self.mortal.clear();
        self.prints.clear();
        self.fresh = super::Fresh::default();
    }
}

impl Engine {
    /// Does what is due; true if there was anything.
    pub async fn tend_search(&self) -> Result<bool, Error> {
        let _one = self.shared().search.tending.lock().await;
        self.tending(|tending| {
            let mut did = tending.clear_remains()?;
            did |= tending.build()?;
            tending.catch_up()?;
            if tending.is_full() {
                tending.flush()?;
                did = true;
            }
            while let Some(group) = tending.due() {
                tending.merge(&group)?;
                did = true;
            }
            Ok(did)
        })
        .await
    }

    /// Builds the index anew from the rows; comes back when that has begun, and [`Engine::tend_search`] goes on.
    pub async fn reindex(&self) {
        let _one = self.shared().search.tending.lock().await;
        self.shared().search.build_anew(self.shared());
    }

    /// Comes back when the index wants to be tended though nothing happened.
    pub async fn search_wants_tending(&self) {
        self.shared().search.wanted.notified().await;
    }

    /// How far the index is.
    pub fn search_progress(&self) -> Result<Progress, Error> {
        let rows = self
            .shared()
            .reader
            .read(|view| SOURCES.iter().try_fold(0, |sum, table| Ok(sum + view.count(*table)?)))?;
        Ok(self.shared().search.progress(rows))
    }

    /// Work that waits for the writer, on a thread that may.
    pub(super) async fn tending<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Tending) -> Result<R, Error> + Send + 'static,
    ) -> Result<R, Error> {
        let tending = Tending { engine: self.clone(), handle: Handle::current() };
        let done = tokio::task::spawn_blocking(move || work(&tending));
        done.await.unwrap_or(Err(Error::Panicked))
    }
}

pub(super) struct Tending {
    pub engine: Engine,
    handle: Handle,
}

impl Tending {
    fn search(&self) -> &Search {
        &self.engine.shared().search
    }

    fn with<R>(&self, work: impl FnOnce(Pieces<'_>) -> R) -> R {
        let shared = self.engine.shared();
        let view = Newest(&shared.reader);
        work(shared.search.pieces(Rows { view: &view, seal: &shared.seal }))
    }

    pub fn catch_up(&self) -> Result<(), Error> {
        Ok(self.with(|pieces| self.search().catch_up(self.engine.shared(), pieces.rows))?)
    }

    fn submit(&self, step: Step) -> Result<Reply, Error> {
        let submission = Submission::new(Actor::System, Command::Search(Box::new(step)));
        self.handle.block_on(self.engine.submit(submission))
    }

    fn is_full(&self) -> bool {
        let (search, published) = (self.search(), self.engine.shared().published());
        let state = search.read();
        let is_due = state.fresh.len() >= search.settings.fresh_documents
            || state.fresh.bytes() >= search.settings.fresh_bytes;
        is_due || published.saturating_sub(state.manifest.upto) >= BEHIND
    }

    /// Writes what is fresh as a segment.
    pub fn flush(&self) -> Result<(), Error> {
        let upto = self.engine.shared().published();
        self.catch_up()?;
        let (fresh, dead, mut manifest) = {
            let mut state = self.search().write();
            let fresh = Arc::new(std::mem::take(&mut state.fresh));
            state.settling = Some((Arc::clone(&fresh), Bits::NONE));
            let mortal = std::mem::take(&mut state.mortal);
            let of = |segment: &&Segment| mortal.contains(&segment.number());
            let dead = state.segments.iter().filter(of).map(|s| (s.number(), s.deaths()));
            (fresh, dead.collect::<Vec<_>>(), state.manifest.clone())
        };
        let mortal: Vec<u64> = dead.iter().map(|(number, _)| *number).collect();
        manifest.upto = upto;
        let number = manifest.next;
        let written = fresh.write(number);
        let landed = (|| {
            let mut step = Step { dead, ..Step::default() };
            if let Some((pieces, segment)) = written {
                manifest.next += 1;
                step.pieces = self.ahead(pieces, &mut manifest)?;
                manifest.segments.push(segment);
                manifest.remains.retain(|known| *known != number);
            }
            step.manifest = Some(manifest.clone());
            self.submit(step)?;
            let new = manifest.segments.last().filter(|segment| segment.number == number);
            new.map(|segment| self.open(segment)).transpose()
        })();
        let mut state = self.search().write();
        let (_, died) = state.settling.take().unwrap_or_default();
        match landed {
            Ok(segment) => {
                state.landed = manifest.building;
                let building = state.manifest.building;
                state.manifest = SearchManifest { building, ..manifest };
                if let Some(mut segment) = segment {
                    let buried = died.iter().try_for_each(|at| {
                        let key = fresh.lines[at as usize].key;
                        if let Some((at, _)) = self.with(|pieces| segment.document(&pieces, key))? {
                            segment.bury(at);
                            state.mortal.insert(number);
                        }
                        Ok(())
                    });
                    state.segments.push(segment);
                    return buried;
                }
                Ok(())
            }
            Err(error) => {
                // Nothing is lost by reading it all again.
                state.prints.clear();
                state.mortal.extend(mortal);
                self.search().note_keys(fresh.lines.iter().map(|line| line.key));
                Err(error)
            }
        }
    }

    fn open(&self, known: &SearchSegment) -> Result<Segment, Error> {
        Ok(self.with(|pieces| Segment::open(&pieces, known.clone(), Bits::NONE))?)
    }

    /// Writes what is too much for one plan before the manifest; the rest.
    fn ahead(
        &self,
        pieces: Vec<Piece>,
        manifest: &mut SearchManifest,
    ) -> Result<Vec<Piece>, Error> {
        let bytes: usize = pieces.iter().map(|(_, chunk)| chunk.0.len()).sum();
        if bytes <= self.search().settings.plan_bytes {
            return Ok(pieces);
        }
        let number = manifest.next - 1;
        self.announce(number)?;
        manifest.remains.push(number);
        self.write_pieces(&pieces)?;
        Ok(Vec::new())
    }

    /// Writes pieces of an announced segment, however many: a few in each plan, as one may have so many bytes.
    fn write_pieces(&self, pieces: &[Piece]) -> Result<(), Error> {
        let mut plans = pieces.chunks(PIECES_AT_ONCE);
        plans.try_for_each(|some| {
            self.submit(Step { pieces: some.to_vec(), ..Step::default() }).map(drop)
        })
    }

    /// Names a segment that is going to be written.
    fn announce(&self, number: u64) -> Result<(), Error> {
        let manifest = {
            let mut state = self.search().write();
            state.manifest.next = state.manifest.next.max(number + 1);
            state.manifest.remains.push(number);
            state.to_save()
        };
        self.submit(Step { manifest: Some(manifest), ..Step::default() }).map(drop)
    }

    /// Segments that shall become one.
    fn due(&self) -> Option<Vec<u64>> {
        let search = self.search();
        let steady = self.engine.shared().steady();
        let mut state = search.write();
        let most = search.settings.merged.max(2);
        let tier = |segment: &Segment| {
            let least = (search.settings.fresh_documents / most).max(1) as u32;
            (segment.known.documents / least).max(1).ilog(most as u32)
        };
        let full = state.segments.iter().map(tier).find(|tier_of_one| {
            state.segments.iter().filter(|segment| tier(segment) == *tier_of_one).count() >= most
        });
        if let Some(full) = full {
            let group = state.segments.iter().filter(|segment| tier(segment) == full);
            return Some(group.map(Segment::number).collect());
        }
        let rotten =
            |s: &&Segment| s.dead_count > 0 && s.dead_count >= s.known.documents / DEAD_PART;
        if let Some(segment) = state.segments.iter().find(rotten) {
            return Some(vec![segment.number()]);
        }
        // What was deleted stays no longer than a day.
        if steady >= state.cleaned.plus(Micros::DAY) {
            let dead = state.segments.iter().find(|segment| segment.dead_count > 0);
            let number = dead.map(Segment::number);
            if number.is_none() {
                state.cleaned = steady;
            }
            return number.map(|number| vec![number]);
        }
        None
    }

    /// Writes segments as one, or one anew.
    pub fn merge(&self, group: &[u64]) -> Result<(), Error> {
        let of = |segments: &[Segment]| -> Vec<Segment> {
            segments.iter().filter(|s| group.contains(&s.number())).cloned().collect()
        };
        let (old, number) = {
            let state = self.search().read();
            (of(&state.segments), state.manifest.next)
        };
        self.announce(number)?;
        let (pieces, segment) = self.with(|pieces| {
            merging::merge(&pieces, &old, number, |pieces| self.write_pieces(&pieces))
        })?;
        self.write_pieces(&pieces)?;
        let mut manifest = self.search().read().to_save();
        manifest.segments.retain(|known| !group.contains(&known.number));
        manifest.remains.retain(|known| *known != number);
        manifest.remains.extend(group);
        let is_empty = segment.documents == 0;
        if is_empty {
            manifest.remains.push(number);
        } else {
            manifest.segments.push(segment.clone());
        }
        self.submit(Step { manifest: Some(manifest.clone()), ..Step::default() })?;
        let mut new = self.open(&segment)?;
        {
            let mut state = self.search().write();
            // What died meanwhile.
            for now in of(&state.segments) {
                let before = old.iter().find(|known| known.number() == now.number());
                let lived = |at: &u32| before.is_some_and(|before| !before.dead.has(*at));
                let died: Vec<u32> = now.dead.iter().filter(lived).collect();
                for at in died {
                    self.with(|pieces| {
                        let lines = now.lines(&pieces, at as usize / super::write::DOCUMENTS)?;
                        let key = lines[at as usize % super::write::DOCUMENTS].key;
                        if let Some((at, _)) = new.document(&pieces, key)? {
                            new.bury(at);
                            state.mortal.insert(number);
                        }
                        Ok::<_, ReadError>(())
                    })?;
                }
            }
            state.segments.retain(|segment| !group.contains(&segment.number()));
            state.mortal.retain(|known| !group.contains(known));
            if !is_empty {
                state.segments.push(new);
            }
            let building = state.manifest.building;
            state.manifest = SearchManifest { building, ..manifest };
        }
        self.clear_remains().map(drop)
    }

    /// Removes the rows and the keys of segments that are not used.
    pub fn clear_remains(&self) -> Result<bool, Error> {
        let unsaved = {
            let state = self.search().read();
            state.unsaved.then(|| state.to_save())
        };
        if let Some(manifest) = unsaved {
            // Without power from here on the index is built further; before, from the start.
            self.submit(Step { manifest: Some(manifest), ..Step::default() })?;
            self.search().write().unsaved = false;
        }
        let remains = self.search().read().manifest.remains.clone();
        for number in &remains {
            while let Reply::Step { more: Some(_) } =
                self.submit(Step { gone: Some(*number), ..Step::default() })?
            {}
            self.search().write().manifest.remains.retain(|known| known != number);
        }
        Ok(!remains.is_empty())
    }

    /// Goes on with building, to the end.
    fn build(&self) -> Result<bool, Error> {
        const TABLES: [Table; 3] = SOURCES;
        if self.search().read().manifest.building.is_none() {
            return Ok(false);
        }
        loop {
            let Some(at) = self.search().read().manifest.building else { break };
            let Some(table) = TABLES.get(usize::from(at.kind)).copied() else { break };
            let from = at.behind.to_be_bytes();
            let found = self.with(|pieces| {
                pieces.rows.view.scan(table, &from, None, Order::Ascending, AT_ONCE)
            })?;
            let keys: Vec<Key> = found.iter().filter_map(|(key, _)| key_of(table, key)).collect();
            let last = found
                .last()
                .and_then(|(key, _)| Some(u64::from_be_bytes((**key).try_into().ok()?)));
            drop(found);
            let mut state = self.search().write();
            self.with(|pieces| keys.iter().try_for_each(|key| state.take(&pieces, *key)))?;
            let done = at.done + keys.len() as u64;
            state.manifest.building = Some(match last {
                Some(last) if keys.len() == AT_ONCE => {
                    SearchBuilding { behind: last + 1, done, ..at }
                }
                _ => SearchBuilding { kind: at.kind + 1, behind: 0, done },
            });
            drop(state);
            if self.is_full() {
                self.flush()?;
            }
        }
        self.search().write().manifest.building = None;
        self.flush()?;
        tracing::info!("the search index is complete");
        Ok(true)
    }
}
