//! `[mail]`: mail in and out. Without `smtp.host` nothing goes out, without `imap.host` no mailbox is read.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::masked::Masked;
use super::problem::Limits;
use super::units::{self, KIB, MIB};
use crate::domain::channel::Channel;
use crate::domain::email;

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// As whom the desk writes: `Support <support@example.org>`, or the address alone.
    pub from: String,
    /// Where replies go, if not to `from`.
    pub reply_to: String,
    /// Where the tag stands by which a reply finds its ticket.
    pub tag: TagPlace,
    pub signature: String,
    /// The customer of a new ticket is told that it is there.
    pub receipts: bool,
    /// The customer of a resolved ticket is asked to rate it.
    pub rating: bool,
    /// The caller is sent what the call came to (S0.63).
    pub call_summary: bool,
    /// Where customers look at a ticket, with `{number}` and `{token}`.
    pub portal_link: String,
    /// Tickets of these channels are answered by mail.
    pub channels: Vec<String>,
    /// Automatic mails to one address in an hour.
    pub automatic_per_hour: u32,
    /// Bytes of a mail that is taken, and of one that is sent.
    #[serde(deserialize_with = "units::size")]
    pub max_size: u64,
    #[serde(deserialize_with = "units::duration")]
    pub retry_first: Duration,
    #[serde(deserialize_with = "units::duration")]
    pub retry_longest: Duration,
    /// After which a mail is given up.
    #[serde(deserialize_with = "units::duration")]
    pub retry_for: Duration,
    pub smtp: MailServer,
    pub imap: MailServer,
    pub mailbox: MailboxConfig,
    pub templates: MailTemplates,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagPlace {
    Address,
    Subject,
    Both,
    None,
}

impl TagPlace {
    pub fn in_address(self) -> bool {
        matches!(self, TagPlace::Address | TagPlace::Both)
    }

    pub fn in_subject(self) -> bool {
        matches!(self, TagPlace::Subject | TagPlace::Both)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From the first byte.
    Tls,
    /// After a word in the clear, which nothing but TLS may follow.
    Starttls,
    /// Only on this machine, unless `allow_plaintext` says otherwise.
    None,
}

/// A server of mail, and who we are to it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailServer {
    pub host: String,
    /// 0 is the usual one.
    pub port: u16,
    pub tls: MailTls,
    pub allow_plaintext: bool,
    pub user: String,
    pub password: Masked,
    /// A file that holds the password; empty is none.
    pub password_file: PathBuf,
    /// PEM certificates that are trusted besides the usual ones; empty is none.
    pub ca_file: PathBuf,
    #[serde(deserialize_with = "units::duration")]
    pub timeout: Duration,
}

impl MailServer {
    /// Whether it is to be used.
    pub fn is_set(&self) -> bool {
        !self.host.is_empty()
    }

    /// The password, from the configuration or from its file. Read anew for every connection, as it may change.
    pub fn password(&self) -> std::io::Result<String> {
        if self.password_file.as_os_str().is_empty() {
            return Ok(self.password.0.clone());
        }
        let text = std::fs::read_to_string(&self.password_file)?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn check(&self, name: &str, limits: &mut Limits) {
        let key = |field: &str| format!("mail.{name}.{field}");
        let (second, range) = (Duration::from_secs(1), Duration::from_secs(300));
        limits.duration(&key("timeout"), self.timeout, second..=range);
        let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@');
        if self.host.len() > 253 || self.host.contains(bad) {
            let found = &self.host;
            limits.broken(
                key("host"),
                format!("found {found:?}, expected a name as \"mail.example.org\""),
            );
        }
        if self.tls == MailTls::None && self.is_set() && !self.allow_plaintext && !self.is_here() {
            limits.broken(
                key("tls"),
                format!("is \"none\", which goes to this machine only: {:?} would get password and mails in the clear; expected \"tls\" or \"starttls\", or allow_plaintext = true", self.host),
            );
        }
        if !self.password.0.is_empty() && !self.password_file.as_os_str().is_empty() {
            limits.broken(key("password_file"), "there is a password too; one of them");
        }
        if self.user.len() > 254 || self.user.contains(char::is_control) {
            limits.broken(key("user"), "must be at most 254 bytes without control characters");
        }
    }

    fn is_here(&self) -> bool {
        let address = self.host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

/// How a mailbox is read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailboxConfig {
    pub name: String,
    /// How often it is looked at where the server tells of no new mail by itself.
    #[serde(deserialize_with = "units::duration")]
    pub poll: Duration,
    /// Whether the mails that lay in it before the first look become tickets too.
    pub from_beginning: bool,
    /// Whether what was taken is marked as read.
    pub mark_seen: bool,
}

/// What automatic mails say, with `{number}`, `{subject}`, `{name}`, `{desk}`, `{link}`, and `{text}` in a summary.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailTemplates {
    pub receipt: String,
    pub rating: String,
    pub links: String,
    pub summary: String,
}

/// An address with the name before it, if there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sender {
    pub name: String,
    pub address: String,
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            f.write_str(&self.address)
        } else {
            write!(f, "{} <{}>", self.name, self.address)
        }
    }
}

impl Sender {
    /// Reads `Support <support@example.org>` or the address alone.
    pub fn parse(text: &str) -> Option<Sender> {
        let (name, address) = match text.trim().strip_suffix('>').and_then(|t| t.split_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
            None => ("", text.trim()),
        };
        let good = email::is_address(address) && !name.contains(['<', '>', '"', '\r', '\n']);
        good.then(|| Sender { name: name.to_owned(), address: address.to_owned() })
    }
}

/// Characters of a template, and of the signature.
const MAX_TEMPLATE: usize = 10_000;

impl MailConfig {
    pub fn sender(&self) -> Option<Sender> {
        Sender::parse(&self.from)
    }

    /// Where replies go.
    pub fn reply_address(&self) -> Option<String> {
        let own = Sender::parse(&self.reply_to).or_else(|| self.sender());
        own.map(|sender| sender.address)
    }

    /// The channels whose tickets are answered by mail.
    pub fn answered(&self) -> Vec<Channel> {
        self.channels.iter().filter_map(|name| Channel::parse(name)).collect()
    }

    pub(super) fn check(&self, limits: &mut Limits) {
        let (milli, second) = (Duration::from_millis(1), Duration::from_secs(1));
        let (hour, day) = (second * 3600, second * 86_400);
        limits.count("mail.automatic_per_hour", self.automatic_per_hour, 0..=1000);
        limits.size("mail.max_size", self.max_size, 64 * KIB..=100 * MIB);
        limits.duration("mail.retry_first", self.retry_first, milli * 10..=hour);
        limits.duration("mail.retry_longest", self.retry_longest, milli * 100..=day);
        limits.duration("mail.retry_for", self.retry_for, second..=day * 30);
        limits.duration("mail.mailbox.poll", self.mailbox.poll, milli * 100..=hour);
        if self.retry_longest < self.retry_first {
            limits.broken("mail.retry_longest", "must be at least mail.retry_first");
        }
        for (key, text) in [("mail.from", &self.from), ("mail.reply_to", &self.reply_to)] {
            if !text.is_empty() && Sender::parse(text).is_none() {
                limits.broken(
                    key,
                    format!("found {text:?}, expected \"Support <support@example.org>\" or the address alone"),
                );
            }
        }
        if self.smtp.is_set() && self.from.is_empty() {
            limits.broken(
                "mail.from",
                "is empty, expected who mails are from, as \"Support <support@example.org>\"",
            );
        }
        for channel in self.channels.iter().filter(|name| Channel::parse(name).is_none()) {
            limits.broken(
                "mail.channels",
                format!("{channel:?} is no channel, as \"email\" or \"web\""),
            );
        }
        let link = &self.portal_link;
        let web = ["https://", "http://"].iter().any(|scheme| link.starts_with(scheme));
        let good = web && link.contains("{token}") && link.len() <= 500;
        if !link.is_empty() && !good {
            limits.broken(
                "mail.portal_link",
                "expected an address with {token} in it, as \"https://desk.example.org/portal/tickets/{number}?token={token}\"",
            );
        }
        let templates = &self.templates;
        for (key, text) in [
            ("mail.signature", &self.signature),
            ("mail.templates.receipt", &templates.receipt),
            ("mail.templates.rating", &templates.rating),
            ("mail.templates.links", &templates.links),
            ("mail.templates.summary", &templates.summary),
        ] {
            if text.chars().count() > MAX_TEMPLATE {
                limits.broken(key, format!("must be at most {MAX_TEMPLATE} characters"));
            }
        }
        let mailbox = &self.mailbox.name;
        if mailbox.is_empty() || mailbox.len() > 200 || mailbox.contains(char::is_control) {
            limits.broken("mail.mailbox.name", "must be 1 to 200 bytes, as \"INBOX\"");
        }
        self.smtp.check("smtp", limits);
        self.imap.check("imap", limits);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sources};

    fn refusal(settings: &[(&str, &str)]) -> String {
        let environment = settings.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let sources = Sources { environment, ..Sources::default() };
        Config::load(&sources).map(|_| String::new()).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn mails_go_in_the_clear_to_this_machine_only() {
        let from = ("FRONTDESK_MAIL__FROM", "Support <support@example.org>");
        let none = ("FRONTDESK_MAIL__SMTP__TLS", "none");
        let here = ("FRONTDESK_MAIL__SMTP__HOST", "127.0.0.1");
        let there = ("FRONTDESK_MAIL__SMTP__HOST", "mail.example.org");
        assert_eq!(refusal(&[from, none, here]), "");
        assert!(refusal(&[from, none, there]).contains("mail.smtp.tls"));
        let said = ("FRONTDESK_MAIL__SMTP__ALLOW_PLAINTEXT", "true");
        assert_eq!(refusal(&[from, none, there, said]), "");
    }

    #[test]
    fn what_is_wrong_with_mail_is_told_with_its_key() {
        let host = ("FRONTDESK_MAIL__SMTP__HOST", "mail.example.org");
        assert!(refusal(&[host]).contains("mail.from"));
        assert!(refusal(&[("FRONTDESK_MAIL__FROM", "support")]).contains("Support <support@"));
        assert!(refusal(&[("FRONTDESK_MAIL__PORTAL_LINK", "desk/{token}")]).contains("https://"));
        assert!(refusal(&[("FRONTDESK_MAIL__CHANNELS", "[\"fax\"]")]).contains("fax"));
    }
}
