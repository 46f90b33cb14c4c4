//! What systemd is told: ready when requests are answered, alive only after the store was written, stopping.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A daemon under a systemd of our own; killed with its test.
struct Unit {
    child: Child,
    socket: UnixDatagram,
    dir: std::path::PathBuf,
}

impl Unit {
    fn start(name: &str) -> Unit {
        let dir =
            std::env::temp_dir().join(format!("frontdesk-unit-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        let path = dir.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out");
        let child = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
            .env_clear()
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "400000")
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        Unit { child, socket, dir }
    }

    /// Waits until this line was told.
    fn hears(&self, line: &str) {
        let until = Instant::now() + PATIENCE;
        let mut bytes = [0; 4096];
        while Instant::now() < until {
            let Ok(read) = self.socket.recv(&mut bytes) else { continue };
            let told = String::from_utf8_lossy(&bytes[..read]);
            if told.lines().any(|l| l == line) {
                return;
            }
        }
        panic!("{line} was not told within {PATIENCE:?}");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill");
        assert!(sent.success());
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[test]
fn systemd_hears_ready_then_the_watchdog_then_stopping() {
    let mut unit = Unit::start("order");
    unit.hears("READY=1");
    let probe = unit.dir.join("data/probe");
    unit.hears("WATCHDOG=1");
    assert!(probe.exists(), "the watchdog is fed after a probe of the store was written");
    unit.hears("WATCHDOG=1");
    unit.signal("-TERM");
    unit.hears("STOPPING=1");
    assert!(unit.child.wait().expect("it ends").success());
}
