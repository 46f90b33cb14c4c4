//! What customers and bridges may fill with anything is text and never anything else.

use serde_json::{Value, json};

use crate::Place;
use crate::driver::{Browser, CONTROL, Driver};
use crate::sides::Call;

const CORPUS: &[&str] = &[
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    "<svg/onload=window.pwned=1>",
    "\"><iframe srcdoc='<script>parent.pwned=1</script>'>",
    "javascript:window.pwned=1//",
    "https://example.org/\" onmouseover=window.pwned=1 x=\"",
    "</textarea></title></style><script>window.pwned=1</script>",
    "{{constructor.constructor('window.pwned=1')()}}",
    "${window.pwned=1}",
    "<a href=\"javascript:window.pwned=1\">click</a>",
    "<details open ontoggle=window.pwned=1>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=window.pwned=1>",
    "\u{202e}<b>reversed</b>\u{2066}",
    "<style>*{display:none!important}</style>",
    "<meta http-equiv=refresh content='0;url=javascript:window.pwned=1'>",
    "' onfocus='window.pwned=1' autofocus='",
];

/// Sends one string in every field that a customer, a bridge, a relay, a mail server or a form may fill; gives the tickets, each
/// with what of it stands in the timeline.
fn sent(place: &Place, at: usize, hostile: &str) -> Vec<u64> {
    let number = format!("62811122{at:04}");
    let tells = |id: &str, message: Value| {
        place.bridge_tells(&number, hostile, &format!("{id}{at}"), &message)
    };
    let quoted = json!({"stanzaId": format!("X{at}"), "participant": format!("{number}@s.whatsapp.net"), "quotedMessage": {"conversation": hostile}});
    let chat = place.writes(&number, hostile, &format!("X{at}"), hostile);
    tells(
        "F",
        json!({"documentMessage": {"fileName": format!("{hostile}.pdf"), "mimetype": "application/pdf", "caption": hostile}}),
    );
    tells("L", json!({"locationMessage": {"name": hostile, "address": hostile}}));
    tells(
        "V",
        json!({"contactMessage": {"displayName": hostile, "vcard": format!("FN:{hostile}\nTEL:+62811")}}),
    );
    tells(
        "B",
        json!({"buttonsResponseMessage": {"selectedButtonId": "1", "selectedDisplayText": hostile}}),
    );
    tells("S", json!({"listResponseMessage": {"title": hostile}}));
    tells(
        "P",
        json!({"pollCreationMessage": {"name": hostile, "options": [{"optionName": hostile}]}}),
    );
    tells("Q", json!({"extendedTextMessage": {"text": "See above", "contextInfo": quoted}}));
    tells(
        "R",
        json!({"reactionMessage": {"key": {"id": format!("X{at}"), "fromMe": false}, "text": hostile}}),
    );
    let edit = json!({"type": 14, "key": {"id": format!("Q{at}"), "fromMe": false}, "editedMessage": {"conversation": hostile}});
    tells("E", json!({ "protocolMessage": edit }));
    // What some fields hold at most.
    let short: String = hostile.chars().take(60).collect();
    let case = json!({"customer_email": format!("x{at}@example.org"), "customer_name": hostile, "subject": hostile, "description": hostile, "order_id": short});
    let made = place.call(&place.ingest, "POST", "/api/tickets/create", &case);
    let case = place.number(made["ticket"]["ticket_id"].as_str().expect("an id"));
    let note = json!({"body": hostile, "is_internal": true});
    place.call(&place.admin, "POST", &format!("/api/tickets/{case}/comments"), &note);
    let tags = json!({"tags": [short], "metadata": {"from": hostile}, "reason": hostile});
    place.call(&place.admin, "PATCH", &format!("/api/tickets/{case}"), &tags);
    let reason = json!({ "reason": hostile });
    place.call(&place.admin, "POST", &format!("/api/tickets/{case}/escalate"), &reason);
    let mail = format!(
        "From: \"{}\" <m{at}@example.com>\r\nTo: support@desk.example\r\nCc: \"{0}\" <c{at}@example.com>\r\nSubject: {hostile}\r\nMessage-ID: <h{at}@example.com>\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{hostile}\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Disposition: attachment; filename=\"{0}.html\"\r\n\r\n<p>{hostile}</p>\r\n--b--\r\n",
        hostile.replace('"', "'")
    );
    let headers = [
        ("Authorization", &*format!("Bearer {}", place.ingest)),
        ("Content-Type", "message/rfc822"),
    ];
    let answer = place.daemon.request("POST", "/webhook/email", &headers, mail.as_bytes());
    let mailed = answer.json()["ticket"].as_u64().unwrap_or_else(|| panic!("{}", answer.text()));
    vec![chat, case, mailed]
}

/// Nothing ran, nothing became an element, nothing leads to a script.
fn quiet(browser: &Browser, hostile: &str) {
    let state = "return [window.pwned ?? null, document.querySelectorAll('#app iframe, #app script, #app style, #app img, #app meta, #app b, #app math, #app svg[onload]').length, [...document.links].filter((a) => !['http:', 'https:', 'tel:', 'mailto:', 'blob:'].includes(a.protocol)).length]";
    assert_eq!(browser.script(state), json!([null, 0, 0]), "{hostile}");
}

const MAIL: &str = "[mail]\nfrom = \"Toko <support@desk.example>\"\n[mail.smtp]\nhost = \"127.0.0.1\"\nport = 9\ntls = \"none\"\n[webhooks]\nallow = ['127.0.0.1']\n";

#[test]
fn nothing_that_a_customer_writes_runs() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open(MAIL);
    let email = place.person("Dewi", "admin");
    let hook = json!({"url": "http://127.0.0.1:9/", "events": ["*"]});
    place.call(&place.admin, "POST", "/api/webhooks", &hook);
    let tickets: Vec<Vec<u64>> =
        CORPUS.iter().enumerate().map(|(at, hostile)| sent(&place, at, hostile)).collect();
    let browser = driver.browser();
    place.enter(&browser, &email);
    for (hostile, tickets) in CORPUS.iter().zip(&tickets) {
        let shown = json!(hostile.replace(['\u{202e}', '\u{2066}'], "").split('\n').next());
        for ticket in tickets {
            browser.script(&format!("history.pushState(null, '', '/tickets/{ticket}?view=all'); dispatchEvent(new PopStateEvent('popstate'))"));
            browser.until("the words", &format!("document.querySelector('.ticket-number')?.textContent.includes('{ticket}') && [...document.querySelectorAll('.entry .words, .prose')].some((e) => e.textContent.replace(/[\\u202e\\u2066]/g, '').includes({shown}))"));
            quiet(&browser, hostile);
        }
        // What was done to it, and what else is of this customer.
        for tab in ["notes", "related"] {
            browser.click(&format!("#tab-{tab}"));
            browser
                .until(tab, &format!("document.querySelector('#tab-{tab}[aria-selected=true]')"));
            quiet(&browser, hostile);
        }
        browser.click("#tab-conversation");
    }
    assert_eq!(browser.faults(), Vec::<String>::new(), "no script or style was even tried");
    let chat = format!("/api/tickets/{}", tickets[1][0]);
    let contact = place.call(&place.admin, "GET", &chat, &Value::Null)["contact_id"].clone();
    let call = "call-1?customer_name=%3Cimg%20src%3Dx%20onerror%3Dwindow.pwned%3D1%3E&customer_phone=6281200045678";
    let mut call = Call::begin(place.daemon.address(), &place.ingest, call);
    call.says(true, CORPUS[0]);
    call.half("half", CORPUS[1]);
    let question = CORPUS[1].replace(['#', '&', '%'], "");
    for (path, until) in [
        ("/contacts", "document.querySelectorAll('.contact-row').length > 8"),
        (&*format!("/contacts/{contact}"), "document.querySelector('.contact-body .related-list')"),
        (&*format!("/search?q={question}"), "document.querySelector('.found, .nothing')"),
        ("/search?q=window.pwned", "document.querySelectorAll('.found-line').length > 8"),
        (
            &*format!("/tickets?view=all&q={question}"),
            "document.querySelector('.list-status')?.textContent.match(/\\d/)",
        ),
        (
            "/calls",
            "document.querySelector('.call-line.from-user .call-words') && document.querySelector('.is-partial')",
        ),
        ("/home", "document.querySelectorAll('.tile').length > 8"),
        ("/admin/audit", "document.querySelectorAll('.admin-table tr, .audit-line').length > 5"),
        ("/admin/deliveries", "document.querySelector('[data-delivery]')"),
    ] {
        browser.go(&format!("{}{path}", place.url));
        browser.until(path, until);
        quiet(&browser, path);
    }
    browser.click("[data-delivery] [data-act=look]");
    browser.until("a payload", "document.querySelector('dialog .payload')");
    quiet(&browser, "a delivery");
    browser.go(&format!("{}/tickets?view=all", place.url));
    browser.until("the list", "document.querySelectorAll('.row-link').length > 8");
    browser.press(&[CONTROL, "k"]);
    browser.write(".palette-input", "window.pwned");
    browser.sees(".palette [role=option]", "<script>");
    quiet(&browser, "the palette");
    assert_eq!(browser.faults(), Vec::<String>::new(), "no script or style was even tried");
}

/// The customers' pages show what anybody filled into the form, and nothing of it is more than text there, too.
#[test]
fn nothing_that_a_form_was_filled_with_runs_in_the_portal() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let browser = driver.browser();
    for (at, hostile) in CORPUS.iter().enumerate() {
        let case = json!({"subject": hostile, "description": hostile, "requester_name": hostile, "requester_email": format!("x{at}@example.org")});
        let made = place.call(&place.admin, "POST", "/api/public/tickets", &case);
        let (id, token) = (made["ticket"]["id"].as_str(), made["accessToken"].as_str());
        let (id, token) = (id.expect("an id"), token.expect("a token"));
        let answer = json!({"body": hostile, "is_internal": false});
        place.call(&place.admin, "POST", &format!("/api/tickets/{id}/comments"), &answer);
        browser.go("about:blank");
        browser.go(&format!("{}/portal/tickets/{id}#{token}", place.url));
        browser.until("the words", "document.querySelectorAll('.portal-said').length > 1");
        quiet(&browser, hostile);
    }
    assert_eq!(browser.faults(), Vec::<String>::new(), "no script or style was even tried");
}
