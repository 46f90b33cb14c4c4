//! Gives mails of the outbox to the mail server. When, how often and for how long is the outbox's affair
//! ([`super::outbox`]); here is one attempt.
//!
//! What always holds: every attempt at a mail is the same mail, under the same Message-ID; what the server refuses for good
//! has failed, what is wrong with the server itself is tried again.

mod compose;
mod smtp;
mod template;

use std::io::Read;
use std::sync::Arc;

use lettre::message::Message;
use rustls::ClientConfig;

use super::outbox::Verdict;
use crate::config::{Config, MailConfig, MailSender};
use crate::domain::entry::Entry;
use crate::domain::file::StoredFile;
use crate::domain::mail::Mail;
use crate::domain::ticket::Ticket;
use crate::engine::Engine;
use crate::engine::outbox::Waiting;
use crate::engine::rows::key;
use crate::net::{self, ClientError};

/// The way out for mails.
pub struct Mailer {
    pub config: MailConfig,
    sender: MailSender,
    /// Where replies go.
    reply: String,
    desk: String,
    tls: Arc<ClientConfig>,
}

/// What a mail is made of.
struct Letter {
    entry: Entry,
    mail: Mail,
    ticket: Ticket,
    files: Vec<(StoredFile, Vec<u8>)>,
    /// Names of files that would make it too large.
    left_out: Vec<String>,
    /// The address and the number of each ticket that it links to.
    links: Vec<(u64, String)>,
    tag: String,
    own_mark: String,
}

impl Mailer {
    /// None where no mail goes out.
    pub fn of(config: &Config) -> Result<Option<Mailer>, ClientError> {
        let mail = config.mail.clone();
        let (Some(sender), Some(reply)) = (mail.sender(), mail.reply_address()) else {
            return Ok(None);
        };
        if !mail.smtp.is_set() {
            return Ok(None);
        }
        let tls = Arc::new(net::trust(&mail.smtp.ca_file)?);
        let desk = match config.desk.name.as_str() {
            "" => sender.name.clone(),
            name => name.to_owned(),
        };
        Ok(Some(Mailer { config: mail, sender, reply, desk, tls }))
    }

    pub async fn attempt(&self, engine: &Engine, waiting: &Waiting) -> Verdict {
        let letter = match self.letter(engine, waiting).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return Verdict::Refused("it is not there any more".into()),
            Err(error) => return Verdict::passing(&error),
        };
        let id = letter.mail.message_id.clone();
        let message: Message = match compose::message(self, &letter) {
            Ok(message) => message,
            Err(why) => return Verdict::Refused(why),
        };
        smtp::send(self, &message, id).await
    }

    /// Reads what the mail is made of; none if it is gone.
    async fn letter(&self, engine: &Engine, waiting: &Waiting) -> Result<Option<Letter>, String> {
        let no = waiting.message.entry;
        let found = engine.read(|rows| {
            let Some(entry) = rows.get::<Entry>(&key::number(no))? else { return Ok(None) };
            let mail = rows.get::<Mail>(&key::of_entry(entry.ticket, entry.id, &[]))?;
            let (Some(mail), Some(ticket)) = (mail, rows.home(entry.ticket)?) else {
                return Ok(None);
            };
            let mut files = rows.files(entry.ticket)?;
            files.retain(|file| file.entry == Some(entry.id));
            Ok(Some((entry, mail, ticket, files)))
        });
        let Some((entry, mail, ticket, files)) = found.map_err(|error| error.to_string())? else {
            return Ok(None);
        };
        let (files, left_out) = self.attachments(engine, files).await?;
        let seal = &engine.shared().seal;
        let token = |number: &u64| crate::engine::mail::link_token(seal, &mail.message_id, *number);
        let link = |number: &u64| {
            let link = self.config.portal_link.replace("{number}", &number.to_string());
            (*number, link.replace("{token}", &token(number)))
        };
        let has_links = !self.config.portal_link.is_empty();
        let links = mail.links.iter().filter(|_| has_links).map(link).collect();
        let mac = crate::engine::mail::tag_mac(seal, ticket.number);
        let tag = crate::domain::mail::tag(ticket.number, &mac);
        let own_mark = crate::engine::mail::own_mark(seal);
        Ok(Some(Letter { entry, mail, ticket, files, left_out, links, tag, own_mark }))
    }

    /// The bytes of files, as many as find room in a mail, and the names of the others.
    async fn attachments(
        &self,
        engine: &Engine,
        files: Vec<StoredFile>,
    ) -> Result<(Vec<(StoredFile, Vec<u8>)>, Vec<String>), String> {
        let store = engine.files().clone();
        // Base64 makes four bytes of three, and the text wants a place too.
        let mut room = self.config.max_size / 4 * 3 / 8 * 7;
        let reading = tokio::task::spawn_blocking(move || {
            let (mut taken, mut left_out) = (Vec::new(), Vec::new());
            for file in files {
                if file.bytes > room {
                    left_out.push(file.name);
                    continue;
                }
                let mut bytes = Vec::new();
                store.read(&file)?.take(room).read_to_end(&mut bytes)?;
                room = room.saturating_sub(file.bytes);
                taken.push((file, bytes));
            }
            Ok((taken, left_out))
        });
        let read: std::io::Result<_> =
            reading.await.unwrap_or_else(|e| Err(std::io::Error::other(e)));
        read.map_err(|error| format!("an attachment cannot be read: {error}"))
    }
}
