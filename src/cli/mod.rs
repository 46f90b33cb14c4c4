//! The command line: one file a subcommand.
//!
//! A subcommand is a variant of [`Command`], an arm in [`run`], and a file with its arguments and what it
//! does. Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 it failed, 2 the command
//! line or the configuration is wrong.

mod ask;
mod audit;
mod backup;
mod bench;
mod bundle;
mod compact;
mod config;
mod demo;
mod doctor;
mod encrypt;
mod export;
mod key;
mod policy;
mod privacy;
mod progress;
mod reindex;
mod restore;
mod scratch;
mod serve;
mod size;
mod status;
mod terminal;
mod token;
mod user;
mod verify;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};

use crate::config::{ConfigError, DEFAULT_FILE, Sources};

/// The version; a packaged binary names the commit too, which its build is told in `BUILD_COMMIT`.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let version = env!("CARGO_PKG_VERSION");
    match crate::admin::commit() {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_owned(),
    }
});

/// Every phone call and WhatsApp message becomes a durable ticket, on the box itself.
#[derive(Parser)]
#[command(name = "frontdesk", version = VERSION.as_str(), propagate_version = true)]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon
    Serve(serve::Command),
    /// Show it at work: plays a recorded call and a WhatsApp conversation into a throw-away store
    Demo(demo::Command),
    // Says itself at length what it measures.
    Bench(bench::Command),
    /// Make, list and revoke machine tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Show who did what, from where, by which door
    Audit(audit::Command),
    /// Add people, set their passwords and roles, let them in no more
    #[command(subcommand)]
    User(user::Command),
    /// Print who may what: every address, and which tokens and roles it takes
    Policy,
    /// Write calls as files for other ticket systems
    Export(export::Command),
    /// Put everything into one file, beside the running daemon
    Backup(backup::Command),
    /// Make a store from a backup, in an empty directory
    Restore(restore::Command),
    /// Check journal, store and rows, or a backup; says where any damage is
    Verify(verify::Command),
    /// How the running daemon is; exit code 0: ready, 1: not ready, 2: not running
    Status(status::Command),
    /// Look for what is wrong with this box, and say what to do; changes nothing
    Doctor(doctor::Command),
    /// Make a file for whoever helps: facts of this box, no personal data
    SupportBundle(bundle::Command),
    /// Write the store anew without the room it no longer uses; work goes on meanwhile
    Compact,
    /// Build the search index anew; work and searches go on meanwhile
    Reindex,
    /// Bring everything that was written before to where store.encryption wants it; work goes on meanwhile
    Encrypt,
    /// The root key of the store's encryption
    #[command(subcommand)]
    Key(key::Command),
    /// Erase a person; say what retention wants gone
    #[command(subcommand)]
    Privacy(privacy::Command),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// Flags that every subcommand takes.
#[derive(Args)]
struct Shared {
    /// Configuration file instead of /etc/frontdesk/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the store (data_dir)
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// error, warn, info, debug or trace (log.level)
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// text or json (log.format)
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl Shared {
    /// The layers of the configuration under these flags; a subcommand adds its own with
    /// [`Sources::flag`].
    fn sources(&self) -> Sources {
        self.over(Sources::of_process(self.config.clone()))
    }

    /// The file that the configuration is read from, if it is there.
    fn config_file(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| DEFAULT_FILE.into())
    }

    fn over(&self, sources: Sources) -> Sources {
        sources
            .flag("data_dir", "--data-dir", self.data_dir.as_ref())
            .flag("log.level", "--log-level", self.log_level.as_ref())
            .flag("log.format", "--log-format", self.log_format.as_ref())
    }
}

/// Why a subcommand did not do its work, told as one paragraph on stderr.
#[derive(Debug)]
struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// The request itself is wrong: exit code 2.
    fn usage(text: impl Display) -> Failure {
        Failure { code: 2, text: text.to_string() }
    }

    /// It could not be done: exit code 1.
    fn failed(text: impl Display) -> Failure {
        Failure { code: 1, text: text.to_string() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::usage(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::failed(error)
    }
}

/// The command line as it is defined, for whoever writes its manual.
pub fn definition() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// The whole program.
pub fn main() -> ExitCode {
    // Not locked: other threads write there too, for as long as a daemon lives.
    ExitCode::from(respond(std::env::args_os(), &mut io::stdout(), &mut io::stderr()))
}

/// Runs one command line; gives the exit code.
fn respond(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(refused) => {
            // Help and the version are answers; anything else is a complaint.
            if refused.use_stderr() {
                let _ = write!(err, "{}", refused.render());
                return 2;
            }
            return u8::from(write!(out, "{}", refused.render()).is_err());
        }
    };
    match run(&cli, out).and_then(|()| Ok(out.flush()?)) {
        Ok(()) => 0,
        Err(failure) => {
            // Nobody is left to hear that stderr is gone.
            let _ = writeln!(err, "frontdesk: {}", failure.text);
            failure.code
        }
    }
}

fn run(cli: &Cli, out: &mut dyn Write) -> Result<(), Failure> {
    match &cli.command {
        Command::Serve(command) => serve::run(command, &cli.shared, out),
        Command::Demo(command) => demo::run(command, &cli.shared, out),
        Command::Bench(command) => bench::run(command, &cli.shared, out),
        Command::Token(command) => token::run(command, &cli.shared, out),
        Command::Audit(command) => audit::run(command, &cli.shared, out),
        Command::User(command) => user::run(command, &cli.shared, out),
        Command::Policy => policy::run(out),
        Command::Export(command) => export::run(command, &cli.shared, out),
        Command::Backup(command) => backup::run(command, &cli.shared, out),
        Command::Restore(command) => restore::run(command, &cli.shared, out),
        Command::Verify(command) => verify::run(command, &cli.shared, out),
        Command::Status(command) => status::run(command, &cli.shared, out),
        Command::Doctor(command) => doctor::run(command, &cli.shared, out),
        Command::SupportBundle(command) => bundle::run(command, &cli.shared, out),
        Command::Compact => compact::run(&cli.shared, out),
        Command::Reindex => reindex::run(&cli.shared, out),
        Command::Encrypt => encrypt::run(&cli.shared, out),
        Command::Key(command) => key::run(command, &cli.shared, out),
        Command::Privacy(command) => privacy::run(command, &cli.shared, out),
        Command::Config(command) => config::run(command, &cli.shared, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exit code, stdout, stderr.
    fn run_line(line: &str) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = respond(line.split(' ').map(OsString::from), &mut out, &mut err);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn the_version_goes_to_stdout() {
        let (code, out, err) = run_line("frontdesk --version");
        assert_eq!((code, err.as_str()), (0, ""));
        let version = out.strip_prefix("frontdesk ").unwrap();
        assert_eq!(version.split_whitespace().next(), Some(env!("CARGO_PKG_VERSION")), "{out}");
        assert_eq!(version.lines().count(), 1, "{out}");
    }

    #[test]
    fn a_wrong_command_line_is_exit_code_2_and_on_stderr() {
        for line in ["frontdesk", "frontdesk confg", "frontdesk config show --nonsense"] {
            let (code, out, err) = run_line(line);
            assert_eq!((code, out.as_str()), (2, ""), "{line}");
            assert!(err.contains("Usage:"), "{err}");
        }
    }

    #[test]
    fn a_missing_configuration_file_is_exit_code_2() {
        let (code, out, err) = run_line("frontdesk config check --config /nonexistent/f.toml");
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.starts_with("frontdesk: the configuration cannot be used:\n"), "{err}");
        assert!(err.contains("/nonexistent/f.toml: cannot be read"), "{err}");
    }

    #[test]
    fn the_shared_flags_reach_the_configuration() {
        let line = "frontdesk --data-dir /srv/desk config check --log-level warn --log-format json";
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        let config = crate::config::Config::load(&cli.shared.over(Sources::default())).unwrap();
        assert_eq!(config.data_dir.to_str(), Some("/srv/desk"));
        assert_eq!(config.log.level, crate::config::LogLevel::Warn);
        assert_eq!(config.log.format, crate::config::LogFormat::Json);
    }

    #[test]
    fn the_command_line_is_well_formed() {
        definition().debug_assert();
    }
}
