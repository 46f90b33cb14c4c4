//! Servers as they are met: TLS from the first byte, STARTTLS with a login, a mailbox that was numbered anew, one that
//! tells nothing by itself.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::desk::{Desk, mail};
use crate::dovecot::{Dovecot, Speaks};
use crate::mailbox::until;
use crate::python;
use crate::sink::{Does, Sink};

fn fetching(dovecot: &Dovecot, tls: &str) -> Desk {
    let sink = Sink::start(|_, _| Does::Takes);
    Desk::on(sink, &format!("receipts = false\n{}", dovecot.config(tls)))
}

#[test]
fn a_mailbox_is_read_over_tls_from_the_first_byte() {
    let Some(dovecot) = Dovecot::with(Speaks::Tls, "") else { return };
    let desk = fetching(&dovecot, "tls");
    dovecot.deliver("1", &mail("t1@example.com", "", "Kulkas", "Rusak."));
    until("the ticket", || desk.total() == 1);
    // What comes while it listens comes over the same connection.
    dovecot.deliver("2", &mail("t2@example.com", "", "Mesin cuci", "Bocor."));
    until("the second ticket", || desk.total() == 2);
    let shown = String::from_utf8_lossy(&desk.daemon.cli(&["status"]).stdout).into_owned();
    assert!(shown.contains("email: imap, connected; 2 taken"), "{shown}");
}

#[test]
fn a_certificate_of_somebody_else_is_refused() {
    let Some(dovecot) = Dovecot::with(Speaks::Tls, "") else { return };
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("one");
    fs::write(dovecot.ca().with_file_name("other.pem"), other.cert.pem()).expect("a file");
    let config = dovecot.config("tls").replace("cert.pem", "other.pem");
    dovecot.deliver("1", &mail("t3@example.com", "", "Kulkas", "Rusak."));
    let sink = Sink::start(|_, _| Does::Takes);
    let desk = Desk::on(sink, &format!("receipts = false\n{config}"));
    until("the refusal", || {
        let shown = desk.daemon.cli(&["status"]);
        let shown = String::from_utf8_lossy(&shown.stdout).to_lowercase();
        shown.contains("email: imap") && shown.contains("certificate")
    });
    assert_eq!(desk.total(), 0);
}

/// The same mails come under other numbers: known by their Message-ID they are not taken twice, and none is missed.
#[test]
fn a_mailbox_that_is_numbered_anew_gives_every_mail_once() {
    let Some(mut dovecot) = Dovecot::start(false) else { return };
    let mut desk = fetching(&dovecot, "none");
    for n in 0..3 {
        dovecot.deliver(
            &n.to_string(),
            &mail(&format!("u{n}@example.com"), "", &format!("Mail {n}"), "x"),
        );
    }
    until("the tickets", || desk.total() == 3);
    let before = dovecot.validity();
    dovecot.renumber();
    dovecot.deliver("late", &mail("late@example.com", "", "Late", "x"));
    until("the one that came later", || desk.total() == 4);
    assert_ne!(dovecot.validity(), before);
    dovecot.deliver("last", &mail("last@example.com", "", "Last", "x"));
    until("the last one", || desk.total() == 5);
    desk.verify();
}

#[test]
fn a_server_that_tells_nothing_by_itself_is_asked() {
    const CAN: &str =
        "imap_capability = IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE LITERAL+ UIDPLUS\n";
    let Some(dovecot) = Dovecot::with(Speaks::Plain, CAN) else { return };
    let mut line = TcpStream::connect(("127.0.0.1", dovecot.port)).expect("a connection");
    line.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
    line.write_all(b"a login support geheim\r\nb capability\r\nc logout\r\n").expect("asked");
    let said: Vec<String> = BufReader::new(line).lines().map_while(Result::ok).collect();
    let said = said.join("\n");
    assert!(said.contains("CAPABILITY IMAP4rev1") && !said.contains("IDLE"), "{said}");
    let desk = fetching(&dovecot, "none");
    for n in 0..3 {
        dovecot.deliver(
            &n.to_string(),
            &mail(&format!("i{n}@example.com"), "", &format!("Mail {n}"), "x"),
        );
        until("the ticket", || desk.total() == n + 1);
    }
}

/// aiosmtpd with STARTTLS and a login; gone with its test.
struct Server {
    child: Child,
    port: u16,
    mails: Receiver<Value>,
}

impl Server {
    /// None, saying so, where it cannot be had.
    fn start(dir: &std::path::Path) -> Option<Server> {
        let python = python::programs("smtp")?.join("python");
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("one");
        let (certificate, key) = (dir.join("smtp.pem"), dir.join("smtp.key"));
        fs::write(&certificate, made.cert.pem()).expect("a certificate");
        fs::write(&key, made.signing_key.serialize_pem()).expect("a key");
        let mut child = Command::new(python)
            .arg(python::sources("smtp").join("server.py"))
            .args([&certificate, &key])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its words")).lines();
        let said = |lines: &mut std::io::Lines<BufReader<ChildStdout>>| lines.next()?.ok();
        let port = said(&mut lines).and_then(|line| line.parse().ok()).expect("a port");
        let (tell, mails) = channel();
        thread::spawn(move || {
            while let Some(line) = said(&mut lines) {
                let _ = tell.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Some(Server { child, port, mails })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

#[test]
fn mails_go_out_over_starttls_with_a_login() {
    let dir = std::env::temp_dir().join(format!("frontdesk-smtp-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a directory");
    let Some(server) = Server::start(&dir) else { return };
    let (port, ca) = (server.port, dir.join("smtp.pem"));
    let desk = Desk::over(
        Sink::elsewhere(port),
        &format!(
            "tls = \"starttls\"\nuser = \"support\"\npassword = \"geheim\"\nca_file = {ca:?}\n"
        ),
        "receipts = false\n",
    );
    let ticket = desk.opens(&mail("s1@example.com", "", "Kulkas", "Rusak."));
    let comment = desk.reply(ticket, "Segera kami periksa.");
    desk.until(ticket, comment, "sent");
    let told = server.mails.recv_timeout(Duration::from_secs(30)).expect("a mail");
    assert_eq!((&told["tls"], &told["login"]), (&true.into(), &"support".into()));
    assert_eq!(told["to"][0], "budi@example.com");
    assert!(told["raw"].as_str().is_some_and(|raw| raw.contains("Segera kami periksa.")));
    assert!(!desk.daemon.log().contains("geheim"));
    fs::remove_dir_all(dir).expect("removed");
}
