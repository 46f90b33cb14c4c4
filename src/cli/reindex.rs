//! `frontdesk reindex`: builds the search index anew from what it is an index of.

use std::io::Write;

use super::ask::ask;
use super::{Failure, Shared};
use crate::admin::{Answer, Request};
use crate::config::Config;

pub fn run(shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    ask(&config, Request::Reindex, |answer| {
        if let Answer::Reindexed { documents } = answer {
            writeln!(out, "the search index holds {documents} tickets, entries and contacts")?;
        }
        Ok(())
    })
}
