//! `[network]`: whom the names of others are asked of.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::problem::Limits;

const MAX_SERVERS: usize = 4;
const PORT: u16 = 53;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Name servers, `192.168.1.1` or with a port; none: those of the system.
    pub dns: Vec<String>,
}

impl NetworkConfig {
    pub(super) fn check(&self, limits: &mut Limits) {
        if self.dns.len() > MAX_SERVERS {
            let text = format!("{} servers, at most {MAX_SERVERS}", self.dns.len());
            limits.broken("network.dns", text);
        }
        for wrong in self.dns.iter().filter(|text| server(text).is_none()) {
            let text = format!(
                "found {wrong:?}, expected the address of a name server as \"192.168.1.1\" or \"[fd00::1]:5353\""
            );
            limits.broken("network.dns", text);
        }
    }

    /// The servers of `dns`.
    pub fn servers(&self) -> Vec<SocketAddr> {
        self.dns.iter().filter_map(|text| server(text)).collect()
    }
}

fn server(text: &str) -> Option<SocketAddr> {
    let alone = || text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, PORT));
    alone().or_else(|| text.parse().ok()).filter(|server| server.port() != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_server_is_an_address_with_or_without_a_port() {
        for (text, is) in [
            ("192.168.1.1", Some("192.168.1.1:53")),
            ("192.168.1.1:5353", Some("192.168.1.1:5353")),
            ("fd00::1", Some("[fd00::1]:53")),
            ("[fd00::1]:5353", Some("[fd00::1]:5353")),
            ("resolver", None),
            ("192.168.1.0/24", None),
            ("192.168.1.1:0", None),
            ("", None),
        ] {
            assert_eq!(server(text).map(|server| server.to_string()).as_deref(), is, "{text}");
        }
    }
}
