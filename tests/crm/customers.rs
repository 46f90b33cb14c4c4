//! Customers of the CRM: made, and the same person under each of their numbers (S2.11).

use serde_json::{Value, json};

use crate::bridge::{message, phone, problem, rows};
use crate::{ANA, Centre};

#[test]
fn a_customer_is_made_and_an_address_is_one_persons() {
    let centre = Centre::open("");
    let make = |body: Value| centre.send(&centre.agent, "POST", "/api/v2/customers", &body);
    let ana = json!({"firstName": "Ana", "lastName": "López", "phoneNumber": "+52 1 449 123 4567",
        "email": "ana@example.com", "vip": true, "tags": ["large"]});
    let made = make(ana.clone());
    assert_eq!(made.status, 201, "{}", made.text());
    let customer = made.json()["customer"].clone();
    assert_eq!(
        (&customer["firstName"], &customer["lastName"], &customer["email"]),
        (&json!("Ana"), &json!("López"), &json!("ana@example.com"))
    );
    assert_eq!(customer["statistics"]["totalTickets"], 0);
    problem(&make(ana), 409);
    problem(&make(json!({"firstName": "Nobody"})), 400);
    let wrong = problem(&make(json!({"firstName": "Ana", "phoneNumber": "ring me"})), 400);
    assert!(wrong.contains("phoneNumber"), "{wrong}");
    let chat = centre.desk.ticket_of(&message(&phone(ANA), "A1", 0, "Hola"));
    let ticket = centre.done("GET", &format!("/api/v2/tickets/{chat}"), &json!({}));
    assert_eq!(ticket["customerId"]["_id"], customer["_id"], "who writes is whom we know");
    let assistant = centre.send(
        &centre.assistant,
        "POST",
        "/api/v2/customers",
        &json!({"email": "x@example.com"}),
    );
    problem(&assistant, 403);
}

#[test]
fn a_customer_who_became_another_leads_there_everywhere() {
    let mut centre = Centre::open("");
    let before = centre.desk.ticket_of(&message(&phone(ANA), "A1", 0, "Hola"));
    centre.done(
        "PUT",
        &format!("/api/v2/tickets/{before}/resolve"),
        &json!({"resolution": "done"}),
    );
    let other = centre.desk.ticket_of(&message(&phone("628123456789"), "B1", 0, "Halo"));
    let contact =
        |ticket: u64| centre.desk.read(&format!("/api/tickets/{ticket}"))["contact_id"].clone();
    let (ana, survivor) = (contact(before), contact(other));
    let supervisor = centre.desk.daemon.token("admin");
    let merge = format!("/api/contacts/{ana}/merge");
    let merged = centre.send(&supervisor, "POST", &merge, &json!({"into": survivor}));
    assert_eq!(merged.status, 200, "{}", merged.text());
    for id in [&ana, &survivor] {
        let read = |path: &str| {
            let answer = centre.desk.call(&centre.agent, "GET", path);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            answer.json()
        };
        let customer = read(&format!("/api/v2/customers/{id}"));
        assert_eq!(customer["customer"]["_id"], survivor.to_string());
        assert_eq!(customer["statistics"]["totalTickets"], 2);
        for path in [
            format!("/api/v2/customers/{id}/tickets"),
            format!("/api/v2/customers/CUST-{:05}/tickets", id.as_u64().unwrap()),
            format!("/api/v2/tickets?customerId={id}"),
        ] {
            assert_eq!(read(&path)["data"]["total"], 2, "{path}");
        }
        for path in [format!("/api/contacts/{id}/tickets"), format!("/api/tickets?contact={id}")] {
            assert_eq!(read(&path)["pagination"]["total"], 2, "{path}");
        }
        let timeline = read(&format!("/api/contacts/{id}/timeline"));
        assert_eq!(rows(&timeline, "chapters").len(), 2, "{timeline}");
        assert_eq!(read(&format!("/api/contacts/{id}"))["id"], survivor);
        // Their assistant knows them by either number, and finds all that is theirs.
        let context = json!({"customerId": id});
        let told = centre.tool(&context, "c", "get_ticket_information", "{}");
        assert_eq!(told["count"], 2, "{told}");
    }
    let conversation =
        centre.desk.read(&format!("/api/tickets/{before}"))["conversation_id"].clone();
    let listed = format!("/api/v2/conversations/{conversation}/tickets");
    assert_eq!(centre.done("GET", &listed, &json!({}))["total"], 1);
    centre.is_sound();
}
