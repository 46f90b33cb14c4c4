//! What rows around tickets promise each other: categories are a tree, a shortcut leads to its response, a payload is
//! needed by as many deliveries as it says, a file that is attached to nothing is among those.

use std::collections::HashMap;

use super::Check;
use crate::domain::canned::CannedResponse;
use crate::domain::category::{Category, MAX_DEPTH};
use crate::domain::deed::{Deed, MAX_DEEDS};
use crate::domain::file::StoredFile;
use crate::domain::rating::{BEST, Rating};
use crate::domain::webhook::{Delivered, Delivery, Payload, Webhook, deliveries};
use crate::engine::rows::{ReadError, Rows, key};
use crate::store::codec::Record;
use crate::store::records::{Deleted, LooseFile, ShortcutOf};
use crate::store::{Order, RowKey};

type Found<R> = Vec<(RowKey, R)>;

fn all<R: Record>(rows: &Rows<'_>) -> Result<Found<R>, ReadError> {
    rows.scan::<R>(&[], None, Order::Ascending, usize::MAX)
}

impl Check {
    /// What waits to be removed was deleted then.
    pub(super) fn deletions(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        for (row_key, _) in rows.scan::<Deleted>(&[], None, Order::Ascending, usize::MAX)? {
            let Some((at, number)) = key::numbers(&row_key) else { continue };
            let ticket = rows.ticket(number)?.and_then(|ticket| ticket.deleted);
            if ticket.is_none_or(|deletion| deletion.steady.0.max(0) as u64 != at) {
                self.report
                    .find(format!("ticket #{number} waits to be removed and is not deleted"));
            }
        }
        Ok(())
    }

    pub(super) fn desk(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        self.categories(rows)?;
        self.canned(rows)?;
        self.deliveries(rows)?;
        self.files(rows)?;
        self.crm(rows)?;
        self.deeds(rows)?;
        for (row, rating) in all::<Rating>(rows)? {
            let number = row[..].try_into().map(u64::from_be_bytes).unwrap_or_default();
            if rows.ticket(number)?.is_none() || !(1..=BEST).contains(&rating.rating) {
                self.report.find(format!("the rating of ticket #{number} is none of a ticket"));
            }
        }
        Ok(())
    }

    /// What was done for privacy is an account without a gap: only its oldest rows go.
    fn deeds(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let numbers = all::<Deed>(rows)?.into_iter();
        let numbers =
            numbers.filter_map(|(row, _)| row[..].try_into().map(u64::from_be_bytes).ok());
        let numbers: Vec<u64> = numbers.collect();
        if numbers.windows(2).any(|pair| pair[1] != pair[0] + 1)
            || numbers.len() > MAX_DEEDS as usize
        {
            let found = numbers.len();
            self.report.find(format!(
                "the account of what was done for privacy has a gap or no bound: {found} rows"
            ));
        }
        Ok(())
    }

    fn categories(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let known: HashMap<String, Category> =
            all::<Category>(rows)?.into_iter().map(|(_, c)| (c.slug.clone(), c)).collect();
        for category in known.values().filter(|category| !category.deleted) {
            let (mut above, mut depth) = (category.parent.as_ref(), 1);
            while let Some(slug) = above {
                depth += 1;
                let parent = known.get(slug).filter(|parent| !parent.deleted);
                if parent.is_none() || depth > MAX_DEPTH {
                    let slug = &category.slug;
                    self.report.find(format!("category {slug} hangs on none, or on itself"));
                    break;
                }
                above = parent.and_then(|parent| parent.parent.as_ref());
            }
        }
        Ok(())
    }

    fn canned(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        for (word, ShortcutOf(id)) in all::<ShortcutOf>(rows)? {
            let response = rows.get::<CannedResponse>(&key::number(id))?;
            let own = response.and_then(|response| response.shortcut);
            if own.as_ref().map(|own| own.as_bytes()) != Some(&word[..]) {
                self.report
                    .find(format!("a shortcut leads to canned response {id}, which has another"));
            }
        }
        for (_, response) in all::<CannedResponse>(rows)? {
            let Some(word) = &response.shortcut else { continue };
            if rows.get::<ShortcutOf>(word.as_bytes())? != Some(ShortcutOf(response.id)) {
                let id = response.id;
                self.report
                    .find(format!("the shortcut of canned response {id} does not lead to it"));
            }
        }
        Ok(())
    }

    fn deliveries(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let mut needed: HashMap<(u64, u64), u32> = HashMap::new();
        let waiting = all::<Delivery>(rows)?.into_iter();
        let ended = all::<Delivered>(rows)?.into_iter().map(|(key, ended)| (key, ended.delivery));
        for (row, delivery) in waiting.chain(ended) {
            *needed.entry((delivery.ticket, delivery.payload)).or_default() += 1;
            let Some((webhook, number)) = key::numbers(&row) else { continue };
            let name = format!("delivery {number} of webhook {webhook}");
            if rows.get::<Webhook>(&key::number(webhook))?.is_none() {
                self.report.find(format!("{name} is nobody's"));
            }
            if number > rows.count(&deliveries(webhook))? {
                self.report.find(format!("{name} has a number that was never given out"));
            }
            let both =
                rows.get::<Delivery>(&row)?.is_some() && rows.get::<Delivered>(&row)?.is_some();
            if both {
                self.report.find(format!("{name} waits and has ended"));
            }
        }
        // What a delivery was to send may be gone with its ticket; the other way round it would stay for ever.
        for (row, payload) in all::<Payload>(rows)? {
            let Some(place) = key::numbers(&row) else { continue };
            let found = needed.get(&place).copied().unwrap_or(0);
            if found != payload.needed_by {
                let (said, number) = (payload.needed_by, place.1);
                self.report
                    .find(format!("payload {number} says {said} deliveries need it, {found} do"));
            }
        }
        Ok(())
    }

    fn files(&mut self, rows: &Rows<'_>) -> Result<(), ReadError> {
        let mut loose = 0;
        for (row, LooseFile { ticket }) in all::<LooseFile>(rows)? {
            let Some((_, id)) = key::numbers(&row) else { continue };
            loose += 1;
            let file = rows.get::<StoredFile>(&key::pair(ticket, id))?;
            if file.is_some_and(|file| file.entry.is_some()) {
                self.report.find(format!("file {id} is attached and not attached"));
            }
        }
        let (mut unattached, mut cache) = (0, HashMap::new());
        for (row, file) in all::<StoredFile>(rows)? {
            let name = format!("file {} of ticket #{}", file.id, file.ticket);
            if row[..] != key::pair(file.ticket, file.id) {
                self.report.find(format!("{name} lies under another key"));
            }
            if let std::collections::hash_map::Entry::Vacant(place) = cache.entry(file.ticket) {
                place.insert(rows.ticket(file.ticket)?.map(|ticket| ticket.extent.last_entry));
            }
            match (cache.get(&file.ticket).copied().flatten(), file.entry) {
                (None, _) => self.report.find(format!("{name} is no ticket's")),
                (Some(last), Some(entry)) if entry > last => {
                    self.report.find(format!("{name} is attached to an entry that is not there"));
                }
                (Some(_), None) => unattached += 1,
                _ => {}
            }
        }
        if unattached > loose {
            let found = unattached - loose;
            self.report.find(format!("{found} files are attached to nothing and not among those"));
        }
        Ok(())
    }
}
