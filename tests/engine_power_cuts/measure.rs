//! What search costs, on a real disk; small unless somebody wants figures:
//! `FRONTDESK_MESSAGES=1000000 cargo test --release --test engine_power_cuts measures -- --nocapture` prints times of
//! queries, bytes written and the size of the index beside that of the texts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use frontdesk::domain::search::query::Query;
use frontdesk::engine::clock::MachineClocks;
use frontdesk::engine::command::{Actor, Command, InboundMessage, Submission};
use frontdesk::engine::index::{Filter, Span};
use frontdesk::engine::search::Asked;
use frontdesk::engine::{Engine, Limits};
use frontdesk::store::files::Files;
use frontdesk::store::seal::Seal;
use frontdesk::store::sim::Random;
use frontdesk::store::{Order, RealDisk, Store, StoreSettings, Table};
use frontdesk::telemetry::metrics::Metrics;

use super::rules;

const QUERIES: [&str; 8] =
    ["w17", "w3 w40", "w2 w9 w300", "\"w1 w2\"", "w12*", "w5 -w6", "speaker:user w90", "w1234"];

/// Words as often as people use them: the n-th is half as frequent as the one of half its number.
fn text(random: &mut Random) -> String {
    let word = |random: &mut Random| {
        let rank = 50_000f64.powf(random.below(1_000_000) as f64 / 1e6);
        format!("w{}", rank as u64)
    };
    let count = 5 + random.below(25);
    (0..count).map(|_| word(random)).collect::<Vec<_>>().join(" ")
}

#[test]
fn search_measures_itself() {
    let messages = std::env::var("FRONTDESK_MESSAGES").ok().and_then(|n| n.parse().ok());
    let messages: u64 = messages.unwrap_or(300);
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("search-measured");
    drop(std::fs::remove_dir_all(&directory));
    std::fs::create_dir_all(&directory).expect("a directory");
    let disk = RealDisk::new(&directory).expect("a disk");
    let store = Store::open(Arc::new(disk), StoreSettings::default()).expect("it opens");
    let limits = Limits {
        queue: 1024,
        batch_commands: 256,
        batch_bytes: 1 << 20,
        seen_window: 10_000,
        refusals_per_minute: 10,
        search: Default::default(),
    };
    let files = Files::open(&directory).expect("a directory");
    let clocks = Arc::new(MachineClocks::new(Vec::new()));
    let seal = Seal::new([7; 32]);
    let metrics = Arc::new(Metrics::default());
    let (engine, writer) =
        Engine::start((store, files), rules(), seal, limits, clocks, metrics).expect("it starts");
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let mut random = Random::new(1);
    let (mut bytes, begun) = (0, Instant::now());
    let mut pending = Vec::new();
    for number in 0..messages {
        let person = number % (messages / 10).max(1);
        let message = InboundMessage {
            instance: "bridge 0".into(),
            id: Some(format!("M{number}")),
            addresses: vec![format!("62{person:010}@s.whatsapp.net")],
            phone: Some(format!("62{person:010}")),
            name: Some(format!("Person {person}")),
            text: text(&mut random),
            ..InboundMessage::default()
        };
        bytes += message.text.len() as u64;
        let command = Command::ReceiveMessage(Box::new(message));
        pending.push(engine.enqueue(Submission::new(Actor::System, command)).expect("it is taken"));
        if pending.len() == 256 {
            for outcome in pending.drain(..) {
                runtime.block_on(outcome).expect("it is stored");
            }
            runtime.block_on(engine.tend_search()).expect("it is tended");
        }
    }
    pending.into_iter().for_each(|outcome| drop(runtime.block_on(outcome)));
    println!("{messages} messages of {bytes} bytes in {:?}", begun.elapsed());
    let progress = engine.search_progress().expect("it tells");
    let mut size = 0;
    let mut from = Vec::new();
    loop {
        let found = engine.read(|rows| {
            Ok(rows.view.scan(Table::SearchChunks, &from, None, Order::Ascending, 256)?)
        });
        let found = found.expect("rows");
        size += found.iter().map(|(_, value)| value.len() as u64).sum::<u64>();
        let Some((last, _)) = found.last() else { break };
        from = [last, &[0][..]].concat();
    }
    let part = size as f64 / bytes as f64 * 100.0;
    println!("index: {progress:?}, {size} bytes, {part:.0} % of the texts");
    println!("written: {:?}", engine.shared().figures());
    for text in QUERIES {
        let query = Query::parse(text, false).expect(text);
        let asked = Asked {
            query,
            filter: Filter::default(),
            also: Vec::new(),
            time: Span::default(),
            named: None,
            messages: 10,
            contacts: 10,
            tickets: 20,
        };
        let mut took: Vec<Duration> = Vec::new();
        let mut total = 0;
        for _ in 0..50 {
            let begun = Instant::now();
            total = engine.search(&asked).expect("it finds").tickets.count();
            took.push(begun.elapsed());
        }
        assert!(total > 0 || messages < 10_000, "{text} is nowhere");
        took.sort_unstable();
        println!("{text:20} {total:8} tickets, p50 {:?}, p98 {:?}", took[25], took[48]);
    }
    drop(engine);
    writer.stop().expect("it stops");
    drop(std::fs::remove_dir_all(&directory));
}
