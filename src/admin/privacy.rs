//! Erasing, retention, encryption: what of the command line's requests concerns privacy.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::Answer;
use crate::domain::reference::FIRST_NUMBER;
use crate::engine::Engine;
use crate::engine::command::{Actor, Origin};
use crate::engine::compaction::Compaction;
use crate::engine::privacy::{Because, RootKey, Who};

#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// `now`: the store is written anew at once, if it must be.
    Erase { who: String, now: bool },
    /// What the rules of retention want gone; `delete` does it.
    Retention { delete: bool },
    /// Writes the store anew, so that all of it lies as the configuration wants.
    Rewrite,
    /// Puts the keyring under another root key: 64 hex digits, or a passphrase.
    Rotate { key: Option<String>, passphrase: Option<String> },
}

/// Nobody reads a root key in a log.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a request that concerns privacy")
    }
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Report {
    Erased {
        tickets: u64,
        /// Words may still lie in the files until the store is written anew.
        rewrite_owed: bool,
        encrypted: bool,
        keys_left: bool,
    },
    /// Tickets of a channel and a category, and the oldest of them.
    Due {
        channel: String,
        category: Option<String>,
        tickets: u64,
        oldest: u64,
    },
    /// Tickets deleted so far, all in all.
    Deleted {
        tickets: u64,
    },
    /// Bytes of the store's file.
    Rewritten {
        before: u64,
        after: u64,
        encrypted: bool,
    },
    Rotated,
}

/// Carries out a request; what came of it goes to `out`.
pub async fn carry_out(
    engine: &Engine,
    request: Request,
    out: &mpsc::Sender<Answer>,
) -> Result<(), String> {
    let encrypted = engine.shared().seal.encrypts();
    match request {
        Request::Erase { who, now } => {
            let by = (Actor::System, Origin::COMMAND_LINE);
            let reason = Some("on the command line".to_owned());
            let erased = engine.erase(by, Who::parse(&who), reason).await;
            let Some(erased) = erased.map_err(|e| e.to_string())? else {
                return Err("nobody is known by this: give a contact's id, a phone number, an e-mail address or a chat address".into());
            };
            let mut rewrite_owed = erased.rewrite;
            if now && erased.rewrite {
                engine.compact(0, false).await?;
                rewrite_owed = engine.shared().owes_rewrite();
            }
            let (tickets, keys_left) = (erased.tickets, erased.keys_left);
            tell(out, Report::Erased { tickets, rewrite_owed, encrypted, keys_left }).await
        }
        Request::Retention { delete } => retention(engine, delete, out).await,
        Request::Rewrite => match engine.rewrite().await? {
            Compaction::Done { compacted, .. } => {
                let (before, after) = (compacted.before, compacted.after);
                tell(out, Report::Rewritten { before, after, encrypted }).await
            }
            Compaction::NotWorthIt(_) => Ok(()),
        },
        Request::Rotate { key, passphrase } => {
            let key = key.and_then(|digits| RootKey::of_key_file(digits.as_bytes()));
            let root = key.or(passphrase.map(RootKey::Passphrase));
            let root = root.ok_or("neither a key nor a passphrase was given")?;
            let keys = engine.shared().seal.keys().ok_or(
                "the store is not encrypted and has no keyring; set store.encryption first",
            )?;
            let keys = Arc::clone(keys);
            let rotating = tokio::task::spawn_blocking(move || keys.rotate(&root));
            let rotated = rotating.await.map_err(|_| "rotating the root key panicked")?;
            rotated.map_err(|e| e.to_string())?;
            tell(out, Report::Rotated).await
        }
    }
}

async fn tell(out: &mpsc::Sender<Answer>, report: Report) -> Result<(), String> {
    out.send(Answer::Privacy(report)).await.map_err(|_| "the reader has gone".to_owned())
}

async fn retention(
    engine: &Engine,
    delete: bool,
    out: &mpsc::Sender<Answer>,
) -> Result<(), String> {
    let clock = engine.shared().clock();
    let Some(clock) = clock.filter(|clock| clock.trusted) else {
        return Err(
            "the clock is not trusted: nothing is deleted until a time server has set it".into()
        );
    };
    let mut from = FIRST_NUMBER;
    let mut found: BTreeMap<(String, Option<String>), (u64, u64)> = BTreeMap::new();
    let mut deleted = 0;
    loop {
        let (due, next) = engine.outdated(from, clock.state.wall).map_err(|e| e.to_string())?;
        for (ticket, days) in due {
            let group = (ticket.channel.as_str().to_owned(), ticket.category);
            let (count, oldest) = found.entry(group).or_insert((0, ticket.number));
            *count += 1;
            *oldest = ticket.number.min(*oldest);
            if delete {
                let because = Because::Retention { days };
                engine.purge(ticket.number, because).await.map_err(|e| e.to_string())?;
                deleted += 1;
            }
        }
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    for ((channel, category), (tickets, oldest)) in found {
        tell(out, Report::Due { channel, category, tickets, oldest }).await?;
    }
    if delete { tell(out, Report::Deleted { tickets: deleted }).await } else { Ok(()) }
}
