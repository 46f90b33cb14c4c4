//! Columns of a block of tickets: values, which take room only once a ticket has another than all of them, in as few bits as
//! they differ by, and sets.

use serde::{Deserialize, Serialize};

use crate::engine::packed::Packed;

/// Tickets of a block. Columns grow by blocks, so nothing is copied and no room is held for twice as many.
pub const PLACES: usize = 4096;
const WORDS: usize = PLACES / 64;

/// Tickets up to which those that have another value than usual are told one by one.
const FEW: usize = PLACES / 4;

/// What a column holds, as a number.
pub trait Number: Copy + PartialEq {
    fn number(self) -> i64;
    /// Back from what [`Number::number`] gave.
    fn of_number(number: i64) -> Self;
}

macro_rules! numbers {
    ($($kind:ty),*) => {
        $(impl Number for $kind {
            fn number(self) -> i64 {
                i64::from(self)
            }

            fn of_number(number: i64) -> $kind {
                number as $kind
            }
        })*
    };
}

numbers!(u8, u16, u32, i64);

/// One value a ticket; most columns of most blocks say the same of all, or of all but a few.
#[derive(Clone, Debug)]
pub struct Column<T> {
    usual: T,
    /// How many tickets have another value.
    others: usize,
    held: Held,
}

/// The values that are not the usual one.
#[derive(Clone, Debug)]
enum Held {
    Nothing,
    Few(Box<Few>),
    Many(Packed),
}

/// Those of some tickets, in their order.
#[derive(Clone, Debug)]
struct Few {
    places: Places,
    /// How many of them come before each word of the set.
    before: [u16; WORDS],
    values: Packed,
}

impl Few {
    /// Which of the values is this ticket's.
    fn rank(&self, at: usize) -> Option<usize> {
        self.places.has(at).then(|| self.below(at))
    }

    /// How many of them come before this ticket.
    fn below(&self, at: usize) -> usize {
        let below = self.places.0[at / 64] & ((1 << (at % 64)) - 1);
        usize::from(self.before[at / 64]) + below.count_ones() as usize
    }

    fn count(&self) -> usize {
        usize::from(self.before[WORDS - 1]) + self.places.0[WORDS - 1].count_ones() as usize
    }

    /// Room for some that join.
    fn room(count: usize) -> usize {
        count + count / 16 + 2
    }

    /// False if there is no room, and nothing was changed.
    fn join(&mut self, at: usize, value: i64) -> bool {
        let (count, rank) = (self.count(), self.below(at));
        let joined = count < FEW && self.values.insert(rank, count - rank, value);
        if joined {
            self.places.set(at, true);
            self.before[at / 64 + 1..].iter_mut().for_each(|before| *before += 1);
        }
        joined
    }

    /// False for the last of them.
    fn leave(&mut self, at: usize, rank: usize) -> bool {
        let others = self.count() - 1;
        if others > 0 {
            self.values.remove(rank, others - rank);
            self.places.set(at, false);
            self.before[at / 64 + 1..].iter_mut().for_each(|before| *before -= 1);
        }
        others > 0
    }
}

impl Held {
    /// Of tickets in order.
    fn of(others: &[(u16, i64)]) -> Held {
        match others.len() {
            0 => Held::Nothing,
            1..=FEW => {
                let mut places = Places::NONE;
                others.iter().for_each(|(at, _)| places.set(usize::from(*at), true));
                let mut sum = 0;
                let before = places.0.map(|word| {
                    let before = sum;
                    sum += word.count_ones() as u16;
                    before
                });
                let ranked: Vec<(u16, i64)> =
                    (0..).zip(others).map(|(rank, (_, value))| (rank, *value)).collect();
                Held::Few(Box::new(Few {
                    places,
                    before,
                    values: Packed::of(Few::room(others.len()), &ranked),
                }))
            }
            _ => Held::Many(Packed::of(PLACES, others)),
        }
    }

    #[inline]
    fn get(&self, at: usize) -> Option<i64> {
        match self {
            Held::Nothing => None,
            Held::Few(few) => few.rank(at).and_then(|rank| few.values.get(rank)),
            Held::Many(values) => values.get(at),
        }
    }

    /// False if it must be made anew.
    fn set(&mut self, at: usize, value: Option<i64>) -> bool {
        match self {
            Held::Nothing => false,
            Held::Few(few) => match (few.rank(at), value) {
                (Some(rank), Some(_)) => few.values.set(rank, value),
                (Some(rank), None) => few.leave(at, rank),
                (None, Some(value)) => few.join(at, value),
                (None, None) => true,
            },
            Held::Many(values) => values.set(at, value),
        }
    }

    fn all(&self) -> Vec<(u16, i64)> {
        let of = |(at, value): (usize, Option<i64>)| Some((at as u16, value?));
        match self {
            Held::Nothing => Vec::new(),
            Held::Few(few) => {
                let ranked = few.places.iter().zip(0..);
                ranked.map(|(at, rank)| (at, few.values.get(rank))).filter_map(of).collect()
            }
            Held::Many(values) => {
                (0..PLACES).map(|at| (at, values.get(at))).filter_map(of).collect()
            }
        }
    }
}

impl<T: Number> Column<T> {
    pub fn of(usual: T) -> Column<T> {
        Column { usual, others: 0, held: Held::Nothing }
    }

    /// What every ticket had at first.
    pub fn usual(&self) -> T {
        self.usual
    }

    #[inline]
    pub fn get(&self, at: usize) -> T {
        self.held.get(at).map_or(self.usual, T::of_number)
    }

    /// Bounds of all its values, which need not be reached.
    pub fn between(&self) -> (T, T)
    where
        T: Ord,
    {
        let held = match &self.held {
            Held::Nothing => return (self.usual, self.usual),
            Held::Few(few) => &few.values,
            Held::Many(values) => values,
        };
        let (least, most) = held.between();
        (self.usual.min(T::of_number(least)), self.usual.max(T::of_number(most)))
    }

    /// Of these places, how many have less than the first of two values, and which have neither less than that nor
    /// more than the second.
    pub fn part(&self, places: &Places, lower: T, upper: T) -> (u64, Places)
    where
        T: Ord,
    {
        let mut within = *places;
        let mut below = 0;
        let is_low = self.usual < lower;
        let is_usual = !is_low && self.usual <= upper;
        match &self.held {
            Held::Many(values) => {
                let (lower, upper) = values.codes(lower.number(), upper.number());
                within.retain(|at| match values.code(at) {
                    0 => {
                        below += u64::from(is_low);
                        is_usual
                    }
                    code => {
                        below += u64::from(code < lower);
                        (lower..=upper).contains(&code)
                    }
                });
            }
            _ => within.retain(|at| {
                let value = self.get(at);
                below += u64::from(value < lower);
                (lower..=upper).contains(&value)
            }),
        }
        (below, within)
    }

    pub fn set(&mut self, at: usize, value: T) {
        let before = self.get(at);
        if value == before {
            return;
        }
        self.others += usize::from(value != self.usual);
        self.others -= usize::from(before != self.usual);
        let other = (value != self.usual).then(|| value.number());
        // Half of what are few, so that one ticket that comes and goes does not make it anew each time.
        let is_many = matches!(self.held, Held::Many(_)) && self.others < FEW / 2;
        if is_many || !self.held.set(at, other) {
            let mut all = self.held.all();
            match (all.binary_search_by_key(&at, |(at, _)| usize::from(*at)), other) {
                (Ok(found), Some(other)) => all[found].1 = other,
                (Ok(found), None) => drop(all.remove(found)),
                (Err(place), Some(other)) => all.insert(place, (at as u16, other)),
                (Err(_), None) => {}
            }
            self.held = Held::of(&all);
        }
    }

    /// Sets many, in their order, in a column in which all have the usual value.
    pub fn fill(&mut self, others: impl Iterator<Item = (usize, T)>) {
        let mut all = Vec::with_capacity(PLACES);
        others.for_each(|(at, value)| {
            if value != self.usual {
                all.push((at as u16, value.number()));
            }
        });
        self.others = all.len();
        self.held = Held::of(&all);
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

    /// The one before which so many are.
    pub fn nth(&self, mut rank: u64) -> Option<usize> {
        for (at, word) in self.0.iter().enumerate() {
            let count = u64::from(word.count_ones());
            if rank < count {
                return Word(*word).nth(rank as usize).map(|bit| at * 64 + bit);
            }
            rank -= count;
        }
        None
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
        assert!(matches!(column.held, Held::Nothing));
        column.set(3, 8);
        column.set(4, 9);
        assert_eq!((column.get(2), column.get(3), column.get(4)), (7, 8, 9));
        column.set(3, 7);
        assert_eq!((column.get(3), column.get(4)), (7, 9));
        column.set(4, 7);
        assert!(matches!(column.held, Held::Nothing));
        column.fill([(3, 8), (4, 7)].into_iter());
        column.set(3, 7);
        assert!(matches!(column.held, Held::Nothing));
        column.fill([(5, 7)].into_iter());
        assert!(matches!(column.held, Held::Nothing));
    }

    #[test]
    fn a_column_says_what_it_was_told_however_many_differ() {
        let mut column = Column::of(i64::MIN);
        let mut told = [i64::MIN; PLACES];
        let mut seed = 5_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        // Tickets come, change and go again, by times that clocks tell which jump.
        for step in 0..6 * PLACES as u64 {
            let at = random(PLACES as u64) as usize;
            let goes = random(PLACES as u64 * 6) < step;
            let time = step as i64 * 1_000_003 - random(9) as i64 * 60_000_000;
            told[at] = if goes { i64::MIN } else { time };
            column.set(at, told[at]);
            if step % 512 == 0 {
                assert!((0..PLACES).all(|at| column.get(at) == told[at]), "{step}");
                assert_eq!(column.others, told.iter().filter(|time| **time != i64::MIN).count());
                let mut some = Places::NONE;
                (0..PLACES).filter(|at| at % 3 != 1).for_each(|at| some.set(at, true));
                let bounds = [i64::MIN, 0, told[told.len() / 2], time, time + 1, i64::MAX];
                for (lower, upper) in bounds.iter().flat_map(|l| bounds.iter().map(|u| (*l, *u))) {
                    let (below, within) = column.part(&some, lower, upper);
                    assert_eq!(below, some.iter().filter(|at| told[*at] < lower).count() as u64);
                    let wanted = some.iter().filter(|at| (lower..=upper).contains(&told[*at]));
                    assert!(wanted.eq(within.iter()), "{lower} {upper} in {step}");
                }
            }
        }
        let mut filled = Column::of(i64::MIN);
        filled.fill(told.into_iter().enumerate());
        assert!((0..PLACES).all(|at| filled.get(at) == told[at] && column.get(at) == told[at]));
    }

    #[test]
    fn a_column_is_small_while_few_differ_and_while_they_differ_by_little() {
        let size = |column: &Column<i64>| match &column.held {
            Held::Nothing => 0,
            Held::Few(few) => size_of::<Few>() + few.values.bytes(),
            Held::Many(values) => values.bytes(),
        };
        const DAY: i64 = 86_400_000_000;
        let time = |at: usize| 1_790_000_000_000_000 + DAY * at as i64 / PLACES as i64;
        let (mut all, mut some) = (Column::of(0), Column::of(0));
        (0..PLACES).for_each(|at| all.set(at, time(at)));
        (0..PLACES).step_by(10).for_each(|at| some.set(at, time(at)));
        assert!(size(&all) < PLACES * 5 && size(&some) < PLACES);
        (0..PLACES).filter(|at| at % 16 != 1).for_each(|at| all.set(at, 0));
        assert!(matches!(all.held, Held::Few(_)) && all.get(17) == time(17), "they became few");
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
        assert_eq!((0..7).map_while(|rank| places.nth(rank)).collect::<Vec<_>>(), all);
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
