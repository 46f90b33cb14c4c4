//! What is known of mails: each belongs to an entry of its ticket, and is found by its Message-ID.

use super::Check;
use crate::domain::mail::{Mail, MailOf};
use crate::engine::rows::{ReadError, Rows};
use crate::store::Order;

impl Check {
    pub(super) fn mails(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        for (row, mail) in rows.scan::<Mail>(&[], None, Order::Ascending, usize::MAX)? {
            let (number, entry) = row.split_at(row.len().min(8));
            let number = number.try_into().map(u64::from_be_bytes).unwrap_or_default();
            let entry = entry.try_into().map(u32::from_be_bytes).unwrap_or_default();
            let name = format!("the mail at entry {entry} of ticket #{number}");
            let ticket = rows.ticket(number)?;
            if ticket.is_none_or(|ticket| entry == 0 || entry > ticket.extent.last_entry) {
                self.report.find(format!("{name} belongs to no entry"));
            }
            let hash = rows.seal.hash("mail", &[mail.message_id.as_bytes()]);
            if rows.get::<MailOf>(&hash)?.is_none_or(|of| of.entry.is_none()) {
                self.report.find(format!("{name} is not found by its Message-ID"));
            }
        }
        Ok(())
    }
}
