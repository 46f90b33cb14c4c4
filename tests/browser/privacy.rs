//! What admins do for privacy: find somebody, give out what is held of them, erase them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::driver::{Browser, Driver};
use crate::{PASSWORD, Place};

/// Answers the question of the dialog that is open.
fn answers(browser: &Browser, password: &str) {
    browser.write("dialog #reason", "Letter 17");
    browser.write("dialog #password", password);
    browser.click("dialog button.primary");
}

/// S0.51
#[test]
fn a_person_is_found_given_out_as_a_file_and_erased_after_typing_their_name() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Ada", "admin");
    let ticket = place.writes("628111222001", "Sari <b>W</b>", "ONE", "My refund is late");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/admin/privacy", place.url));
    browser.write("#who", "+1 555 0100 999");
    browser.click(".privacy-search button.primary");
    browser.sees(".privacy-search .form-error", "nobody is known by this");
    browser.script("document.querySelector('#who').value = ''");
    browser.write("#who", "+62 811-1222-001");
    browser.click(".privacy-search button.primary");
    browser.sees(".privacy-found h2", "Sari <b>W</b>");
    browser.sees(".privacy-tickets", &format!("#{ticket}"));
    assert_eq!(browser.script("return location.search"), "", "nobody is named in an address");

    browser.script("window.given = null; const make = URL.createObjectURL; URL.createObjectURL = (blob) => { void blob.text().then((text) => { window.given = text; }); return make.call(URL, blob); }");
    browser.click("[data-act=export]");
    answers(&browser, "not the password");
    browser.sees("dialog #password-error", "is not your password");
    browser.script("document.querySelector('dialog #password').value = ''");
    browser.write("dialog #password", PASSWORD);
    browser.click("dialog button.primary");
    let given = browser.until("the file", "window.given");
    let given: Value = serde_json::from_str(given.as_str().unwrap_or_default()).expect("JSON");
    assert_eq!(given["tickets"][0]["timeline"][0]["body"], "My refund is late");
    browser.sees(".admin-table", "Given out");

    browser.click("[data-act=erase]");
    browser.until("not yet", "document.querySelector('dialog button.danger')?.disabled");
    browser.write("dialog #confirm", "Sari <b>W</b>");
    answers(&browser, PASSWORD);
    browser.sees(".privacy-found", "Erased");
    browser.sees(".admin-table td", "Erased");
    let rows = place.call(&place.admin, "GET", "/api/privacy/deeds", &Value::Null);
    let last = &rows["deeds"][0];
    assert_eq!((&last["by"], &last["reason"]), (&json!("Ada"), &json!("Letter 17")));
    let path = format!("/api/tickets/{ticket}");
    let until = Instant::now() + Duration::from_secs(30);
    while place.call(&place.admin, "GET", &path, &Value::Null)["requester_name"] != Value::Null {
        assert!(Instant::now() < until, "nothing is left of them");
    }
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn the_page_of_updates_shows_what_runs_and_how_a_package_is_put_in() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Ada", "admin");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/admin/system", place.url));
    browser.click(".admin-nav a[href='/admin/updates']");
    browser.sees(".figure", env!("CARGO_PKG_VERSION"));
    browser.sees(".copy-lines", "sudo dpkg -i frontdesk_");
    browser.sees(".updates-part", "no upgrade has changed");
    assert_eq!(browser.faults(), Vec::<String>::new());
}
