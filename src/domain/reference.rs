//! The names of a ticket: UUID, number (`1001`, `#1001`), the reference of its channel (`GXS-…`, `TKT-…`), and what
//! another system calls it (`zendesk:123`).
//! Any of them resolves wherever a ticket is named (DESIGN section 3, C1).

use uuid::Uuid;

/// What somebody wrote where a ticket is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    Number(u64),
    Id(Uuid),
    /// The reference of a channel, upper case.
    Code(String),
    /// What another system calls it: `SYSTEM:ID`. Its ids may differ in case only.
    External(String),
}

/// The longest reference that is looked up, in bytes.
pub const MAX_REFERENCE: usize = 128;

impl Reference {
    /// Reads any spelling; what is neither a number nor a UUID is taken as a code, with a colon as an external id.
    pub fn parse(text: &str) -> Option<Reference> {
        let text = text.trim();
        let digits = text.strip_prefix('#').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            return digits.parse().ok().map(Reference::Number);
        }
        if text.is_empty() || text.len() > MAX_REFERENCE {
            return None;
        }
        if let Ok(id) = Uuid::try_parse(text) {
            return Some(Reference::Id(id));
        }
        if let Some((system, id)) = text.split_once(':') {
            return Some(Reference::External(format!("{}:{id}", system.to_ascii_lowercase())));
        }
        Some(Reference::Code(text.to_ascii_uppercase()))
    }
}

/// The first ticket number (S3.30).
pub const FIRST_NUMBER: u64 = 1001;

/// `PREFIX-YYYYMMDD-XXXXXXXX` with eight upper-case hexadecimal digits (S0.3, S1.6).
pub fn dated_code(prefix: &str, date: jiff::civil::Date, random: u32) -> String {
    format!("{prefix}-{:04}{:02}{:02}-{random:08X}", date.year(), date.month(), date.day())
}

/// The first part of the references of the CRM and its assistants (S2.10).
const YEARLY: &str = "TICKET-";

/// `TICKET-YYYY-NNNNNN` (S2.10): the `nth` of its year, from 1.
pub fn yearly_code(year: i16, nth: u64) -> String {
    format!("{YEARLY}{year:04}-{nth:06}")
}

/// Year and number of such a reference.
pub fn yearly(code: &str) -> Option<(i16, u64)> {
    let (year, nth) = code.strip_prefix(YEARLY)?.split_once('-')?;
    Some((year.parse().ok()?, nth.parse().ok()?))
}

/// The customer id of a contact, `CUST-00001` (S1.7): a contact has every e-mail address once.
pub fn customer_code(contact: u64) -> String {
    format!("CUST-{contact:05}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_spelling_of_a_reference_is_read() {
        assert_eq!(Reference::parse("1001"), Some(Reference::Number(1001)));
        assert_eq!(Reference::parse("#1001"), Some(Reference::Number(1001)));
        assert_eq!(
            Reference::parse("gxs-20251128-a1b2c3d4"),
            Some(Reference::Code("GXS-20251128-A1B2C3D4".into()))
        );
        let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        assert_eq!(Reference::parse(&id.to_string()), Some(Reference::Id(id)));
        assert_eq!(Reference::parse("99999999999999999999999"), None);
        assert_eq!(Reference::parse(" "), None);
        let named = Reference::External("zendesk:35436".into());
        assert_eq!(Reference::parse("Zendesk:35436"), Some(named));
    }

    #[test]
    fn the_code_of_a_call_has_the_seeds_shape() {
        let date = jiff::civil::date(2025, 11, 28);
        assert_eq!(dated_code("GXS", date, 0xA1B2_C3D4), "GXS-20251128-A1B2C3D4");
        assert_eq!(dated_code("TKT", date, 7), "TKT-20251128-00000007");
    }

    #[test]
    fn the_code_of_the_crm_counts_within_its_year() {
        assert_eq!(yearly_code(2025, 1), "TICKET-2025-000001");
        assert_eq!(yearly("TICKET-2025-000001"), Some((2025, 1)));
        assert_eq!(yearly("TKT-20251128-00000007"), None);
    }
}
