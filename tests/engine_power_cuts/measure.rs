//! What search costs, on a real disk; small unless somebody wants figures:
//! `FRONTDESK_MESSAGES=1000000 FRONTDESK_SECONDS=60 cargo test --release --test engine_power_cuts measures -- --nocapture`
//! prints what was written and how large the index is beside the texts, times of queries over a store at rest, then
//! beside a writer of 200 messages a second, one a commit, and how long its commits take; and what of memory the process
//! holds. `FRONTDESK_UNINDEXED=1` does the same without an index, to compare commits and bytes; `FRONTDESK_CORPUS` names
//! a file that gets the messages, one a line (`tests/beside/run`).

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use frontdesk::app;
use frontdesk::config::{Config, Sources};
use frontdesk::domain::search::query::Query;
use frontdesk::engine::clock::MachineClocks;
use frontdesk::engine::command::{Actor, Command, InboundMessage, Submission};
use frontdesk::engine::index::{Filter, Span};
use frontdesk::engine::search::{Asked, Settings};
use frontdesk::engine::{Engine, Limits, Writer};
use frontdesk::store::files::Files;
use frontdesk::store::seal::Seal;
use frontdesk::store::sim::Random;
use frontdesk::store::{Order, RealDisk, Store, Table};
use frontdesk::telemetry::metrics::Metrics;
use tokio::runtime::Runtime;

use super::rules;

/// What is asked, by kind.
const QUERIES: [(&str, &[&str]); 3] = [
    ("words", &["w17", "w3 w40", "w2 w9 w00300", "w5 -w6", "speaker:user w00090", "w01234"]),
    ("phrases", &["\"w1 w2\"", "\"w20 w3\"", "\"w4 w1 w2\""]),
    ("prefixes", &["w001*", "w0007*", "w3 w0049*"]),
];
/// Messages a second while queries are timed.
const A_SECOND: u64 = 200;

/// Words as often as people use them, the n-th half as frequent as the one of half its number, and about as long:
/// three letters, then six, then eight.
fn text(random: &mut Random) -> String {
    let word = |random: &mut Random| {
        let rank = 50_000f64.powf(random.below(1_000_000) as f64 / 1e6);
        match rank as u64 {
            rank @ ..70 => format!("w{rank}"),
            rank @ ..4900 => format!("w{rank:05}"),
            rank => format!("w{rank:07}"),
        }
    };
    let count = 5 + random.below(25);
    (0..count).map(|_| word(random)).collect::<Vec<_>>().join(" ")
}

/// A message of one of so many people.
fn message(number: u64, people: u64, random: &mut Random) -> InboundMessage {
    let person = number % people;
    InboundMessage {
        instance: "bridge 0".into(),
        id: Some(format!("M{number}")),
        addresses: vec![format!("62{person:010}@s.whatsapp.net")],
        phone: Some(format!("62{person:010}")),
        name: Some(format!("Person {person}")),
        text: text(random),
        ..InboundMessage::default()
    }
}

fn submitted(message: InboundMessage) -> Submission {
    Submission::new(Actor::System, Command::ReceiveMessage(Box::new(message)))
}

/// With the shares of memory that the daemon has unless it is told otherwise.
fn started(directory: &Path) -> (Engine, Writer) {
    let disk = RealDisk::new(directory).expect("a disk");
    let config = Config::load(&Sources::default()).expect("the defaults");
    let store = Store::open(Arc::new(disk), app::settings(&config)).expect("it opens");
    let limits = Limits {
        queue: 1024,
        batch_commands: 256,
        batch_bytes: 1 << 20,
        seen_window: 10_000,
        refusals_per_minute: 10,
        search: Settings::within(config.search_memory()),
        shown_tickets: 1 << 20,
    };
    let files = Files::open(directory).expect("a directory");
    let clocks = Arc::new(MachineClocks::new(Vec::new()));
    let metrics = Arc::new(Metrics::default());
    let seal = Seal::new([7; 32]);
    Engine::start((store, files), rules(), seal, limits, clocks, metrics).expect("it starts")
}

/// How many tickets a query finds of those that an agent may see, with the best of each kind.
fn found(engine: &Engine, text: &str) -> u32 {
    let asked = Asked {
        query: Query::parse(text, false).expect(text),
        filter: Filter { visible_to: Some(1), ..Filter::default() },
        also: Vec::new(),
        time: Span::default(),
        named: None,
        messages: 10,
        contacts: 10,
        tickets: 20,
    };
    engine.search(&asked).expect("it finds").tickets.count()
}

/// Bytes of the index's rows: of heads, terms, postings, positions and tables.
fn size(engine: &Engine) -> [u64; 5] {
    const STREAM: usize = 8;
    let (mut size, mut from) = ([0; 5], Vec::new());
    loop {
        let rows = engine.read(|rows| {
            Ok(rows.view.scan(Table::SearchChunks, &from, None, Order::Ascending, 256)?)
        });
        let rows = rows.expect("rows");
        rows.iter().for_each(|(key, value)| size[key[STREAM] as usize] += value.len() as u64);
        let Some((last, _)) = rows.last() else { return size };
        from = [last, &[0][..]].concat();
    }
}

fn written(engine: &Engine) -> u64 {
    let figures = engine.shared().figures();
    figures.journal_bytes - figures.journal_zeroed + figures.database_bytes
}

/// MiB that the process holds, and held at most.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    format!(
        "{} MiB resident, {} at most",
        of("VmRSS").unwrap_or(0) >> 10,
        of("VmHWM").unwrap_or(0) >> 10
    )
}

fn of(took: &mut [Duration], percent: usize) -> Duration {
    took.sort_unstable();
    took.get((took.len() * percent / 100).min(took.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// Messages one by one, at their pace; how long each took to be on disk.
fn paced(
    engine: &Engine,
    runtime: &Runtime,
    people: u64,
    from: u64,
    lasting: Duration,
) -> Vec<Duration> {
    let (mut random, begun) = (Random::new(2), Instant::now());
    let mut took = Vec::new();
    while begun.elapsed() < lasting {
        let number = took.len() as u64;
        let due = begun + Duration::from_micros(1_000_000 / A_SECOND * number);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let submission = submitted(message(from + number, people, &mut random));
        let sent = Instant::now();
        let outcome = engine.enqueue(submission).expect("it is taken");
        runtime.block_on(outcome).expect("it is stored");
        took.push(sent.elapsed());
    }
    took
}

/// The index is tended as the daemon tends it.
fn tended(engine: &Engine, runtime: &Runtime, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        runtime.block_on(engine.tend_search()).expect("it is tended");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn search_measures_itself() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let messages = number("FRONTDESK_MESSAGES").unwrap_or(300);
    let lasting = Duration::from_secs(number("FRONTDESK_SECONDS").unwrap_or(1));
    let indexed = number("FRONTDESK_UNINDEXED").is_none();
    let people = (messages / 10).max(1);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("search-measured");
    drop(std::fs::remove_dir_all(&directory));
    std::fs::create_dir_all(&directory).expect("a directory");
    let (engine, writer) = started(&directory);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");

    let (mut random, begun, mut bytes) = (Random::new(1), Instant::now(), 0);
    let mut pending = Vec::new();
    let mut corpus = std::env::var_os("FRONTDESK_CORPUS")
        .map(|file| BufWriter::new(File::create(file).expect("a file")));
    for number in 0..messages {
        let message = message(number, people, &mut random);
        bytes += message.text.len() as u64;
        if let Some(corpus) = &mut corpus {
            writeln!(corpus, "{}", message.text).expect("it is written");
        }
        pending.push(engine.enqueue(submitted(message)).expect("it is taken"));
        if pending.len() == 256 || number + 1 == messages {
            for outcome in pending.drain(..) {
                runtime.block_on(outcome).expect("it is stored");
            }
            if indexed {
                runtime.block_on(engine.tend_search()).expect("it is tended");
            }
        }
    }
    drop(corpus);
    println!("{messages} messages of {bytes} bytes in {:?}, {}", begun.elapsed(), resident());
    println!(
        "written: {} bytes a message; {:?}",
        written(&engine) / messages,
        engine.shared().figures()
    );
    if indexed {
        let streams = size(&engine);
        let progress = engine.search_progress().expect("it tells");
        let size: u64 = streams.iter().sum();
        println!("index: {progress:?}, {size} bytes, {} % of the texts", size * 100 / bytes);
        println!("of it heads, terms, postings, positions, tables: {streams:?}");
        for (kind, account) in engine.search_account().expect("it tells") {
            println!("{kind}: {account:?}");
        }
        for text in QUERIES.iter().flat_map(|(_, texts)| *texts) {
            let total = found(&engine, text);
            assert!(total > 0 || messages < 10_000, "{text} is nowhere");
            let timed = |_| {
                let begun = Instant::now();
                assert_eq!(found(&engine, text), total, "{text}");
                begun.elapsed()
            };
            let mut took: Vec<Duration> = (0..50).map(timed).collect();
            println!(
                "{text:20} {total:8} tickets, p50 {:?}, p98 {:?}; {}",
                of(&mut took, 50),
                of(&mut took, 98),
                resident()
            );
        }
    }

    let (before, done) = (written(&engine), AtomicBool::new(false));
    let mut commits = std::thread::scope(|scope| {
        if indexed {
            scope.spawn(|| tended(&engine, &runtime, &done));
        }
        let commits = paced(&engine, &runtime, people, messages, lasting);
        done.store(true, Ordering::Relaxed);
        commits
    });
    let each = (written(&engine) - before) / commits.len().max(1) as u64;
    println!(
        "beside no queries: {} commits, p50 {:?}, p99 {:?}, {each} bytes written a message",
        commits.len(),
        of(&mut commits, 50),
        of(&mut commits, 99),
    );
    if indexed {
        let done = AtomicBool::new(false);
        let from = messages + commits.len() as u64;
        let mut commits = std::thread::scope(|scope| {
            scope.spawn(|| tended(&engine, &runtime, &done));
            scope.spawn(|| {
                let mut took = [const { Vec::new() }; QUERIES.len()];
                let mut round = 0;
                while !done.load(Ordering::Relaxed) {
                    for ((_, texts), took) in QUERIES.iter().zip(&mut took) {
                        let begun = Instant::now();
                        found(&engine, texts[round % texts.len()]);
                        took.push(begun.elapsed());
                        std::thread::sleep(Duration::from_millis(30));
                    }
                    round += 1;
                }
                for ((kind, _), took) in QUERIES.iter().zip(&mut took) {
                    println!(
                        "{kind}: {} beside the writer, p50 {:?}, p99 {:?}",
                        took.len(),
                        of(took, 50),
                        of(took, 99)
                    );
                }
            });
            let commits = paced(&engine, &runtime, people, from, lasting);
            done.store(true, Ordering::Relaxed);
            commits
        });
        println!(
            "beside queries: {} commits, p50 {:?}, p99 {:?}",
            commits.len(),
            of(&mut commits, 50),
            of(&mut commits, 99)
        );
    }
    println!("{}", resident());
    drop(engine);
    writer.stop().expect("it stops");
    drop(std::fs::remove_dir_all(&directory));
}
