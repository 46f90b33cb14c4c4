use serde_json::{Value, json};

use super::*;
use crate::wire::chat::{Attachment, AttachmentKind, MAX_LABEL, placeholder};

fn read(content: Value) -> Message {
    message(only(wa_message(content)))
}

fn skipped(content: Value) -> Skip {
    reason(only(wa_message(content)))
}

#[test]
fn the_media_samples_have_words_and_attachments() {
    let messages = messages("messages_upsert_media.jsonl");
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Bukti transfer",
            "Invoice terlampir",
            "[Voice message, 0:07]",
            "[Location: Monas, Jakarta Pusat (-6.208763, 106.845599)]",
            "[Contact: Siti (+62 811-1222-333)]",
            "Pesan yang hilang sendiri",
        ]
    );
    let image = Attachment {
        kind: AttachmentKind::Image,
        mimetype: Some("image/jpeg".into()),
        file_name: None,
        bytes: Some(48213),
        seconds: None,
    };
    let document = Attachment {
        kind: AttachmentKind::Document,
        mimetype: Some("application/pdf".into()),
        file_name: Some("invoice.pdf".into()),
        bytes: Some(90211),
        seconds: None,
    };
    let voice = Attachment {
        kind: AttachmentKind::Voice,
        mimetype: Some("audio/ogg; codecs=opus".into()),
        file_name: None,
        bytes: Some(16110),
        seconds: Some(7),
    };
    let attachments: Vec<_> = messages.into_iter().map(|message| message.attachment).collect();
    assert_eq!(attachments, [Some(image), Some(document), Some(voice), None, None, None]);
}

#[test]
fn a_quote_names_the_message_it_answers() {
    let quoting = &messages("messages_upsert_extended_quote.json")[0];
    let quote = quoting.quoted.as_ref().expect("a quote");
    assert_eq!(quote.id, "BAE5F00D0001");
    assert_eq!(quote.text.as_deref(), Some("Boleh minta nomor invoice?"));
    assert_eq!(quoting.text, "Ini nomor invoicenya: INV-2207 https://example.test/i/2207");
    // One bridge flattens the text and puts the context beside the message.
    let beside = wa_message(json!({"conversation": "ya"}));
    let beside = with(beside, "", "contextInfo", json!({"stanzaId": "BAE5F00D0009"}));
    assert_eq!(message(only(beside)).quoted.expect("a quote").id, "BAE5F00D0009");
}

#[test]
fn what_has_no_words_gets_a_line_that_a_person_can_read() {
    for (content, line) in [
        (json!({"imageMessage": {}}), "[Image]"),
        (json!({"imageMessage": {"caption": "  "}}), "[Image]"),
        (json!({"videoMessage": {"seconds": 75}}), "[Video, 1:15]"),
        (json!({"ptvMessage": {}}), "[Video]"),
        (json!({"audioMessage": {"seconds": "61", "ptt": false}}), "[Audio, 1:01]"),
        (json!({"audioMessage": {"ptt": true}}), "[Voice message]"),
        (json!({"documentMessage": {"title": "invoice.pdf"}}), "[Document: invoice.pdf]"),
        (json!({"documentMessage": {}}), "[Document]"),
        (json!({"stickerMessage": {"isAnimated": true}}), "[Sticker]"),
        (json!({"locationMessage": {"name": "Monas"}}), "[Location: Monas]"),
        (
            json!({"locationMessage": {"degreesLatitude": -6.5, "degreesLongitude": 106}}),
            "[Location: -6.500000, 106.000000]",
        ),
        (json!({"locationMessage": {"degreesLatitude": 1e300}}), "[Location]"),
        (
            json!({"liveLocationMessage": {
                "degreesLatitude": 1.5, "degreesLongitude": 2.5, "caption": "di jalan"}}),
            "di jalan\n[Live location: 1.500000, 2.500000]",
        ),
        (json!({"contactMessage": {"displayName": "Siti"}}), "[Contact: Siti]"),
        (json!({"contactMessage": {"vcard": "item1.TEL:+62811"}}), "[Contact: +62811]"),
        (
            json!({"contactsArrayMessage": {"contacts": [
                {"displayName": "Siti"}, {"displayName": "Rina"}, {}]}}),
            "[Contacts: Siti, Rina, unnamed]",
        ),
        (
            json!({"pollCreationMessageV3": {"name": "Kapan?", "options": [
                {"optionName": "pagi"}, {"optionName": "sore"}]}}),
            "[Poll: Kapan? — pagi / sore]",
        ),
        (json!({"eventMessage": {"name": "Rapat"}}), "[Event: Rapat]"),
        (json!({"groupInviteMessage": {}}), "[Group invitation]"),
        (json!({"orderMessage": {"itemCount": 2}}), "[Unsupported message: orderMessage]"),
        (json!({"listResponseMessage": {}}), "[Unsupported message: listResponseMessage]"),
    ] {
        assert_eq!(read(content.clone()).text, line, "{content}");
    }
}

#[test]
fn a_pressed_button_says_what_was_on_it() {
    for content in [
        json!({"buttonsResponseMessage": {"selectedButtonId": "1", "selectedDisplayText": "Ya"}}),
        json!({"templateButtonReplyMessage": {"selectedDisplayText": "Ya"}}),
        json!({"listResponseMessage": {"title": "Ya"}}),
        json!({"interactiveResponseMessage": {"body": {"text": "Ya"}}}),
    ] {
        assert_eq!(read(content.clone()).text, "Ya", "{content}");
    }
}

#[test]
fn wrappers_come_off_however_many() {
    let mut content = json!({"extendedTextMessage": {"text": "di dalam"}});
    for wrapper in [
        "documentWithCaptionMessage",
        "viewOnceMessageV2Extension",
        "viewOnceMessageV2",
        "viewOnceMessage",
        "ephemeralMessage",
        "deviceSentMessage",
    ] {
        let mut layer = json!({"messageContextInfo": {"deviceListMetadataVersion": 2}});
        layer[wrapper] = json!({"message": content, "destinationJid": "62@s.whatsapp.net"});
        content = layer;
        assert_eq!(read(content.clone()).text, "di dalam", "{wrapper}");
    }
    for _ in 0..5 {
        content = json!({"ephemeralMessage": {"message": content}});
    }
    assert_eq!(skipped(content), Skip::Malformed, "deeper than anything WhatsApp sends");
}

#[test]
fn a_text_is_kept_whole_and_unchanged() {
    let long = format!(" مرحبا 👨‍👩‍👧\u{2028}\n{}\t", "x".repeat(200_000));
    assert_eq!(read(json!({"conversation": long})).text, long);
    let caption = read(json!({"imageMessage": {"caption": long}}));
    assert_eq!(caption.text, long);
    let name = with(wa_message(json!({"conversation": "x"})), "", "pushName", json!(long));
    let name = message(only(name)).name.expect("a name");
    assert_eq!(name.chars().count(), MAX_LABEL, "names are cut");
}

#[test]
fn housekeeping_is_passed_over() {
    for kind in [json!(3), json!("HISTORY_SYNC_NOTIFICATION"), json!(null)] {
        let content = json!({"protocolMessage": {"key": {"id": "X"}, "type": kind}});
        assert_eq!(skipped(content), Skip::Protocol, "{kind}");
    }
    assert_eq!(skipped(json!({"pollUpdateMessage": {}})), Skip::Protocol);
    assert_eq!(skipped(json!({"albumMessage": {"expectedImageCount": 3}})), Skip::Protocol);
}

#[test]
fn what_could_not_be_decrypted_holds_a_place() {
    for stub in [json!(2), json!("CIPHERTEXT")] {
        for content in [json!(null), json!({}), json!({"messageContextInfo": {}})] {
            let body = with(wa_message(content), "", "messageStubType", stub.clone());
            let dark = message(only(body));
            assert!(dark.undecrypted);
            assert_eq!(dark.id.as_deref(), Some("3A01"));
            assert_eq!(dark.text, placeholder::UNDECRYPTED);
        }
        let later = wa_message(json!({"conversation": "sekarang terbaca"}));
        let later = message(only(with(later, "", "messageStubType", stub)));
        assert_eq!((later.text.as_str(), later.undecrypted), ("sekarang terbaca", false));
    }
    assert!(read(json!({"placeholderMessage": {"type": 0}})).undecrypted);
}

#[test]
fn a_message_without_content_is_empty() {
    for content in [
        json!(null),
        json!({}),
        json!({"conversation": ""}),
        json!({"conversation": null}),
        json!({"extendedTextMessage": {"text": " \n"}}),
        json!({"senderKeyDistributionMessage": {"groupId": "x"}}),
        json!({"messageContextInfo": {}, "base64": "QUJD"}),
    ] {
        assert_eq!(skipped(content.clone()), Skip::Empty, "{content}");
    }
    let revoked = with(wa_message(json!(null)), "", "messageStubType", json!(1));
    assert_eq!(reason(only(revoked)), Skip::Revoke);
    let stub = with(wa_message(json!(null)), "", "messageStubType", json!("E2E_ENCRYPTED"));
    assert_eq!(reason(only(stub)), Skip::Protocol);
}
