//! HTML of messages, as plain text.
//!
//! One pass, whatever the markup: unclosed and unknown tags cost themselves only. Paragraphs, breaks and list items
//! begin new lines; runs of blanks are one; styles, scripts and comments are no text. A `<` that begins no tag stays.

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 22] = [
    "p",
    "div",
    "br",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "blockquote",
    "pre",
    "section",
    "article",
    "header",
    "footer",
    "figure",
];
/// Elements whose content nobody reads.
const HIDDEN: [&str; 4] = ["script", "style", "head", "title"];
/// More blank lines than this in a row are white space.
const MAX_BREAKS: usize = 2;

/// The text of a fragment of HTML, without blanks at its ends.
pub fn plain(html: &str) -> String {
    let mut text = Text::default();
    let mut rest = html;
    // Behind the last `>` no tag ends: looking for one again and again would take for ever.
    let last = html.rfind('>').map_or(usize::MAX, |at| html.len() - at);
    while let Some(at) = rest.find(['<', '&']) {
        text.words(&rest[..at]);
        rest = &rest[at..];
        let taken = match rest.starts_with('&') {
            true => entity(rest, &mut text),
            false if rest.len() >= last => tag(rest, &mut text),
            false => 0,
        };
        match taken {
            0 => {
                text.words(&rest[..1]);
                rest = &rest[1..];
            }
            taken => rest = &rest[taken..],
        }
    }
    text.words(rest);
    text.out
}

#[derive(Default)]
struct Text {
    out: String,
    blank: bool,
    breaks: usize,
}

impl Text {
    fn words(&mut self, text: &str) {
        for c in text.chars() {
            if matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{c}') {
                self.blank = true
            } else {
                self.put(c)
            }
        }
    }

    fn put(&mut self, c: char) {
        if !self.out.is_empty() {
            if self.breaks > 0 {
                self.out.extend(std::iter::repeat_n('\n', self.breaks.min(MAX_BREAKS)));
            } else if self.blank {
                self.out.push(' ');
            }
        }
        (self.blank, self.breaks) = (false, 0);
        self.out.push(c);
    }

    /// Blocks that meet make one new line, every `<br>` makes one of its own.
    fn new_line(&mut self, forced: bool) {
        self.breaks = if forced { self.breaks + 1 } else { self.breaks.max(1) };
    }
}

/// The length of the tag or comment at the start of `rest`, with what it does to the text; 0 if it is none.
fn tag(rest: &str, text: &mut Text) -> usize {
    if rest.starts_with("<!--") {
        return rest.find("-->").map_or(rest.len(), |end| end + 3);
    }
    let inside = &rest[1..];
    let name = inside.strip_prefix('/').unwrap_or(inside);
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let is_declaration = inside.starts_with(['!', '?']);
        return if is_declaration { rest.find('>').map_or(0, |end| end + 1) } else { 0 };
    }
    let Some(end) = rest.find('>').map(|at| at + 1) else { return 0 };
    let length = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = name[..length].to_ascii_lowercase();
    if BLOCKS.contains(&name.as_str()) {
        text.new_line(name == "br");
    }
    if HIDDEN.contains(&name.as_str()) && !inside.starts_with('/') {
        return end + hidden(&rest[end..], &name);
    }
    end
}

/// The length of hidden content: up to its closing tag, or all.
fn hidden(rest: &str, name: &str) -> usize {
    let closing = format!("</{name}");
    let mut at = 0;
    while let Some(found) = rest[at..].find("</") {
        at += found;
        if rest[at..].get(..closing.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(&closing)) {
            return at;
        }
        at += 2;
    }
    rest.len()
}

/// The length of the entity at the start of `rest`, which is put into the text; 0 if it is none.
fn entity(rest: &str, text: &mut Text) -> usize {
    const LONGEST: usize = 12;
    let Some(end) = rest.bytes().take(LONGEST).position(|b| b == b';') else { return 0 };
    let c = match &rest[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bull" => '•',
        "euro" => '€',
        "copy" => '©',
        "trade" => '™',
        named => match number(named) {
            Some(c) => c,
            None => return 0,
        },
    };
    if c.is_whitespace() {
        text.blank = true
    } else {
        text.put(c)
    }
    end + 1
}

fn number(named: &str) -> Option<char> {
    let digits = named.strip_prefix('#')?;
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(code).filter(|c| *c != '\0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paragraphs_are_lines_and_entities_are_characters() {
        for (html, text) in [
            (
                "<p>My order never arrived.</p><p>Order #77</p>",
                "My order never arrived.\nOrder #77",
            ),
            (
                "<p>Hi Iris, looking into it &amp; back soon.</p>",
                "Hi Iris, looking into it & back soon.",
            ),
            ("<p>Any   news?\n</p>\n", "Any news?"),
            ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
            ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
            ("<a href=\"https://x.example/?a=1&b=2\">link</a>", "link"),
            ("<b>bold</b>ly <i>done</i>", "boldly done"),
            ("caf&#233; &#x1F600; &unknown; &", "café 😀 &unknown; &"),
            ("<style>p {color: red}</style><p>seen</p><SCRIPT>alert(1)</script>", "seen"),
            ("a <!-- not <p>this</p> --> b", "a b"),
            ("1 < 2 and 3 > 2, I <3 you", "1 < 2 and 3 > 2, I <3 you"),
            ("&lt;p&gt; is no tag", "<p> is no tag"),
            ("cut <p off", "cut <p off"),
            ("plain", "plain"),
            ("<p></p>", ""),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }

    #[test]
    fn a_megabyte_of_brackets_is_read_in_one_go() {
        let began = std::time::Instant::now();
        for html in ["<".repeat(200_000), "<p>".repeat(200_000), "&".repeat(400_000)] {
            plain(&html);
        }
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn any_markup_is_read_without_a_panic(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "<", ">", "</", "<p", "<br>", "&", "&#", "&#x", ";", "é", "\"", "'", "<!--", "-->", "<script>", "</SCRIPT",
                " ", "\n", "😀", "amp",
            ]), 0..40),
        ) {
            let text = plain(&pieces.concat());
            prop_assert_eq!(text.trim_matches(' '), text.as_str());
        }
    }
}
