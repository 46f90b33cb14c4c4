//! What a text is found by: its words, folded, each with its place in the text as it was written.
//!
//! Case, width and accents are folded away. Scripts that write no spaces between words (Chinese, Japanese, Thai and
//! their neighbours) go as pairs of neighbouring characters, and the last one of a run alone, so that any stretch of
//! them is found. The index and the reading of queries both go through here: what is asked for is cut as what was said.

pub mod query;
pub mod stem;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A word longer than this, in characters, is known by its beginning.
pub const LONGEST_WORD: usize = 40;

/// A folded word, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub folded: String,
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
    /// Of a script without spaces: a pair, or the last character of a run.
    pub unspaced: bool,
}

/// The words of a text, in order; the position of each is its place in this list.
pub fn words(text: &str) -> Vec<Word> {
    let mut cut = Cut { words: Vec::new(), word: None, run: Vec::new() };
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        // Most of what people write is ASCII: runs of it are taken as they are.
        let plain = text.as_bytes()[at..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let end = at + plain.max(c.len_utf8());
        if plain > 0 {
            cut.end_run();
            cut.push_plain(&text[at..end], at);
        } else if is_unspaced(c) {
            cut.end_word();
            cut.run.push((c, at, end));
        } else if is_mark(c) {
            // An accent of its own belongs to what it stands on.
            cut.extend(end);
        } else if c.is_alphanumeric() {
            cut.end_run();
            cut.push(c, at, end);
        } else if is_apostrophe(c)
            && cut.word.is_some()
            && text[end..].chars().next().is_some_and(|c| c.is_alphabetic() && !is_unspaced(c))
        {
            // don't, O'Brien
        } else {
            cut.end_word();
            cut.end_run();
        }
        at = end;
    }
    cut.end_word();
    cut.end_run();
    cut.words
}

struct Cut {
    words: Vec<Word>,
    word: Option<(Word, usize)>,
    run: Vec<(char, usize, usize)>,
}

impl Cut {
    /// The word that goes on to `end`, or begins at `start`, and how many characters of it were taken.
    fn word(&mut self, start: usize, end: usize) -> &mut (Word, usize) {
        let fresh = || (Word { folded: String::new(), start, end, unspaced: false }, 0);
        let word = self.word.get_or_insert_with(fresh);
        word.0.end = end;
        word
    }

    fn push(&mut self, c: char, start: usize, end: usize) {
        let (word, length) = self.word(start, end);
        if *length < LONGEST_WORD {
            *length += 1;
            fold(c, &mut word.folded);
        }
    }

    /// Letters and digits of ASCII.
    fn push_plain(&mut self, letters: &str, start: usize) {
        let (word, length) = self.word(start, start + letters.len());
        let taken = letters.len().min(LONGEST_WORD - *length);
        let from = word.folded.len();
        word.folded.push_str(&letters[..taken]);
        word.folded[from..].make_ascii_lowercase();
        *length += taken;
    }

    fn extend(&mut self, end: usize) {
        if let Some((word, _)) = &mut self.word {
            word.end = end;
        } else if let Some(last) = self.run.last_mut() {
            last.2 = end;
        }
    }

    fn end_word(&mut self) {
        if let Some((word, _)) = self.word.take()
            && !word.folded.is_empty()
        {
            self.words.push(word);
        }
    }

    fn end_run(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let run = std::mem::take(&mut self.run);
        for at in 0..run.len() {
            let pair = &run[at..run.len().min(at + 2)];
            let mut folded = String::new();
            pair.iter().for_each(|(c, ..)| fold(*c, &mut folded));
            let (start, end) = (pair[0].1, pair[pair.len() - 1].2);
            self.words.push(Word { folded, start, end, unspaced: true });
        }
    }
}

/// Without case, width and accents.
fn fold(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    // Syllables of Hangul stay whole: they are what people type.
    if ('\u{ac00}'..='\u{d7a3}').contains(&c) {
        out.push(c);
        return;
    }
    for part in c.nfkd().flat_map(char::to_lowercase).nfkd() {
        match part {
            _ if is_combining_mark(part) => {}
            'ß' => out.push_str("ss"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' => out.push('d'),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            _ if part.is_alphanumeric() => out.push(part),
            _ => {}
        }
    }
}

/// A sign that stands on the character before it.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '＇')
}

/// Of a script that writes no spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e01}'..='\u{0e30}' | '\u{0e32}'..='\u{0e33}' | '\u{0e40}'..='\u{0e46}' // Thai
        | '\u{0e81}'..='\u{0eb0}' | '\u{0ebd}'..='\u{0ec6}' // Lao
        | '\u{1000}'..='\u{102a}' | '\u{1780}'..='\u{17b3}' // Burmese, Khmer
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
}

/// The digits of a text that is a telephone number to whoever reads it: seven or more, and nothing but digits and what
/// is written between them.
pub fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_phone = text.chars().all(|c| c.is_ascii_digit() || " +-().\u{a0}".contains(c));
    (is_phone && digits.len() >= A_NUMBER).then_some(digits)
}

/// The fewest digits that are a telephone number to whoever reads them.
const A_NUMBER: usize = 7;
/// The most digits of a number that are compared, from its end: what stands before them is country and trunk.
const COMPARED: usize = 10;
/// The fewest by which it is found.
const LEAST: usize = 4;

/// The digits of what may be the end of a telephone number as well as a word: some, but too few for a number.
pub fn phone_tail(text: &str) -> Option<String> {
    let is_tail =
        (LEAST..A_NUMBER).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_tail.then(|| text.to_owned())
}

/// The digits by which somebody looks for a number: all of it, or its end.
pub fn digits_sought(text: &str) -> Option<String> {
    phone(text).or_else(|| phone_tail(text))
}

/// What is compared of the number that somebody looks for. Zeros before a whole number are how it is dialled, those of an
/// end are part of it.
pub fn phone_end(digits: &str) -> &str {
    if digits.len() < A_NUMBER {
        return digits;
    }
    let digits = digits.trim_start_matches('0');
    &digits[digits.len().saturating_sub(COMPARED)..]
}

/// The ends by which a stored number is found.
pub fn phone_ends(digits: &str) -> impl Iterator<Item = &str> {
    let bare = digits.trim_start_matches('0');
    let longest = bare.len().min(COMPARED);
    (LEAST.min(longest)..=longest)
        .filter(|length| *length > 0)
        .map(|length| &bare[bare.len() - length..])
}

/// A stored number from its end, as long as is compared: every [`phone_ends`] of it turned around is a beginning of
/// this. None of nothing but zeros.
pub fn phone_reversed(digits: &str) -> Option<String> {
    let longest = phone_ends(digits).last()?;
    Some(longest.chars().rev().collect())
}

/// How a number that somebody looks for begins from its end, and whether more may follow: ends that are shorter than
/// those that numbers are found by are whole numbers.
pub fn phone_sought(digits: &str) -> (String, bool) {
    let end = phone_end(digits);
    (end.chars().rev().collect(), end.len() >= LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.folded).collect()
    }

    #[test]
    fn case_width_and_accents_are_folded_and_words_keep_their_places() {
        assert_eq!(folded("¿Dónde está mi PEDIDO?"), ["donde", "esta", "mi", "pedido"]);
        assert_eq!(folded("Don't ＡＢＣ１２ O’Brien's"), ["dont", "abc12", "obriens"]);
        assert_eq!(folded("e\u{301}te\u{301}"), ["ete"]);
        assert_eq!(folded("ORD-12345, ana@example.org"), ["ord", "12345", "ana", "example", "org"]);
        let text = "está roto";
        let at: Vec<&str> = words(text).iter().map(|w| &text[w.start..w.end]).collect();
        assert_eq!(at, ["está", "roto"]);
    }

    #[test]
    fn scripts_without_spaces_go_as_pairs() {
        assert_eq!(folded("我要退款。"), ["我要", "要退", "退款", "款"]);
        assert_eq!(folded("订单ABC123"), ["订单", "单", "abc123"]);
        assert_eq!(folded("배송 문의"), ["배송", "문의"]);
    }

    #[test]
    fn a_number_is_known_by_its_end_however_it_is_written() {
        let ends: Vec<&str> = phone_ends("5215512345678").collect();
        assert_eq!(ends[..3], ["5678", "45678", "345678"]);
        assert_eq!(ends[3..], ["2345678", "12345678", "512345678", "5512345678"]);
        let asked = ["+52 55 1234 5678", "(55) 1234-5678", "1234 5678", "0055 1234 5678"];
        for asked in asked.into_iter().chain(["5678", "45678", "345678"]) {
            let digits = digits_sought(asked).expect(asked);
            assert!(ends.contains(&phone_end(&digits)), "{asked}");
        }
        for stored in ["5215512345678", "12345", "0012345678", "1234567", "000", "5215512340078"] {
            for asked in [
                "5215512345678",
                "12345",
                "12345678",
                "345678",
                "45678",
                "5678",
                "678",
                "234567",
                "0078",
                "340078",
                "0",
            ] {
                let known = phone_ends(stored).any(|end| end == phone_end(asked));
                let (begun, more) = phone_sought(asked);
                let reversed = phone_reversed(stored).unwrap_or_default();
                let found = !begun.is_empty()
                    && (reversed == begun || (more && reversed.starts_with(&begun)));
                assert_eq!(found, known, "{asked} of {stored}");
            }
        }
        assert!(phone_ends("5215512340078").any(|end| end == phone_end("0078")));
        assert_eq!(digits_sought("678"), None);
        assert_eq!(phone("order 1234567"), None);
    }
}
