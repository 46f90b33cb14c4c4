//! The pages in Chromium, through the real binary: from the set-up to the first answer, calls that appear, claims,
//! restarts, looks, and what must never run. Needs Debian's `chromium` and `chromium-driver`; says so where they are
//! missing. Pictures of every page go into `target/screenshots`.

#[path = "browser/accessible.rs"]
mod accessible;
#[path = "browser/account.rs"]
mod account;
#[path = "browser/admin.rs"]
mod admin;
#[path = "people/authenticator.rs"]
mod authenticator;
#[path = "browser/calls.rs"]
mod calls;
#[path = "browser/contacts.rs"]
mod contacts;
#[path = "browser/crowd.rs"]
mod crowd;
#[path = "browser/driver.rs"]
mod driver;
mod faketime;
#[path = "browser/figures.rs"]
mod figures;
mod harness;
#[path = "browser/hostile.rs"]
mod hostile;
#[path = "browser/list.rs"]
mod list;
#[path = "browser/live.rs"]
mod live;
#[path = "browser/looks.rs"]
mod looks;
#[path = "browser/npm.rs"]
mod npm;
#[path = "browser/portal.rs"]
mod portal;
#[path = "browser/privacy.rs"]
mod privacy;
#[path = "browser/promises.rs"]
mod promises;
#[path = "browser/proxy.rs"]
mod proxy;
#[path = "browser/search.rs"]
mod search;
#[path = "browser/setup.rs"]
mod setup;
#[path = "browser/sides.rs"]
mod sides;

use serde_json::{Value, json};

use driver::Browser;
use harness::Daemon;

pub const PASSWORD: &str = "correct horse battery staple";

/// A desk with people who log in.
pub struct Place {
    pub daemon: Daemon,
    /// Where browsers find it.
    pub url: String,
    pub ingest: String,
    pub admin: String,
}

impl Place {
    pub fn open(config: &str) -> Place {
        Place::on(Daemon::with_config(config))
    }

    pub fn on(daemon: Daemon) -> Place {
        let (ingest, admin) = (daemon.token("ingest"), daemon.token("admin"));
        let url = format!("http://{}", daemon.address());
        Place { daemon, url, ingest, admin }
    }

    /// Makes a person who can log in.
    pub fn person(&self, name: &str, role: &str) -> String {
        let email = format!("{}@example.org", name.to_lowercase());
        let body = json!({"name": name, "email": email, "role": role, "password": PASSWORD});
        let made = self.call(&self.admin, "POST", "/api/agents", &body);
        assert_eq!(made["agent"]["email"], email, "{made}");
        email
    }

    /// Fails the test unless the answer is a success.
    #[track_caller]
    pub fn call(&self, token: &str, method: &str, path: &str, body: &Value) -> Value {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.daemon.request(method, path, &headers, body.as_bytes());
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    /// A customer writes on WhatsApp; gives the ticket.
    pub fn writes(&self, number: &str, name: &str, id: &str, text: &str) -> u64 {
        let told = self.bridge_tells(number, name, id, &json!({ "conversation": text }));
        told["messages"][0]["ticket"].as_u64().unwrap_or_else(|| panic!("a ticket: {told}"))
    }

    /// What a bridge delivers of a customer.
    pub fn bridge_tells(&self, number: &str, name: &str, id: &str, message: &Value) -> Value {
        let key = json!({"remoteJid": format!("{number}@s.whatsapp.net"), "fromMe": name.is_empty(), "id": id});
        let body = json!({"key": key, "pushName": name, "message": message});
        self.call(&self.ingest, "POST", "/webhook/baileys", &body)
    }

    /// The number of the ticket of this reference.
    pub fn number(&self, reference: &str) -> u64 {
        let read =
            self.call(&self.admin, "GET", &format!("/api/tickets/{reference}"), &Value::Null);
        read["number"].as_u64().unwrap_or_else(|| panic!("a number: {read}"))
    }

    /// Logs in and waits for the workspace.
    pub fn enter(&self, browser: &Browser, email: &str) {
        browser.go(&format!("{}/login", self.url));
        browser.write("#email", email);
        browser.write("#password", PASSWORD);
        browser.click("form button.primary");
        browser.until("the workspace", "document.querySelector('.workspace') && document.querySelector('.list-status')?.textContent.match(/\\d/)");
    }
}

/// Until the stream of live events is there: what happens from now on is shown by itself.
pub fn connected(browser: &Browser) {
    browser.until("live events", "performance.getEntriesByType('resource').some((e) => e.name.includes('/api/live/events')) || document.querySelector('.workspace')");
    std::thread::sleep(std::time::Duration::from_millis(300));
}
