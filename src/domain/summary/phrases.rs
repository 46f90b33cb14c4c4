//! How callers open a sentence: what says nothing of their matter, and what announces a question.

use crate::domain::words::words;

/// Openings that say nothing. Here and below: folded words, the longer first where one begins another.
const GREETINGS: &str = "\
    good morning, good afternoon, good evening, good day, hi there, hey there, hello there, hi, \
    hello, hey, hallo, halo, hai, hola, ola, bonjour, salam, namaste, selamat pagi, \
    selamat siang, selamat sore, selamat malam, assalamualaikum, buenos dias, buenas tardes, \
    buenas noches, buenas, bom dia, boa tarde, boa noite, 你好, 您好, 喂, 嗨, 早上好, こんにちは, もしもし, สวัสดี, \
    um, uh, uhm, erm, er, hmm";

/// Says nothing when a pause or the end follows; without one it belongs to the sentence ("no money on my
/// account", "thank you for the card").
const FILLERS: &str = "\
    yes please, no thank you, no thanks, thank you very much, thank you so much, thank you, \
    thanks a lot, thanks, that s all, that is all, that s it, that s right, of course, i see, \
    yes, yeah, yep, yup, no, nope, ok, okay, alright, all right, sure, right, great, perfect, \
    please, well, so, oh, bye bye, goodbye, bye, have a nice day, can you hear me, are you there, \
    is anyone there, is anybody there, how are you doing, how are you today, how are you, \
    are you a robot, sir, ma am, madam, terima kasih, makasih, iya, ya, tidak, baik, oke, \
    permisi, muchas gracias, gracias, si, vale, adios, por favor, merci, oui, obrigado, obrigada, \
    谢谢, 是的, 好的, 对, 嗯, 再见";

/// What a caller says before the thing they want to know.
const INDIRECT: &str = "\
    can you please tell me, could you please tell me, can you tell me, could you tell me, \
    would you tell me, please tell me, tell me, may i know, may i ask, can i ask, \
    i would like to know, i d like to know, i want to know, i wanted to know, i need to know, \
    i would like to ask, i d like to ask, i want to ask, i wanted to ask, do you know, \
    i was wondering, i am wondering, i m wondering, i have a question, i m calling, i am calling";

const WHAT_IS: &str = "what is, what s, whats, what are, what re, what was, what were";

const HOW_DO_I: &str = "\
    how do i, how do we, how can i, how can we, how could i, how should i, how to";

/// After "what is", these make it a question for a thing: "the rate", and not "happening".
const DETERMINERS: &str = "the, a, an, my, your, our, their, this, that, these, those";

const CLAUSE: &str = "if, whether, how, what, when, where, which, who, why";

/// The most words of one opening.
const LONGEST: usize = 8;

/// The most openings before a matter.
const MAX_OPENINGS: usize = 32;

/// Signs that belong to the word behind them.
const BEFORE_WORDS: [char; 5] = ['¿', '¡', '$', '€', '"'];

/// What a question is after.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    About(&'a str),
    HowTo(&'a str),
    /// An indirect question: "if I can …", "how much …".
    Clause(&'a str),
}

/// What `text` asks for, where it opens with a question that can be told as "asking about …".
pub fn asked(text: &str) -> Option<Asked<'_>> {
    let (direct, indirect) = match after(text, INDIRECT) {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    if let Some(what) = after(direct, WHAT_IS)
        && after(what, DETERMINERS).is_some()
    {
        return Some(Asked::About(what));
    }
    if let Some(what) = after(direct, HOW_DO_I) {
        return Some(Asked::HowTo(what));
    }
    if !indirect {
        return None;
    }
    if let Some(what) = after(direct, "about") {
        return Some(Asked::About(what));
    }
    if after(direct, DETERMINERS).is_some() {
        return Some(Asked::About(direct));
    }
    after(direct, CLAUSE).map(|_| Asked::Clause(direct))
}

/// The text without greetings and fillers before its matter; empty when there is nothing else, or so many
/// of them that it is noise (speech recognition repeats "Thank you." over silence).
pub fn without_opening(text: &str) -> &str {
    let mut rest = text;
    for _ in 0..MAX_OPENINGS {
        let greeting = opening_end(rest, GREETINGS);
        match greeting.or_else(|| opening_end(rest, FILLERS).filter(|(_, pause)| *pause)) {
            Some((end, _)) => rest = &rest[end..],
            None if rest.len() == text.len() => return text,
            None => {
                let blank = |c: char| !c.is_alphanumeric() && !BEFORE_WORDS.contains(&c);
                return rest.trim_start_matches(blank);
            }
        }
    }
    ""
}

/// What follows the opening, if `text` begins with one and goes on in the same breath.
fn after<'a>(text: &'a str, openings: &str) -> Option<&'a str> {
    let (end, pause) = opening_end(text, openings)?;
    let rest = text[end..].trim_start();
    (!pause && !rest.is_empty()).then_some(rest)
}

/// Where the first of the openings that `text` begins with ends, in bytes, and whether a pause or the end
/// follows it.
fn opening_end(text: &str, openings: &str) -> Option<(usize, bool)> {
    let begins: Vec<_> = words(text).take(LONGEST + 1).map(|word| (word.folded(), word)).collect();
    openings.split(',').find_map(|opening| {
        let mut end = 0;
        for (i, wanted) in words(opening).enumerate() {
            let (folded, word) = begins.get(i)?;
            if folded != wanted.text || (i > 0 && word.after_pause) {
                return None;
            }
            end = i + 1;
        }
        let (_, last) = begins.get(end.checked_sub(1)?)?;
        Some((last.end(), begins.get(end).is_none_or(|(_, next)| next.after_pause)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_opening_is_longer_than_what_is_looked_at() {
        for openings in [GREETINGS, FILLERS, INDIRECT, WHAT_IS, HOW_DO_I, DETERMINERS, CLAUSE] {
            for opening in openings.split(',') {
                assert!((1..=LONGEST).contains(&words(opening).count()), "{opening}");
                assert!(words(opening).all(|word| word.folded() == word.text), "{opening}");
            }
        }
    }

    #[test]
    fn an_opening_before_another_does_not_hide_it() {
        for openings in [GREETINGS, FILLERS, INDIRECT, WHAT_IS, HOW_DO_I, CLAUSE] {
            for opening in openings.split(',').map(str::trim) {
                let end = opening_end(opening, openings).map(|(end, _)| end);
                assert_eq!(end, Some(opening.len()), "{opening}");
            }
        }
    }
}
