//! The key of a row as it is held in memory.
//!
//! Nearly all keys are numbers and hashes of a dozen bytes. Those lie in place: a tree of them is compared without
//! following a pointer for each, and none of them is an allocation.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// Bytes of a key that lies in place.
const SHORT: usize = 22;

/// The bytes of a row's key; compared, hashed and read as these.
#[derive(Clone)]
pub struct RowKey(Held);

#[derive(Clone)]
enum Held {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Arc<[u8]>),
}

impl From<&[u8]> for RowKey {
    fn from(key: &[u8]) -> RowKey {
        if key.len() > SHORT {
            return RowKey(Held::Long(key.into()));
        }
        let mut bytes = [0; SHORT];
        bytes[..key.len()].copy_from_slice(key);
        RowKey(Held::Short { length: key.len() as u8, bytes })
    }
}

impl From<Vec<u8>> for RowKey {
    fn from(key: Vec<u8>) -> RowKey {
        key.as_slice().into()
    }
}

impl<const N: usize> From<[u8; N]> for RowKey {
    fn from(key: [u8; N]) -> RowKey {
        key.as_slice().into()
    }
}

impl Deref for RowKey {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Held::Short { length, bytes } => &bytes[..usize::from(*length)],
            Held::Long(bytes) => bytes,
        }
    }
}

impl Borrow<[u8]> for RowKey {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl PartialEq for RowKey {
    fn eq(&self, other: &RowKey) -> bool {
        **self == **other
    }
}

impl Eq for RowKey {}

impl PartialOrd for RowKey {
    fn partial_cmp(&self, other: &RowKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RowKey {
    fn cmp(&self, other: &RowKey) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for RowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    #[test]
    fn keys_of_all_lengths_are_as_their_bytes() {
        let all: Vec<Vec<u8>> = (0..2 * SHORT).map(|length| vec![7; length]).collect();
        let sorted: BTreeMap<RowKey, usize> =
            all.iter().map(|key| (key.as_slice().into(), key.len())).collect();
        let hashed: HashMap<RowKey, usize> = sorted.clone().into_iter().collect();
        for key in &all {
            assert_eq!(sorted.get(key.as_slice()), Some(&key.len()));
            assert_eq!(hashed.get(key.as_slice()), Some(&key.len()));
        }
        assert!(sorted.keys().zip(&all).all(|(held, key)| **held == **key));
        assert!(RowKey::from([1, 255]) < RowKey::from([2]));
        assert_eq!(size_of::<Option<RowKey>>(), 24);
    }
}
