//! What the writer has opened lately, so that the rows of a conversation that goes on are not decrypted anew each time that
//! somebody asks for them.
//!
//! A value is known by the very bytes in memory that it was opened from, which are kept as long: what is read again from
//! the disk is opened again.

use foldhash::HashMap;

use super::plan::Blob;

#[derive(Default)]
pub struct Plain {
    known: HashMap<usize, (Blob, Blob)>,
    bytes: usize,
}

impl Plain {
    /// Bytes held at most, of sealed and plain values; then they are opened anew.
    const MOST: usize = 4 << 20;
    /// Larger values are rare and not worth their place.
    const MAX_VALUE: usize = 4096;
    /// About what the map takes for one.
    const EACH: usize = 96;

    fn place(sealed: &Blob) -> usize {
        sealed.as_ptr().addr()
    }

    pub fn get(&self, sealed: &Blob) -> Option<Blob> {
        self.known.get(&Plain::place(sealed)).map(|(_, plain)| plain.clone())
    }

    pub fn put(&mut self, sealed: &Blob, plain: &[u8]) {
        if sealed.len() > Plain::MAX_VALUE {
            return;
        }
        if self.bytes >= Plain::MOST {
            *self = Plain::default();
        }
        self.bytes += sealed.len() + plain.len() + Plain::EACH;
        self.known.insert(Plain::place(sealed), (sealed.clone(), plain.into()));
    }
}
