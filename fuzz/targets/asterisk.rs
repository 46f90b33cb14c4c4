#![no_main]

use frontdesk::wire::asterisk;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let _ = asterisk::parse(body);
});
