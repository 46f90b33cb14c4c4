//! What the demo writes: calm lines of at most [`WIDTH`] characters, bold and dim only on a terminal.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde_json::Value;

use super::play::Played;
use super::{Login, PEOPLE, Tokens};
use crate::cli::Failure;
use crate::client::Client;

const WIDTH: usize = 96;
/// Where the words of a timeline begin.
const INDENT: usize = 22;

pub struct Page<'a> {
    out: &'a mut dyn Write,
    colours: bool,
}

impl<'a> Page<'a> {
    pub fn new(out: &'a mut dyn Write, colours: bool) -> Page<'a> {
        Page { out, colours }
    }

    fn styled(&self, code: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.styled("2", text)
    }

    /// A heading with where its contents come from.
    fn heading(&mut self, text: &str, source: &str) -> io::Result<()> {
        let line = format!("{}  {}", self.bold(text), self.dim(source));
        writeln!(self.out, "\n{}", line.trim_end())
    }

    pub fn greeting(&mut self, address: SocketAddr) -> io::Result<()> {
        let title = self.bold("frontdesk demo");
        writeln!(
            self.out,
            "{title}: serving on http://{address}, with a store that is thrown away"
        )?;
        self.out.flush()
    }

    pub fn played(&mut self, played: &Played) -> io::Result<()> {
        let Played { events, messages, took, .. } = played;
        let source =
            format!("every event on disk before it was acknowledged, {} ms", took.as_millis());
        self.heading("Played", &source)?;
        writeln!(
            self.out,
            "  a phone call, {events} events over a WebSocket, as a relay streams them;"
        )?;
        writeln!(
            self.out,
            "      the caller's first words were transcribed after the answer to them"
        )?;
        writeln!(
            self.out,
            "  {messages} WhatsApp messages over HTTP, as a bridge posts them: two customers, one"
        )?;
        writeln!(
            self.out,
            "      message delivered twice, a reply typed on the business's own phone"
        )
    }

    fn queue(&mut self, queue: &Value) -> io::Result<()> {
        self.heading("The queue", "GET /api/tickets/queue")?;
        for ticket in queue["tickets"].as_array().into_iter().flatten() {
            let (number, at) =
                (ticket["id"].as_u64().unwrap_or_default(), clock(&ticket["created_at"]));
            let [name, phone, priority, status] =
                ["customer_name", "customer_phone", "priority", "status"]
                    .map(|key| text(&ticket[key]));
            writeln!(
                self.out,
                "  #{number:<6}{at}  {name:<10} {phone:<15} {priority:<8} {status}"
            )?;
        }
        let note = self.dim("The call has ended: it waits for nobody.");
        writeln!(self.out, "  {note}")
    }

    fn transcript(&mut self, ticket: &Value, timeline: &Value) -> io::Result<()> {
        let number = &ticket["number"];
        let title = format!("Ticket #{number}, {}", text(&ticket["requester_name"]));
        self.heading(&title, &format!("GET /api/tickets/{number}/timeline, times in UTC"))?;
        let facts = ["ticket_id", "channel", "status", "category"].map(|key| text(&ticket[key]));
        let facts: Vec<_> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        writeln!(self.out, "  {}", facts.join(", "))?;
        if let Some(summary) = ticket["summary"].as_str() {
            self.wrapped("  summary: ", summary)?;
        }
        writeln!(self.out)?;
        for entry in timeline["entries"].as_array().into_iter().flatten() {
            let speaker = match text(&entry["speaker"]) {
                "user" => "customer",
                other => other,
            };
            self.wrapped(
                &format!("  {}  {speaker:<10}", clock(&entry["at"])),
                text(&entry["body"]),
            )?;
            for call in entry["tool_calls"].as_array().into_iter().flatten() {
                let (arguments, output) = (text(&call["arguments"]), text(&call["output"]));
                let margin = " ".repeat(INDENT);
                self.wrapped(&format!("{margin}given    "), arguments)?;
                self.wrapped(&format!("{margin}returned "), output)?;
            }
        }
        Ok(())
    }

    pub fn invitation(
        &mut self,
        address: SocketAddr,
        tokens: &Tokens,
        password: &str,
        played: &Played,
    ) -> io::Result<()> {
        let Tokens { agent, read, ingest, admin } = tokens;
        let base = format!("http://{address}");
        self.heading("The workspace", &base)?;
        writeln!(
            self.out,
            "  What agents work in, in a browser: log in as one of the people below."
        )?;
        self.heading("The API", &format!("{base}/docs"))?;
        writeln!(
            self.out,
            "  Every call, to be tried in the browser: press Authorize and give it a token."
        )?;
        self.heading("People", "POST /api/auth/login")?;
        for Login { name, email, role } in &PEOPLE {
            let who = self.dim(&format!("{name}, {role}"));
            writeln!(self.out, "  login: {email:<18}  {password}  {who}")?;
        }
        self.heading("Tokens", "")?;
        for (role, use_, token) in [
            ("agent", "Dewi, who works the queue", agent),
            ("read", "a wallboard", read),
            ("ingest", "bridges and relays", ingest),
            ("admin", "everything", admin),
        ] {
            writeln!(self.out, "  {role:<7} {token}  {}", self.dim(use_))?;
        }
        self.heading("Try", "in another terminal")?;
        let message = r#"{"messages":[{"key":{"remoteJid":"628111222333@s.whatsapp.net","id":"TRY-1"},"pushName":"Sari","message":{"conversation":"Is anybody there?"}}]}"#;
        let claim = format!("{base}/api/tickets/{}/claim", played.other_chat);
        let curl = "curl -s -H 'Authorization: Bearer";
        writeln!(self.out, "  {curl} {agent}' {base}/api/tickets/queue")?;
        writeln!(self.out, "  {curl} {agent}' -X POST {claim}")?;
        writeln!(self.out, "  {curl} {ingest}' -d '{message}' {base}/webhook/baileys")?;
        writeln!(self.out, "\nIt stays up until Ctrl-C.")?;
        self.out.flush()
    }

    /// `prefix`, then `text` in lines as wide as the page, the further ones below the first.
    fn wrapped(&mut self, prefix: &str, text: &str) -> io::Result<()> {
        let indent = prefix.chars().count();
        for (at, line) in lines(text, WIDTH - indent).into_iter().enumerate() {
            if at == 0 {
                writeln!(self.out, "{prefix}{line}")?;
            } else {
                writeln!(self.out, "{:indent$}{line}", "")?;
            }
        }
        Ok(())
    }
}

/// Reads the queue and the two transcripts from the API and shows them.
pub async fn tickets(
    address: SocketAddr,
    token: &str,
    played: &Played,
    page: &mut Page<'_>,
) -> Result<(), Failure> {
    let mut desk = Client::connect(address, token).await?;
    page.queue(&desk.get_json("/api/tickets/queue").await?)?;
    for number in [played.call, played.chat] {
        let ticket = desk.get_json(&format!("/api/tickets/{number}")).await?;
        let timeline = desk.get_json(&format!("/api/tickets/{number}/timeline?limit=100")).await?;
        page.transcript(&ticket, &timeline)?;
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The time of day, UTC, of an RFC 3339 time.
fn clock(at: &Value) -> &str {
    text(at).get(11..19).unwrap_or_default()
}

/// `text` in lines of at most `width` characters, broken between words where that is possible.
fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for (at, piece) in letters.chunks(width).enumerate() {
            if length > 0 && (at > 0 || length + 1 + piece.len() > width) {
                lines.push(String::new());
                length = 0;
            }
            if let Some(line) = lines.last_mut() {
                if length > 0 {
                    line.push(' ');
                    length += 1;
                }
                line.extend(piece);
                length += piece.len();
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_words_and_long_texts_stay_within_the_page() {
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(lines("", 4), [""]);
    }

    fn shown(colours: bool) -> String {
        let mut out = Vec::new();
        let ticket = json!({"number": 1001, "requester_name": "Maya", "ticket_id": "GXS-1", "channel": "call", "status": "closed", "category": null, "summary": "A fee"});
        let timeline = json!({"entries": [
            {"at": "2026-03-14T09:20:00.5Z", "speaker": "user", "body": "Hello", "tool_calls": null},
            {"at": "2026-03-14T09:20:01.5Z", "speaker": "agent", "body": "[Tool Call: find]", "tool_calls": [{"name": "find", "arguments": "{}", "output": "[]"}]},
        ]});
        Page::new(&mut out, colours).transcript(&ticket, &timeline).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_transcript_names_who_spoke_when_and_what_tools_returned() {
        let plain = "\nTicket #1001, Maya  GET /api/tickets/1001/timeline, times in UTC\n  GXS-1, call, closed\n  summary: A fee\n\n  \
            09:20:00  customer  Hello\n  09:20:01  agent     [Tool Call: find]\n                      given    {}\n                      returned []\n";
        assert_eq!(shown(false), plain);
    }

    #[test]
    fn colours_are_for_terminals() {
        assert!(!shown(false).contains('\x1b'));
        assert!(shown(true).contains("\x1b[1mTicket #1001, Maya\x1b[0m"));
    }
}
