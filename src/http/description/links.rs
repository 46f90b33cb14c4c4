//! Links of the description: what one answer made is what the next requests are about. Who reads the document, a program
//! that tries the API from it among them, learns so which id leads where.

use utoipa::openapi::link::Link;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// Addresses that make something, and where its id stands in their answers.
const MADE: [(&str, &str); 12] = [
    ("/api/tickets", "/id"),
    ("/api/tickets/{ref}/comments", "/id"),
    ("/api/tickets/categories", "/id"),
    ("/api/tickets/canned-responses", "/id"),
    ("/api/tickets/sla-policies", "/id"),
    ("/api/business-hours", "/id"),
    ("/api/assignment-rules", "/id"),
    ("/api/rules", "/id"),
    ("/api/webhooks", "/id"),
    ("/api/contacts", "/id"),
    ("/api/agents", "/agent/id"),
    ("/api/tokens", "/id"),
];

/// Adds to each 201 of what makes something a link to every operation that needs nothing but its id.
pub fn add(document: &mut OpenApi) {
    for (made, id) in MADE {
        let paths = document.paths.paths.iter();
        let about = paths.filter_map(|(path, item)| Some((parameter(path, made)?, item)));
        let links: Vec<(String, Link)> = about
            .flat_map(|(name, item)| operations(item).map(move |operation| (name, operation)))
            .filter_map(|(name, operation)| {
                let id = format!("$response.body#{id}");
                let target = operation.operation_id.clone()?;
                let mut link = Link::builder().operation_id(target.clone()).parameter(name, id);
                for outer in parameters(made) {
                    link = link.parameter(outer, format!("$request.path.{outer}"));
                }
                Some((target, link.build()))
            })
            .collect();
        let making = document.paths.paths.get_mut(made).and_then(|item| item.post.as_mut());
        let answer = making.and_then(|making| making.responses.responses.get_mut("201"));
        if let Some(RefOr::T(answer)) = answer {
            answer.links.extend(links.into_iter().map(|(name, link)| (name, link.into())));
        }
    }
}

/// The parameter of an address that is `made` with an id behind it, and nothing else that must be known.
fn parameter<'a>(path: &'a str, made: &str) -> Option<&'a str> {
    let behind = path.strip_prefix(made)?.strip_prefix("/{")?;
    let (name, rest) = behind.split_once('}')?;
    (!rest.contains('{')).then_some(name)
}

fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

fn operations(item: &PathItem) -> impl Iterator<Item = &Operation> {
    [&item.get, &item.put, &item.patch, &item.post, &item.delete].into_iter().flatten()
}
