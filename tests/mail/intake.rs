//! Mails that a mail server posts: what opens a ticket, what joins one, what is a machine's.

use serde_json::json;

use crate::desk::{Desk, SUPPORT, mail};

#[test]
fn a_mail_opens_a_ticket_and_its_answer_joins_it_by_the_thread_never_by_the_subject() {
    let mut desk = Desk::open("receipts = false\n");
    let ticket = desk.opens(&mail(
        "a1@example.com",
        "Cc: Siti <siti@example.com>\n",
        "Kulkas rusak",
        "Halo,\nkulkas saya mati.",
    ));
    let shown = desk.read(&format!("/api/tickets/{ticket}"));
    assert_eq!(shown["channel"], "email");
    assert_eq!(shown["subject"], "Kulkas rusak");
    assert_eq!(
        (&shown["status"], &shown["requester_email"]),
        (&json!("new"), &json!("budi@example.com"))
    );
    assert_eq!(shown["requester_name"], "Budi Santoso");
    assert_eq!(shown["replies_by"], "email");
    assert_eq!(desk.heard(ticket), ["Halo,\nkulkas saya mati."]);
    // Who is in Cc is kept, and told.
    let entry = desk.timeline(ticket)[0]["id"].as_u64().expect("an id");
    let kept = desk.read(&format!("/api/tickets/{ticket}/comments/{entry}/mail"));
    assert_eq!(
        (&kept["message_id"], &kept["cc"]),
        (&json!("a1@example.com"), &json!(["siti@example.com"]))
    );

    let quoting =
        "Masih mati.\n\nPada Jum, 20 Nov 2026 10.00 Toko <support@desk.example> menulis:\n> Halo";
    let answer =
        mail("a2@example.com", "In-Reply-To: <a1@example.com>\n", "Re: Kulkas rusak", quoting);
    assert_eq!(desk.deliver(&answer), ("reply".into(), Some(ticket)));
    assert_eq!(desk.heard(ticket)[1], "Masih mati.");
    let entry = desk.timeline(ticket)[1]["id"].as_u64().expect("an id");
    let kept = desk.read(&format!("/api/tickets/{ticket}/comments/{entry}/mail"));
    assert!(kept["full_text"].as_str().is_some_and(|full| full.contains("menulis:")), "{kept}");
    // The same words in a subject are no thread.
    assert_ne!(
        desk.opens(&mail("b1@example.com", "", "Re: Kulkas rusak", "Punya saya juga!")),
        ticket
    );
    // What comes a second time adds nothing.
    assert_eq!(desk.deliver(&answer), ("duplicate".into(), Some(ticket)));
    assert_eq!((desk.heard(ticket).len(), desk.total()), (2, 2));
    desk.verify();
    assert_eq!(desk.deliver(&answer), ("duplicate".into(), Some(ticket)));
}

#[test]
fn mails_of_a_thread_share_a_ticket_in_whatever_order_they_come() {
    let desk = Desk::open("receipts = false\n");
    let later = mail(
        "c2@example.com",
        "References: <c0@example.com> <c1@example.com>\n",
        "Re: Order",
        "Any news?",
    );
    let ticket = desk.opens(&later);
    assert_eq!(
        desk.deliver(&mail("c1@example.com", "", "Order", "Where is it?")),
        ("reply".into(), Some(ticket))
    );
    // Two answers to a mail that never came here.
    let other = mail("c3@example.com", "In-Reply-To: <c0@example.com>\n", "Re: Order", "Hello?");
    assert_eq!(desk.deliver(&other), ("reply".into(), Some(ticket)));
    assert_eq!(desk.total(), 1);
}

#[test]
fn a_reply_to_what_is_resolved_reopens_it() {
    let desk = Desk::open("receipts = false\n");
    let ticket = desk.opens(&mail("d1@example.com", "", "Kulkas", "Rusak."));
    desk.moved(ticket, "resolve");
    assert_eq!(desk.status(ticket), "resolved");
    let again =
        mail("d2@example.com", "In-Reply-To: <d1@example.com>\n", "Re: Kulkas", "Rusak lagi.");
    assert_eq!(desk.deliver(&again), ("reply".into(), Some(ticket)));
    assert_eq!(desk.status(ticket), "open");
}

#[test]
fn files_come_along_and_are_what_their_bytes_say() {
    let desk = Desk::open("receipts = false\n");
    let body = "From: budi@example.com\nTo: support@desk.example\nSubject: =?utf-8?Q?Garansi_=E2=80=93_foto?=\nMessage-ID: <e1@example.com>\n\
        MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=XX\n\n--XX\nContent-Type: text/html; charset=iso-8859-1\n\
        Content-Transfer-Encoding: quoted-printable\n\n<p>Voil=E0 la <b>photo</b><script>alert(1)</script></p>\n--XX\n\
        Content-Type: image/png; name=\"../../nota.png\"\nContent-Disposition: attachment; filename=\"../../nota.png\"\n\
        Content-Transfer-Encoding: base64\n\niVBORw0KGgoAAAANSUhEUg==\n--XX--\n";
    let ticket = desk.opens(body);
    assert_eq!(desk.read(&format!("/api/tickets/{ticket}"))["subject"], "Garansi – foto");
    let first = &desk.timeline(ticket)[0];
    assert_eq!(first["body"], "Voilà la photo");
    let file = &first["attachments"][0];
    assert_eq!(
        (&file["file_name"], &file["media_type"]),
        (&json!("nota.png"), &json!("image/png"))
    );
}

#[test]
fn what_a_machine_answers_is_a_note_and_is_never_answered() {
    let desk = Desk::open("");
    let ticket = desk.opens(&mail("f1@example.com", "", "Kulkas", "Rusak."));
    let receipt = desk.sink.until(1).remove(0);
    assert_eq!(receipt.to, ["budi@example.com"]);
    assert_eq!(receipt.header("Auto-Submitted"), "auto-replied");
    assert_eq!(receipt.header("In-Reply-To"), "<f1@example.com>");
    assert!(receipt.raw.contains(&format!("#{ticket}")), "{}", receipt.raw);
    // Out of office, to the receipt: kept for agents, moves nothing.
    let absent =
        format!("In-Reply-To: {}\nAuto-Submitted: auto-replied\n", receipt.header("Message-ID"));
    let absent = mail("f2@example.com", &absent, "Automatic reply: Kulkas", "I am away.");
    assert_eq!(desk.deliver(&absent), ("note".into(), Some(ticket)));
    assert!(desk.said(ticket).contains(&("user".into(), "note".into(), "I am away.".into())));
    assert_eq!(desk.heard(ticket), ["Rusak."]);
    // An absence that belongs to nothing is no ticket.
    let stray = mail("f3@example.com", "Auto-Submitted: auto-replied\n", "Out of office", "Away.");
    assert_eq!(desk.deliver(&stray).0, "ignored");
    // An alert is one, and gets no receipt.
    let alert = mail("f4@example.com", "Auto-Submitted: auto-generated\n", "Disk full", "92 %");
    let alert = desk.opens(&alert);
    assert_eq!(desk.read(&format!("/api/tickets/{alert}"))["tags"], json!(["automated"]));
    // Our own mail, come back, even under another id.
    assert_eq!(desk.deliver(&receipt.raw).0, "own");
    let own = receipt.raw.replace(&receipt.header("Message-ID"), "<other@relay.example>");
    assert_eq!(desk.deliver(&own).0, "own");
    assert_eq!(desk.sink.taken().len(), 1);
    assert_eq!(desk.total(), 2);
}

#[test]
fn two_machines_that_hide_what_they_are_do_not_thank_each_other_for_ever() {
    let desk = Desk::open("automatic_per_hour = 3\n");
    for n in 0..8 {
        desk.opens(&mail(
            &format!("g{n}@example.com"),
            "",
            "Thank you for your message",
            "We got it.",
        ));
    }
    let ticket = desk.opens(&mail("g9@example.com", "", "Hi", "One more"));
    desk.reply(ticket, "Agents are not counted.");
    let taken = desk.sink.until(4);
    assert_eq!(taken.iter().filter(|mail| !mail.header("Auto-Submitted").is_empty()).count(), 3);
}

#[test]
fn a_bounce_is_told_to_the_agents_and_fails_the_comment() {
    let desk = Desk::open("receipts = false\n");
    let ticket = desk.opens(&mail("h1@example.com", "", "Kulkas", "Rusak."));
    let comment = desk.reply(ticket, "Kami kirim teknisi.");
    let sent = desk.sink.until(1).remove(0);
    desk.until(ticket, comment, "sent");
    let bounce = format!(
        "From: MAILER-DAEMON@mx.example\nTo: {}\nSubject: Undelivered Mail Returned to Sender\nMessage-ID: <b1@mx.example>\n\
         Auto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\n\
         Content-Type: text/plain\n\nI'm sorry.\n--B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; budi@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n--B\n\
         Content-Type: text/rfc822-headers\n\nMessage-ID: {}\nSubject: Re: Kulkas\n--B--\n",
        sent.from,
        sent.header("Message-ID")
    );
    assert_eq!(desk.deliver(&bounce), ("note".into(), Some(ticket)));
    let delivery = desk.until(ticket, comment, "failed");
    assert!(
        delivery["error"].as_str().is_some_and(|why| why.contains("no such user")),
        "{delivery}"
    );
    assert!(desk.said(ticket).iter().any(|(who, kind, text)| {
        who == "system" && kind == "note" && text.contains("could not be delivered")
    }));
    assert_eq!(desk.sink.taken().len(), 1);
}

#[test]
fn whoever_knows_a_number_and_no_tag_joins_nothing() {
    let desk = Desk::open("receipts = false\ntag = \"both\"\n");
    let ticket = desk.opens(&mail("i1@example.com", "", "Kulkas", "Rusak."));
    desk.reply(ticket, "Nomor seri?");
    let sent = desk.sink.until(1).remove(0);
    let tag = sent.from.split(['+', '@']).nth(1).expect("a tag").to_owned();
    assert!(sent.header("Subject").ends_with(&format!("[#{tag}]")), "{}", sent.header("Subject"));
    // A program that keeps neither References nor In-Reply-To.
    let by_address = mail("i2@example.com", "", "Nomor seri", "12345")
        .replace(&format!("To: {SUPPORT}"), &format!("To: {}", sent.header("Reply-To")));
    assert_eq!(desk.deliver(&by_address), ("reply".into(), Some(ticket)));
    let by_subject = mail("i3@example.com", "", &format!("AW: Kulkas [#{tag}]"), "Halo?");
    assert_eq!(desk.deliver(&by_subject), ("reply".into(), Some(ticket)));
    let guessed = format!("Re: [#t{ticket}.0000000000000000]");
    assert_ne!(desk.opens(&mail("i4@example.com", "", &guessed, "Let me in")), ticket);
    assert_ne!(
        desk.opens(&mail("i5@example.com", "", &format!("[#{ticket}]"), "Let me in")),
        ticket
    );
}

#[test]
fn what_is_no_mail_is_refused_and_a_signature_must_be_right() {
    let desk = Desk::open("");
    assert_eq!(desk.post("").status, 400);
    let signed = Desk::open("[doors.email]\nhmac_key = \"geheim\"\n");
    let answer = signed.post(&mail("j1@example.com", "", "Hi", "Hi"));
    assert_eq!(answer.status, 401, "{}", answer.text());
    let raw = "From: a@b.example\r\n\r\nHi";
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"geheim");
    let hex: String = ring::hmac::sign(&key, raw.as_bytes())
        .as_ref()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let told = format!("sha256={hex}");
    let headers = [("X-Signature-256", told.as_str())];
    let answer = signed.daemon.request("POST", "/webhook/email", &headers, raw.as_bytes());
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("ticket")));
}

#[test]
fn a_picture_within_the_text_is_a_file_of_what_was_said() {
    let desk = Desk::open("receipts = false\n");
    let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    for (kind, expected) in [("related; type=\"text/html\"", "p1"), ("mixed", "p2")] {
        let more =
            format!("MIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary=XX\nX-Was: ");
        let body = format!(
            "--XX\nContent-Type: text/html\n\n<p>See <img src=\"cid:pic@x\"> there</p>\n--XX\n\
             Content-Type: image/png\nContent-Transfer-Encoding: base64\nContent-ID: <pic@x>\n\
             Content-Disposition: inline; filename=\"screen.png\"\n\n{picture}\n--XX--\n"
        );
        let ticket = desk.opens(&mail(&format!("{expected}@example.com"), &more, "Layar", &body));
        let entry = desk.timeline(ticket).remove(0);
        assert!(entry["body"].as_str().is_some_and(|words| words.contains("See")), "{entry}");
        let file = &entry["attachments"][0];
        assert_eq!(
            (&file["file_name"], &file["media_type"]),
            (&"screen.png".into(), &"image/png".into()),
            "{kind}: {entry}"
        );
    }
}
