//! What happens elsewhere appears by itself: calls line by line, claims, and all of it again after a restart.

use serde_json::json;

use crate::driver::Driver;
use crate::proxy::Proxy;
use crate::sides::Call;
use crate::{Place, connected};

/// S0.64
#[test]
fn a_running_call_appears_with_its_words_line_by_line() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    let browser = driver.browser();
    place.enter(&browser, &email);
    connected(&browser);
    let mut call = Call::begin(
        place.daemon.address(),
        &place.ingest,
        "call-1?customer_name=Maya&customer_phone=6281200045678",
    );
    browser.sees(".row .live-badge", "Live");
    browser.click(".row a");
    browser.sees(".ticket-title", "Maya");
    for words in ["Hello, is anybody there?", "My card was stolen.", "Please block it."] {
        call.says(true, words);
        browser.sees(".entry.from-user .words", words);
    }
    let order = "return [...document.querySelectorAll('.entry .words')].map((e) => e.innerText)";
    assert_eq!(
        browser.script(order),
        json!(["Hello, is anybody there?", "My card was stolen.", "Please block it."])
    );
    call.hangs_up();
    browser.until("the end of the call", "!document.querySelector('.ticket .live-badge') && !document.querySelector('.row .live-badge')");
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// S4.13: of two agents one has it, and the other is told who.
#[test]
fn of_two_agents_who_claim_at_once_one_wins_and_both_see_who() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("[agents]\nsee_all = true\n");
    let people = [place.person("Ana", "agent"), place.person("Beni", "agent")];
    let ticket = place.writes("628111222333", "Budi", "RACE", "Halo?");
    let browsers = [driver.browser(), driver.browser()];
    for (browser, email) in browsers.iter().zip(&people) {
        place.enter(browser, email);
        browser.go(&format!("{}/tickets/{ticket}", place.url));
        browser.until("the button", "document.querySelector('[data-act=claim]')");
        connected(browser);
    }
    std::thread::scope(|scope| {
        for browser in &browsers {
            scope.spawn(move || {
                browser.script("document.querySelector('[data-act=claim]').click()")
            });
        }
    });
    let began = std::time::Instant::now();
    let winner = loop {
        let read = place.call(&place.admin, "GET", &format!("/api/tickets/{ticket}"), &json!(null));
        if let Some(name) = read["assignee_name"].as_str() {
            break name.to_owned();
        }
        assert!(began.elapsed().as_secs() < 30, "nobody has it");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    for browser in &browsers {
        browser.until(
            "who has it",
            &format!(
                "document.querySelector('[data-menu=assignee]')?.innerText.includes('{winner}')"
            ),
        );
        browser.until("nothing to claim", "!document.querySelector('[data-act=claim]')");
        assert_eq!(browser.faults(), Vec::<String>::new());
    }
    let told = browsers.iter().filter(|browser| {
        let toast = browser.until("a word", "document.querySelector('.toast')?.innerText");
        toast.as_str().is_some_and(|text| text.contains("is yours"))
    });
    assert_eq!(told.count(), 1, "one was told that it is theirs");
}

#[test]
fn after_a_restart_of_the_daemon_the_page_goes_on_by_itself() {
    let Some(driver) = Driver::start() else { return };
    let mut place = Place::open("");
    let proxy = Proxy::to(place.daemon.address());
    place.url = format!("http://{}", proxy.address);
    let email = place.person("Dewi", "supervisor");
    let ticket = place.writes("628111222333", "Budi", "ONE", "Before the restart");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.click(".row a");
    browser.sees(".entry .words", "Before the restart");
    browser.write("#reply", "A reply that is not finished");
    browser.sees(".draft-state", "Draft kept");
    browser.script("window.same = true");
    place.daemon.kill9();
    browser.sees(".connection", "No connection");
    place.daemon.restart();
    proxy.turn_to(place.daemon.address());
    let again = place.writes("628111222333", "Budi", "TWO", "After the restart");
    assert_eq!(again, ticket);
    browser.sees(".entry .words", "After the restart");
    browser.until("the connection", "!document.querySelector('.is-offline')");
    assert_eq!(browser.script("return window.same"), true, "the page was not loaded again");
    let half = "return document.querySelector('#reply').value";
    assert_eq!(browser.script(half), "A reply that is not finished");
    // And it is there on the next workstation.
    let other = driver.browser();
    place.enter(&other, &email);
    other.go(&format!("{}/tickets/{ticket}", place.url));
    other.until(
        "the draft",
        "document.querySelector('#reply')?.value === 'A reply that is not finished'",
    );
}

/// Who may not see a colleague's ticket hears nothing more of it once it is theirs.
#[test]
fn a_ticket_that_a_colleague_takes_leaves_the_list() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Ana", "agent");
    let ticket = place.writes("628111222333", "Budi", "ONE", "Halo?");
    let browser = driver.browser();
    place.enter(&browser, &email);
    connected(&browser);
    browser.until("the row", &format!("document.querySelector('[data-key=\"{ticket}\"]')"));
    let colleague = place.daemon.token_named("Beni", "agent");
    place.call(&colleague, "POST", &format!("/api/tickets/{ticket}/claim"), &json!({}));
    browser.until("an empty list", "document.querySelector('.list-empty')?.checkVisibility()");
}
