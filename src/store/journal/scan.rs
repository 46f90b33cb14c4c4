//! Reading a journal that may have been cut off: what counts, where it ends, what is damage.
//!
//! A batch that does not hold together is a torn tail only if nothing valid follows: anything else is
//! damage, and damage is never passed over.

use std::sync::Arc;

use super::super::error::JournalError;
use super::format::{BatchHeader, PAGE};
use super::segment::Segment;

/// Where reading a segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The number of the batch that would come next.
    pub next_batch: u64,
    /// The sequence number its first event would get.
    pub next_seq: u64,
    /// Where it would begin.
    pub offset: u64,
}

/// A batch in a segment.
pub struct Found<'a> {
    pub header: BatchHeader,
    pub payload: &'a [u8],
    pub segment: &'a Arc<Segment>,
    pub offset: u64,
}

/// Voids what later epochs took over and splits off the segments with nothing left in them. `segments` is in order.
pub fn chain(segments: Vec<Segment>) -> (Vec<Arc<Segment>>, Vec<Segment>) {
    let mut taken_over = u64::MAX;
    for segment in segments.iter().rev() {
        segment.supersede(taken_over);
        taken_over = taken_over.min(segment.header.first_batch);
    }
    let (void, kept): (Vec<_>, Vec<_>) = segments.into_iter().partition(Segment::is_void);
    (kept.into_iter().map(Arc::new).collect(), void)
}

/// Makes sure that no segment is missing between two others.
pub fn check_chain(segments: &[Arc<Segment>]) -> Result<(), JournalError> {
    for pair in segments.windows(2) {
        let [segment, next] = pair else { break };
        if next.header.previous != segment.header.number || next.header.epoch < segment.header.epoch
        {
            let what = format!(
                "{} goes before it, but is missing: {} is what there is",
                Segment::file_name(next.header.previous),
                segment.name()
            );
            return Err(next.damage(0, next.header.first_batch, what));
        }
    }
    Ok(())
}

/// Reads the batches of one segment in order, each checked, until a later segment takes over or one does not hold together.
pub fn walk<E: From<JournalError>>(
    segment: &Arc<Segment>,
    mut visit: impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<End, E> {
    let mut end = End {
        next_batch: segment.header.first_batch,
        next_seq: segment.header.first_seq,
        offset: PAGE,
    };
    while end.next_batch < segment.superseded_from() {
        let Some((header, payload)) = segment.batch_at(end.offset)? else { break };
        if header.number != end.next_batch || header.first_seq != end.next_seq {
            let what = format!(
                "batch {} with sequence {} is here instead of sequence {}",
                header.number, header.first_seq, end.next_seq
            );
            return Err(segment.damage(end.offset, end.next_batch, what).into());
        }
        segment.mark(header.first_seq, end.offset);
        visit(Found { header, payload: &payload, segment, offset: end.offset })?;
        end.next_batch += 1;
        end.next_seq = header.next_seq();
        end.offset += header.span();
    }
    Ok(end)
}

/// Reads from the beginning of the segment that holds the batch `applied`, and proves that the journal goes on
/// without a gap from there to its end, which is returned. `segments` is not empty.
pub fn walk_from<E: From<JournalError>>(
    segments: &[Arc<Segment>],
    applied: u64,
    mut visit: impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<End, E> {
    let start = segments.partition_point(|segment| segment.superseded_from() <= applied);
    let start = start.min(segments.len() - 1);
    let first = &segments[start];
    if first.header.first_batch > applied + 1 {
        let what = format!(
            "the batches from {} on are missing: store.redb has applied {applied}, the journal goes on with {}",
            applied + 1,
            first.header.first_batch
        );
        return Err(first.damage(0, applied + 1, what).into());
    }
    let mut previous: Option<End> = None;
    for (at, segment) in segments.iter().enumerate().skip(start) {
        if let Some(previous) = previous
            && previous.next_seq != segment.header.first_seq
        {
            let what = format!(
                "the segment begins with sequence {}, {} was expected",
                segment.header.first_seq, previous.next_seq
            );
            return Err(segment.damage(0, segment.header.first_batch, what).into());
        }
        let end = walk(segment, &mut visit)?;
        check_end(segment, end, segments.get(at + 1))?;
        previous = Some(end);
    }
    let last = &segments[segments.len() - 1];
    let end = previous.unwrap_or(End { next_batch: 0, next_seq: 0, offset: PAGE });
    if end.next_batch <= applied {
        let what =
            format!("store.redb has applied batch {applied}, but the journal ends before it");
        return Err(last.damage(end.offset, end.next_batch, what).into());
    }
    Ok(end)
}

/// A segment may end early only if it is the last one and nothing valid follows.
pub fn check_end(
    segment: &Arc<Segment>,
    end: End,
    next: Option<&Arc<Segment>>,
) -> Result<(), JournalError> {
    let Some(next) = next else {
        return match valid_after(segment, end)? {
            Some((offset, number)) => Err(segment.damage(
                end.offset,
                end.next_batch,
                format!("it does not hold together, yet batch {number} at byte {offset} does"),
            )),
            None => Ok(()),
        };
    };
    if end.next_batch < segment.superseded_from() {
        let what = format!("it does not hold together, yet {} comes later", next.name());
        return Err(segment.damage(end.offset, end.next_batch, what));
    }
    // Within one epoch nothing is ever taken over: the next segment begins where this one ends.
    // (The head of a torn batch may still be there: only a whole one counts.)
    if next.header.epoch == segment.header.epoch
        && segment.batch_at(end.offset)?.is_some_and(|(header, _)| header.number == end.next_batch)
    {
        let what = format!("the batch is here and again in {}, of the same epoch", next.name());
        return Err(segment.damage(end.offset, end.next_batch, what));
    }
    Ok(())
}

/// The first batch behind `end` that holds together.
fn valid_after(segment: &Segment, end: End) -> Result<Option<(u64, u64)>, JournalError> {
    const CHUNK: u64 = 64 * PAGE;
    let mut offset = end.offset;
    let mut bytes = Vec::new();
    while offset + PAGE <= segment.size {
        bytes.resize(CHUNK.min(segment.size - offset) as usize, 0);
        segment
            .file
            .read_at(offset, &mut bytes)
            .map_err(|error| JournalError::Io { file: segment.name(), error: error.to_string() })?;
        for (page, at) in bytes.chunks_exact(PAGE as usize).zip((offset..).step_by(PAGE as usize)) {
            if BatchHeader::decode(page, &segment.header, at).is_some()
                && let Some((header, _)) = segment.batch_at(at)?
            {
                return Ok(Some((at, header.number)));
            }
        }
        offset += bytes.len() as u64;
    }
    Ok(None)
}
