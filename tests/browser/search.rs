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
