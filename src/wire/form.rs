//! Bodies of HTML forms (`application/x-www-form-urlencoded`).

/// Names and values in the order of the body. Bytes that are no UTF-8 read as U+FFFD; a `%` that escapes nothing
/// stands for itself.
pub fn pairs(body: &[u8]) -> Vec<(String, String)> {
    let parts = body.split(|b| *b == b'&').filter(|part| !part.is_empty());
    let pair = |part: &[u8]| {
        let at = part.iter().position(|b| *b == b'=').unwrap_or(part.len());
        (decoded(&part[..at]), decoded(part.get(at + 1..).unwrap_or_default()))
    };
    parts.map(pair).collect()
}

/// The value of the first pair of this name, unless it is blank.
pub fn value<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let found = pairs.iter().find(|(n, _)| n == name)?;
    Some(found.1.trim()).filter(|value| !value.is_empty())
}

fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|pair| {
            let digit = |b: u8| char::from(b).to_digit(16);
            Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8)
        });
        match (escaped, first) {
            (Some(byte), _) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (None, b'+') => bytes.push(b' '),
            (None, other) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let read =
            pairs("From=%2B6591234567&To=a+b%20c&&empty=&flag&x=%zz%4&caf%C3%A9=1=2".as_bytes());
        let expected = [
            ("From", "+6591234567"),
            ("To", "a b c"),
            ("empty", ""),
            ("flag", ""),
            ("x", "%zz%4"),
            ("café", "1=2"),
        ];
        assert_eq!(read, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(value(&read, "From"), Some("+6591234567"));
        assert_eq!((value(&read, "empty"), value(&read, "none")), (None, None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_form(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            pairs(&bytes);
        }
    }
}
