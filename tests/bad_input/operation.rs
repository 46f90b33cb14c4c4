//! The operations of an OpenAPI document, as far as a test needs them.

use serde_json::{Map, Value};

use super::sample;

pub struct Operation {
    /// Upper case.
    pub method: String,
    /// With `{…}` for its parameters.
    pub path: String,
    /// Parameters of the query, with their schemas.
    pub query: Vec<(String, Value)>,
    /// Properties of the body, with their schemas; none where any object will do.
    pub properties: Vec<(String, Value)>,
    pub required: Vec<String>,
    /// Takes a body that is no JSON: a form, text.
    pub other_body: bool,
    /// Needs no token.
    pub open: bool,
}

pub fn all(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in object(&document["paths"]) {
        for (method, told) in object(methods) {
            operations.push(read(document, path, method, told));
        }
    }
    operations
}

fn read(document: &Value, path: &str, method: &str, told: &Value) -> Operation {
    let parameters = told["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let query = parameters.iter().filter(|p| p["in"] == "query");
    let kinds = told["requestBody"]["content"].as_object();
    let body = resolved(document, &told["requestBody"]["content"]["application/json"]["schema"]);
    let security = told["security"].as_array().or(document["security"].as_array());
    let open = security.is_none_or(|ways| ways.iter().any(|way| *way == Value::Object(Map::new())));
    let properties = body["properties"].as_object().into_iter().flatten();
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        query: query.map(|p| (text(&p["name"]), p["schema"].clone())).collect(),
        properties: properties
            .map(|(name, schema)| (name.clone(), resolved(document, schema).clone()))
            .collect(),
        required: body["required"].as_array().into_iter().flatten().map(text).collect(),
        other_body: kinds.is_some_and(|kinds| !kinds.contains_key("application/json")),
        open,
    }
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("an object was expected: {value}"))
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

/// Follows a `$ref` into the document's components.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let Some(reference) = schema["$ref"].as_str() else { return schema };
    let pointer = reference.strip_prefix('#').expect("a reference within the document");
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

impl Operation {
    pub fn names_a_ticket(&self) -> bool {
        self.path.contains("/calls/{id}") || self.path.contains("{ref}")
    }

    /// The address with this reference for the ticket, and something that may be for other parameters.
    pub fn about(&self, ticket: &str) -> String {
        let path = self.path.replace("/calls/{id}", &format!("/calls/{ticket}"));
        let path = path.replace("{ref}", ticket).replace("{id}", "1");
        let path = path.replace("{tag}", "vip").replace("{agent}", "1").replace("{other}", "1001");
        let path = path.replace("{session_id}", "s-1").replace("{name}", "a-consumer");
        let path = path.replace("{comment}", "1").replace("{conversation}", "1");
        let path = path.replace("{event}", "messages-upsert").replace("{kind}", "messages");
        let path = path.replace("{agent}", "999").replace("{token}", "999");
        let path = path.replace("{session}", "999");
        let path = path.replace("{file}", "999").replace("{delivery}", "999");
        assert!(!path.contains('{'), "a parameter that this test does not know: {path}");
        path
    }

    /// A body that is right, of the required properties.
    pub fn body(&self) -> Map<String, Value> {
        let required = self.properties.iter().filter(|(name, _)| self.required.contains(name));
        let mut body: Map<_, _> =
            required.map(|(name, schema)| (name.clone(), sample(name, schema))).collect();
        // Required where no tool was called.
        if self.properties.iter().any(|(name, _)| name == "message") {
            body.insert("message".into(), "Hello".into());
        }
        // Required where there is no number, and where the other tickets are not named otherwise.
        if self.method == "POST" && self.path == "/api/tickets" {
            body.insert("requester_email".into(), "john.doe@example.com".into());
        }
        if self.path.ends_with("/bulk") {
            body.insert("ids".into(), serde_json::json!([999_999_998]));
            body.insert("action".into(), "resolve".into());
        }
        if self.path.ends_with("/merge") {
            body.insert("tickets".into(), serde_json::json!([999_999_998]));
        }
        // Required where the address does not tell it.
        if self.path.ends_with("/status") {
            body.insert("status".into(), "in_progress".into());
        }
        body
    }

    /// A body in which one property has this value.
    pub fn body_with(&self, name: &str, value: Value) -> String {
        let mut body = self.body();
        body.insert(name.to_owned(), value);
        Value::Object(body).to_string()
    }

    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}
