//! Pages of rows that no index holds: scans of a table, the newest first, in short snapshots.

use super::rows::{ReadError, Rows};
use super::{Engine, Error};
use crate::store::Order;
use crate::store::codec::Record;

/// Rows read in one snapshot.
const CHUNK: usize = 500;

impl Engine {
    /// What `show` makes of the rows of a page, and how many rows it makes something of in all. Reads the whole table: not
    /// on a thread that serves.
    pub fn newest<R: Record, T>(
        &self,
        (offset, limit): (u64, usize),
        mut show: impl FnMut(&Rows<'_>, R) -> Result<Option<T>, ReadError>,
    ) -> Result<(Vec<T>, u64), Error> {
        let (mut found, mut total) = (Vec::new(), 0);
        let mut end: Option<Vec<u8>> = None;
        loop {
            let more = self.read(|rows| {
                let chunk = rows.scan::<R>(&[], end.as_deref(), Order::Descending, CHUNK)?;
                end = chunk.last().map(|(row_key, _)| row_key.to_vec());
                for (_, row) in chunk {
                    let Some(shown) = show(&rows, row)? else { continue };
                    if total >= offset && found.len() < limit {
                        found.push(shown);
                    }
                    total += 1;
                }
                Ok(end.is_some())
            })?;
            if !more {
                return Ok((found, total));
            }
        }
    }
}
