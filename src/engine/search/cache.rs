//! Pieces of segments that were read lately, in bounded memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::segment::Columns;

/// Beside the streams.
const COLUMNS: u8 = u8::MAX;

#[derive(Clone)]
pub enum Piece {
    Bytes(Arc<[u8]>),
    Columns(Arc<Columns>),
}

impl Piece {
    fn size(&self) -> usize {
        const BESIDE: usize = 64;
        BESIDE
            + match self {
                Piece::Bytes(bytes) => bytes.len(),
                Piece::Columns(columns) => columns.bytes(),
            }
    }
}

/// Segment, stream and position.
type PlaceOf = (u64, u8, u32);

/// What was read lately, within a number of bytes. What is the longest in here goes, unless it was asked for again since
/// it came or was spared: so merging, which reads everything once, leaves in here what is asked for.
pub struct Cache {
    most: usize,
    held: Mutex<Held>,
}

struct Kept {
    piece: Piece,
    is_asked_for: bool,
}

#[derive(Default)]
struct Held {
    pieces: HashMap<PlaceOf, Kept>,
    /// Each that is held, once.
    order: VecDeque<PlaceOf>,
    bytes: usize,
}

impl Cache {
    pub fn new(most: usize) -> Cache {
        Cache { most, held: Mutex::default() }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, place: PlaceOf) -> Option<Piece> {
        let mut held = self.held();
        let kept = held.pieces.get_mut(&place)?;
        kept.is_asked_for = true;
        Some(kept.piece.clone())
    }

    pub fn columns(&self, segment: u64) -> Option<Arc<Columns>> {
        match self.get((segment, COLUMNS, 0)) {
            Some(Piece::Columns(columns)) => Some(columns),
            _ => None,
        }
    }

    pub fn put_columns(&self, segment: u64, columns: &Arc<Columns>) {
        self.put((segment, COLUMNS, 0), Piece::Columns(Arc::clone(columns)));
    }

    pub fn put(&self, place: PlaceOf, piece: Piece) {
        let size = piece.size();
        // What alone is more than half of all is not kept.
        if size <= self.most / 2 {
            self.held().insert(place, piece, self.most - size);
        }
    }
}

impl Held {
    /// With what is held already within `most` bytes.
    fn insert(&mut self, place: PlaceOf, piece: Piece, most: usize) {
        if self.pieces.contains_key(&place) {
            return;
        }
        while self.bytes > most
            && let Some(oldest) = self.order.pop_front()
        {
            let Some(kept) = self.pieces.get_mut(&oldest) else { continue };
            if std::mem::take(&mut kept.is_asked_for) {
                self.order.push_back(oldest);
            } else {
                self.bytes -= kept.piece.size();
                self.pieces.remove(&oldest);
            }
        }
        self.bytes += piece.size();
        self.order.push_back(place);
        self.pieces.insert(place, Kept { piece, is_asked_for: false });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_while_others_pass_through_and_the_bound_holds() {
        let piece = || Piece::Bytes(vec![0; 936].into());
        let cache = Cache::new(10_000);
        for at in 0..100 {
            assert!(cache.get((1, 0, at)).is_none());
            cache.put((1, 0, at), piece());
            assert!(cache.get((1, 0, 0)).is_some(), "gone at {at}");
            let held = cache.held();
            assert!(held.bytes <= 10_000);
            assert_eq!(held.order.len(), held.pieces.len());
        }
        assert!(cache.get((1, 0, 99)).is_some() && cache.get((1, 0, 50)).is_none());
        cache.put((1, 0, 99), piece());
        assert_eq!(cache.held().bytes, 10_000);
        cache.put((2, 0, 0), Piece::Bytes(vec![0; 6000].into()));
        assert!(cache.get((2, 0, 0)).is_none(), "it is too large");
    }
}
