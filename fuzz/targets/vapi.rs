#![no_main]

use frontdesk::wire::{json, vapi};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(body) = json::from_bytes(body) {
        let _ = vapi::parse(&body);
    }
});
