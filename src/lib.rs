//! frontdesk: every phone call and WhatsApp message becomes a durable ticket, on the box itself.
//!
//! # The one way through the house
//!
//! ```text
//! event in ──► command ──► decide ──► plan ──► journal, fsync ──► redb + index ──► answer
//! (ingest, http, cli)      (pure)              (durable, the feed)   (state)
//! ```
//!
//! | module | what it is for |
//! |---|---|
//! | [`domain`] | the words and rules of the trade; pure, no I/O |
//! | [`wire`] | the payloads of others, parsed into facts of our own |
//! | [`store`] | journal and redb: what was acknowledged is on disk |
//! | [`engine`] | the one writer, deciding, the in-memory index, the feed |
//! | [`ingest`] | the doors: call relays, WhatsApp bridges |
//! | [`http`] | the API: router, errors, one file a resource |
//! | [`routes`] | lists of routes, to be served or described |
//! | [`describe`] | what handlers and shapes say of themselves, for the tests |
//! | [`web`] | the pages, out of the binary |
//! | [`net`] | outbound HTTP: TLS, names, S3 |
//! | [`auth`] | tokens and who may what |
//! | [`admin`] | the unix socket by which the command line reaches a running daemon |
//! | [`app`] | composition root: build, spawn, drain in order |
//! | [`cli`] | one file a subcommand |
//! | [`client`] | the other end of the doors, over TCP: for `demo` and `bench` |
//! | [`bench`] | `frontdesk bench`: a daemon under load, beside the limits of its disk and its libraries |
//! | [`config`] | one struct a section; `config/default.toml` is the documentation |
//! | [`telemetry`] | logs and metrics |

// A daemon that runs for years unattended says what it relied on: `expect`, never a bare `unwrap`.
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod admin;
pub mod app;
pub mod auth;
pub mod bench;
pub mod cli;
pub mod client;
pub mod config;
pub mod describe;
pub mod domain;
pub mod engine;
pub mod http;
pub mod ingest;
pub mod net;
pub mod routes;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod wire;
pub mod workers;
