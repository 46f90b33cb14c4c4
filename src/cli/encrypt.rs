//! `frontdesk encrypt`: brings everything that was written before to where `store.encryption` wants it.

use std::io::Write;

use super::ask::ask;
use super::{Failure, Shared, size};
use crate::admin::privacy::{Report, Request};
use crate::admin::{self, Answer};
use crate::config::Config;

pub fn run(shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    ask(&config, admin::Request::Privacy(Request::Rewrite), |answer| {
        if let Answer::Privacy(Report::Rewritten { before, after, encrypted }) = answer {
            let (before, after) = (size::bytes(before), size::bytes(after));
            let how = if encrypted { "encrypted" } else { "not encrypted" };
            writeln!(
                out,
                "everything is {how} now, as store.encryption says; store.redb: {before} before, {after} after"
            )?;
        }
        Ok(())
    })
}
