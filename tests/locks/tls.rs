//! TLS from outside: a certificate of the box's own, one from files that change, and nothing in clear on the network.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::harness::{self, Daemon};

/// Answers of a client that trusts what is in this PEM file, and calls the box by this name; none if it does not
/// trust what it is shown.
fn ask(daemon: &Daemon, trusted: &Path, name: &str, path: &str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(trusted).expect("a PEM file") {
        roots.add(certificate.expect("a certificate")).expect("an authority");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let stream = TcpStream::connect(daemon.address()).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time-out");
    let mut stream = StreamOwned::new(client, stream);
    let request = format!("GET {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    // Closing without a word is how HTTP/1.1 ends.
    let _ = stream.read_to_string(&mut answer);
    Some(answer)
}

#[test]
fn the_box_makes_an_authority_and_a_certificate_for_its_names_and_keeps_them() {
    let config = "[http]\ntls = \"self\"\ntls_names = [\"desk.example.org\"]\n";
    let mut daemon = Daemon::with_config(config);
    let authority = daemon.data_dir().join("tls/ca.pem");
    let first = fs::read_to_string(&authority).expect("an authority");
    for name in ["localhost", "127.0.0.1", "desk.example.org"] {
        let answer = ask(&daemon, &authority, name, "/health").expect("a trusted certificate");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.to_lowercase().contains("strict-transport-security: max-age="), "{answer}");
    }
    assert_eq!(ask(&daemon, &authority, "another.example.org", "/health"), None);
    let download = ask(&daemon, &authority, "localhost", "/ca.pem").expect("a trusted certificate");
    assert!(download.ends_with(&first), "{download}");
    // In clear nobody is heard.
    assert!(harness::http::request(daemon.address(), "GET", "/health", &[], b"").is_err());
    assert!(daemon.log().contains("authority of this box"), "{}", daemon.log());
    let key = fs::metadata(daemon.data_dir().join("tls/ca.key")).expect("a key");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
    daemon.kill9();
    daemon.restart();
    assert_eq!(fs::read_to_string(&authority).expect("an authority"), first);
    assert!(ask(&daemon, &authority, "localhost", "/ready").is_some());
}

/// A certificate of its own, and its key, for `localhost`.
fn put_pair(dir: &Path) {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("names");
    let certificate = params.self_signed(&key).expect("a certificate");
    fs::write(dir.join("key.pem"), key.serialize_pem()).expect("written");
    fs::write(dir.join("cert.pem"), certificate.pem()).expect("written");
}

#[test]
fn certificates_from_files_are_read_anew_when_they_change_and_kept_when_they_are_no_good() {
    let dir = std::env::temp_dir().join(format!("frontdesk-tls-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a directory");
    put_pair(&dir);
    let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    let daemon = Daemon::with_config(&format!(
        "[http]\ntls = \"files\"\ntls_cert_file = {cert:?}\ntls_key_file = {key:?}\n"
    ));
    let first = dir.join("first.pem");
    fs::copy(&cert, &first).expect("a copy");
    assert!(ask(&daemon, &first, "localhost", "/health").is_some());
    fs::write(&cert, "half a certifi").expect("written");
    let until = |what: &str, done: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !done() {
            assert!(began.elapsed() < Duration::from_secs(20), "{what}: {}", daemon.log());
            sleep(Duration::from_millis(100));
        }
    };
    until("told", &|| daemon.log().contains("the certificate stays as it was"));
    assert!(ask(&daemon, &first, "localhost", "/health").is_some());
    let doctor = || String::from_utf8(daemon.cli(&["doctor"]).stdout).expect("UTF-8");
    assert!(doctor().contains("what is there cannot be used"), "{}", doctor());
    put_pair(&dir);
    until("renewed", &|| ask(&daemon, &cert, "localhost", "/health").is_some());
    assert_eq!(ask(&daemon, &first, "localhost", "/health"), None);
    assert!(doctor().contains("its key belongs to it"), "{}", doctor());
    fs::remove_dir_all(dir).expect("removed");
}

/// What `serve` says when it does not start.
fn refusal(config: &str) -> (Option<i32>, String) {
    let dir = std::env::temp_dir().join(format!("frontdesk-tls-refused-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("a directory");
    let file = dir.join("config.toml");
    fs::write(&file, config).expect("written");
    let output = harness::frontdesk()
        .args(["serve", "--config"])
        .arg(&file)
        .arg("--data-dir")
        .arg(dir.join("data"))
        .output()
        .expect("it runs");
    fs::remove_dir_all(dir).expect("removed");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn nothing_is_served_in_clear_on_the_network_unless_it_is_wanted() {
    let (code, told) = refusal("[http]\nlisten = \"0.0.0.0:0\"\n");
    assert!(
        code == Some(2) && told.contains("http.tls") && told.contains("allow_plaintext"),
        "{told}"
    );
    let (code, told) = refusal("[http]\ntls = \"files\"\n");
    assert!(code == Some(2) && told.contains("http.tls_cert_file"), "{told}");
    let (code, told) = refusal("[http]\nredirect_listen = \"127.0.0.1:0\"\n");
    assert!(code == Some(2) && told.contains("no TLS to lead to"), "{told}");
    let missing = "[http]\nlisten = \"127.0.0.1:0\"\ntls = \"files\"\ntls_cert_file = \"/nowhere/c\"\ntls_key_file = \"/nowhere/k\"\n";
    let (code, told) = refusal(missing);
    assert!(code == Some(1) && told.contains("/nowhere/"), "{told}");
}

#[test]
fn who_comes_in_clear_is_sent_on_to_tls() {
    let daemon = Daemon::with_config("[http]\ntls = \"self\"\nredirect_listen = \"127.0.0.1:0\"\n");
    let began = Instant::now();
    while !daemon.log().contains("sent on to TLS") {
        assert!(began.elapsed() < Duration::from_secs(10), "{}", daemon.log());
        sleep(Duration::from_millis(10));
    }
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("sent on to TLS")).expect("an address");
    let address = line.rsplit("address=").next().expect("an address").trim();
    let host = [("Host", "desk.local:8080")];
    let answer = harness::http::request(address, "POST", "/webhook/baileys?x=1", &host, b"{}");
    let answer = answer.expect("an answer");
    let port = daemon.address().rsplit(':').next().expect("a port");
    assert_eq!(answer.status, 308);
    let to = format!("https://127.0.0.1:{port}/webhook/baileys?x=1");
    assert_eq!(answer.header("location"), Some(to.as_str()));
}

/// Older versions than 1.2 are not spoken; shown by a client that still speaks them, where there is one.
#[test]
fn tls_1_2_and_1_3_are_offered_and_nothing_older() {
    let daemon = Daemon::with_config("[http]\ntls = \"self\"\n");
    let spoken = |version: &str| {
        let client = Command::new("openssl")
            .args(["s_client", "-connect", daemon.address(), version, "-cipher", "ALL:@SECLEVEL=0"])
            .stdin(Stdio::null())
            .output();
        client.map(|output| {
            String::from_utf8_lossy(&output.stdout).contains("Cipher is ")
                && output.status.success()
        })
    };
    match spoken("-tls1_2") {
        Ok(spoken_1_2) => assert!(spoken_1_2),
        Err(why) => return eprintln!("skipped: there is no openssl to ask with: {why}"),
    }
    assert!(spoken("-tls1_3").expect("openssl"));
    for old in ["-tls1", "-tls1_1"] {
        assert!(!spoken(old).expect("openssl"), "{old}");
    }
}
