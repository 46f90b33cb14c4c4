//! What handlers and shapes say of themselves for the OpenAPI document.
//!
//! utoipa reads it in unit tests, which compare the document with `docs/openapi.json`. Every other build has macros in
//! its place that generate nothing but the routes: quicker to build, and no more of it in the binary.

pub use frontdesk_describe::path;
#[cfg(not(test))]
pub use frontdesk_describe::{IntoParams, ToSchema};
#[cfg(test)]
pub use utoipa::{IntoParams, ToSchema};

/// A shape that can be described. Here everything is one: it is the unit tests that ask.
#[cfg(not(test))]
pub trait ToSchema {}
#[cfg(not(test))]
impl<T> ToSchema for T {}
