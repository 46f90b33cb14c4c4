//! A backup over the admin socket: the daemon scans, the command line packs, encrypts and stores.
//!
//! So the daemon needs neither the target nor the passphrase. Behind the request come parts, each as its kind
//! (u8), its length (u32 little endian) and its bytes; kind 0 is the text of an error, and the last thing told.

use std::io::{self, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::path::Path;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::Request;
use crate::engine::Engine;
use crate::engine::backup::{Kind, MAX_PART, Part, ScanError};
use crate::telemetry::progress::Progress;

const ERROR: u8 = 0;
/// Parts that are scanned ahead of a slow reader.
const AHEAD: usize = 2;

/// Sends a backup's parts until the end, an error, or until the reader has gone.
pub async fn send(engine: &Engine, out: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let (parts, mut ready) = mpsc::channel(AHEAD);
    let mut scan = engine.scan(Progress::default());
    let scanning = tokio::task::spawn_blocking(move || {
        while let Some(part) = scan.part().transpose() {
            let failed = part.is_err();
            if parts.blocking_send(part).is_err() || failed {
                break;
            }
        }
    });
    while let Some(part) = ready.recv().await {
        let (kind, bytes) = match part {
            Ok(Part { kind, bytes }) => (kind as u8, bytes),
            Err(error) => (ERROR, error.to_string().into_bytes()),
        };
        out.write_u8(kind).await?;
        out.write_u32_le(bytes.len() as u32).await?;
        out.write_all(&bytes).await?;
    }
    drop(ready);
    scanning.await.map_err(io::Error::other)?;
    out.shutdown().await
}

/// Why the parts of a backup stopped coming.
#[derive(Debug, thiserror::Error)]
pub enum PartsError {
    #[error("the daemon ended before it had told everything: {0}")]
    Gone(#[from] io::Error),
    #[error("{0}")]
    Told(String),
    #[error("the daemon told something that is no part of a backup; is it the same version?")]
    Unknown,
    #[error(transparent)]
    Scan(#[from] ScanError),
}

/// The parts of a backup as the daemon sends them.
pub struct Parts {
    stream: BufReader<UnixStream>,
    ended: bool,
}

/// Asks the daemon that runs on this data directory for a backup. `None` when none does.
pub fn ask(data_dir: &Path) -> io::Result<Option<Parts>> {
    let stream = super::send_request(data_dir, &Request::Backup, None)?;
    Ok(stream
        .map(|stream| Parts { stream: BufReader::with_capacity(1 << 16, stream), ended: false }))
}

impl Parts {
    /// The next part; none behind the end.
    pub fn part(&mut self) -> Result<Option<Part>, PartsError> {
        if self.ended {
            return Ok(None);
        }
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_PART {
            return Err(PartsError::Unknown);
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        if kind == ERROR {
            return Err(PartsError::Told(String::from_utf8_lossy(&bytes).into_owned()));
        }
        let kind = Kind::from_number(kind).ok_or(PartsError::Unknown)?;
        self.ended = kind == Kind::End;
        Ok(Some(Part { kind, bytes }))
    }
}
