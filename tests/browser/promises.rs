//! What was promised, as agents and supervisors see it: clocks that count down, turn, and lead to the tickets.

use std::fs;

use crate::driver::Driver;
use crate::{Place, connected, faketime};

/// No rule makes the ticket urgent meanwhile; what tells of a time server is always there.
const CONFIG: &str = "[clock]\nsynchronized_files = [\"/dev/null\"]\n[automation]\noff = [\"unanswered_urgent\", \"sla_at_risk\"]\n";

/// S3.10, S3.12
#[test]
fn a_promise_counts_down_is_at_risk_and_turns_to_broken_before_the_agents_eyes() {
    let Some(driver) = Driver::start() else { return };
    let Some((daemon, clock)) = faketime::daemon(CONFIG) else { return };
    let place = Place::on(daemon);
    let email = place.person("Dewi", "supervisor");
    let ticket = place.writes("628111222333", "Budi", "ONE", "Halo?");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/tickets/{ticket}", place.url));
    connected(&browser);
    browser.until("eight hours", "/^7:59:/.test(document.querySelector('.sla-on_track[data-target=first_response] .sla-left')?.textContent)");
    browser.script("window.before = document.querySelector('.sla-left').textContent");
    browser.until("it counts", "document.querySelector('.sla-left').textContent < window.before");
    // The daemon tells; nothing is loaded again.
    browser.script("window.same = true");
    fs::write(&clock, "+7h").expect("a file");
    browser.until(
        "at risk",
        "document.querySelector('.promise .sla-at_risk[data-target=first_response]')",
    );
    browser.until("in the list, too", "document.querySelector('.row .row-late.sla-at_risk')");
    assert_eq!(browser.script("return window.same"), true);
    // The page turns it by itself: it knows how long is left.
    fs::write(&clock, "+28775").expect("a file");
    browser.go(&format!("{}/tickets/{ticket}", place.url));
    browser.until(
        "some seconds",
        "/^0:[0-2]/.test(document.querySelector('.sla-at_risk .sla-left')?.textContent)",
    );
    browser.until("broken", "document.querySelector('.sla-breached[data-target=first_response] .sla-left')?.textContent.startsWith('−')");
    browser.until("in the list, too", "document.querySelector('.row .row-late.sla-breached')");
    browser.picture("promise-breached");
    browser.go(&format!("{}/home", place.url));
    browser.click("a.tile[href*='sla=breached']");
    browser.until("the ticket", &format!("document.querySelector(\"[data-key='{ticket}']\")"));
    assert_eq!(browser.faults(), Vec::<String>::new());
}
