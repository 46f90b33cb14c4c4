#![no_main]

use frontdesk::wire::html;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = html::plain(text);
});
