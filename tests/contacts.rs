//! Contacts (issue 8): one person with many addresses, found, noted about, merged, split, in and out as a table.

mod harness;

use harness::{Daemon, Response};
use serde_json::{Value, json};

struct Desk {
    daemon: Daemon,
    admin: String,
}

impl Desk {
    fn open() -> Desk {
        let daemon = Daemon::with_config("");
        let admin = daemon.token("admin");
        Desk { daemon, admin }
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    #[track_caller]
    fn done(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.ask(&self.admin, method, path, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    fn read(&self, path: &str) -> Value {
        self.done("GET", path, &Value::Null, 200)
    }

    /// A customer writes on WhatsApp; the number of the ticket.
    fn writes(&self, jid: &str, name: &str, id: &str, text: &str) -> u64 {
        let key = json!({"remoteJid": jid, "fromMe": false, "id": id});
        let body = json!({"key": key, "pushName": name, "message": {"conversation": text}});
        let told = self.done("POST", "/webhook/baileys", &body, 200);
        told["messages"][0]["ticket"].as_u64().unwrap_or_else(|| panic!("a ticket: {told}"))
    }

    fn contact_of(&self, ticket: u64) -> u64 {
        let read = self.read(&format!("/api/tickets/{ticket}"));
        read["contact_id"].as_u64().unwrap_or_else(|| panic!("a contact: {read}"))
    }

    fn csv(&self, text: &str) -> Response {
        let bearer = format!("Bearer {}", self.admin);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/csv")];
        self.daemon.request("POST", "/api/contacts/import", &headers, text.as_bytes())
    }

    /// Everything that the rows promise each other holds.
    fn ends_sound(mut self) {
        self.daemon.terminate();
        let told = self.daemon.cli(&["verify"]);
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    }
}

fn names(list: &Value) -> Vec<&str> {
    let contacts = list["contacts"].as_array().expect("contacts");
    contacts.iter().map(|one| one["name"].as_str().unwrap_or_default()).collect()
}

#[test]
fn what_people_note_of_a_contact_stays_and_channels_do_not_rename_them() {
    let desk = Desk::open();
    let ticket = desk.writes("5215512345678@s.whatsapp.net", "Mari", "A1", "Hola");
    let id = desk.contact_of(ticket);
    let path = format!("/api/contacts/{id}");
    let read = desk.read(&path);
    assert_eq!(
        (&read["name"], &read["vip"], &read["tickets"]),
        (&json!("Mari"), &json!(false), &json!(1))
    );
    let changes = json!({
        "name": "María Fernández", "vip": true, "language": "es-MX", "notes": "Call after six.",
        "tags": ["press", "gold"], "attributes": {"plan": "premium", "city": "Lima"}, "email": "Maria@Example.org",
    });
    desk.done("PATCH", &path, &changes, 200);
    desk.done("PATCH", &path, &json!({"attributes": {"city": null}}), 200);
    desk.writes("5215512345678@s.whatsapp.net", "Mari again", "A2", "¿Hola?");
    let read = desk.read(&path);
    assert_eq!(read["name"], "María Fernández");
    assert_eq!(
        (&read["tags"], &read["attributes"]),
        (&json!(["gold", "press"]), &json!({"plan": "premium"}))
    );
    assert_eq!((&read["email"], &read["language"]), (&json!("maria@example.org"), &json!("es-MX")));
    // A mail from that address is theirs from now on.
    let case = json!({"customer_email": "maria@example.org", "subject": "Invoice", "description": "Please"});
    let made = desk.done("POST", "/api/tickets/create", &case, 201);
    let number =
        desk.read(&format!("/api/tickets/{}", made["ticket"]["ticket_id"].as_str().unwrap()));
    assert_eq!(number["contact_id"], id);
    for wrong in [
        json!({"language": "español"}),
        json!({"email": "nobody"}),
        json!({"phone": "12"}),
        json!({"attributes": {"": "x"}}),
        json!({"notes": "x".repeat(10_001)}),
        json!({"tags": vec!["t"; 33]}),
    ] {
        let answer = desk.ask(&desk.admin, "PATCH", &path, &wrong);
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
    }
    assert_eq!(desk.ask(&desk.admin, "GET", "/api/contacts/99", &Value::Null).status, 404);
    desk.ends_sound();
}

#[test]
fn contacts_are_found_by_name_number_mail_tag_and_importance() {
    let desk = Desk::open();
    for (at, (name, jid)) in
        [("Ana Pérez", "5215550000001"), ("Budi", "628111222333"), ("Chen", "8613800000000")]
            .iter()
            .enumerate()
    {
        desk.writes(&format!("{jid}@s.whatsapp.net"), name, &format!("N{at}"), "Hi");
    }
    let new = json!({"name": "Dora", "email": "dora@example.org", "vip": true, "tags": ["press"]});
    let made = desk.done("POST", "/api/contacts", &new, 201);
    assert_eq!((&made["name"], &made["tickets"]), (&json!("Dora"), &json!(0)));
    desk.done("POST", "/api/contacts", &new, 409);
    desk.done("POST", "/api/contacts", &json!({"name": "Nobody"}), 400);
    let all = desk.read("/api/contacts?limit=3");
    assert_eq!(names(&all), ["Dora", "Chen", "Budi"]);
    assert_eq!(
        (&all["pagination"]["total"], &all["pagination"]["totalPages"]),
        (&json!(4), &json!(2))
    );
    assert_eq!(names(&desk.read("/api/contacts?limit=3&page=2")), ["Ana Pérez"]);
    for (query, wanted) in [
        ("q=p%C3%A9rez", "Ana Pérez"),
        ("q=%2B628111", "Budi"),
        ("q=dora%40example", "Dora"),
        ("vip=true", "Dora"),
        ("tag=press", "Dora"),
    ] {
        assert_eq!(names(&desk.read(&format!("/api/contacts?{query}"))), [wanted], "{query}");
    }
    for wrong in ["vip=maybe", "page=0", "limit=101"] {
        assert_eq!(
            desk.ask(&desk.admin, "GET", &format!("/api/contacts?{wrong}"), &Value::Null).status,
            400,
            "{wrong}"
        );
    }
    desk.ends_sound();
}

#[test]
fn a_merge_brings_everything_together_and_a_split_undoes_it() {
    let desk = Desk::open();
    let first = desk.writes("628111222001@s.whatsapp.net", "Sari", "S1", "One");
    let second = desk.writes("628111222002@s.whatsapp.net", "Sari W", "S2", "Two");
    let (sari, other) = (desk.contact_of(first), desk.contact_of(second));
    desk.done("POST", &format!("/api/tickets/{second}/resolve"), &Value::Null, 200);
    desk.done(
        "PATCH",
        &format!("/api/contacts/{other}"),
        &json!({"vip": true, "notes": "Knows the boss"}),
        200,
    );
    let merged =
        desk.done("POST", &format!("/api/contacts/{other}/merge"), &json!({"into": sari}), 200);
    assert_eq!(
        (&merged["id"], &merged["vip"], &merged["tickets"]),
        (&json!(sari), &json!(true), &json!(2))
    );
    assert_eq!(merged["former_ids"], json!([other]));
    assert_eq!(desk.read(&format!("/api/contacts/{other}"))["id"], sari);
    let tickets = desk.read(&format!("/api/contacts/{sari}/tickets"));
    assert_eq!(tickets["pagination"]["total"], 2);
    let timeline = desk.read(&format!("/api/contacts/{sari}/timeline?limit=1"));
    assert_eq!(timeline["chapters"][0]["entries"][0]["body"], "Two");
    let next = timeline["next"].as_u64().expect("more");
    let earlier = desk.read(&format!("/api/contacts/{sari}/timeline?limit=1&before={next}"));
    assert_eq!(earlier["chapters"][0]["entries"][0]["body"], "One");
    desk.done("POST", &format!("/api/contacts/{other}/merge"), &json!({"into": sari}), 409);
    desk.done("POST", &format!("/api/contacts/{sari}/merge"), &json!({"into": 99}), 400);

    let path = format!("/api/contacts/{sari}/split");
    desk.done("POST", &path, &json!({"addresses": []}), 400);
    desk.done("POST", &path, &json!({"addresses": ["nobody@s.whatsapp.net"]}), 400);
    let split = json!({"addresses": ["628111222002@s.whatsapp.net"]});
    let back = desk.done("POST", &path, &split, 201);
    assert_eq!((&back["id"], &back["tickets"]), (&json!(other), &json!(1)), "as it was");
    assert_eq!(desk.read(&format!("/api/contacts/{sari}"))["tickets"], 1);
    let third = desk.writes("628111222002@s.whatsapp.net", "Sari W", "S3", "Three");
    assert_eq!(desk.contact_of(third), other);
    desk.ends_sound();
}

/// However a contact came to be part of another, and whatever of it went elsewhere meanwhile, its tickets are theirs.
#[test]
fn who_became_part_of_somebody_through_others_goes_and_comes_with_their_tickets() {
    let desk = Desk::open();
    let written = |n: u32| {
        let ticket =
            desk.writes(&format!("62811122200{n}@s.whatsapp.net"), "Sari", &n.to_string(), "Halo");
        desk.done("POST", &format!("/api/tickets/{ticket}/resolve"), &Value::Null, 200);
        desk.contact_of(ticket)
    };
    let [one, two, four] = [written(1), written(2), written(4)];
    let merge = |id: u64, into: u64| {
        desk.done("POST", &format!("/api/contacts/{id}/merge"), &json!({"into": into}), 200)
    };
    let split = |id: u64, n: u32| {
        let body = json!({"addresses": [format!("62811122200{n}@s.whatsapp.net")]});
        desk.done("POST", &format!("/api/contacts/{id}/split"), &body, 201)
    };
    merge(one, two);
    // The number by which the second was known is somebody else's.
    assert_eq!(split(two, 2)["tickets"], 0);
    let merged = merge(two, four);
    assert_eq!(merged["tickets"], 3, "{merged}");
    for id in [one, two, four] {
        let tickets = desk.read(&format!("/api/contacts/{id}/tickets"));
        assert_eq!(tickets["pagination"]["total"], 3, "{id}");
    }
    let back = split(four, 1);
    assert_eq!((&back["id"], &back["tickets"]), (&json!(two), &json!(2)), "as it was before");
    assert_eq!(desk.read(&format!("/api/contacts/{one}"))["id"], two);
    assert_eq!(desk.read(&format!("/api/contacts/{four}"))["tickets"], 1);
    // The one that has no address is erased with the others, and a number that went before is not theirs any more.
    merge(two, four);
    let erased =
        desk.done("DELETE", &format!("/api/contacts/{four}?erase=true"), &Value::Null, 200);
    assert_eq!(erased["tickets"], 3, "{erased}");
    for id in [one, two, four] {
        assert_eq!(
            desk.ask(&desk.admin, "GET", &format!("/api/contacts/{id}"), &Value::Null).status,
            404
        );
    }
    let kept = desk.writes("628111222002@s.whatsapp.net", "Sari", "5", "Halo");
    assert!(![one, two, four].contains(&desk.contact_of(kept)));
    desk.ends_sound();
}

/// Contacts are found to be one again and again, each time under another name.
#[test]
fn a_long_chain_of_merges_leads_every_name_to_the_last_one() {
    const LINKS: usize = 40;
    let desk = Desk::open();
    let new = |n: usize| {
        let body = json!({"name": format!("Number {n}"), "phone": format!("62822000{n:04}")});
        let made = desk.done("POST", "/api/contacts", &body, 201);
        made["id"].as_u64().unwrap_or_else(|| panic!("an id: {made}"))
    };
    let ids: Vec<u64> = (0..LINKS).map(new).collect();
    for (n, pair) in ids.windows(2).enumerate() {
        let into = json!({"into": pair[1]});
        desk.done("POST", &format!("/api/contacts/{}/merge", pair[0]), &into, 200);
        // Room for the next address.
        let gone = json!({"addresses": [format!("62822000{:04}@s.whatsapp.net", n + 1)]});
        desk.done("POST", &format!("/api/contacts/{}/split", pair[1]), &gone, 201);
    }
    let last = ids[LINKS - 1];
    for id in &ids {
        assert_eq!(desk.read(&format!("/api/contacts/{id}"))["id"], last);
    }
    let known = desk.read(&format!("/api/contacts/{last}"));
    assert_eq!(known["former_ids"].as_array().map(Vec::len), Some(LINKS - 1), "{known}");
    desk.ends_sound();
}

#[test]
fn addresses_that_were_never_apart_become_a_contact_of_their_own() {
    let desk = Desk::open();
    let ticket = desk.writes("628111222001@s.whatsapp.net", "Shop", "S1", "One");
    let shop = desk.contact_of(ticket);
    desk.done("PATCH", &format!("/api/contacts/{shop}"), &json!({"email": "tom@example.org"}), 200);
    let chat = desk.read(&format!("/api/contacts/{shop}"))["conversations"][0].clone();
    let split = json!({"addresses": ["628111222001@s.whatsapp.net"], "conversations": [chat], "name": "Tom's wife"});
    let made = desk.done("POST", &format!("/api/contacts/{shop}/split"), &split, 201);
    assert_eq!((&made["name"], &made["tickets"]), (&json!("Tom's wife"), &json!(1)));
    assert_ne!(made["id"], shop);
    assert_eq!(made["conversations"], json!([chat]));
    let left = desk.read(&format!("/api/contacts/{shop}"));
    assert_eq!(
        (&left["tickets"], &left["phone"], &left["email"]),
        (&json!(0), &Value::Null, &json!("tom@example.org"))
    );
    assert_eq!(desk.writes("628111222001@s.whatsapp.net", "Tom's wife", "S2", "More"), ticket);
    desk.ends_sound();
}

#[test]
fn an_agent_sees_the_contacts_of_tickets_that_they_see() {
    let desk = Desk::open();
    let mine = desk.writes("628111222001@s.whatsapp.net", "Mine", "A1", "Hi");
    let theirs = desk.writes("628111222002@s.whatsapp.net", "Theirs", "A2", "Hi");
    let (dewi, budi) =
        (desk.daemon.token_named("Dewi", "agent"), desk.daemon.token_named("Budi", "agent"));
    desk.ask(&dewi, "POST", &format!("/api/tickets/{mine}/claim"), &json!({}));
    desk.ask(&budi, "POST", &format!("/api/tickets/{theirs}/claim"), &json!({}));
    let list = desk.ask(&dewi, "GET", "/api/contacts", &Value::Null);
    assert_eq!(names(&list.json()), ["Mine"]);
    let hidden = format!("/api/contacts/{}", desk.contact_of(theirs));
    for (method, path, body) in [
        ("GET", hidden.clone(), Value::Null),
        ("GET", format!("{hidden}/tickets"), Value::Null),
        ("GET", format!("{hidden}/timeline"), Value::Null),
        ("PATCH", hidden.clone(), json!({"vip": true})),
    ] {
        assert_eq!(desk.ask(&dewi, method, &path, &body).status, 404, "{method} {path}");
    }
    assert_eq!(desk.ask(&dewi, "GET", "/api/contacts/export", &Value::Null).status, 403);
    assert_eq!(
        desk.ask(&dewi, "POST", &format!("{hidden}/merge"), &json!({"into": 1})).status,
        403
    );
    assert_eq!(desk.ask(&budi, "GET", &hidden, &Value::Null).json()["name"], "Theirs");
}

#[test]
fn a_table_goes_out_harmless_and_comes_in_again() {
    let desk = Desk::open();
    let table = "name,phone,email,vip,tags,notes,attribute:plan\r\n\
        \"=HYPERLINK(\"\"x\"\")\",+62 811 1222 333,a@example.org,yes,a; b,\"two\nlines\",gold\r\n\
        Budi,,budi@example.org,,,,\r\n";
    let told = desk.csv(table);
    assert_eq!((told.status, &told.json()["taken"]), (200, &json!(2)), "{}", told.text());
    let out = desk.ask(&desk.admin, "GET", "/api/contacts/export", &Value::Null);
    assert_eq!(out.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = out.text();
    assert!(text.contains("\"'=HYPERLINK(\"\"x\"\")\",628111222333,a@example.org,true"), "{text}");
    assert!(!text.contains("\n=") && !text.contains(",="), "{text}");
    // In again: nobody is made twice, nothing is another.
    let again = desk.csv(&text);
    assert_eq!((&again.json()["taken"], &again.json()["refused"]), (&json!(2), &json!([])));
    assert_eq!(desk.read("/api/contacts")["pagination"]["total"], 2);
    assert_eq!(desk.ask(&desk.admin, "GET", "/api/contacts/export", &Value::Null).text(), text);

    let wrong = desk.csv("name,phone,vip\nAna,12,perhaps\nEva,,\n,\"628111222444\",\n");
    assert_eq!(wrong.status, 400);
    let fields: Vec<String> = wrong.json()["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| error["field"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(fields, ["line 2: vip", "line 2: phone", "line 3: phone"]);
    assert_eq!(desk.read("/api/contacts")["pagination"]["total"], 2, "nothing was taken");
    for (bad, word) in [("who\nAna\n", "no column"), ("name\n\"Ana\n", "line 2"), ("", "line 1")] {
        let answer = desk.csv(bad);
        assert!(answer.status == 400 && answer.text().contains(word), "{bad:?}: {}", answer.text());
    }
    // One line whose addresses are of two people keeps nobody else back.
    let clash = desk.csv("phone,email,vip\n628111222333,budi@example.org,\n,a@example.org,no\n");
    let clash = clash.json();
    assert_eq!((&clash["taken"], &clash["refused"][0]["line"]), (&json!(1), &json!(2)), "{clash}");
    desk.ends_sound();
}

#[test]
fn an_erased_person_leaves_no_note() {
    let desk = Desk::open();
    let ticket = desk.writes("628111222001@s.whatsapp.net", "Sari", "A1", "Hi");
    let id = desk.contact_of(ticket);
    desk.done("PATCH", &format!("/api/contacts/{id}"), &json!({"notes": "Knows the boss"}), 200);
    let dewi = desk.daemon.token_named("Dewi", "agent");
    let claimed = desk.ask(&dewi, "POST", &format!("/api/tickets/{ticket}/claim"), &json!({}));
    assert_eq!(claimed.status, 200, "{}", claimed.text());
    desk.done("DELETE", &format!("/api/contacts/{id}?erase=true"), &Value::Null, 200);
    assert_eq!(
        desk.ask(&desk.admin, "GET", &format!("/api/contacts/{id}"), &Value::Null).status,
        404
    );
    let export = desk.ask(&desk.admin, "GET", "/api/contacts/export", &Value::Null).text();
    assert!(!export.contains("boss") && !export.contains("Sari"), "{export}");
    desk.ends_sound();
}
