//! How many streams are open, in all and by each person.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone)]
pub struct Places {
    taken: Arc<Mutex<HashMap<u64, usize>>>,
    in_all: usize,
    each: usize,
}

/// Free again when it is dropped.
pub struct Place {
    places: Places,
    person: u64,
}

impl Places {
    pub fn new(in_all: usize, each: usize) -> Places {
        Places { taken: Arc::default(), in_all, each }
    }

    /// None when they, or all together, have as many as they may.
    pub fn take(&self, person: u64) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.in_all {
            return None;
        }
        let theirs = taken.entry(person).or_default();
        if *theirs >= self.each {
            return None;
        }
        *theirs += 1;
        Some(Place { places: self.clone(), person })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(theirs) = taken.get_mut(&self.person) {
            *theirs -= 1;
            if *theirs == 0 {
                taken.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_given_up_is_free_for_the_next() {
        let places = Places::new(3, 2);
        let (first, _second) = (places.take(7), places.take(7));
        assert!(first.is_some() && places.take(7).is_none(), "two a person");
        let _third = places.take(8);
        assert!(places.take(9).is_none(), "three in all");
        drop(first);
        assert!(places.take(9).is_some());
        assert_eq!(places.taken.lock().unwrap().len(), 2);
    }
}
