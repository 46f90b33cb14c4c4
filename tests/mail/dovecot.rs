//! A Dovecot of its own, unprivileged in all but its start, on a free port; gone with its test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub struct Dovecot {
    dir: PathBuf,
    pub port: u16,
    child: Child,
    binary: &'static str,
}

/// How it is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Plain,
    /// In the clear up to STARTTLS, and nothing of use before.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

impl Dovecot {
    /// None, saying so, where Dovecot is not installed. With `tls` it shows a certificate for 127.0.0.1 ([`Dovecot::ca`]).
    pub fn start(tls: bool) -> Option<Dovecot> {
        Dovecot::with(if tls { Speaks::StartTls } else { Speaks::Plain }, "")
    }

    /// The same with these lines more in its configuration.
    pub fn with(speaks: Speaks, more: &str) -> Option<Dovecot> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let binary = ["/usr/sbin/dovecot", "/usr/bin/dovecot"]
            .into_iter()
            .find(|path| fs::exists(path).is_ok_and(|there| there));
        let Some(binary) = binary.filter(|_| rustix::process::geteuid().is_root()) else {
            eprintln!("skipped: needs dovecot-imapd, and root to start it");
            return None;
        };
        let nth = STARTED.fetch_add(1, Ordering::Relaxed);
        let dir =
            std::env::temp_dir().join(format!("frontdesk-dovecot-{}-{nth}", std::process::id()));
        let inbox = dir.join("mail/support");
        for folder in ["new", "cur", "tmp"] {
            fs::create_dir_all(inbox.join(folder)).expect("a mailbox");
        }
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])
            .expect("a certificate");
        fs::write(dir.join("cert.pem"), made.cert.pem()).expect("a certificate");
        fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).expect("a key");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a port")
            .port();
        let shown = dir.display();
        let ssl = match speaks {
            Speaks::Plain => "ssl = no\ndisable_plaintext_auth = no\n".to_owned(),
            _ => format!(
                "ssl = required\nssl_cert = <{shown}/cert.pem\nssl_key = <{shown}/key.pem\n"
            ),
        };
        let (imap, imaps, by_tls) = match speaks {
            Speaks::Tls => (0, port, "yes"),
            _ => (port, 0, "no"),
        };
        let config = format!(
            "base_dir = {shown}/run\nstate_dir = {shown}/state\nlog_path = {shown}/log\nprotocols = imap\nlisten = 127.0.0.1\n{ssl}\
             default_login_user = nobody\ndefault_internal_user = nobody\ndefault_internal_group = nogroup\nfirst_valid_uid = 1\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n  port = {imap}\n }}\n inet_listener imaps {{\n  port = {imaps}\n  ssl = {by_tls}\n }}\n}}\n\
             service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\nmail_location = maildir:{shown}/mail/%u\n\
             passdb {{\n driver = static\n args = password=geheim\n}}\n\
             userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={shown}/mail/%u\n}}\n{more}"
        );
        fs::write(dir.join("dovecot.conf"), config).expect("a configuration");
        let owned = Command::new("chown").args(["-R", "nobody"]).arg(dir.join("mail")).status();
        assert!(owned.is_ok_and(|status| status.success()), "the mailbox is nobody's");
        let child = run(binary, &dir);
        let dovecot = Dovecot { dir, port, child, binary };
        dovecot.until_it_listens();
        Some(dovecot)
    }

    fn until_it_listens(&self) {
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = fs::read_to_string(self.dir.join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(30), "dovecot does not listen: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// As after a mailbox was rebuilt: the same mails under other numbers, and the server says so (UIDVALIDITY).
    pub fn renumber(&mut self) {
        let before = self.validity();
        self.stop();
        let inbox = self.dir.join("mail/support");
        for entry in fs::read_dir(&inbox).expect("the mailbox").flatten() {
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                fs::remove_file(entry.path()).expect("removed");
            }
        }
        let list = format!("3 V{} N1\n", before + 1000);
        fs::write(inbox.join("dovecot-uidlist"), list).expect("another numbering");
        let owned = Command::new("chown").args(["-R", "nobody"]).arg(&inbox).status();
        assert!(owned.is_ok_and(|status| status.success()));
        self.child = run(self.binary, &self.dir);
        self.until_it_listens();
    }

    /// What it says of its numbering.
    pub fn validity(&self) -> u64 {
        let list = fs::read_to_string(self.dir.join("mail/support/dovecot-uidlist"));
        let list = list.expect("the mailbox was looked at");
        let said = list.split(' ').find_map(|word| word.strip_prefix('V')?.parse().ok());
        said.expect("a number")
    }

    fn stop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }

    /// Its certificate, as a file.
    pub fn ca(&self) -> PathBuf {
        self.dir.join("cert.pem")
    }

    /// Puts a mail into the mailbox, as a mail server does.
    pub fn deliver(&self, name: &str, mail: &str) {
        let raw = mail.replace('\n', "\r\n");
        self.deliver_raw(name, raw.as_bytes());
    }

    pub fn deliver_raw(&self, name: &str, raw: &[u8]) {
        let inbox = self.dir.join("mail/support");
        let coming = inbox.join("tmp").join(name);
        fs::write(&coming, raw).expect("a mail");
        let owned = Command::new("chown").arg("nobody").arg(&coming).status();
        assert!(owned.is_ok_and(|status| status.success()));
        fs::rename(coming, inbox.join("new").join(name)).expect("a mail");
    }

    /// How the daemon reaches it.
    pub fn config(&self, tls: &str) -> String {
        let ca = if tls == "none" { String::new() } else { self.ca().display().to_string() };
        format!(
            "[mail.imap]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"{tls}\"\nuser = \"support\"\npassword = \"geheim\"\nca_file = \"{ca}\"\n\
             timeout = \"10s\"\n[mail.mailbox]\npoll = \"200ms\"\nfrom_beginning = true\n",
            self.port
        )
    }
}

fn run(binary: &str, dir: &Path) -> Child {
    let mut command = Command::new(binary);
    command.args(["-F", "-c"]).arg(dir.join("dovecot.conf"));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("dovecot starts")
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!(
                "--- dovecot told:\n{}---",
                fs::read_to_string(self.dir.join("log")).unwrap_or_default()
            );
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}
