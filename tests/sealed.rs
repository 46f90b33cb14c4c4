//! What lies on the disk: nothing personal in clear where it is encrypted, nothing at all of whoever was erased, nothing
//! that is served if it was changed. Through the real binary; the files are searched byte by byte.
//!
//! `FRONTDESK_SEALED_KILLS=20` sets how often the daemon is killed, `FRONTDESK_SEED=…` when.

#[path = "sealed/desk.rs"]
mod desk;
#[path = "sealed/erase.rs"]
mod erase;
mod harness;
#[path = "sealed/keys.rs"]
mod keys;
#[path = "sealed/kills.rs"]
mod kills;
#[path = "sealed/raw.rs"]
mod raw;
#[path = "sealed/retention.rs"]
mod retention;
