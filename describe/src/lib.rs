//! The attributes that describe handlers and shapes, without the crate that reads them.
//!
//! The OpenAPI document is a file (`docs/openapi.json`); only the test that compares it with the code has to make one, by
//! utoipa. Its macros, and what they generate for more than two hundred handlers and their shapes, take long to build. So a
//! daemon is built with these instead: they take the same attributes, and of each handler keep its method and path.
//!
//! No syn, no quote: every build would wait for them, and there is little to parse.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Takes a shape's `#[schema(…)]` away.
#[proc_macro_derive(ToSchema, attributes(schema))]
pub fn to_schema(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// Takes a query's `#[into_params(…)]` and `#[param(…)]` away.
#[proc_macro_derive(IntoParams, attributes(into_params, param))]
pub fn into_params(_: TokenStream) -> TokenStream {
    TokenStream::new()
}

/// `#[describe::path(get, path = "/health", …)]` on a handler: `utoipa::path` in tests and nothing otherwise, and always
/// `crate::routes::Endpoint` for a type of the handler's own name. A function is a value, so the name is free among types.
///
/// Fails to compile where the method and the path do not come first, or on what is no function.
#[proc_macro_attribute]
pub fn path(description: TokenStream, handler: TokenStream) -> TokenStream {
    let tokens = (said(description.clone()), declared(handler.clone()));
    let ((method, path), (visibility, name)) = match tokens {
        (Some(said), Some(declared)) => (said, declared),
        (None, _) => return error("#[describe::path] begins with a method and `path = \"…\"`"),
        (_, None) => return error("#[describe::path] stands at functions"),
    };
    let method = method.to_uppercase();
    let endpoint = format!(
        "#[cfg(test)] #[allow(non_camel_case_types)] {visibility} type {name} = __path_{name};
        #[cfg(not(test))] #[allow(non_camel_case_types)] {visibility} enum {name} {{}}
        impl crate::routes::Endpoint for {name} {{
            const METHOD: ::axum::routing::MethodFilter = ::axum::routing::MethodFilter::{method};
            const PATH: &'static str = {path};
        }}"
    );
    // The description keeps its tokens, so that utoipa's errors point at them.
    let utoipa = code("test, ::utoipa::path")
        .into_iter()
        .chain([group(Delimiter::Parenthesis, description)]);
    let in_tests =
        code("cfg_attr").into_iter().chain([group(Delimiter::Parenthesis, utoipa.collect())]);
    let attribute = code("#").into_iter().chain([group(Delimiter::Bracket, in_tests.collect())]);
    code(&endpoint).into_iter().chain(attribute).chain(handler).collect()
}

/// The method and the path, a literal, with which a description begins.
fn said(description: TokenStream) -> Option<(String, String)> {
    let mut tokens = description.into_iter().map(|token| token.to_string());
    let method = tokens.next()?;
    let begins = [",", "path", "="].into_iter().all(|word| tokens.next().as_deref() == Some(word));
    let path = tokens.next().filter(|path| path.starts_with('"'))?;
    begins.then_some((method, path))
}

/// The visibility and the name of a function.
fn declared(handler: TokenStream) -> Option<(String, String)> {
    let mut tokens = handler.into_iter().map(|token| token.to_string()).peekable();
    // Attributes: `#` and a group each, documentation among them.
    while tokens.next_if(|token| token == "#").is_some() {
        tokens.next();
    }
    let mut visibility = String::new();
    while let Some(token) = tokens.next_if(|token| token == "pub" || token.starts_with('(')) {
        visibility += &token;
    }
    let name = tokens.skip_while(|token| token != "fn").nth(1)?;
    Some((visibility, name))
}

fn group(delimiter: Delimiter, inside: TokenStream) -> TokenTree {
    Group::new(delimiter, inside).into()
}

fn error(why: &str) -> TokenStream {
    code(&format!("compile_error!({why:?});"))
}

fn code(text: &str) -> TokenStream {
    text.parse().expect("Rust")
}
