use proptest::prelude::*;

use super::quote::words;
use super::{Bounce, Nature, parse};

fn raw(headers: &str, body: &str) -> Vec<u8> {
    format!("From: Budi <budi@example.com>\n{headers}\n{body}").replace('\n', "\r\n").into_bytes()
}

/// What programs write around an answer of one line, `Baik, terima kasih.`
const ANSWERS: [&str; 19] = [
    // Gmail
    "Baik, terima kasih.\n\nOn Fri, Nov 20, 2026 at 10:00 AM Toko <support@desk.example> wrote:\n\n> Halo Budi\n> apa kabar\n",
    // Gmail, broken over two lines
    "Baik, terima kasih.\n\nOn Fri, Nov 20, 2026 at 10:00 AM Toko Makmur <\nsupport+t1001.0123456789abcdef@desk.example> wrote:\n\n> Halo\n",
    // Gmail in other languages
    "Baik, terima kasih.\n\nEl vie, 20 nov 2026 a las 10:00, Toko (<support@desk.example>) escribió:\n\n> Halo\n",
    "Baik, terima kasih.\n\nPada tanggal Jum, 20 Nov 2026 pukul 10.00 Toko <support@desk.example> menulis:\n\n> Halo\n",
    "Baik, terima kasih.\n\nToko <support@desk.example> 于2026年11月20日周五 10:00写道：\n\n> Halo\n",
    "Baik, terima kasih.\n\n在 2026年11月20日，上午10:00，Toko <support@desk.example> 写道：\n\n> Halo\n",
    "Baik, terima kasih.\n\nAm Fr., 20. Nov. 2026 um 10:00 Uhr schrieb Toko <support@desk.example>:\n\n> Halo\n",
    "Baik, terima kasih.\n\nLe ven. 20 nov. 2026 à 10:00, Toko <support@desk.example> a écrit :\n\n> Halo\n",
    "Baik, terima kasih.\n\nEm sex., 20 de nov. de 2026 às 10:00, Toko <support@desk.example> escreveu:\n\n> Halo\n",
    // Apple Mail and telephones
    "Baik, terima kasih.\n\nSent from my iPhone\n\n> On 20 Nov 2026, at 10:00, Toko <support@desk.example> wrote:\n> \n> Halo\n",
    "Baik, terima kasih.\n\nDikirim dari iPhone saya\n\n> Pada 20 Nov 2026, pukul 10.00, Toko <support@desk.example> menulis:\n> Halo\n",
    "Baik, terima kasih.\n\n发自我的iPhone\n\n> 在 2026年11月20日，10:00，Toko <support@desk.example> 写道：\n> Halo\n",
    "Baik, terima kasih.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Toko <support@desk.example>\nSent: Friday, November 20, 2026 10:00:00 AM\nTo: Budi <budi@example.com>\nSubject: Kulkas\n\nHalo\n",
    // Outlook
    "Baik, terima kasih.\n\nFrom: Toko <support@desk.example>\nSent: Friday, November 20, 2026 10:00 AM\nTo: Budi <budi@example.com>\nSubject: RE: Kulkas\n\nHalo\n",
    "Baik, terima kasih.\n\n*Von:* Toko <support@desk.example>\n*Gesendet:* Freitag, 20. November 2026 10:00\n*An:* Budi\n*Betreff:* Kulkas\n\nHalo\n",
    "Baik, terima kasih.\n\n发件人: Toko <support@desk.example>\n发送时间: 2026年11月20日 10:00\n收件人: Budi\n主题: Kulkas\n\nHalo\n",
    "Baik, terima kasih.\n\n-----Original Message-----\nFrom: Toko\nHalo\n",
    // From HTML alone: nothing is marked
    "Baik, terima kasih.\n\nOn Fri, Nov 20, 2026 at 10:00 AM Toko <support@desk.example> wrote:\n\nHalo Budi\n",
    "Baik, terima kasih.\n\n-- \nBudi Santoso\nJakarta\n",
];

#[test]
fn only_what_is_new_is_taken_for_what_was_said() {
    for answer in ANSWERS {
        assert_eq!(words(answer), "Baik, terima kasih.", "{answer}");
    }
}

#[test]
fn answers_between_quoted_lines_stay() {
    let mail = "On 20 Nov 2026, Toko wrote:\n> Nomor seri?\n12345\n\n> Alamat?\nJalan Mawar 7\n";
    assert_eq!(words(mail), "12345\n\nJalan Mawar 7");
}

#[test]
fn what_only_looks_like_a_quote_stays() {
    for text in [
        "On Monday I wrote:\nplease call me",
        "From: Jakarta\nTo: Bandung\nwhen does it leave?",
        "Dear team,\n\n5 > 3, as you know.",
        "-- what is this?",
    ] {
        assert_eq!(words(text), text);
    }
}

#[test]
fn a_mail_that_only_forwards_stays_whole() {
    let mail = "---------- Original Message ----------\nFrom: Toko\nHalo";
    assert_eq!(words(mail), mail);
    assert_eq!(words("> Halo\n> Budi"), "> Halo\n> Budi");
}

#[test]
fn charsets_and_encoded_words_are_read() {
    // 你好 in GBK, as Chinese programs send it.
    let mut mail =
        raw("Subject: =?gb2312?B?xOO6ww==?=\nContent-Type: text/plain; charset=gbk\n", "");
    mail.extend_from_slice(b"\xc4\xe3\xba\xc3");
    let mail = parse(&mail).expect("a mail");
    assert_eq!((mail.subject.as_str(), mail.words.as_str()), ("你好", "你好"));
    let latin = raw(
        "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n",
        "Garant=EDa, ma=F1ana",
    );
    assert_eq!(parse(&latin).expect("a mail").words, "Garantía, mañana");
}

#[test]
fn html_becomes_text_without_its_scripts() {
    let mail = raw(
        "Content-Type: text/html; charset=utf-8\n",
        "<html><head><style>p{color:red}</style></head><body><p>Halo &amp; salam</p><script>x()</script><div class=\"gmail_quote\"><div>On Fri, Nov 20, 2026 Toko &lt;support@desk.example&gt; wrote:<br></div><blockquote>lama</blockquote></div></body></html>",
    );
    let mail = parse(&mail).expect("a mail");
    assert_eq!(mail.words, "Halo & salam");
    assert!(mail.text.contains("lama"));
}

#[test]
fn people_are_told_from_machines() {
    let nature = |headers: &str| parse(&raw(headers, "Hi")).expect("a mail").nature;
    assert_eq!(nature("Subject: Hi\n"), Nature::Person);
    assert_eq!(nature("Auto-Submitted: no\n"), Nature::Person);
    for reply in [
        "Auto-Submitted: auto-replied (vacation)\n",
        "Auto-Submitted: auto-generated\nIn-Reply-To: <a@b>\nX-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\n",
        "X-Autoreply: yes\n",
        "Precedence: auto_reply\n",
        "X-Auto-Response-Suppress: All\nIn-Reply-To: <a@b>\n",
        "Precedence: bulk\nIn-Reply-To: <a@b>\n",
    ] {
        assert_eq!(nature(reply), Nature::AutoReply, "{reply}");
    }
    for machine in [
        "Auto-Submitted: auto-generated\n",
        "Precedence: bulk\n",
        "Precedence: list\nList-Id: <news.example>\n",
        "List-Unsubscribe: <https://x.example>\n",
        "X-Auto-Response-Suppress: OOF, AutoReply\n",
    ] {
        assert_eq!(nature(machine), Nature::Automatic, "{machine}");
    }
}

#[test]
fn a_bounce_says_of_which_mail_and_why() {
    let report = |action: &str| {
        format!(
            "Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n--B\nContent-Type: text/plain\n\nSorry.\n\
             --B\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nAction: {action}\nStatus: 5.1.1\n\
             Diagnostic-Code: smtp; 550\n no such user\n\n--B\nContent-Type: message/rfc822\n\nMessage-ID: <ours@desk.example>\nSubject: Hi\n\nHi\n--B--\n"
        )
    };
    let read = |action: &str| {
        let report = report(action);
        parse(&format!("From: postmaster@mx.example\n{report}").replace('\n', "\r\n").into_bytes())
            .expect("a mail")
            .nature
    };
    let of = Some("ours@desk.example".to_owned());
    let why = "smtp; 550 no such user".to_owned();
    assert_eq!(
        read("failed"),
        Nature::Bounce(Bounce { of: of.clone(), failed: true, why: why.clone() })
    );
    assert_eq!(read("delayed"), Nature::Bounce(Bounce { of, failed: false, why }));
}

#[test]
fn what_has_no_header_is_no_mail() {
    for nothing in [&b""[..], b"\r\n", b"\r\n\r\nHello"] {
        assert!(parse(nothing).is_none(), "{nothing:?}");
    }
}

const PIECES: [&str; 20] = [
    "From: a@b.example\r\n",
    "Subject: =?utf-8?B?",
    "Content-Type: multipart/mixed; boundary=X\r\n",
    "Content-Type: message/rfc822\r\n",
    "Content-Type: text/html; charset=\"utf-7\"\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Type: multipart/report; report-type=delivery-status; boundary=X\r\n",
    "Content-Type: message/delivery-status\r\n",
    "Message-ID: <",
    "References: <a> <b>,,<\r\n",
    "--X\r\n",
    "--X--\r\n",
    "\r\n",
    "\n> ",
    "On \u{1f600} wrote:\n",
    "From: x\nSent: y\n",
    "________________________________\n",
    "-- \n",
    "+t1001.0123456789abcdef@",
    "<blockquote>&#xD800;",
];

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = parse(&bytes);
        let _ = words(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn shuffled_pieces_of_mails_never_panic(
        order in proptest::collection::vec((0..PIECES.len(), any::<Option<u8>>()), 0..60),
    ) {
        let mut raw = Vec::new();
        for (piece, byte) in order {
            raw.extend_from_slice(PIECES[piece].as_bytes());
            raw.extend(byte);
        }
        if let Some(mail) = parse(&raw) {
            prop_assert!(mail.words.len() <= mail.text.len().max(1));
        }
    }
}
