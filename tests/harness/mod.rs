//! The product from outside: the real binary on a free port and a directory of its own, and a client that knows
//! HTTP and nothing of the crate's types. A daemon dies with its test; a test that fails shows its log.

pub mod http;

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use http::Response;

/// How long a daemon may take until it serves, on a machine that is busy with other tests.
const START: Duration = Duration::from_secs(30);
/// How long a daemon may take to stop on SIGTERM.
const STOP: Duration = Duration::from_secs(10);

pub struct Daemon {
    dir: PathBuf,
    /// Variables of the daemon's environment, from the next start on.
    pub environment: Vec<(String, String)>,
    child: Option<Child>,
    address: String,
    log: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

impl Daemon {
    /// Starts a daemon with this configuration file, which may be empty, and waits until it serves.
    pub fn with_config(toml: &str) -> Daemon {
        Daemon::on_store(toml, |_| {})
    }

    /// The same on a data directory that `fill` was given, empty, before.
    pub fn on_store(toml: &str, fill: impl FnOnce(&Path)) -> Daemon {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let nth = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("frontdesk-test-{}-{nth}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(dir.join("data")).expect("a directory for the daemon");
        fill(&dir.join("data"));
        let (address, log) = (String::new(), Arc::default());
        let environment = Vec::new();
        let mut daemon = Daemon { dir, environment, child: None, address, log, listener: None };
        fs::write(daemon.config_file(), toml).expect("a configuration file");
        daemon.restart();
        daemon
    }

    /// Stops the daemon if it runs, as [`Daemon::terminate`] does, and starts it on the same directory.
    pub fn restart(&mut self) {
        if self.child.is_some() {
            self.terminate();
        }
        let mut child = frontdesk()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(self.data_dir())
            .arg("--config")
            .arg(self.config_file())
            .envs(self.quiet())
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let mut stderr = child.stderr.take().expect("its stderr");
        let log = Arc::clone(&self.log);
        self.listener = Some(thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut bytes) {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                log.extend_from_slice(&bytes[..read]);
            }
        }));
        let stdout = BufReader::new(child.stdout.take().expect("its stdout"));
        self.child = Some(child);
        let (told, ready) = mpsc::channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|l| told.send(l)));
        let line = ready.recv_timeout(START);
        let address = line.as_deref().ok().and_then(|line| line.strip_prefix("ready "));
        let plain = |url: &'_ str| {
            url.strip_prefix("http://").or(url.strip_prefix("https://")).map(str::to_owned)
        };
        let address = address.and_then(plain);
        self.address = address.unwrap_or_else(|| panic!("not ready, but {line:?}"));
    }

    /// Rules that ship do nothing by themselves in a test that does not speak of them.
    fn quiet(&self) -> Option<(&'static str, &'static str)> {
        let config = fs::read_to_string(self.config_file()).unwrap_or_default();
        let off = r#"["sla_at_risk","customer_repeats","vip","keywords_en","keywords_id","keywords_es","similar","pending_alert","unanswered_urgent","unanswered_escalate","auto_close","sentiment"]"#;
        (!config.contains("[automation]")).then_some(("FRONTDESK_AUTOMATION__OFF", off))
    }

    /// SIGTERM: exit code 0 within ten seconds, or the test fails.
    pub fn terminate(&mut self) {
        let mut child = self.child.take().expect("a running daemon");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        let asked = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("the daemon's status") {
                break status;
            }
            if asked.elapsed() > STOP {
                let _ = child.kill().and_then(|()| child.wait());
                panic!("the daemon did not stop within {STOP:?}");
            }
            thread::sleep(Duration::from_millis(10));
        };
        self.hear_out();
        assert!(status.success(), "{status}");
    }

    /// As a power cut: SIGKILL, nothing is finished. Does nothing to a daemon that is down.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().and_then(|()| child.wait()).expect("the daemon dies");
            self.hear_out();
        }
    }

    /// Waits until all that the daemon told is in the log.
    fn hear_out(&mut self) {
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }

    /// `HOST:PORT` of the API; another one after a restart.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// What is written here counts from the next start on.
    pub fn config_file(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// What the daemon has told on stderr, over all its starts; complete when it is down.
    pub fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Runs a subcommand on the daemon's directory, whether it is up or not.
    pub fn cli(&self, args: &[&str]) -> Output {
        let mut command = frontdesk();
        command.args(args).arg("--data-dir").arg(self.data_dir());
        command.arg("--config").arg(self.config_file()).output().expect("the subcommand runs")
    }

    /// A new token of this scope; a token of scope `agent` acts as the agent `agent`.
    pub fn token(&self, scope: &str) -> String {
        self.token_named(scope, scope)
    }

    /// A new token; one of scope `agent` acts as the agent of this name.
    pub fn token_named(&self, name: &str, scope: &str) -> String {
        let made = self.cli(&["token", "create", "--name", name, "--scope", scope]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let told = String::from_utf8(made.stdout).expect("a token");
        let token = told.trim_end().to_owned();
        assert!(token.len() >= 32 && !token.contains(char::is_whitespace), "{told:?}");
        token
    }

    /// One request; fails the test when no whole answer comes.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let answer = self.try_request(method, path, headers, body);
        answer.unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// One request to a daemon that may die under it: an error unless the whole answer came.
    pub fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        http::request(&self.address, method, path, headers, body)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill9();
        if thread::panicking() {
            eprintln!("--- the daemon at {} told:\n{}---", self.address(), self.log());
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// The binary, without settings of the environment it runs in: the one that was built for these tests, or
/// the one of `FRONTDESK_TEST_BINARY`, which `FRONTDESK_TEST_EMULATOR` runs if it is for another machine.
pub fn frontdesk() -> Command {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let binary =
        named("FRONTDESK_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_frontdesk").into());
    let mut command = match named("FRONTDESK_TEST_EMULATOR") {
        Some(emulator) => Command::new(emulator),
        None => Command::new(&binary),
    };
    if command.get_program() != binary {
        command.arg(&binary);
    }
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FRONTDESK_") {
            command.env_remove(name);
        }
    }
    command
}
