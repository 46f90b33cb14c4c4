//! The contact page, files that go along, what admins look after.

use serde_json::{Value, json};

use crate::Place;
use crate::driver::Driver;

/// S2.37, S2.43 to S2.45
#[test]
fn from_a_ticket_to_its_customer_and_to_a_new_ticket_of_theirs() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    let hostile = "<img src=x onerror=window.pwned=1>";
    let ticket = place.writes("628111222001", "Sari", "A1", "Where is my order?");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/tickets/{ticket}", place.url));
    browser.click(".person-link");
    browser.sees(".contact-top", "Sari");
    browser.sees(".contact-body", "Where is my order?");
    let id = browser.script("return Number(location.pathname.split('/')[2])");
    let changes = json!({"notes": hostile, "attributes": {"plan": hostile}, "tags": [hostile], "vip": true, "name": hostile});
    place.call(&place.admin, "PATCH", &format!("/api/contacts/{id}"), &changes);
    browser.go(&format!("{}/contacts/{id}", place.url));
    browser.sees(".contact-facts", hostile);
    browser.click("#contact-tab-timeline");
    browser.sees(".said", "Where is my order?");
    browser.click(".chat-mode .switch");
    browser.sees(".toast", "answer");
    browser.picture("contact-1440-light");
    browser.click(".contact-actions button.primary");
    browser.write("#subject", "Second order");
    browser.write("#create-description", "They called about another one.");
    let filled = browser.script("return [document.querySelector('#requester_phone').value, document.querySelector('#create-priority').value]");
    assert_eq!(filled, json!(["628111222001", "medium"]));
    browser.picture("create-1440-light");
    browser.click("dialog button.primary");
    browser.sees(".ticket-title", "Second order");
    assert_eq!(browser.script("return window.pwned ?? null"), json!(null));
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn a_file_goes_along_with_a_note_and_is_shown() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "agent");
    let ticket = place.writes("628111222001", "Sari", "A1", "Hello");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/tickets/{ticket}", place.url));
    browser.sees(".entry", "Hello");
    browser.sees("#reply-hint", "Goes to");
    browser.click("[data-internal=true]");
    browser.sees("#reply-hint", "Stays inside");
    // As if it were dropped: no dialog of the system is in the way.
    browser.script("const t = new DataTransfer(); t.items.add(new File(['one'], '<b>bill.txt', { type: 'text/plain' })); document.querySelector('.composer').dispatchEvent(new DragEvent('drop', { dataTransfer: t, bubbles: true, cancelable: true }))");
    browser.until(
        "it is there",
        "document.querySelector('.file-chip') && !document.querySelector('.file-chip progress')",
    );
    browser.write("#reply", "See the bill");
    browser.click(".composer button[type=submit]");
    browser.until(
        "the file",
        "document.querySelector('.entry.note a.attachment')?.innerText.includes('bill')",
    );
    let shown = place.call(
        &place.admin,
        "GET",
        &format!("/api/tickets/{ticket}/attachments"),
        &Value::Null,
    );
    assert_eq!(shown["attachments"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn an_admin_makes_a_token_and_sees_the_box() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Ada", "admin");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.click(".rail a[href='/admin']");
    browser.sees(".admin-table", "Ada");
    browser.click(".admin-nav a[href='/admin/tokens']");
    browser.sees("h1", "Tokens");
    browser.click(".admin-head button.primary");
    browser.write("#name", "bridge-9");
    browser.click("dialog button.primary");
    browser
        .until("the secret", "document.querySelector('dialog .copy-text')?.innerText.length > 20");
    browser.click("dialog header button");
    browser.sees(".admin-table", "bridge-9");
    browser.click(".admin-nav a[href='/admin/channels']");
    browser.sees("[data-door=baileys]", "Nothing came yet");
    place.writes("628111222001", "Sari", "A1", "Hello");
    browser.sees("[data-door=baileys]", "Last");
    for section in ["categories", "canned", "sla", "webhooks", "audit", "system"] {
        browser.click(&format!(".admin-nav a[href='/admin/{section}']"));
        browser.until(section, "!document.querySelector('.admin-main .hint') || document.querySelector('.admin-main .hint').innerText !== 'Loading…'");
        browser.picture(&format!("admin-{section}-1440-light"));
    }
    assert_eq!(browser.faults(), Vec::<String>::new());
}
