#![no_main]

use frontdesk::wire::{baileys, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(body) = json::from_bytes(body) {
        let _ = baileys::parse(&body);
    }
});
