//! What runs on the box, what ran before, and the copies from before upgrades: what somebody wants to know before a
//! newer package is put in, or an older one again. Nothing is asked of anybody outside.

use axum::Json;
use axum::extract::State as Shared;
use jiff::Timestamp;
use serde::Serialize;

use super::State;
use super::error::Failure;
use crate::describe::{self, ToSchema};
use crate::engine::last_backup::LastBackup;
use crate::engine::versions::{self, Ran, UpgradeCopy};
use crate::wire::problem::Problem;

#[derive(Serialize, ToSchema)]
pub struct UpdatesView {
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// What its build was told of its source; null if nothing
    commit: Option<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    built_at: Option<Timestamp>,
    /// As packages for this box are named: arm64, armhf, amd64
    #[schema(example = "arm64")]
    architecture: &'static str,
    /// Of the store's rows; a newer frontdesk upgrades it when it first starts. Null while the store does not answer
    format: Option<u32>,
    /// What has worked on this data directory, the newest first
    versions: Vec<Ran>,
    /// What upgrades copied before they changed anything
    copies: Vec<UpgradeCopy>,
    /// None if none was ever made
    last_backup: Option<LastBackup>,
}

/// What runs here and ran before, and the copies that upgrades made
#[describe::path(get, path = "/api/system/updates", operation_id = "read_updates", tag = "operations", responses((status = 200, body = UpdatesView)))]
pub async fn read(Shared(state): Shared<State>) -> Result<Json<UpdatesView>, Failure> {
    let format = state.engine.status().await.store.map(|store| store.format);
    let data_dir = state.data_dir.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let mut versions = versions::read(&data_dir);
        versions.reverse();
        (versions, versions::copies(&data_dir), LastBackup::read(&data_dir))
    });
    let (versions, copies, last_backup) = looked.await.map_err(|_| {
        Problem::new(500, "Internal Server Error", "the data directory was not looked at")
    })?;
    let built_at = env!("BUILT_AT").parse().ok().and_then(|at| Timestamp::from_second(at).ok());
    Ok(Json(UpdatesView {
        version: env!("CARGO_PKG_VERSION"),
        commit: versions::commit(),
        built_at,
        architecture: architecture(),
        format,
        versions,
        copies,
        last_backup,
    }))
}

/// Debian's name of the processor.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        "arm" => "armhf",
        "x86_64" => "amd64",
        other => other,
    }
}
