//! The files of the pages as `build.rs` packed them.

use std::io::{self, Read};

use flate2::read::GzDecoder;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

pub struct Asset {
    /// Below the bundle, `js/app.js`.
    pub name: &'static str,
    /// As gzip.
    pub packed: &'static [u8],
}

pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

impl Asset {
    pub fn unpacked(&self) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        GzDecoder::new(self.packed).read_to_end(&mut plain)?;
        Ok(plain)
    }

    pub fn kind(&self) -> &'static str {
        match self.name.rsplit('.').next().unwrap_or_default() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" => "application/json",
            "svg" => "image/svg+xml",
            _ => "application/octet-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn words(name: &str) -> BTreeSet<String> {
        let asset = find(name).unwrap_or_else(|| panic!("there is no {name}"));
        let all: serde_json::Value = serde_json::from_slice(&asset.unpacked().unwrap()).unwrap();
        let empty = all
            .as_object()
            .unwrap()
            .iter()
            .find(|(_, text)| text.as_str().is_none_or(str::is_empty));
        assert!(empty.is_none(), "{name}: {empty:?}");
        all.as_object().unwrap().keys().cloned().collect()
    }

    fn code() -> String {
        let scripts = ASSETS.iter().filter(|asset| asset.name.ends_with(".js"));
        scripts.map(|asset| String::from_utf8(asset.unpacked().unwrap()).unwrap()).collect()
    }

    /// The keys of words that the code asks for: `t('key'`, but not `get('…'`.
    fn asked(code: &str) -> impl Iterator<Item = &str> {
        let calls = code.match_indices("t('").filter(|(at, _)| {
            let before = code[..*at].chars().next_back();
            before.is_none_or(|before| !before.is_alphanumeric() && before != '.')
        });
        calls.filter_map(|(at, call)| code[at + call.len()..].split('\'').next())
    }

    #[test]
    fn every_language_has_every_word_and_every_word_is_used() {
        let english = words("i18n/en.json");
        for language in ["id", "es", "zh-Hans"] {
            let other = words(&format!("i18n/{language}.json"));
            let missing: Vec<_> = english.symmetric_difference(&other).collect();
            assert!(missing.is_empty(), "{language} and en differ in {missing:?}");
        }
        let code = code();
        for key in asked(&code) {
            // A key that ends in a dot is the beginning of several.
            let known = match key.ends_with('.') {
                true => english.iter().any(|known| known.starts_with(key)),
                false => english.contains(key),
            };
            assert!(known, "en.json has no {key:?}");
        }
        // What is counted has words for one beside those for many.
        for (at, call) in code.match_indices("counted('") {
            let key = code[at + call.len()..].split('\'').next().unwrap_or_default();
            let one = format!("{key}_one");
            assert!(english.contains(key) && english.contains(&*one), "en.json lacks {one:?}");
        }
        let groups: Vec<_> = asked(&code).filter(|key| key.ends_with('.')).collect();
        let stands = |key: &str| code.contains(&format!("'{key}'"));
        let quoted = |key: &str| stands(key) || key.strip_suffix("_one").is_some_and(stands);
        let unused: Vec<_> = english
            .iter()
            .filter(|key| !quoted(key) && !groups.iter().any(|group| key.starts_with(group)))
            .collect();
        assert!(unused.is_empty(), "nobody says {unused:?}");
    }

    #[test]
    fn the_first_load_is_small_and_nothing_becomes_markup() {
        for page in [&PAGE, &PORTAL] {
            let text = String::from_utf8(page.unpacked().unwrap()).unwrap();
            let named = |asset: &&Asset| text.contains(&format!("/{BUNDLE}/{}\"", asset.name));
            let first: usize = ASSETS.iter().filter(named).map(|asset| asset.packed.len()).sum();
            assert!(first > 1 << 10 && first < 150 << 10, "{}: {first} bytes", page.name);
            assert!(
                !text.contains("<style") && !text.contains(" style=") && !text.contains("{{"),
                "{text}"
            );
            let scripts = text.matches("<script type=\"module\" src=").count();
            assert_eq!(text.matches("<script").count(), scripts);
        }
        let code = code();
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "http://",
            "https://",
        ] {
            // The one namespace that pictures need is no address that is loaded.
            let code = code.replace("http://www.w3.org/2000/svg", "");
            assert!(!code.contains(word), "{word}");
        }
    }
}
