//! The OpenAPI document and the page that shows it; both come out of the binary.

use std::io::Read;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::read::GzDecoder;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The page's largest file, packed, in bytes.
const MAX_FILE: usize = 4 << 20;

/// The page's files lie packed in the binary. Browsers take them so; for others they are unpacked.
async fn unpack(request: Request, next: Next) -> Response {
    let accepted = request.headers().get_all(ACCEPT_ENCODING).iter();
    let takes =
        accepted.filter_map(|value| value.to_str().ok()).any(|value| value.contains("gzip"));
    let mut response = next.run(request).await;
    if takes || response.headers_mut().remove(CONTENT_ENCODING).is_none() {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let mut plain = Vec::new();
    let unpacked = match to_bytes(body, MAX_FILE).await {
        Ok(packed) => GzDecoder::new(&packed[..]).read_to_end(&mut plain).is_ok(),
        Err(_) => false,
    };
    if !unpacked {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, plain.into())
}

/// `docs/openapi.json`, packed.
static DOCUMENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// `/openapi.json` and `/docs`.
pub fn routes() -> Router {
    let page = SwaggerUi::new("/docs")
        .config(Config::new(["/openapi.json"]).validator_url("none").try_it_out_enabled(true));
    let head = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")];
    let document = get(async move || (head, DOCUMENT));
    Router::new().route("/openapi.json", document).merge(page).layer(from_fn(unpack))
}
