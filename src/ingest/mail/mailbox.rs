//! A mailbox that is read over IMAP: which mail is next, and what becomes of it.
//!
//! What always holds: the position lies in one plan with what it stands for, so a mail is taken once, whatever dies when; a
//! mail that cannot be taken is put aside and keeps none behind it; while the store takes nothing, nothing is fetched.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use rustls::ClientConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::fetch::{Fetched, Mailbox};
use super::{NotTaken, Sizes, read};
use crate::config::{Config, MailConfig};
use crate::domain::mail::MailboxPosition;
use crate::domain::time::Micros;
use crate::engine::command::{Actor, Command, Refusal, Reply, Submission};
use crate::engine::mail::MailCommand;
use crate::engine::{self, Engine};
use crate::net::{self, ClientError};
use crate::telemetry::sources::Told;

/// Before the second try; doubles with each that fails, up to [`LONGEST`].
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(120);
/// How often what came is tried again while the store cannot be written.
const RETRY: Duration = Duration::from_millis(500);
/// Mails that were put aside and are kept.
const MAX_ASIDE: usize = 1000;
/// The directory of those.
const ASIDE: &str = "mail-failed";
/// The mailbox among the sources, and the door in figures.
const NAME: &str = "email";

pub struct Reader {
    config: MailConfig,
    /// By which the mailbox's position is known.
    name: String,
    tls: Arc<ClientConfig>,
    sizes: Sizes,
    aside: PathBuf,
}

impl Reader {
    /// None where no mailbox is configured.
    pub fn of(config: &Config) -> Result<Option<Reader>, ClientError> {
        let mail = config.mail.clone();
        if !mail.imap.is_set() {
            return Ok(None);
        }
        let tls = Arc::new(net::trust(&mail.imap.ca_file)?);
        let name = format!("{}@{}/{}", mail.imap.user, mail.imap.host, mail.mailbox.name);
        let sizes = sizes(config);
        let aside = config.data_dir.join(ASIDE);
        Ok(Some(Reader { config: mail, name, tls, sizes, aside }))
    }

    /// Reads until the set is dropped or `stop` turns true.
    pub fn start(self, running: &mut JoinSet<()>, engine: &Engine, stop: &watch::Receiver<bool>) {
        let told = engine.shared().metrics.sources.add(NAME, "imap");
        let (engine, mut stop) = (engine.clone(), stop.clone());
        running.spawn(
            async move {
                tokio::select! {
                    () = self.run(&engine, &told) => {}
                    _ = stop.wait_for(|stop| *stop) => {}
                }
            }
            .boxed(),
        );
    }

    async fn run(&self, engine: &Engine, told: &Told) {
        let mut pause = PAUSE;
        loop {
            let before = told.now().connects;
            let why = match self.connect(engine, told).await {
                Ok(()) => return,
                Err(why) => why,
            };
            if told.now().connects > before {
                pause = PAUSE;
            }
            tracing::warn!(why, "the mailbox is looked at again in {pause:?}");
            told.change(|told| {
                told.connected_since = None;
                told.last_error = Some(why);
            });
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// One connection; ends with an error, or because the daemon stops.
    async fn connect(&self, engine: &Engine, told: &Told) -> Result<(), String> {
        let mut mailbox = Mailbox::open(&self.config, &self.tls).await?;
        told.change(|told| {
            told.connected_since = Some(SystemTime::now());
            told.connects += 1;
            told.last_error = None;
        });
        let known = self.position(engine)?;
        let (mut position, since) = match known {
            Some(known) if known.uid_validity == mailbox.uid_validity => (known, None),
            // The server has numbered its mails anew: what came before is known by its Message-ID.
            Some(known) => (self.at(&mailbox, 0), Some(known.at)),
            None if self.config.mailbox.from_beginning => (self.at(&mailbox, 0), None),
            None => {
                let newest = mailbox.newest().await?;
                let position = self.at(&mailbox, newest);
                self.keep(engine, position).await?;
                (position, None)
            }
        };
        let mut since = since;
        loop {
            let waiting = mailbox.behind(position.uid, since.take()).await?;
            let newest = waiting.last().copied().unwrap_or(position.uid);
            told.change(|told| {
                told.newest = u64::from(newest);
                told.dealt_with = u64::from(position.uid);
            });
            for uid in waiting {
                let fetched = mailbox.fetch(uid, self.sizes.mail).await?;
                position = self.at(&mailbox, uid);
                let outcome = match fetched {
                    // Somebody has deleted it meanwhile.
                    None => self.keep(engine, position).await.map(|()| true)?,
                    Some(fetched) => self.take(engine, fetched, position).await,
                };
                if !outcome {
                    return Ok(());
                }
                if self.config.mailbox.mark_seen {
                    mailbox.mark_seen(uid).await?;
                }
                told.change(|told| {
                    told.events += 1;
                    told.last_event = Some(SystemTime::now());
                    told.dealt_with = u64::from(uid);
                });
            }
            mailbox = mailbox.wait(self.config.mailbox.poll).await?;
        }
    }

    fn at(&self, mailbox: &Mailbox, uid: u32) -> MailboxPosition {
        let at = Micros(jiff::Timestamp::now().as_microsecond());
        MailboxPosition { uid_validity: mailbox.uid_validity, uid, at }
    }

    fn position(&self, engine: &Engine) -> Result<Option<MailboxPosition>, String> {
        let row = engine.shared().seal.hash("mailbox", &[self.name.as_bytes()]);
        engine.read(|rows| rows.get::<MailboxPosition>(&row)).map_err(|error| error.to_string())
    }

    async fn keep(&self, engine: &Engine, position: MailboxPosition) -> Result<(), String> {
        let mailbox = self.name.clone();
        let command = Command::Mail(MailCommand::Begin { mailbox, position });
        let submission = Submission::new(Actor::System, command);
        engine.submit(submission).await.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Takes a mail, however long the store needs. False: the daemon stops.
    async fn take(&self, engine: &Engine, fetched: Fetched, position: MailboxPosition) -> bool {
        let Fetched { raw, cut } = fetched;
        loop {
            let place = Some((self.name.clone(), position));
            let taken = match read(engine, self.sizes, Arc::clone(&raw), place, cut).await {
                Ok(mail) => self.submit(engine, mail).await,
                Err(error) => Err(error),
            };
            match taken {
                Ok(became) => {
                    engine.shared().metrics.event(NAME, became);
                    return true;
                }
                Err(NotTaken::Engine(engine::Error::Stopping)) => return false,
                Err(error) if may_pass(&error) => {
                    tracing::warn!(%error, "a mail waits for the store");
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => {
                    engine.shared().metrics.event(NAME, "failed");
                    let why = error.to_string();
                    if self.put_aside(&raw, position, &why).await
                        && self.keep(engine, position).await.is_ok()
                    {
                        return true;
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn submit(
        &self,
        engine: &Engine,
        mail: engine::mail::NewMail,
    ) -> Result<&'static str, NotTaken> {
        let command = Command::Mail(MailCommand::Take(Box::new(mail)));
        let actor = Actor::Token { name: NAME.into() };
        match engine.submit(Submission::new(actor, command)).await? {
            Reply::Mail { became, .. } => Ok(became.as_str()),
            _ => Ok("stored"),
        }
    }

    /// Keeps a mail that could not be taken as a file, so that somebody may look at it. False: it could not be kept.
    async fn put_aside(&self, raw: &Arc<[u8]>, position: MailboxPosition, why: &str) -> bool {
        let (dir, raw) = (self.aside.clone(), Arc::clone(raw));
        let name = format!("{}-{}.eml", position.uid_validity, position.uid);
        let shown = dir.join(&name).display().to_string();
        let written = tokio::task::spawn_blocking(move || write_aside(&dir, &name, &raw)).await;
        match written.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(true) => tracing::error!(why, "a mail could not be taken; it is kept as {shown}"),
            Ok(false) => {
                tracing::error!(
                    why,
                    "a mail could not be taken; {MAX_ASIDE} such are kept already"
                );
            }
            Err(error) => {
                tracing::error!(why, %error, "a mail could be neither taken nor kept");
                return false;
            }
        }
        true
    }
}

/// False: there are too many already. The mail itself stays in its mailbox.
fn write_aside(dir: &std::path::Path, name: &str, raw: &[u8]) -> std::io::Result<bool> {
    use std::io::Write;
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    if std::fs::read_dir(dir)?.count() >= MAX_ASIDE {
        return Ok(false);
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file =
        options.write(true).create(true).truncate(true).mode(0o600).open(dir.join(name))?;
    file.write_all(raw)?;
    file.sync_all()?;
    Ok(true)
}

/// Whether it is worth trying again.
fn may_pass(error: &NotTaken) -> bool {
    match error {
        NotTaken::NoMail => false,
        NotTaken::Engine(error) => match error {
            engine::Error::Refused(refusal) => {
                matches!(refusal, Refusal::Overloaded(_) | Refusal::Store(_))
            }
            engine::Error::Panicked => false,
            _ => true,
        },
    }
}

/// What the configuration lets in.
pub fn sizes(config: &Config) -> Sizes {
    let mail = usize::try_from(config.mail.max_size).unwrap_or(usize::MAX);
    Sizes { mail, file: config.attachments.max_size }
}
