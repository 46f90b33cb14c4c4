//! Card security codes: three or four digits beside words that name them.

use std::ops::Range;

use super::groups::{Gap, Group};
use crate::domain::words::{Word, words};

/// The names, folded, word by word. A last word may end a longer one, as in `cardCvv`.
const NAMES: &[&[&str]] = &[
    &["cvv"],
    &["cvv2"],
    &["cvc"],
    &["cvc2"],
    &["cvn"],
    &["csc"],
    &["ccv"],
    &["security", "code"],
    &["securitycode"],
    &["card", "verification"],
    &["kode", "keamanan"],
    &["kode", "verifikasi", "kartu"],
    &["codigo", "de", "seguridad"],
    &["digits", "on", "the", "back"],
    &["numbers", "on", "the", "back"],
    &["angka", "di", "belakang"],
    &["digit", "di", "belakang"],
    &["digitos", "del", "reverso"],
    &["digitos", "de", "atras"],
];

/// Words that may stand between a name and its code.
const BETWEEN: &[&str] = &[
    "is", "s", "it", "its", "are", "was", "my", "the", "a", "number", "num", "no", "code", "value",
    "digits", "of", "on", "for", "that", "card", "this", "here", "would", "be", "as", "and",
    "adalah", "nya", "saya", "ini", "itu", "nomor", "kartu", "kartunya", "kode", "angka", "yaitu",
    "es", "el", "la", "mi", "son", "de", "codigo", "numero", "tarjeta", "uh", "um", "eh",
];
const MAX_BETWEEN: usize = 7;

pub fn find(text: &str, groups: &[Group]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // The names have letters: a text of digits alone has none.
    let words: Vec<(Word<'_>, String)> = match text.bytes().any(|b| b.is_ascii_alphabetic()) {
        true => words(text).map(without_code).map(|word| (word, word.folded())).collect(),
        false => return found,
    };
    for at in 0..words.len() {
        let Some(name) = NAMES.iter().find(|name| stands_at(&words[at..], name)) else { continue };
        let (first, last) = (&words[at].0, &words[at + name.len() - 1].0);
        let after = &words[at + name.len()..];
        let code =
            behind(groups, last.end(), after).or_else(|| ahead(groups, first.start, &words[..at]));
        found.extend(code);
    }
    found
}

/// "cvv123" is a name and its code.
fn without_code(word: Word<'_>) -> Word<'_> {
    let letters = word.text.trim_end_matches(|c: char| c.is_ascii_digit());
    match word.text.len() - letters.len() {
        3.. if !letters.is_empty() => Word { text: letters, ..word },
        _ => word,
    }
}

fn stands_at(words: &[(Word<'_>, String)], name: &[&str]) -> bool {
    let Some((first, rest)) = name.split_first() else { return false };
    let Some(((_, begins), others)) = words.split_first() else { return false };
    let single = rest.is_empty() && first.len() <= 4;
    (begins == first || single && begins.ends_with(first))
        && others.len() >= rest.len()
        && rest.iter().zip(others).all(|(name, (_, word))| word == name)
}

/// Whether these words, from the name on, are such as stand between a name and its code.
fn may_stand_between<'a>(words: impl Iterator<Item = &'a (Word<'a>, String)>) -> bool {
    let mut count = 0;
    for (_, word) in words {
        count += 1;
        if count > MAX_BETWEEN || !BETWEEN.contains(&word.as_str()) {
            return false;
        }
    }
    true
}

/// The code behind its name, which ends at `from`.
fn behind(groups: &[Group], from: usize, after: &[(Word<'_>, String)]) -> Option<Range<usize>> {
    let at = groups.partition_point(|group| group.start < from);
    let first = groups.get(at)?;
    if !may_stand_between(after.iter().take_while(|(word, _)| word.end() <= first.start)) {
        return None;
    }
    let to = length(&groups[at..])?;
    Some(first.start..groups[at + to - 1].end)
}

/// The code before its name, which begins at `to`: "123 is my cvv".
fn ahead(groups: &[Group], to: usize, before: &[(Word<'_>, String)]) -> Option<Range<usize>> {
    let end = groups.partition_point(|group| group.end <= to);
    let last = groups[..end].last()?;
    if !may_stand_between(before.iter().rev().take_while(|(word, _)| word.start >= last.end)) {
        return None;
    }
    let digits: Vec<_> =
        groups[..end].iter().rev().take_while(|g| g.digits.len() == 1).take(4).collect();
    let from = match (last.digits.len(), digits.len()) {
        (3 | 4, _) if last.before == Gap::Wide => end - 1,
        (1, count @ (3 | 4)) if joined(&groups[end - count..end]) => end - count,
        _ => return None,
    };
    Some(groups[from].start..last.end)
}

/// How many groups are the code that these begin with.
fn length(groups: &[Group]) -> Option<usize> {
    match groups.first()?.digits.len() {
        3 | 4 => Some(1),
        1 => {
            let single = groups.iter().take(4).take_while(|group| group.digits.len() == 1).count();
            let joined = (1..single).take_while(|at| groups[*at].before != Gap::Wide).count() + 1;
            (joined >= 3).then_some(joined)
        }
        // "double two three"
        2 if groups.get(1).is_some_and(|g| g.digits.len() <= 2 && g.before != Gap::Wide) => Some(2),
        _ => None,
    }
}

fn joined(groups: &[Group]) -> bool {
    groups[1..].iter().all(|group| group.before != Gap::Wide)
}
