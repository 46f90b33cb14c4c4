//! Reads one level of a JSON text and leaves what is below as text.
//!
//! An audio delta is tens of kilobytes of base64 behind a `type` that nobody wants: here it is stepped over
//! once and nothing of it is built. Never recurses, keeps only what was asked for; what has the wrong type
//! counts as absent.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// An unparsed value, or its absence.
pub type Raw<'a> = Option<&'a RawValue>;

/// The named members of an object, in the order of the names; the last of a doubled name counts.
/// Fails on what is no JSON object.
pub fn members<'a, const N: usize>(
    json: &'a str,
    names: [&str; N],
) -> serde_json::Result<[Raw<'a>; N]> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = reader.deserialize_map(Members(&names))?;
    reader.end()?;
    Ok(found)
}

/// Like [`members`], of a value that may be something else: then all are absent.
pub fn members_of<'a, const N: usize>(raw: Raw<'a>, names: [&str; N]) -> [Raw<'a>; N] {
    raw.and_then(|raw| members(raw.get(), names).ok()).unwrap_or([None; N])
}

/// The first `max` elements of an array; none of anything else.
pub fn elements(raw: Raw<'_>, max: usize) -> Vec<&RawValue> {
    let Some(raw) = raw else { return Vec::new() };
    serde_json::Deserializer::from_str(raw.get()).deserialize_seq(Elements(max)).unwrap_or_default()
}

/// A string, as it came.
pub fn text(raw: Raw<'_>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

pub fn number<T: serde::de::DeserializeOwned>(raw: Raw<'_>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

struct Members<'n, const N: usize>(&'n [&'n str; N]);

impl<'de, const N: usize> Visitor<'de> for Members<'_, N> {
    type Value = [Raw<'de>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            match name {
                Some(i) => found[i] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

/// Takes the string of the first member of this name, and stops reading there.
pub struct First<'a>(pub &'a str, pub &'a mut Option<String>);

impl<'de> Visitor<'de> for First<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name(&[self.0]))? {
            if name.is_some() {
                *self.1 = map.next_value().ok();
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// A key's place among the wanted names.
struct Name<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|name| *name == key))
    }
}

struct Elements(usize);

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while found.len() < self.0 {
            match seq.next_element()? {
                Some(element) => found.push(element),
                None => return Ok(found),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}
