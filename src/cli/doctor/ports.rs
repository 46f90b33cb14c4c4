//! The addresses to listen on: the daemon's when it runs, free when it does not.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::{Finding, Patient};
use crate::config::Config;

const CHECK: &str = "ports";
const PATIENCE: Duration = Duration::from_secs(3);

pub fn check(patient: &Patient<'_>, config: &Config) -> Vec<Finding> {
    let listeners = [
        ("http.listen", Some(config.http.listen)),
        ("calls.legacy_listen", config.calls.legacy_listen),
    ];
    let known = listeners.into_iter().filter_map(|(key, address)| Some((key, address?)));
    known
        .map(|(key, address)| match address.port() {
            0 => Finding::ok(CHECK, format!("{key} takes any free port")),
            _ if patient.is_running() => ours(key, address),
            _ => free(key, address),
        })
        .collect()
}

fn ours(key: &str, address: SocketAddr) -> Finding {
    match ask(address) {
        Ok(answer) if answer.contains("\"version\"") => {
            Finding::ok(CHECK, format!("{key}: frontdesk answers on {address}"))
        }
        Ok(_) => Finding::error(
            CHECK,
            format!("{key}: on {address} answers something that is not frontdesk"),
            format!("see who it is: ss -ltnp 'sport = :{}'", address.port()),
        ),
        Err(error) => Finding::warning(
            CHECK,
            format!("{key}: the daemon runs, but {address} does not answer ({error})"),
            "was it started with another --listen, or is the configuration newer than its start?",
        ),
    }
}

/// What `/health` says there.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            [0, 0, 0, 0, 0, 0, 0, 1].into()
        });
    }
    let mut stream = TcpStream::connect_timeout(&reachable, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Tried by binding, which leaves nothing behind.
fn free(key: &str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(CHECK, format!("{key}: {address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Finding::error(
            CHECK,
            format!("{key}: another program has {address}"),
            format!(
                "stop it or choose another port; who it is: ss -ltnp 'sport = :{}'",
                address.port()
            ),
        ),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Finding::warning(
            CHECK,
            format!("{key}: this user may not listen on {address}"),
            "ports below 1024 are for root, or for a unit with CAP_NET_BIND_SERVICE or a socket of systemd's",
        ),
        Err(error) => Finding::error(
            CHECK,
            format!("{key}: {address} cannot be listened on: {error}"),
            "is that an address of this box? 0.0.0.0 takes all of them",
        ),
    }
}
