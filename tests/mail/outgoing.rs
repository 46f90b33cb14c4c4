//! Mails that go out: comments, links, summaries, and what becomes of them when the server fails or the daemon dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, SUPPORT, mail};
use crate::sink::Does;

#[test]
fn a_public_comment_goes_out_in_the_thread_with_its_files() {
    let desk = Desk::open("receipts = false\nsignature = \"Toko Makmur\"\n");
    let ticket = desk.opens(&mail("k1@example.com", "", "Kulkas rusak", "Halo."));
    let upload = desk.daemon.request(
        "POST",
        &format!("/api/tickets/{ticket}/attachments?name=nota.txt"),
        &[
            ("Authorization", &format!("Bearer {}", desk.daemon.token_named("Ana", "agent"))),
            ("Content-Type", "application/octet-stream"),
        ],
        b"Rp 250.000",
    );
    assert_eq!(upload.status, 201, "{}", upload.text());
    let file = upload.json();
    let file = file["id"]
        .as_u64()
        .or_else(|| file["attachments"][0]["id"].as_u64())
        .or_else(|| file["files"][0]["id"].as_u64());
    let body = json!({"body": "Ini <notanya>.", "is_internal": false, "attachments": [file.expect("an id")]});
    let answer = desk.ana("POST", &format!("/api/tickets/{ticket}/comments"), &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["delivery"]["state"], "queued");
    let comment = answer.json()["id"].as_u64().expect("an id");
    let note = json!({"body": "Jangan bilang-bilang", "is_internal": true});
    assert_eq!(desk.ana("POST", &format!("/api/tickets/{ticket}/comments"), &note).status, 201);
    desk.until(ticket, comment, "sent");
    let sent = desk.sink.taken();
    assert_eq!(sent.len(), 1, "the note stays inside");
    let sent = &sent[0];
    assert_eq!(sent.to, ["budi@example.com"]);
    assert_eq!(sent.header("From").replace('"', ""), format!("Toko <{SUPPORT}>"));
    assert_eq!(sent.header("Subject"), "Re: Kulkas rusak");
    assert_eq!(sent.header("In-Reply-To"), "<k1@example.com>");
    assert_eq!(sent.header("References"), "<k1@example.com>");
    assert_eq!(sent.header("Auto-Submitted"), "", "a person wrote it");
    assert!(sent.header("Reply-To").contains(&format!("support+t{ticket}.")));
    assert!(
        sent.raw.contains("Ini <notanya>.") && sent.raw.contains("Ini &lt;notanya&gt;."),
        "{}",
        sent.raw
    );
    assert!(sent.raw.contains("Toko Makmur") && sent.raw.contains("nota.txt"), "{}", sent.raw);
    assert_eq!(desk.status(ticket), "in_progress");
    // The answer to it joins, and the next mail knows the whole thread.
    let thread = format!("In-Reply-To: {}\n", sent.header("Message-ID"));
    assert_eq!(
        desk.deliver(&mail("k2@example.com", &thread, "Re: Kulkas rusak", "Terima kasih")).0,
        "reply"
    );
    desk.reply(ticket, "Sama-sama");
    let last = desk.sink.until(2).remove(1);
    assert_eq!(last.header("In-Reply-To"), "<k2@example.com>");
    assert!(last.header("References").contains("k2@example.com"));
}

#[test]
fn what_the_server_refuses_has_failed_and_can_be_sent_anew() {
    let desk = Desk::with(
        |_, before| match before {
            0 => Does::Refuses("450 4.2.0 try again"),
            1 => Does::Refuses("550 5.1.1 no such user"),
            _ => Does::Takes,
        },
        "receipts = false\n",
    );
    let ticket = desk.opens(&mail("l1@example.com", "", "Kulkas", "Rusak."));
    let comment = desk.reply(ticket, "Segera.");
    let delivery = desk.until(ticket, comment, "failed");
    assert!(
        delivery["error"].as_str().is_some_and(|why| why.contains("no such user")),
        "{delivery}"
    );
    let again =
        desk.ana("POST", &format!("/api/tickets/{ticket}/comments/{comment}/resend"), &Value::Null);
    assert_eq!(again.status, 200, "{}", again.text());
    desk.until(ticket, comment, "sent");
    assert_eq!(desk.sink.taken().len(), 1);
    assert!(!desk.daemon.log().contains("budi@example.com"), "no address in the log");
}

#[test]
fn no_mail_is_lost_however_often_the_daemon_dies() {
    let mut desk = Desk::with(
        |_, before| match before % 4 {
            0 => Does::Refuses("451 later"),
            1 => Does::TakesAndDrops,
            _ => Does::Takes,
        },
        "receipts = false\n",
    );
    let ticket = desk.opens(&mail("m1@example.com", "", "Kulkas", "Rusak."));
    let mut written = Vec::new();
    for round in 0..4 {
        for n in 0..3 {
            let text = format!("answer {round}.{n}.");
            written.push((desk.reply(ticket, &text), text));
        }
        std::thread::sleep(Duration::from_millis(60 * round));
        desk.daemon.kill9();
        desk.daemon.restart();
    }
    for (comment, _) in &written {
        desk.until(ticket, *comment, "sent");
    }
    let taken = desk.sink.taken();
    for (_, text) in &written {
        let mut ids: Vec<String> = taken
            .iter()
            .filter(|mail| mail.raw.contains(text.as_str()))
            .map(|mail| mail.header("Message-ID"))
            .collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{text} goes out under one id, at least once");
    }
    desk.verify();
}

#[test]
fn links_go_to_the_address_that_asked_and_nobody_learns_whether_it_is_known() {
    let desk = Desk::open(
        "receipts = false\nportal_link = \"https://desk.example/portal/tickets/{number}?token={token}\"\n",
    );
    let ticket = desk.opens(&mail("n1@example.com", "", "Kulkas", "Rusak."));
    let look = |address: &str| {
        let path = format!("/api/public/tickets/lookup?email={address}");
        let answer = desk.daemon.request("GET", &path, &[], b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    assert_eq!(look("nobody@example.com"), look("budi@example.com"));
    let sent = desk.sink.until(1).remove(0);
    assert_eq!(sent.to, ["budi@example.com"]);
    let raw = sent.raw.replace("=\r\n", "").replace("=3D", "=");
    let token = raw.split("token=").nth(1).and_then(|rest| {
        rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').next()
    });
    let token = token.expect("a token");
    // The link is the page's own (S3.42), and the page reads the ticket by its token.
    let page = format!("/portal/tickets/{ticket}?token={token}");
    assert!(raw.contains(&format!("https://desk.example{page}")), "{raw}");
    let page = desk.daemon.request("GET", &page, &[], b"");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let path = format!("/api/public/tickets/{ticket}?token={token}");
    let seen = desk.daemon.request("GET", &path, &[], b"");
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert_eq!(seen.json()["subject"], "Kulkas");
}

/// S3.44: by the link in the mail, without a login.
#[test]
fn a_resolved_ticket_asks_for_a_rating_and_its_link_rates() {
    let desk = Desk::open(
        "receipts = false\nrating = true\nportal_link = \"https://desk.example/portal/tickets/{number}?token={token}\"\n",
    );
    let ticket = desk.opens(&mail("r1@example.com", "", "Kulkas", "Rusak."));
    desk.moved(ticket, "resolve");
    let asked = desk.sink.until(1).remove(0);
    assert_eq!(asked.to, ["budi@example.com"]);
    assert_ne!(asked.header("Auto-Submitted"), "", "no person wrote it");
    let raw = asked.raw.replace("=\r\n", "").replace("=3D", "=");
    let link = raw.split("https://desk.example").nth(1).expect("a link");
    let link = link.split(|c: char| c.is_whitespace() || "\"<>".contains(c)).next();
    let (path, token) = link.and_then(|link| link.split_once("?token=")).expect("a token");
    let reference = path.strip_prefix("/portal/tickets/").expect("the page of a ticket");
    let body = json!({"access_token": token, "rating": 4, "feedback": "Cepat"}).to_string();
    let path = format!("/api/public/tickets/{reference}/satisfaction");
    let headers = [("Content-Type", "application/json")];
    let rated = desk.daemon.request("POST", &path, &headers, body.as_bytes());
    assert_eq!(rated.status, 201, "{}", rated.text());
    assert_eq!(desk.read(&format!("/api/tickets/{ticket}/satisfaction"))["rating"], 4);
}

/// What waits for a server that is away goes with its customer.
#[test]
fn mails_that_wait_for_somebody_who_is_erased_are_never_sent() {
    let away = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&away);
    let does = move |_: &_, _| match asked.load(Ordering::Relaxed) {
        true => Does::Refuses("450 4.2.0 later"),
        false => Does::Takes,
    };
    let mut desk = Desk::with(does, "receipts = false\n");
    let ticket = desk.opens(&mail("e1@example.com", "", "Kulkas", "Rusak di Jalan Mawar."));
    desk.reply(ticket, "Teknisi datang ke Jalan Mawar.");
    desk.reply(ticket, "Besok pagi.");
    let erased = desk.daemon.cli(&["privacy", "erase", "--contact", "budi@example.com"]);
    let told = String::from_utf8_lossy(&erased.stdout).into_owned();
    assert!(erased.status.success() && told.contains("1 tickets stay"), "{told}");
    away.store(false, Ordering::Relaxed);
    desk.daemon.kill9();
    desk.daemon.restart();
    let other = mail("e2@example.com", "", "Mesin", "Bocor.").replace("budi@", "siti@");
    let hers = desk.opens(&other);
    desk.reply(hers, "Segera.");
    let taken = desk.sink.until(1);
    assert!(taken.iter().all(|mail| mail.to == ["siti@example.com"]), "{taken:?}");
    let shown = String::from_utf8_lossy(&desk.daemon.cli(&["status"]).stdout).into_owned();
    assert!(shown.contains("email: nothing waits"), "{shown}");
    assert!(!desk.said(ticket).iter().any(|said| said.2.contains("Mawar")));
    desk.verify();
}

#[test]
fn a_caller_whose_address_is_known_is_sent_what_the_call_came_to() {
    let desk = Desk::open("call_summary = true\n");
    let admin = desk.daemon.token_named("Boss", "admin");
    let call = |method: &str, path: &str, body: Value| {
        let answer = desk.call(&admin, method, path, &body);
        assert!(answer.status < 300, "{path}: {}", answer.text());
        answer.json()
    };
    let made = call("POST", "/api/calls", json!({"session_id": "s-1", "customer_name": "Budi"}));
    let number = made["data"]["number"].as_u64().or(made["data"]["ticket_number"].as_u64());
    let number = number.unwrap_or(1001);
    call(
        "PATCH",
        &format!("/api/tickets/{number}"),
        json!({"requester_email": "budi@example.com"}),
    );
    call(
        "POST",
        &format!("/api/calls/{number}/interactions"),
        json!({"speaker": "user", "message": "Kulkas saya rusak dan bocor."}),
    );
    call("POST", &format!("/api/calls/{number}/close"), json!({}));
    let sent = desk.sink.until(1).remove(0);
    assert_eq!(sent.to, ["budi@example.com"]);
    assert!(sent.raw.contains("thank you for calling"), "{}", sent.raw);
}

#[test]
fn the_portals_customer_gets_a_receipt_and_comments_by_mail() {
    let desk = Desk::open("");
    let body = json!({"subject": "Tagihan", "description": "Kenapa dua kali?", "requester_email": "siti@example.com"});
    let headers = [("Content-Type", "application/json")];
    let answer =
        desk.daemon.request("POST", "/api/public/tickets", &headers, body.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let receipt = desk.sink.until(1).remove(0);
    assert_eq!(receipt.to, ["siti@example.com"]);
    desk.reply(1001, "Kami periksa.");
    let sent = desk.sink.until(2).remove(1);
    assert_eq!(sent.header("In-Reply-To"), receipt.header("Message-ID"));
    let shown = String::from_utf8_lossy(&desk.daemon.cli(&["status"]).stdout).into_owned();
    assert!(shown.contains("email: nothing waits; 2 sent"), "{shown}");
}
