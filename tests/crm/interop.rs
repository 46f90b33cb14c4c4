//! The libraries that the protocols' makers publish, against us: the `openai` package's types read what we serve and make
//! what we take, and the official MCP client lists and calls the tools.

use std::path::Path;
use std::process::Command;

use crate::python::{programs, sources};
use crate::{ANA, Centre};

/// What a script tells that goes well.
fn told(programs: &Path, script: &Path, arguments: &[&str]) -> Vec<String> {
    let ran = Command::new(programs.join("python"))
        .arg(script)
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let lines = String::from_utf8(ran.stdout).expect("lines");
    lines.lines().map(str::to_owned).collect()
}

#[test]
fn the_openai_packages_types_are_ours() {
    let Some(programs) = programs("openai") else { return };
    let centre = Centre::open("");
    let script = sources("openai").join("tools.py");
    let said = told(&programs, &script, &[centre.desk.daemon.address(), &centre.assistant, ANA]);
    assert_eq!(said, ["assistants ok", "responses ok", "chat ok"]);
}

#[test]
fn the_official_mcp_client_lists_and_calls_the_tools() {
    let Some(programs) = programs("mcp") else { return };
    let centre = Centre::open("");
    let script = sources("mcp").join("client.py");
    let address = centre.desk.daemon.address();
    let said = told(&programs, &script, &[address, &centre.assistant, ANA]);
    assert_eq!(said, ["create_ticket_report get_ticket_information", "made", "new"]);
    let said = told(&programs, &script, &[address, &centre.agent, ANA]);
    assert_eq!(said[0], "create_ticket_report get_ticket_information read_ticket search_tickets");
}
