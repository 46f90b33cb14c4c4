//! The libraries that the protocols' makers publish, against us: the `openai` package's types read what we serve and make
//! what we take, and the official MCP client lists and calls the tools.
//!
//! Needs python3 with `venv`, and once the package index; elsewhere the tests say that they are skipped. The libraries are
//! kept in `target/interop`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{ANA, Centre};

/// The folder of a library's script and the versions that it wants.
fn folder(name: &str) -> String {
    format!("{}/tests/interop/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A python that has what this folder's requirements name; none, and a word on why, where it cannot be had.
fn python(name: &str) -> Option<PathBuf> {
    let requirements = format!("{}/requirements.txt", folder(name));
    let pinned = std::fs::read_to_string(&requirements).expect("a file");
    let pinned = pinned.trim();
    let version = pinned.rsplit('=').next().expect("a version");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target");
    let venv = target.join(format!("interop/{name}-{version}"));
    let (python, done) = (venv.join("bin/python"), venv.join("complete"));
    if done.exists() {
        return Some(python);
    }
    let makes = [
        Command::new("python3").arg("-m").arg("venv").arg("--clear").arg(&venv).output(),
        Command::new(&python).args(["-m", "pip", "install", "--quiet", pinned]).output(),
    ];
    for made in makes {
        match made {
            Ok(made) if made.status.success() => {}
            Ok(made) => {
                let why = String::from_utf8_lossy(&made.stderr).trim().to_owned();
                eprintln!("skipped: {pinned} cannot be installed here: {why}");
                return None;
            }
            Err(why) => {
                eprintln!("skipped: there is no python3: {why}");
                return None;
            }
        }
    }
    std::fs::write(done, "").expect("a mark");
    Some(python)
}

/// What a script tells that goes well.
fn told(python: &Path, script: &str, arguments: &[&str]) -> Vec<String> {
    let ran = Command::new(python).arg(script).args(arguments).output().expect("it runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let lines = String::from_utf8(ran.stdout).expect("lines");
    lines.lines().map(str::to_owned).collect()
}

#[test]
fn the_openai_packages_types_are_ours() {
    let Some(python) = python("openai") else { return };
    let centre = Centre::open("");
    let script = format!("{}/tools.py", folder("openai"));
    let said = told(&python, &script, &[centre.desk.daemon.address(), &centre.assistant, ANA]);
    assert_eq!(said, ["assistants ok", "responses ok", "chat ok"]);
}

#[test]
fn the_official_mcp_client_lists_and_calls_the_tools() {
    let Some(python) = python("mcp") else { return };
    let centre = Centre::open("");
    let script = format!("{}/client.py", folder("mcp"));
    let address = centre.desk.daemon.address();
    let said = told(&python, &script, &[address, &centre.assistant, ANA]);
    assert_eq!(said, ["create_ticket_report get_ticket_information", "made", "new"]);
    let said = told(&python, &script, &[address, &centre.agent, ANA]);
    assert_eq!(said[0], "create_ticket_report get_ticket_information read_ticket search_tickets");
}
