//! TLS for those who come to us: the certificate that listeners show, made here or read from files, and
//! replaced while they run.
//!
//! What always holds: rustls on ring, TLS 1.2 and 1.3 only; a listener always has a whole certificate with its
//! key. One that cannot be read or made later leaves the one before in place.

mod made;
pub mod names;
mod told;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use crate::config::{HttpConfig, Tls};
pub use told::{Standing, Told};

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{0}: {1}")]
    Io(String, io::Error),
    #[error("{file}: {why}")]
    File { file: String, why: String },
    #[error("no certificate could be made: {0}")]
    Made(#[from] rcgen::Error),
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// Below the data directory, with what the box has made.
const DIRECTORY: &str = "tls";

/// What listeners show, and where it comes from.
#[derive(Debug)]
pub struct Certificates {
    current: Arc<Current>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// A leaf of the box's own authority, in this directory.
    Made {
        dir: PathBuf,
        names: Vec<String>,
    },
    Files {
        certificates: PathBuf,
        key: PathBuf,
    },
}

/// The certificate of the moment.
struct Current(RwLock<(Arc<CertifiedKey>, Seen)>);

/// What tells whether the source has something newer: times of files.
type Seen = Vec<Option<SystemTime>>;

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).0))
    }
}

impl Certificates {
    /// None when `http.tls` is off. Makes the box's authority and certificate at the first start.
    pub fn open(config: &HttpConfig, data_dir: &Path) -> Result<Option<Certificates>, TlsError> {
        let source = match config.tls {
            Tls::Off => return Ok(None),
            Tls::SelfMade => {
                let mut names = names::of_this_box(config.listen.ip());
                names.extend(config.tls_names.iter().cloned());
                names.sort_unstable();
                names.dedup();
                Source::Made { dir: data_dir.join(DIRECTORY), names }
            }
            Tls::Files => Source::Files {
                certificates: config.tls_cert_file.clone(),
                key: config.tls_key_file.clone(),
            },
        };
        let loaded = source.load()?;
        let current = Arc::new(Current(RwLock::new(loaded)));
        Ok(Some(Certificates { current, source }))
    }

    /// Whether the box has made its certificate.
    pub fn are_made(data_dir: &Path) -> bool {
        let dir = data_dir.join(DIRECTORY);
        [made::LEAF, made::LEAF_KEY].iter().all(|file| dir.join(file).exists())
    }

    /// The fingerprint of what is there, read and not made, and what it tells of itself.
    pub fn look(config: &HttpConfig, data_dir: &Path) -> Result<(String, Option<Told>), TlsError> {
        let dir = data_dir.join(DIRECTORY);
        let pair = match config.tls {
            Tls::Files => read(&config.tls_cert_file, &config.tls_key_file)?,
            Tls::Off | Tls::SelfMade => read(&dir.join(made::LEAF), &dir.join(made::LEAF_KEY))?,
        };
        let der = pair.cert.first().map_or(&[][..], |certificate| certificate.as_ref());
        Ok((fingerprint(der), told::read(der)))
    }

    /// What a listener needs.
    pub fn server(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let resolver: Arc<dyn ResolvesServerCert> = Arc::clone(&self.current) as _;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Takes what is new: changed files, or another leaf when the present one nears its end. Whether there was
    /// something.
    pub fn renew(&self) -> Result<bool, TlsError> {
        let seen = self.source.seen();
        let is_same = self.current.0.read().unwrap_or_else(PoisonError::into_inner).1 == seen;
        if is_same && !self.source.is_due() {
            return Ok(false);
        }
        let loaded = self.source.load()?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(true)
    }

    /// The SHA-256 of the certificate that clients see, as browsers show it.
    pub fn fingerprint(&self) -> String {
        let current = self.current.0.read().unwrap_or_else(PoisonError::into_inner);
        fingerprint(current.0.cert.first().map_or(&[], |certificate| certificate.as_ref()))
    }

    /// What that certificate tells of itself.
    pub fn told(&self) -> Option<Told> {
        let current = self.current.0.read().unwrap_or_else(PoisonError::into_inner);
        told::read(current.0.cert.first()?)
    }

    /// When the box makes the next one by itself; none where somebody has to put files.
    pub fn renews_at(&self) -> Option<Timestamp> {
        match &self.source {
            Source::Made { dir, .. } => made::due_at(dir),
            Source::Files { .. } => None,
        }
    }

    /// The certificate of the box's own authority, as PEM, and its fingerprint: what clients are told to trust.
    pub fn authority(&self) -> Option<(String, String)> {
        let Source::Made { dir, .. } = &self.source else { return None };
        let pem = fs::read_to_string(dir.join(made::AUTHORITY)).ok()?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        Some((pem, fingerprint(&der)))
    }
}

fn fingerprint(der: &[u8]) -> String {
    let pairs: Vec<String> = Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

impl Source {
    fn load(&self) -> Result<(Arc<CertifiedKey>, Seen), TlsError> {
        let (certificates, key) = match self {
            Source::Made { dir, names } => {
                made::bring_up_to_date(dir, names)?;
                (dir.join(made::LEAF), dir.join(made::LEAF_KEY))
            }
            Source::Files { certificates, key } => (certificates.clone(), key.clone()),
        };
        // Before reading: what changes meanwhile is read again.
        let seen = self.seen();
        Ok((Arc::new(read(&certificates, &key)?), seen))
    }

    fn seen(&self) -> Seen {
        match self {
            Source::Made { .. } => Vec::new(),
            Source::Files { certificates, key } => [certificates, key]
                .map(|path| fs::metadata(path).and_then(|file| file.modified()).ok())
                .to_vec(),
        }
    }

    fn is_due(&self) -> bool {
        match self {
            Source::Made { dir, names } => made::is_due(dir, names),
            Source::Files { .. } => false,
        }
    }
}

/// A chain and its key, which must belong together.
fn read(certificates: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let fail = |path: &Path, why: String| TlsError::File { file: path.display().to_string(), why };
    let text = |path: &Path| {
        fs::read(path).map_err(|error| TlsError::Io(path.display().to_string(), error))
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text(certificates)?).collect();
    let chain = chain.map_err(|error| fail(certificates, format!("no PEM: {error:?}")))?;
    if chain.is_empty() {
        let why = "holds no certificate; expected PEM, -----BEGIN CERTIFICATE-----";
        return Err(fail(certificates, why.into()));
    }
    let private = PrivateKeyDer::from_pem_slice(&text(key)?).map_err(|_| {
        fail(key, "holds no private key; expected PEM, -----BEGIN PRIVATE KEY-----".into())
    })?;
    let signer = any_supported_type(&private)
        .map_err(|error| fail(key, format!("a key that cannot be used: {error}")))?;
    let pair = CertifiedKey::new(chain, signer);
    pair.keys_match().map_err(|error| {
        fail(
            key,
            format!("does not belong to the certificate in {}: {error}", certificates.display()),
        )
    })?;
    Ok(pair)
}
