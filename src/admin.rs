//! The unix socket by which the command line reaches a running daemon: `<data-dir>/admin.sock`, mode 0600.
//!
//! One connection, one request as a line of JSON; answers are lines of JSON, the last one `done` or `error`.
//! Without a running daemon the command line opens the store and calls [`answer`] itself.

pub mod backup;
pub mod privacy;
mod reindex;
pub mod user;

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Client;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::auth::{Authenticator, token};
use crate::domain::agent::Role;
pub use crate::domain::audit::AuditMark;
use crate::domain::contact::{Scope, Token};
use crate::domain::time::Micros;
pub use crate::engine::audit::read::{Line, Wanted};
use crate::engine::command::{Actor, Command, Origin, Reply, Submission};
use crate::engine::compaction::Compaction;
use crate::engine::export::{Export, Selection};
pub use crate::engine::last_backup::LastBackup;
pub use crate::engine::status::{
    BridgeStatus, ClockStatus, DoorStatus, SourceStatus, Status, StoreStatus,
};
pub use crate::engine::versions::commit;
use crate::engine::{Engine, verify};
use crate::telemetry::progress::Progress;
use user::{UserLine, UserRequest};

/// The socket's name in the data directory.
pub const SOCKET: &str = "admin.sock";
const MAX_REQUEST: u64 = 64 * 1024;
/// How long a daemon may take to say how it is: longer than it waits for its own writer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Answers under way to a slow reader.
const BACKLOG: usize = 16;
/// How often it is told how far a work has come: in time, and in files.
const TELL: Duration = Duration::from_millis(500);
const TELL_EVERY: u64 = 50;
/// Rows of the audit read at once.
const AUDIT_PAGE: usize = 500;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    TokenCreate {
        name: String,
        scopes: Vec<Scope>,
    },
    TokenList,
    TokenRevoke {
        id: u64,
    },
    /// People.
    User(UserRequest),
    /// Calls as S0.42, one answer each.
    Export {
        status: Option<String>,
        since: Option<i64>,
    },
    Verify {
        /// A head of the audit that was kept elsewhere.
        #[serde(default)]
        audit_head: Option<AuditMark>,
    },
    /// Rows of the audit, the newest first, one answer each; `limit` none: all.
    Audit {
        wanted: Wanted,
        limit: Option<usize>,
    },
    Status,
    /// The figures of `/metrics`.
    Metrics,
    /// The parts of a backup, in a stream of their own: [`backup`].
    Backup,
    /// Writes the store anew without the room it no longer uses.
    Compact,
    /// Builds the search index anew.
    Reindex,
    /// Erasing, retention, encryption.
    Privacy(privacy::Request),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Answer {
    /// The token itself, told once and never again.
    NewToken {
        id: u64,
        token: String,
    },
    Token(TokenLine),
    User(UserLine),
    /// A one-time link, told once and never again.
    Link {
        link: String,
    },
    /// `document` is the text of the file.
    Exported {
        ticket_id: String,
        document: String,
    },
    Verified {
        tickets: u64,
        entries: u64,
        audited: u64,
        findings: Vec<String>,
        more: u64,
    },
    Audited(Box<Line>),
    Status(Box<Status>),
    Metrics {
        text: String,
    },
    /// How far a long work has come; `total` is 0 while nobody knows.
    Progress {
        done: u64,
        total: u64,
    },
    /// Bytes of the store's file, and how long it took and kept the writer.
    Compacted {
        before: u64,
        after: u64,
        millis: u64,
        kept_writer_millis: u64,
    },
    /// How much the search index holds.
    Reindexed {
        documents: u64,
    },
    Privacy(privacy::Report),
    Done,
    Error {
        text: String,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenLine {
    pub id: u64,
    pub name: String,
    pub scopes: Vec<Scope>,
    /// RFC 3339
    pub created_at: String,
    pub revoked: bool,
}

impl From<&Token> for TokenLine {
    fn from(t: &Token) -> TokenLine {
        TokenLine {
            id: t.id,
            name: t.name.clone(),
            scopes: t.scopes.clone(),
            created_at: t.created_at.to_string(),
            revoked: t.revoked_at.is_some(),
        }
    }
}

/// Carries out a request; every answer goes to `out`, the last one is `Done` or `Error`.
pub async fn answer(
    engine: &Engine,
    auth: &Authenticator,
    request: Request,
    out: &mpsc::Sender<Answer>,
) {
    let last = match carry_out(engine, auth, request, out).await {
        Ok(()) => Answer::Done,
        Err(text) => Answer::Error { text },
    };
    // A reader that has gone wants no answer.
    let _ = out.send(last).await;
}

async fn carry_out(
    engine: &Engine,
    auth: &Authenticator,
    request: Request,
    out: &mpsc::Sender<Answer>,
) -> Result<(), String> {
    let gone = |_| "the reader has gone".to_owned();
    let submit =
        |command| engine.submit(Submission::new(Actor::System, command).from(Origin::COMMAND_LINE));
    match request {
        Request::TokenCreate { name, scopes } => {
            let token = token::generate().map_err(|e| e.to_string())?;
            let hash = token::hash(&token);
            let reply = submit(Command::CreateToken { name, hash, scopes }).await;
            match reply.map_err(|e| e.to_string())? {
                Reply::Token(made) => {
                    out.send(Answer::NewToken { id: made.id, token }).await.map_err(gone)
                }
                _ => Err("the engine gave a reply of another kind".into()),
            }
        }
        Request::TokenList => {
            for token in engine.shared().tokens() {
                out.send(Answer::Token(TokenLine::from(token.as_ref()))).await.map_err(gone)?;
            }
            Ok(())
        }
        Request::TokenRevoke { id } => {
            submit(Command::RevokeToken { id }).await.map(|_| ()).map_err(|e| e.to_string())
        }
        Request::User(request) => user::answer(engine, auth, request, out).await,
        Request::Export { status, since } => {
            let selection = Selection { status, since: since.map(Micros) };
            let calls = engine.select_calls(&selection);
            let total = calls.len() as u64;
            for (done, number) in (0..).zip(calls) {
                if done % TELL_EVERY == 0 {
                    out.send(Answer::Progress { done, total }).await.map_err(gone)?;
                }
                let found = engine.read(|rows| match rows.ticket(number)? {
                    Some(ticket) => Export::read(&rows, ticket).map(Some),
                    None => Ok(None),
                });
                let Some(export) = found.map_err(|e| e.to_string())? else { continue };
                let ticket_id = export.ticket.ticket_id.clone();
                let document = serde_json::to_string_pretty(&export).map_err(|e| e.to_string())?;
                out.send(Answer::Exported { ticket_id, document }).await.map_err(gone)?;
            }
            Ok(())
        }
        Request::Status => {
            let status = Box::new(engine.status().await);
            out.send(Answer::Status(status)).await.map_err(gone)
        }
        Request::Metrics => {
            let text = engine.shared().metrics.encode().map_err(|e| e.to_string())?;
            out.send(Answer::Metrics { text }).await.map_err(gone)
        }
        Request::Compact => {
            let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
            match engine.compact(0, false).await? {
                Compaction::Done { compacted, took } => out
                    .send(Answer::Compacted {
                        before: compacted.before,
                        after: compacted.after,
                        millis: millis(took),
                        kept_writer_millis: millis(compacted.kept_writer),
                    })
                    .await
                    .map_err(gone),
                Compaction::NotWorthIt(_) => Ok(()),
            }
        }
        Request::Audit { mut wanted, limit } => {
            let mut left = limit.unwrap_or(usize::MAX);
            loop {
                let page =
                    engine.audit(&wanted, left.min(AUDIT_PAGE)).map_err(|e| e.to_string())?;
                left -= page.lines.len();
                for line in page.lines {
                    out.send(Answer::Audited(Box::new(line))).await.map_err(gone)?;
                }
                wanted.before = page.next;
                if page.next.is_none() || left == 0 {
                    return Ok(());
                }
            }
        }
        Request::Verify { audit_head } => {
            let engine = engine.clone();
            let progress = Progress::default();
            let counting = progress.clone();
            let check = move || {
                let shared = engine.shared();
                verify::verify(&shared.reader, &shared.seal, audit_head, &counting)
            };
            let mut checked = tokio::task::spawn_blocking(check);
            let report = loop {
                match tokio::time::timeout(TELL, &mut checked).await {
                    Ok(report) => break report,
                    Err(_) => {
                        let (done, total) = progress.now();
                        out.send(Answer::Progress { done, total }).await.map_err(gone)?;
                    }
                }
            };
            let report = report.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
            out.send(Answer::Verified {
                tickets: report.tickets,
                entries: report.entries,
                audited: report.audited,
                findings: report.findings,
                more: report.more_findings,
            })
            .await
            .map_err(gone)
        }
        Request::Reindex => reindex::carry_out(engine, out).await,
        Request::Privacy(request) => privacy::carry_out(engine, request, out).await,
        Request::Backup => Err("a backup does not come as answers".into()),
    }
}

/// Listens at `path`, which only the daemon's own user may reach.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    // Whoever listened there before is gone: the lock on the store says so.
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the command line until the task is dropped.
pub async fn serve(listener: UnixListener, engine: Engine, auth: Arc<Authenticator>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (engine, auth) = (engine.clone(), Arc::clone(&auth));
                tokio::spawn(
                    async move {
                        if let Err(error) = connection(stream, &engine, &auth).await {
                            tracing::debug!(%error, "an admin connection ended early");
                        }
                    }
                    .boxed(),
                );
            }
            Err(error) => {
                tracing::warn!(%error, "an admin connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn connection(stream: UnixStream, engine: &Engine, auth: &Authenticator) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    tokio::io::BufReader::new(read.take(MAX_REQUEST)).read_line(&mut line).await?;
    let request = serde_json::from_str(&line);
    if let Ok(Request::Backup) = request {
        return backup::send(engine, &mut write).await;
    }
    let (out, mut answers) = mpsc::channel(BACKLOG);
    let work = async {
        match request {
            Ok(request) => answer(engine, auth, request, &out).await,
            Err(e) => {
                let text =
                    format!("the request is not understood ({e}); is this the same version?");
                let _ = out.send(Answer::Error { text }).await;
            }
        }
        drop(out);
    };
    let tell = async {
        while let Some(answer) = answers.recv().await {
            let mut bytes = serde_json::to_vec(&answer)?;
            bytes.push(b'\n');
            write.write_all(&bytes).await?;
        }
        write.shutdown().await
    };
    let ((), told) = tokio::join!(work, tell);
    told
}

/// Whether a daemon runs on this data directory.
pub fn is_running(data_dir: &Path) -> bool {
    Client::connect(data_dir.join(SOCKET)).is_ok()
}

/// Reads scopes as they are written on the command line.
pub fn scopes(words: &[String]) -> Result<Vec<Scope>, String> {
    let mut scopes = words
        .iter()
        .map(|w| {
            Scope::parse(w.trim()).ok_or_else(|| {
                format!("scope {w}: must be ingest, read, agent, admin or assistant")
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

/// Reads a role as it is written on the command line.
pub fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("role {word}: must be agent, supervisor or admin"))
}

/// Asks how the daemon is that runs on this data directory. `None` when none does; a daemon that does not answer
/// in time is an error.
pub fn status(data_dir: &Path) -> io::Result<Option<Status>> {
    match one(data_dir, &Request::Status)? {
        None => Ok(None),
        Some(Answer::Status(status)) => Ok(Some(*status)),
        Some(other) => Err(io::Error::other(format!("it answered {other:?}"))),
    }
}

/// The figures of the daemon that runs on this data directory, as [`status`].
pub fn metrics(data_dir: &Path) -> io::Result<Option<String>> {
    match one(data_dir, &Request::Metrics)? {
        None => Ok(None),
        Some(Answer::Metrics { text }) => Ok(Some(text)),
        Some(other) => Err(io::Error::other(format!("it answered {other:?}"))),
    }
}

fn one(data_dir: &Path, request: &Request) -> io::Result<Option<Answer>> {
    let Some(mut answers) = ask_within(data_dir, request, Some(PATIENCE))? else {
        return Ok(None);
    };
    let ended = || io::Error::other("it ended before it had answered");
    match answers.next().ok_or_else(ended)? {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(io::Error::other(format!("it did not answer in {PATIENCE:?}")))
        }
        Ok(Answer::Error { text }) => Err(io::Error::other(text)),
        answer => answer.map(Some),
    }
}

/// Asks the daemon that runs on this data directory. `None` when none does.
pub fn ask(
    data_dir: &Path,
    request: &Request,
) -> io::Result<Option<impl Iterator<Item = io::Result<Answer>> + use<>>> {
    ask_within(data_dir, request, None)
}

fn ask_within(
    data_dir: &Path,
    request: &Request,
    patience: Option<Duration>,
) -> io::Result<Option<impl Iterator<Item = io::Result<Answer>> + use<>>> {
    let stream = send_request(data_dir, request, patience)?;
    let lines = stream.map(|stream| BufReader::new(stream).lines());
    Ok(lines.map(|lines| lines.map(|line| Ok(serde_json::from_str(&line?)?))))
}

/// The connection on which a running daemon answers; `None` when none runs.
fn send_request(
    data_dir: &Path,
    request: &Request,
    patience: Option<Duration>,
) -> io::Result<Option<Client>> {
    let mut stream = match Client::connect(data_dir.join(SOCKET)) {
        Ok(stream) => stream,
        Err(e)
            if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) =>
        {
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    stream.set_read_timeout(patience)?;
    stream.set_write_timeout(patience)?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    Ok(Some(stream))
}
