//! Routes with their descriptions, of which a daemon keeps the routes alone.
//!
//! The whole OpenAPI document takes some 20 MiB to make, and what makes it several megabytes of code. So a list of
//! routes is a function over where they go: a daemon instantiates it with a router, and what describes them is not
//! even in the binary; the tests instantiate it with a [`Description`] and compare it with `docs/openapi.json`, the
//! document that is served.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::Paths;
use utoipa::openapi::{Components, OpenApi};
use utoipa_axum::PathItemExt;

/// What `#[utoipa::path]` says of a handler.
pub trait Described: utoipa::Path + for<'t> Tags<'t> + SchemaReferences {}
impl<P: utoipa::Path + for<'t> Tags<'t> + SchemaReferences> Described for P {}

/// Where routes go.
pub trait Routes<S>: Sized {
    /// Adds a handler under the path and methods of its description.
    fn handler<P: Described, H: Handler<T, S>, T: 'static>(
        self,
        description: P,
        handler: H,
    ) -> Self;

    /// Adds a route that is not described.
    fn route(self, path: &str, methods: MethodRouter<S>) -> Self;

    /// Adds what `routes!` names.
    fn routes(self, add: impl FnOnce(Self) -> Self) -> Self {
        add(self)
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> for Router<S> {
    fn handler<P: Described, H: Handler<T, S>, T: 'static>(self, _: P, handler: H) -> Self {
        let methods = P::methods().into_iter().map(|method| method.to_method_filter());
        match methods.reduce(MethodFilter::or) {
            Some(filter) => self.route(&P::path(), MethodRouter::new().on(filter, handler)),
            None => self,
        }
    }

    fn route(self, path: &str, methods: MethodRouter<S>) -> Self {
        Router::route(self, path, methods)
    }
}

/// A document in the making. Shapes of one name that differ panic: a document has names, not paths.
pub struct Description(pub OpenApi);

impl<S> Routes<S> for Description {
    fn handler<P: Described, H: Handler<T, S>, T: 'static>(mut self, _: P, _: H) -> Self {
        let mut operation = P::operation();
        let tags = P::tags();
        if !tags.is_empty() {
            operation.tags.get_or_insert_default().extend(tags.iter().map(ToString::to_string));
        }
        let mut paths = Paths::new();
        paths.add_path_operation(P::path(), P::methods(), operation);
        for (path, item) in paths.paths {
            match self.0.paths.paths.get_mut(&path) {
                Some(known) => known.merge_operations(item),
                None => _ = self.0.paths.paths.insert(path, item),
            }
        }
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        let known = &mut self.0.components.get_or_insert_with(Components::new).schemas;
        for (name, schema) in schemas {
            let same = known.get(&name).is_none_or(|other| *other == schema);
            assert!(same, "two shapes are called {name}: one would take the other's place");
            known.insert(name, schema);
        }
        self
    }

    fn route(self, _: &str, _: MethodRouter<S>) -> Self {
        self
    }
}

/// Handlers with what `#[utoipa::path]` says of each, for [`Routes::routes`].
macro_rules! routes {
    ($($($part:ident)::+),+) => {
        |to| {
            $(let to = to.handler($crate::routes::routes!(@description [] $($part)::+), $($part)::+);)+
            to
        }
    };
    (@description [$($front:tt)*] $last:ident) => {
        utoipa_axum::paste! { $($front)* [<__path_ $last>] }
    };
    (@description [$($front:tt)*] $first:ident :: $($rest:tt)+) => {
        $crate::routes::routes!(@description [$($front)* $first ::] $($rest)+)
    };
}

pub(crate) use routes;
