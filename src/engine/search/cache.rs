//! Pieces of segments that were read lately, in bounded memory.

use std::collections::HashMap;
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
                Piece::Columns(columns) => columns.tickets.len() * 6,
            }
    }
}

/// Segment, stream and position.
type PlaceOf = (u64, u8, u32);

/// What was read lately, within a number of bytes: what was not asked for while half of them came anew goes.
pub struct Cache {
    most: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    young: HashMap<PlaceOf, Piece>,
    old: HashMap<PlaceOf, Piece>,
    young_bytes: usize,
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
        if let Some(piece) = held.young.get(&place) {
            return Some(piece.clone());
        }
        let piece = held.old.remove(&place)?;
        self.insert(&mut held, place, piece.clone());
        Some(piece)
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
        let mut held = self.held();
        self.insert(&mut held, place, piece);
    }

    fn insert(&self, held: &mut Held, place: PlaceOf, piece: Piece) {
        let size = piece.size();
        if held.young_bytes + size > self.most / 2 {
            held.old = std::mem::take(&mut held.young);
            held.young_bytes = 0;
        }
        // What alone is more than half of all is not kept.
        if size <= self.most / 2 && held.young.insert(place, piece).is_none() {
            held.young_bytes += size;
        }
    }
}
