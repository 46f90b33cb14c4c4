//! A desk with customers whose words can be told from everything else, and a search through its files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{Daemon, Response, frontdesk};

/// A customer, by words and numbers that stand nowhere else.
#[derive(Clone, Copy)]
pub struct Customer {
    pub phone: &'static str,
    pub name: &'static str,
    pub words: &'static str,
}

pub const ANA: Customer =
    Customer { phone: "5215511112222", name: "Ana Quetzalcoatl", words: "vermilion-pangolin" };
pub const BUDI: Customer =
    Customer { phone: "628133334444", name: "Budi Tarsier", words: "cerulean-axolotl" };

pub const OFF: &str = "[store]\nencryption = \"off\"\n";

pub struct Desk {
    pub daemon: Daemon,
    pub token: String,
    sent: usize,
}

impl Desk {
    pub fn open(config: &str) -> Desk {
        let daemon = Daemon::with_config(config);
        let token = daemon.token("admin");
        Desk { daemon, token, sent: 0 }
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    #[track_caller]
    pub fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(method, path, &body);
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    }

    /// A message of a customer; gives the number of their ticket.
    pub fn message(&mut self, customer: Customer) -> u64 {
        self.sent += 1;
        let Customer { phone, name, words } = customer;
        let text = format!("{words}, message {}", self.sent);
        self.done(
            "POST",
            "/webhook/baileys",
            json!({
                "key": {"remoteJid": format!("{phone}@s.whatsapp.net"), "fromMe": false,
                    "id": format!("id-{}", self.sent)},
                "pushName": name,
                "message": {"conversation": text},
            }),
        );
        let found = self.timeline_with(words);
        found.expect("the message is in a ticket")
    }

    /// A call of a customer, with a tool call, metadata and a summary; gives its id.
    pub fn call(&mut self, customer: Customer) -> String {
        self.sent += 1;
        let Customer { phone, name, words } = customer;
        let session = format!("session-{}", self.sent);
        let call = json!({"session_id": session, "customer_name": name, "customer_phone": phone});
        let made = self.done("POST", "/api/calls", call);
        let id = made["data"]["ticket_id"].as_str().expect("a call").to_owned();
        let said = json!({"speaker": "user", "message": format!("{words} on the phone"),
            "tool_calls": [{"name": "lookup", "arguments": format!("{{\"who\":\"{words}\"}}")}]});
        self.done("POST", &format!("/api/calls/{id}/interactions"), said);
        let metadata = json!({"key": "who", "value": format!("{name} {words}")});
        self.done("POST", &format!("/api/calls/{id}/metadata"), metadata);
        self.done("PUT", &format!("/api/calls/{id}"), json!({"summary": format!("{words} again")}));
        id
    }

    /// The first ticket whose timeline holds these words.
    pub fn timeline_with(&self, words: &str) -> Option<u64> {
        (1001..1040).find(|number| {
            let path = format!("/api/tickets/{number}/timeline");
            self.send("GET", &path, &Value::Null).text().contains(words)
        })
    }

    #[track_caller]
    pub fn cli(&self, args: &[&str]) -> String {
        works(self.daemon.cli(args))
    }

    /// The files of the data directory in which these words stand.
    pub fn files_with(&self, words: &str) -> Vec<PathBuf> {
        files_with(&self.daemon.data_dir(), words)
    }
}

pub fn told(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

#[track_caller]
pub fn works(output: Output) -> String {
    assert!(output.status.success(), "{}", told(&output));
    told(&output)
}

#[track_caller]
pub fn fails(output: Output, why: &str) -> String {
    assert!(!output.status.success(), "{}", told(&output));
    assert!(told(&output).contains(why), "{why} in {}", told(&output));
    told(&output)
}

/// A subcommand on a directory of its own, with an empty configuration unless `args` name one.
pub fn run(dir: &Path, args: &[&str]) -> Output {
    let mut command = frontdesk();
    command.args(args).arg("--data-dir").arg(dir);
    command.output().expect("the subcommand runs")
}

/// Every file below in which these words stand.
pub fn files_with(dir: &Path, words: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, words));
        } else if let Ok(bytes) = fs::read(&path)
            // Whatever is no text in between does not hide what is.
            && String::from_utf8_lossy(&bytes).contains(words)
        {
            found.push(path);
        }
    }
    found
}

/// A directory of its own, gone with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let name = format!("frontdesk-sealed-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Scratch(path)
    }

    pub fn text(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
