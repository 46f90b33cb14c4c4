//! Logs and metrics. Logs: records of `tracing` on stderr, one line each.
//!
//! As text they are for people (time, colours on a terminal) or, when stderr is the journal's socket, for
//! journald, which keeps the time itself and reads the priority from a leading `<N>` (sd-daemon(3)). As
//! JSON they are for collectors. A line break inside a record is escaped, so that what a customer wrote
//! can neither forge a record nor lose its priority.

pub mod doors;
pub mod metrics;
pub mod progress;
pub mod sources;
pub mod wear;

use std::fmt;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Sends the records of this process to stderr. Fails only when called a second time.
pub fn init(config: &LogConfig) -> Result<(), tracing::subscriber::SetGlobalDefaultError> {
    let face = Face::of(config.format, stderr_is_journal(), io::stderr().is_terminal());
    tracing::subscriber::set_global_default(subscriber(config.level, face, io::stderr))
}

/// How records look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Human { colours: bool },
    Journal,
    Json,
}

impl Face {
    fn of(format: LogFormat, journal: bool, terminal: bool) -> Face {
        match format {
            LogFormat::Json => Face::Json,
            LogFormat::Text if journal => Face::Journal,
            LogFormat::Text => Face::Human { colours: terminal },
        }
    }
}

fn subscriber<W>(level: LogLevel, face: Face, out: W) -> impl Subscriber
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(out);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match face {
        Face::Json => layer.json().flatten_event(true).boxed(),
        Face::Human { colours } => layer
            .with_ansi(colours)
            .event_format(OneLine { inner: Format::default().with_ansi(colours), priority: false })
            .boxed(),
        Face::Journal => layer
            .with_ansi(false)
            .event_format(OneLine {
                inner: Format::default().without_time().with_ansi(false),
                priority: true,
            })
            .boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(targets(level)))
}

/// Ours from `level` on; what the libraries say from warn on, or they would drown it.
fn targets(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new()
        .with_target(env!("CARGO_CRATE_NAME"), ours)
        .with_default(ours.min(LevelFilter::WARN))
}

/// Whether stderr is the very stream that systemd connected to the journal, which it names as
/// `device:inode` (systemd.exec(5)); a shell below a unit inherits the variable, not the stream.
fn stderr_is_journal() -> bool {
    std::env::var("JOURNAL_STREAM").is_ok_and(|name| is_stream(io::stderr(), &name))
}

fn is_stream(stream: impl AsFd, name: &str) -> bool {
    rustix::fs::fstat(stream).is_ok_and(|stat| name == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// The usual text format, kept to one line, with a priority in front for journald.
struct OneLine<T> {
    inner: Format<Full, T>,
    priority: bool,
}

impl<S, N, T> FormatEvent<S, N> for OneLine<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    Format<Full, T>: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        if self.priority {
            write!(out, "<{}>", priority(*event.metadata().level()))?;
        }
        let line = line.trim_end_matches('\n').replace('\r', "\\r").replace('\n', "\\n");
        writeln!(out, "{line}")
    }
}

/// Syslog's number.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log that can be read.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LogLevel, face: Face, speak: impl FnOnce()) -> String {
        let page = Page::default();
        let writer = page.clone();
        tracing::subscriber::with_default(subscriber(level, face, move || writer.clone()), speak);
        String::from_utf8(page.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn journald_gets_priorities_and_no_time() {
        let log = logged(LogLevel::Info, Face::Journal, || {
            tracing::info!(ticket = 1001, "claimed");
            tracing::warn!("disk nearly full");
            tracing::error!("disk full");
        });
        let lines: Vec<&str> = log.lines().collect();
        assert!(lines[0].starts_with("<6>") && lines[0].ends_with("claimed ticket=1001"), "{log}");
        assert!(lines[1].starts_with("<4>") && lines[2].starts_with("<3>"), "{log}");
        assert!(!log.contains("20") && !log.contains('\u{1b}'), "{log}");
    }

    #[test]
    fn people_get_the_time_and_colours_only_on_a_terminal() {
        let plain =
            logged(LogLevel::Info, Face::Human { colours: false }, || tracing::info!("claimed"));
        assert!(plain.starts_with("20") && plain.contains("Z  INFO"), "{plain}");
        assert!(!plain.contains('\u{1b}'), "{plain}");
        let bright =
            logged(LogLevel::Info, Face::Human { colours: true }, || tracing::info!("claimed"));
        assert!(bright.contains('\u{1b}'), "{bright}");
    }

    #[test]
    fn collectors_get_one_json_object_a_line() {
        let log =
            logged(LogLevel::Info, Face::Json, || tracing::info!(ticket = 1001, "claimed\nby Ann"));
        assert_eq!(log.lines().count(), 1);
        let record: serde_json::Value = serde_json::from_str(&log).unwrap();
        assert_eq!(record["message"], "claimed\nby Ann");
        assert_eq!(record["ticket"], 1001);
        assert_eq!(record["level"], "INFO");
    }

    #[test]
    fn what_a_customer_wrote_cannot_forge_a_record() {
        for face in [Face::Journal, Face::Human { colours: false }] {
            let log =
                logged(LogLevel::Info, face, || tracing::info!("hello\r\n<0>the house is on fire"));
            assert_eq!(log.lines().count(), 1, "{log}");
            assert!(log.contains("hello\\r\\n<0>"), "{log}");
        }
    }

    #[test]
    fn the_level_is_ours_and_libraries_speak_from_warn_on() {
        let speak = || {
            tracing::debug!("ours");
            tracing::info!(target: "hyper", "theirs");
            tracing::warn!(target: "hyper", "their warning");
        };
        let log = logged(LogLevel::Debug, Face::Journal, speak);
        assert!(
            log.contains("ours") && log.contains("their warning") && !log.contains("theirs"),
            "{log}"
        );
        assert_eq!(logged(LogLevel::Error, Face::Journal, speak), "");
    }

    #[test]
    fn the_journal_is_known_by_device_and_inode() {
        use std::os::unix::fs::MetadataExt;

        let null = std::fs::File::open("/dev/null").unwrap();
        let metadata = null.metadata().unwrap();
        assert!(is_stream(&null, &format!("{}:{}", metadata.dev(), metadata.ino())));
        assert!(!is_stream(&null, &format!("{}:{}", metadata.dev(), metadata.ino() + 1)));
        assert!(!is_stream(&null, ""));
    }

    #[test]
    fn the_format_decides_before_the_stream() {
        assert_eq!(Face::of(LogFormat::Json, true, true), Face::Json);
        assert_eq!(Face::of(LogFormat::Text, true, false), Face::Journal);
        assert_eq!(Face::of(LogFormat::Text, false, true), Face::Human { colours: true });
    }
}
