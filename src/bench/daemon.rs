//! The daemon under test: a child process on loopback, with a store of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::BenchError;
use super::load::Target;
use crate::client::Client;

/// How long a clean stop may take.
const STOP: Duration = Duration::from_secs(30);

/// Killed when this is dropped.
pub struct Daemon {
    child: Child,
    target: Target,
    store: PathBuf,
    started_in: Duration,
}

/// Bytes written until now.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    /// By the daemon's own count: journal, padding included.
    pub journal: u64,
    /// By the daemon's own count: redb, so checkpoints.
    pub store: u64,
    /// What reached the disk that holds the store, from anybody; none where the kernel does not tell.
    pub disk: Option<u64>,
}

impl Written {
    pub fn since(self, before: Written) -> Written {
        let disk = self.disk.zip(before.disk);
        Written {
            journal: self.journal.saturating_sub(before.journal),
            store: self.store.saturating_sub(before.store),
            disk: disk.map(|(now, before)| now.saturating_sub(before)),
        }
    }

    pub fn and(self, other: Written) -> Written {
        Written {
            journal: self.journal + other.journal,
            store: self.store + other.store,
            disk: self.disk.zip(other.disk).map(|(one, other)| one + other),
        }
    }
}

/// Bytes that reached the block device of `path`: its 7th figure counts sectors of 512 bytes.
fn reached_the_disk(path: &Path) -> Option<u64> {
    let device = rustix::fs::stat(path).ok()?.st_dev;
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let stat = std::fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    Some(stat.split_whitespace().nth(6)?.parse::<u64>().ok()? * 512)
}

/// What is started, and where its store is.
#[derive(Clone, Debug)]
pub struct Program {
    pub path: PathBuf,
    pub config: Option<PathBuf>,
    pub store: PathBuf,
}

impl Program {
    /// A command of the program for its store, which this machine's own configuration does not reach.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(words).arg("--data-dir").arg(&self.store).stdin(Stdio::null());
        // An empty file stands for the defaults.
        let config = self.config.as_deref().unwrap_or(Path::new("/dev/null"));
        command.arg("--config").arg(config);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FRONTDESK_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Starts the daemon and waits until it says that it is ready.
    pub async fn start(&self) -> Result<Daemon, BenchError> {
        let program = self.clone();
        tokio::task::spawn_blocking(move || program.spawn()).await?
    }

    fn spawn(&self) -> Result<Daemon, BenchError> {
        let at = |e| BenchError::Io(self.path.display().to_string(), e);
        let began = Instant::now();
        let mut command =
            self.command(&["serve", "--listen", "127.0.0.1:0", "--log-level", "warn"]);
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(at)?;
        let mut line = String::new();
        let told = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        let started_in = began.elapsed();
        let address = line.trim().strip_prefix("ready http://").and_then(|a| a.parse().ok());
        let (Some(Ok(_)), Some(address)) = (told, address) else {
            child.kill().and_then(|()| child.wait()).map_err(at)?;
            let why = "did not become ready; what it says about that is above";
            return Err(BenchError::Daemon(format!("the daemon {why}")));
        };
        let target = Target { address, token: String::new() };
        let mut daemon = Daemon { child, target, store: self.store.clone(), started_in };
        let words = ["token", "create", "--name", "bench", "--scope", "ingest,read"];
        let Output { status, stdout, stderr } = self.command(&words).output().map_err(at)?;
        if !status.success() {
            let why = String::from_utf8_lossy(&stderr).into_owned();
            return Err(BenchError::Daemon(format!("no token was made: {why}")));
        }
        daemon.target.token = String::from_utf8_lossy(&stdout).trim().to_owned();
        Ok(daemon)
    }
}

impl Daemon {
    pub fn target(&self) -> &Target {
        &self.target
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// From the start of the process until it was ready.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Resident memory, bytes.
    pub fn resident(&self) -> Result<u64, BenchError> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(&path).map_err(|e| BenchError::Io(path.clone(), e))?;
        Ok(figure(&text, "VmRSS:", &path)? * 1024)
    }

    pub async fn written(&self) -> Result<Written, BenchError> {
        let mut client = Client::connect(self.target.address, &self.target.token).await?;
        let metrics = client.get("/metrics").await?;
        let metrics = String::from_utf8_lossy(&metrics);
        Ok(Written {
            journal: figure(&metrics, "frontdesk_journal_written_bytes", "/metrics")?,
            store: figure(&metrics, "frontdesk_store_written_bytes", "/metrics")?,
            disk: reached_the_disk(&self.store),
        })
    }

    /// Ends it as an operator does, and waits for it.
    pub async fn stop(mut self) -> Result<(), BenchError> {
        let ended = tokio::task::spawn_blocking(move || -> std::io::Result<_> {
            kill_process(Pid::from_child(&self.child), Signal::TERM)?;
            let began = Instant::now();
            while began.elapsed() < STOP {
                if let Some(status) = self.child.try_wait()? {
                    return Ok(Some(status));
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(None)
        });
        match ended.await?.map_err(|e| BenchError::Io("stopping the daemon".into(), e))? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(BenchError::Daemon(format!("the daemon ended with {status}"))),
            None => {
                Err(BenchError::Daemon(format!("the daemon did not stop in {} s", STOP.as_secs())))
            }
        }
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) -> Result<(), BenchError> {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        killed.map(|_| ()).map_err(|e| BenchError::Io("killing the daemon".into(), e))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// The number behind `name` at the beginning of a line.
fn figure(text: &str, name: &str, place: &str) -> Result<u64, BenchError> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| BenchError::Daemon(format!("{place} says nothing about {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_by_name() {
        let text = "# HELP a_b x\na_bc 1\na_b 42\nVmRSS:\t  512 kB\n";
        assert_eq!(figure(text, "a_b ", "there").unwrap(), 42);
        assert_eq!(figure(text, "VmRSS:", "there").unwrap(), 512);
        let missing = figure(text, "z", "there").unwrap_err().to_string();
        assert_eq!(missing, "there says nothing about z");
    }
}
