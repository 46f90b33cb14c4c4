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
        for (at, number) in numbers {
            // A start makes many of these, and nothing is there yet that would have to stay.
            let (bit, code) = (usize::from(*at) * width as usize, code(least, *number));
            let (word, bits) = (bit / 64, bit % 64);
            words[word] |= code << bits;
            if bits + width as usize > 64 {
                words[word + 1] |= code >> (64 - bits);
            }
        }
        Packed { least, width, words }
    }

    #[inline]
    pub fn get(&self, at: usize) -> Option<i64> {
        let (word, bits) = self.bits(at);
        let code = (self.pair(word) >> bits) as u64 & self.mask();
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
}
