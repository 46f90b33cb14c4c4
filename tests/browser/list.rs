//! The list: several tickets chosen and changed together, filters with names, the next ticket, figures that lead to
//! their tickets; and an answer with a ready text.

use std::time::Duration;

use serde_json::{Value, json};

use crate::driver::{Browser, CONTROL, Driver, ENTER};
use crate::sides::bridge;
use crate::{Place, connected};

const ESCAPE: &str = "\u{e00c}";

/// Takes what is offered under these words by the menu that is open.
#[track_caller]
pub fn choose(browser: &Browser, words: &str) {
    let option = format!(
        "[...document.querySelectorAll('.menu [role=option]')].find((e) => e.innerText.includes({}))",
        json!(words)
    );
    browser.until(words, &format!("Boolean({option})"));
    browser.script(&format!("{option}.click()"));
}

fn status(place: &Place, ticket: u64) -> Value {
    let path = format!("/api/tickets/{ticket}");
    place.call(&place.admin, "GET", &path, &Value::Null)["status"].clone()
}

#[test]
fn tickets_are_changed_together_and_what_could_not_be_is_said_one_by_one() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    let tickets: Vec<u64> = (1..=4)
        .map(|at| place.writes(&format!("62811122200{at}"), &format!("C{at}"), "ONE", "Halo?"))
        .collect();
    let agent = place.daemon.token("agent");
    let resolve = format!("/api/tickets/{}/resolve", tickets[1]);
    place.call(&agent, "POST", &resolve, &json!({}));
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/tickets?view=all&status=any&sort=created_at", place.url));
    browser.until("four rows", "document.querySelectorAll('.row-check').length === 4");
    // One by its box, the range to the third with Shift; the fourth by key, and out again.
    browser.click(&format!("[data-key='{}'] .row-check", tickets[0]));
    browser.sees(".bulk-count", "1 selected");
    browser.script(&format!("document.querySelector(\"[data-key='{}'] .row-check\").dispatchEvent(new MouseEvent('click', {{ bubbles: true, shiftKey: true }}))", tickets[2]));
    browser.sees(".bulk-count", "3 selected");
    browser.script(&format!("document.querySelector(\"[data-key='{}'] a\").focus()", tickets[3]));
    browser.press(&["x"]);
    browser.sees(".bulk-count", "4 selected");
    browser.press(&["x"]);
    browser.sees(".bulk-count", "3 selected");
    browser.picture("bulk-1440-light");
    browser.click("[data-bulk=status]");
    choose(&browser, "Waiting for customer");
    browser.sees("dialog h2", "1 could not be changed");
    browser.sees("dialog", &format!("#{}", tickets[1]));
    browser.sees("dialog", "2 changed, 1 not");
    browser.click("dialog header button");
    let now: Vec<Value> = tickets.iter().map(|ticket| status(&place, *ticket)).collect();
    assert_eq!(now, ["pending", "resolved", "pending", "new"]);
    // Only what failed is still chosen.
    browser.sees(".bulk-count", "1 selected");
    browser.press(&[ESCAPE]);
    browser.until("nothing chosen", "!document.querySelector('.bulk')?.checkVisibility()");
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn a_filter_is_kept_under_a_name_and_found_again() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    place.writes("628111222001", "Sari", "ONE", "Halo?");
    let call = json!({"session_id": "c1", "customer_name": "Indra"});
    place.call(&place.ingest, "POST", "/api/calls", &call);
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/tickets?view=all", place.url));
    browser.sees(".list-status", "2 tickets");
    browser.click("[data-act=filter]");
    choose(&browser, "WhatsApp");
    browser.sees(".chip", "WhatsApp");
    browser.sees(".list-status", "1 ticket");
    browser.click("[data-act=saved]");
    choose(&browser, "Keep this filter");
    browser.script("document.querySelector('#ask').value = ''");
    browser.write("#ask", "<b>Chats</b>");
    browser.press(&[ENTER]);
    browser.sees(".rail", "<b>Chats</b>");
    browser.go(&format!("{}/tickets?view=all", place.url));
    browser.sees(".list-status", "2 tickets");
    browser.script("[...document.querySelectorAll('.rail a')].find((e) => e.innerText.includes('Chats')).click()");
    browser.sees(".list-status", "1 ticket");
    browser.click(".chip");
    browser.sees(".list-status", "2 tickets");
    assert_eq!(browser.faults(), Vec::<String>::new());
}

#[test]
fn the_next_ticket_is_taken_and_figures_lead_to_their_tickets() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    let calm = place.writes("628111222001", "Sari", "ONE", "Halo?");
    let hot = place.writes("628111222002", "Agus", "ONE", "Halo?");
    let path = format!("/api/tickets/{hot}");
    place.call(&place.admin, "PATCH", &path, &json!({"priority": "urgent"}));
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.click("[data-act=next]");
    browser.sees(".toast", &format!("#{hot} is yours"));
    browser.sees(".pane-ticket", "Agus");
    browser.press(&["g"]);
    browser.press(&["n"]);
    browser.sees(".toast", &format!("#{calm} is yours"));
    browser.click("[data-act=next]");
    browser.sees(".toast", "Nothing waits for you");
    place.call(&place.admin, "POST", &format!("{path}/escalate"), &json!({"reason": "angry"}));
    browser.go(&format!("{}/home", place.url));
    browser.click("a.tile[href*='escalated=true']");
    browser.sees(".chip", "Escalated");
    browser.sees(".list-status", "1 ticket");
    browser.until("the ticket", &format!("document.querySelector(\"[data-key='{hot}']\")"));
    for wanted in ["sla=at_risk", "sla=breached"] {
        browser.go(&format!("{}/home", place.url));
        browser.click(&format!("a.tile[href*='{wanted}']"));
        browser.sees(".list-status", "0 tickets");
        browser.until("a chip", "document.querySelectorAll('.chip').length === 1");
    }
    assert_eq!(browser.faults(), Vec::<String>::new());
}

/// S3.7, S3.8
#[test]
fn an_agent_answers_with_a_ready_text() {
    let Some(driver) = Driver::start() else { return };
    let (url, replies) = bridge();
    let place = Place::open(&format!(
        "[[whatsapp.bridges]]\ninstance = \"default\"\nkind = \"baileys\"\nurl = {url:?}\ntoken = \"t0ken\"\n"
    ));
    let email = place.person("Dewi", "agent");
    let text = json!({"title": "Greeting", "shortcut": "hi", "content": "Good morning {{customer_name}}, it is about {{ticket_number}}."});
    place.call(&place.admin, "POST", "/api/tickets/canned-responses", &text);
    let ticket = place.writes("628111222333", "Budi", "ONE", "Halo?");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.go(&format!("{}/tickets/{ticket}", place.url));
    connected(&browser);
    browser.click("[data-act=claim]");
    browser.sees("[data-menu=assignee]", "Dewi");
    browser.write("#reply", "/h");
    browser.sees("#canned [role=option]", "Greeting");
    browser.press(&[ENTER]);
    browser.until(
        "the text",
        &format!(
            "document.querySelector('#reply').value === 'Good morning Budi, it is about #{ticket}.'"
        ),
    );
    browser.press(&[CONTROL, ENTER]);
    browser.sees(".entry.from-agent", "Good morning Budi");
    let sent = replies.recv_timeout(Duration::from_secs(30)).expect("a reply");
    assert!(sent.to_string().contains("Good morning Budi, it is about"), "{sent}");
    assert_eq!(browser.faults(), Vec::<String>::new());
}
