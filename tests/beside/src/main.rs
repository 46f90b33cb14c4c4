//! The search of others over the same messages, to compare with: tantivy and SQLite's FTS5. Both index words with their
//! positions and nothing else. Run by `tests/beside/run`, which has the daemon's own search measured in the same run.
//!
//! `beside ENGINE FILE DIRECTORY PEOPLE SECONDS`: the messages are the lines of the file, the n-th from person n modulo PEOPLE.

use std::collections::HashSet;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tantivy::collector::{Count, DocSetCollector, TopDocs};
use tantivy::query::{BooleanQuery, PhraseQuery, Query, RegexQuery, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, IndexReader, IndexWriter, Term, doc};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// As `tests/engine_power_cuts/measure.rs` asks: words of which all must be there, a phrase in quotation marks, a
/// beginning with an asterisk.
const QUERIES: [&str; 6] = ["w17", "w2 w9 w00300", "\"w1 w2\"", "\"w20 w3\"", "w001*", "w0007*"];
const TIMES: usize = 50;
const BEST: usize = 20;
/// Messages a second, one a commit.
const A_SECOND: u64 = 200;
/// How many texts these have, by turns.
const PACED: usize = 1000;

trait Engine {
    /// Adds messages and makes them durable.
    fn commit(&mut self, from: usize, texts: &[String]) -> Result<()>;
    /// Messages in one commit while all are loaded.
    fn at_once(&self) -> usize;
    /// How many messages match, and the best of them.
    fn find(&mut self, query: &str) -> Result<usize>;
    /// The numbers of all messages that match.
    fn all(&mut self, query: &str) -> Result<Vec<u64>>;
}

struct Tantivy {
    writer: IndexWriter,
    reader: IndexReader,
    number: Field,
    text: Field,
}

impl Tantivy {
    fn create(directory: &Path) -> Result<Tantivy> {
        let mut schema = Schema::builder();
        let words =
            TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let text =
            schema.add_text_field("text", TextOptions::default().set_indexing_options(words));
        let number = schema.add_u64_field("number", FAST);
        let index = Index::create_in_dir(directory, schema.build())?;
        let writer = index.writer_with_num_threads(1, 15_000_000)?;
        Ok(Tantivy { writer, reader: index.reader()?, number, text })
    }

    fn query(&self, query: &str) -> Result<Box<dyn Query>> {
        let term = |word: &str| Term::from_field_text(self.text, word);
        if let Some(phrase) = query.strip_prefix('"') {
            let words = phrase.trim_end_matches('"').split(' ').map(term);
            return Ok(Box::new(PhraseQuery::new(words.collect())));
        }
        if let Some(beginning) = query.strip_suffix('*') {
            return Ok(Box::new(RegexQuery::from_pattern(&format!("{beginning}.*"), self.text)?));
        }
        let word = |word| -> Box<dyn Query> {
            Box::new(TermQuery::new(term(word), IndexRecordOption::WithFreqs))
        };
        Ok(Box::new(BooleanQuery::intersection(query.split(' ').map(word).collect())))
    }
}

impl Engine for Tantivy {
    fn commit(&mut self, from: usize, texts: &[String]) -> Result<()> {
        for (number, text) in (from as u64..).zip(texts) {
            self.writer.add_document(doc!(self.text => text.as_str(), self.number => number))?;
        }
        self.writer.commit()?;
        Ok(())
    }

    fn at_once(&self) -> usize {
        4096
    }

    fn find(&mut self, query: &str) -> Result<usize> {
        let best = TopDocs::with_limit(BEST).order_by_score();
        Ok(self.reader.searcher().search(&*self.query(query)?, &(best, Count))?.1)
    }

    fn all(&mut self, query: &str) -> Result<Vec<u64>> {
        self.reader.reload()?;
        let searcher = self.reader.searcher();
        let found = searcher.search(&*self.query(query)?, &DocSetCollector)?;
        let mut numbers = Vec::with_capacity(found.len());
        for (at, segment) in searcher.segment_readers().iter().enumerate() {
            let column = segment.fast_fields().u64("number")?.first_or_default_col(0);
            let here = found.iter().filter(|address| address.segment_ord as usize == at);
            numbers.extend(here.map(|address| column.get_val(address.doc_id)));
        }
        Ok(numbers)
    }
}

struct Fts5(Connection);

impl Fts5 {
    fn create(directory: &Path) -> Result<Fts5> {
        let connection = Connection::open(directory.join("fts5.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE VIRTUAL TABLE message USING fts5(text, content='');",
        )?;
        Ok(Fts5(connection))
    }
}

impl Engine for Fts5 {
    fn commit(&mut self, from: usize, texts: &[String]) -> Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO message (rowid, text) VALUES (?1, ?2)")?;
            for (number, text) in (from..).zip(texts) {
                insert.execute((number as i64 + 1, text))?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn at_once(&self) -> usize {
        256
    }

    fn find(&mut self, query: &str) -> Result<usize> {
        let mut best = self.0.prepare_cached(
            "SELECT rowid FROM message WHERE message MATCH ?1 ORDER BY rank LIMIT ?2",
        )?;
        let rows = best.query_map((query, BEST as i64), |row| row.get::<_, i64>(0))?;
        rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let mut count =
            self.0.prepare_cached("SELECT count(*) FROM message WHERE message MATCH ?1")?;
        Ok(count.query_row([query], |row| row.get::<_, i64>(0))? as usize)
    }

    fn all(&mut self, query: &str) -> Result<Vec<u64>> {
        let mut all = self.0.prepare("SELECT rowid FROM message WHERE message MATCH ?1")?;
        let rows = all.query_map([query], |row| Ok(row.get::<_, i64>(0)? as u64 - 1))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Bytes of all files below a directory.
fn size(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            size(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes)
}

/// Bytes that this process had written, by the kernel's count.
fn written() -> Result<u64> {
    let figures = std::fs::read_to_string("/proc/self/io")?;
    let line = figures.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(line.ok_or("no count of bytes written")?.parse()?)
}

fn resident() -> Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let of = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    Ok(format!("{:?} resident, {:?} at most", of("VmRSS:"), of("VmHWM:")))
}

fn measure(engine: &mut dyn Engine, arguments: &[String], lasting: Duration) -> Result<()> {
    let [file, directory, people, ..] = arguments else { return Err("three arguments".into()) };
    let (directory, people) = (Path::new(directory), people.parse::<u64>()?);
    let mut lines = BufReader::new(File::open(file)?).lines();
    let mut bytes = 0;
    let (begun, before, mut number) = (Instant::now(), written()?, 0);
    loop {
        let texts =
            lines.by_ref().take(engine.at_once()).collect::<std::io::Result<Vec<String>>>()?;
        if texts.is_empty() {
            break;
        }
        engine.commit(number, &texts)?;
        bytes += texts.iter().map(String::len).sum::<usize>();
        number += texts.len();
    }
    let each = (written()? - before) / number as u64;
    println!("{number} messages of {bytes} bytes in {:?}, {each} written each", begun.elapsed());
    // Merging may go on behind the last commit.
    std::thread::sleep(Duration::from_secs(5));
    let size = size(directory)?;
    println!(
        "{size} bytes, {:.1} % of the texts; {}",
        size as f64 * 100.0 / bytes as f64,
        resident()?
    );
    for query in QUERIES {
        let people: HashSet<u64> =
            engine.all(query)?.iter().map(|number| number % people).collect();
        let mut took = Vec::new();
        let mut found = 0;
        for _ in 0..TIMES {
            let begun = Instant::now();
            found = engine.find(query)?;
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        let (median, late) = (took[TIMES / 2], took[TIMES - 2]);
        println!(
            "{query:14} {found:8} messages of {:7} people, p50 {median:?}, p98 {late:?}",
            people.len()
        );
    }
    let again: Vec<String> =
        BufReader::new(File::open(file)?).lines().take(PACED).collect::<std::io::Result<_>>()?;
    let (begun, before, mut commits) = (Instant::now(), written()?, 0);
    while begun.elapsed() < lasting {
        let due = begun + Duration::from_micros(1_000_000 / A_SECOND * commits);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        engine.commit(number, std::slice::from_ref(&again[commits as usize % again.len()]))?;
        number += 1;
        commits += 1;
    }
    let each = (written()? - before) / commits.max(1);
    println!(
        "{:.0} commits a second of one message, {each} written each",
        commits as f64 / begun.elapsed().as_secs_f64()
    );
    println!("{}", resident()?);
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [which, _, directory, _, seconds] = &arguments[..] else {
        return Err("usage: beside tantivy|fts5 FILE DIRECTORY PEOPLE SECONDS".into());
    };
    std::fs::create_dir_all(directory)?;
    let lasting = Duration::from_secs(seconds.parse()?);
    let directory = Path::new(directory);
    match which.as_str() {
        "tantivy" => measure(&mut Tantivy::create(directory)?, &arguments[1..], lasting),
        "fts5" => measure(&mut Fts5::create(directory)?, &arguments[1..], lasting),
        _ => Err("tantivy or fts5".into()),
    }
}
