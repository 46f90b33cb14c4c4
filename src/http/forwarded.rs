//! For whom a proxy asks: believed of the proxies that are configured, and of nobody else.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::FORWARDED;

use crate::config::Network;

/// Addresses looked at from the end of a chain of proxies.
const MAX_HOPS: usize = 16;

/// Whether this is one of the proxies.
pub fn is_trusted(proxies: &[Network], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(address))
}

/// Who asks: the peer; if that is a trusted proxy, the last address of `Forwarded` (RFC 7239), else of
/// `X-Forwarded-For`, that is not a trusted proxy too.
pub fn client(proxies: &[Network], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    if !is_trusted(proxies, peer) {
        return peer;
    }
    let mut client = peer;
    for hop in hops(headers).into_iter().rev().take(MAX_HOPS) {
        // What cannot be read may be anybody; the proxy that sent it stands for them.
        let Some(address) = hop else { break };
        client = address;
        if !is_trusted(proxies, address) {
            break;
        }
    }
    client
}

/// The addresses that the headers name, in their order; none for what is no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(str::to_owned).collect()
    };
    let forwarded = lines(FORWARDED.as_str());
    if forwarded.is_empty() {
        return lines("x-forwarded-for").iter().map(|text| address(text)).collect();
    }
    let named = |element: &String| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut of = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        of.next().and_then(|(_, value)| address(value))
    };
    forwarded.iter().map(named).collect()
}

/// `192.0.2.7`, `192.0.2.7:4711`, `"[2001:db8::1]:4711"`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let parsed = bare.parse::<IpAddr>().ok();
    let parsed = parsed.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    parsed.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn asked(peer: &str, headers: &[(&str, &str)]) -> String {
        let proxies = [Network::parse("10.0.0.0/8").unwrap(), Network::parse("::1").unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
        client(&proxies, peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let claims = [("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.8")];
        assert_eq!(asked("198.51.100.1", &claims), "198.51.100.1");
        assert_eq!(asked("10.0.0.1", &claims), "192.0.2.8");
        assert_eq!(asked("::ffff:10.0.0.1", &claims[..1]), "192.0.2.7");
        assert_eq!(asked("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_put_before_the_proxies_is_not_believed() {
        let chain = [("x-forwarded-for", "203.0.113.9, 192.0.2.7, 10.0.0.9")];
        assert_eq!(asked("10.0.0.1", &chain), "192.0.2.7");
        let twice = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(asked("10.0.0.1", &twice), "192.0.2.7");
    }

    #[test]
    fn every_spelling_of_an_address_is_read_and_nonsense_stops() {
        for (value, wanted) in [
            ("for=\"[2001:db8::17]:4711\";proto=https", "2001:db8::17"),
            ("proto=https; FOR=192.0.2.43:80", "192.0.2.43"),
            ("for=203.0.113.9, for=unknown", "10.0.0.1"),
            ("for=_hidden", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(asked("10.0.0.1", &[("forwarded", value)]), wanted, "{value}");
        }
    }
}
