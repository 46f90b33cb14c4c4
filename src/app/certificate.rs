//! What the API tells of the certificate that listeners show.

use jiff::Timestamp;

use crate::domain::time::Micros;
use crate::http::system::{CertificateState, CertificateView};
use crate::net::tls::{Certificates, Standing};

pub fn view(shown: &Certificates, authority: bool) -> CertificateView {
    let micros = |at: Timestamp| Micros(at.as_microsecond());
    let told = shown.told();
    let (not_before, not_after) =
        (told.as_ref().map(|t| micros(t.not_before)), told.as_ref().map(|t| micros(t.not_after)));
    let renews_at = shown.renews_at().map(micros);
    let by_itself = renews_at.is_some();
    let standing = told.as_ref().map(|told| told.standing(Timestamp::now(), by_itself));
    let (subject, issuer) = told.map_or((None, None), |told| (told.subject, told.issuer));
    CertificateView {
        fingerprint: shown.fingerprint(),
        authority,
        subject,
        issuer,
        not_before,
        not_after,
        renews_at,
        // Of what cannot be read nothing is known to be wrong.
        state: match standing {
            None | Some(Standing::Holds) => CertificateState::Holds,
            Some(Standing::EndsSoon) => CertificateState::EndsSoon,
            Some(Standing::Ended) => CertificateState::Ended,
            Some(Standing::NotYet) => CertificateState::NotYet,
        },
    }
}
