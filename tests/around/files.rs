//! Files: on the disk before the answer, each under a key of its own, and served so that no browser runs them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::desk::{Desk, problem, rows, word};
use crate::harness::{Daemon, Response, frontdesk};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on";
const PAGE: &[u8] = b"<html><script>alert(1)</script></html>";

fn send(desk: &Desk, ticket: u64, name: &str, kind: &str, bytes: &[u8]) -> Response {
    let bearer = format!("Bearer {}", desk.agent);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
    let path = format!("/api/tickets/{ticket}/attachments?name={name}");
    desk.daemon.request("POST", &path, &headers, bytes)
}

#[track_caller]
fn uploaded(desk: &Desk, ticket: u64, name: &str, bytes: &[u8]) -> Value {
    let answer = send(desk, ticket, name, "application/octet-stream", bytes);
    assert_eq!(answer.status, 201, "{}", answer.text());
    rows(&answer.json(), "attachments")[0].clone()
}

fn kept(dir: &Path) -> usize {
    fs::read_dir(dir.join("files")).expect("files").count()
}

#[test]
fn a_file_is_attached_to_a_comment_and_survives_a_power_cut() {
    let mut desk = Desk::open("");
    let ticket = desk.ticket("Broken screen");
    let file = uploaded(&desk, ticket, "photo.png", PNG);
    assert_eq!(
        (&file["media_type"], &file["file_name"]),
        (&json!("image/png"), &json!("photo.png"))
    );
    let comment = json!({"body": "See the photo", "attachments": [file["id"]]});
    let made = desk.does("POST", &format!("/api/tickets/{ticket}/comments"), &comment, 201);
    assert_eq!(rows(&made, "attachments")[0]["id"], file["id"]);
    desk.daemon.kill9();
    desk.daemon.restart();
    for path in ["comments", "timeline"] {
        let listed = desk.reads(&format!("/api/tickets/{ticket}/{path}"));
        let list = rows(&listed, if path == "comments" { "comments" } else { "entries" });
        let last = list.last().expect("an entry");
        assert_eq!(rows(last, "attachments")[0]["file_name"], "photo.png", "{path}");
    }
    let path = format!("/api/tickets/{ticket}/attachments/{}", file["id"]);
    let answer = desk.call(&desk.agent, "GET", &path, &Value::Null);
    assert_eq!((answer.status, answer.body.as_slice()), (200, PNG));
    // Once attached it is the entry's.
    let again =
        desk.call(&desk.agent, "POST", &format!("/api/tickets/{ticket}/comments"), &comment);
    assert_eq!(problem(&again, 400), ["attachments"]);
    problem(&desk.call(&desk.agent, "DELETE", &path, &Value::Null), 409);
}

#[test]
fn nothing_is_served_as_a_page() {
    let desk = Desk::open("");
    let ticket = desk.ticket("Look at this");
    for (name, bytes, kind) in [
        ("page.html", PAGE, "application/octet-stream"),
        (
            "image.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "application/octet-stream",
        ),
        ("notes.txt", b"nothing but text", "text/plain; charset=utf-8"),
        ("photo.png", PNG, "image/png"),
    ] {
        // Whatever the sender says that it is.
        let answer = send(&desk, ticket, name, "text/html", bytes);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = rows(&answer.json(), "attachments")[0]["id"].clone();
        for (query, shown) in [("", false), ("?inline=true", kind == "image/png")] {
            let path = format!("/api/tickets/{ticket}/attachments/{id}{query}");
            let served = desk.call(&desk.agent, "GET", &path, &Value::Null);
            assert_eq!(served.header("content-type"), Some(kind), "{name}");
            assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
            let how = served.header("content-disposition").expect("a disposition");
            assert_eq!(how.starts_with("inline"), shown, "{name}: {how}");
            assert!(
                served.header("content-security-policy").is_some_and(|p| p.contains("sandbox"))
            );
            assert_eq!(served.body, bytes);
        }
    }
}

#[test]
fn the_same_bytes_are_two_files_and_a_name_is_only_a_name() {
    let desk = Desk::open("");
    let (one, two) = (desk.ticket("One"), desk.ticket("Two"));
    let first = uploaded(&desk, one, "..%2F..%2Fetc%2Fpasswd", PNG);
    let second = uploaded(&desk, two, "b%22%0D%0A.png", PNG);
    assert_eq!(first["sha256"], second["sha256"]);
    assert_eq!((&first["file_name"], &second["file_name"]), (&json!("passwd"), &json!("b___.png")));
    assert_eq!(kept(&desk.daemon.data_dir()), 2, "one ticket's end is not the other's");
    // Another ticket's file cannot be reached through one's own.
    let other = format!("/api/tickets/{one}/attachments/{}", second["id"]);
    problem(&desk.call(&desk.agent, "GET", &other, &Value::Null), 404);
    let comment = json!({"body": "mine", "attachments": [second["id"]]});
    let refused = desk.call(&desk.agent, "POST", &format!("/api/tickets/{one}/comments"), &comment);
    assert_eq!(problem(&refused, 400), ["attachments"]);
    let own = format!("/api/tickets/{two}/attachments/{}", second["id"]);
    desk.does("DELETE", &own, &Value::Null, 204);
    problem(&desk.call(&desk.agent, "GET", &own, &Value::Null), 404);
}

#[test]
fn a_form_brings_several_files() {
    let desk = Desk::open("");
    let ticket = desk.ticket("Papers");
    let mut body = Vec::new();
    for (name, bytes) in [("a.pdf", b"%PDF-1.7 one".as_slice()), ("b.txt", b"two")] {
        body.extend_from_slice(
            format!(
                "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    let cut = body.clone();
    body.extend_from_slice(b"--XX--\r\n");
    let answer = send(&desk, ticket, "", "multipart/form-data; boundary=XX", &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    let names: Vec<String> =
        rows(&made, "attachments").iter().map(|f| word(&f["file_name"])).collect();
    assert_eq!(names, ["a.pdf", "b.txt"]);
    assert_eq!(rows(&made, "attachments")[0]["media_type"], "application/pdf");
    problem(&send(&desk, ticket, "", "multipart/form-data; boundary=XX", &cut), 400);
    problem(&send(&desk, ticket, "", "multipart/form-data; boundary=XX", b"--XX--\r\n"), 400);
}

#[test]
fn what_is_too_large_or_empty_is_refused_and_leaves_nothing() {
    let desk = Desk::open("[attachments]\nmax_size = '4 KiB'\n");
    let ticket = desk.ticket("Large");
    let large = vec![7; 5000];
    problem(&send(&desk, ticket, "large.bin", "application/octet-stream", &large), 413);
    problem(&send(&desk, ticket, "empty", "application/octet-stream", b""), 400);
    problem(&send(&desk, 4711, "x", "application/octet-stream", b"x"), 404);
    uploaded(&desk, ticket, "fits.bin", &large[..4096]);
    // What was empty was whole, and is swept as it belongs to nothing.
    assert_eq!(kept(&desk.daemon.data_dir()), 2, "what broke off is gone");
}

#[test]
fn the_customer_sees_what_is_attached_to_what_they_may_read() {
    let desk = Desk::open("");
    let submit = json!({
        "subject": "Where is it", "description": "?", "requester_email": "customer@example.com",
    });
    let told = desk.visits("POST", "/api/public/tickets", &submit).json();
    let (id, token) = (word(&told["ticket"]["id"]), word(&told["accessToken"]));
    let (shown, inside) =
        (uploaded(&desk, 1001, "a.png", PNG), uploaded(&desk, 1001, "b.png", PNG));
    let public = json!({"body": "Here", "attachments": [shown["id"]]});
    desk.does("POST", "/api/tickets/1001/comments", &public, 201);
    let note = json!({"body": "odd", "is_internal": true, "attachments": [inside["id"]]});
    desk.does("POST", "/api/tickets/1001/comments", &note, 201);
    let seen =
        desk.visits("GET", &format!("/api/public/tickets/{id}?token={token}"), &Value::Null).json();
    let listed = rows(&seen, "timeline").last().expect("an entry");
    assert_eq!(rows(listed, "attachments")[0]["file_name"], "a.png");
    let read = |file: &Value, token: &str| {
        let path = format!("/api/public/tickets/{id}/attachments/{}?token={token}", file["id"]);
        desk.visits("GET", &path, &Value::Null)
    };
    assert_eq!(read(&shown, &token).body, PNG);
    problem(&read(&inside, &token), 404);
    problem(&read(&shown, "fd_other"), 404);
}

#[test]
fn files_are_part_of_a_backup() {
    let desk = Desk::open("");
    let ticket = desk.ticket("Keep this");
    // Larger than a piece of a backup.
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(|n| n.to_le_bytes()).collect();
    let (small, large) =
        (uploaded(&desk, ticket, "a.png", PNG), uploaded(&desk, ticket, "b.bin", &large));
    let file = desk.daemon.data_dir().with_file_name("desk.fdb");
    let file = file.to_str().expect("a path");
    let made = desk.daemon.cli(&["backup", file]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let restored = Daemon::on_store("", |dir| {
        let mut restore = frontdesk();
        restore.args(["restore", file, "--root-key"]).arg(desk.daemon.data_dir().join("root.key"));
        let done = restore.arg("--data-dir").arg(dir).output();
        let done = done.expect("the subcommand runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    });
    assert_eq!(kept(&restored.data_dir()), 2);
    let bearer = format!("Bearer {}", desk.agent);
    for file in [small, large] {
        let path = format!("/api/tickets/{ticket}/attachments/{}", file["id"]);
        let headers = [("Authorization", bearer.as_str())];
        let (old, new) = (
            desk.daemon.request("GET", &path, &headers, b""),
            restored.request("GET", &path, &headers, b""),
        );
        assert_eq!((old.status, new.status), (200, 200), "{}", new.text());
        assert!(old.body == new.body && old.body.len() as u64 == file["bytes"]);
    }
}
