//! Examples of whole requests in the description, made of the examples that stand at their fields: what `/docs` shows to be
//! tried, and what programs that try the API begin with.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{Content, OpenApi, RefOr};

/// Gives each JSON body that may be sent an example, if all that it must hold has one.
pub fn add(document: &mut OpenApi) {
    let schemas = document.components.iter().flat_map(|components| &components.schemas);
    let composed: BTreeMap<String, Value> = schemas
        .filter_map(|(name, schema)| {
            Some((name.clone(), composed(&serde_json::to_value(schema).ok()?)?))
        })
        .collect();
    for content in document.paths.paths.values_mut().flat_map(bodies) {
        let Some(RefOr::Ref(schema)) = &content.schema else { continue };
        let name = schema.ref_location.rsplit('/').next();
        let example = name.and_then(|name| composed.get(name)).cloned();
        content.example = content.example.take().or(example);
    }
}

/// The fields of an object that have examples; none if one that must be there has none, or if nothing would be said.
fn composed(schema: &Value) -> Option<Value> {
    let fields = schema["properties"].as_object()?.iter();
    let examples = fields.filter_map(|(name, field)| {
        Some((name.clone(), field.get("example").or_else(|| field["examples"].get(0))?.clone()))
    });
    let example: Map<String, Value> = examples.collect();
    let mut needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let whole = needed.all(|name| example.contains_key(name)) && !example.is_empty();
    whole.then_some(Value::Object(example))
}

fn bodies(item: &mut PathItem) -> impl Iterator<Item = &mut Content> {
    let operations = [&mut item.put, &mut item.patch, &mut item.post].into_iter().flatten();
    let bodies = operations.filter_map(|operation| operation.request_body.as_mut());
    let contents = bodies.filter_map(|body| match body {
        RefOr::T(body) => body.content.get_mut("application/json"),
        RefOr::Ref(_) => None,
    });
    contents.filter_map(|content| match content {
        RefOr::T(content) => Some(content),
        RefOr::Ref(_) => None,
    })
}
