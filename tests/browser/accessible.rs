//! axe-core (from npm) looks at a page.

use crate::driver::Browser;
use crate::npm;

/// Its code; none where it cannot be had.
pub fn axe() -> Option<String> {
    npm::code("axe-core@4.10.3", "axe.min.js")
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
