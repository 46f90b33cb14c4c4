#![no_main]

use frontdesk::wire::{json, wuzapi};
use libfuzzer_sys::fuzz_target;

const KINDS: [&str; 3] =
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=XX"];

fuzz_target!(|body: &[u8]| {
    for kind in KINDS {
        if let Some((inner, _)) = wuzapi::unwrap(kind, body)
            && let Ok(event) = json::from_bytes(&inner)
        {
            let _ = wuzapi::parse(&event);
        }
    }
});
