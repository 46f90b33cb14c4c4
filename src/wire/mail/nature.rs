//! Who wrote a mail: a person, a machine that answers, a machine that tells something, or a server that could not
//! deliver one of ours. What is no person's is never answered, so that no two machines thank each other for ever.

use mail_parser::{Message, MimeHeaders, PartType};

use super::raw_header;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Nature {
    #[default]
    Person,
    /// An answer that nobody wrote: out of office, a receipt.
    AutoReply,
    /// A newsletter, an alert: nobody waits for an answer.
    Automatic,
    Bounce(Bounce),
}

/// What a server tells of a mail that it could not deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounce {
    /// The Message-ID of the mail that it speaks of.
    pub of: Option<String>,
    /// Whether it gave up; otherwise it is still trying.
    pub failed: bool,
    /// Why, in the server's words.
    pub why: String,
}

const MAX_WHY: usize = 400;

pub fn of(message: &Message<'_>) -> Nature {
    if let Some(bounce) = bounce(message) {
        return Nature::Bounce(bounce);
    }
    let header = |name: &str| raw_header(message, name).map(|value| value.to_ascii_lowercase());
    let word = |value: &str| {
        value.split(|c: char| c == ';' || c.is_whitespace()).next().unwrap_or_default().to_owned()
    };
    let submitted = header("Auto-Submitted").map(|value| word(&value));
    let answers = !super::texts(message.in_reply_to()).is_empty();
    match submitted.as_deref() {
        Some("auto-replied") => return Nature::AutoReply,
        // As Exchange calls an absence.
        Some("auto-generated") if answers => return Nature::AutoReply,
        None | Some("no" | "") => {}
        Some(_) => return Nature::Automatic,
    }
    let replies = ["X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply"];
    if replies.iter().any(|name| header(name).is_some_and(|value| value != "no")) {
        return Nature::AutoReply;
    }
    match header("Precedence").as_deref() {
        Some("auto_reply" | "auto-reply") => return Nature::AutoReply,
        Some("bulk" | "junk" | "list") => {
            return if answers { Nature::AutoReply } else { Nature::Automatic };
        }
        _ => {}
    }
    let suppresses = header("X-Auto-Response-Suppress")
        .is_some_and(|value| ["all", "autoreply", "oof"].iter().any(|word| value.contains(word)));
    if suppresses {
        return if answers { Nature::AutoReply } else { Nature::Automatic };
    }
    if header("List-Id").is_some() || header("List-Unsubscribe").is_some() {
        return Nature::Automatic;
    }
    Nature::Person
}

fn bounce(message: &Message<'_>) -> Option<Bounce> {
    let kind = message.content_type();
    let is_report = kind.is_some_and(|kind| {
        kind.ctype().eq_ignore_ascii_case("multipart")
            && kind.subtype().is_some_and(|s| s.eq_ignore_ascii_case("report"))
            && kind
                .attribute("report-type")
                .is_none_or(|t| t.eq_ignore_ascii_case("delivery-status"))
    });
    let from = message.from().and_then(super::first).map(|from| from.address.to_ascii_lowercase());
    let local = from.as_deref().and_then(|from| from.split('@').next()).unwrap_or_default();
    let is_server = matches!(local, "mailer-daemon" | "postmaster" | "mail-daemon");
    let nobody = raw_header(message, "Return-Path").is_some_and(|path| path.trim() == "<>");
    let is_bounce = is_report || local == "mailer-daemon" || is_server && nobody;
    if !is_bounce {
        return None;
    }
    let mut bounce = Bounce { failed: !is_report, ..Bounce::default() };
    for part in &message.parts {
        match &part.body {
            PartType::Message(inner) => {
                bounce.of = bounce.of.or_else(|| inner.message_id().map(str::to_owned));
            }
            _ => {
                let kind = part.content_type();
                let subtype = kind.and_then(|kind| kind.subtype()).unwrap_or_default();
                let text = String::from_utf8_lossy(part.contents());
                match subtype.to_ascii_lowercase().as_str() {
                    "delivery-status" => status(&text, &mut bounce),
                    "rfc822-headers" => {
                        bounce.of = bounce.of.or_else(|| field(&text, "message-id"));
                    }
                    _ => {}
                }
            }
        }
    }
    if bounce.of.is_none() && !is_report {
        let body = message.body_text(0).unwrap_or_default();
        bounce.of = field(&body, "message-id");
    }
    bounce.of = bounce.of.map(|id| id.trim_matches(['<', '>', ' ']).to_owned());
    Some(bounce)
}

/// Reads the fields of a delivery status (RFC 3464).
fn status(text: &str, bounce: &mut Bounce) {
    if let Some(action) = field(text, "action") {
        bounce.failed = action.eq_ignore_ascii_case("failed");
    }
    let why = field(text, "diagnostic-code").or_else(|| field(text, "status"));
    if let Some(why) = why {
        bounce.why = why.chars().take(MAX_WHY).collect();
    }
}

/// The value of a field in a text of headers, unfolded.
fn field(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines();
    let first = lines.by_ref().find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })?;
    let more = lines.take_while(|line| line.starts_with([' ', '\t'])).map(str::trim);
    Some(std::iter::once(first.as_str()).chain(more).collect::<Vec<_>>().join(" "))
}
