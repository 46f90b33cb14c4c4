//! The OpenAPI document and the page that shows it; both come out of the binary.

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tokio::sync::{OnceCell, oneshot};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{examples, links};
use crate::wire::problem::{FieldError, MEDIA_TYPE, Present, Problem};

/// The page's largest file, packed, in bytes.
const MAX_FILE: usize = 4 << 20;

const ABOUT: &str = "Every phone call and WhatsApp message becomes a ticket with its full transcript, on the box itself.\n\n\
Every call but those marked open needs `Authorization: Bearer <token>` (of a machine: `frontdesk token create`; of a person: \
`POST /api/auth/login`) or a browser's session. \
Errors are `application/problem+json` (RFC 9457). Every changing request accepts an `Idempotency-Key`.";

/// What every path is added to.
pub fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("frontdesk")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT));
    OpenApiBuilder::new().info(info).build()
}

/// Adds what all operations share: the token, the error document, and what leads from one to the next.
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    components.schemas.insert(Problem::name().into(), Problem::schema());
    components.schemas.insert(FieldError::name().into(), FieldError::schema());
    components.schemas.insert(Present::name().into(), Present::schema());
    examples::add(&mut document);
    links::add(&mut document);
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("token", [])]);
    let schema = Ref::from_schema_name(Problem::name());
    let named = Some(RefOr::Ref(schema.clone()));
    let of_problem = |content: &RefOr<Content>| match content {
        RefOr::T(content) => content.schema == named,
        RefOr::Ref(_) => false,
    };
    let problem = ResponseBuilder::new()
        .description("What was wrong, where, and what would be right")
        .content(MEDIA_TYPE, Content::new(Some(schema)))
        .build();
    for path in document.paths.paths.values_mut() {
        let operations =
            [&mut path.get, &mut path.put, &mut path.patch, &mut path.post, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.entry("default".into()).or_insert_with(|| problem.clone().into());
            for (status, response) in responses.iter_mut() {
                let RefOr::T(response) = response else { continue };
                if status.starts_with(['4', '5'])
                    && response.content.get("application/json").is_some_and(of_problem)
                    && let Some(content) = response.content.shift_remove("application/json")
                {
                    response.content.insert(MEDIA_TYPE.into(), content);
                }
            }
        }
    }
    document
}

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

/// Makes the document.
pub trait Describe: Fn() -> OpenApi + Copy + Send + Sync + 'static {}
impl<F: Fn() -> OpenApi + Copy + Send + Sync + 'static> Describe for F {}

/// `/openapi.json` and `/docs`; the document is made when the first one asks for it.
pub fn routes(document: impl Describe) -> Router {
    let page = SwaggerUi::new("/docs")
        .config(Config::new(["/openapi.json"]).validator_url("none").try_it_out_enabled(true));
    let packed: Arc<OnceCell<Bytes>> = Arc::default();
    let answer = get(async move || {
        let packed = packed.get_or_try_init(|| pack(document)).await;
        packed.cloned().map(|packed| {
            let head = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")];
            (head, packed).into_response()
        })
    });
    Router::new().route("/openapi.json", answer).merge(page).layer(from_fn(unpack))
}

/// The document as it is sent. It is made on a thread of its own, whose memory goes back with the thread.
async fn pack(document: impl Describe) -> Result<Bytes, StatusCode> {
    let (done, packed) = oneshot::channel();
    let work = move || {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        let written = serde_json::to_writer(&mut packed, &document()).map_err(std::io::Error::from);
        let _ = done.send(written.and_then(|()| packed.finish()));
    };
    let started = std::thread::Builder::new().name("describing".into()).spawn(work);
    match (started, packed.await) {
        (Ok(_), Ok(Ok(packed))) => Ok(Bytes::copy_from_slice(&packed)),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
