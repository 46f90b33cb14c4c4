//! A store filled through the engine, and the rows of one, read without a daemon.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use frontdesk::config::{Config, Sources};
use frontdesk::engine::command::{Actor, Command, InboundMessage, Submission};
use frontdesk::store::{Blob, Order, RealDisk, RowKey, Store, StoreSettings, Table, View};

/// A directory of its own, gone with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let path =
            std::env::temp_dir().join(format!("frontdesk-backup-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Scratch(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A configuration by which every directory finds the root key of this one.
pub fn keyed(dir: &Path) -> String {
    format!("[store]\nkey_file = {:?}\n", dir.join("root.key"))
}

pub type Rows = BTreeMap<(Table, RowKey), Blob>;

/// The store of a directory that no daemon has.
pub fn store(dir: &Path) -> Store {
    let disk = RealDisk::new(dir).expect("a directory");
    Store::open(Arc::new(disk), StoreSettings::default()).expect("the store opens")
}

/// Where consumers are, what the daemon notes of its clock and of tickets that rules wait for, what it ships: rows
/// that are put without an event.
pub const EVENTLESS: [Table; 11] = [
    Table::Cursors,
    Table::Clock,
    Table::Links,
    Table::SlaPolicies,
    Table::BusinessHours,
    Table::Categories,
    Table::Rules,
    Table::RuleTimers,
    Table::Watches,
    Table::IndexBlocks,
    Table::IndexBehind,
];

/// Every row but the store's own and the places of the feed's consumers, which no backup brings back.
pub fn rows(store: &Store) -> Rows {
    let mut all = Rows::new();
    for table in Table::ALL.iter().filter(|table| !EVENTLESS.contains(table)) {
        let mut start = Vec::new();
        loop {
            let found = store
                .reader()
                .read(|view| view.scan(*table, &start, None, Order::Ascending, 10_000))
                .expect("reads work");
            let Some((last, _)) = found.last() else { break };
            start = [last, &[0][..]].concat();
            all.extend(found.into_iter().map(|(key, value)| ((*table, key), value)));
        }
    }
    for own in ["journal.applied", "feed.epoch", "store.stamp", "store.keyring"] {
        all.remove(&(Table::Meta, own.as_bytes().into()));
    }
    for shipped in ["sla_policy", "business_hours", "rule", "agent.open", "rules.rewind"] {
        all.remove(&(Table::Counts, shipped.as_bytes().into()));
    }
    all
}

/// The n-th message of a day on which one in twenty is a new person's; some random letters, as people write them.
pub fn message(n: u64, people: u64) -> InboundMessage {
    const WORDS: [&str; 12] = [
        "halo", "saya", "mau", "tanya", "soal", "tagihan", "kartu", "where", "is", "my", "order",
        "please",
    ];
    let mut random = frontdesk::store::sim::Random::new(n);
    let length = 4 + random.below(16);
    let words: Vec<&str> = (0..length).map(|_| WORDS[random.below(12) as usize]).collect();
    let person = n * 7919 % people;
    InboundMessage {
        instance: "main".into(),
        id: Some(format!("3EB0{n:016X}")),
        addresses: vec![format!("62812{person:08}@s.whatsapp.net")],
        phone: None,
        from_me: false,
        name: Some(format!("Person {person}")),
        sent_at: None,
        text: format!("{} {n}", words.join(" ")),
        ..InboundMessage::default()
    }
}

/// Fills the store of a directory with messages.
pub fn fill(dir: &Path, messages: u64) {
    let flag = Sources::default().flag("data_dir", "--data-dir", dir.to_str());
    let config = Config::load(&flag).expect("the defaults");
    let (engine, writer) = frontdesk::app::open(&config).expect("the store opens");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let people = messages / 50 + 1;
    runtime.block_on(async {
        let mut waiting = std::collections::VecDeque::new();
        for n in 0..messages {
            let actor = Actor::Token { name: "bridge".into() };
            let command = Command::ReceiveMessage(Box::new(message(n, people)));
            waiting.push_back(engine.enqueue(Submission::new(actor, command)).expect("queued"));
            if waiting.len() == 1000 {
                for pending in waiting.drain(..) {
                    pending.await.expect("stored");
                }
            }
        }
        for pending in waiting {
            pending.await.expect("stored");
        }
    });
    drop(engine);
    writer.stop().expect("a clean stop");
}
