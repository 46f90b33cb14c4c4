//! Columns of a block of tickets: values, which take room only once a ticket has another than all of them, and sets.

use serde::{Deserialize, Serialize};

/// Tickets of a block. Columns grow by blocks, so nothing is copied and no room is held for twice as many.
pub const PLACES: usize = 4096;
const WORDS: usize = PLACES / 64;

/// One value a ticket; most columns of most blocks say the same of all.
#[derive(Clone, Debug)]
pub struct Column<T> {
    usual: T,
    /// How many tickets have another value.
    others: usize,
    values: Option<Box<[T]>>,
}

impl<T: Copy + PartialEq> Column<T> {
    pub fn of(usual: T) -> Column<T> {
        Column { usual, others: 0, values: None }
    }

    /// What every ticket had at first.
    pub fn usual(&self) -> T {
        self.usual
    }

    pub fn get(&self, at: usize) -> T {
        self.values.as_ref().map_or(self.usual, |values| values[at])
    }

    pub fn set(&mut self, at: usize, value: T) {
        if self.values.is_none() && value == self.usual {
            return;
        }
        let usual = self.usual;
        let values = self.values.get_or_insert_with(|| vec![usual; PLACES].into());
        let before = std::mem::replace(&mut values[at], value);
        self.others += usize::from(value != usual);
        self.others -= usize::from(before != usual);
        if self.others == 0 {
            self.values = None;
        }
    }

    /// Sets many in a column in which all have the usual value.
    pub fn fill(&mut self, others: impl Iterator<Item = (usize, T)>) {
        let (usual, mut others) = (self.usual, others.peekable());
        if others.peek().is_none() {
            return;
        }
        let mut values: Box<[T]> = vec![usual; PLACES].into();
        others.for_each(|(at, value)| values[at] = value);
        self.others = values.iter().filter(|value| **value != usual).count();
        self.values = (self.others > 0).then_some(values);
    }
}

/// Tickets of a block, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<u64>", try_from = "Vec<u64>")]
pub struct Places([u64; WORDS]);

/// No words stand for nobody.
impl From<Places> for Vec<u64> {
    fn from(places: Places) -> Vec<u64> {
        if places.is_empty() { Vec::new() } else { places.0.into() }
    }
}

impl TryFrom<Vec<u64>> for Places {
    type Error = &'static str;

    fn try_from(words: Vec<u64>) -> Result<Places, &'static str> {
        if words.is_empty() {
            return Ok(Places::NONE);
        }
        words.try_into().map(Places).map_err(|_| "a set is not of 4,096 places")
    }
}

impl Places {
    pub const NONE: Places = Places([0; WORDS]);

    pub fn set(&mut self, at: usize, is: bool) {
        let (word, bit) = (&mut self.0[at / 64], 1 << (at % 64));
        *word = if is { *word | bit } else { *word & !bit };
    }

    pub fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    pub fn and(&mut self, other: &Places) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
    }

    pub fn and_not(&mut self, other: &Places) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= !other);
    }

    /// Leaves those in the set if `is`, else those outside.
    pub fn and_if(&mut self, is: bool, other: &Places) {
        if is { self.and(other) } else { self.and_not(other) }
    }

    pub fn or(&mut self, other: &Places) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
    }

    /// Leaves what `word` has, too: it gives the 64 places from `64 * at` on.
    pub fn and_words(&mut self, word: impl Fn(usize) -> u64) {
        self.0.iter_mut().enumerate().for_each(|(at, own)| *own &= word(at));
    }

    /// Leaves those that are wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(usize) -> bool) {
        for (at, word) in self.0.iter_mut().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                if !wanted(at * 64 + bit as usize) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many of them are in the other set, too.
    pub fn count_and(&self, other: &Places) -> u64 {
        self.0.iter().zip(other.0).map(|(word, other)| u64::from((word & other).count_ones())).sum()
    }

    /// In order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = usize> {
        (0..WORDS).flat_map(move |at| Word(self.0[at]).map(move |bit| at * 64 + bit))
    }
}

/// The bits of a word that are set.
struct Word(u64);

impl Iterator for Word {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let bit = (self.0 != 0).then(|| self.0.trailing_zeros())?;
        self.0 &= self.0 - 1;
        Some(bit as usize)
    }
}

impl DoubleEndedIterator for Word {
    fn next_back(&mut self) -> Option<usize> {
        let bit = (self.0 != 0).then(|| 63 - self.0.leading_zeros())?;
        self.0 &= !(1 << bit);
        Some(bit as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_takes_room_only_while_somebody_differs() {
        let mut column = Column::of(7_u16);
        column.set(3, 7);
        assert!(column.values.is_none());
        column.set(3, 8);
        column.set(4, 9);
        assert_eq!((column.get(2), column.get(3), column.get(4)), (7, 8, 9));
        column.set(3, 7);
        assert_eq!((column.get(3), column.get(4)), (7, 9));
        column.set(4, 7);
        assert!(column.values.is_none());
        column.fill([(3, 8), (4, 7)].into_iter());
        column.set(3, 7);
        assert!(column.values.is_none());
        column.fill([(5, 7)].into_iter());
        assert!(column.values.is_none());
    }

    #[test]
    fn places_are_gone_through_from_either_end() {
        let mut places = Places::NONE;
        let all = [0, 1, 63, 64, 700, 4095];
        all.iter().for_each(|at| places.set(*at, true));
        assert_eq!(places.iter().collect::<Vec<_>>(), all);
        let mut back: Vec<_> = places.iter().rev().collect();
        back.reverse();
        assert_eq!((back.as_slice(), places.count()), (&all[..], 6));
        places.retain(|at| at % 2 == 0);
        assert_eq!(places.iter().collect::<Vec<_>>(), [0, 64, 700]);
        let mut others = Places::NONE;
        [64, 65].iter().for_each(|at| others.set(*at, true));
        assert_eq!(others.count_and(&places), 1);
        others.and_not(&places);
        assert_eq!(others.iter().collect::<Vec<_>>(), [65]);
        others.or(&places);
        others.and_words(|at| if at == 1 { 1 } else { u64::MAX });
        assert_eq!(others.iter().collect::<Vec<_>>(), [0, 64, 700]);
    }
}
