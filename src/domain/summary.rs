//! One line that names what a caller wanted (S0.38).
//!
//! Always one line of at most [`MAX_CHARS`] characters, never empty; only the first part of the first
//! utterances is looked at, so that it costs the same for a line of a megabyte.

mod phrases;

use super::words::{is_mark, words};
use phrases::{Asked, asked, without_opening};

/// The longest summary, in characters.
pub const MAX_CHARS: usize = 120;

/// How much of an utterance is looked at, in bytes.
const LOOKED_AT: usize = 4096;

/// Utterances of the customer that are looked at, and how many of those that say something a question may
/// come after: what a caller wants is said at the beginning.
const UTTERANCES: usize = 50;
const CANDIDATES: usize = 3;

/// The summary of a call. `turns`: whether the customer says it, and what, in spoken order.
pub fn summarise<'t>(turns: impl IntoIterator<Item = (bool, &'t str)>) -> String {
    let customer = turns.into_iter().filter(|(customer, _)| *customer);
    let said: Vec<String> = customer
        .map(|(_, text)| on_one_line(beginning(text)))
        .filter(|text| !text.is_empty())
        .take(UTTERANCES)
        .collect();
    let candidates: Vec<&str> = said
        .iter()
        .map(|text| without_opening(text))
        .filter(|text| words(text).next().is_some())
        .take(CANDIDATES)
        .collect();
    if let Some(question) = candidates.iter().find(|text| is_question(text)) {
        return about(question);
    }
    if let Some(statement) = candidates.first() {
        return about(statement);
    }
    match said.first() {
        Some(text) => line("Customer said: ", text),
        None => "Customer said nothing that was transcribed".to_owned(),
    }
}

fn about(text: &str) -> String {
    match asked(text) {
        Some(Asked::About(what)) => line("Customer asking about ", first_sentence(what)),
        Some(Asked::HowTo(what)) => line("Customer asking how to ", first_sentence(what)),
        Some(Asked::Clause(what)) => line("Customer asking ", first_sentence(what)),
        None if is_question(text) => line("Customer asking: ", text),
        None => line("Customer said: ", text),
    }
}

fn is_question(text: &str) -> bool {
    text.contains(['?', '？', '؟']) || asked(text).is_some()
}

fn first_sentence(text: &str) -> &str {
    let asked = text.split(['?', '？', '؟', '。', '！']).next().unwrap_or(text);
    let said = asked.find(". ").or_else(|| asked.find("! ")).map_or(asked, |end| &asked[..end]);
    said.trim_end_matches([' ', '.', '!', ','])
}

fn beginning(text: &str) -> &str {
    let text = text.trim_start();
    let end = (0..=LOOKED_AT.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// Blanks, line ends and control characters become one space.
fn on_one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if !part.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(part);
        }
    }
    out
}

/// Both together, cut to the limit at the end of a word, or inside one where words are too long for that.
fn line(start: &str, text: &str) -> String {
    let whole = format!("{start}{text}");
    if whole.chars().count() <= MAX_CHARS {
        return whole;
    }
    let room = whole.char_indices().nth(MAX_CHARS - 1).map_or(whole.len(), |(at, _)| at);
    let earliest = start.len() + (room - start.len()) / 2;
    let ends = words(&whole).map(|word| word.end()).take_while(|end| *end <= room);
    let at_word = ends.filter(|end| *end >= earliest).last();
    let cut = at_word.unwrap_or_else(|| between_characters(&whole, room));
    format!("{}…", whole[..cut].trim_end())
}

/// The last place not after `at` that does not part a mark, a skin tone or a joined emoji from its base.
fn between_characters(text: &str, at: usize) -> usize {
    let holds_on =
        |c: char| is_mark(c) || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}');
    let mut cut = at;
    while let (Some(before), Some(after)) =
        (text[..cut].chars().next_back(), text[cut..].chars().next())
    {
        if !holds_on(after) && before != '\u{200D}' {
            return cut;
        }
        cut -= before.len_utf8();
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(said: &str) -> String {
        summarise([(true, said)])
    }

    /// S0.38
    #[test]
    fn the_call_of_the_seed_asks_for_an_interest_rate() {
        let turns = [
            (false, "Hey there! This is Riley from GXS Bank. How can I help you today?"),
            (true, "What's the interest rate for Saving Pockets?"),
            (false, "Up to 3.88% p.a. Would you like to know how to open one?"),
            (true, "No, that's all, thank you."),
        ];
        assert_eq!(summarise(turns), "Customer asking about the interest rate for Saving Pockets");
    }

    #[test]
    fn a_lost_card_is_told_with_its_question() {
        let turns = [
            (true, "I lost my FlexiCard on the train, how do I freeze it?"),
            (true, "Yes please, send a new one."),
        ];
        let expected = "Customer asking: I lost my FlexiCard on the train, how do I freeze it?";
        assert_eq!(summarise(turns), expected);
    }

    #[test]
    fn questions_are_told_in_the_third_person() {
        for (said, summary) in [
            ("Hi, what are your fees?", "Customer asking about your fees"),
            ("How do I freeze my card?", "Customer asking how to freeze my card"),
            (
                "Could you tell me how much a transfer costs?",
                "Customer asking how much a transfer costs",
            ),
            ("Hello I'd like to know about FlexiLoan.", "Customer asking about FlexiLoan"),
            ("What's the rate? I saw 3.88%.", "Customer asking about the rate"),
            ("May I know the APR?", "Customer asking about the APR"),
            ("What is happening here?", "Customer asking: What is happening here?"),
            ("Is my account blocked?", "Customer asking: Is my account blocked?"),
            ("Hola, ¿cuál es la tasa?", "Customer asking: ¿cuál es la tasa?"),
            ("你好，我想问一下利率是多少？", "Customer asking: 我想问一下利率是多少？"),
            ("Selamat pagi, berapa bunganya?", "Customer asking: berapa bunganya?"),
        ] {
            assert_eq!(of(said), summary, "{said}");
        }
    }

    #[test]
    fn statements_are_quoted() {
        assert_eq!(of("My card was stolen."), "Customer said: My card was stolen.");
        assert_eq!(of("Yes please, send a new one."), "Customer said: send a new one.");
        assert_eq!(of("No money on my account"), "Customer said: No money on my account");
    }

    #[test]
    fn greetings_and_fillers_are_passed_over() {
        let turns = [
            (true, "Hello?"),
            (true, "Hello, can you hear me?"),
            (true, "Yes please."),
            (true, "Thank you! Um... my app shows an error."),
        ];
        assert_eq!(summarise(turns), "Customer said: my app shows an error.");
        assert_eq!(of("halo"), "Customer said: halo");
        let noise = "Thank you. ".repeat(300);
        let turns = [(true, noise.as_str()), (true, "I lost my card")];
        assert_eq!(summarise(turns), "Customer said: I lost my card");
    }

    #[test]
    fn an_early_question_goes_before_a_statement() {
        let early = [(true, "My name is Ana."), (true, "What's the fee?")];
        assert_eq!(summarise(early), "Customer asking about the fee");
        let late = ["I lost my card", "It was blue", "On a train", "Is it raining?"];
        assert_eq!(summarise(late.map(|text| (true, text))), "Customer said: I lost my card");
    }

    #[test]
    fn a_silent_customer_is_said_to_be_silent() {
        let nothing = "Customer said nothing that was transcribed";
        assert_eq!(summarise([]), nothing);
        assert_eq!(summarise([(false, "Hello, is anyone there?"), (true, " \n")]), nothing);
    }

    #[test]
    fn a_summary_is_one_line() {
        assert_eq!(
            of("my\r\napp\u{2028}shows\tan\u{0}  error"),
            "Customer said: my app shows an error"
        );
    }

    #[test]
    fn a_long_line_is_cut_at_a_word() {
        let summary = of(&"transfer money ".repeat(1000));
        assert!(summary.ends_with("money…") || summary.ends_with("transfer…"), "{summary}");
        assert!((110..=MAX_CHARS).contains(&summary.chars().count()), "{summary}");
        for endless in ["利率".repeat(500), "x".repeat(1 << 20), "👩‍👩‍👧".repeat(300)]
        {
            let summary = of(&format!("我 {endless}"));
            assert!((110..=MAX_CHARS).contains(&summary.chars().count()), "{summary}");
            assert!(summary.ends_with('…') && !summary.ends_with("\u{200D}…"), "{summary}");
        }
    }

    proptest! {
        #[test]
        fn a_summary_is_short_whatever_is_said(said in prop::collection::vec((any::<bool>(), any::<String>()), 0..6)) {
            let summary = summarise(said.iter().map(|(customer, text)| (*customer, text.as_str())));
            prop_assert!(summary.chars().count() <= MAX_CHARS);
            prop_assert!(!summary.chars().any(|c| c.is_control() || c == '\n'));
        }

        #[test]
        fn cutting_never_panics(text in "[ -~é利👩\u{200D}\u{301}\u{1F3FD}]{90,300}") {
            prop_assert!(of(&text).chars().count() <= MAX_CHARS);
        }
    }
}
