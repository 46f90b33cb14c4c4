//! What systemd is told: ready when requests are answered, alive only after the store was written, stopping;
//! and what it gives: listeners.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
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
        Unit::run(name, Command::new(env!("CARGO_BIN_EXE_frontdesk")), Stdio::null())
    }

    /// With the listener of a socket unit as descriptor 3.
    fn start_with(name: &str, listener: TcpListener) -> Unit {
        let pass = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", pass, "sh", env!("CARGO_BIN_EXE_frontdesk")]);
        Unit::run(name, shell, Stdio::from(OwnedFd::from(listener)))
    }

    fn run(name: &str, mut command: Command, stdin: Stdio) -> Unit {
        let dir =
            std::env::temp_dir().join(format!("frontdesk-unit-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory");
        let path = dir.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out");
        let child = command
            .env_clear()
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "400000")
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.join("data"))
            .stdin(stdin)
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

#[test]
fn a_listener_that_systemd_passes_is_served_too() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("an address");
    let unit = Unit::start_with("socket", listener);
    unit.hears("READY=1");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
        .write_all(b"GET /ready HTTP/1.1\r\nhost: box\r\nconnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
