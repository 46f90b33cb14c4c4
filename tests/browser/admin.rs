//! What admins look after: rules that are tried before they run, business hours, deliveries to webhooks, who is there.

use serde_json::{Value, json};

use crate::driver::{Browser, Driver};
use crate::looks::{SIZES, filled, looked};
use crate::sides::bridge;
use crate::{Place, accessible};

/// Puts a value where a person would, and tells the page.
fn put(browser: &Browser, selector: &str, value: &str) {
    browser.until(selector, &format!("Boolean(document.querySelector({}))", json!(selector)));
    browser.script(&format!("const e = document.querySelector({}); e.value = {}; for (const name of ['input', 'change']) e.dispatchEvent(new Event(name, {{ bubbles: true }}))", json!(selector), json!(value)));
}

/// S2.33, S3.19
#[test]
fn a_rule_is_made_tried_without_harm_and_tells_when_it_ran() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Ada", "admin");
    let ticket = place.writes("628111222001", "Sari", "ONE", "My refund is late");
    place.writes("628111222002", "Agus", "ONE", "Where is my parcel?");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/admin/rules", place.url));
    browser.click("[data-act=add]");
    browser.write("#name", "Refunds first");
    browser.click("[data-group=all] button.quiet:not(.icon-only)");
    put(&browser, "[data-group=all] .rule-row > input[dir=auto]", "refund");
    put(&browser, "[data-group=actions] .rule-value select", "urgent");
    browser.click("dialog button.primary");
    browser.sees(".rule-card", "Refunds first");
    let card = "document.querySelector('[aria-label=\"Refunds first\"]')";
    browser.script(&format!("{card}.querySelector('[data-act=try]').click()"));
    browser.sees("dialog", "It fits 1 of 2");
    browser.sees("dialog .rule-hits", &format!("#{ticket}"));
    let path = format!("/api/tickets/{ticket}");
    let read = |path: &str| place.call(&place.admin, "GET", path, &Value::Null);
    assert_eq!(read(&path)["priority"], "medium", "nothing was done");
    browser.click("dialog header button");
    let third = place.writes("628111222003", "Nour", "ONE", "A refund, please");
    browser.until("it ran", &format!("(() => {{ const x = new XMLHttpRequest(); x.open('GET', '/api/tickets/{third}', false); x.send(); return JSON.parse(x.responseText).priority === 'urgent'; }})()"));
    browser.script(&format!("{card}.querySelector('[data-act=runs]').click()"));
    browser.sees("dialog", &format!("#{third}"));
    browser.click("dialog header button");
    // Off, and it stays off.
    browser.script(&format!("{card}.querySelector('.switch').click()"));
    browser.until("off", "document.querySelector('[aria-label=\"Refunds first\"].is-off')");
    let rules = read("/api/rules");
    let ours =
        rules["rules"].as_array().into_iter().flatten().find(|r| r["name"] == "Refunds first");
    assert_eq!(ours.map(|rule| &rule["active"]), Some(&json!(false)), "{rules}");
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn business_hours_have_days_off_and_a_policy_counts_in_them() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Ada", "admin");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/admin/hours", place.url));
    browser.click("[data-act=add]");
    browser.write("#name", "Jakarta office");
    put(&browser, "#timezone", "Asia/Jakarta");
    put(&browser, "#holidays", "2026-12-25\n2026-12-26");
    browser.click("dialog button.primary");
    browser.sees(".rule-card", "Jakarta office");
    let all = place.call(&place.admin, "GET", "/api/business-hours", &Value::Null);
    let all = all["business_hours"].as_array().cloned().unwrap_or_default();
    let ours = all.iter().find(|one| one["name"] == "Jakarta office").expect("the hours");
    assert_eq!(ours["holidays"], json!(["2026-12-25", "2026-12-26"]));
    assert!(ours["schedule"]["saturday"].is_null(), "{ours}");
    browser.click(".admin-nav a[href='/admin/sla']");
    browser.click(".admin-head [data-act=add]");
    browser.write("#name", "Office");
    put(&browser, "#first_response_hours", "2");
    put(&browser, "[id='urgent.first']", "0.5");
    browser.script("document.querySelector('#business_hours_only').click()");
    put(&browser, "#business_hours_id", &ours["id"].to_string());
    browser.click("dialog button.primary");
    browser.sees(".admin-table", "Office");
    let policies = place.call(&place.admin, "GET", "/api/tickets/sla-policies", &Value::Null);
    let policies = policies["policies"].as_array().cloned().unwrap_or_default();
    let policy = policies.iter().find(|one| one["name"] == "Office").expect("the policy");
    assert_eq!(policy["business_hours_id"], ours["id"]);
    assert_eq!(policy["priority_overrides"]["urgent"]["first_response_hours"], json!(0.5));
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn deliveries_of_a_webhook_are_seen_and_sent_anew() {
    let Some(driver) = Driver::start() else { return };
    let (url, told) = bridge();
    let place = Place::open("[webhooks]\nallow = ['127.0.0.1']\n");
    let email = place.person("Ada", "admin");
    let hook = json!({"url": url, "events": ["ticket.created"]});
    place.call(&place.admin, "POST", "/api/webhooks", &hook);
    place.writes("628111222001", "Sari", "ONE", "Halo?");
    told.recv_timeout(std::time::Duration::from_secs(30)).expect("a delivery");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/admin/webhooks", place.url));
    browser.click(".admin-table a[href^='/admin/deliveries']");
    let line = "[...document.querySelectorAll('[data-delivery=\"1\"]')].some((e) => e.innerText.includes('Delivered'))";
    browser.until("the delivery", "document.querySelector('[data-delivery=\"1\"]')");
    browser.go(&format!("{}/admin/deliveries", place.url));
    browser.until("delivered", line);
    browser.click("[data-delivery='1'] [data-act=look]");
    browser.sees("dialog .payload", "ticket.created");
    browser.click("dialog header button");
    browser.click("[data-delivery='1'] [data-act=anew]");
    browser.until("a second one", "document.querySelector('[data-delivery=\"2\"]')");
    told.recv_timeout(std::time::Duration::from_secs(30)).expect("it again");
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn pages_of_admins_are_whole_silent_and_accessible_on_every_screen() {
    let Some(driver) = Driver::start() else { return };
    let axe = accessible::axe();
    let place = Place::open(
        "[webhooks]\nallow = ['127.0.0.1']\n[[privacy.retention]]\nchannel = \"call\"\ndays = 180\n",
    );
    let email = place.person("Dewi", "admin");
    filled(&place);
    let rule = json!({"name": "Refunds are urgent", "trigger": {"events": ["ticket.created"]}, "conditions": {"all": [{"field": "text", "op": "contains", "values": ["refund"]}]}, "actions": [{"set_priority": "urgent"}, {"tag": ["refund"]}]});
    place.call(&place.admin, "POST", "/api/rules", &rule);
    let rule = json!({"name": "To whoever is free", "strategy": "sticky", "active": false});
    place.call(&place.admin, "POST", "/api/assignment-rules", &rule);
    let hook = json!({"url": "http://127.0.0.1:9/", "events": ["*"]});
    place.call(&place.admin, "POST", "/api/webhooks", &hook);
    place.writes("628111222009", "Rizky", "ONE", "A refund, please");
    let browser = driver.browser();
    place.enter(&browser, &email);
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        for (width, height) in SIZES {
            browser.size(width, height);
            let look = |name: &str, path: &str, wait: &str| {
                browser.go(&format!("{}{path}", place.url));
                browser.until(name, wait);
                looked(&browser, axe.as_deref(), (width, scheme), name);
            };
            look("search", "/search?q=refund", "document.querySelectorAll('.found').length > 1");
            look("search-empty", "/search", "document.querySelector('.search-hints')");
            look("admin-start", "/admin/start", "document.querySelectorAll('.step').length === 4");
            for section in ["rules", "assignment", "hours"] {
                look(
                    &format!("admin-{section}"),
                    &format!("/admin/{section}"),
                    "document.querySelector('.rule-card')",
                );
            }
            browser.click("[data-act=edit]");
            browser.until("the form", "document.querySelector('dialog .week-day')");
            browser.picture(&format!("admin-hours-form-{width}-{scheme}"));
            look(
                "admin-deliveries",
                "/admin/deliveries",
                "document.querySelector('[data-delivery]')",
            );
            look("admin-presence", "/admin/presence", "document.querySelector('.presence')");
            look(
                "admin-privacy",
                "/admin/privacy",
                "document.querySelectorAll('.figure-group').length > 3 && document.querySelector('.admin-table')",
            );
            browser.write("#who", "628111222001");
            browser.click(".privacy-search button.primary");
            browser.until("somebody", "document.querySelector('.privacy-found .rule-card')");
            looked(&browser, axe.as_deref(), (width, scheme), "admin-privacy-found");
            browser.click("[data-act=erase]");
            browser.until("the question", "document.querySelector('dialog #confirm')");
            looked(&browser, axe.as_deref(), (width, scheme), "admin-privacy-erase");
            look("admin-updates", "/admin/updates", "document.querySelector('.updates-part td')");
            look(
                "admin-system",
                "/admin/system",
                "document.querySelectorAll('.figure-group').length > 3",
            );
        }
    }
    browser.go(&format!("{}/admin/presence", place.url));
    browser.sees(".admin-table", "Online");
}

#[test]
fn the_system_page_shows_the_last_backup() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Ada", "admin");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/admin/system", place.url));
    browser.sees(".figure-group", "None was ever made");
    let share = place.daemon.data_dir().with_file_name("share");
    std::fs::create_dir_all(&share).expect("a directory");
    let made = place.daemon.cli(&["backup", share.to_str().expect("a path")]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // Without a reload.
    browser.sees(".figure-group", "share/");
    assert_eq!(browser.console(), Vec::<String>::new());
}
