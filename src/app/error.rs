//! Why the daemon does not start, or does not stop in order; told to whoever started it.

use std::io;
use std::net::SocketAddr;

use super::{owner, root_key};
use crate::auth::signing::SigningError;
use crate::engine;
use crate::engine::rows::ReadError;
use crate::ingest::SpeechError;
use crate::ingest::sources::SourceError;
use crate::net::ClientError;
use crate::net::tls::TlsError;
use crate::store::OpenError;
use crate::store::keyfile::KeyError;
use crate::workers::outbox::BridgeError;

#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error("{0}: {1}")]
    Io(String, io::Error),
    #[error("cannot listen on {0}: {1}; choose another address with --listen or http.listen")]
    Listen(SocketAddr, io::Error),
    #[error(
        "{0}, a socket of systemd's, is on the network, where tokens and transcripts would be in clear: set http.tls to \"self\" or \"files\", or http.allow_plaintext = true behind a proxy that speaks TLS"
    )]
    Plaintext(SocketAddr),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Owner(#[from] owner::WrongUser),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    RootKey(#[from] root_key::RootKeyError),
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Speech(#[from] SpeechError),
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("the store opens but cannot be read: {0}")]
    Read(#[from] ReadError),
    #[error("{0}")]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    #[error("webhooks.ca_file: {0}")]
    Webhooks(#[from] ClientError),
    #[error("mail.imap.ca_file: {0}")]
    Mailbox(ClientError),
    #[error("privacy.patterns: {0:?}: {1}")]
    Pattern(String, String),
    #[error("the store did not close in order: {0}")]
    Close(String),
}
