//! Numbers as streams of bits, the lowest bit of a byte first: Rice's code for distances, whose length adapts to how
//! many there are, and plain numbers of a width that somebody else knows.

use super::varint::damaged;
use crate::engine::rows::ReadError;

/// Bits behind a stream that may be looked at without being of it.
pub const BEHIND: usize = 8;

/// Bits that a look at a stream shows at least.
const AT_HAND: u32 = 57;

/// A stream that is written.
#[derive(Default)]
pub struct Writing {
    bytes: Vec<u8>,
    pending: u64,
    /// Bits that are pending, fewer than eight between calls.
    used: u32,
}

impl Writing {
    /// A number of at most 32 bits.
    pub fn put(&mut self, number: u32, width: u32) {
        self.pending |= u64::from(number) << self.used;
        self.used += width;
        while self.used >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.used -= 8;
        }
    }

    fn zeros(&mut self, mut count: u32) {
        while count > 0 {
            let now = count.min(32);
            self.put(0, now);
            count -= now;
        }
    }

    /// As many zeros as the number has of 2^`k`, a one, and the rest in `k` bits.
    pub fn rice(&mut self, number: u32, k: u32) {
        self.zeros(number >> k);
        self.put(1, 1);
        self.put(number & ((1 << k) - 1), k);
    }

    /// Elias' gamma code: short for small numbers, of whatever size. Of a number above 0.
    pub fn gamma(&mut self, number: u32) {
        let width = number.ilog2();
        self.zeros(width);
        self.put(1, 1);
        self.put(number & ((1 << width) - 1), width);
    }

    /// Another stream behind this one.
    pub fn append(&mut self, other: &mut Writing) {
        let rest = (other.pending as u32, other.used);
        other.bytes.iter().for_each(|byte| self.put(u32::from(*byte), 8));
        self.put(rest.0, rest.1);
        other.clear();
    }

    pub fn bits(&self) -> u32 {
        self.bytes.len() as u32 * 8 + self.used
    }

    /// The stream, filled up to a whole byte.
    pub fn bytes(&mut self) -> &[u8] {
        self.put(0, self.used.wrapping_neg() % 8);
        &self.bytes
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        (self.pending, self.used) = (0, 0);
    }
}

/// A stream that is read: of bytes with [`BEHIND`] zeros behind them.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reading<'a> {
    pub fn new(bytes: &'a [u8]) -> Reading<'a> {
        Reading { bytes, at: 0 }
    }

    /// The next bits, at least [`AT_HAND`] of them.
    #[inline]
    fn peek(&self) -> Result<u64, ReadError> {
        let next = self.bytes.get(self.at / 8..).and_then(|rest| rest.first_chunk::<BEHIND>());
        Ok(u64::from_le_bytes(*next.ok_or_else(damaged)?) >> (self.at % 8))
    }

    #[inline]
    pub fn take(&mut self, width: u32) -> Result<u32, ReadError> {
        let bits = self.peek()?;
        self.at += width as usize;
        Ok((bits & ((1u64 << width) - 1)) as u32)
    }

    /// How many zeros stand before the next one, which is passed over.
    #[inline]
    fn zeros(&mut self) -> Result<u32, ReadError> {
        let mut count = 0;
        loop {
            let bits = self.peek()?;
            if bits != 0 {
                let here = bits.trailing_zeros();
                self.at += here as usize + 1;
                return Ok(count + here);
            }
            let here = 64 - (self.at % 8);
            count += here as u32;
            self.at += here;
        }
    }

    pub fn rice(&mut self, k: u32) -> Result<u32, ReadError> {
        let high = u64::from(self.zeros()?) << k;
        Ok(u32::try_from(high).map_err(|_| damaged())? | self.take(k)?)
    }

    /// So many numbers, as many at once as are at hand.
    #[inline]
    pub fn rices(
        &mut self,
        k: u32,
        mut count: u32,
        mut visit: impl FnMut(u32) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let mask = (1u64 << k) - 1;
        while count > 0 {
            let mut bits = self.peek()?;
            let at_hand = 64 - (self.at % 8) as u32;
            let mut left = at_hand;
            while count > 0 {
                let zeros = bits.trailing_zeros();
                let taken = zeros + 1 + k;
                if taken >= left {
                    break;
                }
                visit(zeros << k | ((bits >> (zeros + 1)) & mask) as u32)?;
                bits >>= taken;
                left -= taken;
                count -= 1;
            }
            self.at += (at_hand - left) as usize;
            if left == at_hand {
                visit(self.rice(k)?)?;
                count -= 1;
            }
        }
        Ok(())
    }

    #[inline]
    pub fn gamma(&mut self) -> Result<u32, ReadError> {
        let bits = self.peek()?;
        let width = bits.trailing_zeros();
        if 2 * width + 1 < AT_HAND {
            self.at += (2 * width + 1) as usize;
            return Ok(1 << width | ((bits >> (width + 1)) & ((1 << width) - 1)) as u32);
        }
        let width = self.zeros()?;
        if width > 31 {
            return Err(damaged());
        }
        Ok(1 << width | self.take(width)?)
    }

    pub fn skip(&mut self, bits: usize) {
        self.at = self.at.saturating_add(bits);
    }
}

/// Rice's parameter for so many distances that come to so much at most, each less the one that two neighbours are apart.
pub fn parameter(sum: u32, count: u32) -> u32 {
    // Of distances as chance gives them one bit more pays off from where 2^k is 0.481 of their mean, which is where
    // u² + u = 1 for u = e^(-2^k / mean). The next power of two above that is the highest one up to twice as much.
    let (sum, count) = (u64::from(sum), u64::from(count.max(1)));
    ((2 * sum).saturating_sub(count) * 31 / (64 * count)).max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut writing = Writing::default();
        let numbers = [0, 1, 2, 7, 63, 64, 65, 1000, 70_000, u32::MAX >> 8];
        for number in numbers {
            writing.put(number, 24);
            writing.rice(number, 17);
            writing.rice(number % 300, 0);
            writing.gamma(number + 1);
        }
        writing.put(u32::MAX, 32);
        let mut other = Writing::default();
        other.rice(5, 1);
        writing.append(&mut other);
        let bits = writing.bits();
        let mut bytes = writing.bytes().to_vec();
        assert_eq!(bytes.len() as u32, bits.div_ceil(8));
        bytes.extend([0; BEHIND]);
        let mut reading = Reading::new(&bytes);
        for number in numbers {
            assert_eq!(reading.take(24).unwrap(), number);
            assert_eq!(reading.rice(17).unwrap(), number);
            assert_eq!(reading.rice(0).unwrap(), number % 300);
            assert_eq!(reading.gamma().unwrap(), number + 1);
        }
        assert_eq!(reading.take(32).unwrap(), u32::MAX);
        assert_eq!(reading.rice(1).unwrap(), 5);
    }

    #[test]
    fn many_numbers_are_read_as_each_for_itself() {
        for k in [0, 3, 20] {
            let numbers: Vec<u32> = (0..500u32).map(|at| at * at % (97 << k)).collect();
            let mut writing = Writing::default();
            numbers.iter().for_each(|number| writing.rice(*number, k));
            let mut bytes = writing.bytes().to_vec();
            bytes.extend([0; BEHIND]);
            let (mut each, mut read) = (Reading::new(&bytes), Vec::new());
            let mut all = each;
            let put = |number| {
                read.push(number);
                Ok(())
            };
            all.rices(k, 500, put).unwrap();
            assert_eq!(read, numbers);
            assert!(numbers.iter().all(|number| each.rice(k).unwrap() == *number));
            assert!(all.rices(k, 500, |_| Ok(())).is_err());
        }
    }

    #[test]
    fn a_stream_that_ends_too_early_is_damage_and_no_panic() {
        let bytes = [0; BEHIND + 3];
        assert!(Reading::new(&bytes).rice(3).is_err());
        assert!(Reading::new(&bytes).gamma().is_err());
        let mut reading = Reading::new(&bytes);
        reading.skip(usize::MAX);
        assert!(reading.take(5).is_err());
    }
}
