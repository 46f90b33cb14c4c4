#![no_main]

use frontdesk::wire::{json, livekit};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(body) = json::from_bytes(body) {
        let _ = livekit::parse(&body);
    }
});
