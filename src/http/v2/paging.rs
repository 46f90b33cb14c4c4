//! Pages of customers and conversations: scans of their rows, newest first, in short snapshots.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::contact::Contact;
use crate::domain::reference::customer_code;
use crate::engine::rows::{ReadError, Rows};
use crate::engine::{self, Engine};
use crate::http::error::Failure;
use crate::http::extract::{limit, number};
use crate::store::Order;
use crate::store::codec::Record;
use crate::wire::problem::Problem;

/// Rows read in one snapshot.
const CHUNK: usize = 500;
/// The longest search, in characters.
const MAX_QUERY: usize = 200;

/// What page is asked for.
#[derive(Clone, Copy)]
pub struct Page {
    page: usize,
    limit: usize,
    offset: u64,
}

/// What page is shown.
#[derive(Serialize, ToSchema)]
pub struct Pages {
    page: usize,
    limit: usize,
    /// How many there are on all pages
    total: u64,
    pages: u64,
    /// How many stand before this page
    skip: u64,
}

impl Page {
    pub fn read(page: Option<&str>, rows: Option<&str>) -> Result<Page, Failure> {
        let limit = limit(rows, 20)?;
        let page = number("page", page, 1)?;
        let Some(before) = page.checked_sub(1) else {
            return Err(Problem::field("page", "at least 1").into());
        };
        Ok(Page { page, limit, offset: before.saturating_mul(limit) as u64 })
    }

    pub fn told(self, total: u64) -> Pages {
        let Page { page, limit, offset } = self;
        Pages { page, limit, total, pages: total.div_ceil(limit as u64), skip: offset }
    }

    /// What `show` makes of the rows of this page, and how many rows it makes something of.
    pub fn scan<R: Record, T>(
        self,
        engine: &Engine,
        mut show: impl FnMut(&Rows<'_>, R) -> Result<Option<T>, ReadError>,
    ) -> Result<(Vec<T>, u64), engine::Error> {
        let (mut found, mut total) = (Vec::new(), 0);
        let mut end: Option<Vec<u8>> = None;
        loop {
            let more = engine.read(|rows| {
                let chunk = rows.scan::<R>(&[], end.as_deref(), Order::Descending, CHUNK)?;
                end = chunk.last().map(|(row_key, _)| row_key.to_vec());
                for (_, row) in chunk {
                    let Some(shown) = show(&rows, row)? else { continue };
                    if total >= self.offset && found.len() < self.limit {
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

/// The words of a search.
pub fn words(field: &str, text: Option<&str>) -> Result<Vec<String>, Failure> {
    let text = text.unwrap_or_default().to_lowercase();
    if text.chars().count() > MAX_QUERY {
        return Err(Problem::field(field, format!("at most {MAX_QUERY} characters")).into());
    }
    // A number is written with a plus and kept without.
    Ok(text.split_whitespace().map(|word| word.trim_start_matches('+').to_owned()).collect())
}

/// Whether each word stands somewhere in what a customer is known by.
pub fn holds(contact: &Contact, words: &[String]) -> bool {
    let code = customer_code(contact.id);
    let known = [&contact.name, &contact.phone].into_iter().flatten().chain([&code]);
    let known: Vec<String> =
        known.chain(&contact.addresses).map(|text| text.to_lowercase()).collect();
    words.iter().all(|word| known.iter().any(|text| text.contains(word)))
}
