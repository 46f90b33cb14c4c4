//! The secrets of sessions and links as they are written: cookies, refresh tokens, what a form shows against
//! requests that other sites make (CSRF), recovery codes. Kept is only their SHA-256.

use sha2::{Digest, Sha256};

use super::token::{hash, hex, unhex};
use crate::domain::session::Proof;
use crate::domain::totp;

/// 256 random bits.
pub type Secret = [u8; 32];

pub fn draw() -> Result<Secret, getrandom::Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits)?;
    Ok(bits)
}

/// What a browser keeps: the session's number and a secret.
#[derive(Clone, Copy)]
pub struct Cookie {
    pub session: u64,
    pub secret: Secret,
}

impl Cookie {
    pub fn text(&self) -> String {
        format!("{:016x}{}", self.session, hex(&self.secret))
    }

    pub fn parse(text: &str) -> Option<Cookie> {
        let (session, secret) = numbered(text)?;
        Some(Cookie { session, secret: unhex(secret)? })
    }

    pub fn proof(secret: &Secret) -> Proof {
        Proof::Cookie(digest(secret))
    }

    pub fn is(&self, proof: &Proof) -> bool {
        *proof == Cookie::proof(&self.secret)
    }

    /// What a request that changes something has to show beside the cookie: pages of ours are told it, others
    /// cannot read it.
    pub fn csrf_token(&self) -> String {
        hex(&Sha256::new().chain_update(b"csrf").chain_update(self.secret).finalize())
    }
}

/// The session's number, what all tokens of the session share, and what only this one has.
pub struct Refresh {
    pub session: u64,
    pub family: [u8; 16],
    pub current: Secret,
}

const REFRESH: &str = "fdr_";

impl Refresh {
    pub fn text(&self) -> String {
        let Refresh { session, family, current } = self;
        format!("{REFRESH}{session:016x}{}{}", hex(family), hex(current))
    }

    pub fn parse(text: &str) -> Option<Refresh> {
        let (session, rest) = numbered(text.strip_prefix(REFRESH)?)?;
        let (family, current) = rest.split_at_checked(32)?;
        Some(Refresh { session, family: unhex(family)?, current: unhex(current)? })
    }

    pub fn family_hash(&self) -> [u8; 32] {
        digest(&self.family)
    }

    pub fn current_hash(&self) -> [u8; 32] {
        digest(&self.current)
    }

    pub fn proof(&self) -> Proof {
        Proof::Refresh { family: self.family_hash(), current: self.current_hash() }
    }
}

fn numbered(text: &str) -> Option<(u64, &str)> {
    let (session, rest) = text.split_at_checked(16)?;
    Some((u64::from_be_bytes(unhex(session)?), rest))
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The token of a one-time link, and the hash by which it is found.
pub fn link() -> Result<(String, [u8; 32]), getrandom::Error> {
    let token = hex(&draw()?);
    let hash = hash(&token);
    Ok((token, hash))
}

/// Codes that let in once each without the app: as they are shown, and as they are kept.
pub fn recovery_codes() -> Result<(Vec<String>, Vec<[u8; 32]>), getrandom::Error> {
    const CODES: usize = 10;
    let mut codes = Vec::with_capacity(CODES);
    for _ in 0..CODES {
        let word = totp::base32(&draw()?[..10]);
        let parts: Vec<_> = (0..4).filter_map(|nth| word.get(4 * nth..4 * nth + 4)).collect();
        codes.push(parts.join("-"));
    }
    let hashes = codes.iter().map(|code| totp::recovery_hash(code)).collect();
    Ok((codes, hashes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_nothing_else() {
        let cookie = Cookie { session: 0x1a2b, secret: draw().unwrap() };
        let read = Cookie::parse(&cookie.text()).unwrap();
        assert_eq!((read.session, read.secret), (cookie.session, cookie.secret));
        assert!(read.is(&Cookie::proof(&cookie.secret)));
        let refresh = Refresh { session: 7, family: [1; 16], current: [2; 32] };
        assert_eq!(Refresh::parse(&refresh.text()).unwrap().proof(), refresh.proof());
        for wrong in [
            "",
            "fdr_",
            "x",
            &cookie.text()[1..],
            &format!("{}0", cookie.text()),
            "ÄÖÜßÄÖÜßÄÖÜßÄÖÜß",
        ] {
            assert!(Cookie::parse(wrong).is_none() && Refresh::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let (codes, hashes) = recovery_codes().unwrap();
        assert_eq!(codes.len(), 10);
        assert_eq!(codes[0].len(), 19, "{}", codes[0]);
        let typed = codes[0].to_lowercase().replace('-', " ");
        assert_eq!(totp::recovery_hash(&typed), hashes[0]);
    }
}
