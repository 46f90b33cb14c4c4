//! What customers and bridges may fill with anything is text and never anything else.

use serde_json::json;

use crate::Place;
use crate::driver::Driver;

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

#[test]
fn nothing_that_a_customer_writes_runs() {
    let Some(driver) = Driver::start() else { return };
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    let agent = place.daemon.token("agent");
    let mut tickets = Vec::new();
    for (at, hostile) in CORPUS.iter().enumerate() {
        let number = format!("62811122{at:04}");
        tickets.push((place.writes(&number, hostile, &format!("X{at}"), hostile), *hostile));
        let file = json!({"documentMessage": {"fileName": format!("{hostile}.pdf"), "mimetype": "application/pdf", "caption": hostile}});
        place.bridge_tells(&number, hostile, &format!("F{at}"), &file);
        let case = json!({"customer_email": format!("x{at}@example.org"), "customer_name": hostile, "subject": hostile, "description": hostile});
        let made = place.call(&place.ingest, "POST", "/api/tickets/create", &case);
        let case = place.number(made["ticket"]["ticket_id"].as_str().expect("an id"));
        tickets.push((case, *hostile));
        let note = json!({"body": hostile, "is_internal": true});
        place.call(&agent, "POST", &format!("/api/tickets/{case}/comments"), &note);
    }
    let browser = driver.browser();
    place.enter(&browser, &email);
    for (ticket, hostile) in tickets {
        browser.script(&format!("history.pushState(null, '', '/tickets/{ticket}?view=all'); dispatchEvent(new PopStateEvent('popstate'))"));
        let shown = json!(hostile.replace(['\u{202e}', '\u{2066}'], "").split('\n').next());
        browser.until("the words", &format!("[...document.querySelectorAll('.entry .words, .prose')].some((e) => e.textContent.replace(/[\\u202e\\u2066]/g, '').includes({shown}))"));
        let state = "return [window.pwned ?? null, document.querySelectorAll('#app iframe, #app script, #app style, #app img, #app meta, #app b').length, [...document.links].filter((a) => a.protocol === 'javascript:').length]";
        assert_eq!(browser.script(state), json!([null, 0, 0]), "{hostile}");
    }
    for hostile in &CORPUS[..3] {
        browser.go(&format!(
            "{}/tickets?view=all&q={}",
            place.url,
            hostile.replace(['#', '&', '%', '\u{202e}', '\u{2066}'], "")
        ));
        browser
            .until("the list", "document.querySelector('.list-status')?.textContent.match(/\\d/)");
        assert_eq!(browser.script("return window.pwned ?? null"), json!(null), "{hostile}");
    }
    assert_eq!(browser.faults(), Vec::<String>::new(), "no script or style was even tried");
}
