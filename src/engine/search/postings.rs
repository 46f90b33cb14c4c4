//! The documents of one term as a segment holds them, and where in each the word stands.
//!
//! ```text
//! documents  of words: one bit, whether any has it more than once; if so the length of what follows in bits, how many
//!            have, how many of the term's documents lie between each two of them, and how often each has it beyond
//!            twice. Of terms that many have (`FEWEST_IN_RUNS`) one bit, whether these stand in runs; if so how many runs
//!            they are, and of each how far it is behind the one before and how long. Otherwise the distances between
//!            documents. All but numbers and lengths in bits by Rice's code
//! positions  of each document as often as it has the word, in as many bits as the highest position of that document
//!            takes: where those of a document lie is told by how often the ones before have the word
//! ```

use super::coding::{Reading, Writing, parameter};
use super::varint::damaged;
use crate::engine::rows::ReadError;

/// Documents of a term that may be told by runs. Those of a day stand in runs, as entries lie in the order in which they
/// came, and so do those of what nearly all have.
const FEWEST_IN_RUNS: u32 = 32;
/// Documents that a run must have on average to be told as one: so many are shorter told so, and quicker to read.
const LENGTH_OF_RUNS: u32 = 8;

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
        self.write_documents(widths.len() as u32, documents);
        for (document, from, count) in &self.documents {
            let width = u32::from(widths[*document as usize]);
            let here = &self.positions[*from as usize..(*from + *count) as usize];
            here.iter().for_each(|position| positions.put(*position, width));
        }
    }

    /// Which of so many documents have it.
    fn write_documents(&self, all: u32, out: &mut Writing) {
        let count = self.len() as u32;
        if count >= FEWEST_IN_RUNS {
            let runs = self.documents.chunk_by(|(one, ..), (next, ..)| one + 1 == *next);
            let number = runs.clone().count() as u32;
            let in_runs = number <= count / LENGTH_OF_RUNS;
            out.put(u32::from(in_runs), 1);
            if in_runs {
                out.gamma(number);
                let (distances, lengths) = of_runs(all, count, number);
                let mut next = 0;
                for run in runs {
                    let (first, length) = (run[0].0, run.len() as u32);
                    out.rice(first - next, distances);
                    out.rice(length - 1, lengths);
                    next = first + length;
                }
                return;
            }
        }
        let k = parameter(all, count);
        let mut next = 0;
        for (document, ..) in &self.documents {
            out.rice(document - next, k);
            next = document + 1;
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

/// Rice's parameters for distances between so many runs of `count` documents out of `all`, and for lengths less one.
fn of_runs(all: u32, count: u32, runs: u32) -> (u32, u32) {
    (parameter(all.saturating_sub(count), runs), parameter(count, runs))
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
        if self.count >= FEWEST_IN_RUNS && reading.take(1)? == 1 {
            return self.runs(reading, visit);
        }
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

    fn runs(
        &self,
        mut reading: Reading<'_>,
        mut visit: impl FnMut(u32) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (distances, lengths) = of_runs(self.all, self.count, reading.gamma()?);
        let (mut next, mut left) = (0u32, self.count);
        while left > 0 {
            let first = next.saturating_add(reading.rice(distances)?);
            let length = reading.rice(lengths)?.saturating_add(1);
            next = first.saturating_add(length);
            left = left.checked_sub(length).ok_or_else(damaged)?;
            if next > self.all {
                return Err(damaged());
            }
            (first..next).try_for_each(&mut visit)?;
        }
        Ok(())
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

    /// The streams of documents and of positions, as they are read.
    fn written(postings: &Postings, is_word: bool, widths: &[u8]) -> [Vec<u8>; 2] {
        let mut out = <(Writing, Writing)>::default();
        postings.write(is_word, widths, &mut out);
        let mut read = [out.0.bytes().to_vec(), out.1.bytes().to_vec()];
        read.iter_mut().for_each(|bytes| bytes.extend([0; BEHIND]));
        read
    }

    #[test]
    fn documents_in_runs_take_a_few_bytes_a_run_and_come_back() {
        let mut random = Random::new(4);
        for round in 0..300u32 {
            let (runs, longest) = (1 + round % 7, 1 << (round % 12));
            let mut expected: Vec<u32> = Vec::new();
            let mut next = 0;
            for _ in 0..runs {
                let first = next + random.below(longest) as u32;
                next = first + 1 + random.below(longest) as u32;
                expected.extend(first..next);
            }
            let (all, count) = (next + round % 3, expected.len() as u32);
            let mut postings = Postings::default();
            expected.iter().for_each(|at| postings.add(*at, &[]));
            let [bytes, _] = written(&postings, false, &vec![0; all as usize]);
            if count >= runs * LENGTH_OF_RUNS && count >= FEWEST_IN_RUNS {
                assert!(bytes.len() - BEHIND <= 2 + 4 * runs as usize, "{runs} in {bytes:?}");
            }
            let listed = Listed { bytes: &bytes, is_word: false, count, all };
            let mut found = Vec::new();
            listed.documents(|at| found.push(at)).unwrap();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn runs_that_end_elsewhere_than_their_documents_are_damage() {
        let mut postings = Postings::default();
        (40..140).for_each(|at| postings.add(at, &[]));
        let [bytes, _] = written(&postings, false, &[0; 200]);
        let read = |count, all| {
            let listed = Listed { bytes: &bytes, is_word: false, count, all };
            listed.documents(|_| ())
        };
        assert!(read(100, 200).is_ok());
        assert!(read(99, 200).is_err() && read(100, 139).is_err());
    }

    #[test]
    fn documents_and_positions_come_back_as_they_were() {
        let mut random = Random::new(3);
        for round in 0..200u32 {
            let all = 1 + random.below(3000) as u32;
            let most_words = 1 + random.below(1 << (round % 12));
            let often = random.below(100);
            let mut said: Vec<Vec<u32>> = Vec::new();
            for _ in 0..all {
                // In every other round nearly all have it, so they stand in runs.
                let times = match random.chance(often) {
                    true => random.below(6),
                    false if round % 2 == 0 => random.below(2),
                    false => u64::from(!random.chance(4)),
                };
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
            let read = written(&postings, true, &widths);
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
