#![no_main]

use frontdesk::wire::{evolution, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(body) = json::from_bytes(body) {
        for event in
            [None, Some("messages-upsert"), Some("messages-update"), Some("messages-edited")]
        {
            let _ = evolution::parse(&body, event);
        }
    }
});
