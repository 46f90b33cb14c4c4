//! What a user of the configuration sees: layering, provenance, and every kind of mistake.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::layers::ConfigFile;
use super::*;
use crate::domain::priority::Priority;

/// A configuration file of its own for one test.
struct TestFile(PathBuf);

impl TestFile {
    fn holding(name: &str, text: &str) -> TestFile {
        let path =
            std::env::temp_dir().join(format!("frontdesk-{}-{name}.toml", std::process::id()));
        fs::write(&path, text).unwrap();
        TestFile(path)
    }

    fn sources(&self) -> Sources {
        Sources { file: ConfigFile::Named(self.0.clone()), ..Sources::default() }
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn environment(pairs: &[(&str, &str)]) -> Sources {
    let environment = pairs.iter().map(|(name, value)| (name.into(), value.into())).collect();
    Sources { environment, ..Sources::default() }
}

/// The whole message of a configuration that must be refused.
fn refusal(sources: &Sources) -> String {
    Config::load(sources).expect_err("this configuration must be refused").to_string()
}

fn refusal_of_file(name: &str, text: &str) -> String {
    refusal(&TestFile::holding(name, text).sources())
}

fn origin_of(sources: &Sources, key: &str) -> String {
    let all = settings(sources).unwrap();
    all.into_iter().find(|setting| setting.key == key).expect(key).origin
}

#[test]
fn the_embedded_defaults_are_a_whole_configuration() {
    let config = Config::load(&Sources::default()).unwrap();
    assert_eq!(config.data_dir, Path::new("/var/lib/frontdesk"));
    assert_eq!(config.timezone, TimeZone::UTC);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.http.drain_timeout, Duration::from_secs(8));
    assert_eq!(config.cache(), 8 << 20);
    assert_eq!(config.feed.keep, Duration::from_secs(7 * 86_400));
    assert_eq!(config.tickets.default_priority, Priority::Medium);
    assert_eq!(config.tickets.call_prefix, "GXS");
    assert_eq!(config.calls.legacy_listen, None);
}

/// S0.10 to S0.17.
#[test]
fn the_categories_of_calls_ship_as_defaults() {
    let calls = Config::load(&Sources::default()).unwrap().calls;
    let names: Vec<&str> = calls.categories.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "account_inquiry",
            "card_inquiry",
            "fees_charges",
            "interest_rates",
            "loan_inquiry",
            "promotions",
            "technical_issue"
        ]
    );
    assert_eq!(
        calls.categories["account_inquiry"],
        ["balance", "account", "savings", "main account"]
    );
    assert_eq!(
        calls.categories["technical_issue"],
        ["error", "bug", "broken", "not working", "issue"]
    );
    assert_eq!(calls.fallback_category, "general_inquiry");
}

#[test]
fn every_setting_is_explained_by_a_comment_above_it() {
    let mut explained = false;
    for line in include_str!("../../config/default.toml").lines() {
        match line.trim() {
            "" => explained = false,
            comment if comment.starts_with('#') => explained = true,
            "[calls.categories]" => break,
            section if section.starts_with('[') => {}
            setting => {
                assert!(explained, "no comment above {setting}");
                explained = false;
            }
        }
    }
}

#[test]
fn later_layers_win_and_each_value_knows_its_source() {
    let file = TestFile::holding(
        "layers",
        "timezone = 'Asia/Singapore'\n[http]\nmax_body = '1 MiB'\nmax_connections = 10\nlisten = '[::1]:1'",
    );
    let sources = Sources {
        environment: vec![
            ("FRONTDESK_HTTP__MAX_CONNECTIONS".into(), "20".into()),
            ("FRONTDESK_HTTP__LISTEN".into(), "127.0.0.1:2".into()),
            ("PATH".into(), "/bin".into()),
        ],
        ..file.sources()
    };
    let sources = sources.flag("http.listen", "--listen", Some("127.0.0.1:3")).flag(
        "log.level",
        "--log-level",
        None::<String>,
    );

    let config = Config::load(&sources).unwrap();
    assert_eq!(config.timezone.iana_name(), Some("Asia/Singapore"));
    assert_eq!(config.http.max_body, 1 << 20);
    assert_eq!(config.http.max_connections, 20);
    assert_eq!(config.http.listen.port(), 3);

    assert_eq!(origin_of(&sources, "http.max_body"), file.path());
    assert_eq!(
        origin_of(&sources, "http.max_connections"),
        "environment variable FRONTDESK_HTTP__MAX_CONNECTIONS"
    );
    assert_eq!(origin_of(&sources, "http.listen"), "flag --listen");
    assert_eq!(origin_of(&sources, "http.header_timeout"), "default");
    assert_eq!(origin_of(&sources, "log.level"), "default");
}

#[test]
fn what_is_shown_is_a_configuration_file_with_the_same_meaning() {
    let sources = environment(&[
        ("FRONTDESK_CALLS__CATEGORIES__PARKING", "[parking, \"car park\"]"),
        ("FRONTDESK_DATA_DIR", "/srv/\"desk\""),
        ("FRONTDESK_AGENTS__SEE_ALL", "true"),
    ]);
    let shown: String =
        settings(&sources).unwrap().iter().map(|s| format!("{} = {}\n", s.key, s.value)).collect();
    let again = TestFile::holding("shown", &shown);
    assert_eq!(Config::load(&again.sources()), Config::load(&sources));
}

#[test]
fn variables_set_keys_of_every_kind() {
    let config = Config::load(&environment(&[
        ("FRONTDESK_TIMEZONE", "Europe/Berlin"),
        ("FRONTDESK_TICKETS__CALL_PREFIX", "2024"),
        ("FRONTDESK_STORE__CACHE", "1048576"),
        ("FRONTDESK_STORE__CHECKPOINT_EVENTS", "5000"),
        ("FRONTDESK_FEED__KEEP", "90m"),
        ("FRONTDESK_IDEMPOTENCY__KEEP", "7200"),
        ("FRONTDESK_AGENTS__SEE_ALL", "true"),
        ("FRONTDESK_CALLS__LEGACY_LISTEN", "127.0.0.1:8003"),
    ]))
    .unwrap();
    assert_eq!(config.tickets.call_prefix, "2024");
    assert_eq!(config.store.cache, 1 << 20);
    assert_eq!(config.store.checkpoint_events, 5000);
    assert_eq!(config.feed.keep, Duration::from_secs(5400));
    assert_eq!(config.idempotency.keep, Duration::from_secs(7200));
    assert!(config.agents.see_all);
    assert_eq!(config.calls.legacy_listen.map(|address| address.port()), Some(8003));
}

/// S0.50.
#[test]
fn a_file_adds_a_category_replaces_one_and_switches_one_off() {
    let file = TestFile::holding(
        "categories",
        "[calls.categories]\nparking = ['parking']\npromotions = []\nfees_charges = ['toll']",
    );
    let categories = Config::load(&file.sources()).unwrap().calls.categories;
    assert_eq!(categories["parking"], ["parking"]);
    assert_eq!(categories["fees_charges"], ["toll"]);
    assert!(categories["promotions"].is_empty());
    assert_eq!(categories["interest_rates"].len(), 4);
}

#[test]
fn an_unknown_key_names_its_file_and_the_nearest_key() {
    let file = TestFile::holding("unknown", "[http]\nmax_bdy = '1 MiB'");
    let text = refusal(&file.sources());
    assert!(
        text.contains(&format!(
            "{}: http.max_bdy: no such setting; did you mean `http.max_body`?",
            file.path()
        )),
        "{text}"
    );
    for (toml, suggestion) in [
        ("listen = 'x'", "`http.listen`"),
        ("[htpp]\nlisten = 'x'", "`http`"),
        ("time_zone = 'UTC'", "`timezone`"),
        ("[calls]\nfallback = 'x'", "`calls.fallback_category`"),
        ("[log]\nLevel = 'info'", "`log.level`"),
    ] {
        let text = refusal_of_file("nearest", toml);
        assert!(text.contains(&format!("did you mean {suggestion}?")), "{toml}: {text}");
    }
    let text = refusal_of_file("far", "[bananas]\nx = 1");
    assert!(text.contains("bananas: no such setting; `frontdesk config show` lists all"), "{text}");
}

#[test]
fn an_unknown_variable_is_told_the_nearest_variable() {
    for (name, near) in [
        ("FRONTDESK_HTTP__MAX_BDY", "FRONTDESK_HTTP__MAX_BODY"),
        ("FRONTDESK_HTTP_LISTEN", "FRONTDESK_HTTP__LISTEN"),
        ("FRONTDESK_DATADIR", "FRONTDESK_DATA_DIR"),
    ] {
        let text = refusal(&environment(&[(name, "1")]));
        let expected =
            format!("environment variable {name}: no such setting; did you mean {near}?");
        assert!(text.contains(&expected), "{text}");
    }
    for name in ["FRONTDESK_", "FRONTDESK___", "FRONTDESK_HTTP__", "FRONTDESK_HTTP__LISTEN__X"] {
        let text = refusal(&environment(&[(name, "1")]));
        assert!(text.contains(&format!("environment variable {name}: no such setting")), "{text}");
    }
    let text = refusal(&environment(&[("FRONTDESK_HTTP", "1")]));
    assert!(text.contains("FRONTDESK_HTTP: http: is a section"), "{text}");
}

#[test]
fn every_mistake_is_told_at_once() {
    let file = TestFile::holding("many", "[http]\nmax_bdy = 1\n[lgo]\nlevel = 'info'");
    let sources =
        Sources { environment: vec![("FRONTDESK_NONSENSE".into(), "1".into())], ..file.sources() };
    assert_eq!(Config::load(&sources).unwrap_err().problems.len(), 3);

    let limits = refusal(&environment(&[
        ("FRONTDESK_HTTP__MAX_CONNECTIONS", "0"),
        ("FRONTDESK_STORE__CACHE", "64 GiB"),
        ("FRONTDESK_FEED__KEEP", "1s"),
    ]));
    for expected in [
        "environment variable FRONTDESK_HTTP__MAX_CONNECTIONS: http.max_connections: 0 is out of range, 1 to 65536",
        "environment variable FRONTDESK_STORE__CACHE: store.cache: 64 GiB is out of range, 1 MiB to 16 GiB",
        "environment variable FRONTDESK_FEED__KEEP: feed.keep: 1s is out of range, 1m to 365d",
    ] {
        assert!(limits.contains(expected), "{limits}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_told_what_would_be_right() {
    for (toml, expected) in [
        ("[http]\nmax_body = '8 bananas'", "http.max_body: found \"8 bananas\", expected a size"),
        ("[http]\nmax_body = true", "http.max_body: found true, expected a size"),
        ("[http]\nmax_body = -1", "http.max_body: found \"-1\", expected a size"),
        ("[http]\nheader_timeout = '10 parsecs'", "expected a duration: seconds as a whole number"),
        (
            "[http]\nlisten = 'localhost:80'",
            "http.listen: found \"localhost:80\", expected an address",
        ),
        ("[http]\nlisten = 8080", "http.listen: found 8080, expected an address"),
        ("[http]\nmax_connections = 'many'", "found \"many\", expected a whole number"),
        ("[http]\nmax_connections = -1", "expected a whole number from 0"),
        ("[http]\nmax_connections = 1.5", "expected a whole number from 0"),
        ("[log]\nlevel = 'loud'", "log.level: found \"loud\", expected error or warn or info"),
        ("[agents]\nsee_all = 'yes'", "agents.see_all: found \"yes\", expected true or false"),
        (
            "[calls.categories]\nparking = 'car'",
            "calls.categories.parking: found \"car\", expected a list",
        ),
        ("timezone = 'Mars/Base'", "timezone: found \"Mars/Base\", expected the IANA name"),
        ("[tickets]\ndefault_priority = 'asap'", "expected low, medium, high or urgent"),
        ("http = 3", "http: is a section"),
        ("[http]\nlisten.port = 3", "http.listen: found a section, expected an address"),
    ] {
        let file = TestFile::holding("kind", toml);
        let text = refusal(&file.sources());
        assert!(text.contains(expected) && text.contains(&file.path()), "{toml}: {text}");
    }
}

#[test]
fn a_value_out_of_its_limits_is_refused() {
    for (toml, expected) in [
        ("data_dir = ''", "data_dir: is empty"),
        ("[http]\ndrain_timeout = '2m'", "http.drain_timeout: 2m is out of range, 1s to 1m"),
        ("[store]\nsegment = '1 MiB'", "store.segment: 1 MiB is out of range, 16 MiB to 1 GiB"),
        (
            "[store]\nsegment = '1 GiB'",
            "feed.max_bytes: 1 GiB is less than four times store.segment, 4 GiB",
        ),
        (
            "[engine]\nmax_batch_bytes = '5 MiB'",
            "5 MiB is more than a quarter of store.segment, 4 MiB",
        ),
        (
            "[tickets]\ncall_prefix = 'gxs'",
            "tickets.call_prefix: found \"gxs\", expected 2 to 8 of A-Z and 0-9",
        ),
        ("[tickets]\ncall_prefix = 'A'", "expected 2 to 8 of A-Z and 0-9"),
        ("[calls]\nfallback_category = ''", "calls.fallback_category: found \"\""),
        ("[calls.categories]\n'Car Park' = ['car']", "found \"Car Park\" as a category's name"),
        ("[calls.categories]\nparking = ['car', ' ']", "calls.categories.parking: found \" \""),
        ("[calls]\nlegacy_listen = '127.0.0.1:8080'", "127.0.0.1:8080 is http.listen already"),
        ("[whatsapp]\ndedup_keep = '1h'", "whatsapp.dedup_keep: 1h is out of range, 1d to 90d"),
    ] {
        let text = refusal_of_file("limit", toml);
        assert!(text.contains(expected), "{toml}: {text}");
    }
}

/// DESIGN C9.
#[test]
fn the_legacy_listener_goes_without_a_token_on_loopback_only() {
    let open = |address| {
        environment(&[
            ("FRONTDESK_CALLS__LEGACY_LISTEN", address),
            ("FRONTDESK_CALLS__LEGACY_OPEN", "true"),
        ])
    };
    assert!(Config::load(&open("127.0.0.1:8003")).is_ok());
    assert!(Config::load(&open("[::1]:8003")).is_ok());
    assert!(refusal(&open("0.0.0.0:8003")).contains("without a token on 0.0.0.0:8003"));
}

#[test]
fn a_named_file_must_be_there_and_be_toml() {
    let nowhere = PathBuf::from("/nonexistent/frontdesk.toml");
    let named = Sources { file: ConfigFile::Named(nowhere.clone()), ..Sources::default() };
    assert!(refusal(&named).contains("/nonexistent/frontdesk.toml: cannot be read"));
    let usual = Sources { file: ConfigFile::IfPresent(nowhere), ..Sources::default() };
    assert_eq!(Config::load(&usual), Config::load(&Sources::default()));

    let text = refusal_of_file("syntax", "[http]\n\nlisten = ");
    assert!(text.contains(": line 3: "), "{text}");
    let text = refusal_of_file("twice", "[http]\nmax_body = 1\nmax_body = 2");
    assert!(text.contains("duplicate key"), "{text}");
    let text = refusal_of_file("large", &"# padding\n".repeat(110_000));
    assert!(text.contains("larger than 1048576 bytes"), "{text}");
}

const SOURCES: &str = "[[ingest.sources]]\nname = 'relay-1'\nkind = 'calls'\nurl = 'wss://relay.example.org/events'\ntoken = 'hunter2'\n[[ingest.sources]]\nname = 'bridge'\nkind = 'baileys'\nurl = 'ws://10.0.0.9:3000'\n";

#[test]
fn sources_are_a_list_of_sections_whose_tokens_are_not_shown() {
    let file = TestFile::holding("sources", SOURCES);
    let sources = Config::load(&file.sources()).unwrap().ingest.sources;
    assert_eq!(sources.len(), 2);
    assert_eq!(sources[0].token.given(), Some("hunter2"));
    assert_eq!(sources[1].token.given(), None);
    let all = settings(&file.sources()).unwrap();
    let shown = all.iter().find(|s| s.key == "ingest.sources").unwrap();
    assert!(shown.value.contains("relay-1") && !shown.value.contains("hunter2"), "{shown:?}");
    assert_eq!(shown.origin, file.path());
}

#[test]
fn what_is_wrong_with_a_source_is_told() {
    for (wrong, told) in [
        ("token = 'x'\nnmae = 'y'", "did you mean `name`?"),
        ("token_file = '/t'\ntoken = 'x'", "a token and a token_file; one of them"),
        ("kind = 'carrier-pigeon'", "expected calls or baileys"),
        ("name = 'Relay 1'", "expected 1 to 48 of a-z"),
        ("url = 'https://x'", "is no address as"),
    ] {
        let keys = ["name = 'relay-1'", "kind = 'calls'", "url = 'ws://x'"];
        let name = |line: &str| line.split(' ').next().unwrap().to_owned();
        let kept = keys.iter().filter(|line| !wrong.starts_with(&name(line)));
        let text = kept.fold(format!("[[ingest.sources]]\n{wrong}\n"), |t, l| t + l + "\n");
        let refusal = refusal_of_file("wrong-source", &text);
        assert!(refusal.contains(told), "{refusal}");
    }
    let twice = format!("{SOURCES}{}", SOURCES.lines().take(4).collect::<Vec<_>>().join("\n"));
    let refusal = refusal_of_file("same-source", &twice);
    assert!(refusal.contains("two sources are called \"relay-1\""), "{refusal}");
}

#[test]
fn a_speech_service_needs_an_address_and_a_model() {
    let refusal = refusal_of_file("speech", "[realtime]\nkind = 'azure-ga'\nmax_frame = '1 KiB'");
    assert!(refusal.contains("realtime.url: found \"\", expected an address as"), "{refusal}");
    assert!(refusal.contains("realtime.model: is empty"), "{refusal}");
    assert!(refusal.contains("realtime.max_frame: 1 KiB is out of range"), "{refusal}");
}
