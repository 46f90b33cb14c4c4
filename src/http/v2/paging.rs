//! Pages of customers and conversations: what is asked for and what is told of them.

use serde::Serialize;

use crate::describe::ToSchema;
use crate::domain::contact::Contact;
use crate::domain::reference::customer_code;
use crate::http::error::Failure;
use crate::http::extract::{limit, number};
use crate::wire::problem::Problem;

/// The longest search, in characters.
const MAX_QUERY: usize = 200;

/// What page is asked for.
#[derive(Clone, Copy)]
pub struct Page {
    page: usize,
    pub limit: usize,
    pub offset: u64,
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
