//! One's own account, and what else can be undone or cannot.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::authenticator::App;
use crate::driver::{Browser, Driver};
use crate::list::choose;
use crate::{PASSWORD, Place, accessible, connected, npm};

const ANOTHER: &str = "staple battery horse correct";

#[test]
fn a_person_sets_up_a_second_factor_ends_another_session_and_takes_another_password() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "agent");
    let (browser, other) = (driver.browser(), driver.browser());
    place.enter(&other, &email);
    place.enter(&browser, &email);
    browser.click(".rail-item.me");
    choose(&browser, "Your account");
    browser
        .until("both sessions", "document.querySelectorAll('.account-sessions li').length === 2");
    browser.picture("account-1440-light");
    if let Some(axe) = accessible::axe() {
        accessible::check(&browser, &axe, "account");
    }
    browser.click("[data-act=end-others]");
    browser.click("dialog button.primary");
    browser.until("this one", "document.querySelectorAll('.account-sessions li').length === 1");
    other.go(&format!("{}/tickets", place.url));
    other.until("the login", "location.pathname === '/login'");

    browser.click("[data-act=second-on]");
    browser.write("dialog #password", "not the password");
    browser.click("dialog button.primary");
    browser.until("a word", "document.querySelector('dialog .field-error:not([hidden]), dialog .form-error:not([hidden])')?.textContent");
    browser.script("document.querySelector('dialog #password').value = ''");
    browser.write("dialog #password", PASSWORD);
    browser.click("dialog button.primary");
    let secret = browser.until("a key", "document.querySelector('dialog .copy-text')?.textContent");
    scanned(&browser, secret.as_str().expect("a key"));
    let mut app = App::of(secret.as_str().expect("a key"));
    browser.write("dialog #code", &app.next());
    browser.click("dialog button.primary");
    browser.sees("dialog h2", "Recovery codes");
    browser.click("dialog header button");
    browser.sees(".account-state", "On");

    browser.write("#current", PASSWORD);
    browser.write("#new", ANOTHER);
    browser.click(".account-part form button.primary");
    browser.sees(".toast", "The new password is kept");
    other.go(&format!("{}/login", place.url));
    other.write("#email", &email);
    other.write("#password", ANOTHER);
    other.click("form button.primary");
    other.write("#totp", &app.next());
    other.click("form button.primary");
    other.until("the workspace", "document.querySelector('.workspace')");
    assert_eq!(browser.faults(), Vec::<String>::new());
}

/// A reader of another's finds the key in the picture, and it stands in no address.
fn scanned(browser: &Browser, secret: &str) {
    browser.picture("account-second-factor-1440-light");
    let address =
        browser.script("return location.href + document.querySelector('dialog').innerHTML");
    let address = address.as_str().unwrap_or_default();
    let shown = address.split_once("class=\"qr\"").map(|(_, picture)| picture);
    assert!(shown.is_some_and(|picture| !picture.contains("http:")), "it is drawn here");
    assert_eq!(address.split('<').next().map(|url| url.contains(secret)), Some(false));
    let Some(reader) = npm::code("jsqr@1.4.0", "dist/jsQR.js") else { return };
    let read = browser.script(&format!(
        "{reader}; const scale = 4, size = Number(document.querySelector('.qr').getAttribute('viewBox').split(' ')[2]) * scale;
        const pixels = new Uint8ClampedArray(size * size * 4).fill(255);
        for (const [, x, y] of document.querySelector('.qr path[fill=\"#000\"]').getAttribute('d').matchAll(/M(\\d+),(\\d+)h1/g))
            for (let at = 0; at < scale * scale; at++)
                pixels.fill(0, 4 * ((y * scale + Math.floor(at / scale)) * size + x * scale + at % scale), 4 * ((y * scale + Math.floor(at / scale)) * size + x * scale + at % scale) + 3);
        return self.jsQR(pixels, size, size)?.data ?? null"
    ));
    let read = read.as_str().unwrap_or_default();
    assert!(read.starts_with("otpauth://totp/frontdesk:") && read.contains(secret), "{read}");
}

/// Presses what a toast offers to take back.
fn undo(browser: &Browser, told: &str) {
    browser.sees(".toast", told);
    browser.script(&format!("[...document.querySelectorAll('.toast')].find((e) => e.innerText.includes({})).querySelector('.link').click()", json!(told)));
}

#[test]
fn what_was_done_to_a_ticket_is_undone_and_a_deleted_one_comes_back() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Ada", "admin");
    let ticket = place.writes("628111222333", "Budi", "ONE", "My refund of order 4711 is late");
    let alike = place.writes("628111222334", "Sari", "ONE", "The refund of order 4711 never came");
    let read = || place.call(&place.admin, "GET", &format!("/api/tickets/{ticket}"), &Value::Null);
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/tickets/{ticket}?view=all", place.url));
    connected(&browser);
    browser.click("[data-act=claim]");
    undo(&browser, "is yours");
    browser.until("nobody's again", "document.querySelector('[data-act=claim]')");
    // The page shows it before the daemon has answered.
    let until = Instant::now() + Duration::from_secs(30);
    while read()["assignee_id"] != Value::Null {
        assert!(Instant::now() < until, "{}", read());
    }
    browser.click("[data-act=more]");
    choose(&browser, "Put on hold");
    browser.sees(".ticket-values .badge", "On hold");
    undo(&browser, "On hold");
    browser.until("it goes on", "![...document.querySelectorAll('.ticket-values .badge')].some((e) => e.innerText.includes('On hold'))");
    browser.click("#tab-related");
    browser.sees("[data-alike]", &format!("#{alike}"));
    browser.click("#tab-conversation");
    browser.click("[data-act=more]");
    choose(&browser, "Delete the ticket");
    browser.click("dialog button.primary");
    undo(&browser, "is deleted");
    // The page may show it from before.
    let asked = format!(
        "(() => {{ const asked = new XMLHttpRequest(); asked.open('GET', '/api/tickets/{ticket}', false); asked.send(); return asked.status === 200; }})()"
    );
    browser.until("it is back", &asked);
    browser.sees(".entry .words", "My refund of order 4711");
    assert_eq!(read()["deleted_at"], Value::Null);

    // A note is reworded; the person is erased, and nothing of them is left.
    let agent = json!({"body": "Ask finance", "is_internal": true});
    place.call(&place.admin, "POST", &format!("/api/tickets/{ticket}/comments"), &agent);
    browser.sees(".entry.note", "Ask finance");
    browser.script("document.querySelector('.entry.note .entry-acts .link').click()");
    browser.until("the words", "document.querySelector('#ask')?.value === 'Ask finance'");
    browser.script("document.querySelector('#ask').value = 'Finance was asked'");
    browser.click("dialog button.primary");
    browser.sees(".entry.note .words", "Finance was asked");
    browser.go(&format!("{}/contacts/{}", place.url, read()["contact_id"]));
    browser.click("[data-act=erase]");
    browser.until("not yet", "document.querySelector('dialog button.danger')?.disabled");
    browser.write("dialog #called", "Budi");
    browser.click("dialog button.danger");
    browser.until("the list", "location.pathname === '/contacts'");
    browser.until("gone", "!document.querySelector('.contact-rows').innerText.includes('Budi')");
    assert_eq!(read()["requester_name"], Value::Null);
    assert_eq!(browser.faults(), Vec::<String>::new());
}
