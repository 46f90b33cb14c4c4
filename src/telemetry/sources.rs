//! How the sources are that the daemon dials: shown by `/ready` and `/metrics`, told by whoever reads them.
//!
//! What always holds: an error told here names no token and no address with one.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// One source, as it is now.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub kind: &'static str,
    /// None while there is no connection.
    pub connected_since: Option<SystemTime>,
    /// Connections since the start.
    pub connects: u64,
    /// Events taken since the start, and when the last one came.
    pub events: u64,
    pub last_event: Option<SystemTime>,
    /// Why the last connection, or the last try of one, ended.
    pub last_error: Option<String>,
    /// The highest number that the source is known to have, and the highest that is dealt with.
    pub newest: u64,
    pub dealt_with: u64,
}

impl Source {
    /// Events that the source is known to have and that are not dealt with.
    pub fn lag(&self) -> u64 {
        self.newest.saturating_sub(self.dealt_with)
    }
}

/// One source, for whoever reads it.
#[derive(Clone, Debug)]
pub struct Told(Arc<Mutex<Source>>);

impl Told {
    pub fn now(&self) -> Source {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn change(&self, change: impl FnOnce(&mut Source)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// All sources, in the order of the configuration.
#[derive(Debug, Default)]
pub struct Sources(Mutex<Vec<Told>>);

impl Sources {
    pub fn add(&self, name: &str, kind: &'static str) -> Told {
        let source = Source {
            name: name.to_owned(),
            kind,
            connected_since: None,
            connects: 0,
            events: 0,
            last_event: None,
            last_error: None,
            newest: 0,
            dealt_with: 0,
        };
        let told = Told(Arc::new(Mutex::new(source)));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told.clone());
        told
    }

    pub fn all(&self) -> Vec<Source> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|told| told.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .collect()
    }

    /// In the text format of Prometheus.
    pub fn encode(&self, text: &mut String) -> std::fmt::Result {
        let all = self.all();
        if all.is_empty() {
            return Ok(());
        }
        type Figure = (&'static str, &'static str, &'static str, fn(&Source) -> u64);
        let figures: [Figure; 4] = [
            ("connected", "gauge", "Whether a connection with the source stands", |source| {
                u64::from(source.connected_since.is_some())
            }),
            (
                "lag_events",
                "gauge",
                "Events that the source has and that are not dealt with",
                Source::lag,
            ),
            ("events", "counter", "Events taken from the source since the start", |source| {
                source.events
            }),
            ("connects", "counter", "Connections with the source since the start", |source| {
                source.connects
            }),
        ];
        for (name, kind, help, figure) in figures {
            let name = format!("frontdesk_source_{name}");
            let suffix = if kind == "counter" { "_total" } else { "" };
            writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}")?;
            for source in &all {
                // Names are of a-z, 0-9, -, _ and .: nothing to escape.
                writeln!(text, "{name}{suffix}{{source=\"{}\"}} {}", source.name, figure(source))?;
            }
        }
        Ok(())
    }
}
