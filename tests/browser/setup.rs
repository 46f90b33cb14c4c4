//! From the first start to the first answer, and the login over TLS.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::driver::{CONTROL, Driver, ENTER};
use crate::sides::bridge;
use crate::{PASSWORD, Place, connected};

/// The link that makes the first admin, as whoever installs the box finds it.
fn link(place: &Place) -> String {
    let told = place.daemon.log();
    let token = told.split_whitespace().find_map(|word| word.split_once("/setup#"));
    let (_, token) = token.unwrap_or_else(|| panic!("no link: {told}"));
    format!("{}/setup#{token}", place.url)
}

/// S1.26
#[test]
fn from_the_set_up_to_the_first_answered_whatsapp_message() {
    let Some(driver) = Driver::start() else { return };
    let (url, replies) = bridge();
    let place = Place::open(&format!(
        "[[whatsapp.bridges]]\ninstance = \"default\"\nkind = \"baileys\"\nurl = {url:?}\ntoken = \"t0ken\"\n"
    ));
    let browser = driver.browser();
    browser.go(&link(&place));
    browser.write("#name", "Dewi Lestari");
    browser.write("#email", "dewi@example.org");
    browser.write("#password", PASSWORD);
    assert_eq!(browser.script("return location.hash"), "", "the token stays in no address");
    browser.click("form button.primary");
    // The first steps: what the file wants, an address and a token for the bridge, and the first message as it comes.
    browser.sees(".step h2", "The first channel");
    browser.script("const e = document.querySelector('#desk_name'); e.value = 'Meridian \"Care\"'; e.dispatchEvent(new Event('input', { bubbles: true }))");
    browser.sees(".toml", r#"name = "Meridian \"Care\"""#);
    browser.sees("[data-step=channel]", &format!("{}/webhook/baileys", place.url));
    browser.sees("[data-step=channel]", "Waiting for the first message");
    browser.click("[data-act=token]");
    let token = browser.until(
        "a token",
        "document.querySelector('[data-step=channel]').innerText.match(/Bearer (\\S{32,})/)?.[1]",
    );
    let token = token.as_str().expect("a token").to_owned();
    connected(&browser);
    let key = json!({"remoteJid": "628111222333@s.whatsapp.net", "fromMe": false, "id": "FIRST"});
    let first =
        json!({"key": key, "pushName": "Budi", "message": {"conversation": "Halo, ada orang?"}});
    let told = place.call(&token, "POST", "/webhook/baileys", &first);
    let ticket = told["messages"][0]["ticket"].as_u64().expect("a ticket");
    // Without a reload.
    browser.sees("[data-step=channel]", "Something came");
    browser.until("a step done", "document.querySelector('[data-step=channel].is-done')");
    browser.click("[data-act=first]");
    browser.sees(".entry.from-user", "Halo, ada orang?");
    browser.click("[data-act=claim]");
    browser.sees(".toast", &format!("#{ticket} is yours"));
    browser.sees("[data-menu=assignee]", "Dewi Lestari");
    browser.sees("#reply-hint", "Goes to Budi on WhatsApp.");
    browser.write("#reply", "Selamat siang Budi, ada yang bisa dibantu?");
    browser.press(&[CONTROL, ENTER]);
    browser.sees(".entry.from-agent", "Selamat siang Budi");
    let sent = replies.recv_timeout(Duration::from_secs(10)).expect("a reply");
    assert!(sent.to_string().contains("Selamat siang Budi"), "{sent}");
    browser.until("a tick", "document.querySelector('.delivery.sent')");
    browser.sees("[data-menu=status]", "In progress");
    assert_eq!(browser.faults(), Vec::<String>::new());
}

/// Chromium trusts the box because its authority was added to what it trusts, and for no other reason.
#[test]
fn people_log_in_over_https_with_the_authority_of_the_box() {
    let home = std::env::temp_dir().join(format!("frontdesk-browser-home-{}", std::process::id()));
    let trusted = home.join(".pki/nssdb");
    fs::create_dir_all(&trusted).expect("a directory");
    let mut place = Place::open("[http]\ntls = \"off\"\n");
    let email = place.person("Dewi", "admin");
    fs::write(place.daemon.config_file(), "[http]\ntls = \"self\"\n").expect("written");
    place.daemon.restart();
    place.url = format!("https://{}", place.daemon.address());
    let store = format!("sql:{}", trusted.display());
    let authority = place.daemon.data_dir().join("tls/ca.pem");
    let add = |more: &[&str]| Command::new("certutil").args(["-d", &store]).args(more).output();
    let authority = authority.to_str().expect("a path");
    let made = add(&["-N", "--empty-password"])
        .and_then(|_| add(&["-A", "-n", "box", "-t", "C,,", "-i", authority]));
    if let Err(why) = made {
        return eprintln!("skipped: apt-get install libnss3-tools: {why}");
    }
    let Some(driver) = Driver::with_home(Some(&home)) else { return };
    let browser = driver.browser();
    place.enter(&browser, &email);
    let state = "return [isSecureContext, document.cookie, location.protocol]";
    assert_eq!(browser.script(state), json!([true, "", "https:"]), "no script sees the session");
    browser.sees(".rail", "Dewi");
    browser.go(&format!("{}/admin/system", place.url));
    browser.sees(".figure-group", "Authority of the box");
    browser.sees(".figure-group", "frontdesk authority of this box");
    browser.sees(".figure-group", "Holds until");
    browser.sees(".figure-group", "Renewed by itself");
    browser.until("a fingerprint", "/([0-9A-F]{2}:){31}/.test(document.body.innerText)");
    assert_eq!(browser.console(), Vec::<String>::new());
    // Out again, and the session is over for every page.
    browser.click(".rail-item.me");
    browser.script("[...document.querySelectorAll('.menu [role=option]')].find((e) => e.innerText.includes('Log out')).click()");
    browser
        .until("the login", "location.pathname === '/login' && document.querySelector('#email')");
    browser.go(&format!("{}/tickets", place.url));
    browser.until("the login", "location.pathname === '/login'");
    drop(browser);
    let _ = fs::remove_dir_all(home);
}

#[test]
fn a_wrong_password_says_so_and_lets_nobody_in() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "agent");
    let browser = driver.browser();
    browser.go(&format!("{}/tickets/1001", place.url));
    browser.until("the login", "location.pathname === '/login'");
    browser.write("#email", &email);
    browser.write("#password", "not the password");
    browser.click("form button.primary");
    browser.sees(".form-error", "password is wrong");
    browser.script("document.querySelector('#password').value = ''");
    browser.write("#password", PASSWORD);
    browser.click("form button.primary");
    // Back to where they wanted to go.
    browser.sees(".ticket-none", "There is no ticket #1001");
    assert_eq!(browser.faults(), Vec::<String>::new());
}
