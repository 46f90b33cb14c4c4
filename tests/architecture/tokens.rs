//! Rust source as tokens: comments, strings and characters are dropped, so that what is left is code.

/// An identifier, a punctuation character, or `::`.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
}

pub fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1 };
    let mut all = Vec::new();
    while let Some(next) = reader.rest.chars().next() {
        let line = reader.line;
        if reader.skip_literal_or_comment() {
            continue;
        }
        let length = if next.is_alphanumeric() || next == '_' {
            let end = |c: char| !(c.is_alphanumeric() || c == '_');
            reader.rest.find(end).unwrap_or(reader.rest.len())
        } else if reader.rest.starts_with("::") {
            2
        } else {
            next.len_utf8()
        };
        let text = reader.take(length).to_owned();
        if !next.is_whitespace() {
            all.push(Token { text, line });
        }
    }
    all
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn skip_literal_or_comment(&mut self) -> bool {
        let rest = self.rest;
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(rest) {
            length
        } else if rest.starts_with('"') {
            quoted(rest, '"')
        } else if rest.starts_with("b\"") || rest.starts_with("c\"") {
            1 + quoted(&rest[1..], '"')
        } else if is_character(rest) {
            quoted(rest, '\'')
        } else {
            return false;
        };
        self.take(length);
        true
    }
}

/// A character literal, not a lifetime: `'\…` or `'x'`.
fn is_character(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('\'')
        && matches!((chars.next(), chars.next()), (Some('\\'), _) | (_, Some('\'')))
}

/// Length of what stands between two `mark`s, marks included.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let body = &rest[prefix.len()..];
    let hashes = body.len() - body.trim_start_matches('#').len();
    body[hashes..].starts_with('"').then(|| {
        let start = prefix.len() + hashes + 1;
        let end = format!("\"{}", "#".repeat(hashes));
        rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
    })
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(words("a // todo!\nb"), ["a", "b"]);
        assert_eq!(words("a /* x /* y */ z */ b"), ["a", "b"]);
        assert_eq!(
            words(r##"a("x \" todo!", r#"q " q"#, b"z", '"', '\'', 'é') b"##).join(""),
            "a(,,,,,)b"
        );
        assert_eq!(
            words("/// [`crate::store`]\nfn f<'a>(x: &'a str) {}").join(" "),
            "fn f < ' a > ( x : & ' a str ) { }"
        );
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let last = tokens("/* \n */ \"\n\" // \n r#\"\n\"# end").pop().unwrap();
        assert_eq!(last, Token { text: "end".to_owned(), line: 5 });
    }
}
