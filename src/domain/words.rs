//! Splits text into words and folds them, for matching what people say.
//!
//! A word is a run of letters and digits; in scripts that write no spaces every character is a word of its
//! own, so that a keyword of several characters is found as a phrase. One pass over the text, no copies.

/// A longer word, in bytes, is nobody's keyword.
pub const MAX_WORD: usize = 128;

/// The start of a text, at most so many bytes, cut between characters.
pub fn head(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    pub text: &'a str,
    /// Where it begins, in bytes.
    pub start: usize,
    /// More than blanks, hyphens and apostrophes stands before it: a comma, a full stop, a sign.
    pub after_pause: bool,
}

impl Word<'_> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Writes the word into `folded` in lower case and without accents; nothing if it is overlong.
    pub fn fold_into(&self, folded: &mut String) {
        folded.clear();
        if self.text.len() > MAX_WORD {
            return;
        }
        if self.text.is_ascii() {
            folded.push_str(self.text);
            folded.make_ascii_lowercase();
        } else {
            let lower = self.text.chars().flat_map(char::to_lowercase);
            folded.extend(lower.filter(|c| !is_mark(*c)).map(without_accent));
        }
    }

    pub fn folded(&self) -> String {
        let mut folded = String::new();
        self.fold_into(&mut folded);
        folded
    }
}

pub fn words(text: &str) -> Words<'_> {
    Words { text, at: 0 }
}

pub struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl Words<'_> {
    /// The character at a place, and where the next one begins.
    fn char_at(&self, at: usize) -> Option<(char, usize)> {
        // Most of what people write is ASCII, and needs no decoding.
        match *self.text.as_bytes().get(at)? {
            byte if byte.is_ascii() => Some((char::from(byte), at + 1)),
            _ => self.text[at..].chars().next().map(|c| (c, at + c.len_utf8())),
        }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let mut after_pause = false;
        let (start, first) = loop {
            let start = self.at;
            let (c, next) = self.char_at(start)?;
            self.at = next;
            if c.is_alphanumeric() || stands_alone(c) {
                break (start, c);
            }
            after_pause |= !joins_words(c);
        };
        if !stands_alone(first) {
            while let Some((c, next)) = self.char_at(self.at)
                && continues_word(c)
            {
                self.at = next;
            }
        }
        Some(Word { text: &self.text[start..self.at], start, after_pause })
    }
}

/// Han, kana, Thai, Lao, Myanmar, Khmer: no spaces between words.
pub fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' | '\u{0E00}'..='\u{0EFF}'
        | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}

fn continues_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    !stands_alone(c) && (c.is_alphanumeric() || is_mark(c))
}

/// Marks that stand on or between the letters of one word: accents, Indic viramas, joiners.
pub fn is_mark(c: char) -> bool {
    let virama = matches!(c, '\u{0900}'..='\u{0D7F}') && u32::from(c) & 0x7F == 0x4D;
    virama || matches!(c, '\u{0300}'..='\u{036F}' | '\u{200C}' | '\u{200D}')
}

fn joins_words(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}' | '\u{2011}' | '\'' | '’' | '_')
}

/// The plain letter of a lower-case Latin letter.
fn without_accent(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĺ' | 'ļ' | 'ľ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        words(text).map(|word| word.folded()).collect()
    }

    #[test]
    fn words_are_folded() {
        assert_eq!(
            split("What's the Interés-RATE (3.88%)?"),
            ["what", "s", "the", "interes", "rate", "3", "88"]
        );
        assert_eq!(split("Interés İyi"), ["interes", "iyi"]);
    }

    #[test]
    fn scripts_without_spaces_split_into_characters() {
        assert_eq!(split("我想问Visa利率。"), ["我", "想", "问", "visa", "利", "率"]);
    }

    #[test]
    fn signs_make_a_pause_and_blanks_do_not() {
        let pauses: Vec<_> = words("not \n working, main-account").map(|w| w.after_pause).collect();
        assert_eq!(pauses, [false, false, true, false]);
    }

    #[test]
    fn a_word_says_where_it_stands() {
        let text = "ß, é🙂x";
        let found: Vec<_> = words(text).map(|w| &text[w.start..w.end()]).collect();
        assert_eq!(found, ["ß", "é", "x"]);
    }

    #[test]
    fn an_indic_word_stays_whole() {
        assert_eq!(words("ब्याज दर").count(), 2);
    }
}
