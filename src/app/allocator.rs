//! The allocator of the whole program.

use std::ffi::{c_int, c_long};
use std::time::Duration;

/// What one thread made and another frees is common here: a request's thread makes what the writer keeps. The C libraries
/// take a lock for it, musl for every block, and threads waited for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay`: for how many milliseconds pages that are free wait for whoever takes them again …
const PURGE_DELAY: c_int = 15;
/// … which is a second unless it is set. At a tenth of it a load leaves a tenth less behind and costs no more.
const WAIT: c_long = 100;

/// How often what nobody holds is given back to the system: by itself the allocator does so only while it is asked.
const EVERY: Duration = Duration::from_secs(60);

#[expect(unsafe_code, reason = "the allocator is written in C")]
unsafe extern "C" {
    safe fn mi_option_set(option: c_int, value: c_long);
    safe fn mi_collect(force: bool);
}

/// Sets the allocator up, and gives back what a start took.
pub async fn run() {
    mi_option_set(PURGE_DELAY, WAIT);
    loop {
        mi_collect(true);
        tokio::time::sleep(EVERY).await;
    }
}
