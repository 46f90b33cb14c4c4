//! Housekeeping: rows that exist only for a time.

use super::{day, hour};
use crate::engine::audit;
use crate::engine::command::{Refusal, Reply};
use crate::engine::draft::Draft;
use crate::engine::rows::ReadError;
use crate::store::{Order, Table, View};

/// Rows removed by one command, so that a batch stays short.
pub const SWEEP_ROWS: usize = 2000;

/// Removes dedup keys, ids of sent messages and remembered answers of buckets that are past their time, old rows of the
/// audit, and files that nobody attached; gives back to the bot what is due.
pub fn sweep(draft: &mut Draft<'_>) -> Result<Reply, Refusal> {
    let rules = draft.ctx.rules;
    let oldest_day = day(draft.ctx.steady).saturating_sub(rules.dedup_days);
    let oldest_hour = hour(draft.ctx.steady).saturating_sub(rules.idempotency_hours);
    let mut removed = 0;
    for (table, oldest) in [
        (Table::Seen, oldest_day),
        (Table::Early, oldest_day),
        (Table::Unclaimed, oldest_day),
        (Table::SentAs, oldest_day),
        (Table::Idempotency, oldest_hour),
        (Table::MailPaces, oldest_hour),
    ] {
        let rows = View::scan(
            draft,
            table,
            &[],
            Some(&oldest.to_be_bytes()),
            Order::Ascending,
            SWEEP_ROWS,
        )
        .map_err(ReadError::from)?;
        removed += rows.len();
        for (key, _) in rows {
            draft.delete(table, &key);
        }
    }
    removed += super::mode::sweep(draft)?;
    removed += super::files::sweep(draft)?;
    removed += audit::trim(draft, SWEEP_ROWS)?;
    removed += super::session::sweep(draft)?;
    Ok(Reply::Swept(removed))
}
