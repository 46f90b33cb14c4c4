//! Who may know whom: fails on any arrow between the modules of `src/` that is not in the table below, on
//! crates named outside their one room, on unfinished work, and on files that grew too long.
//!
//! The table is section 2 of the design, as data. A new module has no arrows until it has a row.

#[path = "architecture/tokens.rs"]
mod tokens;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tokens::{Token, tokens};

/// Module → what it may import besides itself and `telemetry`.
const ROOMS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    ("domain", &[]),
    ("wire", &[]),
    ("describe", &[]),
    ("web", &[]),
    ("routes", &[]),
    ("telemetry", &["config"]),
    ("net", &["config"]),
    ("config", &["domain"]),
    ("store", &["domain", "config"]),
    ("auth", &["domain", "config"]),
    ("engine", &["domain", "store", "config"]),
    ("ingest", &["wire", "domain", "engine", "auth", "net", "routes", "config"]),
    ("http", &["wire", "domain", "engine", "auth", "web", "routes", "config"]),
    ("workers", &["wire", "domain", "engine", "net", "config"]),
    ("admin", &["domain", "engine", "auth"]),
    (
        "app",
        &[
            "admin", "auth", "config", "domain", "engine", "http", "ingest", "net", "store", "web",
            "wire", "workers",
        ],
    ),
    // They know the daemon as everybody outside does: by its doors.
    ("client", &[]),
    ("bench", &["client"]),
    // `store` for what works on the files while no daemon runs, and for the form of backups; `net` for where they go.
    ("cli", &["app", "config", "admin", "store", "net", "client", "bench"]),
];

/// Everybody may describe what they show, and log and count, but for the rooms that do nothing but think.
const DESCRIPTIONS: &str = "describe";
const FOR_EVERYBODY: &str = "telemetry";
const PURE: &[&str] = &["domain", "wire"];

/// Crate → the only modules that may name it; `bench` because it measures the bare libraries beside us.
const CRATES: &[(&str, &[&str])] = &[
    ("redb", &["store", "bench"]),
    ("axum", &["http", "ingest", "web", "app", "bench", "routes"]),
    ("socketioxide", &["http"]),
];

/// Work that is not finished, or hidden.
const BANNED: &[&[&str]] = &[
    &["todo", "!"],
    &["unimplemented", "!"],
    &["dbg", "!"],
    &["#", "[", "ignore"],
    &["allow", "(", "dead_code"],
];

const MAX_LINES: usize = 500;

#[test]
fn the_modules_keep_to_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut violations = Vec::new();
    let mut files = 0;
    for folder in ["src", "tests"] {
        for path in rust_files(&root.join(folder)) {
            let source = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            violations.extend(check(&name, &source));
            files += 1;
        }
    }
    assert!(files > 20, "only {files} files were found");
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// In the description of the API the second of two types of one name takes the place of the first, silently.
#[test]
fn types_that_are_described_have_names_of_their_own() {
    let mut described: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&path).expect("a source file");
        let mut derived = false;
        for line in source.lines() {
            derived |= line.starts_with("#[derive") && line.contains("ToSchema");
            let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
            if !matches!(words.next(), Some("struct" | "enum")) || !std::mem::take(&mut derived) {
                continue;
            }
            let name = words.next().unwrap_or_default();
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            if let Some(other) = described.insert(name.to_owned(), path.clone()) {
                panic!("{name} is described in {} and in {}", other.display(), path.display());
            }
        }
    }
    assert!(described.len() > 50, "{} types are not all", described.len());
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What is wrong with one file, as `path:line: text`; `path` is relative to the repository.
fn check(path: &str, source: &str) -> Vec<String> {
    let code = tokens(source);
    let mut violations = Vec::new();
    let lines = source.lines().count();
    if lines > MAX_LINES {
        violations.push(format!("{path}: {lines} lines, at most {MAX_LINES}: one idea a file"));
    }
    for words in BANNED {
        for at in
            code.windows(words.len()).filter(|at| at.iter().zip(*words).all(|(a, b)| a.text == *b))
        {
            violations.push(format!("{path}:{}: `{}` is not for here", at[0].line, words.concat()));
        }
    }
    let Some(inside) = path.strip_prefix("src/").filter(|inside| *inside != "lib.rs") else {
        return violations;
    };
    let room = inside.trim_end_matches(".rs").split('/').next().unwrap_or_default();
    for (line, other) in arrows(&code, depth(inside)) {
        if let Err(why) = may_import(room, &other) {
            violations.push(format!("{path}:{line}: {room} → {other}: {why}"));
        }
    }
    for (name, rooms) in CRATES.iter().filter(|(_, rooms)| !rooms.contains(&room)) {
        for token in code.iter().filter(|token| token.text == *name) {
            violations.push(format!(
                "{path}:{}: only {} may name {name}",
                token.line,
                rooms.join(", ")
            ));
        }
    }
    violations
}

fn may_import(room: &str, other: &str) -> Result<(), String> {
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return Err(format!("{room} has no row in the table of tests/architecture.rs"));
    };
    let logs = other == FOR_EVERYBODY && !PURE.contains(&room);
    if room == other || logs || other == DESCRIPTIONS || allowed.contains(&other) {
        return Ok(());
    }
    Err(format!(
        "{room} may import {}",
        if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") }
    ))
}

/// How many modules below the crate's root a file of `src/` is: `http/mod.rs` 1, `http/live/page.rs` 3.
fn depth(inside: &str) -> usize {
    let parts = inside.split('/').count();
    if inside.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The top-level modules that code names, by line: after `crate::`, `frontdesk::`, or as many `super::`
/// as lead to the crate's root.
fn arrows(code: &[Token], depth: usize) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // For each open brace, whether it opened a module.
    let mut braces: Vec<bool> = Vec::new();
    let mut at = 0;
    let text = |at: usize| code.get(at).map_or("", |token| token.text.as_str());
    while at < code.len() {
        let mut root = None;
        match text(at) {
            "{" => braces.push(at >= 2 && text(at - 2) == "mod"),
            "}" => _ = braces.pop(),
            "crate" | "frontdesk" if text(at + 1) == "::" => root = Some(at + 2),
            "super" => {
                let mut up = 1;
                while text(at + 1) == "::" && text(at + 2) == "super" {
                    up += 1;
                    at += 2;
                }
                let here = depth + braces.iter().filter(|module| **module).count();
                if up >= here && text(at + 1) == "::" {
                    root = Some(at + 2);
                }
            }
            _ => {}
        }
        if let Some(first) = root {
            names_at(code, first, &mut found);
        }
        at += 1;
    }
    found
}

/// The first names of a use tree that begins at `first`: one name, `*`, or a group of trees.
fn names_at(code: &[Token], first: usize, found: &mut Vec<(usize, String)>) {
    let Some(token) = code.get(first) else { return };
    if token.text != "{" {
        found.push((token.line, token.text.clone()));
        return;
    }
    let mut open = 1;
    let mut starts = true;
    for token in &code[first + 1..] {
        match token.text.as_str() {
            "{" => open += 1,
            "}" => open -= 1,
            "," if open == 1 => starts = true,
            _ if open == 1 && starts => {
                found.push((token.line, token.text.clone()));
                starts = false;
            }
            _ => {}
        }
        if open == 0 {
            return;
        }
    }
}

mod the_checker {
    use super::*;

    fn is_refused(path: &str, source: &str, expected: &str) {
        let violations = check(path, source);
        assert!(
            violations.iter().any(|text| text.contains(expected)),
            "{path}: {source}: {violations:?}"
        );
    }

    fn is_fine(path: &str, source: &str) {
        assert_eq!(check(path, source), Vec::<String>::new(), "{path}: {source}");
    }

    #[test]
    fn finds_an_arrow_that_is_not_in_the_table() {
        is_refused(
            "src/domain/call.rs",
            "\nuse crate::store::Table;",
            "src/domain/call.rs:2: domain → store",
        );
        is_refused("src/http/queue.rs", "fn f() { crate::store::open(); }", "http → store");
        is_refused("src/http/queue.rs", "use crate::ingest::calls;", "http → ingest");
        is_refused("src/ingest/calls.rs", "use crate::workers;", "ingest → workers");
        is_refused("src/engine/mod.rs", "pub(crate) use crate::http::Answer;", "engine → http");
        is_refused("src/main.rs", "fn main() { frontdesk::app::serve() }", "main → app");
        is_refused("src/domain/call.rs", "use crate::telemetry;", "domain → telemetry");
        is_refused("src/kitchen.rs", "use crate::domain::time;", "kitchen has no row");
    }

    #[test]
    fn looks_inside_braces_and_at_globs() {
        let group = "use crate::{domain::{call, store}, engine::Engine, store};";
        assert_eq!(check("src/http/a.rs", group).len(), 1);
        is_refused("src/http/a.rs", group, "http → store");
        is_refused(
            "src/engine/a.rs",
            "use crate::{\n  domain::time::Micros,\n  app,\n};",
            "a.rs:3: engine → app",
        );
        is_refused("src/engine/a.rs", "use crate::*;", "engine → *");
        is_fine("src/http/a.rs", "use crate::{domain::{call, store}, engine::Engine};");
    }

    #[test]
    fn follows_super_to_the_root() {
        is_refused("src/http/mod.rs", "use super::store::Table;", "http → store");
        is_refused("src/http/live/page.rs", "use super::super::super::store;", "http → store");
        is_refused("src/app.rs", "mod tests { use super::super::cli; }", "app → cli");
        is_fine("src/http/live/page.rs", "use super::super::store;");
        is_fine(
            "src/http/mod.rs",
            "mod tests { use super::store; fn f() { if x { super::y() } } }",
        );
        is_fine("src/http/mod.rs", "pub(super) fn f() {}");
    }

    #[test]
    fn lets_the_table_pass() {
        is_fine(
            "src/cli/verify.rs",
            "use crate::store::verify;\nuse crate::{app, config::Config};",
        );
        is_fine("src/engine/mod.rs", "use crate::telemetry::Meter;\nuse crate::engine::index;");
        is_fine("src/lib.rs", "pub mod store; pub use crate::store::Table;");
        is_fine(
            "src/domain/call.rs",
            "/// Kept by [`crate::store`].\nconst A: &str = \"crate::store\";",
        );
        is_fine("tests/calls.rs", "use frontdesk::store::Table;");
    }

    #[test]
    fn keeps_crates_to_their_rooms() {
        is_refused("src/engine/mod.rs", "use redb::Database;", "only store, bench may name redb");
        is_refused(
            "src/engine/mod.rs",
            "fn f(x: axum::Router) {}",
            "only http, ingest, web, app, bench, routes may name axum",
        );
        is_fine("src/store/mod.rs", "use redb::Database;");
        is_fine("src/app.rs", "use axum::Router;");
        is_fine("src/engine/mod.rs", "// redb commits after this\n");
    }

    #[test]
    fn finds_unfinished_work_and_long_files() {
        is_refused("src/app.rs", "fn f() { todo!() }", "src/app.rs:1: `todo!`");
        is_refused("src/app.rs", "fn f() { unimplemented!() }", "`unimplemented!`");
        is_refused("src/app.rs", "fn f() { dbg!(1); }", "`dbg!`");
        is_refused(
            "tests/calls.rs",
            "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
            "tests/calls.rs:2: `#[ignore`",
        );
        is_refused("src/app.rs", "#[allow(dead_code)]\nfn f() {}", "`allow(dead_code`");
        is_refused("src/app.rs", &"\n".repeat(501), "501 lines");
        is_fine("src/app.rs", &"// todo!\n".repeat(500));
    }
}
