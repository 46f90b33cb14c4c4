//! `frontdesk demo` as its user sees it: the recordings through the real doors, the tickets on the terminal,
//! nothing left behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A demo that runs, with a place of its own for temporary files; both are gone with it.
struct Demo {
    child: Child,
    out: BufReader<ChildStdout>,
    temporary: PathBuf,
}

impl Demo {
    fn start(name: &str) -> Demo {
        let temporary =
            std::env::temp_dir().join(format!("frontdesk-demo-test-{}-{name}", std::process::id()));
        fs::create_dir_all(&temporary).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command.args(["demo", "--listen", "127.0.0.1:0"]).env("TMPDIR", &temporary);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Demo { child, out, temporary }
    }

    /// What it says until the line that begins with `last`.
    fn told_until(&mut self, last: &str) -> String {
        let mut told = String::new();
        loop {
            let begin = told.len();
            assert_ne!(self.out.read_line(&mut told).unwrap(), 0, "it ended after:\n{told}");
            if told[begin..].starts_with(last) {
                return told;
            }
        }
    }

    fn end(&mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }

    fn left_behind(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.temporary).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
        let _ = fs::remove_dir_all(&self.temporary);
    }
}

/// Where each of `words` stands, which must be in this order.
fn in_order(text: &str, words: &[&str]) {
    let mut from = 0;
    for word in words {
        let at = text[from..].find(word);
        from += at.unwrap_or_else(|| panic!("no {word:?} behind byte {from} of\n{text}"));
    }
}

#[test]
fn the_demo_shows_queue_and_transcripts_and_leaves_nothing_behind() {
    let mut demo = Demo::start("tour");
    let told = demo.told_until("It stays up until Ctrl-C.");
    // The call in spoken order, though the caller's question was transcribed after its answer (S0.28).
    in_order(
        &told,
        &[
            "The queue",
            "Rina",
            "pending",
            "Budi",
            "pending",
            "Ticket #1001, Maya",
            "call, closed, fees_charges",
            "agent     Good morning",
            "customer  I see the annual fee twice",
            "[Tool Call: list_charges]",
            "agent     You are right",
            "customer  Perfect",
            "Ticket #1002, Rina",
            "whatsapp, in_progress",
            "customer  Hello, my new card",
            "customer  I ordered it two weeks ago",
            "agent     Good morning Rina, this is Dewi",
            "customer  Great, thank you",
            "The workspace",
            "/docs",
            "login: dewi@demo.example",
            "Dewi, agent",
            "login: wulan@demo.example",
            "login: adi@demo.example",
            "Adi, admin",
            "agent   fd_",
            "admin   fd_",
        ],
    );
    // Delivered twice, there once (S4.4).
    assert_eq!(told.matches("Hello, my new card").count(), 1, "{told}");
    assert!(!told.contains('\x1b'), "colours, though this is no terminal");
    assert_eq!(demo.left_behind().len(), 1);
    demo.end(Signal::INT);
    assert_eq!(demo.left_behind(), Vec::<PathBuf>::new());
}

#[test]
fn the_demo_can_be_stopped_before_it_has_begun() {
    let mut demo = Demo::start("early");
    demo.told_until("frontdesk demo");
    demo.end(Signal::TERM);
    assert_eq!(demo.left_behind(), Vec::<PathBuf>::new());
}

fn refused(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_frontdesk")).args(args).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn an_address_that_is_taken_is_told_with_what_to_do() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, told) = refused(&["demo", "--listen", &address]);
    assert_eq!(code, Some(1), "{told}");
    let expected = format!(
        "frontdesk: cannot listen on {address}: another program is there. Leave out --listen"
    );
    assert!(told.starts_with(&expected), "{told}");
}

#[test]
fn neither_demo_nor_bench_takes_a_store_of_yours() {
    for (command, advice) in [("demo", "leave out --config"), ("bench", "with --dir")] {
        let (code, told) = refused(&[command, "--data-dir", "/srv/desk"]);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(advice), "{told}");
    }
}
