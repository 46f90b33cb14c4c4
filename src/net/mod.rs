//! TLS for those who come ([`tls`]), and outbound HTTP and WebSocket: one way out of the box for everything that calls
//! others; [`guard`] for addresses that users name.
//!
//! What always holds: TLS is rustls on ring with roots that are inside the binary (and those of a file that
//! the configuration names); names are resolved by us, as getaddrinfo in a static binary is not safe; no
//! redirect is followed and no proxy of the environment is used; everything has a limit in time.

pub mod guard;
pub mod mail;
pub mod resolver;
pub mod s3;
pub mod tls;
pub mod websocket;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// Between two pieces of an answer.
const SILENCE: Duration = Duration::from_secs(30);

const USER_AGENT: &str = concat!("frontdesk/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{file}: {why}")]
    Certificates { file: String, why: String },
    #[error("no TLS can be spoken: {0}")]
    Setup(String),
}

/// What this end of TLS trusts: the public certificate authorities, and those of `ca_file` unless it is empty.
pub fn trust(ca_file: &Path) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if !ca_file.as_os_str().is_empty() {
        add(&mut roots, ca_file)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| ClientError::Setup(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// An HTTP client that trusts as [`trust`] does.
pub fn client(ca_file: &Path) -> Result<Client, ClientError> {
    build(ca_file, |client| client)
}

/// The same with a connection of its own for every request: what a server sends too much can never be taken for
/// the answer to the next one.
pub fn single_use_client(ca_file: &Path) -> Result<Client, ClientError> {
    build(ca_file, |client| client.pool_max_idle_per_host(0))
}

fn build(
    ca_file: &Path,
    kind: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Client, ClientError> {
    build_with(ca_file, Arc::new(resolver::Resolver), kind)
}

fn build_with<R: Resolve + 'static>(
    ca_file: &Path,
    names: Arc<R>,
    kind: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Client, ClientError> {
    let client = Client::builder()
        .tls_backend_preconfigured(trust(ca_file)?)
        .dns_resolver(names)
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .user_agent(USER_AGENT);
    kind(client).build().map_err(|error| ClientError::Setup(error.to_string()))
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), ClientError> {
    let fail = |why: String| ClientError::Certificates { file: file.display().to_string(), why };
    let pem = std::fs::read(file).map_err(|error| fail(error.to_string()))?;
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| fail(format!("no PEM: {error:?}")))?;
        roots.add(certificate).map_err(|error| fail(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(fail("holds no certificate; expected PEM, -----BEGIN CERTIFICATE-----".into()));
    }
    Ok(())
}
