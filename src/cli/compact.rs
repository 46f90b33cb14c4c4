//! `frontdesk compact`: writes the store anew without the room that it no longer uses.

use std::io::Write;

use super::ask::ask;
use super::{Failure, Shared};
use crate::admin::{Answer, Request};
use crate::config::Config;

pub fn run(shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    ask(&config, Request::Compact, |answer| {
        if let Answer::Compacted { before, after, millis, kept_writer_millis } = answer {
            let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
            writeln!(
                out,
                "store.redb: {} before, {} after; took {millis} ms, of which writing waited {kept_writer_millis} ms",
                mib(before),
                mib(after)
            )?;
        }
        Ok(())
    })
}
