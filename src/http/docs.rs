//! The OpenAPI document and the page that shows it; both come out of the binary.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::wire::problem::{FieldError, MEDIA_TYPE, Problem};

const ABOUT: &str = "Every phone call and WhatsApp message becomes a ticket with its full transcript, on the box itself.\n\n\
Every call but those marked open needs `Authorization: Bearer <token>` (make one with `frontdesk token create`). \
Errors are `application/problem+json` (RFC 9457). Every changing request accepts an `Idempotency-Key`.";

/// What every path is added to.
pub fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("frontdesk")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT));
    OpenApiBuilder::new().info(info).build()
}

/// Adds what all operations share: the token and the error document.
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    components.schemas.insert(Problem::name().into(), Problem::schema());
    components.schemas.insert(FieldError::name().into(), FieldError::schema());
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("token", [])]);
    let schema = Ref::from_schema_name(Problem::name());
    let problem = ResponseBuilder::new()
        .description("What was wrong, where, and what would be right")
        .content(MEDIA_TYPE, Content::new(Some(schema)))
        .build();
    for path in document.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.entry("default".into()).or_insert_with(|| problem.clone().into());
        }
    }
    document
}

/// `/openapi.json` and `/docs`.
pub fn routes(document: &OpenApi) -> Router {
    let page = SwaggerUi::new("/docs")
        .config(Config::new(["/openapi.json"]).validator_url("none").try_it_out_enabled(true))
        .url("/openapi.json", document.clone());
    Router::new().merge(page).route("/", get(|| async { Redirect::temporary("/docs") }))
}
