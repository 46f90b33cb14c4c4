//! Every page in both colour schemes on a phone, a small and a large screen: whole, silent, accessible. The pictures
//! are for people to look at.

use serde_json::{Value, json};

use crate::Place;
use crate::accessible;
use crate::driver::{Browser, CONTROL, Driver};
use crate::sides::Call;

pub const SIZES: [(u32, u32); 3] = [(360, 740), (1024, 768), (1920, 1080)];

/// A desk as it may look at ten in the morning; gives the ticket with the most to see.
pub fn filled(place: &Place) -> u64 {
    let people = [
        (
            "628111222001",
            "Sari Wulandari",
            "I was charged twice for the same order and nobody answers the phone. Please help me today!",
        ),
        ("628111222002", "Agus", "How do I change my delivery address?"),
        ("5215512345678", "María Fernández", "Hola, ¿dónde está mi pedido?"),
        ("971501234567", "Nour", "مرحبا، أين طلبي؟"),
    ];
    let mut first = 0;
    for (at, (number, name, text)) in people.iter().enumerate() {
        let ticket = place.writes(number, name, &format!("A{at}"), text);
        first = if at == 0 { ticket } else { first };
    }
    let agent = place.daemon.token_named("Dewi", "agent");
    let claim = format!("/api/tickets/{first}/claim");
    place.call(&agent, "POST", &claim, &json!({}));
    let note =
        json!({"body": "Finance booked the refund this morning, see ORD-77.", "is_internal": true});
    place.call(&agent, "POST", &format!("/api/tickets/{first}/comments"), &note);
    let ours = json!({"conversation": "Good morning Sari, I am looking into it."});
    place.bridge_tells("628111222001", "", "OURS", &ours);
    let file = json!({"documentMessage": {"fileName": "statement-october.pdf", "mimetype": "application/pdf", "caption": "Here is my statement", "fileLength": "184320"}});
    place.bridge_tells("628111222001", "Sari Wulandari", "FILE", &file);
    let case = json!({"customer_email": "tom@example.org", "customer_name": "Tom Baker", "subject": "Invoice for October is missing the VAT number, and the address is the old one", "description": "Hello,\n\nplease send it again.\n\nTom", "order_id": "ORD-77"});
    place.call(&place.ingest, "POST", "/api/tickets/create", &case);
    for (session, name, priority) in [("c1", "Indra", "urgent"), ("c2", "Lucía", "high")] {
        let call = json!({"session_id": session, "customer_name": name, "priority": priority});
        place.call(&place.ingest, "POST", "/api/calls", &call);
    }
    first
}

fn call(place: &Place, session: &str) -> Call {
    let session = format!("{session}?customer_name=Maya&customer_phone=6281200045678");
    let mut call = Call::begin(place.daemon.address(), &place.ingest, &session);
    call.says(false, "Good morning, Meridian Bank, this is Riley. How can I help you?");
    call.says(true, "I see the annual fee twice on my statement. Can you take back the charge I should not have paid?");
    call.says(false, "You are right: it was taken on the third and again on the fifth. I have asked for the second one to be returned.");
    call.says(true, "Perfect, that is all I needed.");
    call
}

/// The page that is shown is whole, silent and accessible; its picture is kept.
pub fn looked(browser: &Browser, axe: Option<&str>, (width, scheme): (u32, &str), name: &str) {
    std::thread::sleep(std::time::Duration::from_millis(250));
    fits(browser, name);
    browser.picture(&format!("{name}-{width}-{scheme}"));
    // Each size and each scheme once: it takes its time.
    if let (Some(axe), true) = (axe, (width == 1024) == (scheme == "dark")) {
        accessible::check(browser, axe, &format!("{name} at {width}, {scheme}"));
    }
    assert_eq!(browser.console(), Vec::<String>::new(), "{name} at {width}, {scheme}");
}

/// Nothing may stick out to the side, on whatever screen.
pub fn fits(browser: &Browser, name: &str) {
    let wide = browser.script("return [document.documentElement.scrollWidth, innerWidth]");
    let out = browser.script(
        "return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)\
         .map((one) => `${one.tagName}.${one.className}`).slice(0, 12)",
    );
    // A bar to scroll by may take some of the window.
    assert!(wide[0].as_i64() <= wide[1].as_i64(), "{name} is wider than its window: {wide} {out}");
}

/// S2.36
#[test]
fn every_page_is_whole_silent_and_accessible_on_every_screen() {
    let Some(driver) = Driver::start() else { return };
    let axe = accessible::axe();
    let place = Place::open("");
    let email = place.person("Dewi", "admin");
    let ticket = filled(&place);
    let read = place.call(&place.admin, "GET", &format!("/api/tickets/{ticket}"), &Value::Null);
    let contact = read["contact_id"].clone();
    let case = json!({"subject": "Invoice of May", "description": "It is wrong.", "requester_email": "tom@example.org"});
    let made = place.call(&place.admin, "POST", "/api/public/tickets", &case);
    let of = |name: &str| made["ticket"][name].as_str().expect("a name").to_owned();
    let resolve = format!("/api/tickets/{}/resolve", of("id"));
    place.call(&place.admin, "POST", &resolve, &Value::Null);
    let token = made["accessToken"].as_str().expect("a token");
    let portal = format!("/portal/tickets/{}#{token}", of("id"));
    let browser = driver.browser();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        for (width, height) in SIZES {
            browser.size(width, height);
            let look = |name: &str, wait: &str| {
                browser.until(name, wait);
                looked(&browser, axe.as_deref(), (width, scheme), name);
            };
            let go = |path: &str| browser.go(&format!("{}{path}", place.url));
            go("/login");
            look("login", "document.querySelector('#email')");
            place.enter(&browser, &email);
            go("/tickets?view=all");
            look("tickets", "document.querySelectorAll('.row-link').length > 4");
            go(&format!("/tickets/{ticket}?view=all"));
            look(
                "ticket",
                "document.querySelectorAll('.entry .words').length > 2 && document.querySelector('.ticket-values')",
            );
            browser.click("#tab-related");
            look("related", "document.querySelector('.related')?.checkVisibility()");
            let call = call(&place, &format!("{scheme}-{width}"));
            go(&format!("/tickets/{}?view=all", place.number(&call.ticket_id)));
            look(
                "call",
                "document.querySelector('.ticket-main .live-badge') && document.querySelectorAll('.entry .words').length > 2",
            );
            call.hangs_up();
            browser.press(&["?"]);
            look("shortcuts", "document.querySelector('dialog[open] .key-groups')");
            browser.press(&["\u{e00c}"]);
            browser.press(&[CONTROL, "k"]);
            look("palette", "document.querySelector('dialog.palette[open] [role=option]')");
            browser.press(&["\u{e00c}"]);
            go("/contacts");
            look("contacts", "document.querySelectorAll('.contact-row').length > 3");
            go(&format!("/contacts/{contact}"));
            look("contact", "document.querySelector('.contact-body .related-list')");
            go("/account");
            look("account", "document.querySelector('.account-sessions li')");
            for section in ["people", "channels", "system"] {
                go(&format!("/admin/{section}"));
                look(
                    &format!("admin-{section}"),
                    "document.querySelector('.admin-table, .channel-line, .figure')",
                );
            }
            go("/portal");
            look("portal", "document.querySelector('#description')");
            go("/portal/find");
            look("portal-find", "document.querySelector('#ticket_number')");
            go(&portal);
            look(
                "portal-ticket",
                "document.querySelector('.portal-said') && document.querySelector('.stars')",
            );
            go("/tickets?view=mine&status=closed");
            look("empty", "document.querySelector('.list-empty')?.checkVisibility()");
        }
    }
}

/// The languages whose words are the longest.
#[test]
fn pages_fit_on_a_phone_in_other_languages() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "admin");
    let ticket = filled(&place);
    let browser = driver.browser();
    browser.size(360, 740);
    place.enter(&browser, &email);
    for language in ["es", "id"] {
        browser.script(&format!("localStorage.setItem('language', '{language}')"));
        for (path, shown) in [
            ("/tickets?view=all", ".row-link"),
            (&*format!("/tickets/{ticket}?view=all"), ".entry .words"),
            ("/home", ".tile"),
            ("/contacts", ".contact-row"),
            ("/search?q=refund", ".found, .nothing"),
            ("/account", ".account-sessions li"),
            ("/admin/people", ".admin-table td"),
            ("/admin/system", ".figure"),
            ("/admin/privacy", ".figure"),
            ("/admin/updates", ".figure"),
            ("/portal", "#description"),
        ] {
            browser.go(&format!("{}{path}", place.url));
            let there = format!(
                "document.documentElement.lang === '{language}' && document.querySelector('{shown}')"
            );
            browser.until(path, &there);
            fits(&browser, path);
            // A word is never broken letter by letter.
            let narrow = "return [...document.querySelectorAll('td, h1, h2, .list-heading')].filter((e) => e.checkVisibility() && e.innerText.trim().length > 5 && e.clientWidth < 40).map((e) => e.innerText)";
            assert_eq!(browser.script(narrow), json!([]), "{path} in {language}");
        }
    }
}

/// S4.29
#[test]
fn the_pages_speak_four_languages() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let browser = driver.browser();
    for (language, word) in
        [("id", "Masuk"), ("es", "Iniciar sesión"), ("zh-Hans", "登录"), ("en", "Log in")]
    {
        browser.go(&format!("{}/login", place.url));
        browser.until("the choice", "document.querySelector('select')");
        browser.script(&format!("const s = document.querySelector('select'); s.value = '{language}'; s.dispatchEvent(new Event('change'))"));
        browser.until(language, &format!("document.documentElement.lang === '{language}' && document.querySelector('h1')?.innerText === '{word}'"));
    }
}
