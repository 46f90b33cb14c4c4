//! The order that a customer writes about, found in their own words (S1.21).

use super::ticket::MAX_ORDER_ID;

/// What an order is called: English, Spanish, Indonesian.
const ORDER: [&str; 4] = ["order", "pedido", "orden", "pesanan"];
/// What may stand between the word and the id.
const BETWEEN: [&str; 16] = [
    "id",
    "no",
    "nr",
    "num",
    "number",
    "ref",
    "reference",
    "is",
    "número",
    "numero",
    "nro",
    "n",
    "n.º",
    "nomor",
    "code",
    "es",
];
/// More words than this between them, and the id is of something else.
const MAX_BETWEEN: usize = 3;
/// Without a sign or word that announces it, a shorter number counts things: `order 2 pizzas`.
const MIN_BARE: usize = 4;

/// The first order id in a text: `order #2021`, `Order ID: A-77`, `order number is 5432`. It holds a digit.
pub fn order_id(text: &str) -> Option<String> {
    let words: Vec<Word<'_>> = split(text).collect();
    words.iter().enumerate().find_map(|(at, word)| {
        let named = ORDER.iter().any(|order| word.text.eq_ignore_ascii_case(order));
        if named { id_behind(&words[at + 1..]) } else { None }
    })
}

fn id_behind(words: &[Word<'_>]) -> Option<String> {
    let mut announced = false;
    for (passed, word) in words.iter().enumerate() {
        announced |= word.marked;
        // `Order no. 12`: a full stop ends no sentence behind an abbreviation.
        if !word.marked && (word.after_pause || passed == 0 && word.after_stop) {
            return None;
        }
        if word.text.chars().any(|c| c.is_ascii_digit()) {
            let long_enough = announced || word.text.len() >= MIN_BARE;
            let id =
                (long_enough && word.text.chars().count() <= MAX_ORDER_ID).then_some(word.text);
            return id.map(str::to_owned);
        }
        let folded = word.text.to_lowercase();
        if passed == MAX_BETWEEN || !BETWEEN.contains(&folded.as_str()) {
            return None;
        }
        announced = true;
    }
    None
}

struct Word<'t> {
    text: &'t str,
    /// A sign that announces an id stands before it: `#`, `:`, `=`, `№`.
    marked: bool,
    after_pause: bool,
    after_stop: bool,
}

/// Runs of letters, digits and the signs that ids are made of.
fn split(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(char::is_alphanumeric)?;
        let between = &rest[..start];
        let tail = &rest[start..];
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
        let end = tail.find(|c| !inside(c)).unwrap_or(tail.len());
        let word = tail[..end].trim_end_matches(['-', '_', '/', '.']);
        rest = &tail[word.len()..];
        Some(Word {
            text: word,
            marked: between.contains(['#', ':', '=', '№', 'º', '°']),
            after_pause: between.contains(['?', '!', ';', ',', '\n']),
            after_stop: between.starts_with('.'),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_of_the_seed_are_found() {
        for (text, id) in [
            ("My order #2021 was placed a week ago but hasn't shipped.", "2021"),
            ("Order #5432 was supposed to arrive yesterday", "5432"),
            ("Order ID: A-77", "A-77"),
            ("My order never arrived.\nOrder #77", "77"),
            ("order number is 5432, please", "5432"),
            ("Order no. 99120", "99120"),
            ("ORDER:12", "12"),
            ("my order 2021-00017 is late", "2021-00017"),
            ("Mi pedido n.º 4455 no llega", "4455"),
            ("pesanan nomor 881", "881"),
            ("Where is order #AB-12/7?", "AB-12/7"),
        ] {
            assert_eq!(order_id(text).as_deref(), Some(id), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_orders() {
        for text in [
            "",
            "I was charged $49.99 twice on Nov 1st",
            "In order to log in I waited 20 minutes",
            "I would like to order 2 pizzas",
            "My order. 2021 was a bad year",
            "border #12",
            "Order number please",
            "I need help with my order",
        ] {
            assert_eq!(order_id(text), None, "{text}");
        }
        assert_eq!(order_id(&format!("order #{}", "1".repeat(500))), None);
    }
}
