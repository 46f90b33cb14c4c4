//! Tables as spreadsheets write and read them (RFC 4180): commas, quotes, lines that may stand within quotes.

/// One record and the line of the text on which it begins, from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    pub line: usize,
    pub fields: Vec<String>,
}

/// The records of a text, blank lines left out; an error names the line.
pub fn parse(text: &str) -> Result<Vec<Record>, (usize, &'static str)> {
    let mut records = Vec::new();
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut line, mut begins, mut quoted, mut was_quoted) = (1, 1, false, false);
    let mut letters = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\n' {
            line += 1;
        }
        match (quoted, letter) {
            (true, '"') if letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            (true, '"') => quoted = false,
            (true, other) => field.push(other),
            (false, '"') if field.is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
            (false, '"') => return Err((line, "a quote stands in the middle of a field")),
            (false, ',') => {
                fields.push(std::mem::take(&mut field));
                was_quoted = false;
            }
            (false, '\r') if letters.peek() == Some(&'\n') => {}
            (false, '\n') => {
                end(&mut records, begins, &mut fields, &mut field);
                (begins, was_quoted) = (line, false);
            }
            (false, _) if was_quoted => return Err((line, "a field goes on behind its quotes")),
            (false, other) => field.push(other),
        }
    }
    if quoted {
        return Err((begins, "a quote is never closed"));
    }
    end(&mut records, begins, &mut fields, &mut field);
    Ok(records)
}

fn end(records: &mut Vec<Record>, line: usize, fields: &mut Vec<String>, field: &mut String) {
    fields.push(std::mem::take(field));
    let fields = std::mem::take(fields);
    if fields.iter().any(|field| !field.trim().is_empty()) {
        records.push(Record { line, fields });
    }
}

/// What a spreadsheet would take for a formula at the beginning of a cell.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Adds a field. One that a spreadsheet would calculate gets an apostrophe before it, which [`plain`] takes away.
pub fn write(out: &mut String, field: &str) {
    let harmless = if is_formula(field) { format!("'{field}") } else { field.to_owned() };
    if harmless.contains([',', '"', '\n', '\r']) {
        out.push('"');
        out.push_str(&harmless.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(&harmless);
    }
}

fn is_formula(field: &str) -> bool {
    field.starts_with(FORMULA) || field.strip_prefix('\'').is_some_and(is_formula)
}

/// A field as it was before [`write()`] made it harmless.
pub fn plain(field: &str) -> &str {
    field.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(field)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(text: &str) -> Vec<Vec<String>> {
        parse(text).unwrap().into_iter().map(|record| record.fields).collect()
    }

    #[test]
    fn quotes_hold_commas_lines_and_quotes() {
        let text = "\u{feff}name,notes\r\n\"Ana \"\"la jefa\"\"\",\"one,\ntwo\"\n\n,\nBudi,\n";
        let read = parse(text).unwrap();
        assert_eq!(read[1].fields, ["Ana \"la jefa\"", "one,\ntwo"]);
        assert_eq!((read[1].line, read[2].line, read.len()), (2, 6, 3));
    }

    #[test]
    fn what_is_no_table_names_its_line() {
        assert_eq!(parse("a,b\nc,\"d").unwrap_err().0, 2);
        assert_eq!(parse("a,b\nc,d\"e\"").unwrap_err().0, 2);
        assert_eq!(parse("a\n\"b\"c").unwrap_err().0, 2);
    }

    proptest! {
        #[test]
        fn every_field_comes_back_and_none_is_a_formula(cells in prop::collection::vec("\\PC*", 1..5)) {
            let mut line = String::new();
            for (at, cell) in cells.iter().enumerate() {
                if at > 0 { line.push(','); }
                write(&mut line, cell);
            }
            let read = fields(&line);
            let back: Vec<&str> = read.iter().flatten().map(|cell| plain(cell)).collect();
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                prop_assert_eq!(back, cells.iter().map(String::as_str).collect::<Vec<_>>());
                prop_assert!(read[0].iter().all(|cell| !cell.starts_with(FORMULA)));
            }
        }
    }
}
