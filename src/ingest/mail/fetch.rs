//! IMAP, as far as reading one mailbox needs it. Every step has a limit in time.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_imap::{Client, Session};
use futures_util::TryStreamExt;
use rustls::ClientConfig;

use crate::config::{MailConfig, MailTls};
use crate::domain::time::Micros;
use crate::net::mail::{self, Begin, Protocol, Stream, Target};

/// How long a server may be listened to without a word from us; routers forget silent connections.
const LISTEN: Duration = Duration::from_secs(540);
/// Mails that are asked for by number at once, so that an answer stays short.
const MAX_BEHIND: usize = 1000;
/// Days before the last look from which on mails are read again when a server has numbered them anew.
const AGAIN: i64 = 2;

/// A mail, or the beginning of one.
pub struct Fetched {
    pub raw: Arc<[u8]>,
    /// Its end is missing.
    pub cut: bool,
}

/// A mailbox that is open.
pub struct Mailbox {
    session: Session<Stream>,
    pub uid_validity: u32,
    next: Option<u32>,
    listens: bool,
    timeout: Duration,
}

/// Runs one step within its limit, and says which it was when it fails.
async fn step<T, E: fmt::Display>(
    timeout: Duration,
    what: &str,
    doing: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match tokio::time::timeout(timeout, doing).await {
        Ok(Ok(done)) => Ok(done),
        // Servers repeat what was asked: never more than a line of it.
        Ok(Err(error)) => {
            let told: String =
                error.to_string().chars().filter(|c| !c.is_control()).take(160).collect();
            Err(format!("IMAP {what}: {told}"))
        }
        Err(_) => Err(format!("IMAP {what}: no answer within {timeout:?}")),
    }
}

impl Mailbox {
    pub async fn open(config: &MailConfig, tls: &Arc<ClientConfig>) -> Result<Mailbox, String> {
        let server = &config.imap;
        let timeout = server.timeout;
        let (begin, usual) = match server.tls {
            MailTls::Tls => (Begin::AtOnce, 993),
            MailTls::Starttls => (Begin::Asked, 143),
            MailTls::None => (Begin::Never, 143),
        };
        let port = if server.port == 0 { usual } else { server.port };
        let (host, protocol) = (server.host.as_str(), Protocol::Imap);
        let target = Target { host, port, begin, protocol, tls, timeout };
        let password = server.password();
        let password =
            password.map_err(|error| format!("mail.imap.password_file cannot be read: {error}"))?;
        let stream = mail::dial(&target).await.map_err(|error| error.to_string())?;
        let mut client = Client::new(stream);
        step(timeout, "greeting", client.read_response()).await?;
        let login =
            async { client.login(&server.user, &password).await.map_err(|(error, _)| error) };
        let mut session = step(timeout, "login", login).await?;
        let can = step(timeout, "capabilities", session.capabilities()).await?;
        let listens = can.has_str("IDLE");
        let selected = step(timeout, "select", session.select(&config.mailbox.name)).await?;
        let uid_validity =
            selected.uid_validity.ok_or("the server numbers no mails (UIDVALIDITY)")?;
        Ok(Mailbox { session, uid_validity, next: selected.uid_next, listens, timeout })
    }

    /// The number of the newest mail; 0 where there is none.
    pub async fn newest(&mut self) -> Result<u32, String> {
        if let Some(next) = self.next {
            return Ok(next.saturating_sub(1));
        }
        let all = step(self.timeout, "search", self.session.uid_search("ALL")).await?;
        Ok(all.into_iter().max().unwrap_or(0))
    }

    /// The next mails behind a number, in order; only those that came since shortly before this time, if one is told.
    pub async fn behind(&mut self, uid: u32, since: Option<Micros>) -> Result<Vec<u32>, String> {
        while self.session.unsolicited_responses.try_recv().is_ok() {}
        let first = uid.saturating_add(1);
        let mut query = format!("UID {first}:*");
        let day = since.and_then(|at| jiff::Timestamp::from_microsecond(at.0).ok());
        if let Some(day) = day.map(|at| at - jiff::SignedDuration::from_hours(24 * AGAIN)) {
            query = format!("{query} SINCE {}", day.strftime("%d-%b-%Y"));
        }
        let found = step(self.timeout, "search", self.session.uid_search(&query)).await?;
        // `*` is the last mail, even if that lies before the first one asked for.
        let mut found: Vec<u32> = found.into_iter().filter(|found| *found >= first).collect();
        found.sort_unstable();
        found.truncate(MAX_BEHIND);
        Ok(found)
    }

    /// A mail, up to so many bytes of it; none if it is not there any more.
    pub async fn fetch(&mut self, uid: u32, max: usize) -> Result<Option<Fetched>, String> {
        // Slow lines take their time with large mails.
        let patience = self.timeout * 10;
        let query = format!("(UID RFC822.SIZE BODY.PEEK[]<0.{max}>)");
        let doing = async {
            let stream = self.session.uid_fetch(uid.to_string(), &query).await?;
            stream.try_collect::<Vec<_>>().await
        };
        let fetched = step(patience, "fetch", doing).await?;
        let found = fetched.iter().find(|mail| mail.uid == Some(uid) && mail.body().is_some());
        Ok(found.and_then(|mail| {
            let raw: Arc<[u8]> = mail.body()?.into();
            let cut = mail.size.is_some_and(|size| size as usize > raw.len() && raw.len() >= max);
            Some(Fetched { raw, cut })
        }))
    }

    pub async fn mark_seen(&mut self, uid: u32) -> Result<(), String> {
        let doing = async {
            let query = "+FLAGS.SILENT (\\Seen)";
            let stream = self.session.uid_store(uid.to_string(), query).await?;
            stream.try_collect::<Vec<_>>().await.map(|_| ())
        };
        step(self.timeout, "store", doing).await
    }

    /// Waits until the server tells of something new, or until it is time to look by ourselves.
    pub async fn wait(self, poll: Duration) -> Result<Mailbox, String> {
        let Mailbox { mut session, uid_validity, next, listens, timeout } = self;
        if listens {
            // What was told since the last search, in whatever answer, is news as well.
            let told = session.unsolicited_responses.clone();
            let mut idle = session.idle();
            step(timeout, "idle", idle.init()).await?;
            if told.is_empty() {
                // Held until the end: dropped, it would end the wait.
                let (news, _stop) = idle.wait();
                if let Ok(Err(error)) = tokio::time::timeout(LISTEN, news).await {
                    return Err(format!("IMAP idle: {error}"));
                }
            }
            session = step(timeout, "done", idle.done()).await?;
        } else {
            tokio::time::sleep(poll).await;
            step(timeout, "noop", session.noop()).await?;
        }
        Ok(Mailbox { session, uid_validity, next, listens, timeout })
    }
}
