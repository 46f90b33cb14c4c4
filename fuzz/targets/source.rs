#![no_main]

use frontdesk::wire::source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &str| {
    let _ = source::calls(frame);
    let _ = source::posts(frame);
});
