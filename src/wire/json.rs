//! JSON from peers that nobody can rely on.
//!
//! What always holds: a lone surrogate escape (`\ud800` without its other half, which senders make by
//! cutting a string inside an emoji) costs one character, never the document; an error's line and column
//! are those of the bytes that came; what is built is nested at most 128 deep.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// What was wrong with a document, and where; line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at line {line} column {column}")]
pub struct Error {
    pub what: String,
    pub line: usize,
    pub column: usize,
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Error {
        let (line, column) = (error.line(), error.column());
        let whole = error.to_string();
        let what =
            whole.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&whole);
        Error { what: what.to_owned(), line, column }
    }
}

/// Reads one document. Lone surrogate escapes read as U+FFFD.
///
/// Fails on what is no JSON, on what does not fit `T`, and on nesting deeper than 128.
pub fn from_bytes<T: DeserializeOwned>(json: &[u8]) -> Result<T, Error> {
    let error = match serde_json::from_slice(json) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if error.classify() == Category::Syntax
        && let Ok(text) = std::str::from_utf8(json)
        && let Cow::Owned(mended) = mend_surrogates(text)
    {
        return Ok(serde_json::from_str(&mended)?);
    }
    Err(error.into())
}

/// Writes `\ufffd` over every lone surrogate escape; as long as before, so that positions stay true.
/// One pass, and no copy where there is nothing to mend.
pub fn mend_surrogates(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let mut mended = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = json[at..].find('\\') {
        let escape = at + found;
        at = match code_unit(bytes, escape) {
            Some(0xD800..=0xDBFF)
                if matches!(code_unit(bytes, escape + 6), Some(0xDC00..=0xDFFF)) =>
            {
                escape + 12
            }
            Some(0xD800..=0xDFFF) => {
                mended.push_str(&json[copied..escape]);
                mended.push_str("\\ufffd");
                copied = escape + 6;
                copied
            }
            Some(_) => escape + 6,
            // `\\` must not lend its second half to a `u` behind it.
            None if bytes.get(escape + 1).is_some_and(u8::is_ascii) => escape + 2,
            None => escape + 1,
        };
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[copied..]);
    Cow::Owned(mended)
}

/// The UTF-16 code unit that the escape `\uXXXX` at `at` stands for.
fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | value as u16)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read(json: &str) -> String {
        from_bytes(json.as_bytes()).expect(json)
    }

    #[test]
    fn a_lone_surrogate_costs_one_character_and_not_the_message() {
        assert_eq!(read(r#""cut \ud83d""#), "cut \u{FFFD}");
        assert_eq!(read(r#""\uDE00 tail""#), "\u{FFFD} tail");
        assert_eq!(read(r#""\ud83dx\ude00""#), "\u{FFFD}x\u{FFFD}");
        assert_eq!(read(r#""\ud83d\ud83d\ude00""#), "\u{FFFD}😀");
        assert_eq!(read(r#""\ud800\n""#), "\u{FFFD}\n");
    }

    #[test]
    fn whole_pairs_and_escaped_backslashes_stay_as_they_are() {
        for json in [r#""\ud83d\ude00""#, r#""\\ud800""#, r#""\\\\ud800 \u00e9""#, r#""é\u00e9""#]
        {
            assert!(matches!(mend_surrogates(json), Cow::Borrowed(_)), "{json}");
        }
        assert_eq!(read(r#""\\\ud800""#), "\\\u{FFFD}");
    }

    #[test]
    fn an_error_says_where() {
        let error = from_bytes::<Value>(b"{\n  \"a\": nil\n}").expect_err("no JSON");
        assert_eq!((error.line, error.what.as_str()), (2, "expected ident"));
        let behind = from_bytes::<Value>(br#"["\ud800", oops]"#).expect_err("no JSON");
        assert_eq!((behind.line, behind.column), (1, 12));
        assert_eq!(behind.to_string(), "expected value at line 1 column 12");
    }

    #[test]
    fn nesting_has_a_limit() {
        let deep = |levels: usize| [vec![b'['; levels], vec![b']'; levels]].concat();
        assert!(from_bytes::<Value>(&deep(127)).is_ok());
        let error = from_bytes::<Value>(&deep(100_000)).expect_err("too deep");
        assert!(error.what.contains("recursion limit"), "{error}");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(from_bytes::<Value>(b"\"\xff\"").is_err());
        assert!(from_bytes::<Value>(b"").is_err());
    }

    proptest! {
        #[test]
        fn mending_keeps_the_length_and_makes_every_string_readable(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "\\ud800", "\\udfff", "\\uDBFF", "\\udc00", "\\u0041", "\\\\", "\\n", "u", "d800", "é", "x",
                ]),
                0..20,
            )
        ) {
            let json = format!("\"{}\"", pieces.concat());
            prop_assert_eq!(mend_surrogates(&json).len(), json.len());
            prop_assert!(from_bytes::<String>(json.as_bytes()).is_ok());
        }

        #[test]
        fn mending_never_panics(text in any::<String>(), tail in "[\\\\u d8cf0é]{0,16}") {
            mend_surrogates(&format!("{text}{tail}"));
        }
    }
}
