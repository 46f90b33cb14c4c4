//! Numbers in as few bits each as they take beside one another.

/// A number a place, or none: each place has as many bits as what lies furthest above the least of all takes.
#[derive(Clone, Debug)]
pub struct Packed {
    least: i64,
    width: u32,
    /// One more than the bits take, so that any place can be read out of two.
    words: Box<[u64]>,
}

impl Packed {
    /// So many places, of which these have numbers; no two of them are 2^64 - 1 apart.
    pub fn of(places: usize, numbers: &[(u16, i64)]) -> Packed {
        let all = || numbers.iter().map(|(_, number)| *number);
        let least = all().min().unwrap_or_default();
        let most = all().max().map_or(1, |most| code(least, most));
        let width = u64::BITS - most.leading_zeros();
        let mut words: Box<[u64]> = vec![0; (places * width as usize).div_ceil(64) + 1].into();
        // A start makes many of these: a word is put down once it is full.
        let (mut last, mut bits) = (0, 0);
        for (at, number) in numbers {
            let (bit, code) = (usize::from(*at) * width as usize, code(least, *number));
            let (word, from) = (bit / 64, bit % 64);
            if word != last {
                words[last] |= std::mem::take(&mut bits);
                last = word;
            }
            bits |= code << from;
            if from + width as usize > 64 {
                words[word] |= bits;
                (last, bits) = (word + 1, code >> (64 - from));
            }
        }
        words[last] |= bits;
        Packed { least, width, words }
    }

    #[inline]
    pub fn get(&self, at: usize) -> Option<i64> {
        let code = self.code(at);
        (code != 0).then(|| self.least.wrapping_add_unsigned(code - 1))
    }

    /// False if it takes more bits than there are, and nothing was changed.
    pub fn set(&mut self, at: usize, number: Option<i64>) -> bool {
        let code = match number {
            None => 0,
            Some(number) if number < self.least => return false,
            Some(number) => code(self.least, number),
        };
        let fits = code & !self.mask() == 0 && (code == 0) == number.is_none();
        if fits {
            self.write(at, code);
        }
        fits
    }

    /// How many places there are at least.
    pub fn places(&self) -> usize {
        (self.words.len() - 1) * 64 / self.width as usize
    }

    /// Puts a number at this place; the `behind` numbers from there on move by one. False if it takes more bits or places
    /// than there are, and nothing was changed.
    pub fn insert(&mut self, at: usize, behind: usize, number: i64) -> bool {
        if at + behind >= self.places() || number < self.least {
            return false;
        }
        let code = code(self.least, number);
        let fits = code & !self.mask() == 0 && code != 0;
        if fits {
            (at..at + behind).rev().for_each(|from| self.write(from + 1, self.code(from)));
            self.write(at, code);
        }
        fits
    }

    /// Takes the number at this place out; the `behind` numbers behind it move by one.
    pub fn remove(&mut self, at: usize, behind: usize) {
        (at..at + behind).for_each(|to| self.write(to, self.code(to + 1)));
        self.write(at + behind, 0);
    }

    /// The least and the most that its numbers may be.
    pub fn between(&self) -> (i64, i64) {
        (self.least, self.least.saturating_add_unsigned(self.mask() - 1))
    }

    /// Bytes that it takes beside itself.
    pub fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    fn write(&mut self, at: usize, code: u64) {
        let (word, bits) = self.bits(at);
        let others = self.pair(word) & !(u128::from(self.mask()) << bits);
        let pair = others | u128::from(code) << bits;
        self.words[word] = pair as u64;
        self.words[word + 1] = (pair >> 64) as u64;
    }

    /// The codes between which the numbers between these have theirs.
    pub fn codes(&self, lower: i64, upper: i64) -> (u64, u64) {
        let code = |number: i64| match number < self.least {
            true => 0,
            false => (number.wrapping_sub(self.least) as u64).saturating_add(1),
        };
        (code(lower).max(1), code(upper))
    }

    /// What stands for a place's number; 0 is none.
    #[inline]
    pub fn code(&self, at: usize) -> u64 {
        let (word, bits) = self.bits(at);
        let &[low, high] = &self.words[word..word + 2] else { return 0 };
        (low >> bits | high << 1 << (63 - bits)) & self.mask()
    }

    /// The word in which a place begins, and at which bit of it.
    fn bits(&self, at: usize) -> (usize, usize) {
        let bit = at * self.width as usize;
        (bit / 64, bit % 64)
    }

    fn pair(&self, word: usize) -> u128 {
        u128::from(self.words[word]) | u128::from(self.words[word + 1]) << 64
    }

    fn mask(&self) -> u64 {
        u64::MAX >> (u64::BITS - self.width)
    }
}

/// What stands for a number: 0 is none.
fn code(least: i64, number: i64) -> u64 {
    (number.wrapping_sub(least) as u64).wrapping_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_out_as_it_went_in_and_takes_what_it_must() {
        const HOUR: i64 = 3_600_000_000;
        let far = [(0, i64::MIN + 1), (1, 0), (2, i64::MAX)];
        let hours: Vec<(u16, i64)> = (0..4096).map(|at| (at, HOUR * i64::from(at % 7))).collect();
        let ones: Vec<(u16, i64)> = (0..4096).map(|at| (at, 1)).collect();
        for (numbers, bytes) in [(&far[..], 4096 * 8), (&hours, 4096 / 8 * 35), (&ones, 4096 / 8)] {
            let packed = Packed::of(4096, numbers);
            assert_eq!(packed.bytes(), bytes + 8);
            for at in 0..4096 {
                let there = numbers.iter().find(|(place, _)| *place == at).map(|(_, n)| *n);
                assert_eq!(packed.get(usize::from(at)), there);
            }
        }
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let mut packed = Packed::of(100, &[(7, 10), (9, 15)]);
        assert!(packed.set(8, Some(16)) && packed.set(7, None) && packed.set(63, Some(10)));
        assert!(
            !packed.set(9, Some(17)) && !packed.set(9, Some(9)) && !packed.set(9, Some(i64::MIN))
        );
        let there: Vec<(usize, i64)> =
            (0..100).filter_map(|at| Some((at, packed.get(at)?))).collect();
        assert_eq!(there, [(8, 16), (9, 15), (63, 10)]);
    }

    #[test]
    fn numbers_that_come_between_others_move_these() {
        let ranked: Vec<(u16, i64)> = (0..50).map(|at| (at, 1000 + i64::from(at) * 3)).collect();
        let mut packed = Packed::of(54, &ranked);
        let mut list: Vec<i64> = ranked.iter().map(|(_, number)| *number).collect();
        let all = |packed: &Packed, count| -> Vec<i64> {
            (0..count).filter_map(|at| packed.get(at)).collect()
        };
        for (at, number) in [(0, 1001), (51, 1140), (17, 1000), (40, 1100)] {
            assert!(packed.insert(at, list.len() - at, number));
            list.insert(at, number);
            assert_eq!(all(&packed, list.len()), list);
        }
        assert!(!packed.insert(3, list.len() - 3, 999) && !packed.insert(3, list.len() - 3, 9999));
        while packed.places() > list.len() {
            assert!(packed.insert(list.len(), 0, 1007));
            list.push(1007);
        }
        assert!(!packed.insert(3, list.len() - 3, 1001), "there is no place left");
        assert_eq!(all(&packed, list.len()), list);
        for at in [53, 0, 20] {
            packed.remove(at, list.len() - at - 1);
            list.remove(at);
            assert_eq!((all(&packed, list.len()), packed.get(list.len())), (list.clone(), None));
        }
    }
}
