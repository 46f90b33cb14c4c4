//! Socket.IO with the client that dashboards use (npm `socket.io-client`, kept in `target/interop`), in both
//! transports. Needs `node`, `npm` and, once, the network; says so where they are missing.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Desk;
use crate::client::{Call, PATIENCE};
use crate::persons::{PASSWORD, access, person, post};

const PACKAGE: &str = "socket.io-client@4.8.1";
const TRANSPORTS: [&str; 2] = ["polling", "websocket"];

/// Where the client is installed; none where it cannot be had.
fn package() -> Option<&'static Path> {
    static MADE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let install = || {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop/socketio");
        if !dir.join("node_modules/socket.io-client/package.json").exists() {
            std::fs::create_dir_all(&dir).expect("a directory");
            let quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
            let made = Command::new("npm")
                .args(["install", PACKAGE])
                .args(quiet)
                .current_dir(&dir)
                .output();
            if !made.as_ref().is_ok_and(|made| made.status.success()) {
                eprintln!("skipped: {PACKAGE} cannot be had here: {made:?}");
                return None;
            }
        }
        Some(dir)
    };
    MADE.get_or_init(install).as_deref()
}

struct Board {
    child: Child,
    lines: Receiver<(String, Value)>,
}

impl Board {
    fn open(desk: &Desk, transport: &str, token: &str) -> Option<Board> {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/socketio/client.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .args([&format!("http://{}", desk.daemon.address()), transport, token])
            .current_dir(package()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        let told = BufReader::new(child.stdout.take().expect("its stdout"));
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in told.lines().map_while(Result::ok) {
                let _ = tell.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Some(Board { child, lines })
    }

    #[track_caller]
    fn hears(&self) -> (String, Value) {
        self.lines.recv_timeout(PATIENCE).expect("something in time")
    }

    /// The value of the next packet of this name; and the names before it.
    #[track_caller]
    fn up_to(&self, name: &str) -> (Value, Vec<String>) {
        let mut before = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok((heard, value)) if heard == name => return (value, before),
                Ok((heard, _)) => before.push(heard),
                Err(error) => panic!("{name} after {before:?}: {error}"),
            }
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// S2.24, S2.25; S2.23: whatever face a change came through, the dashboards are told of it
#[test]
fn a_dashboard_hears_every_event_in_both_spellings_and_both_transports() {
    let desk = Desk::open("");
    let (dewi, ana) =
        (desk.daemon.token_named("Dewi", "admin"), desk.daemon.token_named("Ana", "agent"));
    let mut boards = Vec::new();
    for (transport, token) in TRANSPORTS.into_iter().zip([dewi.clone(), format!("?{dewi}")]) {
        let Some(board) = Board::open(&desk, transport, &token) else { return };
        let (told, _) = board.up_to("connect");
        assert_eq!(told["transport"], transport);
        let (ready, _) = board.up_to("ready");
        assert!(ready["seq"].is_number(), "{ready}");
        boards.push(board);
    }
    let ticket = desk.writes("628111222333", "ONE", "My order is late");
    let act = |method: &str, path: &str, body: Value| {
        desk.done(&ana, method, &format!("/api/tickets/{ticket}{path}"), &body)
    };
    act("POST", "/claim", json!(null));
    act("POST", "/comments", json!({"body": "Look into it", "is_internal": true}));
    act("PUT", "", json!({"priority": "high"}));
    act("POST", "/escalate", json!({"reason": "A VIP"}));
    act("POST", "/resolve", json!({}));
    for board in &boards {
        let pair = |name: &str| {
            let (colon, _) = board.up_to(&format!("ticket:{name}"));
            let (plain, _) = board.up_to(&format!("ticket_{name}"));
            assert_eq!(colon, plain, "{name}");
            assert_eq!(plain["ticket"]["number"], ticket, "{name}: {plain}");
            assert!(plain["ticket"]["_id"].is_string() && plain["ticketId"].is_string(), "{plain}");
            plain
        };
        assert!(pair("created")["customerId"].is_string());
        assert_eq!(pair("assigned")["assignedTo"]["name"], "Ana");
        assert_eq!(pair("note_added")["note"]["content"], "Look into it");
        let updated = pair("updated");
        assert_eq!(
            (&updated["changes"]["priority"], &updated["updatedBy"]),
            (&json!("high"), &json!("Ana"))
        );
        assert_eq!(pair("escalated")["reason"], "A VIP");
        pair("resolved");
        let changed = pair("status_changed");
        assert_eq!(changed["newStatus"], "resolved");
        assert!(changed["previousStatus"].is_string(), "{changed}");
    }
}

/// S2.24: who shows no good token receives nothing, in either transport.
#[test]
fn a_socket_without_a_valid_token_receives_nothing() {
    let desk = Desk::open("");
    let strangers = ["", "fd_wrong", desk.bridge.as_str()];
    let mut boards = Vec::new();
    for (transport, token) in TRANSPORTS.iter().flat_map(|t| strangers.map(|token| (t, token))) {
        let Some(board) = Board::open(&desk, transport, token) else { return };
        let (name, why) = board.hears();
        assert_eq!(name, "connect_error", "{transport} {token}: {why}");
        boards.push(board);
    }
    desk.writes("628111222333", "ONE", "A secret word");
    std::thread::sleep(Duration::from_millis(500));
    for board in &boards {
        while let Ok((name, value)) = board.lines.try_recv() {
            assert!(["connect_error", "disconnect"].contains(&name.as_str()), "{name}: {value}");
        }
    }
}

/// DESIGN C9, and the session's end.
#[test]
fn a_dashboard_hears_of_what_its_agent_may_see_until_the_session_ends() {
    let desk = Desk::open("");
    let beni = desk.daemon.token_named("Beni", "agent");
    for (at, transport) in TRANSPORTS.into_iter().enumerate() {
        let name = format!("Cici {at}");
        let token = desk.daemon.token_named(&name, "agent");
        let Some(board) = Board::open(&desk, transport, &token) else { return };
        board.up_to("ready");
        // Another's id gives no other rights.
        let (me, _) = board.up_to("agent_authenticated");
        assert_eq!(me["name"], name.as_str());
        let customer = format!("62811122233{at}");
        let ticket = desk.writes(&customer, &format!("ONE{at}"), "Halo");
        desk.done(&beni, "POST", &format!("/api/tickets/{ticket}/claim"), &Value::Null);
        let (left, _) = board.up_to("ticket_left");
        assert_eq!(left["number"], ticket);
        desk.writes(&customer, &format!("TWO{at}"), "A secret");
        let mut call = Call::begin(desk.daemon.address(), &desk.bridge, &format!("call-{at}"));
        call.hears_of_caller("item", "A secret");
        call.says("item", "A secret word");
        let (_, before) = board.up_to("ticket_updated");
        assert!(!before.contains(&"call_line".to_owned()), "{before:?}");
        call.hangs_up();
        desk.revoke(&name);
        let asked = Instant::now();
        board.up_to("disconnect");
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        desk.writes(&format!("62811122299{at}"), &format!("THREE{at}"), "Another");
        let later = board.lines.recv_timeout(Duration::from_millis(500));
        assert!(matches!(later, Err(RecvTimeoutError::Timeout)), "{later:?}");
    }
}

/// A page of the box's own comes with the cookie of its session, and with nothing else; other pages do not. A program
/// comes with an access token of the person's.
#[test]
fn a_page_enters_with_its_session_and_leaves_with_it() {
    let desk = Desk::open("");
    let email = person(&desk.daemon, "Dewi", "agent");
    for transport in TRANSPORTS {
        let body = json!({"email": email, "password": PASSWORD, "cookie": true});
        let login = post(&desk.daemon, "/api/auth/login", &[], &body);
        assert_eq!(login.status, 200, "{}", login.text());
        let csrf = login.json()["csrf_token"].as_str().expect("a token").to_owned();
        let set = login.header("set-cookie").expect("a cookie").to_owned();
        let cookie = set.split(';').next().expect("its pair").to_owned();
        let Some(program) = Board::open(&desk, transport, &access(&desk.daemon, &email)) else {
            return;
        };
        program.up_to("ready");
        let elsewhere = format!("cookie:{cookie} https://evil.example");
        let Some(stranger) = Board::open(&desk, transport, &elsewhere) else { return };
        let (name, why) = stranger.hears();
        assert_eq!(name, "connect_error", "{transport}: {why}");
        let Some(board) = Board::open(&desk, transport, &format!("cookie:{cookie}")) else {
            return;
        };
        board.up_to("ready");
        let (me, _) = board.up_to("agent_authenticated");
        assert_eq!(me["name"], "Dewi");
        let ticket = desk.writes(&format!("62811122244{}", transport.len()), transport, "Halo");
        let (told, _) = board.up_to("ticket:created");
        assert_eq!(told["ticket"]["number"], ticket);
        let headers = [("Cookie", cookie.as_str()), ("X-CSRF-Token", csrf.as_str())];
        let out = desk.daemon.request("POST", "/api/auth/logout", &headers, b"");
        assert!(out.status < 300, "{}", out.text());
        board.up_to("disconnect");
    }
}

/// S2.25: the dashboards hear of a promise that is at risk, and of one that is broken.
#[test]
fn a_dashboard_hears_of_promises_that_are_at_risk_and_broken() {
    // No rule makes the ticket urgent meanwhile.
    let config = "[clock]\nsynchronized_files = [\"/dev/null\"]\n[automation]\noff = [\"unanswered_urgent\"]\n";
    let Some((daemon, clock)) = crate::faketime::daemon(config) else { return };
    let bridge = daemon.token("ingest");
    let desk = Desk { daemon, bridge };
    let dewi = desk.daemon.token_named("Dewi", "admin");
    let mut boards = Vec::new();
    for transport in TRANSPORTS {
        let Some(board) = Board::open(&desk, transport, &dewi) else { return };
        board.up_to("ready");
        boards.push(board);
    }
    let ticket = desk.writes("628111222333", "ONE", "My order is late");
    for (later, name) in [("+7h", "sla_warning"), ("+9h", "sla_breach")] {
        std::fs::write(&clock, later).expect("a file");
        for board in &boards {
            let (colon, _) = board.up_to(&format!("ticket:{name}"));
            let (plain, _) = board.up_to(&format!("ticket_{name}"));
            assert_eq!(colon, plain, "{name}");
            assert_eq!(plain["ticket"]["number"], ticket, "{name}: {plain}");
        }
    }
}
