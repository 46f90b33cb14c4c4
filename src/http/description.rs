//! What the OpenAPI document says of the API as a whole. The binary has none of this: it serves `docs/openapi.json`.

mod examples;
mod links;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::wire::problem::{FieldError, MEDIA_TYPE, Present, Problem};

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
