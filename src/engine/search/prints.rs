//! What documents were made of that were looked at lately: whoever comes back as it was is known without making it
//! anew, and without looking into segments.

use foldhash::HashMap;

use super::document::Key;

/// Documents known at most, some 40 bytes each.
const MOST: usize = 16 * 1024;

/// By document. What was not asked for while half of them came anew is forgotten.
#[derive(Default)]
pub struct Prints {
    young: HashMap<Key, u64>,
    old: HashMap<Key, u64>,
}

impl Prints {
    pub fn get(&self, key: Key) -> Option<u64> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    pub fn put(&mut self, key: Key, print: u64) {
        if self.young.len() >= MOST / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, print);
    }

    pub fn remove(&mut self, key: Key) {
        self.young.remove(&key);
        self.old.remove(&key);
    }

    pub fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_known_and_the_oldest_forgotten() {
        let mut prints = Prints::default();
        let key = |at: usize| Key::Entry(at as u64);
        (0..MOST).for_each(|at| prints.put(key(at), at as u64));
        assert_eq!(prints.get(key(MOST / 2 - 1)), Some(MOST as u64 / 2 - 1));
        (MOST..2 * MOST).for_each(|at| prints.put(key(at), at as u64));
        assert_eq!(prints.get(key(5)), None);
        assert_eq!(prints.get(key(2 * MOST - 1)), Some(2 * MOST as u64 - 1));
        prints.remove(key(2 * MOST - 1));
        assert_eq!(prints.get(key(2 * MOST - 1)), None);
    }
}
