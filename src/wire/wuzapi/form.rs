//! The JSON inside a delivery: the whole body, the field `jsonData` of a form, or that part of a multipart body
//! beside a file.

use std::borrow::Cow;

/// The field that holds the event, and the ones that name the account.
const EVENT: &str = "jsonData";
const NAMES: [&str; 2] = ["instanceName", "userID"];

/// The longest head of a part; what has a longer one is passed over.
const MAX_PART_HEAD: usize = 1024;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// The JSON of a body of this content type, and whose account it is if the form says so. `None` when the type is
/// none that wuzapi sends, or when the field is missing.
pub fn unwrap<'b>(content_type: &str, body: &'b [u8]) -> Option<(Cow<'b, [u8]>, Option<String>)> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "" if body.starts_with(b"jsonData=") => urlencoded(body),
        "" | "application/json" => Some((Cow::Borrowed(body), None)),
        "application/x-www-form-urlencoded" => urlencoded(body),
        "multipart/form-data" => {
            let boundary = content_type.split(';').find_map(|part| {
                let (name, value) = part.split_once('=')?;
                name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
            });
            multipart(boundary.filter(|boundary| !boundary.is_empty())?, body)
        }
        other if other.ends_with("+json") => Some((Cow::Borrowed(body), None)),
        _ => None,
    }
}

fn urlencoded(body: &[u8]) -> Option<(Cow<'_, [u8]>, Option<String>)> {
    let field = |wanted: &str| {
        body.split(|byte| *byte == b'&').find_map(|pair| {
            let (name, value) = split_once(pair, b"=")?;
            (decode(name) == wanted.as_bytes()).then(|| decode(value))
        })
    };
    let name = NAMES.into_iter().find_map(field).and_then(readable);
    Some((Cow::Owned(field(EVENT)?), name))
}

fn readable(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok().filter(|name| !name.is_empty())
}

/// `+` is a space, `%XX` a byte; what is neither stays.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let digit = |offset: usize| text.get(at + offset).and_then(|b| char::from(*b).to_digit(16));
        match (byte, digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high << 4 | low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) => decoded.push(b' '),
            (other, ..) => decoded.push(*other),
        }
        at += 1;
    }
    decoded
}

fn multipart<'b>(boundary: &str, body: &'b [u8]) -> Option<(Cow<'b, [u8]>, Option<String>)> {
    let delimiter = format!("--{boundary}");
    let field = |wanted: &str| {
        let named = format!("name=\"{wanted}\"");
        let mut rest = body;
        while let Some((_, part)) = split_once(rest, delimiter.as_bytes()) {
            let start = &part[..part.len().min(MAX_PART_HEAD)];
            if let Some((head, _)) = split_once(start, HEAD_END)
                && find(head, named.as_bytes()).is_some()
            {
                let (value, _) =
                    split_once(&part[head.len() + HEAD_END.len()..], delimiter.as_bytes())?;
                return Some(value.strip_suffix(b"\r\n").unwrap_or(value));
            }
            rest = part;
        }
        None
    };
    let name = NAMES.into_iter().find_map(field).and_then(|name| readable(name.to_vec()));
    Some((Cow::Borrowed(field(EVENT)?), name))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|at| at == wanted)
}

fn split_once<'b>(text: &'b [u8], at: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let found = find(text, at)?;
    Some((&text[..found], &text[found + at.len()..]))
}
