#![no_main]

use frontdesk::wire::{form, twilio};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let pairs = form::pairs(body);
    let _ = twilio::signed(&pairs);
    let _ = twilio::parse(&pairs);
});
