//! Routes with their descriptions, of which a daemon keeps the routes alone.
//!
//! The whole OpenAPI document takes some 20 MiB while it is made and 10 MiB afterwards; it is read by people who write a
//! client, and by nobody on most days. So each list of routes is gone through twice: to serve it, and, when somebody
//! asks, to describe it.

use axum::Router;
use axum::routing::MethodRouter;
use utoipa::openapi::{Components, OpenApi};
use utoipa_axum::router::UtoipaMethodRouter;

/// A list of routes on its way to a router or to a document.
pub struct Routes<S> {
    router: Router<S>,
    document: Option<OpenApi>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// To be served: descriptions are dropped.
    pub fn served() -> Routes<S> {
        Routes { router: Router::new(), document: None }
    }

    /// To be described, in addition to what `document` describes.
    pub fn described(document: OpenApi) -> Routes<S> {
        Routes { router: Router::new(), document: Some(document) }
    }

    /// Adds what `routes!` makes of handlers of one path.
    pub fn routes(mut self, (schemas, paths, methods): UtoipaMethodRouter<S>) -> Routes<S> {
        for path in paths.paths.keys() {
            self.router = self.router.route(path, methods.clone());
        }
        if let Some(document) = &mut self.document {
            for (path, item) in paths.paths {
                match document.paths.paths.get_mut(&path) {
                    Some(known) => known.merge_operations(item),
                    None => _ = document.paths.paths.insert(path, item),
                }
            }
            let components = document.components.get_or_insert_with(Components::new);
            components.schemas.extend(schemas);
        }
        self
    }

    /// Adds a route that is not described.
    pub fn route(mut self, path: &str, methods: MethodRouter<S>) -> Routes<S> {
        self.router = self.router.route(path, methods);
        self
    }

    pub fn into_router(self) -> Router<S> {
        self.router
    }

    /// None of routes that are served.
    pub fn into_document(self) -> Option<OpenApi> {
        self.document
    }
}
