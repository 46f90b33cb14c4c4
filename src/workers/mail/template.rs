//! The words of mails, as text and as plain HTML.

/// What may stand in a template.
pub struct Values<'a> {
    pub number: &'a str,
    pub subject: &'a str,
    pub name: &'a str,
    pub desk: &'a str,
    /// Empty where there is none: then the lines that hold it are left out.
    pub link: &'a str,
    pub text: &'a str,
}

/// A filled template: the subject, if its first line is `Subject: …`, and the rest.
pub fn fill(template: &str, values: &Values<'_>) -> (Option<String>, String) {
    let template = template.trim();
    let (subject, body) = match template.strip_prefix("Subject:") {
        Some(rest) => {
            let (subject, body) = rest.split_once('\n').unwrap_or((rest, ""));
            (Some(replace(subject.trim(), values)), body.trim())
        }
        None => (None, template),
    };
    let lines = body.lines().filter(|line| !values.link.is_empty() || !line.contains("{link}"));
    let filled: Vec<String> = lines.map(|line| replace(line, values)).collect();
    (subject, filled.join("\n").trim().to_owned())
}

fn replace(line: &str, values: &Values<'_>) -> String {
    let known = [
        ("{number}", values.number),
        ("{subject}", values.subject),
        ("{name}", values.name),
        ("{desk}", values.desk),
        ("{link}", values.link),
        ("{text}", values.text),
    ];
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    // In one pass, so that what a customer is called is never taken for a word of the template.
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match known.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value);
                rest = &rest[name.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    // A name that is not known leaves a blank before the comma.
    if values.name.is_empty() { out.replace(" ,", ",") } else { out }
}

/// Text as HTML: paragraphs, breaks, addresses of pages as links; nothing of it becomes markup.
pub fn html(text: &str) -> String {
    let mut out = String::from("<div style=\"font-family:sans-serif;font-size:15px\">\n");
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let lines: Vec<String> = paragraph.trim_matches('\n').lines().map(linked).collect();
        out.push_str(&format!("<p>{}</p>\n", lines.join("<br>\n")));
    }
    out.push_str("</div>\n");
    out
}

fn linked(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let is_link = word.starts_with("https://") || word.starts_with("http://");
        let shown = escaped(word);
        if is_link { format!("<a href=\"{shown}\">{shown}</a>") } else { shown }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'_> = Values {
        number: "1001",
        subject: "Kulkas rusak",
        name: "Budi {link}",
        desk: "Toko",
        link: "",
        text: "",
    };

    #[test]
    fn a_template_is_filled_in_one_pass() {
        let (subject, text) =
            fill("\nSubject: Ticket #{number}\n\nHello {name},\n{unknown}\nsee {link}\n", &VALUES);
        assert_eq!(subject.as_deref(), Some("Ticket #1001"));
        assert_eq!(text, "Hello Budi {link},\n{unknown}");
        let unnamed = Values { name: "", link: "https://x/1", ..VALUES };
        assert_eq!(fill("Hello {name},\n{link}", &unnamed).1, "Hello,\nhttps://x/1");
    }

    #[test]
    fn text_becomes_no_markup() {
        let shown = html("<b>Hi</b>\nsee https://x/?a=1&b=\"2\n\n& more");
        assert!(shown.contains("<p>&lt;b&gt;Hi&lt;/b&gt;<br>"), "{shown}");
        assert!(shown.contains("<a href=\"https://x/?a=1&amp;b=&quot;2\">"), "{shown}");
        assert!(shown.contains("<p>&amp; more</p>"), "{shown}");
    }
}
