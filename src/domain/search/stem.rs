//! The stems of words in English, Spanish and Indonesian, and which of the three a text is in.
//!
//! A message is guessed by its commonest little words. Where these do not tell, the stems of all three count: a query
//! in any of them then finds the message, at the price of a few postings.

use std::sync::LazyLock;

use frostem::{Algorithm, Stemmer};

use super::Word;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Spanish,
    Indonesian,
}

impl Language {
    pub const ALL: [Language; 3] = [Language::English, Language::Spanish, Language::Indonesian];

    fn stemmer(self) -> &'static Stemmer {
        static STEMMERS: LazyLock<[Stemmer; 3]> = LazyLock::new(|| {
            [Algorithm::English, Algorithm::Spanish, Algorithm::Indonesian].map(Stemmer::new)
        });
        &STEMMERS[self as usize]
    }

    /// Little words that stand in most texts of the language and in few of the others; folded and sorted.
    fn little_words(self) -> &'static [&'static str] {
        match self {
            Language::English => &[
                "and", "are", "been", "but", "can", "did", "do", "for", "from", "have", "hello",
                "how", "is", "it", "my", "not", "please", "thanks", "that", "the", "there", "this",
                "to", "was", "what", "when", "where", "will", "with", "would", "you", "your",
            ],
            Language::Spanish => &[
                "con", "cuando", "de", "del", "donde", "el", "ella", "en", "es", "esta", "este",
                "favor", "gracias", "hola", "la", "las", "lo", "los", "mas", "mi", "muy", "no",
                "para", "pero", "por", "porque", "que", "quiero", "se", "su", "tengo", "una", "ya",
            ],
            Language::Indonesian => &[
                "ada",
                "adalah",
                "akan",
                "anda",
                "apa",
                "apakah",
                "atau",
                "bagaimana",
                "belum",
                "bisa",
                "dan",
                "dari",
                "dengan",
                "di",
                "halo",
                "ini",
                "itu",
                "kami",
                "kapan",
                "kasih",
                "ke",
                "mau",
                "mohon",
                "saya",
                "sudah",
                "terima",
                "tetapi",
                "tidak",
                "tolong",
                "untuk",
                "yang",
            ],
        }
    }
}

/// The language of a text, if its little words tell; only the first of a long one are looked at.
pub fn guess(words: &[Word]) -> Option<Language> {
    const LOOKED_AT: usize = 200;
    let mut counts = Language::ALL.map(|language| {
        let known = language.little_words();
        let is_known = |word: &&Word| known.binary_search(&word.folded.as_str()).is_ok();
        (words.iter().take(LOOKED_AT).filter(is_known).count(), language)
    });
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    (counts[0].0 > counts[1].0).then_some(counts[0].1)
}

/// The stems of a folded word, without the word itself: of this language, or of all.
pub fn stems(word: &str, language: Option<Language>) -> Vec<String> {
    const SHORTEST: usize = 3;
    let mut found = Vec::new();
    if word.len() < SHORTEST || !word.bytes().all(|b| b.is_ascii_alphabetic()) {
        return found;
    }
    for language in Language::ALL.into_iter().filter(|l| language.is_none_or(|only| only == *l)) {
        let stem = language.stemmer().stem(word);
        if stem != word && !stem.is_empty() && !found.iter().any(|known| *known == *stem) {
            found.push(stem.to_string());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    #[test]
    fn little_words_tell_the_language() {
        for (text, language) in [
            ("Where is my order, please?", Some(Language::English)),
            ("¿Dónde está mi pedido?", Some(Language::Spanish)),
            ("Pesanan saya belum sampai", Some(Language::Indonesian)),
            ("refund blender", None),
            ("我要退款", None),
        ] {
            assert_eq!(guess(&words(text)), language, "{text}");
        }
        for language in Language::ALL {
            assert!(language.little_words().is_sorted(), "{language:?}");
        }
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        let share = |a: &str, b: &str| {
            let of = |word: &str| [stems(word, None), vec![word.to_owned()]].concat();
            of(a).iter().any(|stem| of(b).contains(stem))
        };
        assert!(share("refunded", "refunds"));
        assert!(share("pedidos", "pedido"));
        assert!(share("pembayaran", "membayar"));
        assert!(!share("refund", "order"));
    }
}
