//! The language of queries: words, `"a phrase"`, `-not`, `prefix*`, and fields as `status:open`.
//!
//! What is wrong with a query is told with the place where it stands, in characters from 0.

use std::fmt;

use super::{phone, phone_tail, words};

/// The longest query, in characters.
pub const MAX_QUERY: usize = 200;
/// The most parts of one.
const MAX_PARTS: usize = 32;

/// A query: every clause holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pub clauses: Vec<Clause>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Where it begins, in characters.
    pub at: usize,
    pub negated: bool,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Text(Text),
    Field(Field, String),
}

/// Folded words that stand side by side in one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub words: Vec<String>,
    /// Just these words, in no other form.
    pub exact: bool,
    /// The last of them may go on.
    pub prefix: bool,
    /// The digits, where all of it may be a telephone number or the end of one.
    pub phone: Option<String>,
}

macro_rules! fields {
    ($($name:ident = $word:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field { $($name,)* }

        impl Field {
            pub const ALL: &'static [Field] = &[$(Field::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Field::$name => $word,)* }
            }
        }
    };
}

fields! {
    From = "from",
    Status = "status",
    Priority = "priority",
    Assignee = "assignee",
    Channel = "channel",
    Tag = "tag",
    Category = "category",
    Before = "before",
    After = "after",
    Has = "has",
    Speaker = "speaker",
}

/// What is wrong with a query, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// In characters from 0.
    pub at: usize,
    pub why: String,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.at + 1, self.why)
    }
}

/// A part of the query as it stands there.
struct Part {
    at: usize,
    negated: bool,
    field: Option<Field>,
    quoted: bool,
    text: String,
}

impl Query {
    /// Reads a query. `typing`: somebody is at its end still, so the last word may go on and a quotation be open.
    pub fn parse(text: &str, typing: bool) -> Result<Query, QueryError> {
        let length = text.chars().count();
        if length > MAX_QUERY {
            let why = format!("a query has at most {MAX_QUERY} characters, this one {length}");
            return Err(QueryError { at: MAX_QUERY, why });
        }
        let parts = parts(text, typing)?;
        if parts.len() > MAX_PARTS {
            let why = format!("a query has at most {MAX_PARTS} words");
            return Err(QueryError { at: parts[MAX_PARTS].at, why });
        }
        let open = typing && !text.ends_with(char::is_whitespace);
        let last = parts.len().saturating_sub(1);
        let mut clauses = Vec::new();
        let mut at = 0;
        while let Some(part) = parts.get(at) {
            let digits = number(&parts[at..]);
            let taken = digits.as_ref().map_or(1, |(_, taken)| *taken);
            let clause = match (part.field, digits) {
                (Some(field), _) => Some(What::Field(field, value(field, part, typing)?)),
                (None, Some((phone, taken))) => {
                    let written: Vec<&str> =
                        parts[at..at + taken].iter().map(|part| part.text.as_str()).collect();
                    let words = words(&written.join(" ")).into_iter().map(|w| w.folded).collect();
                    Some(What::Text(Text { words, exact: true, phone: Some(phone), prefix: false }))
                }
                (None, None) => said(part, open && at == last).map(What::Text),
            };
            let clause = clause.map(|what| Clause { at: part.at, negated: part.negated, what });
            clauses.extend(clause);
            at += taken;
        }
        if clauses.is_empty() && !typing {
            let why = "there is no word in it to look for".to_owned();
            return Err(QueryError { at: 0, why });
        }
        Ok(Query { clauses })
    }
}

/// The digits of a telephone number that begins here, and of how many parts it is: `+52 55 1234 5678`.
fn number(parts: &[Part]) -> Option<(String, usize)> {
    let is_part = |part: &Part| {
        part.field.is_none()
            && !part.quoted
            && part.text.chars().all(|c| c.is_ascii_digit() || "+-().".contains(c))
    };
    let first = parts.first()?;
    if first.negated {
        return first.field.is_none().then(|| phone(&first.text)).flatten().map(|p| (p, 1));
    }
    let taken = parts.iter().take_while(|part| is_part(part) && !part.negated).count();
    let text: Vec<&str> = parts[..taken].iter().map(|part| part.text.as_str()).collect();
    phone(&text.join(" ")).map(|digits| (digits, taken))
}

fn value(field: Field, part: &Part, typing: bool) -> Result<String, QueryError> {
    if part.text.is_empty() && !typing {
        let why = format!("{}: wants a value behind it", field.as_str());
        return Err(QueryError { at: part.at, why });
    }
    Ok(part.text.clone())
}

/// None where there is nothing but signs.
fn said(part: &Part, open: bool) -> Option<Text> {
    let (text, starred) = match part.text.strip_suffix('*') {
        Some(text) => (text, true),
        None => (part.text.as_str(), false),
    };
    let mut found = words(text);
    // The last character of a run of several stands in a pair already.
    let runs_on = found.len() > 1
        && found.last().is_some_and(|w| w.unspaced)
        && found[found.len() - 2].unspaced
        && found[found.len() - 2].end == found[found.len() - 1].end;
    let alone = found.last().is_some_and(|w| w.unspaced) && !runs_on;
    if runs_on {
        found.pop();
    }
    if found.is_empty() {
        return None;
    }
    let is_plain = !part.quoted && !starred;
    Some(Text {
        words: found.into_iter().map(|word| word.folded).collect(),
        exact: part.quoted,
        // A character alone is the beginning of the pairs it stands in.
        prefix: alone || starred || (open && !part.quoted && !runs_on),
        phone: is_plain.then(|| phone_tail(text)).flatten(),
    })
}

fn parts(text: &str, typing: bool) -> Result<Vec<Part>, QueryError> {
    let chars: Vec<char> = text.chars().collect();
    let mut parts = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let begin = at;
        let negated = chars[at] == '-' && chars.get(at + 1).is_some_and(|c| !c.is_whitespace());
        at += usize::from(negated);
        let field = match field(&chars[at..], at)? {
            Some((field, length)) => {
                at += length;
                Some(field)
            }
            None => None,
        };
        let quoted = chars.get(at).is_some_and(|c| is_quote(*c));
        let text: String = if quoted {
            let open = at;
            let inner = chars[open + 1..].iter().take_while(|c| !is_quote(**c));
            let text: String = inner.collect();
            at = open + 1 + text.chars().count();
            if at >= chars.len() && !typing {
                let why = "this quotation has no end: write \" behind it".to_owned();
                return Err(QueryError { at: open, why });
            }
            at += 1;
            text
        } else {
            let word = chars[at..].iter().take_while(|c| !c.is_whitespace() && !is_quote(**c));
            let text: String = word.collect();
            at += text.chars().count();
            text
        };
        parts.push(Part { at: begin, negated, field, quoted, text });
    }
    Ok(parts)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '＂')
}

/// The field whose name stands here with a colon, and how long that is.
fn field(chars: &[char], at: usize) -> Result<Option<(Field, usize)>, QueryError> {
    let name: String = chars.iter().take_while(|c| c.is_ascii_alphabetic()).collect();
    if name.is_empty() || chars.get(name.len()) != Some(&':') {
        return Ok(None);
    }
    let name = name.to_ascii_lowercase();
    if let Some(field) = Field::ALL.iter().find(|field| field.as_str() == name) {
        return Ok(Some((*field, name.len() + 1)));
    }
    let near = |field: &&Field| strsim::damerau_levenshtein(field.as_str(), &name) == 1;
    match Field::ALL.iter().find(near) {
        Some(field) => {
            let why = format!("there is no field {name}:, did you mean {}:?", field.as_str());
            Err(QueryError { at, why })
        }
        // https://… and order:17 are words.
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(query: &str) -> Vec<Text> {
        let parsed = Query::parse(query, false).expect(query);
        let texts = parsed.clauses.into_iter().map(|clause| match clause.what {
            What::Text(text) => text,
            What::Field(..) => panic!("a field in {query}"),
        });
        texts.collect()
    }

    #[test]
    fn words_phrases_negations_and_fields_are_told_apart() {
        let query =
            Query::parse(r#"roto "llegó tarde" -reembolso status:open -has:attachment"#, false);
        let clauses = query.unwrap().clauses;
        assert_eq!(clauses.len(), 5);
        assert!(
            matches!(&clauses[1].what, What::Text(t) if t.exact && t.words == ["llego", "tarde"])
        );
        assert!(clauses[2].negated);
        assert_eq!(clauses[3].what, What::Field(Field::Status, "open".into()));
        assert!(clauses[4].negated && clauses[4].at == 42);
        assert_eq!(text("ORD-12345")[0].words, ["ord", "12345"]);
    }

    #[test]
    fn the_last_word_goes_on_while_somebody_types_it() {
        let prefix = |query: &str| match &Query::parse(query, true).unwrap().clauses[..] {
            [.., Clause { what: What::Text(text), .. }] => text.prefix,
            _ => panic!("{query}"),
        };
        assert!(prefix("blen") && prefix("broken blen") && !prefix("blender "));
        assert!(text("blen*")[0].prefix && !text("blen")[0].prefix);
        assert!(Query::parse("\"not done", true).is_ok());
    }

    #[test]
    fn scripts_without_spaces_are_stretches_of_pairs() {
        assert_eq!(
            text("要退款")[0],
            Text { words: vec!["要退".into(), "退款".into()], ..Text::default() }
        );
        assert!(text("退")[0].prefix);
    }

    #[test]
    fn a_telephone_number_is_one_thing_however_it_is_written() {
        for query in ["+52 55 1234 5678", "(55)1234-5678", "525512345678"] {
            let found = text(query);
            assert_eq!(found.len(), 1, "{query}");
            assert!(found[0].phone.is_some(), "{query}");
        }
        assert!(text("order 123").iter().all(|text| text.phone.is_none()));
    }

    #[test]
    fn the_last_digits_of_a_number_are_a_word_too() {
        let [tail] = &text("4711")[..] else { panic!("one text") };
        assert_eq!((tail.phone.as_deref(), &tail.words[..]), (Some("4711"), &["4711".into()][..]));
        for query in ["\"4711\"", "4711*", "471", "a4711"] {
            assert_eq!(text(query)[0].phone, None, "{query}");
        }
        let typed = Query::parse("4711", true).unwrap();
        assert!(matches!(&typed.clauses[0].what, What::Text(t) if t.prefix && t.phone.is_some()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (query, at, why) in [
            ("late \"never closed", 5, "has no end"),
            ("ok stauts:open", 3, "did you mean status:"),
            ("!!!", 0, "no word"),
            ("a status:", 2, "wants a value"),
        ] {
            let error = Query::parse(query, false).unwrap_err();
            assert_eq!(error.at, at, "{query}");
            assert!(error.why.contains(why), "{query}: {error}");
        }
        assert!(Query::parse("see https://example.org order:17", false).is_ok());
        assert_eq!(Query::parse(&"x".repeat(201), false).unwrap_err().at, 200);
    }
}
