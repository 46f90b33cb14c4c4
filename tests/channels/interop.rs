//! Messages that the real Baileys library builds come out as it means them. Needs `node`, `npm` and, the first
//! time, the network; says so where they are missing. The library goes into `target/interop`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::timeline;
use crate::bridge::{Desk, rows, word};

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/baileys")
}

fn run(program: &str, args: &[&str], dir: &Path) -> Result<Output, String> {
    let ran = Command::new(program).args(args).current_dir(dir).output();
    let output = ran.map_err(|e| format!("{program}: {e}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} {}: {}", args.join(" "), told.chars().take(500).collect::<String>()))
}

/// The directory in which the library of the pinned version is installed, with the script beside it.
fn installed() -> Result<PathBuf, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop/baileys");
    let copy = |name: &str| {
        std::fs::create_dir_all(&dir)?;
        let wanted = std::fs::read(scripts().join(name))?;
        let known = std::fs::read(dir.join(name)).ok();
        if known.as_ref() != Some(&wanted) {
            std::fs::write(dir.join(name), &wanted)?;
        }
        Ok(known.as_ref() == Some(&wanted))
    };
    let told = |e: std::io::Error| format!("{}: {e}", dir.display());
    let same_version = copy("package.json").map_err(told)?;
    copy("deliveries.mjs").map_err(told)?;
    if !same_version || !dir.join("installed").exists() {
        run("node", &["--version"], &dir)?;
        let quiet =
            ["--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund", "--no-package-lock"];
        run("npm", &[&["install"], &quiet[..]].concat(), &dir)?;
        std::fs::write(dir.join("installed"), "").map_err(told)?;
    }
    Ok(dir)
}

#[test]
fn what_baileys_builds_comes_out_as_it_means_it() {
    let made = installed().and_then(|dir| run("node", &["deliveries.mjs"], &dir));
    let made = match made {
        Ok(made) => made.stdout,
        Err(why) => return eprintln!("skipped: the Baileys library cannot be had here: {why}"),
    };
    let desk = Desk::open("");
    let mut wanted = Vec::new();
    for line in String::from_utf8(made).expect("JSON lines").lines() {
        let made: Value = serde_json::from_str(line).expect("JSON");
        let told = desk.deliver(&made["body"]);
        assert_eq!(told.len(), 1, "{line}");
        assert_eq!(told[0]["ticket"], 1001, "{line}: {told:?}");
        match &made["expect"]["change"] {
            Value::Null => wanted.push(made["expect"].clone()),
            change => assert_eq!(told[0]["change"], *change, "{line}"),
        }
    }
    let entries = timeline(&desk, 1001);
    assert_eq!(entries.len(), wanted.len());
    assert!(wanted.len() >= 11, "{wanted:?}");
    for (entry, wanted) in entries.iter().zip(&wanted) {
        assert_eq!(entry["body"], wanted["body"]);
        assert_eq!(entry["speaker"], "user");
        assert_eq!(entry["author"], "Budi");
        if wanted["kind"].is_string() {
            assert_eq!(entry["attachment"]["kind"], wanted["kind"], "{entry}");
        }
        if wanted["bytes"].is_u64() {
            assert_eq!(entry["attachment"]["bytes"], wanted["bytes"], "{entry}");
        }
        if wanted["quoted"].is_string() {
            assert_eq!(entry["quoted"]["provider_id"], wanted["quoted"], "{entry}");
        }
        if wanted["revisions"].is_array() {
            let earlier =
                rows(entry, "revisions").iter().map(|one| word(&one["body"])).collect::<Vec<_>>();
            assert_eq!(Value::from(earlier), wanted["revisions"]);
        }
    }
    assert_eq!(rows(&entries[0], "reactions")[0]["emoji"], "👍");
}
