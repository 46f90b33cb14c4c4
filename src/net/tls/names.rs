//! By what names and addresses a browser on the network may call this box.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// More than a box has; a certificate must stay small.
const MOST: usize = 32;

/// The host's name, with and without `.local`, and its addresses.
pub fn of_this_box(listen: IpAddr) -> Vec<String> {
    let mut names = BTreeSet::from(["localhost".to_owned()]);
    if let Some(host) = host() {
        if let Some(short) = host.split('.').next().filter(|short| *short != "localhost") {
            names.insert(format!("{short}.local"));
        }
        names.insert(host);
    }
    let mut addresses = BTreeSet::from([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    if !listen.is_unspecified() {
        addresses.insert(listen);
    }
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    addresses.extend(local_v4(&read("/proc/self/net/fib_trie")));
    addresses.extend(v6(&read("/proc/self/net/if_inet6")));
    names.extend(addresses.iter().map(IpAddr::to_string));
    names.into_iter().take(MOST).collect()
}

/// What the box is called, if that can be a name on the network.
pub fn host() -> Option<String> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim().to_lowercase();
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    (!host.is_empty() && host.len() <= 253 && host.bytes().all(good)).then_some(host)
}

/// The addresses that the kernel's routing table calls its own (`/32 host LOCAL` below an address).
fn local_v4(trie: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    let mut address = None;
    for line in trie.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("|-- ") {
            address = text.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(address.filter(|a| !a.is_loopback()).map(IpAddr::from));
        }
    }
    found
}

/// Addresses of interfaces: 32 hexadecimal digits, index, prefix, scope (00 is global), flags, name.
fn v6(table: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let mut fields = line.split_whitespace();
        let digits = fields.next().filter(|digits| digits.len() == 32)?;
        let scope = fields.nth(2)?;
        let bits = u128::from_str_radix(digits, 16).ok()?;
        (scope == "00").then(|| IpAddr::from(Ipv6Addr::from(bits)))
    };
    table.lines().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_name_the_boxs_addresses() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.168.1.9\n        /32 host LOCAL\n     |-- 192.168.1.255\n        /32 link BROADCAST\n";
        assert_eq!(local_v4(trie), [IpAddr::from([192, 168, 1, 9])]);
        let table = "fe800000000000005054fffffe123456 02 40 20 80 eth0\n\
                     20010db8000000000000000000000007 02 40 00 80 eth0\n\
                     00000000000000000000000000000001 01 80 10 80 lo\n";
        assert_eq!(v6(table), ["2001:db8::7".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn this_box_can_be_called_by_something() {
        let names = of_this_box(IpAddr::from([192, 0, 2, 9]));
        for name in ["localhost", "127.0.0.1", "::1", "192.0.2.9"] {
            assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
        }
    }
}
