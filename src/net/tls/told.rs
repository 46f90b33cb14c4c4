//! What a certificate tells of itself: whose it is, who signed it, from when to when it holds.
//!
//! Just as much of DER (X.690) as leads there. What is not understood is none: whether it can be used at all is TLS's to
//! say.

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
/// `[0] EXPLICIT`: the version, which old certificates leave out.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// Somebody has to act before it ends.
const SOON_DAYS: i64 = 30;
/// Characters of a name that are shown.
const MAX_NAME: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Common names, where there are any.
    pub subject: Option<String>,
    pub issuer: Option<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

/// How a certificate stands to a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Holds,
    /// Within 30 days, and nobody makes the next one unasked.
    EndsSoon,
    Ended,
    NotYet,
}

impl Told {
    /// Full days until it ends; below zero afterwards.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        (self.not_after.as_second() - now.as_second()).div_euclid(24 * 60 * 60)
    }

    /// `by_itself`: the next one is made in time without anybody.
    pub fn standing(&self, now: Timestamp, by_itself: bool) -> Standing {
        match self.days_left(now) {
            _ if now < self.not_before => Standing::NotYet,
            ..0 => Standing::Ended,
            0..SOON_DAYS if !by_itself => Standing::EndsSoon,
            _ => Standing::Holds,
        }
    }
}

/// Reads a certificate's DER.
pub fn read(der: &[u8]) -> Option<Told> {
    let (SEQUENCE, mut certificate, _) = element(der)? else { return None };
    let mut signed = next(&mut certificate, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        (_, _, signed) = element(signed)?;
    }
    // The number and the algorithm.
    (_, _, signed) = element(signed)?;
    (_, _, signed) = element(signed)?;
    let issuer = common_name(next(&mut signed, SEQUENCE)?);
    let mut validity = next(&mut signed, SEQUENCE)?;
    let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
    let subject = common_name(next(&mut signed, SEQUENCE)?);
    Some(Told { subject, issuer, not_before, not_after })
}

/// The tag, the content, and what is behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The content of the next element, if it is one of this kind.
fn next<'a>(der: &mut &'a [u8], wanted: u8) -> Option<&'a [u8]> {
    let (tag, content, rest) = element(der)?;
    *der = rest;
    (tag == wanted).then_some(content)
}

fn time(der: &mut &[u8]) -> Option<Timestamp> {
    let (tag, content, rest) = element(der)?;
    *der = rest;
    let text = std::str::from_utf8(content).ok()?;
    let text = match tag {
        // RFC 5280: two digits are a year of this century below 50.
        UTC_TIME => format!("{}{text}", if text < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}

fn common_name(mut names: &[u8]) -> Option<String> {
    while let Some(mut attributes) = next(&mut names, SET) {
        while let Some(mut attribute) = next(&mut attributes, SEQUENCE) {
            if next(&mut attribute, OID) == Some(COMMON_NAME) {
                let (_, value, _) = element(attribute)?;
                return Some(String::from_utf8_lossy(value).chars().take(MAX_NAME).collect());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    fn made(until: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["desk.local".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "Meridian");
        params.distinguished_name.push(DnType::CommonName, "Résumé desk");
        params.not_before = date_time_ymd(1999, 12, 31);
        params.not_after = date_time_ymd(until, 2, 3);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_tells_whose_it_is_and_until_when_it_holds() {
        for until in [2031, 2064] {
            let told = read(&made(until)).unwrap();
            assert_eq!(told.subject.as_deref(), Some("Résumé desk"));
            assert_eq!(told.issuer, told.subject);
            assert_eq!(told.not_before.to_string(), "1999-12-31T00:00:00Z");
            assert_eq!(told.not_after.to_string(), format!("{until}-02-03T00:00:00Z"));
        }
    }

    #[test]
    fn one_that_nears_its_end_is_told_a_month_before() {
        let told = read(&made(2031)).unwrap();
        let standing = |now: &str, by_itself| told.standing(now.parse().unwrap(), by_itself);
        assert_eq!(standing("2031-01-03T12:00:00Z", false), Standing::Holds);
        assert_eq!(standing("2031-01-05T12:00:00Z", false), Standing::EndsSoon);
        assert_eq!(standing("2031-01-05T12:00:00Z", true), Standing::Holds);
        assert_eq!(standing("2031-02-03T00:00:01Z", true), Standing::Ended);
        assert_eq!(standing("1999-12-30T00:00:00Z", false), Standing::NotYet);
    }

    #[test]
    fn what_is_cut_or_changed_never_panics() {
        let der = made(2031);
        for end in 0..der.len() {
            let _ = read(&der[..end]);
        }
        for at in 0..der.len().min(400) {
            for value in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut der = der.clone();
                der[at] = value;
                let _ = read(&der);
            }
        }
    }
}
