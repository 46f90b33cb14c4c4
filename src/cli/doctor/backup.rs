//! Whether there is a backup to go back to.

use super::Finding;
use crate::admin::LastBackup;
use crate::cli::size::{bytes, span};
use crate::config::Config;

const BACKUP: &str = "backup";
/// Seconds after which even a weekly backup has failed.
const OLD: u64 = 8 * 86_400;

pub fn check(config: &Config) -> Finding {
    let Some(last) = LastBackup::read(&config.data_dir) else {
        let advice = "set backup.target and run `systemctl enable --now frontdesk-backup.timer`";
        return Finding::warning(BACKUP, "none was ever made", advice);
    };
    let seen = format!("the last was made {} ago, {}", span(last.age()), bytes(last.bytes));
    if last.age() < OLD {
        return Finding::ok(BACKUP, seen).with([last.to]);
    }
    let advice = "look why with `systemctl status frontdesk-backup.timer frontdesk-backup`";
    Finding::warning(BACKUP, seen, advice).with([last.to])
}
