//! When something was said: which entries of a source lie within a span of time. Their days are terms; only those of a
//! day that the span cuts are looked at themselves.

use super::bits::Bits;
use super::document::{DAY, Key, term};
use super::source::Source;
use crate::domain::entry::Entry;
use crate::domain::time::Micros;
use crate::engine::index::Span;
use crate::engine::rows::{ReadError, Rows, key};

/// The entries of one source that may lie in a span.
pub struct Said {
    time: Span,
    inside: Bits,
    /// Of days that lie in the span in part.
    cut: Bits,
}

impl Said {
    pub fn of(source: &Source<'_>, time: Span) -> Result<Said, ReadError> {
        let mut said = Said { time, inside: Bits::default(), cut: Bits::default() };
        let mut terms = Vec::new();
        source.each(&term(DAY, ""), |term, of| {
            terms.extend(term[DAY.len_utf8()..].parse::<i64>().ok().map(|day| (day, of)));
        })?;
        for (day, term) in terms {
            // The first one has everything before it, too.
            let begins = if day == 0 { i64::MIN } else { day.saturating_mul(Micros::DAY) };
            let last = day.saturating_add(1).saturating_mul(Micros::DAY) - 1;
            let days = match (time.holds(begins), time.holds(last)) {
                (true, true) => &mut said.inside,
                _ if time.from.is_none_or(|from| from.0 <= last)
                    && time.to.is_none_or(|to| begins < to.0) =>
                {
                    &mut said.cut
                }
                _ => continue,
            };
            source.reading().documents(&term, |at| {
                days.put(at);
            })?;
        }
        Ok(said)
    }

    pub fn has(&self, rows: Rows<'_>, source: &Source<'_>, at: u32) -> Result<bool, ReadError> {
        if self.inside.has(at) || !self.cut.has(at) {
            return Ok(self.inside.has(at));
        }
        let Key::Entry(number) = source.lines(&[at])?[0].key else { return Ok(false) };
        let entry = rows.get::<Entry>(&key::number(number))?;
        Ok(entry.is_some_and(|entry| self.time.holds(entry.at.0)))
    }
}
