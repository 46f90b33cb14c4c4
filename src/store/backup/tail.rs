//! Following the journal while a scan goes on: every batch from a position on, in order, none left out.

use std::sync::Arc;

use super::super::feed::Feed;
use super::super::journal::Segments;
use super::super::journal::segment::Segment;
use super::ScanError;

pub struct Tail {
    segments: Arc<Segments>,
    /// The batch that comes next.
    next: u64,
    /// Where it is expected.
    place: Option<(Arc<Segment>, u64)>,
}

impl Tail {
    /// Begins behind the batch `after`.
    pub fn new(feed: &Feed, after: u64) -> Tail {
        Tail { segments: Arc::clone(feed.segments()), next: after + 1, place: None }
    }

    /// The plans of the next batch, as they are in the journal; none when it is beyond `until`, which must be
    /// acknowledged.
    pub fn next(&mut self, until: u64) -> Result<Option<Vec<u8>>, ScanError> {
        if self.next > until {
            return Ok(None);
        }
        if let Some((segment, offset)) = self.place.take()
            && let Some(payload) = self.take(&segment, offset)?
        {
            return Ok(Some(payload));
        }
        // The segment ended, or another took over from it.
        let (segment, offset) = self.find()?;
        match self.take(&segment, offset)? {
            Some(payload) => Ok(Some(payload)),
            None => Err(self.missing(&segment, offset)),
        }
    }

    fn take(&mut self, segment: &Arc<Segment>, at: u64) -> Result<Option<Vec<u8>>, ScanError> {
        if self.next >= segment.superseded_from() || segment.is_dropped() {
            return Ok(None);
        }
        let found = segment.batch_at(at)?.filter(|(header, _)| header.number == self.next);
        let Some((header, payload)) = found else { return Ok(None) };
        self.next += 1;
        self.place = Some((Arc::clone(segment), at + header.span()));
        Ok(Some(payload))
    }

    /// Where the next batch begins.
    fn find(&self) -> Result<(Arc<Segment>, u64), ScanError> {
        let holds = |s: &&Arc<Segment>| {
            s.header.first_batch <= self.next && self.next < s.superseded_from()
        };
        let segments = self.segments.list();
        let segment = segments.iter().rfind(holds);
        let segment = segment.ok_or(ScanError::Trimmed { batch: self.next })?;
        let (_, mut offset) = segment.start();
        while let Some(header) = segment.header_at(offset)?
            && header.number < self.next
        {
            offset += header.span();
        }
        Ok((Arc::clone(segment), offset))
    }

    fn missing(&self, segment: &Segment, offset: u64) -> ScanError {
        if segment.is_dropped() {
            return ScanError::Trimmed { batch: self.next };
        }
        segment.damage(offset, self.next, "the batch is expected here and is not").into()
    }
}
