//! What is held of somebody: found, given out, erased by admins, with an account of who did it and why (S0.51).

use super::*;

/// Sari writes on WhatsApp, and calls under a number that is no contact's.
fn customers(daemon: &Daemon) -> u64 {
    let ingest = daemon.token("ingest");
    let key = json!({"remoteJid": "628111222001@s.whatsapp.net", "fromMe": false, "id": "ONE"});
    let words = json!({"conversation": "My refund is late"});
    let message = json!({"key": key, "pushName": "Sari Wulandari", "message": words});
    let told = expect(200, &ask(daemon, &ingest, "POST", "/webhook/baileys", Some(&message)));
    let call =
        json!({"session_id": "c1", "customer_name": "Indra", "customer_phone": "+62 811 555 0199"});
    expect(201, &ask(daemon, &ingest, "POST", "/api/calls", Some(&call)));
    told["messages"][0]["ticket"].as_u64().expect("a ticket")
}

#[test]
fn a_person_is_found_given_out_and_erased_by_who_shows_their_password() {
    let daemon = Daemon::with_config("");
    let ticket = customers(&daemon);
    let admin = access(&daemon, &person(&daemon, "Adi", "admin"));
    let send = |path: &str, body: Value| ask(&daemon, &admin, "POST", path, Some(&body));
    let who = "+62 811-1222-001";
    let found = expect(200, &send("/api/privacy/find", json!({"who": who})));
    assert_eq!(found["called"], "Sari Wulandari");
    assert_eq!(found["contact"]["phone"], "628111222001");
    let told = (&found["tickets"], &found["entries"], &found["ticket_numbers"]);
    assert_eq!(told, (&json!(1), &json!(1), &json!([ticket])), "{found}");
    // Whoever only ever called is no contact, and is found all the same.
    let caller = expect(200, &send("/api/privacy/find", json!({"who": "628115550199"})));
    assert_eq!((&caller["tickets"], &caller["called"]), (&json!(1), &json!("628115550199")));
    let nobody = expect(404, &send("/api/privacy/find", json!({"who": "+1 555 0100 999"})));
    assert!(nobody["detail"].as_str().is_some_and(|why| why.contains("nobody is known")));

    let asked = |more: Value| {
        let mut body = json!({"who": who, "reason": "Letter 17", "password": PASSWORD});
        more.as_object().expect("members").clone().into_iter().for_each(|(k, v)| body[k] = v);
        body
    };
    for (wrong, field) in [
        (json!({"password": null}), "password"),
        (json!({"password": "not this one"}), "password"),
        (json!({"reason": "  "}), "reason"),
        (json!({"who": ""}), "who"),
    ] {
        for path in ["/api/privacy/export", "/api/privacy/erase"] {
            let mut body = asked(wrong.clone());
            body["confirm"] = json!("Sari Wulandari");
            let refused = expect(400, &send(path, body));
            assert_eq!(refused["errors"][0]["field"], field, "{path}: {refused}");
        }
    }
    let answer = send("/api/privacy/export", asked(json!({})));
    let given = expect(200, &answer);
    assert!(answer.header("content-disposition").is_some_and(|name| name.contains("person.json")));
    assert_eq!(given["contact"]["name"], "Sari Wulandari");
    assert_eq!(given["tickets"][0]["ticket"]["number"], ticket);
    assert_eq!(given["tickets"][0]["timeline"][0]["body"], "My refund is late");
    assert_eq!(given["tickets"].as_array().map(Vec::len), Some(1), "nobody else's");

    let mistyped = expect(400, &send("/api/privacy/erase", asked(json!({"confirm": "sari"}))));
    assert_eq!(mistyped["errors"][0]["field"], "confirm");
    expect(200, &send("/api/privacy/find", json!({"who": who})));
    let erased =
        expect(200, &send("/api/privacy/erase", asked(json!({"confirm": "Sari Wulandari"}))));
    assert_eq!(erased["tickets"], 1);
    expect(404, &send("/api/privacy/find", json!({"who": who})));
    let read = get(&daemon, &admin, &format!("/api/tickets/{ticket}/timeline")).text();
    assert!(!read.contains("refund"), "{read}");

    // Who did what and why, and the same in the audit.
    let deeds = expect(200, &get(&daemon, &admin, "/api/privacy/deeds"));
    let line = |at: usize, name: &str| deeds["deeds"][at][name].clone();
    assert_eq!((line(0, "what"), line(1, "what")), (json!("erased"), json!("exported")));
    assert_eq!((line(0, "by"), line(0, "reason")), (json!("Adi"), json!("Letter 17")));
    assert_eq!(line(1, "tickets"), 1);
    assert!(!deeds.to_string().contains("Sari"), "{deeds}");
    let first = expect(200, &get(&daemon, &admin, "/api/privacy/deeds?limit=1"));
    let next = format!("/api/privacy/deeds?limit=1&before={}", first["next"]);
    assert_eq!(expect(200, &get(&daemon, &admin, &next))["deeds"][0]["what"], "exported");
    for action in ["contact.erase", "contact.export"] {
        let rows = expect(200, &get(&daemon, &admin, &format!("/api/audit?action={action}")));
        assert_eq!(rows["entries"][0]["actor"]["name"], "Adi", "{rows}");
    }
    let log = daemon.log();
    assert!(!log.contains("628111222001") && !log.contains("Sari"), "{log}");
    assert!(cli(&daemon, &["verify"], "").status.success());
    // And over a restart.
    let mut daemon = daemon;
    daemon.restart();
    assert_eq!(expect(200, &get(&daemon, &admin, "/api/privacy/deeds")), deeds);
}

#[test]
fn a_program_with_the_right_of_admins_has_no_password_to_show() {
    let daemon = Daemon::with_config("");
    customers(&daemon);
    let token = daemon.token("admin");
    let body = json!({"who": "628115550199", "reason": "Ticket 12", "confirm": "628115550199"});
    let send = |path: &str| ask(&daemon, &token, "POST", path, Some(&body));
    assert_eq!(expect(200, &send("/api/privacy/export"))["contact"], Value::Null);
    assert_eq!(expect(200, &send("/api/privacy/erase"))["tickets"], 1);
    let read = get(&daemon, &token, "/api/calls").text();
    assert!(!read.contains("Indra"), "{read}");
}

#[test]
fn the_rules_of_retention_and_what_they_deleted_are_told() {
    let rule = "[[privacy.retention]]\nchannel = \"whatsapp\"\ndays = 90\n";
    let daemon = Daemon::with_config(rule);
    let token = daemon.token("admin");
    let told = expect(200, &get(&daemon, &token, "/api/privacy"));
    let rules = json!([{"channel": "whatsapp", "category": null, "days": 90}]);
    assert_eq!(told["retention"], rules, "{told}");
    assert_eq!((&told["redact"], &told["deleted"]), (&json!(true), &json!(0)));
    assert_eq!(told["last_deletion"], Value::Null);
}

#[test]
fn updates_tell_what_runs_what_ran_and_what_was_copied() {
    let mut daemon = Daemon::with_config("");
    let token = daemon.token("admin");
    let told = expect(200, &get(&daemon, &token, "/api/system/updates"));
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["versions"][0]["version"], told["version"]);
    assert_eq!(told["versions"][0]["format"], told["format"]);
    assert_eq!(told["copies"], json!([]));
    // A copy of an upgrade is there once its store has its name.
    let copy = daemon.data_dir().join("before-format-9");
    std::fs::create_dir_all(copy.join("journal")).expect("a directory");
    std::fs::write(copy.join("keys"), [0; 100]).expect("written");
    let read = |daemon: &Daemon| expect(200, &get(daemon, &token, "/api/system/updates"));
    assert_eq!(read(&daemon)["copies"], json!([]));
    std::fs::write(copy.join("store.redb"), [0; 4000]).expect("written");
    let told = read(&daemon);
    assert_eq!(told["copies"][0]["directory"], "before-format-9");
    assert_eq!(told["copies"][0]["bytes"], 4100);
    daemon.restart();
    let versions = read(&daemon)["versions"].as_array().map(Vec::len);
    assert_eq!(versions, Some(1), "the same one again is no other");
}
