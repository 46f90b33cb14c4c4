//! Access tokens: JSON Web Tokens signed with HMAC-SHA-256 (RFC 7519, RFC 7515), as seed 003 asks for. They name a
//! session, which is looked up with every request, so that what ends it ends them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use super::signing::SigningKeys;
use crate::domain::time::Micros;

const ISSUER: &str = "frontdesk";
/// Far longer than any of ours.
const MAX: usize = 4096;

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    /// The person, by id
    sub: String,
    /// The session
    sid: u64,
    /// Seconds since 1970, for clients to see.
    iat: i64,
    exp: i64,
    /// The same by the steady clock, in microseconds: by this the token ends, whatever the wall clock does.
    end: i64,
}

/// A token of a session that lasts `life` microseconds.
pub fn issue(
    keys: &SigningKeys,
    (agent, session): (u64, u64),
    life: i64,
    (now, steady): (Micros, Micros),
) -> Option<String> {
    let key = keys.current();
    let header = Header { alg: "HS256", typ: "JWT", kid: &key };
    let claims = Claims {
        iss: ISSUER.to_owned(),
        sub: agent.to_string(),
        sid: session,
        iat: now.0 / Micros::SECOND,
        exp: now.plus(life).0 / Micros::SECOND,
        end: steady.plus(life).0,
    };
    let (header, claims) = (serde_json::to_vec(&header).ok()?, serde_json::to_vec(&claims).ok()?);
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = keys.sign(&key, message.as_bytes())?;
    Some(format!("{message}.{}", BASE64.encode(signature)))
}

/// Whether a bearer's token has the form of these.
pub fn is_one(token: &str) -> bool {
    token.len() <= MAX && token.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// The session of a token that is ours and has not run out. The algorithm is not the token's to choose.
pub fn session(keys: &SigningKeys, token: &str, now: Micros) -> Option<u64> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let (header, claims) = (BASE64.decode(header).ok()?, BASE64.decode(claims).ok()?);
    let Header { alg, kid, .. } = serde_json::from_slice(&header).ok()?;
    let signature = BASE64.decode(signature).ok()?;
    if alg != "HS256" || !keys.verify(kid, message.as_bytes(), &signature, now) {
        return None;
    }
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    (claims.iss == ISSUER && now.0 < claims.end).then_some(claims.sid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: i64 = 15 * Micros::MINUTE;

    fn keys(secret: &str) -> SigningKeys {
        let nowhere = std::path::Path::new("/nonexistent");
        SigningKeys::open(nowhere, Some(secret), LIFE, Micros(0)).unwrap()
    }

    #[test]
    fn a_token_is_good_until_it_runs_out_and_only_as_it_was_signed() {
        let ours = keys("ours");
        let token = issue(&ours, (7, 42), LIFE, (Micros(0), Micros(0))).unwrap();
        assert!(is_one(&token));
        assert_eq!(session(&ours, &token, Micros(LIFE - 1)), Some(42));
        assert_eq!(session(&ours, &token, Micros(LIFE)), None);
        assert_eq!(session(&keys("others"), &token, Micros(1)), None);
        let parts: Vec<_> = token.split('.').collect();
        let put = |header: &str| BASE64.encode(header);
        let kid = ours.current();
        let none = put(&format!(r#"{{"alg":"none","typ":"JWT","kid":"{kid}"}}"#));
        let other =
            put(&String::from_utf8(BASE64.decode(parts[1]).unwrap()).unwrap().replace("42", "43"));
        for forged in [
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{other}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{token}x"),
            "..".to_owned(),
            String::new(),
        ] {
            assert_eq!(session(&ours, &forged, Micros(1)), None, "{forged}");
        }
    }
}
