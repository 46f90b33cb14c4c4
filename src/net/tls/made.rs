//! The box's own authority and the certificate that it signs, for desks without one of their own (`http.tls =
//! "self"`).
//!
//! The authority is made once and holds for the life of the box; whoever trusts it trusts every later
//! certificate. The certificate holds for 820 days, as browsers take no longer ones, and is made anew after two
//! thirds of that, or when the box has other names. Its times begin a day early, for clients whose clocks are
//! behind, and never before this program was built, for boxes whose clock is.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use serde::{Deserialize, Serialize};

use super::TlsError;

pub const AUTHORITY: &str = "ca.pem";
const AUTHORITY_KEY: &str = "ca.key";
pub const LEAF: &str = "cert.pem";
pub const LEAF_KEY: &str = "cert.key";
/// What the certificate says, so that nobody needs to parse it.
const NOTE: &str = "cert.json";

const DAYS: i32 = 820;
const RENEW_AFTER: i32 = DAYS * 2 / 3;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    from: Date,
    names: Vec<String>,
}

/// Today by the box's clock, or the day of the build when that is later.
fn today() -> Date {
    let built = env!("BUILT_AT").parse().ok().and_then(|at| Timestamp::from_second(at).ok());
    let now = built.map_or_else(Timestamp::now, |built| built.max(Timestamp::now()));
    now.to_zoned(TimeZone::UTC).date()
}

fn noted(dir: &Path) -> Option<Note> {
    serde_json::from_slice(&fs::read(dir.join(NOTE)).ok()?).ok()
}

/// Whether another certificate is wanted.
pub fn is_due(dir: &Path, names: &[String]) -> bool {
    let whole = [AUTHORITY, AUTHORITY_KEY, LEAF, LEAF_KEY].iter().all(|f| dir.join(f).exists());
    let good = |note: Note| {
        let age =
            today().since((jiff::Unit::Day, note.from)).map_or(i32::MAX, |age| age.get_days());
        // One of the future is of a clock that was wrong.
        note.names == names && (0..RENEW_AFTER).contains(&age)
    };
    !whole || !noted(dir).is_some_and(good)
}

/// When another one is made, if nothing else changes.
pub fn due_at(dir: &Path) -> Option<Timestamp> {
    let due = noted(dir)?.from.checked_add(RENEW_AFTER.days()).ok()?;
    due.to_zoned(TimeZone::UTC).ok().map(|due| due.timestamp())
}

/// Makes what is missing or old.
pub fn bring_up_to_date(dir: &Path, names: &[String]) -> Result<(), TlsError> {
    if !is_due(dir, names) {
        return Ok(());
    }
    let at = |error| TlsError::Io(dir.display().to_string(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(at)?;
    let key = authority(dir)?;
    let issuer = Issuer::new(authority_params()?, key);
    let from = today();
    let leaf = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "frontdesk");
    let [begins, ends] =
        [from.saturating_sub(1.day()), from.saturating_add(DAYS.days())].map(parts);
    params.not_before = date_time_ymd(begins.0, begins.1, begins.2);
    params.not_after = date_time_ymd(ends.0, ends.1, ends.2);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let signed = params.signed_by(&leaf, &issuer)?;
    // The note goes last: without it everything is made again.
    let _ = fs::remove_file(dir.join(NOTE));
    put(dir, LEAF_KEY, leaf.serialize_pem().as_bytes())?;
    put(dir, LEAF, signed.pem().as_bytes())?;
    let note = Note { from, names: names.to_vec() };
    put(dir, NOTE, serde_json::to_string(&note).unwrap_or_default().as_bytes())
}

/// The key of the authority, made with its certificate where there is none.
fn authority(dir: &Path) -> Result<KeyPair, TlsError> {
    let path = dir.join(AUTHORITY_KEY);
    if path.exists() && dir.join(AUTHORITY).exists() {
        let pem = fs::read_to_string(&path);
        let pem = pem.map_err(|error| TlsError::Io(path.display().to_string(), error))?;
        return Ok(KeyPair::from_pem(&pem)?);
    }
    let key = KeyPair::generate()?;
    let certificate = authority_params()?.self_signed(&key)?;
    put(dir, AUTHORITY_KEY, key.serialize_pem().as_bytes())?;
    put(dir, AUTHORITY, certificate.pem().as_bytes())?;
    Ok(key)
}

/// The same at every call, so that what is signed later names the authority that clients have.
fn authority_params() -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "frontdesk authority of this box");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2064, 1, 1);
    Ok(params)
}

fn parts(date: Date) -> (i32, u8, u8) {
    let part = |number: i8| u8::try_from(number).unwrap_or(1);
    (i32::from(date.year()), part(date.month()), part(date.day()))
}

/// Whole or not at all, readable by the daemon alone, on disk when this returns.
fn put(dir: &Path, name: &str, content: &[u8]) -> Result<(), TlsError> {
    let path = dir.join(name);
    let write = || -> io::Result<()> {
        let fresh = dir.join(format!("{name}.new"));
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|error| TlsError::Io(path.display().to_string(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_again_for_other_names_under_the_same_authority() {
        let dir = std::env::temp_dir().join(format!("frontdesk-made-{}", std::process::id()));
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
        let names = ["desk.local".to_owned()];
        assert!(is_due(&dir, &names));
        bring_up_to_date(&dir, &names).unwrap();
        let (authority, first) = (read(AUTHORITY), read(LEAF));
        assert!(!is_due(&dir, &names));
        bring_up_to_date(&dir, &names).unwrap();
        assert_eq!(read(LEAF), first);
        let names = ["desk.local".to_owned(), "192.0.2.7".to_owned()];
        assert!(is_due(&dir, &names));
        bring_up_to_date(&dir, &names).unwrap();
        assert_eq!(read(AUTHORITY), authority);
        assert_ne!(read(LEAF), first);
        let later =
            Note { from: today().saturating_sub(RENEW_AFTER.days()), names: names.to_vec() };
        fs::write(dir.join(NOTE), serde_json::to_string(&later).unwrap()).unwrap();
        assert!(is_due(&dir, &names));
        let wrong = Note { from: today().saturating_add(3.days()), names: names.to_vec() };
        fs::write(dir.join(NOTE), serde_json::to_string(&wrong).unwrap()).unwrap();
        assert!(is_due(&dir, &names));
        fs::remove_dir_all(dir).unwrap();
    }
}
