//! Whether listeners have a certificate to show, where they are to speak TLS.

use super::Finding;
use crate::config::{Config, Tls};
use crate::net::tls::Certificates;

const CHECK: &str = "certificates";

pub fn check(config: &Config) -> Finding {
    match config.http.tls {
        Tls::Off => Finding::ok(CHECK, "none is needed: http.tls is off"),
        // To look is not to make one.
        Tls::SelfMade if !Certificates::are_made(&config.data_dir) => {
            Finding::ok(CHECK, "not made yet; the daemon does it at its start")
        }
        Tls::SelfMade | Tls::Files => match Certificates::look(&config.http, &config.data_dir) {
            Ok(sha256) => {
                let seen = "there is one, and its key belongs to it";
                Finding::ok(CHECK, seen).with([format!("SHA-256 {sha256}")])
            }
            Err(error) => {
                let advice = "put PEM files there that belong together, or set http.tls = \"self\"";
                Finding::error(CHECK, "what is there cannot be used", advice)
                    .with([error.to_string()])
            }
        },
    }
}
