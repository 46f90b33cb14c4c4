//! Lists of routes, to be served or to be described.
//!
//! The whole OpenAPI document takes some 20 MiB to make, and what makes it takes long to build. So a list of routes is a
//! function over where they go: a daemon calls it with a router, the unit tests with a `Description`, which they compare
//! with `docs/openapi.json`, the document that is served.

#[cfg(test)]
mod description;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};

#[cfg(test)]
pub use description::{Described, Description};

/// Where a handler is. `#[describe::path]` makes one of the handler's own name beside each.
pub trait Endpoint {
    /// The one method that it answers.
    const METHOD: MethodFilter;
    /// As axum matches it.
    const PATH: &'static str;
}

/// What `#[describe::path]` says of a handler: outside of tests, where it is.
#[cfg(not(test))]
pub trait Described: Endpoint {}
#[cfg(not(test))]
impl<E: Endpoint> Described for E {}

/// Where routes go.
pub trait Routes<S>: Sized {
    /// Adds a handler under the method and path of its description.
    fn handler<E: Described, H: Handler<T, S>, T: 'static>(self, handler: H) -> Self;

    /// Adds a route that is not described.
    fn route(self, path: &str, methods: MethodRouter<S>) -> Self;

    /// Adds what `routes!` names.
    fn routes(self, add: impl FnOnce(Self) -> Self) -> Self {
        add(self)
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> for Router<S> {
    fn handler<E: Described, H: Handler<T, S>, T: 'static>(self, handler: H) -> Self {
        self.route(E::PATH, MethodRouter::new().on(E::METHOD, handler))
    }

    fn route(self, path: &str, methods: MethodRouter<S>) -> Self {
        Router::route(self, path, methods)
    }
}

/// Handlers with what `#[path]` says of each, for [`Routes::routes`].
macro_rules! routes {
    ($($($part:ident)::+),+) => {
        |to| {
            $(let to = to.handler::<$($part)::+, _, _>($($part)::+);)+
            to
        }
    };
}

pub(crate) use routes;
