//! The bytes of a segment: one header page, then batches, each on a page boundary.
//!
//! Every checksum of a batch is seeded with its segment's random id and covers its own page number, so that
//! neither stale content of a recycled file nor a misdirected write ever verifies. All integers are little
//! endian. The formats are frozen: a change gets a new format number in the segment header.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::domain::time::Micros;

/// Batches start on multiples of this, so that appending never rewrites an acknowledged sector.
pub const PAGE: u64 = 4096;
/// The format this version writes, and the newest it reads.
pub const FORMAT: u32 = 1;
/// Bytes of a batch before its plans.
pub const BATCH_HEADER: usize = 64;

const SEGMENT_MAGIC: &[u8; 8] = b"fdsegmnt";
const BATCH_MAGIC: &[u8; 8] = b"fdbatch1";
const SEGMENT_SEED: u64 = 0x6664_7365_676d_6e74;

/// A time that is not known; later than any.
pub const UNKNOWN: Micros = Micros(i64::MAX);

/// The first page of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Random, new every time a file becomes a segment.
    pub id: u64,
    /// The number in the file's name.
    pub number: u64,
    /// Records of older epochs are void from this segment's `first_batch` on.
    pub epoch: u64,
    pub first_batch: u64,
    /// The sequence number the first event of this segment gets.
    pub first_seq: u64,
    /// The latest time of a batch in the segments before this one; tells how old they are. [`UNKNOWN`] right after an
    /// unclean stop: then a later segment tells.
    pub before: Micros,
    /// The number of the segment before this one, 0 for the first: a lost file is noticed.
    pub previous: u64,
}

/// Why a page is no segment header.
#[derive(Debug, PartialEq, Eq)]
pub enum HeaderFault {
    NewerFormat(u32),
    Invalid(&'static str),
}

impl SegmentHeader {
    pub fn encode(&self) -> Vec<u8> {
        let mut page = vec![0; PAGE as usize];
        page[..8].copy_from_slice(SEGMENT_MAGIC);
        page[16..20].copy_from_slice(&FORMAT.to_le_bytes());
        let fields = [
            self.id,
            self.number,
            self.epoch,
            self.first_batch,
            self.first_seq,
            self.before.0.cast_unsigned(),
            self.previous,
        ];
        for (field, bytes) in fields.iter().zip(page[24..].chunks_exact_mut(8)) {
            bytes.copy_from_slice(&field.to_le_bytes());
        }
        let sum = xxh3_64_with_seed(&page[16..], SEGMENT_SEED);
        page[8..16].copy_from_slice(&sum.to_le_bytes());
        page
    }

    pub fn decode(page: &[u8], number: u64) -> Result<SegmentHeader, HeaderFault> {
        if page.len() != PAGE as usize || &page[..8] != SEGMENT_MAGIC {
            return Err(HeaderFault::Invalid("no segment header here"));
        }
        if xxh3_64_with_seed(&page[16..], SEGMENT_SEED) != u64_at(page, 8) {
            return Err(HeaderFault::Invalid("the checksum of the segment header is wrong"));
        }
        let format = u32_at(page, 16);
        if format > FORMAT {
            return Err(HeaderFault::NewerFormat(format));
        }
        let header = SegmentHeader {
            id: u64_at(page, 24),
            number: u64_at(page, 32),
            epoch: u64_at(page, 40),
            first_batch: u64_at(page, 48),
            first_seq: u64_at(page, 56),
            before: Micros(u64_at(page, 64).cast_signed()),
            previous: u64_at(page, 72),
        };
        if header.number != number {
            return Err(HeaderFault::Invalid("the segment header belongs to another file"));
        }
        Ok(header)
    }
}

/// The head of a batch: what one sync made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    pub epoch: u64,
    pub number: u64,
    /// The sequence number of its first event, or of the next one when it has none.
    pub first_seq: u64,
    pub events: u32,
    pub plans: u32,
    /// Bytes of plans behind the header.
    pub length: u32,
    payload_sum: u64,
}

impl BatchHeader {
    /// Seals `record`, which is [`BATCH_HEADER`] spare bytes and the plans: writes the header and pads to a page.
    pub fn seal(
        record: &mut Vec<u8>,
        segment: &SegmentHeader,
        offset: u64,
        (number, first_seq): (u64, u64),
        (plans, events): (u32, u32),
    ) -> BatchHeader {
        let payload = &record[BATCH_HEADER..];
        let header = BatchHeader {
            epoch: segment.epoch,
            number,
            first_seq,
            events,
            plans,
            length: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            payload_sum: xxh3_64_with_seed(payload, segment.id),
        };
        record[..8].copy_from_slice(BATCH_MAGIC);
        for (at, field) in [
            (16, header.payload_sum),
            (24, header.epoch),
            (32, header.number),
            (40, header.first_seq),
        ] {
            record[at..at + 8].copy_from_slice(&field.to_le_bytes());
        }
        let page = (offset / PAGE) as u32;
        for (at, field) in
            [(48, header.events), (52, header.plans), (56, header.length), (60, page)]
        {
            record[at..at + 4].copy_from_slice(&field.to_le_bytes());
        }
        let sum = xxh3_64_with_seed(&record[16..BATCH_HEADER], segment.id);
        record[8..16].copy_from_slice(&sum.to_le_bytes());
        record.resize(record.len().next_multiple_of(PAGE as usize), 0);
        header
    }

    /// The header at `offset` of the segment, if these are its bytes.
    pub fn decode(bytes: &[u8], segment: &SegmentHeader, offset: u64) -> Option<BatchHeader> {
        let sealed = bytes.len() >= BATCH_HEADER
            && &bytes[..8] == BATCH_MAGIC
            && xxh3_64_with_seed(&bytes[16..BATCH_HEADER], segment.id) == u64_at(bytes, 8);
        let header = BatchHeader {
            payload_sum: sealed.then(|| u64_at(bytes, 16))?,
            epoch: u64_at(bytes, 24),
            number: u64_at(bytes, 32),
            first_seq: u64_at(bytes, 40),
            events: u32_at(bytes, 48),
            plans: u32_at(bytes, 52),
            length: u32_at(bytes, 56),
        };
        let page = u64::from(u32_at(bytes, 60));
        (header.epoch == segment.epoch && page == offset / PAGE).then_some(header)
    }

    /// Whether `payload` is what was sealed under this header.
    pub fn matches(&self, payload: &[u8], segment: &SegmentHeader) -> bool {
        payload.len() == self.length as usize
            && xxh3_64_with_seed(payload, segment.id) == self.payload_sum
    }

    /// Bytes it takes in the segment, padding included.
    pub fn span(&self) -> u64 {
        (BATCH_HEADER as u64 + u64::from(self.length)).next_multiple_of(PAGE)
    }

    /// The sequence number behind its last event.
    pub fn next_seq(&self) -> u64 {
        self.first_seq + u64::from(self.events)
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut field = [0; 8];
    field.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(field)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut field = [0; 4];
    field.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(id: u64) -> SegmentHeader {
        SegmentHeader {
            id,
            number: 3,
            epoch: 2,
            first_batch: 40,
            first_seq: 90,
            before: Micros(-5),
            previous: 1,
        }
    }

    #[test]
    fn a_segment_header_comes_back_and_belongs_to_its_file() {
        let header = segment(7);
        assert_eq!(SegmentHeader::decode(&header.encode(), 3), Ok(header.clone()));
        let elsewhere = SegmentHeader::decode(&header.encode(), 4);
        assert!(matches!(elsewhere, Err(HeaderFault::Invalid(_))), "{elsewhere:?}");
    }

    #[test]
    fn every_flipped_bit_of_a_batch_is_noticed() {
        let segment = segment(7);
        let mut record = vec![0; BATCH_HEADER];
        record.extend_from_slice(b"plans");
        let length = record.len();
        let header = BatchHeader::seal(&mut record, &segment, PAGE, (41, 95), (1, 2));
        assert_eq!(record.len() as u64, PAGE);
        for bit in 0..length * 8 {
            let mut bytes = record.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let sound = BatchHeader::decode(&bytes, &segment, PAGE)
                .is_some_and(|h| h == header && h.matches(&bytes[BATCH_HEADER..length], &segment));
            assert!(!sound, "bit {bit}");
        }
        assert_eq!(BatchHeader::decode(&record, &segment, PAGE), Some(header));
    }

    #[test]
    fn a_batch_of_a_recycled_file_or_another_place_never_verifies() {
        let mut record = vec![0; BATCH_HEADER + 10];
        BatchHeader::seal(&mut record, &segment(7), PAGE, (41, 95), (1, 2));
        assert_eq!(BatchHeader::decode(&record, &segment(8), PAGE), None);
        assert_eq!(BatchHeader::decode(&record, &segment(7), 2 * PAGE), None);
    }
}
