//! Signatures, verified by the library that the scheme's makers publish for another language. Needs `node`, `npm` and, the
//! first time, the network; says so where they are missing. The library goes into `target/interop`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::desk::{Desk, word};
use crate::receiver::{Got, Receiver};
use crate::webhooks::{LOCAL, PATH, subscribed};

fn run(program: &str, args: &[&str], dir: &Path, input: &str) -> Result<Output, String> {
    let told = |e: std::io::Error| format!("{program}: {e}");
    let mut child = Command::new(program)
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(told)?;
    // What it does not read of this it does not need.
    let _ = child.stdin.take().expect("its stdin").write_all(input.as_bytes());
    let output = child.wait_with_output().map_err(told)?;
    if output.status.success() {
        return Ok(output);
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program} {}: {}", args.join(" "), why.chars().take(500).collect::<String>()))
}

/// The directory in which the library is installed, with the script beside it.
fn installed() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = root.join("target/interop/webhooks");
    let copy = |name: &str| {
        std::fs::create_dir_all(&dir)?;
        std::fs::copy(root.join("tests/interop/webhooks").join(name), dir.join(name))
    };
    let told = |e: std::io::Error| format!("{}: {e}", dir.display());
    copy("package.json").and_then(|_| copy("verify.mjs")).map_err(told)?;
    if !dir.join("node_modules/standardwebhooks").exists() {
        run("node", &["--version"], &dir, "")?;
        let args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
        run("npm", &args, &dir, "")?;
    }
    Ok(dir)
}

fn line(secret: &Value, got: &Got, body: &str) -> String {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!(got.header(name)))).collect();
    json!({"secret": secret, "headers": headers, "body": body}).to_string()
}

#[test]
fn another_languages_library_verifies_what_we_sign() {
    let dir = match installed() {
        Ok(dir) => dir,
        Err(why) => {
            return eprintln!("skipped: the standardwebhooks library cannot be had here: {why}");
        }
    };
    let desk = Desk::open(LOCAL);
    let receiver = Receiver::start();
    let made = subscribed(&desk, &receiver, &["ticket.created"]);
    desk.ticket("Grüße, \"quoted\" 😀");
    let rotated = desk.does("POST", &format!("{PATH}/{}/secret", made["id"]), &Value::Null, 200);
    receiver.waits_for(1);
    desk.ticket("another");
    let got = receiver.waits_for(2);
    let (old, new) = (&made["secret"], &rotated["secret"]);
    let other = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let lines = [
        line(old, &got[0], &got[0].body),
        line(old, &got[1], &got[1].body),
        line(new, &got[1], &got[1].body),
        line(&other, &got[1], &got[1].body),
        line(new, &got[1], &got[1].body.replace("another", "Another")),
    ];
    let told = run("node", &["verify.mjs"], &dir, &(lines.join("\n") + "\n")).expect("node runs");
    let told = String::from_utf8(told.stdout).expect("JSON lines");
    let told: Vec<Value> = told.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    for good in &told[..3] {
        assert_eq!(word(&good["event"]), "ticket.created", "{told:?}");
    }
    for bad in &told[3..] {
        assert_eq!(word(&bad["error"]), "WebhookVerificationError", "{told:?}");
    }
}
