//! Where calls to addresses that users name may go: not into the box, not into its network, unless the configuration
//! says so.
//!
//! What always holds: the address that is connected to is the one that was judged. Names are judged as they are resolved
//! for the very connection, so a name that changes its mind changes nothing; an address in the URL is judged before.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url};

use super::{ClientError, build_with, resolver};
use crate::config::Range;

/// Judges addresses.
#[derive(Clone, Debug)]
pub struct Guard {
    allowed: Vec<Range>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("must be an address as https://example.org/hook")]
    NoAddress,
    #[error("must hold no user name, password or fragment")]
    Credentials,
    #[error("{0} is not a public address (webhooks.allow may name it)")]
    Private(IpAddr),
    #[error("plain http goes only to addresses of webhooks.allow; use https")]
    Plain,
}

impl Guard {
    pub fn new(allowed: Vec<Range>) -> Guard {
        Guard { allowed }
    }

    /// Whether a connection may go there; without TLS only to what the configuration names.
    pub fn judge(&self, address: IpAddr, tls: bool) -> Result<(), Refused> {
        let inner = match address {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        if self.allowed.iter().any(|range| range.holds(inner) || range.holds(address)) {
            return Ok(());
        }
        if !is_public(inner) {
            return Err(Refused::Private(address));
        }
        if tls { Ok(()) } else { Err(Refused::Plain) }
    }

    /// What can be said of a URL before its name is resolved.
    pub fn judge_url(&self, url: &str) -> Result<Url, Refused> {
        let url = Url::parse(url).map_err(|_| Refused::NoAddress)?;
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Refused::NoAddress),
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(Refused::Credentials);
        }
        let host = url.host_str().ok_or(Refused::NoAddress)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            self.judge(address, tls)?;
        } else if !tls && self.allowed.is_empty() {
            return Err(Refused::Plain);
        }
        Ok(url)
    }
}

/// Neither this machine, nor a network of somebody's own, nor set aside for anything.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let set_aside = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !set_aside
}

/// Of IPv6 only what is given out to networks of the internet, and no way around it into IPv4.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    if parts[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let inner = u32::from(parts[6]) << 16 | u32::from(parts[7]);
        return is_public_v4(Ipv4Addr::from_bits(inner));
    }
    let global = parts[0] & 0xe000 == 0x2000;
    let special = parts[0] == 0x2001 && (parts[1] < 0x200 || parts[1] == 0xdb8);
    let six_to_four = parts[0] == 0x2002;
    let documentation = parts[0] == 0x3fff && parts[1] < 0x1000;
    global && !special && !six_to_four && !documentation
}

/// How names become addresses; tests have another.
pub trait Lookup: Send + Sync + 'static {
    fn lookup(&self, host: String) -> impl Future<Output = Result<Vec<IpAddr>, BoxError>> + Send;
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The names of the network that the box is in.
pub struct Names;

impl Lookup for Names {
    async fn lookup(&self, host: String) -> Result<Vec<IpAddr>, BoxError> {
        Ok(resolver::addresses(&host).await?)
    }
}

struct Guarded<L> {
    guard: Guard,
    names: Arc<L>,
    tls: bool,
}

impl<L: Lookup> Resolve for Guarded<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, names, tls) = (self.guard.clone(), Arc::clone(&self.names), self.tls);
        Box::pin(async move {
            let found = names.lookup(name.as_str().to_owned()).await?;
            let mut refused = None;
            let mut good = Vec::new();
            for address in found {
                match guard.judge(address, tls) {
                    Ok(()) => good.push(SocketAddr::new(address, 0)),
                    Err(why) => refused = Some(why),
                }
            }
            match refused {
                // One address that is good is none to be led astray from.
                Some(why) if good.is_empty() => Err(why.into()),
                _ => Ok(Box::new(good.into_iter()) as Addrs),
            }
        })
    }
}

/// Clients that connect only where a guard lets them.
#[derive(Clone)]
pub struct GuardedClient {
    guard: Guard,
    tls: Client,
    plain: Client,
}

impl GuardedClient {
    pub fn new(guard: Guard, ca_file: &Path) -> Result<GuardedClient, ClientError> {
        GuardedClient::naming(guard, ca_file, Names)
    }

    fn naming(
        guard: Guard,
        ca_file: &Path,
        names: impl Lookup,
    ) -> Result<GuardedClient, ClientError> {
        let names = Arc::new(names);
        let client = |tls| {
            let names = Guarded { guard: guard.clone(), names: Arc::clone(&names), tls };
            build_with(ca_file, Arc::new(names), |client| client.pool_max_idle_per_host(0))
        };
        Ok(GuardedClient { tls: client(true)?, plain: client(false)?, guard })
    }

    /// The client for this URL, and the URL, once an address in it was judged.
    pub fn to(&self, url: &str) -> Result<(&Client, Url), Refused> {
        let url = self.guard.judge_url(url)?;
        let client = if url.scheme() == "https" { &self.tls } else { &self.plain };
        Ok((client, url))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn judge(address: &str) -> bool {
        Guard::new(Vec::new()).judge(address.parse().unwrap(), true).is_ok()
    }

    #[test]
    fn only_public_addresses_are_called() {
        for public in ["1.1.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"]
        {
            assert!(judge(public), "{public}");
        }
        for own in [
            "0.0.0.0",
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "203.0.113.9",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001::1",
            "2001:db8::1",
            "fec0::1",
            "3fff::1",
        ] {
            assert!(!judge(own), "{own}");
        }
    }

    #[test]
    fn what_the_configuration_names_is_called_too_and_without_tls() {
        let guard = Guard::new(vec![Range::parse("10.0.0.0/8").unwrap()]);
        let judge = |address: &str, tls| guard.judge(address.parse().unwrap(), tls);
        assert_eq!(judge("10.2.3.4", false), Ok(()));
        assert_eq!(judge("::ffff:10.2.3.4", true), Ok(()));
        assert!(matches!(judge("192.168.1.1", true), Err(Refused::Private(_))));
        assert_eq!(judge("1.1.1.1", false), Err(Refused::Plain));
    }

    #[test]
    fn an_address_in_a_url_is_judged_however_it_is_written() {
        let guard = Guard::new(Vec::new());
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]:8443/x",
            "http://example.org/",
            "ftp://example.org/",
            "https://",
            "https://user:secret@example.org/",
            "https://example.org/#x",
            "example.org",
            "https://169.254.169.254/",
        ] {
            assert!(guard.judge_url(url).is_err(), "{url}");
        }
        assert!(guard.judge_url("https://example.org:8443/hook?x=1").is_ok());
    }

    /// The first time a public address, from then on the box itself.
    struct Rebinding(Arc<AtomicUsize>);

    impl Lookup for Rebinding {
        async fn lookup(&self, _: String) -> Result<Vec<IpAddr>, BoxError> {
            let first = self.0.fetch_add(1, Ordering::Relaxed) == 0;
            // TEST-NET-3 is allowed below, and nobody answers there.
            Ok(vec![if first { [203, 0, 113, 1].into() } else { [127, 0, 0, 1].into() }])
        }
    }

    #[tokio::test]
    async fn a_name_that_changes_its_mind_gets_nobody_inside() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let guard = Guard::new(vec![Range::parse("203.0.113.1").unwrap()]);
        let names = Rebinding(Arc::clone(&asked));
        let client = GuardedClient::naming(guard, Path::new(""), names).unwrap();
        for round in 0..3 {
            let (http, url) = client.to(&format!("http://rebinding.example:{port}/")).unwrap();
            let wait = std::time::Duration::from_millis(300);
            let error = http.post(url).timeout(wait).send().await.unwrap_err();
            let mut cause: &dyn std::error::Error = &error;
            while let Some(deeper) = cause.source() {
                cause = deeper;
            }
            let private = cause.to_string().contains("not a public address");
            assert_eq!(private, round > 0, "{cause}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 3, "each connection is judged anew");
        let nobody = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
        assert!(nobody.await.is_err(), "somebody came in");
    }
}
