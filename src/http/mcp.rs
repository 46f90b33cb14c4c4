//! The tools as a Model Context Protocol server over streamable HTTP (protocol 2025-11-25 and back to 2025-03-26).
//!
//! The stateless part of the protocol: every request is a POST of one JSON-RPC message and is answered with one JSON
//! body; there are no sessions, no streams and nothing that the server asks of its client. A report that is sent again
//! makes no second ticket: it is known by the key that its client gives, else by its JSON-RPC id with all that it asks.
//! Assistants serve the customer
//! whom their program names in the header `Frontdesk-Customer`; people of the desk, and tokens that act for them, search
//! and read tickets within their own rights, besides.

use axum::body::Bytes;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, body};
use serde_json::{Map, Value, json};

use super::State;
use super::calls::tickets;
use super::error::Failure;
use super::extract::Caller;
use super::origins;
use super::tickets::visible;
use super::tickets_list::{self, Listed};
use super::v2::assistant::carry_out;
use super::v2::identity::Told;
use super::v2::view::{listed, whole};
use crate::describe;
use crate::domain::contact::Scope;
use crate::domain::crm::MAX_CALL_ID;
use crate::domain::reference::Reference;
use crate::engine::command::Idempotency;
use crate::wire::assistant::{self, Call, Tool};
use crate::wire::problem::Problem;

/// The newest first: what a client is offered that asks for another.
const PROTOCOLS: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
const PROTOCOL_HEADER: &str = "mcp-protocol-version";

/// How a client names a report that it may send again, as an argument or as a header.
const KEY_ARGUMENT: &str = "idempotency_key";
const KEY_HEADER: &str = "idempotency-key";

const SEARCH: &str = "search_tickets";
const READ: &str = "read_ticket";

const ABOUT: &str = "Tickets of a contact centre: create_ticket_report and get_ticket_information serve the customer whom \
                     the header Frontdesk-Customer names; search_tickets and read_ticket are for the people of the desk.";

/// What JSON-RPC calls what went wrong.
#[derive(Clone, Copy)]
enum Wrong {
    Parse = -32700,
    Request = -32600,
    Method = -32601,
    Params = -32602,
    Internal = -32603,
}

struct Error(Wrong, String);

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        let problem = failure.into_problem();
        let wrong = if problem.status < 500 { Wrong::Params } else { Wrong::Internal };
        Error(wrong, problem.detail)
    }
}

fn failed(id: &Value, Error(wrong, message): Error) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": wrong as i32, "message": message}})
}

/// One message of the Model Context Protocol (streamable HTTP, stateless: JSON answers, no session)
#[describe::path(post, path = "/mcp", operation_id = "model_context_protocol", tag = "assistant",
    params(("Frontdesk-Customer" = Option<String>, Header, description = "whom an assistant serves: a number, a WhatsApp address, or `conversation:` and its id"),
        ("Idempotency-Key" = Option<String>, Header, description = "or the argument `idempotency_key` of a call: the same one for the same customer makes one ticket; without it the same id with the same arguments does"),
        ("MCP-Protocol-Version" = Option<String>, Header, description = "2025-11-25, 2025-06-18 or 2025-03-26")),
    request_body(content = Object, description = "a JSON-RPC message: initialize, ping, tools/list, tools/call or a notification",
        example = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})),
    responses((status = 200, body = Object, description = "its JSON-RPC answer",
            example = json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": []}})),
        (status = 202, description = "it was a notification"),
        (status = 400, body = Object, description = "no message of JSON-RPC; the answer is one, with the error")))]
pub async fn message(
    Shared(state): Shared<State>,
    caller: Caller,
    Told(identity): Told,
    request: Request,
) -> Result<Response, Failure> {
    if !origins::may_ask(request.headers(), &state.origins) {
        let why = "pages of this origin may not speak MCP here; list it in http.origins";
        return Err(Problem::new(403, "Forbidden", why).into());
    }
    let (parts, body) = request.into_parts();
    let body = body::to_bytes(body, state.max_body).await;
    let body = body.map_err(|error| Problem::unread_body(&error, state.max_body))?;
    let (id, asked) = match read(&parts.headers, &body) {
        Ok(read) => read,
        Err(error) => {
            return Ok((StatusCode::BAD_REQUEST, Json(failed(&Value::Null, error))).into_response());
        }
    };
    let Some(id) = id else { return Ok(StatusCode::ACCEPTED.into_response()) };
    let key = parts.headers.get(KEY_HEADER).and_then(|value| value.to_str().ok());
    let desk = Desk { state: &state, caller: &caller, identity: &identity, id: &id, key };
    let answer = match desk.answer(&asked).await {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => failed(&id, error),
    };
    Ok(Json(answer).into_response())
}

/// What is asked: a method and its parameters.
struct Asked {
    method: String,
    params: Map<String, Value>,
}

/// A message, and its id; none where nobody waits for an answer.
fn read(headers: &HeaderMap, body: &Bytes) -> Result<(Option<Value>, Asked), Error> {
    let wrong = |kind, why: &str| Error(kind, why.to_owned());
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Error(Wrong::Parse, format!("the body is no JSON: {error}")))?;
    let Value::Object(mut message) = value else {
        return Err(wrong(Wrong::Request, "expected one JSON-RPC message, an object"));
    };
    if message.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(wrong(Wrong::Request, "jsonrpc: must be \"2.0\""));
    }
    let version = headers.get(PROTOCOL_HEADER).and_then(|value| value.to_str().ok());
    if let Some(version) = version.filter(|version| !PROTOCOLS.contains(version)) {
        let known = PROTOCOLS.join(", ");
        let why = format!("MCP-Protocol-Version: {version} is not spoken here, but {known}");
        return Err(Error(Wrong::Request, why));
    }
    let id = message.remove("id");
    if id.as_ref().is_some_and(|id| !id.is_string() && !id.is_number()) {
        return Err(wrong(Wrong::Request, "id: must be a text or a number"));
    }
    let Some(Value::String(method)) = message.remove("method") else {
        // An answer to what was never asked.
        let answers = message.contains_key("result") || message.contains_key("error");
        let method = String::new();
        return match answers {
            true => Ok((None, Asked { method, params: Map::new() })),
            false => Err(wrong(Wrong::Request, "method: is required")),
        };
    };
    let params = match message.remove("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Err(wrong(Wrong::Request, "params: must be an object")),
    };
    Ok((id, Asked { method, params }))
}

/// Who asks, for whom, and by which names the request is known.
struct Desk<'a> {
    state: &'a State,
    caller: &'a Caller,
    identity: &'a super::v2::identity::Identity,
    id: &'a Value,
    key: Option<&'a str>,
}

impl Desk<'_> {
    async fn answer(&self, asked: &Asked) -> Result<Value, Error> {
        let Asked { method, params } = asked;
        match method.as_str() {
            "initialize" => Ok(initialize(params)),
            "ping" => Ok(json!({})),
            "tools/list" => {
                let tools: Vec<Value> = self.tools().iter().map(described).collect();
                Ok(json!({"tools": tools}))
            }
            "tools/call" => self.call(params).await,
            other => Err(Error(Wrong::Method, format!("{other} is not offered here"))),
        }
    }

    /// The tools that this caller may use.
    fn tools(&self) -> Vec<Tool> {
        let mut tools = Vec::from(assistant::tools());
        if self.is_of_the_desk() {
            tools.extend(desk_tools());
        }
        tools
    }

    /// Whether they read tickets by themselves, and not only for a customer.
    fn is_of_the_desk(&self) -> bool {
        self.caller.token.role.is_some()
            || self.caller.token.has(Scope::Agent)
            || self.caller.token.has(Scope::Admin)
    }

    async fn call(&self, params: &Map<String, Value>) -> Result<Value, Error> {
        let name = params.get("name").and_then(Value::as_str).unwrap_or_default();
        if !self.tools().iter().any(|tool| tool.name == name) {
            return Err(Error(Wrong::Params, format!("there is no tool {name:?}")));
        }
        let none = Map::new();
        let arguments = match params.get("arguments") {
            None | Some(Value::Null) => &none,
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err(Error(Wrong::Params, "arguments: must be an object".into())),
        };
        let output = match name {
            SEARCH => self.search(arguments).await,
            READ => self.read(arguments),
            _ => Ok(self.serve(name, arguments).await?),
        };
        // What a tool refuses is for the model to read.
        let output = match output {
            Ok(output) => output,
            Err(failure) if failure.status() < 500 => {
                json!({"success": false, "error": failure.into_problem().detail})
            }
            Err(failure) => return Err(failure.into()),
        };
        let refused = output["success"] == false;
        let text = json!({"type": "text", "text": output.to_string()});
        Ok(json!({"content": [text], "structuredContent": output, "isError": refused}))
    }

    /// A tool for the customer whom the header names.
    async fn serve(&self, name: &str, arguments: &Map<String, Value>) -> Result<Value, Error> {
        let usual = self.state.desk.language;
        let found = self.state.engine.read(|rows| self.identity.resolve(&rows, usual));
        let (customer, language) = found.map_err(|error| Error::from(Failure::from(error)))?;
        let key = arguments.get(KEY_ARGUMENT).and_then(Value::as_str).or(self.key);
        let key = key.map(str::trim).filter(|key| (1..=MAX_CALL_ID).contains(&key.len()));
        let arguments = Value::Object(arguments.clone()).to_string();
        // Clients number their requests from the start again, so an id alone says little.
        let (id, customer_named) = (self.id.to_string(), format!("{customer:?}"));
        let all = ["mcp", &id, &customer_named, name, &arguments].map(str::as_bytes);
        let repeated = key.is_none().then(|| Idempotency::of_all(self.caller.token.key(), &all));
        let call =
            Call { id: key.unwrap_or_default().to_owned(), name: name.to_owned(), arguments };
        Ok(carry_out(self.state, self.caller, (&customer, language), &call, repeated).await)
    }

    async fn search(&self, arguments: &Map<String, Value>) -> Result<Value, Failure> {
        let text = |name: &str| match arguments.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let query = json!({
            "q": text("query"),
            "status": text("status"),
            "priority": text("priority"),
            "assignee": text("assignee"),
            "limit": text("limit"),
            "page": text("page"),
        });
        let query = serde_json::from_value(query)
            .map_err(|error| Problem::bad_request(format!("arguments: {error}")))?;
        let found = tickets_list::find(self.state, self.caller, &query).await?;
        let Listed { numbers, total, .. } = found;
        let now = self.state.engine.shared().now();
        let tickets = self.state.engine.read(|rows| {
            let found = tickets(&rows, &numbers)?.into_iter();
            let shown = found.map(|ticket| listed(&rows, ticket, now));
            shown.collect::<Result<Vec<_>, _>>()
        })?;
        Ok(json!({"success": true, "total": total, "tickets": tickets}))
    }

    fn read(&self, arguments: &Map<String, Value>) -> Result<Value, Failure> {
        let named = match arguments.get("ticket") {
            Some(Value::String(text)) => Reference::parse(text),
            Some(Value::Number(number)) => Reference::parse(&number.to_string()),
            _ => None,
        };
        let reference = named.ok_or_else(|| {
            Problem::field("ticket", "must name a ticket: 1001, TICKET-2026-000001")
        })?;
        let now = self.state.engine.shared().now();
        let found = self.state.engine.read(|rows| {
            let found = rows.resolve(&reference)?.filter(|ticket| visible(self.caller, ticket));
            found.map(|ticket| whole(&rows, ticket, now)).transpose()
        })?;
        let ticket = found.ok_or_else(|| super::error::not_found("such ticket"))?;
        Ok(json!({"success": true, "ticket": ticket}))
    }
}

fn initialize(params: &Map<String, Value>) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
    let spoken = PROTOCOLS.iter().find(|version| **version == asked).unwrap_or(&PROTOCOLS[0]);
    json!({
        "protocolVersion": spoken,
        "capabilities": {"tools": {"listChanged": false}},
        "serverInfo": {"name": "frontdesk", "title": "frontdesk", "version": env!("CARGO_PKG_VERSION")},
        "instructions": ABOUT,
    })
}

fn described(tool: &Tool) -> Value {
    json!({
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.parameters,
        "annotations": {
            "title": tool.title,
            "readOnlyHint": tool.reads_only,
            "destructiveHint": false,
            "openWorldHint": false,
        },
    })
}

/// What people of the desk have besides: reading, within their rights.
fn desk_tools() -> [Tool; 2] {
    [
        Tool {
            name: SEARCH,
            title: "Search tickets",
            description: "Lists tickets of the desk that you may see, the newest first, by words and filters.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "query": {
                        "type": "string",
                        "description": "Words that all stand in number, references, subject, tags, or name, e-mail or \
                                        phone of the customer",
                    },
                    "status": {
                        "type": "string",
                        "description": "One or more of new, open, in_progress, pending_customer, waiting_internal, \
                                        resolved, closed, with commas between them",
                    },
                    "priority": {
                        "type": "string",
                        "description": "One or more of low, medium, high, urgent, with commas between them",
                    },
                    "assignee": {"type": "string", "description": "me, none, any, or an agent's id"},
                    "page": {"type": "integer", "minimum": 1, "default": 1},
                    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
                },
                "required": [],
            }),
            reads_only: true,
        },
        Tool {
            name: READ,
            title: "Read a ticket",
            description: "Reads one ticket of the desk with its notes and its status history.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "ticket": {
                        "type": "string",
                        "description": "Any reference of the ticket: 1001, TICKET-2026-000001, its UUID",
                    },
                },
                "required": ["ticket"],
            }),
            reads_only: true,
        },
    ]
}
