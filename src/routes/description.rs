//! Routes as a document.

use axum::handler::Handler;
use axum::routing::MethodRouter;
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::{Components, OpenApi};

use super::{Endpoint, Routes};

/// What `#[describe::path]` says of a handler.
pub trait Described: Endpoint + utoipa::Path + for<'t> Tags<'t> + SchemaReferences {}
impl<E: Endpoint + utoipa::Path + for<'t> Tags<'t> + SchemaReferences> Described for E {}

/// A document in the making. Shapes of one name that differ panic: a document has names, not paths.
pub struct Description(pub OpenApi);

impl<S> Routes<S> for Description {
    fn handler<E: Described, H: Handler<T, S>, T: 'static>(mut self, _: H) -> Self {
        let mut operation = E::operation();
        let tags = E::tags();
        if !tags.is_empty() {
            operation.tags.get_or_insert_default().extend(tags.iter().map(ToString::to_string));
        }
        self.0.paths.add_path_operation(E::path(), E::methods(), operation);
        let mut schemas = Vec::new();
        E::schemas(&mut schemas);
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
