//! The page of live calls, and who else looks at a ticket.

use serde_json::json;

use crate::accessible::{axe, check};
use crate::driver::Driver;
use crate::sides::Call;
use crate::{Place, connected};

/// S0.64
#[test]
fn a_supervisor_watches_calls_as_they_are_spoken_and_flags_one() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    let browser = driver.browser();
    place.enter(&browser, &email);
    browser.click(".rail a[href=\"/calls\"]");
    browser.sees(".calls .nothing", "No call is running");
    let address = place.daemon.address();
    let mut call = Call::begin(
        address,
        &place.ingest,
        "call-1?customer_name=Maya&customer_phone=6281200045678",
    );
    browser.sees(".call-card h2", "Maya");
    call.says(true, "Hello, I have a question about my card payment.");
    browser.sees(".call-line.from-user .call-words", "a question about my card");
    call.says(false, "Of course. Which payment is it?");
    call.half("item-half", "The one of yester");
    browser.sees(".call-line.is-partial .call-words", "The one of yester");
    browser.until(
        "the counter",
        "document.querySelector('.call-card .counter')?.textContent.match(/0:0[1-9]|0:[1-9]/)",
    );
    browser.sees(".call-facts .guess", "Seems to be");
    let mut second = Call::begin(address, &place.ingest, "call-2");
    second.says(true, "我想查询我的订单");
    browser.sees(".call-card:nth-child(2) .call-words", "我想查询我的订单");
    let pictures = [
        (1440, 900, "light"),
        (1440, 900, "dark"),
        (1920, 1080, "light"),
        (800, 1000, "light"),
        (360, 780, "dark"),
    ];
    let axe = axe();
    for (width, height, scheme) in pictures {
        browser.size(width, height);
        browser.scheme(scheme);
        let wide = "return document.documentElement.scrollWidth <= innerWidth && document.querySelector('.calls').scrollWidth <= document.querySelector('.calls').clientWidth";
        assert_eq!(browser.script(wide), json!(true), "no line is too wide at {width}");
        browser.picture(&format!("calls-{width}-{scheme}"));
        if let Some(axe) = &axe {
            check(&browser, axe, &format!("calls at {width}, {scheme}"));
        }
    }
    browser.size(1440, 900);
    browser.click(".call-card [data-act=flag]");
    browser.write("#ask", "Promised a call back");
    browser.click("dialog button.primary");
    browser.sees(".call-card .escalated", "Promised a call back");
    call.hangs_up();
    browser.until("one card", "document.querySelectorAll('.call-card').length === 1");
    browser.click(".call-card footer a");
    browser.sees(".entry .words", "我想查询我的订单");
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// S2.38: of two who open the same ticket each sees the other, and that they write.
#[test]
fn two_who_look_at_a_ticket_see_each_other_write() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("[agents]\nsee_all = true\n");
    let people = [place.person("Ana", "agent"), place.person("Beni", "agent")];
    let ticket = place.writes("628111222333", "Budi", "ONE", "Halo?");
    let browsers = [driver.browser(), driver.browser()];
    for (browser, email) in browsers.iter().zip(&people) {
        place.enter(browser, email);
        browser.go(&format!("{}/tickets/{ticket}", place.url));
        browser.sees(".entry .words", "Halo?");
        connected(browser);
    }
    let [ana, beni] = &browsers;
    ana.sees(".viewers", "Beni is looking");
    beni.sees(".viewers", "Ana is looking");
    beni.write("#reply", "Selamat pagi, ");
    ana.sees(".viewers.is-typing", "Beni is replying");
    ana.picture("viewing-typing");
    beni.go(&format!("{}/tickets", place.url));
    ana.until("nobody else", "document.querySelector('.viewers').hidden");
    for browser in &browsers {
        assert_eq!(browser.faults(), Vec::<String>::new());
    }
}
