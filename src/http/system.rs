//! How the box is, for those who look after it.

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::State;
use crate::describe::{self, ToSchema};
use crate::domain::time::Micros;
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
    pub fingerprint: String,
    /// Whether the box's own authority signed it, which `/ca.pem` gives
    pub authority: bool,
    /// Whose it is: its common name
    #[schema(example = "desk.example.org")]
    pub subject: Option<String>,
    /// Who signed it
    pub issuer: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub not_before: Option<Micros>,
    /// When it ends
    #[schema(value_type = Option<String>, format = DateTime)]
    pub not_after: Option<Micros>,
    /// When the box makes the next one by itself; null where somebody has to put newer files
    #[schema(value_type = Option<String>, format = DateTime)]
    pub renews_at: Option<Micros>,
    /// holds, ends_soon (within 30 days and not renewed by itself), ended, or not_yet
    pub state: CertificateState,
}

/// How a certificate stands to the clock of the box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    Holds,
    EndsSoon,
    Ended,
    NotYet,
}

/// The state of the box: store, journal, disk, memory, doors, bridges, clock, the last backup, the certificate. Counts,
/// sizes in bytes and spans in seconds; nothing of anybody. What `frontdesk status --json` says, and the certificate.
#[describe::path(get, path = "/api/system", operation_id = "read_system", tag = "operations", responses((status = 200, body = SystemView)))]
pub async fn read(Shared(state): Shared<State>) -> Json<SystemView> {
    let data_dir = state.data_dir.clone();
    let note = tokio::task::spawn_blocking(move || LastBackup::read(&data_dir));
    Json(SystemView {
        status: state.engine.status().await,
        last_backup: note.await.ok().flatten(),
        certificate: state.certificate.as_ref().map(|told| told()),
    })
}
