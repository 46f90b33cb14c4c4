#![no_main]

use frontdesk::wire::realtime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &str| {
    let _ = realtime::is_passing(frame);
    let _ = realtime::parse(frame);
});
