//! What a call was about, by keywords (S0.9 to S0.18).
//!
//! Whole words only: "flexi" is not in "flexiloan", "fee" is not in "coffee". The table is data; it is
//! compiled once, and then a text costs one pass and one look-up a word, however long it is.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::words::words;

/// The customer knows why they called: their word counts this much, the agent's 1.
const CUSTOMER_WEIGHT: u64 = 3;

#[derive(Clone, Debug)]
pub struct Categoriser {
    categories: Vec<String>,
    fallback: String,
    keywords: usize,
    /// Every word of every keyword, folded, with its number; 0 is no word of a keyword.
    vocabulary: HashMap<String, u32>,
    /// By the number of their first word.
    phrases: HashMap<u32, Vec<Phrase>>,
}

#[derive(Clone, Debug)]
struct Phrase {
    words: Vec<u32>,
    category: usize,
    keyword: usize,
    /// A phrase says more than a word: it counts by the words it is written with.
    weight: u64,
}

/// What a category has gathered in one call.
#[derive(Clone, Copy, Default)]
struct Tally {
    score: u64,
    customer_first: Option<(usize, usize)>,
    agent_first: Option<(usize, usize)>,
}

impl Categoriser {
    /// `table`: categories with their keywords. A keyword of several words matches across blanks; its
    /// plurals (s, es, ies) match too. `fallback` is the category of a call in which none is said (S0.17).
    pub fn new(
        table: impl IntoIterator<Item = (String, Vec<String>)>,
        fallback: String,
    ) -> Categoriser {
        let mut made = Categoriser {
            categories: Vec::new(),
            fallback,
            keywords: 0,
            vocabulary: HashMap::new(),
            phrases: HashMap::new(),
        };
        let table: Vec<_> = table.into_iter().collect();
        let mut plurals = Vec::new();
        for (name, keywords) in &table {
            let known = made.categories.iter().position(|category| category == name);
            let category = known.unwrap_or_else(|| {
                made.categories.push(name.clone());
                made.categories.len() - 1
            });
            for text in keywords {
                let folded: Vec<String> = words(text).map(|word| word.folded()).collect();
                if folded.is_empty() || folded.iter().any(String::is_empty) {
                    continue;
                }
                let weight = text.split_whitespace().count() as u64;
                let keyword = made.keywords;
                made.keywords += 1;
                made.add(&folded, category, keyword, weight);
                plurals.push((folded, category, keyword, weight));
            }
        }
        // After all keywords, because one that is itself listed stands for itself.
        for (folded, category, keyword, weight) in plurals {
            for plural in plurals_of(folded) {
                made.add(&plural, category, keyword, weight);
            }
        }
        made
    }

    /// Does nothing where the category has these words already.
    fn add(&mut self, folded: &[String], category: usize, keyword: usize, weight: u64) {
        let mut numbers = Vec::with_capacity(folded.len());
        for word in folded {
            let next = self.vocabulary.len() as u32 + 1;
            numbers.push(*self.vocabulary.entry(word.clone()).or_insert(next));
        }
        let phrases = self.phrases.entry(numbers[0]).or_default();
        if !phrases.iter().any(|known| known.category == category && known.words == numbers) {
            phrases.push(Phrase { words: numbers, category, keyword, weight });
        }
    }

    /// The category of a call. `turns`: whether the customer says it, and what, in spoken order.
    ///
    /// The customer's words count three for each keyword an utterance holds, the agent's one for each
    /// keyword the call holds. Of equals the one whose keyword the customer said first wins, then the one
    /// the agent said first, then the first by name.
    pub fn categorise<'t>(&self, turns: impl IntoIterator<Item = (bool, &'t str)>) -> &str {
        self.heard(turns).unwrap_or(&self.fallback)
    }

    /// The category of a call in which none is said (S0.17).
    pub fn fallback(&self) -> &str {
        &self.fallback
    }

    /// The same, or none where none is said.
    pub fn heard<'t>(&self, turns: impl IntoIterator<Item = (bool, &'t str)>) -> Option<&str> {
        let mut tallies = vec![Tally::default(); self.categories.len()];
        let mut customer_heard = vec![None; self.keywords];
        let mut agent_heard = vec![false; self.keywords];
        let mut numbers = Vec::new();
        for (turn, (customer, text)) in turns.into_iter().enumerate() {
            self.number_words(text, &mut numbers);
            for (at, first) in numbers.iter().enumerate() {
                for phrase in self.phrases.get(first).into_iter().flatten() {
                    if !numbers[at..].starts_with(&phrase.words) {
                        continue;
                    }
                    let tally = &mut tallies[phrase.category];
                    if customer {
                        tally.customer_first.get_or_insert((turn, at));
                        if customer_heard[phrase.keyword].replace(turn) != Some(turn) {
                            tally.score += CUSTOMER_WEIGHT * phrase.weight;
                        }
                    } else {
                        tally.agent_first.get_or_insert((turn, at));
                        if !std::mem::replace(&mut agent_heard[phrase.keyword], true) {
                            tally.score += phrase.weight;
                        }
                    }
                }
            }
        }
        let heard = self.categories.iter().zip(&tallies).filter(|(_, tally)| tally.score > 0);
        let best = heard.min_by_key(|(name, tally)| {
            let late = (usize::MAX, usize::MAX);
            let customer = tally.customer_first.unwrap_or(late);
            (Reverse(tally.score), customer, tally.agent_first.unwrap_or(late), *name)
        });
        best.map(|(name, _)| name.as_str())
    }

    /// The text as numbers of the vocabulary. Anything else, and any pause, is one 0: a phrase does not
    /// reach across it.
    fn number_words(&self, text: &str, numbers: &mut Vec<u32>) {
        numbers.clear();
        let mut folded = String::new();
        for word in words(text) {
            word.fold_into(&mut folded);
            let number = self.vocabulary.get(&folded).copied().unwrap_or(0);
            let apart = word.after_pause || number == 0;
            if apart && numbers.last().is_some_and(|last| *last != 0) {
                numbers.push(0);
            }
            if number != 0 {
                numbers.push(number);
            }
        }
    }
}

/// The plurals of a keyword: those of its last word.
fn plurals_of(keyword: Vec<String>) -> impl Iterator<Item = Vec<String>> {
    let last = keyword.last().cloned().unwrap_or_default();
    let ies = last.strip_suffix('y').map(|stem| format!("{stem}ies"));
    let forms = [Some(format!("{last}s")), Some(format!("{last}es")), ies];
    forms.into_iter().flatten().map(move |form| {
        let mut plural = keyword.clone();
        plural.pop();
        plural.push(form);
        plural
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_seed() -> Categoriser {
        let table = [
            ("account_inquiry", vec!["balance", "account", "savings", "main account"]),
            ("card_inquiry", vec!["card", "flexi", "debit", "freeze", "lost", "stolen"]),
            ("interest_rates", vec!["interest", "rate", "apr", "yield"]),
            ("loan_inquiry", vec!["loan", "flexiloan", "borrow"]),
            ("technical_issue", vec!["error", "bug", "broken", "not working", "issue"]),
            ("fees_charges", vec!["fee", "charge", "cost", "price"]),
            ("promotions", vec!["promotion", "campaign", "cashback", "reward"]),
        ];
        let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
        let table = table.map(|(name, keywords)| (name.to_owned(), owned(keywords)));
        Categoriser::new(table, "general_inquiry".to_owned())
    }

    fn made(table: &[(&str, &[&str])]) -> Categoriser {
        let owned = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
        let table = table.iter().map(|(name, words)| (name.to_string(), owned(words)));
        Categoriser::new(table, "other".to_owned())
    }

    /// The recorded calls and the category that each must get.
    const RECORDED: [&str; 2] = [
        include_str!("../../tests/fixtures/a_realtime/call_beta_saving_pockets.expected.json"),
        include_str!("../../tests/fixtures/a_realtime/call_ga_lost_card.expected.json"),
    ];

    /// S0.9
    #[test]
    fn a_recorded_call_gets_its_category() {
        for call in RECORDED {
            let call: serde_json::Value = serde_json::from_str(call).expect("a recorded call");
            let said = call["interactions_in_order"].as_array().expect("interactions");
            let turns = said.iter().map(|turn| {
                (turn["speaker"] == "user", turn["message"].as_str().unwrap_or_default())
            });
            assert_eq!(of_seed().categorise(turns), call["category"]);
        }
    }

    fn customer_says(text: &str) -> String {
        of_seed().categorise([(true, text)]).to_owned()
    }

    /// S0.18
    #[test]
    fn the_call_of_the_seed_is_about_interest_rates() {
        assert_eq!(customer_says("What's the interest rate for Saving Pockets?"), "interest_rates");
        let mentions_savings = "What's the interest rate for my savings?";
        assert_eq!(customer_says(mentions_savings), "interest_rates");
    }

    /// S0.10 to S0.17
    #[test]
    fn every_category_is_found_by_its_words() {
        for (said, category) in [
            ("What is my balance?", "account_inquiry"),
            ("Somebody has stolen my debit card.", "card_inquiry"),
            ("Which APR do you offer", "interest_rates"),
            ("I would like to borrow money", "loan_inquiry"),
            ("the app is not\n working", "technical_issue"),
            ("How much does it cost?", "fees_charges"),
            ("the CASHBACK campaign", "promotions"),
            ("Are you open on Sunday?", "general_inquiry"),
            ("", "general_inquiry"),
        ] {
            assert_eq!(customer_says(said), category, "{said}");
        }
    }

    /// S0.18
    #[test]
    fn a_keyword_inside_another_word_does_not_count() {
        let trap = "I had a coffee with your corporate team and discard the flexibility, scared";
        assert_eq!(customer_says(trap), "general_inquiry");
        assert_eq!(customer_says("a flexiloan"), "loan_inquiry");
        assert_eq!(customer_says("my flexi"), "card_inquiry");
    }

    #[test]
    fn plurals_and_possessives_count() {
        for (said, category) in [
            ("which fees?", "fees_charges"),
            ("my card’s number", "card_inquiry"),
            ("two main accounts", "account_inquiry"),
            ("Préstamos: LOANS", "loan_inquiry"),
        ] {
            assert_eq!(customer_says(said), category, "{said}");
        }
        let countries = made(&[("travel", &["country"])]);
        assert_eq!(countries.categorise([(true, "several countries")]), "travel");
        let listed_twice = made(&[("a", &["rate", "rates"]), ("b", &["loan", "lend"])]);
        assert_eq!(listed_twice.categorise([(true, "rates: lend a loan")]), "b");
    }

    #[test]
    fn accents_and_case_do_not_matter() {
        let table = made(&[("prestamos", &["préstamo"]), ("tarjetas", &["TARJETA"])]);
        assert_eq!(table.categorise([(true, "un prestamo")]), "prestamos");
        assert_eq!(table.categorise([(true, "un PRE\u{301}STAMO")]), "prestamos");
        assert_eq!(table.categorise([(true, "mi tarjeta")]), "tarjetas");
    }

    #[test]
    fn a_phrase_matches_as_a_whole_and_counts_by_its_words() {
        assert_eq!(customer_says("it is working, or not. Working late"), "general_inquiry");
        assert_eq!(customer_says("not that it is working"), "general_inquiry");
        let said = "the card is not working";
        assert_eq!(customer_says(said), "technical_issue");
        assert_eq!(customer_says("my main-account, a loan, no loan"), "account_inquiry");
    }

    #[test]
    fn keywords_of_scripts_without_spaces_are_found_in_the_sentence() {
        let table = made(&[("rates", &["利率"]), ("cards", &["信用卡"])]);
        assert_eq!(table.categorise([(true, "我想问一下利率是多少，谢谢")]), "rates");
        assert_eq!(table.categorise([(true, "利，率")]), "other");
        // One word, however many characters it is written with.
        assert_eq!(table.categorise([(true, "利率和信用卡")]), "rates");
    }

    #[test]
    fn the_customers_words_count_more_than_the_agents() {
        let agent = "Card, freeze, debit: which of them? Card, card!";
        let turns = [(false, agent), (true, "Never mind, what is the fee?"), (true, "the fee")];
        assert_eq!(of_seed().categorise(turns), "fees_charges");
        let agent_outweighs = [(false, "a lost debit card, stolen, freeze"), (true, "the fee")];
        assert_eq!(of_seed().categorise(agent_outweighs), "card_inquiry");
    }

    #[test]
    fn a_keyword_said_again_counts_for_the_customer_and_not_for_the_agent() {
        let again = [(true, "my loan"), (true, "the interest"), (true, "a loan, a loan")];
        assert_eq!(of_seed().categorise(again), "loan_inquiry");
        let agent = [(false, "loan"), (false, "loan"), (false, "interest rate")];
        assert_eq!(of_seed().categorise(agent), "interest_rates");
    }

    #[test]
    fn of_equals_the_one_said_first_wins() {
        assert_eq!(customer_says("a fee for a card"), "fees_charges");
        assert_eq!(customer_says("a card for a fee"), "card_inquiry");
        let heard = [(false, "card or fee?"), (true, "fee"), (true, "card")];
        assert_eq!(of_seed().categorise(heard), "fees_charges");
        assert_eq!(of_seed().categorise([(false, "fee, card")]), "fees_charges");
        let same = made(&[("b", &["card"]), ("a", &["card"])]);
        assert_eq!(same.categorise([(true, "card")]), "a");
    }

    #[test]
    fn a_table_with_blanks_and_doubles_is_harmless() {
        let table = made(&[("a", &["", " - ", "rate"]), ("b", &["loan"]), ("a", &["Rate", "fee"])]);
        assert_eq!(table.categorise([(true, "loan rate")]), "b");
        assert_eq!(table.categorise([(true, "loan, rate, fee")]), "a");
        assert_eq!(made(&[]).categorise([(true, "rate")]), "other");
    }

    #[test]
    fn a_megabyte_line_is_read_in_one_pass() {
        let categoriser = of_seed();
        let began = std::time::Instant::now();
        for line in ["not ".repeat(300_000), "x".repeat(1 << 20), "，".repeat(400_000)] {
            assert_eq!(categoriser.categorise([(true, line.as_str())]), "general_inquiry");
        }
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }
}
