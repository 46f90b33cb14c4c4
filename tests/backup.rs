//! Backups from outside: made by the real binary beside a daemon at work and without one, to a file, a directory
//! and an S3-compatible server, encrypted and not; restored, and compared row by row.
//!
//! `FRONTDESK_BACKUP_ENTRIES=1000000` sets the size of the large one, `FRONTDESK_BACKUP_KILLS=50` how often
//! backups and restores are killed.

#[path = "backup/desk.rs"]
mod desk;
mod harness;
#[path = "backup/kills.rs"]
mod kills;
#[path = "backup/s3.rs"]
mod s3;

use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use desk::{EVENTLESS, Rows, Scratch, fill, keyed, rows, store};
use frontdesk::store::Store;
use frontdesk::store::sim::Random;
use harness::{Daemon, frontdesk};
use s3::Fake;
use serde_json::{Value, json};

/// Runs a subcommand on a directory, under a configuration.
fn run(dir: &Path, config: &Path, args: &[&str]) -> Output {
    let mut command = frontdesk();
    command.args(args).arg("--data-dir").arg(dir).arg("--config").arg(config);
    command.output().expect("the subcommand runs")
}

fn told(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

#[track_caller]
fn works(output: Output) -> String {
    assert!(output.status.success(), "{}", told(&output));
    told(&output)
}

#[track_caller]
fn fails(output: Output, code: i32, why: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", told(&output));
    assert!(told(&output).contains(why), "{why} in {}", told(&output));
}

fn rows_of(dir: &Path) -> Rows {
    rows(&store(dir))
}

/// A scratch directory with a filled store `data` and an empty configuration.
fn example(name: &str, messages: u64) -> Scratch {
    let scratch = Scratch::new(name);
    fill(&scratch.path("data"), messages);
    fs::write(scratch.path("config.toml"), keyed(&scratch.path("data"))).expect("a file");
    scratch
}

/// Restores, verifies, and compares every row.
fn comes_back(scratch: &Scratch, to: &str, args: &[&str]) {
    let (config, there) = (scratch.path("config.toml"), scratch.path(to));
    works(run(&there, &config, &[&["restore"], args].concat()));
    assert!(works(run(&there, &config, &["verify"])).contains("sound"));
    assert!(rows_of(&there) == rows_of(&scratch.path("data")), "row by row");
    let keys = |dir: &Path| fs::read(dir.join("keys")).expect("keys");
    assert_eq!(keys(&there), keys(&scratch.path("data")));
}

#[test]
fn a_file_is_restored_row_by_row_and_verified() {
    let scratch = example("file", 600);
    let (data, config, file) =
        (scratch.path("data"), scratch.path("config.toml"), scratch.text("desk.fdb"));
    let said = works(run(&data, &config, &["backup", &file]));
    assert!(said.contains("up to event") && !said.contains("encrypted"), "{said}");
    comes_back(&scratch, "there", &[&file]);
    let said = works(run(&data, &config, &["verify", "--backup", &file]));
    assert!(said.contains("made 20") && said.ends_with("sound\n"), "{said}");
    let below = scratch.text("");
    let said = works(run(&data, &config, &["verify", "--backup", &file, "--scratch", &below]));
    assert!(said.contains("600 timeline entries") && said.ends_with("sound\n"), "{said}");
    let left = fs::read_dir(&scratch.0).expect("a directory").count();
    assert_eq!(left, 5, "nothing but data, there, the file, its keyring and the configuration");
    fails(
        run(&scratch.path("there"), &config, &["restore", &file]),
        1,
        "the directory is not empty",
    );
}

#[test]
fn a_directory_keeps_the_last_ones_and_touches_nothing_else() {
    let scratch = example("directory", 20);
    let share = scratch.path("share");
    fs::create_dir(&share).expect("a directory");
    fs::write(share.join("notes.txt"), "of somebody else").expect("a file");
    let target = scratch.text("share");
    fs::write(
        scratch.path("config.toml"),
        format!("{}[backup]\ntarget = \"{target}\"\nkeep = 2\n", keyed(&scratch.path("data"))),
    )
    .expect("a file");
    let (data, config) = (scratch.path("data"), scratch.path("config.toml"));
    let mut made = Vec::new();
    for round in 0..4 {
        let said = works(run(&data, &config, &["backup"]));
        made.push(said.split(": ").next().expect("a path").to_owned());
        assert_eq!(said.contains("older backups removed: 1"), round >= 2, "{said}");
    }
    let mut left: Vec<_> = fs::read_dir(&share)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path().to_str().expect("UTF-8").to_owned())
        .collect();
    left.sort();
    let (ring, notes) = (format!("{target}/frontdesk.keyring"), format!("{target}/notes.txt"));
    assert_eq!(left, [&made[2], &made[3], &ring, &notes].map(String::clone));
    // The newest of the directory is what is restored.
    comes_back(&scratch, "there", &[&target]);
    let note = fs::read_to_string(data.join("last-backup.json")).expect("a note");
    let note: Value = serde_json::from_str(&note).expect("JSON");
    assert_eq!(note["to"], made[3].as_str());
    let told = String::from_utf8(run(&data, &config, &["status", "--json"]).stdout).expect("UTF-8");
    let status: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(status["last_backup"], note, "{told}");
    let told = String::from_utf8(run(&data, &config, &["doctor"]).stdout).expect("UTF-8");
    assert!(told.contains("the last was made") && !told.contains("none was ever made"), "{told}");
}

#[test]
fn a_target_that_cannot_be_is_told_and_removes_nothing() {
    let scratch = example("targets", 5);
    let (data, config) = (scratch.path("data"), scratch.path("config.toml"));
    fails(run(&data, &config, &["backup"]), 2, "set backup.target");
    fails(run(&data, &config, &["backup", "ftp://somewhere/x"]), 2, "s3://bucket/prefix");
    fails(run(&data, &config, &["backup", "s3://box/x"]), 2, "backup.s3.secret_key");
    fails(run(&data, &config, &["backup", &scratch.text("none/x.fdb")]), 1, "No such file");
    fails(
        run(&scratch.path("empty"), &config, &["backup", &scratch.text("x.fdb")]),
        2,
        "holds no store",
    );
    assert!(!scratch.path("x.fdb").exists() && !scratch.path("x.fdb.part").exists());
    fails(
        run(&scratch.path("new"), &config, &["restore", &scratch.text("none.fdb")]),
        1,
        "No such file",
    );
    fs::write(scratch.path("other"), "something else").expect("a file");
    fails(
        run(&scratch.path("new"), &config, &["restore", &scratch.text("other")]),
        1,
        "no frontdesk backup",
    );
    assert!(!scratch.path("new").exists());
}

#[test]
fn an_encrypted_backup_needs_its_passphrase_or_key_and_comes_back_row_by_row() {
    let scratch = example("locked", 300);
    let (data, config) = (scratch.path("data"), scratch.path("config.toml"));
    fs::write(scratch.path("words"), "correct horse battery\n").expect("a file");
    fs::write(scratch.path("wrong"), "incorrect horse\n").expect("a file");
    fs::write(scratch.path("key"), "5a".repeat(32)).expect("a file");
    let (words, wrong, key) = (scratch.text("words"), scratch.text("wrong"), scratch.text("key"));
    let (one, two) = (scratch.text("one.fdb"), scratch.text("two.fdb"));
    works(run(&data, &config, &["backup", &one, "--passphrase-file", &words]));
    works(run(&data, &config, &["backup", &two, "--key-file", &key]));
    let plain = works(run(&data, &config, &["backup", &scratch.text("plain.fdb")]));
    assert!(!plain.contains("encrypted"));
    for file in [&one, &two] {
        let bytes = fs::read(file).expect("the file");
        for word in ["Person", "tagihan", "whatsapp", "frontdesk keys"] {
            assert!(
                !bytes.windows(word.len()).any(|at| at == word.as_bytes()),
                "{word} is readable"
            );
        }
    }
    let new = scratch.path("new");
    fails(run(&new, &config, &["restore", &one]), 2, "--passphrase-file");
    fails(run(&new, &config, &["restore", &one, "--passphrase-file", &wrong]), 1, "is not the one");
    fails(
        run(&new, &config, &["restore", &one, "--key-file", &key]),
        1,
        "encrypted to a passphrase",
    );
    fails(run(&new, &config, &["verify", "--backup", &two]), 2, "--key-file");
    assert!(!new.exists(), "nothing was touched");
    comes_back(&scratch, "there", &[&one, "--passphrase-file", &words]);
    comes_back(&scratch, "again", &[&two, "--key-file", &key]);
    // The same from the configuration.
    let told = format!("{}[backup]\nkey_file = \"{key}\"\n", keyed(&data));
    fs::write(&config, told).expect("a file");
    let three = scratch.text("three.fdb");
    assert!(works(run(&data, &config, &["backup", &three])).contains("encrypted"));
    comes_back(&scratch, "third", &[&three]);
}

#[test]
fn a_bucket_takes_backups_small_and_large_and_gives_them_back_row_by_row() {
    let fake = Fake::start();
    fake.held().fail_every = 7;
    let scratch = example("bucket", 200);
    incompressible(&scratch.path("data"), 11 << 20);
    fs::write(scratch.path("words"), "correct horse battery\n").expect("a file");
    let words = scratch.text("words");
    let file = fake.config();
    let file = format!("[backup]\ntarget = \"s3://box/desk 1/ö\"\nkeep = 2\n{file}");
    let file = format!("{}{file}", keyed(&scratch.path("data")));
    fs::write(scratch.path("config.toml"), file).expect("a file");
    let (data, config) = (scratch.path("data"), scratch.path("config.toml"));
    fake.held().objects.insert("desk 1/ö/notes.txt".into(), b"of somebody else".to_vec());
    for round in 0..4 {
        let said = works(run(&data, &config, &["backup", "--passphrase-file", &words]));
        assert!(said.starts_with("s3://box/desk 1/ö/frontdesk-20"), "{said}");
        assert_eq!(said.contains("older backups removed: 1"), round >= 2, "{said}");
    }
    {
        let held = fake.held();
        let mut names = held.objects.keys().map(|key| key.rsplit('/').next().expect("a name"));
        assert_eq!(names.clone().filter(|name| name.starts_with("frontdesk-")).count(), 2);
        assert!(names.any(|name| name == "notes.txt"));
        assert!(held.parts >= 8 && held.uploads_under_way() == 0, "{} parts", held.parts);
    }
    // The newest below the prefix; its first answer breaks in the middle.
    comes_back(&scratch, "there", &["s3://box/desk 1/ö", "--passphrase-file", &words]);
    assert!(fake.held().resumed >= 1);
    let said = works(run(&data, &config, &["backup", "s3://box/one.fdb"]));
    assert!(said.starts_with("s3://box/one.fdb:"), "{said}");
    comes_back(&scratch, "again", &["s3://box/one.fdb"]);
    let said = works(run(&data, &config, &["verify", "--backup", "s3://box/one.fdb"]));
    assert!(said.ends_with("sound\n"), "{said}");
    fails(run(&data, &config, &["restore", "s3://box/none.fdb"]), 1, "there is no backup");
}

#[test]
fn a_bucket_that_refuses_is_told_and_an_upload_is_given_up() {
    let fake = Fake::start();
    let scratch = example("refusing", 5);
    incompressible(&scratch.path("data"), 20 << 20);
    let (data, config) = (scratch.path("data"), scratch.path("config.toml"));
    let wrong = fake.config().replace(s3::SECRET_KEY, "another");
    fs::write(&config, wrong).expect("a file");
    let refused = run(&data, &config, &["backup", "s3://box/one.fdb"]);
    fails(refused, 1, "403: SignatureDoesNotMatch, told by the fake");
    fs::write(&config, fake.config().replace("127.0.0.1", "localhost")).expect("a file");
    works(run(&data, &config, &["backup", "s3://box/by-name.fdb"]));
    fs::write(&config, fake.config()).expect("a file");
    fails(run(&data, &config, &["backup", "s3://elsewhere/one.fdb"]), 1, "NoSuchBucket");
    // Cut off in the middle of its parts: nobody ever sees half an object.
    let mut command = frontdesk();
    command.args(["backup", "s3://box/two.fdb", "--data-dir"]).arg(&data);
    let mut child = command.arg("--config").arg(&config).spawn().expect("it starts");
    let before = fake.held().parts;
    while fake.held().parts < before + 1 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().and_then(|()| child.wait()).expect("it dies");
    let keys: Vec<String> = fake.held().objects.keys().cloned().collect();
    // The keyring comes before its backup.
    assert_eq!(keys, ["by-name.fdb", "by-name.fdb.keyring", "two.fdb.keyring"]);
    assert!(frontdesk().arg("--version").output().is_ok());
}

#[test]
fn a_server_of_ones_own_is_trusted_by_its_authority_and_not_without() {
    let fake = Fake::with_tls();
    let scratch = example("tls", 20);
    let (data, config) = (scratch.path("data"), scratch.path("config.toml"));
    fs::write(&config, fake.config()).expect("a file");
    let refused = run(&data, &config, &["backup", "s3://box/one.fdb"]);
    fails(refused, 1, "invalid peer certificate: UnknownIssuer");
    assert!(fake.held().objects.is_empty());
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
    let trusted = format!("{}{}ca_file = \"{authority}\"\n", keyed(&data), fake.config());
    fs::write(&config, trusted).expect("a file");
    works(run(&data, &config, &["backup", "s3://box/one.fdb"]));
    comes_back(&scratch, "there", &["s3://box/one.fdb"]);
    let nothing = fake.config() + "ca_file = \"/dev/null\"\n";
    fs::write(&config, nothing).expect("a file");
    fails(run(&data, &config, &["backup", "s3://box/two.fdb"]), 2, "holds no certificate");
}

/// Puts rows of random bytes, which nothing packs, so that a backup takes several parts.
fn incompressible(dir: &Path, bytes: usize) {
    use frontdesk::domain::time::Micros;
    use frontdesk::store::{PlanRecord, Row, Table};
    let mut store = store(dir);
    let mut random = Random::new(1);
    for n in 0..bytes as u64 / (1 << 20) {
        let value = Some(random.bytes(1 << 20).into());
        // Counts nobody asks for: everything else is looked at by `verify`.
        let key = format!("test.{n}").into_bytes().into();
        let row = Row { table: Table::Meta, key, value };
        let plan = PlanRecord { at: Micros(1), rows: vec![row], events: vec![] };
        store.write(|batch| batch.apply(plan)).expect("written").result.expect("applied");
    }
    store.close().expect("a clean stop");
}

/// The rows as the feed made them, up to an event.
fn rows_up_to(store: &Store, seq: u64) -> Rows {
    let mut rows = Rows::new();
    let mut after = 0;
    while after < seq {
        let plans = store.feed().read(after, seq, (usize::MAX, 4 << 20)).expect("the feed reads");
        for found in plans {
            after = found.first_seq + found.plan.events.len() as u64 - 1;
            for row in found.plan.rows.into_iter().filter(|row| !EVENTLESS.contains(&row.table)) {
                match row.value {
                    Some(value) => rows.insert((row.table, row.key), value),
                    None => rows.remove(&(row.table, row.key)),
                };
            }
        }
    }
    rows
}

#[test]
fn backups_under_load_are_what_the_feed_had_told_by_their_end() {
    let mut daemon = Daemon::with_config("[store]\ncheckpoint_events = 500\n");
    let scratch = Scratch::new("load");
    fs::write(scratch.path("config.toml"), keyed(&daemon.data_dir())).expect("a file");
    let bearer = format!("Bearer {}", daemon.token("ingest"));
    let (stop, address) = (AtomicBool::new(false), daemon.address().to_owned());
    let mut files = Vec::new();
    std::thread::scope(|scope| {
        for bridge in 0..3_u64 {
            let (stop, address, bearer) = (&stop, &address, &bearer);
            scope.spawn(move || {
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    n += 1;
                    post(address, bearer, bridge, n);
                }
            });
        }
        for n in 0..4 {
            let file = scratch.text(&format!("{n}.fdb"));
            works(daemon.cli(&["backup", &file]));
            files.push(file);
        }
        stop.store(true, Ordering::Relaxed);
    });
    daemon.terminate();
    let source = store(&daemon.data_dir());
    let mut last = 0;
    for (n, file) in files.iter().enumerate() {
        let there = scratch.path(&format!("there-{n}"));
        works(run(&there, &scratch.path("config.toml"), &["restore", file]));
        assert!(works(run(&there, &scratch.path("config.toml"), &["verify"])).contains("sound"));
        let restored = store(&there);
        let seq = restored.last_seq();
        assert!(seq > last, "each backup has more than the one before: {seq}");
        let (there, then) = (rows(&restored), rows_up_to(&source, seq));
        let other: Vec<_> = there
            .iter()
            .filter(|(key, value)| then.get(*key) != Some(value))
            .map(|(key, _)| key.0)
            .collect();
        assert!(there == then, "row by row, up to event {seq}: {other:?}");
        last = seq;
    }
}

fn post(address: &str, bearer: &str, bridge: u64, n: u64) {
    try_post(address, bearer, bridge, n).expect("an answer");
}

/// Posts a message to a daemon that may die under it.
fn try_post(address: &str, bearer: &str, bridge: u64, n: u64) -> std::io::Result<()> {
    let person = n % 23;
    let body = json!({
        "session": format!("bridge-{bridge}"),
        "type": "notify",
        "messages": [{
            "key": {"remoteJid": format!("62812{person:07}@s.whatsapp.net"), "fromMe": false, "id": format!("{bridge}-{n}")},
            "messageTimestamp": 1_769_596_200 + n,
            "message": {"conversation": format!("{bridge}-{n} says hello")},
        }],
    });
    let headers = [("Authorization", bearer), ("Content-Type", "application/json")];
    let body = body.to_string();
    let path = "/webhook/baileys";
    let answer = harness::http::request(address, "POST", path, &headers, body.as_bytes())?;
    assert_eq!(answer.status, 200);
    Ok(())
}

#[test]
fn consumers_learn_that_a_restored_feed_is_another_one() {
    let scratch = Scratch::new("feed");
    let mut daemon = Daemon::with_config(&keyed(&scratch.0));
    let (ingest, admin) = (daemon.token("ingest"), daemon.token("admin"));
    post(daemon.address(), &format!("Bearer {ingest}"), 1, 1);
    let bearer = format!("Bearer {admin}");
    let read = |daemon: &Daemon, path: &str| {
        let answer = daemon.request("GET", path, &[("Authorization", &bearer)], b"");
        (answer.status, answer.json())
    };
    let (_, page) = read(&daemon, "/api/feed?after=0");
    let epoch = page["epoch"].as_str().expect("an epoch").to_owned();
    let file = scratch.text("desk.fdb");
    works(daemon.cli(&["backup", &file]));
    // What the lost machine went on to tell.
    post(daemon.address(), &format!("Bearer {ingest}"), 1, 2);
    let (_, page) = read(&daemon, &format!("/api/feed?after=0&epoch={epoch}"));
    let told = page["newest"].as_u64().expect("a number");
    daemon.terminate();
    fs::remove_dir_all(daemon.data_dir()).expect("removed");
    works(daemon.cli(&["restore", &file]));
    daemon.restart();
    let (status, _) = read(&daemon, &format!("/api/feed?after={told}&epoch={epoch}"));
    assert_eq!(status, 410, "another epoch");
    let (status, _) = read(&daemon, &format!("/api/feed?after={told}"));
    assert_eq!(status, 410, "beyond what there is");
    let (status, problem) = read(&daemon, "/api/feed?after=0");
    assert_eq!(status, 410, "{problem}");
    // The message that only the lost machine had comes again, and is new here.
    post(daemon.address(), &format!("Bearer {ingest}"), 1, 2);
    let (_, tickets) = read(&daemon, "/api/tickets/all");
    assert_eq!(tickets["tickets"].as_array().map(Vec::len), Some(2), "{tickets}");
}

#[test]
fn a_large_store_is_backed_up_restored_and_compared() {
    let entries: u64 = std::env::var("FRONTDESK_BACKUP_ENTRIES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5_000);
    let timed = |what: &str, from: Instant| println!("{what}: {:.1?}", from.elapsed());
    let from = Instant::now();
    let scratch = example("large", entries);
    timed("filled", from);
    let (data, config, file) =
        (scratch.path("data"), scratch.path("config.toml"), scratch.text("desk.fdb"));
    let from = Instant::now();
    print!("{}", works(run(&data, &config, &["backup", &file])));
    timed("backup", from);
    let from = Instant::now();
    works(run(&data, &config, &["verify", "--backup", &file]));
    timed("verify --backup", from);
    let there = scratch.path("there");
    let from = Instant::now();
    works(run(&there, &config, &["restore", &file]));
    timed("restore", from);
    let from = Instant::now();
    let said = works(run(&there, &config, &["verify"]));
    timed("verify", from);
    assert!(said.contains(&format!("{entries} timeline entries")), "{said}");
    let size = |dir: &Path| fs::metadata(dir.join("store.redb")).expect("a store").len() >> 20;
    println!("store.redb {} MiB, restored {} MiB", size(&data), size(&there));
    let (one, other) = (rows_of(&data), rows_of(&there));
    assert!(one.len() as u64 > 2 * entries);
    assert!(one == other, "row by row");
}
