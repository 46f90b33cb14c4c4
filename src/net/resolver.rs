//! Names to addresses, without the system's resolver library.
//!
//! `/etc/resolv.conf` and `/etc/hosts` are read anew for every connection: a box runs for years, and its
//! network changes meanwhile. Where the configuration names name servers those are asked instead, for as long as the
//! process lives.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

static SERVERS: OnceLock<Vec<SocketAddr>> = OnceLock::new();

/// Which servers are asked; none are those of the system. The first word counts.
pub fn ask(servers: Vec<SocketAddr>) {
    let _ = SERVERS.set(servers);
}

#[derive(Debug)]
pub struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = addresses(name.as_str()).await?;
            let addresses = found.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Every address of a host.
pub async fn addresses(host: &str) -> Result<Vec<IpAddr>, NetError> {
    let mut builder = match SERVERS.get().filter(|servers| !servers.is_empty()) {
        Some(servers) => {
            let servers = servers.iter().map(server).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
        None => TokioResolver::builder_tokio()?,
    };
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    Ok(builder.build()?.lookup_ip(host).await?.iter().collect())
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}
