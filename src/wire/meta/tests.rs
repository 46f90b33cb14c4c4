use serde_json::{Value, json};

use super::parse;
use crate::wire::chat::tests::{change, message, only, reason, receipt, sample};
use crate::wire::chat::{Item, Skip, State, What};

const ANA: &str = "5214491234567@s.whatsapp.net";

fn read(name: &str) -> Item {
    let mut read = parse(&sample(&format!("d_meta/{name}.json"))[0]);
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].instance.as_deref(), Some("106540352242922"));
    only(read.remove(0))
}

fn told(field: &str, value: Value) -> Vec<Item> {
    let body = json!({"object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}]});
    parse(&body).into_iter().flat_map(|delivery| delivery.items).collect()
}

fn one(content: Value) -> Item {
    let mut message = json!({"from": "5214491234567", "id": "wamid.1", "timestamp": "1769596200"});
    let members = message.as_object_mut().expect("an object");
    members.extend(content.as_object().expect("an object").clone());
    told("messages", json!({"messages": [message]})).remove(0)
}

#[test]
fn the_samples_say_what_they_say() {
    let names = ["text", "image_caption", "interactive_button_reply", "location"];
    let messages = names.map(|name| message(read(name)));
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Hola, no me llega mi pedido 2021",
            "Así llegó la caja",
            "Hablar con un agente",
            "[Location: Casa, Aguascalientes (21.885300, -102.291600)]",
        ]
    );
    for message in &messages {
        assert_eq!(message.addresses, [ANA, "MX.2217004499310023@bsuid"]);
        assert_eq!(message.phone.as_deref(), Some("5214491234567"));
        assert_eq!(message.name.as_deref(), Some("Ana Flores"));
    }
    assert_eq!(messages[2].quoted.as_ref().expect("a quote").id, "wamid.OUT001");
    let old = message(read("text_without_bsuid_2024"));
    assert_eq!(old.addresses, [ANA]);
    let nameless = message(read("username_no_phone"));
    assert_eq!(
        (nameless.addresses, nameless.phone),
        (vec!["MX.9900112233445566@bsuid".to_owned()], None)
    );
    assert_eq!(nameless.name.as_deref(), Some("Luz"));
}

#[test]
fn statuses_are_receipts() {
    for (name, state) in
        [("sent", State::Sent), ("delivered", State::Delivered), ("read", State::Read)]
    {
        let receipt = receipt(read(&format!("status_{name}")));
        assert_eq!((receipt.id.as_str(), receipt.state), ("wamid.OUT001", state));
        assert_eq!(receipt.addresses, [ANA, "MX.2217004499310023@bsuid"]);
        assert_eq!(receipt.error, None);
    }
    let failed = receipt(read("status_failed"));
    assert_eq!((failed.id.as_str(), failed.state), ("wamid.OUT002", State::Failed));
    assert_eq!(
        failed.error.as_deref(),
        Some(
            "131047 Re-engagement message: More than 24 hours have passed since the customer last replied."
        )
    );
}

#[test]
fn every_kind_has_a_line() {
    for (content, line) in [
        (json!({"type": "button", "button": {"text": "Sí", "payload": "1"}}), "Sí"),
        (
            json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "Pedidos"}}}),
            "Pedidos",
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{}"}}}),
            "[Form: Sent]",
        ),
        (
            json!({"type": "audio", "audio": {"id": "1", "voice": true, "mime_type": "audio/ogg"}}),
            "[Voice message]",
        ),
        (
            json!({"type": "document", "document": {"filename": "factura.pdf"}}),
            "[Document: factura.pdf]",
        ),
        (json!({"type": "sticker", "sticker": {"id": "1"}}), "[Sticker]"),
        (
            json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Luz"}, "phones": [{"phone": "+52 449"}]}]}),
            "[Contact: Luz (+52 449)]",
        ),
        (
            json!({"type": "order", "order": {"product_items": [{}, {}], "text": "pronto"}}),
            "[Order: 2 items] pronto",
        ),
        (
            json!({"type": "unsupported", "errors": [{"code": 131051, "title": "Message type unknown"}]}),
            "[Unsupported message: Message type unknown]",
        ),
        (json!({"type": "surprise", "surprise": {}}), "[Unsupported message: surprise]"),
    ] {
        assert_eq!(message(one(content.clone())).text, line, "{content}");
    }
    assert_eq!(
        reason(one(json!({"type": "system", "system": {"type": "user_changed_number"}}))),
        Skip::Protocol
    );
    assert_eq!(reason(one(json!({"type": "text", "text": {}}))), Skip::Empty);
    assert_eq!(
        reason(one(json!({"id": null, "type": "text", "text": {"body": "x"}}))),
        Skip::Malformed
    );
}

#[test]
fn edits_revokes_and_reactions_name_their_message() {
    let edit = json!({"type": "edit", "edit": {"original_message_id": "wamid.0",
        "message": {"type": "text", "text": {"body": "nuevo"}}}});
    for (content, what) in [
        (edit, What::Edited("nuevo".into())),
        (json!({"type": "revoke", "revoke": {"original_message_id": "wamid.0"}}), What::Deleted),
        (
            json!({"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}}),
            What::Reaction(Some("👍".into())),
        ),
        (json!({"type": "reaction", "reaction": {"message_id": "wamid.0"}}), What::Reaction(None)),
    ] {
        let change = change(one(content));
        assert_eq!((change.target.as_str(), change.what), ("wamid.0", what));
        assert_eq!(change.id.as_deref(), Some("wamid.1"));
    }
}

#[test]
fn what_was_typed_on_the_phone_is_ours() {
    let echo = json!({"message_echoes": [{"from": "15550783881", "to": "5214491234567",
        "id": "wamid.E", "timestamp": "1769596200", "type": "text", "text": {"body": "Hola"}}]});
    for field in ["smb_message_echoes", "message_echoes"] {
        let message = message(told(field, echo.clone()).remove(0));
        assert!(message.from_me);
        assert_eq!((message.addresses, message.name), (vec![ANA.to_owned()], None));
    }
}

#[test]
fn all_entries_changes_and_messages_are_read() {
    let text =
        |id: &str| json!({"from": "5214491234567", "id": id, "type": "text", "text": {"body": id}});
    let change = |number: &str, ids: [&str; 2]| {
        json!({"field": "messages", "value": {"metadata": {"phone_number_id": number},
            "messages": ids.map(text)}})
    };
    let body = json!({"entry": [
        {"changes": [change("1", ["a", "b"]), {"field": "account_update", "value": {}}]},
        7,
        {"changes": [change("2", ["c", "d"]), {"field": "history", "value": {"history": []}}]},
    ]});
    let read = parse(&body);
    let instances: Vec<_> = read.iter().map(|part| part.instance.as_deref()).collect();
    assert_eq!(instances, [Some("1"), None, Some("2"), None]);
    let texts: Vec<String> = [0, 2]
        .into_iter()
        .flat_map(|n: usize| read[n].items.clone())
        .map(|i| message(i).text)
        .collect();
    assert_eq!(texts, ["a", "b", "c", "d"]);
    assert_eq!(reason(read[1].items[0].clone()), Skip::BridgeEvent);
    assert_eq!(reason(read[3].items[0].clone()), Skip::History);
    assert_eq!(reason(only(parse(&json!({})).remove(0))), Skip::Malformed);
}
