//! What leads clients to TLS: the certificate of the box's own authority to download, and the listener that
//! sends plain HTTP on.

use axum::Router;
use axum::extract::State as Shared;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HOST, LOCATION};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::State;
use super::error::Failure;
use crate::describe;
use crate::wire::problem::Problem;

/// The certificate of the box's own authority, for browsers and bridges to trust.
///
/// 404 where the certificate is not of the box's making (`http.tls`).
#[describe::path(get, path = "/ca.pem", tag = "operations", security(()), responses((status = 200, body = String, content_type = "application/x-pem-file")))]
pub async fn authority(Shared(state): Shared<State>) -> Result<Response, Failure> {
    let pem = state.authority.clone().ok_or_else(|| {
        let why = "the box has no authority of its own: http.tls is not \"self\"";
        Problem::new(404, "Not Found", why)
    })?;
    let headers = [
        (CONTENT_TYPE, "application/x-pem-file"),
        (CONTENT_DISPOSITION, "attachment; filename=\"frontdesk-ca.pem\""),
    ];
    Ok((headers, pem.to_string()).into_response())
}

/// Answers everything with the same address under TLS at `port`.
pub fn redirect(port: u16) -> Router {
    Router::new().fallback(move |uri: Uri, headers: HeaderMap| async move {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let host = without_port(host);
        let good =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'[' | b']');
        if host.is_empty() || !host.bytes().all(good) {
            return StatusCode::BAD_REQUEST.into_response();
        }
        let port = if port == 443 { String::new() } else { format!(":{port}") };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let to = format!("https://{host}{port}{path}");
        // 308: a POST stays a POST, and with it a bridge that was set up without TLS goes on.
        (StatusCode::PERMANENT_REDIRECT, [(LOCATION, to)]).into_response()
    })
}

/// `[::1]:8080` is `[::1]`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}
