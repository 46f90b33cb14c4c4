//! The documents of one term as a segment holds them, and where in each the word stands.
//!
//! ```text
//! documents  of words: one bit, whether any has it more than once; if so the length of what follows in bits, how many
//!            have, how many of the term's documents lie between each two of them, and how often each has it beyond
//!            twice. Then the distances between documents. All but lengths by Rice's code
//! positions  of each document as often as it has the word, in as many bits as the highest position of that document
//!            takes: where those of a document lie is told by how often the ones before have the word
//! ```

use super::coding::{Reading, Writing, parameter};
use super::varint::damaged;
use crate::engine::rows::ReadError;

/// The documents of one term by their places in the segment, with the positions of the word in each, if it has any.
#[derive(Default)]
pub struct Postings {
    /// Each with where its positions begin, and how many they are.
    documents: Vec<(u32, u32, u32)>,
    positions: Vec<u32>,
}

impl Postings {
    pub fn clear(&mut self) {
        self.documents.clear();
        self.positions.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    pub fn len(&self) -> usize {
        self.documents.len()
    }

    pub fn add(&mut self, document: u32, positions: &[u32]) {
        let from = self.positions.len() as u32;
        self.documents.push((document, from, positions.len() as u32));
        self.positions.extend_from_slice(positions);
    }

    pub fn sort(&mut self) {
        self.documents.sort_unstable_by_key(|(document, ..)| *document);
    }

    /// Of a word, the streams of documents and of positions; of another term the first alone. `widths` are of all
    /// documents of the segment.
    pub fn write(&self, is_word: bool, widths: &[u8], out: &mut (Writing, Writing)) {
        let (documents, positions) = (&mut out.0, &mut out.1);
        documents.clear();
        positions.clear();
        if is_word {
            self.write_often(documents);
        }
        let k = parameter(widths.len() as u32, self.len() as u32);
        let mut next = 0;
        for (document, from, count) in &self.documents {
            documents.rice(document - next, k);
            next = document + 1;
            let width = u32::from(widths[*document as usize]);
            let here = &self.positions[*from as usize..(*from + *count) as usize];
            here.iter().for_each(|position| positions.put(*position, width));
        }
    }

    /// Which of the documents have the word more than once.
    fn write_often(&self, out: &mut Writing) {
        let often = (0u32..).zip(&self.documents).filter(|(_, (.., times))| *times > 1);
        let count = often.clone().count() as u32;
        out.put(u32::from(count > 0), 1);
        if count == 0 {
            return;
        }
        let k = parameter(self.len() as u32, count);
        let mut those = Writing::default();
        those.gamma(count);
        let mut next = 0;
        for (index, _) in often.clone() {
            those.rice(index - next, k);
            next = index + 1;
        }
        often.for_each(|(_, (.., times))| those.rice(times - 2, 0));
        out.gamma(those.bits());
        out.append(&mut those);
    }
}

/// The highest position's number of bits.
pub fn width(positions: &[u32]) -> u8 {
    positions
        .iter()
        .fold(0, |all, position| all | position)
        .checked_ilog2()
        .map_or(0, |w| w as u8 + 1)
}

/// Where it is told which documents have a word more than once, if any has.
type Often<'a> = Option<Reading<'a>>;

/// The documents of one term, as a segment holds them.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    pub bytes: &'a [u8],
    pub is_word: bool,
    /// How many they are, and how many there are in the segment.
    pub count: u32,
    pub all: u32,
}

impl<'a> Listed<'a> {
    /// Where the distances begin, and what stands before them.
    fn begin(&self) -> Result<(Reading<'a>, Often<'a>), ReadError> {
        let mut reading = Reading::new(self.bytes);
        if !self.is_word || reading.take(1)? == 0 {
            return Ok((reading, None));
        }
        let bits = reading.gamma()?;
        let often = reading;
        reading.skip(bits as usize);
        Ok((reading, Some(often)))
    }

    /// The places in the list of documents that have the word more than once, with how often.
    fn often(&self, mut reading: Reading<'_>) -> Result<Vec<(u32, u32)>, ReadError> {
        let count = reading.gamma()?;
        if count > self.count {
            return Err(damaged());
        }
        let (mut often, mut next) = (Vec::with_capacity(count as usize), 0u32);
        reading.rices(parameter(self.count, count), count, |distance| {
            let index = next.saturating_add(distance);
            next = index.saturating_add(1);
            often.push((index, 2));
            Ok(())
        })?;
        let mut each = often.iter_mut();
        reading.rices(0, count, |more| {
            each.next().into_iter().for_each(|(_, times)| *times = more.saturating_add(*times));
            Ok(())
        })?;
        Ok(often)
    }

    #[inline]
    fn each(
        &self,
        mut reading: Reading<'_>,
        mut visit: impl FnMut(u32) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let mut next = 0u32;
        reading.rices(parameter(self.all, self.count), self.count, |distance| {
            let document = distance.saturating_add(next);
            if document >= self.all {
                return Err(damaged());
            }
            next = document + 1;
            visit(document)
        })
    }

    /// Visits the documents, ascending.
    #[inline]
    pub fn documents(&self, mut visit: impl FnMut(u32)) -> Result<(), ReadError> {
        let (reading, _) = self.begin()?;
        self.each(reading, |document| {
            visit(document);
            Ok(())
        })
    }

    /// Visits them with how often the term is in each.
    #[inline]
    pub fn times(
        &self,
        mut visit: impl FnMut(u32, u32) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        /// Whether the next one has it more than once is anybody's guess: told of many at once, nobody guesses.
        const BLOCK: usize = 128;
        let (reading, often) = self.begin()?;
        let Some(often) = often else { return self.each(reading, |document| visit(document, 1)) };
        let mut often = self.often(often)?.into_iter().peekable();
        let (mut block, mut held, mut first) = ([0; BLOCK], 0, 0u32);
        let mut visit_block = |documents: &[u32]| {
            let mut times = [1; BLOCK];
            let end = first + documents.len() as u32;
            while let Some((index, count)) = often.next_if(|(index, _)| *index < end) {
                times[(index - first) as usize] = count;
            }
            first = end;
            documents.iter().zip(times).try_for_each(|(document, times)| visit(*document, times))
        };
        self.each(reading, |document| {
            block[held] = document;
            held += 1;
            if held < BLOCK {
                return Ok(());
            }
            held = 0;
            visit_block(&block)
        })?;
        visit_block(&block[..held])
    }

    /// Visits those that `wanted` wants, with the positions of the word in each, ascending. `widths` are of all documents
    /// of the segment.
    pub fn positions(
        &self,
        (bytes, widths): (&[u8], &[u8]),
        mut wanted: impl FnMut(u32) -> bool,
        mut visit: impl FnMut(u32, &[u32]),
    ) -> Result<(), ReadError> {
        let (mut reading, mut here) = (Reading::new(bytes), Vec::new());
        self.times(|document, times| {
            let width = widths.get(document as usize).copied().ok_or_else(damaged)?;
            let width = u32::from(width).min(u32::BITS);
            if wanted(document) {
                here.clear();
                for _ in 0..times {
                    here.push(reading.take(width)?);
                }
                visit(document, &here);
            } else {
                reading.skip(times as usize * width as usize);
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::coding::BEHIND;
    use super::*;
    use crate::store::sim::Random;

    #[test]
    fn documents_and_positions_come_back_as_they_were() {
        let mut random = Random::new(3);
        for round in 0..200u32 {
            let all = 1 + random.below(3000) as u32;
            let most_words = 1 + random.below(1 << (round % 12));
            let often = random.below(100);
            let mut said: Vec<Vec<u32>> = Vec::new();
            for _ in 0..all {
                let times = if random.chance(often) { random.below(6) } else { random.below(2) };
                let mut positions: Vec<u32> =
                    (0..times).map(|_| random.below(most_words) as u32).collect();
                positions.sort_unstable();
                positions.dedup();
                said.push(positions);
            }
            let widths: Vec<u8> = said.iter().map(|positions| width(positions)).collect();
            let mut postings = Postings::default();
            let with = (0u32..).zip(&said).filter(|(_, positions)| !positions.is_empty());
            with.clone().for_each(|(at, positions)| postings.add(at, positions));
            let mut out = <(Writing, Writing)>::default();
            postings.write(true, &widths, &mut out);
            let mut read = [out.0.bytes().to_vec(), out.1.bytes().to_vec()];
            read.iter_mut().for_each(|bytes| bytes.extend([0; BEHIND]));
            let count = postings.len() as u32;
            let mut found = Vec::new();
            let listed = Listed { bytes: &read[0], is_word: true, count, all };
            let take = |at, times| {
                found.push((at, times));
                Ok(())
            };
            listed.times(take).unwrap();
            let expected: Vec<_> = with.clone().map(|(at, p)| (at, p.len() as u32)).collect();
            assert_eq!(found, expected);
            let mut alone = Vec::new();
            listed.documents(|at| alone.push(at)).unwrap();
            assert!(alone.into_iter().eq(found.iter().map(|(at, _)| *at)));
            let mut found = Vec::new();
            let take = |at, positions: &[u32]| found.push((at, positions.to_vec()));
            listed.positions((&read[1], &widths), |at| at % 3 > 0, take).unwrap();
            let expected = with.filter(|(at, _)| at % 3 > 0);
            assert_eq!(found, expected.map(|(at, p)| (at, p.clone())).collect::<Vec<_>>());
        }
    }
}
