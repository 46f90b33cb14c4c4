//! The categories as everybody reads them: held in memory, compiled into what judges texts, following the rows commit
//! by commit; and what may be asked of them.

use std::collections::BTreeMap;

use crate::domain::categorise::Categoriser;
use crate::domain::category::{Category, FoundIn, MAX_DEPTH};

/// The rows of table Categories, deleted ones included.
#[derive(Clone, Debug)]
pub struct Categories {
    rows: BTreeMap<String, Category>,
    calls: Categoriser,
    tickets: Categoriser,
}

impl Default for Categories {
    fn default() -> Categories {
        Categories::new(BTreeMap::new())
    }
}

impl Categories {
    pub fn new(rows: BTreeMap<String, Category>) -> Categories {
        let of = |face: FoundIn| {
            let judged = rows.values().filter(|c| !c.deleted);
            let judged = judged.filter(|c| c.found_in == face || c.found_in == FoundIn::All);
            let table = judged.map(|c| (c.slug.clone(), c.keywords.clone()));
            Categoriser::new(table, String::new())
        };
        Categories { calls: of(FoundIn::Calls), tickets: of(FoundIn::Tickets), rows }
    }

    /// The same with rows changed; none deletes one.
    pub fn with(
        &self,
        changes: impl IntoIterator<Item = (String, Option<Category>)>,
    ) -> Categories {
        let mut rows = self.rows.clone();
        for (slug, row) in changes {
            match row {
                Some(row) => drop(rows.insert(slug, row)),
                None => drop(rows.remove(&slug)),
            }
        }
        Categories::new(rows)
    }

    /// Before the first start has put any, the configuration's own tables judge.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn get(&self, slug: &str) -> Option<&Category> {
        self.rows.get(slug).filter(|c| !c.deleted)
    }

    /// By slug.
    pub fn all(&self) -> impl Iterator<Item = &Category> {
        self.rows.values().filter(|c| !c.deleted)
    }

    /// A category and all that are part of it, directly or not.
    pub fn with_children(&self, slug: &str) -> Vec<String> {
        let mut found = vec![slug.to_owned()];
        for _ in 0..MAX_DEPTH {
            let inside = |c: &&Category| {
                !found.contains(&c.slug) && c.parent.as_ref().is_some_and(|p| found.contains(p))
            };
            let more: Vec<String> = self.all().filter(inside).map(|c| c.slug.clone()).collect();
            if more.is_empty() {
                break;
            }
            found.extend(more);
        }
        found
    }

    pub fn of_calls(&self) -> &Categoriser {
        &self.calls
    }

    pub fn of_tickets(&self) -> &Categoriser {
        &self.tickets
    }
}

/// What may be asked of categories.
#[derive(Clone, Debug)]
pub enum CategoryCommand {
    /// At start: what the configuration names and nobody has changed here.
    Follow(Vec<Configured>),
    Create(Box<NewCategory>),
    Update {
        slug: String,
        changes: Box<CategoryChanges>,
    },
    /// Moves tickets to another category, a bounded number at once.
    MoveTickets {
        tickets: Vec<u64>,
        from: String,
        to: String,
    },
    /// Parts of it and canned responses go to `to`; without one there must be none.
    Delete {
        slug: String,
        to: Option<String>,
    },
}

/// Tickets that are moved by one command.
pub const MOVED_AT_ONCE: usize = 200;

/// A category of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    pub slug: String,
    pub keywords: Vec<String>,
    pub found_in: FoundIn,
}

#[derive(Clone, Debug, Default)]
pub struct NewCategory {
    /// Made of the name if absent.
    pub slug: Option<String>,
    pub name: String,
    pub description: Option<String>,
    pub color: Option<String>,
    pub parent: Option<String>,
    pub keywords: Option<Vec<String>>,
    pub found_in: Option<FoundIn>,
}

/// Fields that are absent stay as they are.
#[derive(Clone, Debug, Default)]
pub struct CategoryChanges {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub color: Option<String>,
    pub parent: Option<Option<String>>,
    pub keywords: Option<Vec<String>>,
    pub found_in: Option<FoundIn>,
}

/// The categories of the configuration, of calls and of everything else; one that is in both has the words of both.
pub fn configured(
    calls: &BTreeMap<String, Vec<String>>,
    fallback: &str,
    tickets: &BTreeMap<String, Vec<String>>,
) -> Vec<Configured> {
    let mut found: BTreeMap<String, Configured> = BTreeMap::new();
    let all = calls.iter().map(|(slug, words)| (slug, words.as_slice(), FoundIn::Calls));
    let all = all.chain(tickets.iter().map(|(slug, words)| (slug, &words[..], FoundIn::Tickets)));
    for (slug, words, found_in) in all {
        match found.get_mut(slug) {
            Some(known) => {
                known.found_in = known.found_in.with(found_in);
                let new = words.iter().filter(|word| !known.keywords.contains(word)).cloned();
                known.keywords.extend(new.collect::<Vec<_>>());
            }
            None => {
                let (slug, keywords) = (slug.clone(), words.to_vec());
                found.insert(slug.clone(), Configured { slug, keywords, found_in });
            }
        }
    }
    found.entry(fallback.to_owned()).or_insert_with(|| Configured {
        slug: fallback.to_owned(),
        keywords: Vec::new(),
        found_in: FoundIn::Calls,
    });
    found.into_values().collect()
}
