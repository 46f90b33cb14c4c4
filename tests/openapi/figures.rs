//! `docs/figures.md` defines every figure of analytics in one sentence: the one that the description has for it. That
//! each is what a recount gives, and that none is left out, is checked in `src/engine/tests/figures`, which reads the
//! page.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test openapi` writes the page anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::document;
use crate::harness::Daemon;

const HEAD: &str = "# Figures\n\n\
What `/api/tickets/analytics/…` tells, figure by figure, as `/docs` has it; how to ask is in\n\
[README](../README.md#figures). The last column names the shape of figures that have parts. What is filtered out,\n\
merged or deleted counts nowhere, but the tool calls of a merged ticket count with the one that it became part of;\n\
a part of nothing is null.\n";

struct Page<'a> {
    schemas: &'a Value,
    text: String,
    /// Shapes to be told, in the order in which they are first named.
    shapes: Vec<&'a str>,
    undefined: Vec<String>,
}

impl<'a> Page<'a> {
    fn schema(&self, reference: &'a Value) -> Option<(&'a str, &'a Value)> {
        let name = reference.as_str()?.rsplit('/').next()?;
        Some((name, &self.schemas[name]))
    }

    /// The members of an object, those of what it is made of among them.
    fn members(&self, schema: &'a Value) -> Vec<(&'a String, &'a Value)> {
        if let Some((_, schema)) = self.schema(&schema["$ref"]) {
            return self.members(schema);
        }
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let own = schema["properties"].as_object().into_iter().flatten();
        own.chain(parts.flat_map(|part| self.members(part))).collect()
    }

    /// The shape that a member has, if it has parts: through lists, and through what may be null.
    fn shape(&self, member: &'a Value) -> Option<&'a str> {
        let one_of = member["oneOf"].as_array().into_iter().flatten();
        let inner = one_of.chain([&member["items"]]).find(|inner| inner.is_object());
        let here = self.schema(&member["$ref"]).map(|(name, _)| name);
        here.or_else(|| self.shape(inner?))
    }

    fn section(&mut self, title: &str, about: &Value, schema: &'a Value) {
        let about = about.as_str().map(|about| format!("{}\n\n", one_line(about)));
        let about = about.unwrap_or_default();
        let head = "| figure | what it is | shape |\n|---|---|---|";
        let _ = write!(self.text, "\n## {title}\n\n{about}{head}\n");
        for (name, member) in self.members(schema) {
            let said = [&member["description"], &member["oneOf"][0]["description"]];
            let said = said.into_iter().find_map(Value::as_str).map(one_line);
            if said.is_none() {
                self.undefined.push(format!("{title}.{name}"));
            }
            let shape = self.shape(member).unwrap_or_default();
            if !shape.is_empty() && !self.shapes.contains(&shape) {
                self.shapes.push(shape);
            }
            let _ = writeln!(self.text, "| `{name}` | {} | {shape} |", said.unwrap_or_default());
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[test]
fn every_figure_is_defined_in_one_sentence() {
    let daemon = Daemon::with_config("");
    let document = document(&daemon);
    let schemas = &document["components"]["schemas"];
    let mut page = Page { schemas, text: HEAD.into(), shapes: Vec::new(), undefined: Vec::new() };
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let Some(name) = path.strip_prefix("/api/tickets/analytics/") else { continue };
        let get = &methods["get"];
        let answer = &get["responses"]["200"]["content"]["application/json"]["schema"];
        let Some((_, answer)) = page.schema(&answer["$ref"]) else { continue };
        let current = &answer["properties"]["current"];
        let figures = [&current["items"], current, answer].into_iter().find(|s| s.is_object());
        page.section(name, &get["summary"], figures.expect("figures"));
    }
    let mut told = 0;
    while let Some(shape) = page.shapes.get(told).copied() {
        told += 1;
        page.section(shape, &json!(schemas[shape]["description"]), &schemas[shape]);
    }
    assert!(page.undefined.is_empty(), "without a definition: {:?}", page.undefined);
    assert!(told > 5, "figures have parts");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/figures.md");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &page.text).expect("the page is written");
    }
    let pinned = fs::read_to_string(&file).expect("the page");
    assert!(
        page.text == pinned,
        "docs/figures.md is older than the description: UPDATE_SNAPSHOTS=1"
    );
}
