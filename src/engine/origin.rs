//! Where a command comes from: for the audit, and for nothing that is decided.

use std::net::IpAddr;

/// The address and the door by which whoever asked came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client's; behind a trusted proxy the one that it names. None for what never was on the network.
    pub address: Option<IpAddr>,
    /// `api`, `public`, `login`, the route of a door, `source`, `command line` or `inside`.
    pub door: &'static str,
}

impl Origin {
    /// The daemon's own work.
    pub const INSIDE: Origin = Origin { address: None, door: "inside" };
    /// The admin socket, by which the command line comes.
    pub const COMMAND_LINE: Origin = Origin { address: None, door: "command line" };
    /// A source that the daemon dials.
    pub const SOURCE: Origin = Origin { address: None, door: "source" };
}

impl Default for Origin {
    fn default() -> Origin {
        Origin::INSIDE
    }
}
