//! What of a mail's text is new: not what it quotes, nor a signature.
//!
//! Programs mark quotes by `>`, by a line that says who wrote (`On … wrote:`, in the reader's language, often over two lines),
//! or by the old mail's headers. Where taking all that out would leave nothing, as in a mail that only forwards, the text
//! stays whole. Answers between quoted lines stay.

/// Words that end the line before a quote, in lower case.
const WROTE: [&str; 24] = [
    "wrote:",
    "wrote :",
    "schrieb:",
    "escribió:",
    "escribio:",
    "a écrit :",
    "a écrit:",
    "menulis:",
    "ha scritto:",
    "escreveu:",
    "schreef:",
    "skrev:",
    "napisał:",
    "napisał(a):",
    "написал:",
    "написала:",
    "пишет:",
    "写道：",
    "写道:",
    "寫道：",
    "寫道:",
    "đã viết:",
    "şunu yazdı:",
    "kirjoitti:",
];
/// Words within the line before a quote, where the name stands behind them.
const WROTE_NAME: [&str; 4] = [" schrieb ", " skrev ", " schreef ", " wrote "];
/// What begins a line of that kind where its end is on the next one.
const WROTE_BEGINS: [&str; 15] = [
    "on ", "am ", "el ", "le ", "pada ", "il ", "em ", "op ", "den ", "dnia ", "w dniu ", "在",
    "于", "vào ", "在 ",
];
/// Lines after which the old mail stands, without dashes and blanks, in lower case.
const SEPARATORS: [&str; 12] = [
    "original message",
    "original appointment",
    "ursprüngliche nachricht",
    "mensaje original",
    "message d'origine",
    "messaggio originale",
    "mensagem original",
    "pesan asli",
    "oorspronkelijk bericht",
    "原始邮件",
    "原始郵件",
    "reply message",
];
/// Headers by which an old mail begins, and those of which one must follow.
const FROM: [&str; 14] = [
    "from:",
    "von:",
    "de:",
    "da:",
    "van:",
    "dari:",
    "från:",
    "fra:",
    "od:",
    "от:",
    "发件人:",
    "发件人：",
    "寄件者:",
    "寄件者：",
];
const SENT: [&str; 22] = [
    "sent:",
    "date:",
    "gesendet:",
    "datum:",
    "enviado:",
    "enviado el:",
    "fecha:",
    "envoyé :",
    "envoyé:",
    "date :",
    "inviato:",
    "data:",
    "verzonden:",
    "dikirim:",
    "tanggal:",
    "skickat:",
    "sendt:",
    "wysłano:",
    "发送时间:",
    "发送时间：",
    "日期:",
    "寄件日期:",
];
/// What telephones write below, in lower case.
const PHONES: [&str; 22] = [
    "sent from my ",
    "sent from mail for ",
    "sent from outlook for ",
    "get outlook for ",
    "sent from yahoo",
    "sent via ",
    "von meinem ",
    "gesendet von ",
    "enviado desde mi ",
    "enviado do meu ",
    "envoyé de mon ",
    "envoyé depuis ",
    "inviato da ",
    "verzonden vanaf ",
    "dikirim dari ",
    "发自我的",
    "從我的",
    "sent with ",
    "outlook für ",
    "outlook for ",
    "skickat från ",
    "wysłane z ",
];
/// Lines over which one attribution may be broken.
const BROKEN_OVER: usize = 3;
/// Lines within which the headers of an old mail stand.
const HEADERS: usize = 6;
const MAX_ATTRIBUTION: usize = 400;

/// The new words of a text; all of it where nothing else is left.
pub fn words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let kept = without_signature(without_quotes(&lines));
    let kept = tidy(&kept);
    if kept.is_empty() { tidy(&lines) } else { kept }
}

fn without_quotes<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let rest = &lines[at..];
        if is_quoted(rest[0]) {
            at += 1;
            continue;
        }
        if begins_old_mail(rest) {
            break;
        }
        if let Some(length) = attribution(rest) {
            let next = rest[length..].iter().find(|line| !line.is_empty());
            if next.is_some_and(|line| is_quoted(line)) {
                at += length;
                continue;
            }
            // Programs that send HTML alone mark nothing: all behind is old.
            if rest[..length].concat().contains(|c: char| c.is_ascii_digit() || c == '@') {
                break;
            }
        }
        kept.push(rest[0]);
        at += 1;
    }
    kept
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// How many lines at the beginning say who wrote what follows.
fn attribution(lines: &[&str]) -> Option<usize> {
    let first = lines.first()?.trim();
    if first.is_empty() {
        return None;
    }
    let mut joined = String::new();
    for (at, line) in lines.iter().take(BROKEN_OVER).enumerate() {
        let line = line.trim();
        if line.is_empty() || is_quoted(line) {
            return None;
        }
        if at > 0 {
            joined.push(' ');
        }
        joined.push_str(&line.to_lowercase());
        if joined.len() > MAX_ATTRIBUTION {
            return None;
        }
        let named = joined.ends_with(':') && WROTE_NAME.iter().any(|wrote| joined.contains(wrote));
        if named || WROTE.iter().any(|wrote| joined.ends_with(wrote)) {
            return Some(at + 1);
        }
        if at == 0 && !WROTE_BEGINS.iter().any(|begin| joined.starts_with(begin)) {
            return None;
        }
    }
    None
}

fn begins_old_mail(lines: &[&str]) -> bool {
    let first = lines[0].trim();
    let bare =
        first.trim_matches(|c: char| matches!(c, '-' | '_' | '=' | '*' | ' ')).to_lowercase();
    if first.starts_with(['-', '_', '=']) && SEPARATORS.contains(&bare.as_str()) {
        return true;
    }
    // Outlook draws a line of underscores, or none, above the headers.
    let is_rule =
        !first.is_empty() && first.len() >= 10 && first.chars().all(|c| matches!(c, '_' | '-'));
    let headers = if is_rule { &lines[1..] } else { lines };
    let mut told = headers.iter().map(|line| plain(line)).filter(|line| !line.is_empty());
    let Some(from) = told.next() else { return false };
    FROM.iter().any(|name| from.starts_with(name))
        && told.take(HEADERS).any(|line| SENT.iter().any(|name| line.starts_with(name)))
}

/// A header's line, also where it was bold.
fn plain(line: &str) -> String {
    line.trim().replace('*', "").to_lowercase()
}

fn without_signature(mut lines: Vec<&str>) -> Vec<&str> {
    if let Some(at) = lines.iter().rposition(|line| matches!(*line, "--" | "-- " | "—"))
        && lines[..at].iter().any(|line| !line.trim().is_empty())
    {
        lines.truncate(at);
    }
    while let Some(last) = lines.last() {
        let told = last.trim().to_lowercase();
        if !told.is_empty() && !PHONES.iter().any(|phone| told.starts_with(phone)) {
            break;
        }
        lines.pop();
    }
    lines
}

/// The lines as one text, without blank ones at its ends and with one at most between two others.
fn tidy(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut blank = false;
    for line in lines {
        if line.trim().is_empty() {
            blank = true;
            continue;
        }
        if !text.is_empty() {
            text.push_str(if blank { "\n\n" } else { "\n" });
        }
        blank = false;
        text.push_str(line.trim_end());
    }
    text
}
