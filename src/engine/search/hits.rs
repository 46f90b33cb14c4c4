//! Documents of one source in which a text was found, and how much it is in each: a list where they are few, a number
//! for each document of the source where they are many. So no text takes more than a byte a document.

/// How much a text is in a document: ten for each time that it is there just as it was asked for, less for other
/// forms; never 0, and not above 255.
pub type Tenths = u8;

/// So many times something that counts so much.
pub fn tenths(times: u32, each: Tenths) -> Tenths {
    times.saturating_mul(u32::from(each)).min(255) as Tenths
}

/// What one hit takes in a list; above as many documents a byte for each is less.
const LISTED: u64 = size_of::<(u32, Tenths)>() as u64;

/// Documents that are looked at together.
const EIGHT: usize = 8;

/// Documents with how much the text is in them. One of the two is empty.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    /// Ascending.
    few: Vec<(u32, Tenths)>,
    /// By their places; 0 where there is nothing. A multiple of [`EIGHT`].
    many: Vec<Tenths>,
}

impl Hits {
    /// Ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Tenths)> {
        // Eight at a look: in most there is nothing.
        let eights = (0u32..).step_by(EIGHT).zip(self.many.as_chunks::<EIGHT>().0);
        let many = eights.filter(|(_, eight)| **eight != [0; EIGHT]).flat_map(|(first, eight)| {
            (first..).zip(eight.iter().copied()).filter(|(_, tenths)| *tenths > 0)
        });
        self.few.iter().copied().chain(many)
    }

    pub fn count(&self) -> usize {
        self.few.len() + self.many.iter().filter(|tenths| **tenths > 0).count()
    }

    pub fn retain(&mut self, mut wanted: impl FnMut(u32) -> bool) {
        self.few.retain(|(at, _)| wanted(*at));
        for (at, tenths) in (0u32..).zip(&mut self.many) {
            if *tenths > 0 && !wanted(at) {
                *tenths = 0;
            }
        }
    }

    /// How much the text is in a document, 0 if it is not; of documents that are asked for in ascending order.
    pub fn ascending(&self) -> impl FnMut(u32) -> Tenths {
        let mut rest = self.few.as_slice();
        move |at| {
            if let Some(tenths) = self.many.get(at as usize) {
                return *tenths;
            }
            while rest.first().is_some_and(|(known, _)| *known < at) {
                rest = &rest[1..];
            }
            rest.first().filter(|(known, _)| *known == at).map_or(0, |(_, tenths)| *tenths)
        }
    }

    /// Bytes at most, of lists that have so many documents together in a source of `all`.
    pub fn bytes(documents: u64, all: u64) -> u64 {
        documents.saturating_mul(LISTED).min(all)
    }
}

/// The most of each document, of lists that come one by one.
pub struct United {
    hits: Hits,
    lists: u32,
}

impl United {
    /// Of lists that have so many documents together in a source of `all`.
    pub fn new(documents: u64, all: u64) -> United {
        let is_dense = documents.saturating_mul(LISTED) > all;
        let places = usize::try_from(all).unwrap_or(0).next_multiple_of(EIGHT);
        let many = if is_dense { vec![0; places] } else { Vec::new() };
        United { hits: Hits { few: Vec::new(), many }, lists: 0 }
    }

    /// Begins the next list.
    pub fn list(&mut self) {
        self.lists += 1;
    }

    #[inline]
    pub fn put(&mut self, at: u32, tenths: Tenths) {
        match self.hits.many.get_mut(at as usize) {
            Some(known) => *known = tenths.max(*known),
            None => self.hits.few.push((at, tenths)),
        }
    }

    pub fn hits(mut self) -> Hits {
        let few = &mut self.hits.few;
        if self.lists > 1 {
            few.sort_unstable_by_key(|(at, tenths)| (*at, std::cmp::Reverse(*tenths)));
            few.dedup_by_key(|(at, _)| *at);
        }
        self.hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_tell_the_same() {
        for all in [40, 4000] {
            let mut united = United::new(9, all);
            for list in [vec![(3, 10), (7, 20), (39, 5)], vec![], vec![(1, 7), (7, 7), (39, 8)]] {
                united.list();
                list.iter().for_each(|(at, tenths)| united.put(*at, *tenths));
            }
            let mut hits = united.hits();
            let found: Vec<_> = hits.iter().collect();
            assert_eq!(found, [(1, 7), (3, 10), (7, 20), (39, 8)]);
            assert_eq!(hits.count(), 4);
            {
                let mut of = hits.ascending();
                assert_eq!([0, 3, 5, 7, 38, 39].map(&mut of), [0, 10, 0, 20, 0, 8]);
            }
            hits.retain(|at| at > 3);
            assert_eq!(hits.iter().collect::<Vec<_>>(), [(7, 20), (39, 8)]);
        }
        assert_eq!((tenths(3, 10), tenths(100, 10)), (30, 255));
    }
}
