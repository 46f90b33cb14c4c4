//! Which language a customer writes, told from the small words that every text has: Indonesian, Spanish, English.
//! A text that has none of them, or as many of two, is of no language.

use super::words::words;

const WORDS: [(&str, &[&str]); 3] = [
    (
        "id",
        &[
            "saya",
            "yang",
            "tidak",
            "bisa",
            "dan",
            "ini",
            "itu",
            "untuk",
            "dengan",
            "tolong",
            "mohon",
            "kenapa",
            "belum",
            "sudah",
            "ada",
            "kami",
            "apa",
            "bagaimana",
            "halo",
            "nya",
            "gak",
            "ga",
            "nggak",
            "dong",
            "kak",
            "min",
            "pesanan",
            "terima",
            "kasih",
            "di",
            "ke",
        ],
    ),
    (
        "es",
        &[
            "el", "la", "los", "las", "que", "de", "mi", "no", "puedo", "por", "para", "con",
            "una", "un", "es", "esta", "hola", "gracias", "ayuda", "necesito", "y", "en", "se",
            "favor", "pedido", "tengo",
        ],
    ),
    (
        "en",
        &[
            "the", "is", "my", "and", "to", "i", "you", "cannot", "can", "not", "please", "hello",
            "hi", "it", "for", "with", "of", "have", "order", "what", "how", "in", "was", "are",
            "t", "s",
        ],
    ),
];

/// `id`, `es` or `en`.
pub fn language(text: &str) -> Option<&'static str> {
    let mut counts = [0_u32; WORDS.len()];
    for word in words(text).take(500).map(|word| word.folded()) {
        for ((_, known), count) in WORDS.iter().zip(&mut counts) {
            *count += u32::from(known.contains(&word.as_str()));
        }
    }
    let best = counts.iter().copied().max().filter(|count| *count > 0)?;
    let mut leading = WORDS.iter().zip(counts).filter(|(_, count)| *count == best);
    let ((code, _), _) = leading.next()?;
    leading.next().is_none().then_some(*code)
}

#[cfg(test)]
mod tests {
    use super::language;

    #[test]
    fn a_text_is_of_the_language_whose_small_words_it_has() {
        assert_eq!(language("Halo, saya tidak bisa login"), Some("id"));
        assert_eq!(language("Hola, no puedo entrar en mi cuenta"), Some("es"));
        assert_eq!(language("Hello, I cannot open the app"), Some("en"));
        assert_eq!(language("12345"), None);
    }
}
