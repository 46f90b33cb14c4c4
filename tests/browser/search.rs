//! The page of search: what is found is grouped and marked, a bad query is answered at the query, and nothing that
//! somebody wrote becomes markup.

use serde_json::{Value, json};

use crate::driver::{CONTROL, Driver, ENTER};
use crate::{Place, accessible};

#[test]
fn words_are_found_marked_and_a_bad_query_says_what_is_wrong() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    let hostile = "My refund 💸 <img src=x onerror=window.pwned=1> is late";
    let ticket = place.writes("628111222001", "Sari Refundini", "ONE", hostile);
    place.writes("628111222002", "Agus", "ONE", "Where is my parcel?");
    let ready = json!({"title": "Refund booked", "shortcut": "refund", "content": "Your refund is booked."});
    place.call(&place.admin, "POST", "/api/tickets/canned-responses", &ready);
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.click(".rail a[href='/search']");
    browser.write(".search-input", "refu");
    browser.sees("#search-suggestions [role=option]", "refund");
    browser.press(&["\u{e015}"]);
    browser.press(&[ENTER]);
    browser.until("the query", "document.querySelector('.search-input').value === 'refund'");
    browser.until("its place", "new URLSearchParams(location.search).get('q') === 'refund'");
    for group in ["tickets", "messages", "canned"] {
        let marked = format!(
            "[...document.querySelectorAll('[data-found={group}] mark')].some((e) => e.innerText.toLowerCase() === 'refund')"
        );
        browser.until(group, &marked);
    }
    browser.sees("[data-found=messages]", "<img src=x onerror=window.pwned=1>");
    assert_eq!(browser.script("return window.pwned ?? null"), Value::Null);
    if let Some(axe) = accessible::axe() {
        accessible::check(&browser, &axe, "search");
    }
    // Narrowed by a facet, which the query shows.
    browser.script("const s = document.querySelector('.search-facets select'); s.value = 'closed'; s.dispatchEvent(new Event('change'))");
    browser.until(
        "the facet",
        "document.querySelector('.search-input').value === 'refund status:closed'",
    );
    browser.sees(".search-results", "Nothing found");
    // A link to a search shows the same.
    browser.go(&format!("{}/search?q=refund&in=messages", place.url));
    browser.until("one group", "document.querySelectorAll('.found').length === 1");
    browser.click(".found-line");
    browser.until("the ticket", &format!("location.pathname === '/tickets/{ticket}'"));
    assert_eq!(browser.console(), Vec::<String>::new());
    browser.press(&[CONTROL, "k"]);
    browser.write(".palette-input", "parcel");
    browser.sees(".palette [role=option]", "Search for “parcel”");
    browser.script("[...document.querySelectorAll('.palette [role=option]')].find((e) => e.innerText.includes('Search for')).click()");
    browser.sees("[data-found=tickets]", "Where is my parcel?");
    browser.go(&format!("{}/search?q=late%20stauts:open", place.url));
    browser.sees(".search-error", "did you mean status:");
    browser.sees(".search-error mark", "stauts:open");
    assert_eq!(browser.faults(), Vec::<String>::new());
}

/// A hit leads to what was said, however far back in the conversation it stands.
#[test]
fn a_found_message_is_led_to_and_marked() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    let say = |at: u32, text: &str| place.writes("628111222001", "Sari", &format!("M{at}"), text);
    let ticket = say(0, "Halo?");
    for at in 1..=240 {
        let text = format!("This is line {at} of a long story");
        say(at, if at == 130 { "The quixotic windmill is broken" } else { &text });
    }
    let browser = driver.browser();
    place.enter(&browser, &email);
    let led = format!(
        "location.pathname === '/tickets/{ticket}' && (() => {{ \
         const found = document.querySelector('.is-found'); if (!found) return false; \
         const [at, frame] = [found, document.querySelector('.timeline')].map((e) => e.getBoundingClientRect()); \
         return found.innerText.includes('quixotic') && at.top >= frame.top && at.bottom <= frame.bottom; }})()"
    );
    browser.go(&format!("{}/search?q=quixotic&in=messages", place.url));
    browser.click("[data-found=messages] .found-line");
    browser.until("the message", &led);
    browser.picture("search-led");
    // From the palette, and by an address that somebody sends.
    browser.go(&format!("{}/tickets?view=all", place.url));
    browser.until("the list", "document.querySelector('.row-link')");
    browser.press(&[CONTROL, "k"]);
    browser.write(".palette-input", "quixotic");
    browser.sees(".palette [role=option]", "windmill");
    browser.script("[...document.querySelectorAll('.palette [role=option]')].find((e) => e.innerText.includes('windmill')).click()");
    browser.until("the message", &led);
    let address = browser.script("return location.href");
    let other = driver.browser();
    other.go(address.as_str().expect("an address"));
    other.write("#email", &email);
    other.write("#password", crate::PASSWORD);
    other.click("form button.primary");
    other.until("the message", &led);
    // What comes meanwhile does not carry it away.
    say(241, "One more thing");
    browser.until("the new one", "document.querySelector('.jump:not([hidden])')");
    browser.until("still there", &led);
    assert_eq!(browser.faults(), Vec::<String>::new());
}
