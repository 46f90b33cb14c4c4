//! The chain of the audit, and the check that it is whole.
//!
//! A row's hash is the SHA-256 of its key and its stored bytes, sealed as they lie there; the next row holds it
//! inside. The newest row's hash is the head, which lies in a table of its own; the last removed row's is the anchor,
//! and the removal is a row that names it. So an edit or a removed row breaks the chain at its place, rows cut off at
//! the new end miss the head, and rows cut off at the old end have no row that says so. Whoever can write all files
//! can make a whole new chain: that is found by a head that was kept elsewhere.

use sha2::{Digest, Sha256};

use crate::domain::audit::{AuditEntry, AuditMark};
use crate::engine::rows::{ReadError, Rows, key};
use crate::engine::verify::Report;
use crate::store::{Order, Table};

/// The key of the mark of the newest row.
pub const HEAD: &[u8] = b"head";
/// The key of the mark of the last row that was removed for its age.
pub const ANCHOR: &[u8] = b"anchor";
/// The action by which a removal of old rows is audited.
pub const TRIMMED: &str = "audit.trim";

/// Rows checked within one snapshot.
const CHUNK: usize = 2000;

/// The mark of a row by its key and its stored bytes; none for a key that is no number.
pub fn mark(row_key: &[u8], value: &[u8]) -> Option<AuditMark> {
    let seq = u64::from_be_bytes(row_key.try_into().ok()?);
    let hash = Sha256::new().chain_update(row_key).chain_update(value).finalize();
    Some(AuditMark { seq, hash: hash.into() })
}

/// How far the check of the chain has come.
#[derive(Default)]
pub struct ChainCheck {
    /// The last row that was checked, or the anchor before the first.
    last: AuditMark,
    began: bool,
    /// The newest anchor that a row claims.
    trimmed: u64,
    /// A head that was kept elsewhere.
    expected: Option<AuditMark>,
    met: bool,
    pub rows: u64,
}

impl ChainCheck {
    /// With a head that must be in the chain, or before what is kept of it.
    pub fn new(expected: Option<AuditMark>) -> ChainCheck {
        ChainCheck { expected, ..ChainCheck::default() }
    }

    /// The next rows, in one snapshot; false when there are no more.
    pub fn step(&mut self, rows: &Rows<'_>, report: &mut Report) -> Result<bool, ReadError> {
        let anchor = rows.get::<AuditMark>(ANCHOR)?.unwrap_or_default();
        // A running daemon may have removed what was to come next.
        if !self.began || anchor.seq > self.last.seq {
            (self.last, self.began) = (anchor, true);
            self.meet();
        }
        let start = key::number(self.last.seq + 1);
        let found = rows.view.scan(Table::Audit, &start, None, Order::Ascending, CHUNK)?;
        if self.rows == 0 {
            let before = rows.view.scan(Table::Audit, &[], Some(&start), Order::Ascending, 1)?;
            if !before.is_empty() {
                report.find("the audit has rows before its anchor".into());
            }
        }
        let more = found.len() == CHUNK;
        for (row_key, value) in found {
            self.row(rows, &row_key, &value, report);
        }
        if !more {
            self.end(rows, anchor, report)?;
        }
        Ok(more)
    }

    fn row(&mut self, rows: &Rows<'_>, row_key: &[u8], value: &[u8], report: &mut Report) {
        let Some(found) = mark(row_key, value) else {
            return report.find("the audit has a row whose key is no number".into());
        };
        self.rows += 1;
        let next = self.last.seq + 1;
        if found.seq != next {
            report.find(format!("rows {next} to {} of the audit are missing", found.seq - 1));
        }
        match rows.open::<AuditEntry>(row_key, value) {
            Ok(entry) => {
                if found.seq == next && entry.previous != self.last.hash {
                    let last = self.last.seq;
                    report.find(format!(
                        "row {next} of the audit does not follow row {last}: one of them was changed"
                    ));
                }
                if entry.what.action == TRIMMED
                    && let Some(seq) = entry.what.subject.and_then(|s| s.id.parse().ok())
                {
                    self.trimmed = self.trimmed.max(seq);
                }
            }
            Err(error) => report.find(format!("row {} of the audit: {error}", found.seq)),
        }
        self.last = found;
        self.meet();
    }

    /// Looks whether the mark that was reached is the one that was kept elsewhere.
    fn meet(&mut self) {
        self.met |= self.expected == Some(self.last);
    }

    fn end(
        &mut self,
        rows: &Rows<'_>,
        anchor: AuditMark,
        report: &mut Report,
    ) -> Result<(), ReadError> {
        let head = rows.get::<AuditMark>(HEAD)?.unwrap_or_default();
        if head.seq > self.last.seq {
            let (from, to) = (self.last.seq + 1, head.seq);
            report.find(format!("rows {from} to {to} at the end of the audit are missing"));
        } else if head != self.last {
            report.find("the audit does not end at its head: its end was changed".into());
        }
        if anchor.seq > self.trimmed {
            report.find(format!(
                "rows up to {} of the audit were removed, and no row of it says so",
                anchor.seq
            ));
        }
        if let Some(expected) = self.expected.filter(|_| !self.met) {
            if expected.seq > self.last.seq {
                let (seq, last) = (expected.seq, self.last.seq);
                report.find(format!("the audit ends at row {last}, before the head {seq} that was given: its end is missing"));
            } else if expected.seq >= anchor.seq {
                let seq = expected.seq;
                report.find(format!(
                    "row {seq} of the audit is not the one of the head that was given"
                ));
            }
        }
        Ok(())
    }
}
