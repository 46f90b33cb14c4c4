//! Keeps the certificate that listeners show fresh: changed files are read, one that nears its end is made anew.

use std::sync::Arc;
use std::time::Duration;

use crate::net::tls::Certificates;

const PACE: Duration = Duration::from_secs(5);

pub async fn run(certificates: Arc<Certificates>) {
    let mut told = None;
    loop {
        tokio::time::sleep(PACE).await;
        let renewing = Arc::clone(&certificates);
        // Reads files and may make keys.
        let renewed = tokio::task::spawn_blocking(move || renewing.renew()).await;
        match renewed {
            Ok(Ok(true)) => {
                told = None;
                let sha256 = certificates.fingerprint();
                tracing::info!(sha256, "listeners show another certificate");
            }
            Ok(Ok(false)) => {}
            // Half-written files come out right the next time; what stays wrong is told once.
            Ok(Err(error)) if told.as_ref() != Some(&error.to_string()) => {
                tracing::error!(%error, "the certificate stays as it was");
                told = Some(error.to_string());
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
}
