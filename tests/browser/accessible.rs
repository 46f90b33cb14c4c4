//! axe-core (from npm, kept in `target/interop`) looks at a page. Needs `npm` and, once, the network; says so where
//! they are missing.

use std::path::Path;
use std::process::Command;

use crate::driver::Browser;

const PACKAGE: &str = "axe-core@4.10.3";

/// Its code; none where it cannot be had.
pub fn axe() -> Option<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/interop/axe");
    let file = dir.join("node_modules/axe-core/axe.min.js");
    if !file.exists() {
        std::fs::create_dir_all(&dir).expect("a directory");
        let quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
        let made =
            Command::new("npm").args(["install", PACKAGE]).args(quiet).current_dir(&dir).output();
        if !made.as_ref().is_ok_and(|made| made.status.success()) {
            eprintln!("skipped: {PACKAGE} cannot be had here: {made:?}");
            return None;
        }
    }
    Some(std::fs::read_to_string(file).expect("axe-core"))
}

/// Fails on anything serious: what keeps somebody from using the page.
pub fn check(browser: &Browser, axe: &str, page: &str) {
    browser.script(axe);
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
            .then((found) => done(found.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
                .map((v) => [v.id, v.nodes.slice(0, 4).map((n) => n.target.join(' ') + ' ' + n.any.map((a) => a.message).join('; '))])), (e) => done(String(e)));";
    let found = browser.async_script(run);
    assert_eq!(found, serde_json::json!([]), "{page}");
}
