//! Go's names of a message's members as WhatsApp's own: `stanzaID` is `stanzaId`, `PTT` is `ptt`.

use serde_json::{Map, Value};

/// The same value with every member's name in WhatsApp's spelling. Of two members that come to one name the
/// first counts.
pub fn as_whatsapp(value: &Value) -> Value {
    match value {
        Value::Array(elements) => elements.iter().map(as_whatsapp).collect(),
        Value::Object(members) => {
            let mut renamed = Map::with_capacity(members.len());
            for (name, member) in members {
                renamed.entry(respell(name)).or_insert_with(|| as_whatsapp(member));
            }
            Value::Object(renamed)
        }
        other => other.clone(),
    }
}

/// Runs of capitals are words: at the start in lower case, elsewhere capitalised. A run's last capital begins
/// the next word if a small letter follows.
fn respell(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let capital = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
    let small = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
    let mut spelled = String::with_capacity(name.len());
    for (at, letter) in letters.iter().enumerate() {
        let begins_word = at > 0 && (!capital(at - 1) || small(at + 1));
        // `URLText` begins with one word: `url`, then `Text`.
        let keeps = capital(at) && begins_word;
        spelled.push(if keeps { *letter } else { letter.to_ascii_lowercase() });
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gos_names_become_whatsapps() {
        for (go, whatsapp) in [
            ("ID", "id"),
            ("stanzaID", "stanzaId"),
            ("remoteJID", "remoteJid"),
            ("mentionedJID", "mentionedJid"),
            ("PTT", "ptt"),
            ("JPEGThumbnail", "jpegThumbnail"),
            ("Conversation", "conversation"),
            ("timestampMS", "timestampMs"),
            ("viewOnceMessageV2Extension", "viewOnceMessageV2Extension"),
            ("pollCreationMessageV3", "pollCreationMessageV3"),
            ("extendedTextMessage", "extendedTextMessage"),
            ("fromMe", "fromMe"),
            ("", ""),
            ("ü", "ü"),
        ] {
            assert_eq!(respell(go), whatsapp, "{go}");
        }
    }
}
