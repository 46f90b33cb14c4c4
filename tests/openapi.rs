//! The API's own description: `docs/openapi.json` is what is served, true for every route, and shown by a page that needs
//! no internet. That it is what the code describes is a unit test, `src/app/description.rs`, which writes it anew.

#[path = "openapi/figures.rs"]
mod figures;
mod harness;

use std::fs;
use std::path::Path;

use harness::{Daemon, Response};
use serde_json::{Value, json};

fn get(daemon: &Daemon, path: &str) -> Response {
    let answer = daemon.request("GET", path, &[], b"");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

fn document(daemon: &Daemon) -> Value {
    get(daemon, "/openapi.json").json()
}

/// S2.49
#[test]
fn the_document_that_is_served_is_the_snapshot() {
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let pinned = fs::read_to_string(snapshot).expect("the snapshot");
    let daemon = Daemon::with_config("");
    assert!(get(&daemon, "/openapi.json").text() == pinned, "another is served");
}

/// The routes that the issue and the design name.
#[test]
fn every_route_is_described() {
    let daemon = Daemon::with_config("");
    let document = document(&daemon);
    for (method, path) in [
        ("get", "/health"),
        ("get", "/ready"),
        ("get", "/metrics"),
        ("get", "/ingest/calls/{session_id}"),
        ("post", "/webhook/baileys"),
        ("post", "/webhook/evolution"),
        ("post", "/webhook/evolution/{event}"),
        ("post", "/webhook/waha"),
        ("post", "/webhook/wuzapi"),
        ("post", "/webhook/whapi"),
        ("post", "/webhook/whapi/{kind}"),
        ("get", "/webhook/whatsapp"),
        ("post", "/webhook/whatsapp"),
        ("get", "/api/calls"),
        ("post", "/api/calls"),
        ("get", "/api/calls/stats"),
        ("get", "/api/calls/{id}"),
        ("put", "/api/calls/{id}"),
        ("post", "/api/calls/{id}/interactions"),
        ("post", "/api/calls/{id}/metadata"),
        ("post", "/api/calls/{id}/close"),
        ("get", "/api/calls/{id}/export"),
        ("get", "/api/tickets/queue"),
        ("get", "/api/tickets/my-tickets"),
        ("get", "/api/tickets/all"),
        ("get", "/api/tickets/{ref}"),
        ("get", "/api/tickets/{ref}/timeline"),
        ("post", "/api/tickets/{ref}/claim"),
        ("get", "/api/tickets/{ref}/comments"),
        ("post", "/api/tickets/{ref}/comments"),
        ("post", "/api/tickets/{ref}/comments/{comment}/resend"),
        ("post", "/api/calls/{id}/say"),
        ("get", "/api/conversations/{conversation}"),
        ("post", "/api/conversations/{conversation}/mode"),
    ] {
        assert!(document["paths"][path][method].is_object(), "{method} {path} is not described");
    }
    let reports = document["paths"].as_object().expect("paths").keys();
    let reports = reports.filter(|path| path.starts_with("/api/calls/reports/")).count();
    assert!(reports >= 4, "S0.45 to S0.48 are four reports");
}

#[test]
fn every_operation_says_what_it_takes_and_gives() {
    let daemon = Daemon::with_config("");
    let document = document(&daemon);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    let mut ids = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what} has no summary");
            let responses = operation["responses"].as_object().expect("responses");
            // Calls are recorded, not spoken in: that address is there to say so.
            let refuses = path.ends_with("/say") && responses.contains_key("409");
            assert!(
                refuses || responses.keys().any(|status| status.starts_with(['1', '2'])),
                "{what} never succeeds"
            );
            let error = &operation["responses"]["default"]["content"]["application/problem+json"];
            assert!(error["schema"].is_object(), "{what} does not say what its errors look like");
            ids.push(operation["operationId"].as_str().expect("operationId").to_owned());

            let declared: Vec<_> =
                operation["parameters"].as_array().into_iter().flatten().collect();
            for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
                let of_path = |p: &&&Value| p["name"] == name && p["in"] == "path";
                assert!(declared.iter().any(|p| of_path(&p)), "{what} does not describe {name}");
            }
        }
    }
    let text = document.to_string();
    let references = text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next());
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "operation ids name one operation each");
}

#[test]
fn every_described_operation_exists() {
    // Without it Meta's challenge is closed.
    let daemon = Daemon::with_config("[doors.whatsapp]\nverify_token = \"words\"\n");
    let bearer = format!("Bearer {}", daemon.token("admin"));
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let opened = daemon.request("POST", "/api/calls", &headers, br#"{"session_id": "s-1"}"#);
    let opened = opened.json();
    let ticket = opened["data"]["ticket_id"].as_str().expect("ticket_id");
    // What one removes, another has made before.
    let order = ["get", "put", "patch", "post", "delete"];
    for (path, methods) in document(&daemon)["paths"].as_object().expect("paths") {
        let address = path.replace("{id}", ticket).replace("{ref}", ticket);
        let address = address.replace("{session_id}", "s-2").replace("{name}", "a-consumer");
        let address = address.replace("{event}", "messages-upsert").replace("{kind}", "messages");
        let methods = methods.as_object().expect("methods");
        assert!(methods.keys().all(|method| order.contains(&method.as_str())), "{path}");
        for method in order.iter().filter(|method| methods.contains_key(**method)) {
            let body = if *method == "get" { json!(null) } else { json!({"seq": 0}) };
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let answer =
                daemon.request(&method.to_uppercase(), &address, &headers, body.as_bytes());
            // An address that exists may still show this caller no ticket, or no certificate.
            let nowhere = answer.text().contains("there is nothing at this address");
            assert!(!nowhere && answer.status != 405, "{method} {address}: {}", answer.text());
        }
    }
}

/// The values of an attribute in a page.
fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let opening = format!("{name}=\"");
    page.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// S1.3: interactive, and served whole from the binary.
#[test]
fn the_docs_need_nothing_but_the_daemon() {
    let daemon = Daemon::with_config("");
    let moved = daemon.request("GET", "/docs", &[], b"");
    assert!((300..400).contains(&moved.status), "{}", moved.status);
    assert_eq!(moved.header("location"), Some("/docs/"));
    let page = get(&daemon, "/docs/");
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));

    let page = page.text();
    let parts = [attributes(&page, "src"), attributes(&page, "href")].concat();
    assert!(
        parts.iter().any(|part| part.ends_with(".js"))
            && parts.iter().any(|part| part.ends_with(".css")),
        "{page}"
    );
    for part in parts {
        assert!(!part.contains("//"), "{part} comes from elsewhere");
        let loaded = get(&daemon, &format!("/docs/{}", part.trim_start_matches("./")));
        assert!(!loaded.body.is_empty(), "{part} is empty");
        if part.ends_with(".css") {
            let text = loaded.text();
            assert!(
                !text.contains("url(http") && !text.contains("@import"),
                "{part} loads from elsewhere"
            );
        }
    }
    let start = get(&daemon, "/docs/swagger-initializer.js").text();
    assert!(start.contains("/openapi.json"), "{start}");
    assert!(!start.contains("https://") && !start.contains("http://"), "{start}");
}
