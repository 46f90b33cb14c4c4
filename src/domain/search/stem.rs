//! The stems of words in English, Spanish and Indonesian, and which of the three a text is in.
//!
//! A message is guessed by its commonest little words. Where these do not tell, the stems of all three count: a query
//! in any of them then finds the message, at the price of a few postings.

use std::sync::LazyLock;

use foldhash::HashMap;
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

/// In which languages each little word stands, as bits.
fn little() -> &'static HashMap<&'static str, u8> {
    static LITTLE: LazyLock<HashMap<&'static str, u8>> = LazyLock::new(|| {
        let mut known = HashMap::default();
        for language in Language::ALL {
            for word in language.little_words() {
                *known.entry(*word).or_default() |= 1 << language as u8;
            }
        }
        known
    });
    &LITTLE
}

/// The language of a text, if its little words tell; only the first of a long one are looked at.
pub fn guess(words: &[Word]) -> Option<Language> {
    const LOOKED_AT: usize = 200;
    let mut counts = Language::ALL.map(|language| (0, language));
    for word in words.iter().take(LOOKED_AT) {
        let Some(bits) = little().get(word.folded.as_str()) else { continue };
        for (count, language) in &mut counts {
            *count += bits >> *language as u8 & 1;
        }
    }
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    (counts[0].0 > counts[1].0).then_some(counts[0].1)
}

/// The stems of a folded word, without the word itself: of this language, or of all.
pub fn stems(word: &str, language: Option<Language>) -> Vec<String> {
    chosen(&all_stems(word), language).map(str::to_owned).collect()
}

/// By language; none where the word is its own stem.
type Stems = [Option<Box<str>>; 3];

fn all_stems(word: &str) -> Stems {
    const SHORTEST: usize = 3;
    if word.len() < SHORTEST || !word.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Stems::default();
    }
    Language::ALL.map(|language| {
        let stem = language.stemmer().stem(word);
        (stem != word && !stem.is_empty()).then(|| stem.into())
    })
}

fn chosen(stems: &Stems, language: Option<Language>) -> impl Iterator<Item = &str> {
    let wanted = move |at: usize| language.is_none_or(|only| only as usize == at);
    let is_first = |at: usize| !stems[..at].contains(&stems[at]);
    let chosen = move |(at, stem): (usize, &'_ Option<Box<str>>)| {
        wanted(at) && (language.is_some() || is_first(at)) && stem.is_some()
    };
    stems
        .iter()
        .enumerate()
        .filter(move |found| chosen((found.0, found.1)))
        .filter_map(|(_, stem)| stem.as_deref())
}

/// Remembers stems: people use few words, and a stem takes a hundred times as long to find as to remember.
#[derive(Default)]
pub struct Lexicon {
    known: HashMap<String, Stems>,
}

impl Lexicon {
    /// Words held at most; then they are found anew. About 100 bytes each.
    const MOST: usize = 8192;

    /// What [`stems`] finds.
    pub fn stems(&mut self, word: &str, language: Option<Language>) -> impl Iterator<Item = &str> {
        if !self.known.contains_key(word) {
            if self.known.len() >= Lexicon::MOST {
                self.known.clear();
            }
            self.known.insert(word.to_owned(), all_stems(word));
        }
        chosen(&self.known[word], language)
    }
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
    fn what_is_remembered_is_what_is_found() {
        let mut lexicon = Lexicon::default();
        for word in ["refunded", "pedidos", "pembayaran", "order", "ok", "退款", "2024"] {
            for language in [None, Some(Language::English), Some(Language::Indonesian)] {
                for _ in 0..2 {
                    let remembered: Vec<&str> = lexicon.stems(word, language).collect();
                    assert_eq!(remembered, stems(word, language), "{word}");
                }
            }
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
