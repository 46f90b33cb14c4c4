//! Doors that hold: TLS, and what must not be kept.

#[path = "locks/corpus.rs"]
mod corpus;
mod harness;
#[path = "locks/privacy.rs"]
mod privacy;
#[path = "locks/tls.rs"]
mod tls;
