//! The search index against an obvious scan of the same rows: whatever is written, edited, deleted, merged, erased, in
//! whichever order segments are written and merged and the power goes, both find the same set.
//!
//! `FRONTDESK_SEARCHES=…` sets the number of worlds, `FRONTDESK_SEED=…` the first.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use frontdesk::domain::agent::Role;
use frontdesk::domain::entry::{Attachment, Entry};
use frontdesk::domain::message::{Change, Changer};
use frontdesk::domain::reference::{FIRST_NUMBER, Reference};
use frontdesk::domain::search::query::Query;
use frontdesk::domain::search::words;
use frontdesk::domain::time::Micros;
use frontdesk::engine::clock::MachineClocks;
use frontdesk::engine::command::{
    Actor, Command, InboundMessage, MessageChange, Reply, Submission,
};
use frontdesk::engine::desk::TicketChange;
use frontdesk::engine::index::{Filter, Span};
use frontdesk::engine::origin::Origin;
use frontdesk::engine::privacy::Who;
use frontdesk::engine::search::{Asked, Settings};
use frontdesk::engine::{Engine, Limits, Writer};
use frontdesk::store::backup::Secret;
use frontdesk::store::files::Files;
use frontdesk::store::seal::Seal;
use frontdesk::store::sim::{Random, SimDisk};
use frontdesk::store::{Order, RowKey, Store, StoreSettings, Table, UnlockError};
use frontdesk::telemetry::metrics::Metrics;
use tokio::runtime::Runtime;

use super::scan::Scanned;
use super::{rules, settings};

const PEOPLE: u64 = 6;
const STEPS: u64 = 120;

/// Sentences of four languages are made of these.
const SAID: [&[&str]; 4] = [
    &[
        "where", "is", "my", "order", "refunded", "refund", "the", "blender", "broken", "payments",
        "payment", "Don't",
    ],
    &[
        "¿Dónde",
        "está",
        "mi",
        "pedido",
        "pedidos",
        "el",
        "reembolso",
        "canción",
        "llegó",
        "tarde",
        "por",
        "favor",
    ],
    &[
        "pesanan",
        "saya",
        "belum",
        "pembayaran",
        "membayar",
        "yang",
        "rusak",
        "kartu",
        "tolong",
        "sampai",
        "ORD-17",
        "1042",
    ],
    &[
        "我要退款",
        "订单",
        "什么时候",
        "退款",
        "到",
        "坏了",
        "搅拌机",
        "谢谢",
        "退",
        "没收到",
        "ＡＢＣ",
        "客服",
    ],
];

const QUERIES: [&str; 40] = [
    "refund",
    "refunds",
    "blendr",
    "blender*",
    "bl*",
    "\"my order\"",
    "\"broken the\"",
    "where order",
    "-refund blender",
    "dont",
    "payment",
    "pedido",
    "donde",
    "\"llego tarde\"",
    "cancion*",
    "reembolsos",
    "-pedido",
    "membayar",
    "bayar",
    "kartu rusak",
    "psanan",
    "ord-17",
    "1042",
    "退款",
    "退",
    "要退款",
    "订单 -退款",
    "搅拌机",
    "abc",
    "speaker:user refund",
    "speaker:agent",
    "has:attachment",
    "from:person refund",
    "from:dewi",
    "from:nandu3",
    "from:nandu1 from:person",
    "from:6702",
    "from:6702 refund speaker:user",
    "6704",
    "5670",
];

struct World {
    disk: SimDisk,
    random: Random,
    settings: StoreSettings,
    open: Option<(Engine, Writer)>,
    runtime: Runtime,
    sent: Vec<(u64, String)>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut random = Random::new(seed ^ 0x5ea);
        let disk = SimDisk::new(seed);
        let settings = StoreSettings { segment_bytes: 1 << 20, ..settings(&mut random) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let sent = Vec::new();
        let mut world = World { disk, random, settings, open: None, runtime, sent };
        world.boot();
        world
    }

    fn boot(&mut self) {
        let mut store = Store::open(self.disk.boot(), self.settings.clone()).expect("it opens");
        let root = |_| Ok::<_, UnlockError>(Secret::Key([1; 32]));
        let seal = store.unlock(Seal::new([7; 32]), true, root).expect("it unlocks");
        let search = Settings {
            cache: 64 * 1024,
            queries: 1024,
            fresh_bytes: 64 * 1024,
            fresh_documents: 12,
            merged: 3,
            plan_bytes: 1024,
        };
        let limits = Limits {
            queue: 64,
            batch_commands: 8,
            batch_bytes: 16 * 1024,
            seen_window: 50,
            refusals_per_minute: 10,
            search,
            shown_tickets: 1 << 20,
        };
        let files = Files::open(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a directory");
        let clocks = Arc::new(MachineClocks::new(Vec::new()));
        let metrics = Arc::new(Metrics::default());
        let started = Engine::start((store, files), rules(), seal, limits, clocks, metrics);
        self.open = Some(started.expect("it starts"));
    }

    fn engine(&self) -> Engine {
        self.open.as_ref().expect("it runs").0.clone()
    }

    fn ask(&self, by: Actor, command: Command) -> Option<Reply> {
        self.runtime.block_on(self.engine().submit(Submission::new(by, command))).ok()
    }

    /// Without a word to the daemon.
    fn cut(&mut self) {
        if self.random.chance(50) {
            self.disk.kill()
        } else {
            self.disk.power_cut()
        }
        if let Some((engine, writer)) = self.open.take() {
            drop(engine);
            let _ = writer.stop();
        }
        self.boot();
    }

    fn sentence(&mut self) -> String {
        let said = SAID[self.random.below(4) as usize];
        let count = 1 + self.random.below(7);
        let words = (0..count).map(|_| said[self.random.below(said.len() as u64) as usize]);
        words.collect::<Vec<_>>().join(" ")
    }

    fn some_ticket(&mut self) -> Option<Reference> {
        let numbers = self.engine().shared().index().numbers();
        let at = self.random.below(numbers.len().max(1) as u64) as usize;
        numbers.get(at).map(|number| Reference::Number(*number))
    }

    fn agent() -> Actor {
        Actor::Agent { id: 1, name: "Dewi Lestari".into(), role: Role::Admin, sees_all: true }
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..45 => self.writes(),
            45..60 => {
                let (body, is_internal) = (self.sentence(), self.random.chance(50));
                if let Some(ticket) = self.some_ticket() {
                    let attachments = Vec::new();
                    let command = Command::AddComment { ticket, body, is_internal, attachments };
                    self.ask(Self::agent(), command);
                }
            }
            60..70 => self.changes(),
            70..74 => {
                if let (Some(into), Some(other)) = (self.some_ticket(), self.some_ticket()) {
                    let reason = None;
                    let command = Command::MergeTickets { into, others: vec![other], reason };
                    self.ask(Self::agent(), command);
                }
            }
            74..78 => {
                let changes = [TicketChange::Delete, TicketChange::Restore, TicketChange::Unmerge];
                let change = changes[self.random.below(3) as usize].clone();
                if let Some(ticket) = self.some_ticket() {
                    let command = Command::ChangeTicket { ticket, expected: None, change };
                    self.ask(Self::agent(), command);
                }
            }
            78..80 => self.erases(),
            80..94 => drop(self.runtime.block_on(self.engine().tend_search())),
            94..96 => self.runtime.block_on(self.engine().reindex()),
            _ => self.cut(),
        }
    }

    fn writes(&mut self) {
        let person = self.random.below(PEOPLE);
        let text = self.sentence();
        let attachment = self.random.chance(10);
        self.sends(person, text, attachment);
    }

    fn sends(&mut self, person: u64, text: String, attachment: bool) {
        let id = format!("M{}", self.sent.len());
        let attachment = attachment.then(|| Attachment {
            kind: "image".into(),
            mimetype: None,
            file_name: Some("recibo.png".into()),
            bytes: None,
            seconds: None,
        });
        let message = InboundMessage {
            instance: "bridge 0".into(),
            id: Some(id.clone()),
            addresses: vec![format!("62812345670{person}@s.whatsapp.net")],
            phone: Some(format!("62812345670{person}")),
            name: Some(format!("Person Ñandú{person}")),
            text,
            attachment,
            ..InboundMessage::default()
        };
        self.ask(Actor::System, Command::ReceiveMessage(Box::new(message)));
        self.sent.push((person, id));
    }

    fn changes(&mut self) {
        let at = self.random.below(self.sent.len().max(1) as u64) as usize;
        let Some((person, target)) = self.sent.get(at).cloned() else { return };
        let text = self.sentence();
        let change = if self.random.chance(60) { Change::Edit { text } } else { Change::Delete };
        let change = MessageChange {
            instance: "bridge 0".into(),
            target,
            ids: Default::default(),
            addresses: vec![format!("62812345670{person}@s.whatsapp.net")],
            by: Changer { from_me: Some(false), address: None, name: None },
            at: None,
            change,
        };
        self.ask(Actor::System, Command::ChangeMessage(Box::new(change)));
    }

    fn erases(&mut self) {
        let person = self.random.below(PEOPLE);
        let who = Who::Address(format!("62812345670{person}@s.whatsapp.net"));
        let by = (Actor::System, Origin::INSIDE);
        if let Ok(Some(_)) = self.runtime.block_on(self.engine().erase(by, who, None)) {
            self.words_are_nowhere(&format!("nandu{person}"));
        }
    }

    /// Not in any piece of the index, opened with the keys that are left. What somebody wrote into a ticket of somebody
    /// else, as theirs had become part of it, is that one's to keep.
    fn words_are_nowhere(&self, word: &str) {
        let engine = self.engine();
        let entries = engine
            .read(|rows| rows.scan::<Entry>(&[], None, Order::Ascending, usize::MAX))
            .expect("entries");
        let by_them = |entry: &Entry| {
            let author = words(entry.author.as_deref().unwrap_or_default());
            author.iter().any(|part| part.folded == word)
        };
        if entries.iter().any(|(_, entry)| by_them(entry)) {
            return;
        }
        let chunks = engine.read(|rows| {
            let found =
                rows.view.scan(Table::SearchChunks, &[], None, Order::Ascending, usize::MAX)?;
            let open = |(key, value): &(RowKey, Arc<[u8]>)| {
                rows.open::<frontdesk::store::records::SearchChunk>(key, value)
            };
            found.iter().map(open).collect::<Result<Vec<_>, _>>()
        });
        for chunk in chunks.expect("pieces of the index open") {
            let mut plain = Vec::new();
            let mut inflate = flate2::read::DeflateDecoder::new(chunk.0.as_slice());
            std::io::Read::read_to_end(&mut inflate, &mut plain).expect("it inflates");
            let holds = plain.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!holds, "{word:?} is in the index still");
        }
    }

    fn compare(&mut self) {
        let documents = Scanned::of(&self.engine());
        for _ in 0..6 {
            let text = QUERIES[self.random.below(QUERIES.len() as u64) as usize];
            let query = Query::parse(text, false).expect(text);
            let visible_to = self.random.chance(20).then_some(1);
            let filter = Filter { visible_to, ..Filter::default() };
            let time = self.span(&documents);
            let asked = Asked {
                query: query.clone(),
                filter: filter.clone(),
                also: Vec::new(),
                time,
                named: None,
                messages: 10,
                contacts: 10,
                tickets: 10,
            };
            let found = self.engine().search(&asked).expect("it searches");
            if !found.complete {
                self.runtime.block_on(self.engine().tend_search()).expect("it builds");
                return self.compare();
            }
            let shown: BTreeSet<u64> =
                found.tickets.iter().map(|place| FIRST_NUMBER + u64::from(place)).collect();
            let visible: BTreeSet<u64> = self.visible(&filter);
            let expected = documents.find(&query, &visible, visible_to.is_some(), time);
            assert_eq!(shown, expected.tickets, "{text}: tickets; {:?}", found.highlighter);
            assert_eq!(found.messages_total, expected.messages, "{text}: messages in {time:?}");
            assert_eq!(found.contacts_total, expected.contacts, "{text}: contacts");
            assert_eq!(found.weights.len(), shown.len().min(10), "{text}");
        }
    }

    /// Mostly any time, else one between things that happened.
    fn span(&mut self, documents: &Scanned) -> Span {
        let mut some = |percent| {
            let at = self.random.below(documents.times.len().max(1) as u64) as usize;
            let at = documents.times.get(at).filter(|_| self.random.chance(percent)).copied();
            // A whole day further off, now and then: then days are not cut.
            at.map(|at| if self.random.chance(30) { at.plus(-Micros::DAY) } else { at })
        };
        Span { from: some(25), to: some(25) }
    }

    fn visible(&self, filter: &Filter) -> BTreeSet<u64> {
        let engine = self.engine();
        let index = engine.shared().index();
        index.numbers().into_iter().filter(|number| index.holds(*number, filter)).collect()
    }
}

/// A single word stands at the first place: of segments of nothing else positions take no bits at all.
#[test]
fn messages_of_one_word_are_found_in_segments_of_nothing_else() {
    let mut world = World::new(1);
    for _ in 0..100 {
        world.sends(0, "blender".into(), false);
        world.runtime.block_on(world.engine().tend_search()).expect("it is tended");
    }
    let progress = world.engine().search_progress().expect("it tells how far it is");
    assert!(progress.segments > 1 && progress.documents > 100, "{progress:?}");
    for _ in 0..10 {
        world.compare();
    }
}

#[test]
fn the_index_finds_what_a_scan_finds_whatever_happens() {
    let number = |name, default| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (worlds, first): (u64, u64) =
        (number("FRONTDESK_SEARCHES", 2), number("FRONTDESK_SEED", 1));
    for seed in first..first + worlds {
        let lived = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            for _ in 0..STEPS {
                world.step();
                world.compare();
            }
            let progress = world.engine().search_progress().expect("it tells how far it is");
            assert!(progress.documents > 20, "next to nothing was searched: {progress:?}");
        });
        assert!(lived.is_ok(), "reproduce with FRONTDESK_SEED={seed} FRONTDESK_SEARCHES=1");
    }
}
