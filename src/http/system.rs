//! How the box is, for those who look after it.

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use crate::engine::last_backup::LastBackup;
use crate::engine::status::Status;

#[derive(Serialize, ToSchema)]
pub struct SystemView {
    #[serde(flatten)]
    status: Status,
    /// None if none was ever made
    last_backup: Option<LastBackup>,
    /// What listeners show; none where they speak no TLS
    certificate: Option<CertificateView>,
}

#[derive(Serialize, ToSchema)]
pub struct CertificateView {
    /// SHA-256, as browsers show it
    #[schema(example = "3F:9A:…")]
    fingerprint: String,
    /// Whether the box's own authority signed it, which `/ca.pem` gives
    authority: bool,
}

/// The state of the box: store, journal, disk, memory, doors, bridges, clock, the last backup, the certificate. Counts,
/// sizes in bytes and spans in seconds; nothing of anybody. What `frontdesk status --json` says, and the certificate.
#[utoipa::path(get, path = "/api/system", operation_id = "read_system", tag = "operations", responses((status = 200, body = SystemView)))]
pub async fn read(Shared(state): Shared<State>) -> Json<SystemView> {
    let data_dir = state.data_dir.clone();
    let note = tokio::task::spawn_blocking(move || LastBackup::read(&data_dir));
    let authority = state.authority.is_some();
    let shown = state.fingerprint.as_ref();
    Json(SystemView {
        status: state.engine.status().await,
        last_backup: note.await.ok().flatten(),
        certificate: shown
            .map(|fingerprint| CertificateView { fingerprint: fingerprint(), authority }),
    })
}
