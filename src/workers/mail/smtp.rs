//! One mail to the server, over a connection of its own.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use lettre::message::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::outbox::Verdict;
use super::Mailer;
use crate::config::MailTls;
use crate::net::mail::{self, Begin, Protocol, Stream, Target};

/// Characters of the server's own words that are told to the agent.
const MAX_WORDS: usize = 300;
/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// How far an attempt came before it failed.
enum Step {
    /// What is wrong is wrong with the server, or with who we are to it.
    Before,
    /// What is wrong is wrong with this mail.
    Mail,
}

pub async fn send(mailer: &Mailer, message: &Message, id: String) -> Verdict {
    let timeout = mailer.config.smtp.timeout;
    let late = || Verdict::Passing {
        error: format!("the mail server did not answer within {timeout:?}"),
        detail: String::new(),
        retry_after: None,
        uncertain: true,
    };
    // A large mail over a slow line takes longer than any single answer.
    let patience = timeout * 4;
    match tokio::time::timeout(patience, give(mailer, message)).await {
        Err(_) => late(),
        Ok(Ok(())) => Verdict::Sent { id: Some(id) },
        Ok(Err(verdict)) => verdict,
    }
}

async fn give(mailer: &Mailer, message: &Message) -> Result<(), Verdict> {
    let server = &mailer.config.smtp;
    let (begin, usual) = match server.tls {
        MailTls::Tls => (Begin::AtOnce, 465),
        MailTls::Starttls => (Begin::Asked, 587),
        MailTls::None => (Begin::Never, 587),
    };
    let target = Target {
        host: &server.host,
        port: if server.port == 0 { usual } else { server.port },
        begin,
        protocol: Protocol::Smtp,
        tls: &mailer.tls,
        timeout: server.timeout,
    };
    let password = server.password().map_err(|error| {
        Verdict::passing(&format!("mail.smtp.password_file cannot be read: {error}"))
    })?;
    let stream = mail::dial(&target).await.map_err(|error| Verdict::passing(&error.to_string()))?;
    let domain = mailer.sender.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let hello = ClientId::Domain(domain.to_owned());
    let failed = |step: Step| move |error: Error| verdict(&error, &step);
    let connecting = AsyncSmtpConnection::connect_with_transport(Box::new(Wire(stream)), &hello);
    let mut connection = connecting.await.map_err(failed(Step::Before))?;
    if !server.user.is_empty() {
        let credentials = Credentials::new(server.user.clone(), password);
        let shown = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
        shown.map_err(failed(Step::Before))?;
    }
    let sent = connection.send(message.envelope(), &message.formatted()).await;
    let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
    sent.map(|_| ()).map_err(failed(Step::Mail))
}

fn verdict(error: &Error, step: &Step) -> Verdict {
    let words: String = told(error).chars().filter(|c| !c.is_control()).take(MAX_WORDS).collect();
    let code = error.status().map(|code| code.to_string());
    if let (Step::Mail, true) = (step, error.is_permanent()) {
        return Verdict::Refused(format!("the mail server refused it: {words}"));
    }
    if error.is_client() && matches!(step, Step::Mail) {
        return Verdict::Refused(format!("it cannot be sent: {words}"));
    }
    let what = match step {
        Step::Before => "the mail server does not let us in",
        Step::Mail => "the mail server did not take it for now",
    };
    // Its words may name the customer: the log gets the number alone.
    let error_code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    let uncertain = matches!(step, Step::Mail) && error.status().is_none();
    let error = format!("{what}{error_code}");
    Verdict::Passing { error, detail: words, retry_after: None, uncertain }
}

/// An error with what caused it.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Our connection, as lettre wants one.
struct Wire(Stream);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0.peer())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
