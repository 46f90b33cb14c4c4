//! An authenticator app, as people have it on their phones.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use frontdesk::domain::totp;

/// The bytes of a secret as apps read it.
fn unbase32(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        _ => c - b'2' + 26,
    };
    let bits: Vec<u8> =
        text.bytes().flat_map(|c| (0..5).rev().map(move |at| digit(c) >> at & 1)).collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect()
}

/// An app, and the newest step whose code it has shown.
pub struct App {
    secret: Vec<u8>,
    shown: u64,
}

impl App {
    /// With the key that a person types into it.
    pub fn of(secret: &str) -> App {
        App { secret: unbase32(secret), shown: 0 }
    }

    fn step() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() / 30
    }

    /// A code that was not used before: one may be a step ahead, and else has to wait for the next one.
    pub fn next(&mut self) -> String {
        while Self::step() < self.shown {
            sleep(Duration::from_millis(200));
        }
        self.shown = (self.shown + 1).max(Self::step());
        format!("{:06}", totp::code(&self.secret, self.shown))
    }
}
