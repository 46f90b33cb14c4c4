//! Digits as people say them.

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// One digit, or the two of "eleven".
    Digits(&'static [u8]),
    /// "forty": a digit of units may follow, which then is its second.
    Tens(u8),
    /// "double": the next digit, so many times.
    Times(usize),
    /// What people say between digits.
    Filler,
}

use Spoken::{Digits, Filler, Tens, Times};

/// What a folded word says; nothing if it is no part of a number.
pub fn spoken(word: &str) -> Option<Spoken> {
    Some(match word {
        "zero" | "oh" | "nol" | "kosong" | "cero" => Digits(&[0]),
        "one" | "satu" | "uno" | "una" => Digits(&[1]),
        "two" | "dua" | "dos" => Digits(&[2]),
        "three" | "tiga" | "tres" => Digits(&[3]),
        "four" | "empat" | "cuatro" => Digits(&[4]),
        "five" | "lima" | "cinco" => Digits(&[5]),
        "six" | "enam" | "seis" => Digits(&[6]),
        "seven" | "tujuh" | "siete" => Digits(&[7]),
        "eight" | "delapan" | "ocho" => Digits(&[8]),
        "nine" | "sembilan" | "nueve" => Digits(&[9]),
        "ten" => Digits(&[1, 0]),
        "eleven" => Digits(&[1, 1]),
        "twelve" => Digits(&[1, 2]),
        "thirteen" => Digits(&[1, 3]),
        "fourteen" => Digits(&[1, 4]),
        "fifteen" => Digits(&[1, 5]),
        "sixteen" => Digits(&[1, 6]),
        "seventeen" => Digits(&[1, 7]),
        "eighteen" => Digits(&[1, 8]),
        "nineteen" => Digits(&[1, 9]),
        "twenty" => Tens(2),
        "thirty" => Tens(3),
        "forty" | "fourty" => Tens(4),
        "fifty" => Tens(5),
        "sixty" => Tens(6),
        "seventy" => Tens(7),
        "eighty" => Tens(8),
        "ninety" => Tens(9),
        "double" | "dobel" | "doble" => Times(2),
        "triple" | "tripel" => Times(3),
        "uh" | "um" | "uhm" | "eh" | "er" | "em" | "then" | "and" | "dash" | "hyphen" | "space"
        | "strip" | "spasi" | "lalu" | "terus" | "guion" | "espacio" | "luego" | "y" => Filler,
        _ => return None,
    })
}
