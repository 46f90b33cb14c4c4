//! Mails that come in: one way for those that are posted ([`door`]) and those that are fetched ([`mailbox`]).
//!
//! What always holds: a mail's files are on the disk before the command that speaks of them; who delivers a mail is told
//! that it was taken when its ticket is on the disk, and may deliver it again at any time.

pub(super) mod door;
mod fetch;
pub mod mailbox;

use sha2::{Digest, Sha256};

use crate::auth::token::hex;
use crate::domain::file::{MAX_ATTACHED, SNIFFED, clean_name, media_type};
use crate::domain::mail::{MAX_FULL, MAX_PEOPLE, MailboxPosition, message_ids, tags};
use crate::domain::time::Micros;
use crate::domain::words::head;
use crate::engine::files::Kept;
use crate::engine::mail::{MailPerson, Nature, NewMail};
use crate::engine::portal::NewFile;
use crate::engine::{self, Engine};
use crate::wire::mail::{self as wire, Person};

/// How large what comes may be, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Of a mail.
    pub mail: usize,
    /// Of one of its files.
    pub file: u64,
}

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    #[error("it is no mail: it has no headers")]
    NoMail,
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

/// A raw mail, as the engine takes it: its files go to the disk on the way. `cut` is true where its end is missing.
pub async fn read(
    engine: &Engine,
    sizes: Sizes,
    raw: impl AsRef<[u8]> + Send + 'static,
    mailbox: Option<(String, MailboxPosition)>,
    cut: bool,
) -> Result<NewMail, NotTaken> {
    let store = engine.files().clone();
    let needed = engine.shared().space().needed;
    let reading = tokio::task::spawn_blocking(move || {
        let raw = raw.as_ref();
        let mail = wire::parse(raw).ok_or(NotTaken::NoMail)?;
        let free = store.free().map_err(|error| unwritable(&error))?;
        let wanted = needed.saturating_add(raw.len() as u64);
        if free < wanted {
            let why = format!("{free} bytes are free, {wanted} are needed for this");
            return Err(engine::Error::NoSpace(why).into());
        }
        let mut notes = Vec::new();
        let mut files = Vec::new();
        let mut left_out = mail.files_left_out;
        for file in &mail.files {
            if file.bytes.len() as u64 > sizes.file || files.len() == MAX_ATTACHED {
                left_out += 1;
                continue;
            }
            let mut new = store.begin().map_err(|error| unwritable(&error))?;
            new.write(&file.bytes).map_err(|error| unwritable(&error))?;
            let Kept { sha256, key } = new.keep().map_err(|error| unwritable(&error))?;
            let head = &file.bytes[..file.bytes.len().min(SNIFFED)];
            files.push(NewFile {
                name: clean_name(&file.name),
                media_type: media_type(head).to_owned(),
                bytes: file.bytes.len() as u64,
                sha256,
                key,
            });
        }
        if left_out > 0 {
            notes.push(format!(
                "{left_out} files of this mail were too large, or too many, and are not here."
            ));
        }
        if cut {
            notes.push("This mail was too large (mail.max_size): its end is missing.".to_owned());
        }
        let note = (!notes.is_empty()).then(|| notes.join("\n"));
        Ok(NewMail { mailbox, files, note, ..said(mail, raw) })
    });
    reading.await.map_err(|error| {
        tracing::error!(%error, "reading a mail panicked");
        NotTaken::Engine(engine::Error::Panicked)
    })?
}

fn unwritable(error: &std::io::Error) -> NotTaken {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return engine::Error::NoSpace("the disk is full".into()).into();
    }
    tracing::error!(%error, "an attachment cannot be written");
    engine::Error::Unavailable(format!("a file cannot be written: {error}")).into()
}

/// What a mail says, in the engine's words.
fn said(mail: wire::Mail, raw: &[u8]) -> NewMail {
    let ids = |id: &String| message_ids(id).into_iter().next();
    let id = mail.message_id.as_ref().and_then(ids);
    // Without an id the very bytes are what comes again.
    let id = id.unwrap_or_else(|| format!("{}@none", hex(&Sha256::digest(raw))));
    let places = mail.to.iter().chain(&mail.cc).chain(&mail.delivered_to).chain([&mail.subject]);
    let found = places.flat_map(|place| tags(place)).take(MAX_PEOPLE);
    let found = found.map(|(number, tag)| (number, tag.to_owned())).collect();
    let full = (mail.text != mail.words).then(|| head(&mail.text, MAX_FULL).to_owned());
    let name = mail.from.as_ref().and_then(|from| from.name.clone());
    let answered = mail.reply_to.filter(|to| crate::domain::email::is_address(&to.address));
    let from = answered
        .or(mail.from)
        .map(|Person { name: own, address }| MailPerson { name: own.or(name), address });
    let mut references = message_ids(&mail.references);
    references.retain(|reference| *reference != id);
    NewMail {
        mailbox: None,
        references,
        tags: found,
        subject: mail.subject,
        from,
        to: mail.to,
        cc: mail.cc,
        sent_at: mail.sent_at.and_then(believable),
        words: mail.words,
        full,
        nature: match mail.nature {
            wire::Nature::Person => Nature::Person,
            wire::Nature::AutoReply => Nature::AutoReply,
            wire::Nature::Automatic => Nature::Automatic,
            wire::Nature::Bounce(wire::Bounce { of, failed, why }) => {
                Nature::Bounce { of, failed, why }
            }
        },
        own: mail.own,
        files: Vec::new(),
        note: None,
        id,
    }
}

/// A date of the years in which mails are written; no program's 1970.
fn believable(at: i64) -> Option<Micros> {
    const YEAR_2000: i64 = 946_684_800_000_000;
    (at > YEAR_2000).then_some(Micros(at))
}
