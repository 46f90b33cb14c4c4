//! One person, many addresses: a phone number and a LID are one contact, whichever was known first.

use serde_json::{Value, json};

use super::customer_said;
use crate::bridge::{Desk, message, phone, sample};

const RINA: &str = "628555000111";
const LID: &str = "103726491234567@lid";

/// From the LID, the number beside it as 7.x bridges tell it.
fn paired(id: &str, second: i64, text: &str) -> Value {
    let mut message = message(LID, id, second, text);
    message["key"]["remoteJidAlt"] = json!(phone(RINA));
    message
}

fn mapping() -> Value {
    json!({"event": "lid-mapping.update", "data": {"lid": LID, "pn": phone(RINA)}})
}

/// The one customer of these tickets.
fn contact(desk: &Desk, tickets: &[u64]) -> u64 {
    let of = |ticket: &u64| desk.read(&format!("/api/tickets/{ticket}"))["contact_id"].as_u64();
    let contacts: Vec<_> = tickets.iter().map(of).collect();
    assert!(contacts.iter().all(|contact| *contact == contacts[0]), "{contacts:?}");
    contacts[0].expect("a contact")
}

#[test]
fn the_samples_of_one_person_are_one_ticket_in_any_order() {
    let bodies = sample("b_baileys/lid_addressing.jsonl");
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let desk = Desk::open("");
        for nth in order {
            assert_eq!(desk.deliver(&bodies[nth])[0]["ticket"], 1001, "{order:?}");
        }
        let queue = desk.queue();
        assert_eq!(queue.len(), 1, "{order:?}");
        assert_eq!(queue[0]["customer_phone"], RINA, "{order:?}");
        assert_eq!(
            customer_said(&desk, 1001),
            ["Halo dari LID (6.7)", "Halo dari LID (7.x)", "Halo dari nomor"]
        );
    }
}

#[test]
fn a_lid_is_not_shown_as_a_phone_number() {
    let desk = Desk::open("");
    desk.ticket_of(&message(LID, "A1", 0, "Halo"));
    let queue = desk.queue();
    assert_eq!(queue[0]["customer_phone"], Value::Null);
    assert_eq!(queue[0]["customer_name"], "Budi");
}

#[test]
fn a_lid_learns_its_number_from_a_later_message() {
    let desk = Desk::open("");
    let ticket = desk.ticket_of(&message(LID, "A1", 0, "Halo"));
    assert_eq!(desk.ticket_of(&paired("A2", 1, "ini saya")), ticket);
    assert_eq!(desk.queue()[0]["customer_phone"], RINA);
    assert_eq!(desk.ticket_of(&message(&phone(RINA), "A3", 2, "dari nomor")), ticket);
    assert_eq!(desk.ticket_of(&message(LID, "A4", 3, "dari LID lagi")), ticket);
    assert_eq!(desk.queue().len(), 1);
    assert_eq!(customer_said(&desk, ticket).len(), 4);
}

#[test]
fn a_lid_learns_its_number_from_a_mapping() {
    let desk = Desk::open("");
    let ticket = desk.ticket_of(&message(LID, "A1", 0, "Halo"));
    desk.deliver(&mapping());
    assert_eq!(desk.ticket_of(&message(&phone(RINA), "A2", 1, "dari nomor")), ticket);
    let queue = desk.queue();
    assert_eq!(queue.len(), 1);
    assert_eq!(queue[0]["customer_phone"], RINA);
}

#[test]
fn a_number_learns_its_lid_from_a_mapping() {
    let desk = Desk::open("");
    let ticket = desk.ticket_of(&message(&phone(RINA), "A1", 0, "Halo"));
    desk.deliver(&mapping());
    assert_eq!(desk.ticket_of(&message(LID, "A2", 1, "dari LID")), ticket);
    assert_eq!(desk.queue().len(), 1);
}

#[test]
fn a_mapping_that_comes_before_the_first_message_counts() {
    let mut desk = Desk::open("");
    desk.deliver(&mapping());
    assert!(desk.queue().is_empty(), "a mapping is no message");
    desk.daemon.kill9();
    desk.daemon.restart();
    let ticket = desk.ticket_of(&message(LID, "A1", 0, "dari LID"));
    assert_eq!(desk.ticket_of(&message(&phone(RINA), "A2", 1, "dari nomor")), ticket);
    assert_eq!(desk.queue().len(), 1);
}

#[test]
fn two_who_turn_out_to_be_one_go_on_in_one_ticket() {
    let mut desk = Desk::open("");
    let by_lid = desk.ticket_of(&message(LID, "A1", 0, "dari LID"));
    let by_phone = desk.ticket_of(&message(&phone(RINA), "A2", 1, "dari nomor"));
    assert_ne!(by_lid, by_phone, "nobody could know yet");
    let goes_on = desk.ticket_of(&paired("A3", 2, "ini saya"));
    assert!([by_lid, by_phone].contains(&goes_on));
    contact(&desk, &[by_lid, by_phone]);

    desk.daemon.kill9();
    desk.daemon.restart();
    for (nth, from) in [LID, &phone(RINA)].into_iter().enumerate() {
        let again = message(from, &format!("B{nth}"), 3, "lagi");
        assert_eq!(desk.ticket_of(&again), goes_on, "{from}");
    }
    // Not a word is lost: each stands in one of the two.
    let words = [by_lid, by_phone].map(|ticket| customer_said(&desk, ticket)).concat();
    assert_eq!(words.len(), 5, "{words:?}");
    // What came before the pairing is recognised behind it.
    desk.deliver(&message(LID, "A1", 0, "dari LID"));
    desk.deliver(&message(&phone(RINA), "A2", 1, "dari nomor"));
    let again = [by_lid, by_phone].map(|ticket| customer_said(&desk, ticket)).concat();
    assert_eq!(again.len(), 5, "{again:?}");
}

#[test]
fn devices_and_other_spellings_are_the_same_person() {
    let desk = Desk::open("");
    let spellings = [
        format!("{RINA}@s.whatsapp.net"),
        format!("{RINA}:7@s.whatsapp.net"),
        format!("{RINA}@c.us"),
        format!("{RINA}:99@hosted"),
    ];
    for (nth, from) in spellings.iter().enumerate() {
        assert_eq!(desk.ticket_of(&message(from, &format!("A{nth}"), 0, "Halo")), 1001, "{from}");
    }
    assert_eq!(desk.queue().len(), 1);
    assert_eq!(desk.queue()[0]["customer_phone"], RINA, "S4.19");
}

#[test]
fn an_agents_answer_reaches_the_ticket_under_either_address() {
    let desk = Desk::open("");
    let ticket = desk.ticket_of(&paired("A1", 0, "Halo"));
    for (nth, chat) in [LID, &phone(RINA)].into_iter().enumerate() {
        let mut ours = message(chat, &format!("O{nth}"), 1, "Halo, kak");
        ours["key"]["fromMe"] = json!(true);
        assert_eq!(desk.deliver(&ours)[0]["ticket"], ticket, "{chat}");
    }
    assert_eq!(desk.queue().len(), 1);
}
