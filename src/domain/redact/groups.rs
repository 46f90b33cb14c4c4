//! Splits text into groups of digits, written or spoken, and says what stands between them.

use super::spoken::{Spoken, spoken};
use crate::domain::words::words;

/// Digits that stand together.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    pub digits: Vec<u8>,
    pub start: usize,
    pub end: usize,
    /// What stands between the group before and this one.
    pub before: Gap,
    /// Whether a letter or a plus sign touches it, so that it is the end of an id or of a phone number's prefix.
    pub attached: bool,
    /// Said in words.
    pub spoken: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Something that ends a number.
    Wide,
    /// One blank, hyphen or the like.
    Blank,
    /// A full stop or comma without a blank, as between thousands.
    Point,
    /// A comma or full stop and a blank, a line's end, a word like "uh".
    Pause,
}

/// A number's separators in a row.
const MAX_SEPARATORS: usize = 3;
/// Words like "uh" in a row.
const MAX_FILLERS: usize = 2;

/// All groups of digits, from left to right; none if the text has too few for anything.
pub fn groups(text: &str) -> Vec<Group> {
    let mut found = Reader { text, groups: Vec::new(), fillers: 0, times: None, tens: false };
    let mut folded = String::new();
    for word in words(text) {
        if word.text.chars().any(|c| digit(c).is_some()) {
            found.written(word.start, word.text);
            continue;
        }
        word.fold_into(&mut folded);
        match spoken(&folded) {
            Some(said) => found.said(said, word.start, word.end()),
            None => found.other(),
        }
    }
    found.groups
}

struct Reader<'a> {
    text: &'a str,
    groups: Vec<Group>,
    /// Fillers since the last group; more than are allowed once another word came.
    fillers: usize,
    /// "double", and where it stands.
    times: Option<(usize, usize)>,
    /// The last group is "forty", which waits for its second digit.
    tens: bool,
}

impl Reader<'_> {
    fn other(&mut self) {
        self.fillers = MAX_FILLERS + 1;
        (self.times, self.tens) = (None, false);
    }

    fn said(&mut self, said: Spoken, start: usize, end: usize) {
        match said {
            Spoken::Filler => self.fillers += 1,
            Spoken::Times(times) => self.times = Some((times, start)),
            Spoken::Tens(tens) => {
                self.push(vec![tens, 0], start, end, (false, true));
                self.tens = true;
            }
            Spoken::Digits(&[unit @ 1..=9]) if self.tens && self.gap(start) != Gap::Wide => {
                if let Some(last) = self.groups.last_mut() {
                    (last.digits[1], last.end) = (unit, end);
                }
                self.tens = false;
            }
            Spoken::Digits(digits) => {
                let (times, start) = self.times.unwrap_or((1, start));
                self.push(digits.repeat(times), start, end, (false, true));
            }
        }
    }

    /// A word with digits in it. What is more mixed than letters and then digits is an id.
    fn written(&mut self, start: usize, word: &str) {
        let letters = word.chars().take_while(|c| digit(*c).is_none()).map(char::len_utf8).sum();
        let digits: Option<Vec<u8>> = word[letters..].chars().map(digit).collect();
        let Some(digits) = digits else { return self.other() };
        let plus = self.text[..start].ends_with('+');
        if letters > 0 {
            self.other();
        }
        let (times, from) = match self.times {
            Some((times, from)) if digits.len() == 1 => (times, from),
            _ => (1, start + letters),
        };
        let attached = letters > 0 || plus;
        self.push(digits.repeat(times), from, start + word.len(), (attached, false));
    }

    fn push(&mut self, digits: Vec<u8>, start: usize, end: usize, how: (bool, bool)) {
        let (attached, spoken) = how;
        let before = self.gap(start);
        self.groups.push(Group { digits, start, end, before, attached, spoken });
        (self.fillers, self.times, self.tens) = (0, None, false);
    }

    fn gap(&self, start: usize) -> Gap {
        let Some(last) = self.groups.last() else { return Gap::Wide };
        if self.fillers > MAX_FILLERS {
            return Gap::Wide;
        }
        let between = &self.text[last.end..start];
        let separators = between.chars().filter(|c| !c.is_alphabetic());
        if !separators.clone().all(separates)
            || separators.count() > MAX_SEPARATORS * (self.fillers + 1)
        {
            return Gap::Wide;
        }
        if self.fillers > 0 || between.contains(['\n', '\r']) {
            return Gap::Pause;
        }
        match between {
            "." | "," => Gap::Point,
            _ if between.contains([',', ';', '.']) => Gap::Pause,
            _ => Gap::Blank,
        }
    }
}

/// What may stand between the groups of one number.
fn separates(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '\u{2010}'
                ..='\u{2015}'
                    | '\u{2212}'
                    | '.'
                    | ','
                    | ';'
                    | '/'
                    | '_'
                    | '*'
                    | '|'
                    | '·'
                    | '\u{200b}'
        )
}

/// The value of a decimal digit of the scripts that people write numbers in.
fn digit(c: char) -> Option<u8> {
    /// The zeros of Arabic, Persian, Devanagari, Bengali, Thai and full-width digits.
    const ZEROS: [u32; 6] = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50, 0xff10];
    if c.is_ascii() {
        return c.to_digit(10).map(|d| d as u8);
    }
    let zero = ZEROS.into_iter().find(|zero| (*zero..zero + 10).contains(&u32::from(c)))?;
    Some((u32::from(c) - zero) as u8)
}
