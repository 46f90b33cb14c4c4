//! Customers on their phones: asking, looking, replying, rating, with nothing but a link (S3.40 to S3.44).

use serde_json::{Value, json};

use crate::Place;
use crate::driver::Driver;

#[test]
fn a_customer_asks_is_answered_and_rates_on_a_phone() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("[desk]\nname = \"Meridian\"\ncolor = \"#0b6b3a\"\n");
    let browser = driver.browser();
    browser.size(360, 740);
    browser.go(&format!("{}/portal", place.url));
    browser.sees(".brand", "Meridian");
    browser.write("#requester_name", "Ana <b>Pérez</b>");
    browser.write("#requester_email", "ana@example.org");
    browser.write("#subject", "<img src=x onerror=window.pwned=1>");
    browser.write("#description", "My invoice is wrong.");
    browser.picture("portal-ask-360-light");
    browser.click("form button.primary");
    browser.sees(".portal-said.own", "My invoice is wrong.");
    let kept = browser.script("return [location.pathname.startsWith('/portal/tickets/'), location.hash.length > 20, location.search]");
    assert_eq!(kept, json!([true, true, ""]), "the token stands behind the #");
    let agent = place.daemon.token("agent");
    place.call(&agent, "POST", "/api/tickets/1001/claim", &json!({}));
    let comment = json!({"body": "Which invoice?", "is_internal": false});
    place.call(&agent, "POST", "/api/tickets/1001/comments", &comment);
    let note = json!({"body": "odd customer", "is_internal": true});
    place.call(&agent, "POST", "/api/tickets/1001/comments", &note);
    let address = browser.script("return location.href");
    browser.go("about:blank");
    browser.go(address.as_str().expect("an address"));
    browser.sees(".portal-said", "Which invoice?");
    browser.write("#body", "The one of May");
    browser.click(".portal-below form button.primary");
    browser.sees(".portal-said.own", "The one of May");
    let inside = browser.script("return document.body.innerText.includes('odd customer')");
    assert_eq!(inside, json!(false), "notes stay inside");
    browser.picture("portal-ticket-360-light");
    place.call(&agent, "POST", "/api/tickets/1001/resolve", &Value::Null);
    browser.go("about:blank");
    browser.go(address.as_str().expect("an address"));
    browser.until("the stars", "document.querySelector('.stars')");
    browser.script("document.querySelector('.stars input[value=\"4\"]').click()");
    browser.write("#feedback", "Quick <script>window.pwned=1</script>");
    browser.picture("portal-rate-360-light");
    browser.click(".rate button.primary");
    browser.sees(".portal-thanks", "Thank you");
    let rated = place.call(&agent, "GET", "/api/tickets/1001/satisfaction", &Value::Null);
    assert_eq!(rated["rating"], 4);
    // Whoever works on the ticket sees it there, and among what happened to it.
    let desk = driver.browser();
    place.enter(&desk, &place.person("Dewi", "admin"));
    desk.go(&format!("{}/tickets/1001?view=all&status=any", place.url));
    desk.sees(".rated", "Quick <script>");
    desk.until("four stars", "document.querySelector('.rated [aria-label=\"4 of 5 stars\"]')");
    desk.click("#tab-notes");
    desk.sees(".timeline, .talk, .ticket-main", "4 ★");
    assert_eq!(desk.faults(), Vec::<String>::new());
    assert_eq!(browser.script("return window.pwned ?? null"), json!(null));
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn a_link_of_another_kind_shows_nothing_and_a_number_with_its_address_shows_how_it_stands() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let case = json!({"subject": "Mine", "description": "Secret words", "requester_email": "ana@example.org"});
    let made = place.call(&place.admin, "POST", "/api/public/tickets", &case);
    let (id, token) =
        (made["ticket"]["id"].as_str().unwrap(), made["accessToken"].as_str().unwrap());
    let browser = driver.browser();
    browser.go(&format!("{}/portal/tickets/{id}#wrong", place.url));
    browser.sees(".card", "This link is not good");
    // As the seed has it; it is put where no log sees it (S3.42).
    browser.go(&format!("{}/portal/tickets/{id}?token={token}", place.url));
    browser.sees(".portal-said", "Secret words");
    assert_eq!(browser.script("return location.search"), json!(""));
    browser.click(".portal-head nav a[href='/portal/find']");
    browser.write("#email", "ana@example.org");
    browser.write("#ticket_number", "1001");
    browser.click("form button.primary");
    browser.sees(".portal-found", "#1001");
    assert_eq!(
        browser.script("return document.body.innerText.includes('Secret words')"),
        json!(false)
    );
    assert_eq!(browser.faults(), Vec::<String>::new());
}
