//! Readiness and the watchdog tell the truth: on a disk whose writes never return, and on a file system that has become
//! read-only, the daemon is alive and can be read, but it is not ready and systemd hears nothing; and it is ready again
//! once the disk works.
//!
//! Needs root on Linux, loop devices, `mkfs.ext4` and `fsfreeze`; elsewhere the tests say that they are skipped.

mod harness;

use std::cell::Cell;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use harness::{Daemon, Response};
use serde_json::json;

const WATCHDOG: Duration = Duration::from_millis(600);
const CONFIG: &str = "[store]\ndisk_reserve = \"1 MiB\"\nballast = \"1 MiB\"\n";

/// An ext4 file system at the daemon's directory; thawed and gone with the test.
struct Disk {
    at: PathBuf,
    frozen: Cell<bool>,
}

fn run(command: &str, arguments: &[&str]) -> Result<(), String> {
    let done =
        Command::new(command).args(arguments).output().map_err(|e| format!("{command}: {e}"));
    let done = done?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("{command}: {}", String::from_utf8_lossy(&done.stderr).trim()))
}

impl Disk {
    fn mount(at: &Path) -> Option<Disk> {
        let image = at.with_file_name("image");
        let (image, at) = (image.to_str()?, at.to_str()?);
        let made = fs::File::create(image)
            .and_then(|file| file.set_len(96 << 20))
            .map_err(|e| e.to_string())
            .and_then(|()| run("mkfs.ext4", &["-q", "-m", "0", image]))
            .and_then(|()| run("mount", &["-o", "loop", image, at]));
        match made {
            Ok(()) => Some(Disk { at: at.into(), frozen: Cell::new(false) }),
            Err(why) => {
                eprintln!("skipped: a file system cannot be made here: {why}");
                None
            }
        }
    }

    /// From now on whatever writes waits.
    fn freeze(&self) -> bool {
        match run("fsfreeze", &["-f", &self.at.display().to_string()]) {
            Ok(()) => self.frozen.set(true),
            Err(why) => eprintln!("skipped: the file system cannot be frozen here: {why}"),
        }
        self.frozen.get()
    }

    fn thaw(&self) {
        if self.frozen.take() {
            let thawed = run("fsfreeze", &["-u", &self.at.display().to_string()]);
            thawed.unwrap_or_else(|why| eprintln!("{why}"));
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.thaw();
        let _ = run("umount", &["-l", &self.at.display().to_string()]);
    }
}

/// A daemon under a systemd of our own. The disk is thawed before the daemon is killed: nothing dies on a frozen one.
struct Unit {
    disk: Disk,
    daemon: Daemon,
    systemd: UnixDatagram,
    token: String,
}

impl Unit {
    fn start() -> Option<Unit> {
        let mut daemon = Daemon::with_config(CONFIG);
        daemon.terminate();
        let disk = Disk::mount(&daemon.data_dir())?;
        let path = daemon.config_file().with_file_name("notify");
        let systemd = UnixDatagram::bind(&path).expect("a socket");
        systemd.set_read_timeout(Some(Duration::from_millis(50))).expect("a time-out");
        let variable = |name: &str, value: String| (name.to_owned(), value);
        daemon.environment = vec![
            variable("NOTIFY_SOCKET", path.display().to_string()),
            variable("WATCHDOG_USEC", WATCHDOG.as_micros().to_string()),
        ];
        daemon.restart();
        let token = daemon.token("admin");
        Some(Unit { disk, daemon, systemd, token })
    }

    /// How often the watchdog is fed in so long a time.
    fn feedings(&self, span: Duration) -> usize {
        let mut bytes = [0; 4096];
        // What lies in the socket is from before.
        while self.systemd.recv(&mut bytes).is_ok_and(|_| false) {}
        let until = Instant::now() + span;
        let mut fed = 0;
        while Instant::now() < until {
            if let Ok(read) = self.systemd.recv(&mut bytes) {
                fed += String::from_utf8_lossy(&bytes[..read]).matches("WATCHDOG=1").count();
            }
        }
        fed
    }

    fn get(&self, path: &str) -> Response {
        let bearer = format!("Bearer {}", self.token);
        self.daemon.request("GET", path, &[("Authorization", &bearer)], b"")
    }

    fn post(&self, n: usize) -> Response {
        post(self.daemon.address(), &self.token, n)
    }

    fn is_alive_and_can_be_read(&self, messages: usize) {
        assert_eq!(self.get("/health").status, 200);
        assert_eq!(self.get("/api/tickets/queue").status, 200, "reads go on");
        let page = self.get("/api/tickets/1001/timeline?limit=100").json();
        assert_eq!(page["entries"].as_array().map(Vec::len), Some(messages));
    }

    fn is_ready(&self) {
        let ready = self.get("/ready");
        assert_eq!(ready.status, 200, "{}", ready.text());
        assert!(self.feedings(3 * WATCHDOG) >= 2, "the watchdog is fed");
    }

    fn is_not_ready(&self, why: &str) {
        let ready = self.get("/ready");
        assert!(ready.status == 503 && ready.text().contains(why), "{}", ready.text());
        self.feedings(WATCHDOG);
        assert_eq!(self.feedings(3 * WATCHDOG), 0, "the watchdog hears nothing");
    }
}

fn post(address: &str, token: &str, n: usize) -> Response {
    let message = json!({
        "key": {"remoteJid": "6281200000001@s.whatsapp.net", "fromMe": false, "id": format!("id-{n}")},
        "messageTimestamp": 1_769_596_200 + n,
        "message": {"conversation": format!("message {n}")},
    });
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str())];
    let body = message.to_string();
    let answer =
        harness::http::request(address, "POST", "/webhook/baileys", &headers, body.as_bytes());
    answer.expect("an answer")
}

#[test]
fn a_disk_whose_writes_never_return_is_not_ready_and_not_alive_to_the_watchdog() {
    let Some(mut unit) = Unit::start() else { return };
    assert_eq!(unit.post(0).status, 200);
    unit.is_ready();
    if !unit.disk.freeze() {
        return;
    }
    let (address, token) = (unit.daemon.address().to_owned(), unit.token.clone());
    let waited = thread::scope(|scope| {
        let waiting = scope.spawn(move || post(&address, &token, 1));
        thread::sleep(Duration::from_millis(200));
        unit.is_not_ready("no probe was written");
        unit.is_alive_and_can_be_read(1);
        unit.disk.thaw();
        waiting.join().expect("an answer")
    });
    assert_eq!(waited.status, 200, "what waited is on the disk: {}", waited.text());
    unit.is_ready();
    unit.is_alive_and_can_be_read(2);
    unit.daemon.terminate();
}

#[test]
fn a_file_system_that_became_read_only_is_not_ready() {
    let Some(mut unit) = Unit::start() else { return };
    for n in 0..3 {
        assert_eq!(unit.post(n).status, 200);
    }
    unit.is_ready();
    let at = unit.disk.at.display().to_string();
    // What the kernel does by itself when ext4 finds an error.
    if let Err(why) = run("mount", &["-o", "remount,abort", &at]) {
        eprintln!("skipped: the file system cannot be made read-only under a daemon here: {why}");
        return;
    }
    let refused = unit.post(3);
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    unit.is_not_ready("ead-only file system");
    unit.is_alive_and_can_be_read(3);
    unit.daemon.kill9();
    run("umount", &[&at]).expect("nobody has it");
    let image = unit.daemon.data_dir().with_file_name("image").display().to_string();
    let _ = run("e2fsck", &["-p", &image]);
    run("mount", &["-o", "loop", &image, &at]).expect("it works again");
    unit.daemon.restart();
    unit.is_alive_and_can_be_read(3);
    assert_eq!(unit.post(3).status, 200);
    unit.is_ready();
    unit.daemon.terminate();
}
