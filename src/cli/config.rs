//! `frontdesk config check` and `frontdesk config show`.

use std::io::Write;

use clap::Subcommand;

use super::{Failure, Shared};
use crate::config::{Sources, settings};

#[derive(Subcommand)]
pub enum Command {
    /// Say whether the configuration can be used, and everything that is wrong with it
    Check,
    /// Show every setting, its value and where it came from, as TOML
    Show,
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    tell(command, &shared.sources(), out)
}

fn tell(command: &Command, sources: &Sources, out: &mut dyn Write) -> Result<(), Failure> {
    let settings = settings(sources)?;
    match command {
        Command::Check => {
            let mut origins: Vec<&str> =
                settings.iter().map(|setting| setting.origin.as_str()).collect();
            origins.sort_unstable();
            origins.dedup();
            writeln!(out, "ok: {} settings, from: {}", settings.len(), origins.join(", "))?;
        }
        Command::Show => {
            for setting in settings {
                writeln!(out, "{} = {}  # {}", setting.key, setting.value, setting.origin)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(command: &Command, sources: &Sources) -> String {
        let mut out = Vec::new();
        tell(command, sources, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn show_tells_every_value_and_where_it_came_from() {
        let sources = Sources::default().flag("data_dir", "--data-dir", Some("/srv/desk"));
        let shown = told(&Command::Show, &sources);
        for line in [
            "data_dir = \"/srv/desk\"  # flag --data-dir",
            "http.listen = \"127.0.0.1:8080\"  # default",
            "engine.queue = 4096  # default",
            "agents.see_all = false  # default",
            "calls.categories.interest_rates = [\"interest\", \"rate\", \"apr\", \"yield\"]  # default",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line} not in\n{shown}");
        }
    }

    #[test]
    fn check_says_ok_and_what_it_looked_at() {
        let sources = Sources::default().flag("log.level", "--log-level", Some("debug"));
        let said = told(&Command::Check, &sources);
        assert!(
            said.starts_with("ok: ") && said.ends_with("from: default, flag --log-level\n"),
            "{said}"
        );
    }

    #[test]
    fn a_configuration_that_cannot_be_used_is_a_usage_error() {
        let sources = Sources::default().flag("log.level", "--log-level", Some("loud"));
        let failure = tell(&Command::Check, &sources, &mut Vec::new()).unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(
            failure.text.contains("flag --log-level: log.level: found \"loud\""),
            "{}",
            failure.text
        );
    }
}
