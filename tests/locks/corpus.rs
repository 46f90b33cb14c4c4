//! Lines as customers write them and speech services hear them, with a card number and without.

use frontdesk::store::sim::Random;

fn pick<'a, T: ?Sized>(random: &mut Random, of: &[&'a T]) -> &'a T {
    of[random.below(of.len() as u64) as usize]
}

fn digits(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + random.below(10) as u8)).collect()
}

/// A number that passes Luhn's check.
fn card(random: &mut Random) -> String {
    let (lead, length) = [
        ("4", 16),
        ("4", 16),
        ("51", 16),
        ("54", 16),
        ("2221", 16),
        ("34", 15),
        ("37", 15),
        ("6011", 16),
        ("65", 16),
        ("3530", 16),
        ("36", 14),
        ("62", 16),
        ("62", 19),
        ("5018", 16),
        ("6759", 16),
        ("4", 13),
    ][random.below(16) as usize];
    let mut number = lead.to_owned();
    number += &digits(random, length - 1 - lead.len());
    let doubled = |(place, digit): (usize, u8)| match (place % 2, u32::from(digit - b'0')) {
        (1, digit) => digit,
        (_, digit @ 5..) => digit * 2 - 9,
        (_, digit) => digit * 2,
    };
    let sum: u32 = number.bytes().rev().enumerate().map(doubled).sum();
    number + &((10 - sum % 10) % 10).to_string()
}

const ENGLISH: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const INDONESIAN: [&str; 10] =
    ["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan"];
const SPANISH: [&str; 10] =
    ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"];

fn in_words(number: &str, names: &[&str; 10], separator: &str) -> String {
    let words: Vec<&str> = number.bytes().map(|digit| names[usize::from(digit - b'0')]).collect();
    words.chunks(4).map(|group| group.join(" ")).collect::<Vec<_>>().join(separator)
}

fn grouped(number: &str, sizes: &[usize], separator: &str) -> String {
    let (mut rest, mut groups) = (number, Vec::new());
    for size in sizes.iter().cycle() {
        let (group, behind) = rest.split_at((*size).min(rest.len()));
        groups.push(group);
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    groups.join(separator)
}

/// A line, and the digits of the card in it.
pub fn with_card(random: &mut Random) -> (String, String) {
    let number = card(random);
    let separator = pick(random, &[" ", "-", ".", "\u{a0}", " - ", "  "]);
    let written = match random.below(12) {
        0..3 => number.clone(),
        3..6 => grouped(&number, &[4], separator),
        6 => grouped(&number, &[4, 6, 5], " "),
        7 => grouped(&number, &[1], " "),
        8 => grouped(&number, &[2], " "),
        9 => grouped(&number, &[4], ", "),
        10 => in_words(&number, [&ENGLISH, &INDONESIAN, &SPANISH][random.below(3) as usize], " "),
        _ => in_words(&number, [&ENGLISH, &INDONESIAN, &SPANISH][random.below(3) as usize], ", "),
    };
    let before = pick(
        random,
        &[
            "",
            "my card number is ",
            "Kartu saya ",
            "nomor kartu: ",
            "mi tarjeta es la ",
            "It's ",
            "card#",
            "(",
            "Please block ",
            "ticket 1001, card ",
            "{\"card\": \"",
            "yes, ",
            "PAN=",
            "on 3 May I paid with ",
        ],
    );
    let after = pick(
        random,
        &[
            "",
            ".",
            ", valid thru 12/27",
            " hilang tadi pagi",
            " ya",
            ")",
            " thanks",
            "\"}",
            "; order #5432",
            " exp 01/29 please",
        ],
    );
    (format!("{before}{written}{after}"), number)
}

/// A line with numbers that are no card's.
pub fn without_card(random: &mut Random) -> String {
    let mut d = |count: usize| digits(random, count);
    let numbers = [
        format!("order #{}", d(4)),
        format!("Order ID {}-{}-{}", d(3), d(7), d(7)),
        format!("+62 8{} {} {}", d(2), d(4), d(4)),
        format!("08{}", d(10)),
        format!("+49 15{} {}", d(2), d(7)),
        format!("(021) {}-{}", d(4), d(4)),
        format!("paid {}.{}.{} rupiah", d(1), d(3), d(3)),
        format!("${},{}.{}", d(2), d(3), d(2)),
        format!("2025-1{}-0{} 1{}:3{}", d(0).len() + 1, 1 + d(1).len(), d(1), d(1)),
        format!("meter 17{}", d(9)),
        format!("resi JNE{}", d(11)),
        format!("17{}", d(11)),
        format!("NIK 1{}", d(15)),
        format!("rekening {}", d(10)),
        format!("IBAN DE{} 1{} {} {} {} {}", d(2), d(3), d(4), d(4), d(4), d(2)),
        format!("ref a{}b{}-c{}", d(3), d(4), d(12)),
        format!("lat -6.{} long 106.{}", d(6), d(6)),
        format!("one two three, {} people", d(2)),
        format!("between {} and {}", d(3), d(4)),
        format!("build 1.{}.{}", d(2), d(3)),
        format!("https://example.org/t/{}?x={}", d(6), d(5)),
        format!("satu dua tiga {}", d(1)),
        format!("OTP {}", d(6)),
        format!("pin pengiriman {}", d(5)),
    ];
    let first = numbers[random.below(numbers.len() as u64) as usize].clone();
    let second = numbers[random.below(numbers.len() as u64) as usize].clone();
    let between = pick(random, &[", ", " and ", ". ", " - then ", "\n", " yang "]);
    format!("{first}{between}{second}")
}
