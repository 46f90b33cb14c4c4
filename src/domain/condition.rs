//! Conditions over a ticket: what rules of assignment (S3.17) and of automation (S2.33, S3.19) ask of it.
//!
//! A field has no value, one, or several; an operator asks whether any of its values is as wanted. Texts are compared
//! by words, folded: neither case nor accents matter, and "help" is not in "helpful".

use serde::{Deserialize, Serialize};

use super::entry::Speaker;
use super::language_guess::language;
use super::profile::Profile;
use super::rule::Watch;
use super::ticket::{Metadata, Ticket};
use super::words::{head, words};

pub const MAX_CONDITIONS: usize = 20;
pub const MAX_VALUES: usize = 50;
/// Characters of a value, and of the name of a field.
pub const MAX_TEXT: usize = 100;
/// Bytes of the customer's words that are looked at.
const JUDGED: usize = 64 * 1024;

/// All of `all`, and one of `any` unless it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    pub all: Vec<Condition>,
    pub any: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub field: Field,
    pub op: Op,
    #[serde(default)]
    pub values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// One of the values.
    Is,
    IsNot,
    /// One of these words or phrases is in it.
    Contains,
    ContainsNot,
    AtLeast,
    AtMost,
    IsSet,
    IsNotSet,
}

impl Op {
    fn wants_values(self) -> bool {
        !matches!(self, Op::IsSet | Op::IsNotSet)
    }
}

/// What of a ticket is asked: one of [`FIELDS`], `metadata.KEY`, or `contact.KEY`, an attribute of its contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Field(String);

/// The names of fields, but for those that hold a key of their own ([`KEYED`]).
pub const FIELDS: [&str; 20] = [
    "channel",
    "status",
    "priority",
    "category",
    "tags",
    "subject",
    "text",
    "language",
    "assignee",
    "requester",
    "vip",
    "contact_tags",
    "speaker",
    "escalated",
    "on_hold",
    "customer_messages",
    "similar",
    "sentiment",
    "order_id",
    "source",
];
/// What stands before the key of a ticket's metadata, and of an attribute of its contact.
const KEYED: [&str; 2] = ["metadata.", "contact."];

impl TryFrom<String> for Field {
    type Error = String;

    fn try_from(text: String) -> Result<Field, String> {
        let key = KEYED.iter().find_map(|prefix| text.strip_prefix(prefix));
        let key = key.map(|key| key.chars().count());
        if FIELDS.contains(&text.as_str()) || key.is_some_and(|key| (1..=MAX_TEXT).contains(&key)) {
            return Ok(Field(text));
        }
        Err(format!("{text:?} is none of {}, metadata.KEY, contact.KEY", FIELDS.join(", ")))
    }
}

impl From<Field> for String {
    fn from(field: Field) -> String {
        field.0
    }
}

/// What is known of a ticket at the moment at which a rule looks at it.
pub struct Facts<'a> {
    pub ticket: &'a Ticket,
    pub watch: &'a Watch,
    /// What the customer wrote last; of a ticket at large its description.
    pub text: &'a str,
    pub metadata: &'a [(u32, Metadata)],
    /// What people noted of the contact; nothing of one whom nobody knows.
    pub profile: &'a Profile,
    /// Who spoke, where it is about a message.
    pub speaker: Option<Speaker>,
    /// The tickets of the last hour that read alike, this one among them.
    pub similar: &'a [u64],
}

/// Which of the facts are asked for that have rows of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub text: bool,
    pub metadata: bool,
    pub profile: bool,
}

impl Needs {
    pub fn or(self, other: Needs) -> Needs {
        Needs {
            text: self.text || other.text,
            metadata: self.metadata || other.metadata,
            profile: self.profile || other.profile,
        }
    }
}

impl Conditions {
    pub fn fit(&self, facts: &Facts<'_>) -> bool {
        let one = |condition: &Condition| condition.fits(facts);
        self.all.iter().all(one) && (self.any.is_empty() || self.any.iter().any(one))
    }

    pub fn asks(&self, field: &str) -> bool {
        self.all.iter().chain(&self.any).any(|condition| condition.field.0 == field)
    }

    /// What beside the ticket itself must be read to answer them.
    pub fn needs(&self) -> Needs {
        let needs = |condition: &Condition| {
            let field = condition.field.0.as_str();
            Needs {
                text: matches!(field, "text" | "language"),
                metadata: field == "sentiment" || field.starts_with(KEYED[0]),
                profile: matches!(field, "vip" | "language" | "contact_tags")
                    || field.starts_with(KEYED[1]),
            }
        };
        self.all.iter().chain(&self.any).map(needs).fold(Needs::default(), Needs::or)
    }

    /// What is wrong with them: where, and what would be right.
    pub fn check(&self) -> Result<(), (String, String)> {
        for (list, conditions) in [("all", &self.all), ("any", &self.any)] {
            let within = format!("conditions.{list}");
            if conditions.len() > MAX_CONDITIONS {
                return Err((within, format!("must be at most {MAX_CONDITIONS} conditions")));
            }
            for (at, condition) in conditions.iter().enumerate() {
                let wrong = |why: String| (format!("{within}[{at}].values"), why);
                let Condition { op, values, .. } = condition;
                if op.wants_values() && !(1..=MAX_VALUES).contains(&values.len()) {
                    return Err(wrong(format!("must be 1 to {MAX_VALUES} values")));
                }
                if values.iter().any(|v| !(1..=MAX_TEXT).contains(&v.trim().chars().count())) {
                    return Err(wrong(format!("each must be 1 to {MAX_TEXT} characters")));
                }
                let number = |value: &String| value.trim().parse::<i64>().is_err();
                if matches!(op, Op::AtLeast | Op::AtMost) && values.iter().any(number) {
                    return Err(wrong("must be whole numbers".into()));
                }
            }
        }
        Ok(())
    }
}

impl Condition {
    fn fits(&self, facts: &Facts<'_>) -> bool {
        let found = facts.of(&self.field.0);
        let wanted = |test: &dyn Fn(&str, &str) -> bool| {
            found.iter().any(|value| self.values.iter().any(|one| test(value, one)))
        };
        let number = |value: &str, one: &str, test: fn(i64, i64) -> bool| {
            let (value, one) = (value.trim().parse().ok(), one.trim().parse().ok());
            value.zip(one).is_some_and(|(value, one)| test(value, one))
        };
        match self.op {
            Op::Is => wanted(&same),
            Op::IsNot => !wanted(&same),
            Op::Contains => wanted(&says),
            Op::ContainsNot => !wanted(&says),
            Op::AtLeast => wanted(&|value, one| number(value, one, |a, b| a >= b)),
            Op::AtMost => wanted(&|value, one| number(value, one, |a, b| a <= b)),
            Op::IsSet => !found.is_empty(),
            Op::IsNotSet => found.is_empty(),
        }
    }
}

impl Facts<'_> {
    fn of(&self, field: &str) -> Vec<String> {
        let t = self.ticket;
        let yes = |is: bool| vec![is.to_string()];
        let text = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
        if let Some(key) = field.strip_prefix("metadata.") {
            return self.metadata(key);
        }
        if let Some(key) = field.strip_prefix("contact.") {
            return self.profile.attribute(key).map(str::to_owned).into_iter().collect();
        }
        match field {
            "channel" => vec![t.channel.as_str().to_owned()],
            // In the words of both faces.
            "status" => vec![t.status.as_str().to_owned(), t.status.on_helpdesk_face().to_owned()],
            "priority" => vec![t.priority.as_str().to_owned()],
            "category" => text(&t.category),
            "tags" => t.tags.clone(),
            "subject" => text(&t.subject),
            "text" => {
                let all = [t.subject.as_deref().unwrap_or_default(), self.text].join("\n");
                vec![head(&all, JUDGED).to_owned()]
            }
            "language" => {
                let said =
                    if self.text.is_empty() { t.subject.as_deref() } else { Some(self.text) };
                languages(self.profile, said)
            }
            "assignee" => t.assignee.iter().map(|a| a.agent.to_string()).collect(),
            "requester" => {
                let r = &t.requester;
                [&r.name, &r.email, &r.phone].into_iter().flatten().cloned().collect()
            }
            "vip" => yes(is_vip(t, self.profile)),
            "contact_tags" => self.profile.tags.clone(),
            "speaker" => self.speaker.iter().map(|s| speaker(*s).to_owned()).collect(),
            "escalated" => yes(t.escalation.is_some()),
            "on_hold" => yes(t.on_hold.is_some()),
            "customer_messages" => vec![self.watch.customer_messages.to_string()],
            "similar" => vec![self.similar.len().to_string()],
            "sentiment" => self.metadata("sentiment"),
            "order_id" => text(&t.order_id),
            "source" => text(&t.source),
            _ => Vec::new(),
        }
    }

    fn metadata(&self, key: &str) -> Vec<String> {
        let of = self.metadata.iter().filter(|(_, row)| row.key == key);
        of.map(|(_, row)| row.value.clone()).collect()
    }
}

/// Whether a ticket is a VIP's: people noted it of the contact, or tagged the ticket so (S2.33).
pub fn is_vip(ticket: &Ticket, profile: &Profile) -> bool {
    profile.vip || ticket.tags.iter().any(|tag| tag.eq_ignore_ascii_case("vip"))
}

/// In which language to speak with a contact: as people noted it (`es-MX` is `es` as well), else the one that their words
/// are in, if that can be told.
pub fn languages(profile: &Profile, said: Option<&str>) -> Vec<String> {
    match &profile.language {
        Some(tag) => {
            let bare = tag.split('-').next().unwrap_or_default();
            vec![tag.to_ascii_lowercase(), bare.to_ascii_lowercase()]
        }
        None => said.and_then(language).map(str::to_owned).into_iter().collect(),
    }
}

fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::User => "customer",
        other => other.as_str(),
    }
}

/// The words of a text, folded, each between two blanks: so a phrase is in it as a piece of it. Empty without words.
fn folded(text: &str) -> String {
    let mut all = String::with_capacity(text.len() + 2);
    let mut one = String::new();
    for word in words(text) {
        word.fold_into(&mut one);
        all.extend([if all.is_empty() { " " } else { "" }, &one, " "]);
    }
    all
}

/// Whether two values are one, whatever the case of their letters.
pub fn same(value: &str, wanted: &str) -> bool {
    value.trim().to_lowercase() == wanted.trim().to_lowercase()
}

/// Whether a text has these words, next to one another.
pub fn says(text: &str, phrase: &str) -> bool {
    says_any(text, &[phrase])
}

/// Whether a text has the words of one of these phrases, next to one another.
pub fn says_any(text: &str, phrases: &[impl AsRef<str>]) -> bool {
    let text = folded(text);
    let mut phrases = phrases.iter().map(|phrase| folded(phrase.as_ref()));
    phrases.any(|phrase| !phrase.is_empty() && text.contains(&phrase))
}

/// The words of a text that say something, hashed, each once: four letters or more, at most 64.
#[derive(Debug)]
pub struct Telling {
    words: Vec<u64>,
    /// A bit for each word, of 64 that words share.
    bits: u64,
}

impl Telling {
    pub fn of(text: &str) -> Telling {
        let mut found: Vec<u64> = Vec::new();
        for word in words(text).map(|word| word.folded()).filter(|w| w.chars().count() >= 4) {
            let hash = xxhash_rust::xxh3::xxh3_64(word.as_bytes());
            if !found.contains(&hash) {
                found.push(hash);
            }
            if found.len() == 64 {
                break;
            }
        }
        let bits = found.iter().fold(0, |bits, word| bits | 1 << (word % 64));
        Telling { words: found, bits }
    }

    /// Whether the two share so many of the shorter one's words, in percent. Fewer than two are chance.
    pub fn is_alike(&self, other: &Telling, percent: usize) -> bool {
        let shorter_first = self.words.len() <= other.words.len();
        let (shorter, longer) = if shorter_first { (self, other) } else { (other, self) };
        let length = shorter.words.len();
        let enough = |shared: usize| shared >= 2 && shared * 100 >= percent * length;
        // Whose bit the other one lacks, that word it lacks: most texts are told apart by this.
        let lacking = (shorter.bits & !longer.bits).count_ones() as usize;
        let shared = || shorter.words.iter().filter(|word| longer.words.contains(word)).count();
        enough(length - lacking) && enough(shared())
    }
}

#[cfg(test)]
mod tests {
    use super::{Telling, says};

    #[test]
    fn a_phrase_is_found_word_by_word() {
        assert!(says("I can't access my account!", "can't access"));
        assert!(says("GAWAT sekali", "gawat"));
        assert!(!says("very helpful, thanks", "help"));
        assert!(says("Ya está GAWAT", "esta gawat") && !says("esta muy gawat", "esta gawat"));
        assert!(!says("", "help") && !says("help", "") && !says("help", "?!"));
    }

    #[test]
    fn texts_that_share_their_words_are_alike() {
        let alike = |one: &str, other: &str| {
            let (one, other) = (Telling::of(one), Telling::of(other));
            assert_eq!(one.is_alike(&other, 60), other.is_alike(&one, 60));
            one.is_alike(&other, 60)
        };
        let said = "The payment page shows error 502";
        assert!(alike(said, "error 502 on payment page"));
        assert!(!alike(said, "Where is my parcel?"));
        assert!(!alike("refund", "refund"), "one word is chance");
        assert!(alike("alpha bravo gamma delta eagle", "alpha bravo gamma zebra yacht"));
        assert!(!alike("alpha bravo gamma delta eagle", "alpha bravo xenon zebra yacht"));
        assert!(!alike("", said));
    }
}
