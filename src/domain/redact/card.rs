//! Card numbers among groups of digits.

use std::ops::{Range, RangeInclusive};

use super::Mask;
use super::groups::{Gap, Group};

const MIN: usize = 13;
const MAX: usize = 19;
/// Of several lengths that would do, the likeliest first: a security code may follow the number.
const LENGTHS: [usize; 7] = [16, 15, 19, 18, 14, 13, 17];
/// Where numbers are often longer.
const UNIONPAY: [u8; 2] = [6, 2];
const LONGEST_FIRST: [usize; 7] = [19, 18, 17, 16, 15, 14, 13];
/// Digits of a group when somebody dictates, and on a card.
const DICTATED: usize = 4;
const PRINTED: usize = 6;

/// First digits and lengths of the cards in use (ISO/IEC 7812; the issuers' own lists): a number's leading
/// six digits lie in the range.
const ISSUERS: &[(RangeInclusive<u32>, &[usize])] = &[
    (100_000..=199_999, &[15]),                         // UATP
    (220_000..=220_499, &[16, 17, 18, 19]),             // Mir
    (222_100..=272_099, &[16]),                         // Mastercard
    (300_000..=305_999, &[14, 16, 19]),                 // Diners Club
    (309_500..=309_599, &[14, 16, 19]),                 // Diners Club
    (340_000..=349_999, &[15]),                         // American Express
    (352_800..=358_999, &[16, 17, 18, 19]),             // JCB
    (360_000..=369_999, &[14, 16, 19]),                 // Diners Club
    (370_000..=379_999, &[15]),                         // American Express
    (380_000..=399_999, &[14, 16, 19]),                 // Diners Club
    (400_000..=499_999, &[13, 16, 18, 19]),             // Visa
    (500_000..=509_999, &[13, 14, 15, 16, 17, 18, 19]), // Maestro, Elo, Verve, RuPay
    (510_000..=559_999, &[16]),                         // Mastercard
    (560_000..=599_999, &[13, 14, 15, 16, 17, 18, 19]), // Maestro
    (600_000..=699_999, &[16, 17, 18, 19]),             // Discover, UnionPay, Maestro, RuPay
    (630_000..=639_999, &[13, 14, 15]),                 // Maestro
    (670_000..=679_999, &[13, 14, 15]),                 // Maestro
    (810_000..=819_999, &[16, 17, 18, 19]),             // UnionPay
    (820_000..=829_999, &[16]),                         // RuPay
    (979_200..=979_299, &[16]),                         // Troy
];

pub fn find(text: &str, groups: &[Group]) -> Vec<Mask> {
    let mut found = Vec::new();
    let mut from = 0;
    while from < groups.len() {
        match card(text, groups, from) {
            Some(to) => {
                let digits: Vec<u8> =
                    groups[from..to].iter().flat_map(|g| g.digits.iter().copied()).collect();
                let at = groups[from].start..groups[to - 1].end;
                found.push(Mask { at, by: masked(&digits) });
                from = to;
            }
            None => from += 1,
        }
    }
    found
}

/// Where the card number ends that begins with this group.
fn card(text: &str, groups: &[Group], from: usize) -> Option<usize> {
    let first = &groups[from];
    // "ID4111…" is an id, "card4111…" of a whole number's length may be a card.
    if first.attached && (first.digits.len() < MIN || text[..first.start].ends_with('+')) {
        return None;
    }
    if follows_account_prefix(text, first) {
        return None;
    }
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut digits: Vec<u8> = Vec::with_capacity(MAX);
    for (to, group) in groups.iter().enumerate().skip(from) {
        if to > from && (group.before == Gap::Wide || group.attached) {
            break;
        }
        digits.extend(&group.digits);
        if digits.len() > MAX {
            break;
        }
        if digits.len() >= MIN && is_card(&digits) && grouped_as_one(&groups[from..=to]) {
            ends.push((digits.len(), to + 1));
        }
    }
    let order = if digits.starts_with(&UNIONPAY) { LONGEST_FIRST } else { LENGTHS };
    let likeliest = |(length, _): &(usize, usize)| order.iter().position(|l| l == length);
    ends.into_iter().min_by_key(likeliest).map(|(_, end)| end)
}

/// `DE89 3704 …` is an account, which has digits enough for a card.
fn follows_account_prefix(text: &str, group: &Group) -> bool {
    let word = text[..group.start].trim_end().rsplit(char::is_whitespace).next().unwrap_or("");
    matches!(word.as_bytes(), [a, b, c, d]
        if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_digit() && d.is_ascii_digit())
}

/// Whether these groups are one number and not several, or an amount with its thousands.
fn grouped_as_one(groups: &[Group]) -> bool {
    let Some((first, rest)) = groups.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return true;
    };
    let thousands = rest.iter().all(|g| g.before == Gap::Point && g.digits.len() == 3);
    let longest = groups.iter().map(|g| g.digits.len()).max().unwrap_or_default();
    if thousands || groups.len() > 2 && longest > PRINTED {
        return false;
    }
    // What somebody dictates comes in even pieces, or in words.
    let (last, between) = rest.split_last().unwrap_or((first, &[]));
    let even = between.iter().all(|g| g.digits.len() == first.digits.len())
        && last.digits.len() <= first.digits.len();
    let dictated = longest <= DICTATED && (even || groups.iter().any(|g| g.spoken));
    dictated || rest.iter().all(|g| g.before != Gap::Pause)
}

fn is_card(digits: &[u8]) -> bool {
    let lead = digits[..6].iter().fold(0, |sum, digit| sum * 10 + u32::from(*digit));
    let issued = ISSUERS
        .iter()
        .any(|(range, lengths)| range.contains(&lead) && lengths.contains(&digits.len()));
    // "0000 0000 …" and the like pass Luhn and are nobody's.
    issued && luhn(digits) && digits.iter().any(|digit| *digit != digits[0])
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit @ 5..) => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// First six, stars, last four.
fn masked(digits: &[u8]) -> String {
    let text = |range: Range<usize>| digits[range].iter().map(|d| char::from(b'0' + d));
    let hidden = digits.len() - 10;
    text(0..6)
        .chain("*".repeat(hidden).chars())
        .chain(text(digits.len() - 4..digits.len()))
        .collect()
}
