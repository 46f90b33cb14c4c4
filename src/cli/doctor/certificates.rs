//! Whether listeners have a certificate to show, where they are to speak TLS.

use jiff::Timestamp;

use super::Finding;
use crate::config::{Config, Tls};
use crate::net::tls::{Certificates, Standing, Told};

const CHECK: &str = "certificates";

pub fn check(config: &Config) -> Finding {
    match config.http.tls {
        Tls::Off => Finding::ok(CHECK, "none is needed: http.tls is off"),
        // To look is not to make one.
        Tls::SelfMade if !Certificates::are_made(&config.data_dir) => {
            Finding::ok(CHECK, "not made yet; the daemon does it at its start")
        }
        Tls::SelfMade | Tls::Files => match Certificates::look(&config.http, &config.data_dir) {
            Ok((sha256, told)) => {
                let by_itself = config.http.tls == Tls::SelfMade;
                let details = told.as_ref().map(|told| format!("holds until {}", told.not_after));
                let details = details.into_iter().chain([format!("SHA-256 {sha256}")]);
                until(told.as_ref(), Timestamp::now(), by_itself).with(details)
            }
            Err(error) => {
                let advice = "put PEM files there that belong together, or set http.tls = \"self\"";
                Finding::error(CHECK, "what is there cannot be used", advice)
                    .with([error.to_string()])
            }
        },
    }
}

/// How long it holds still. The box's own is made anew by the daemon, at its start at the latest.
fn until(told: Option<&Told>, now: Timestamp, by_itself: bool) -> Finding {
    let good = "there is one, and its key belongs to it";
    let Some(told) = told.filter(|_| !by_itself) else { return Finding::ok(CHECK, good) };
    let advice = "put newer PEM files in its place; the daemon takes them without a restart";
    let days = told.days_left(now);
    match told.standing(now, by_itself) {
        Standing::Holds => Finding::ok(CHECK, format!("{good}; it holds for {days} days still")),
        Standing::EndsSoon => {
            Finding::warning(CHECK, format!("it holds for {days} days still"), advice)
        }
        Standing::Ended => Finding::error(CHECK, "it holds no longer: clients refuse it", advice),
        Standing::NotYet => Finding::error(
            CHECK,
            "it does not hold yet, or the clock of this box is wrong",
            "look at the clock first (timedatectl)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn files_that_near_their_end_are_warned_of_and_the_boxs_own_are_not() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (not_before, not_after) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let told = Told { subject: None, issuer: None, not_before, not_after };
        let verdict = |now: &str, by_itself| until(Some(&told), at(now), by_itself).verdict;
        assert_eq!(verdict("2026-11-30T00:00:00Z", false), Verdict::Ok);
        assert_eq!(verdict("2026-12-02T12:00:00Z", false), Verdict::Warning);
        assert_eq!(verdict("2027-01-01T00:00:01Z", false), Verdict::Error);
        assert_eq!(verdict("2025-12-31T00:00:00Z", false), Verdict::Error);
        assert_eq!(verdict("2027-06-01T00:00:00Z", true), Verdict::Ok, "made anew at the start");
    }
}
