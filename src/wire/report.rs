//! What telephony and voice platforms report of a call, without streaming it: that it began, that it ended, or the
//! whole of it in one piece.

/// The most turns and details of one report that are read.
pub const MAX_TURNS: usize = 5000;

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    Report(Box<Report>),
    /// Accepted and passed over; says why.
    Skipped(&'static str),
    /// Of a kind that should tell of a call, and does not; says what is missing.
    Empty(&'static str),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The platform's id of the call.
    pub call: String,
    /// What tells this report from another one of the same call.
    pub event: String,
    /// The customer's name and number; the number is digits without `+`.
    pub name: Option<String>,
    pub phone: Option<String>,
    /// In spoken order.
    pub turns: Vec<Turn>,
    pub summary: Option<String>,
    pub ended: bool,
    /// Short facts to keep with the call: why it ended, whom it was for.
    pub details: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub by_customer: bool,
    /// Empty for tool calls.
    pub text: String,
    /// Microseconds since 1970.
    pub at: Option<i64>,
    pub tools: Vec<Tool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    pub id: Option<String>,
    pub name: String,
    /// JSON as text, as it came.
    pub arguments: String,
    pub output: Option<String>,
}

/// The digits of a telephone number as platforms write it: `+65 9123-4567`, `sip:+6591234567@host`. None for names
/// and for callers who hide theirs.
pub fn digits(number: &str) -> Option<String> {
    let number = number.trim();
    let user = ["sip:", "sips:", "tel:"].iter().find_map(|scheme| number.strip_prefix(scheme));
    let user = user.unwrap_or(number).split(['@', ';', '>']).next().unwrap_or_default();
    let told = user.chars().filter(|c| !matches!(c, '+' | ' ' | '-' | '.' | '(' | ')'));
    let digits: String = told.collect();
    let good = (3..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    good.then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_spelling() {
        for number in [
            "+6591234567",
            "sip:+6591234567@sip.example.test",
            "+65 9123-4567",
            "6591234567",
            "tel:+6591234567;ext=1",
        ] {
            assert_eq!(digits(number).as_deref(), Some("6591234567"), "{number}");
        }
        for hidden in
            ["anonymous", "sip:alice@example.test", "", "<unknown>", "+", "12", "client:lim"]
        {
            assert_eq!(digits(hidden), None, "{hidden}");
        }
    }
}
