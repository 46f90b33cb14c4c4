//! The assistants' tools over HTTP: what a model is told of them, and its calls (S2.3, S2.6).

use axum::Json;
use axum::extract::State as Shared;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assistant::{carry_out, refused};
use super::identity::Told;
use crate::describe::{self, IntoParams, ToSchema};
use crate::http::State;
use crate::http::error::Failure;
use crate::http::extract::{Input, Query};
use crate::wire::assistant::{self, Api, MAX_CALLS};
use crate::wire::problem::Problem;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ToolsQuery {
    /// assistants, responses or chat: whose spelling; assistants if absent
    #[param(pattern = "^(assistants|responses|chat)?$", example = "responses")]
    format: Option<String>,
}

/// The tools of an assistant.
#[derive(Serialize, ToSchema)]
pub struct Tools {
    /// Give these as `tools` to the API
    #[schema(value_type = Vec<Object>, example = json!([{"type": "function", "name": "get_ticket_information",
        "description": "Retrieves information about a customer's support ticket.", "strict": false,
        "parameters": {"type": "object", "properties": {"ticket_id": {"type": "string"}}, "required": []}}]))]
    tools: Vec<Value>,
}

/// The definitions of the two tools, `create_ticket_report` and `get_ticket_information`, as OpenAI's Assistants,
/// Responses or Chat Completions API takes them.
#[describe::path(get, path = "/api/v2/assistant/tools", operation_id = "list_assistant_tools", tag = "assistant", params(ToolsQuery),
    responses((status = 200, body = Tools)))]
pub async fn tools(Query(query): Query<ToolsQuery>) -> Result<Json<Tools>, Failure> {
    let api = format(query.format.as_deref())?.unwrap_or(Api::Assistants);
    let tools = assistant::tools().iter().map(|tool| assistant::definition(api, tool)).collect();
    Ok(Json(Tools { tools }))
}

fn format(word: Option<&str>) -> Result<Option<Api>, Problem> {
    let given = word.map(str::trim).filter(|word| !word.is_empty());
    let known = given.map(|word| {
        let why = "must be assistants, responses or chat";
        Api::parse(word).ok_or_else(|| Problem::field("format", why))
    });
    known.transpose()
}

/// Carry out an assistant's tool calls
///
/// Takes a run that requires action, a response's `output` items, or `tool_calls` of a chat completion, and answers what
/// is to be submitted back: `{"tool_outputs": […]}`, `{"input": [function_call_output…]}`, or `{"messages": [{"role":
/// "tool"…}]}`. Each output is JSON with `success`, whatever the model asked for. The customer is whom `context` (or the
/// header `Frontdesk-Customer`) names, never whom the model does: they read their own tickets alone. The same call id
/// twice makes one ticket.
#[describe::path(post, path = "/api/v2/assistant/tool-calls", operation_id = "carry_out_tool_calls", tag = "assistant",
    params(ToolsQuery, ("Frontdesk-Customer" = Option<String>, Header, description = "whom it is for where the body does not say it: a number, a WhatsApp address, or `conversation:` and its id")),
    request_body(content = Object, description = "an API's object, as it is or under `run`, `response`, `completion` or `message`; beside it, or in `context`, whom it is for: `phone` (or `userId`: a number in any spelling or a WhatsApp address), `customerId`, or `conversationId` (a conversation's number, a WhatsApp address, a call's session); `language` is es, id, en or zh",
        example = json!({"context": {"phone": "5214491234567", "language": "es"}, "run": {"status": "requires_action", "required_action": {"type": "submit_tool_outputs",
            "submit_tool_outputs": {"tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "create_ticket_report",
                "arguments": "{\"subject\": \"Double charge\", \"description\": \"Charged twice\", \"category\": \"billing\"}"}}]}}}})),
    responses((status = 200, body = Object, description = "what is to be submitted back",
        example = json!({"tool_outputs": [{"tool_call_id": "call_1", "output": "{\"success\":true,\"ticketId\":\"TICKET-2026-000001\",\"message\":\"Ticket creado exitosamente\"}"}]}))))]
pub async fn tool_calls(
    Shared(state): Shared<State>,
    Query(query): Query<ToolsQuery>,
    Told(identity): Told,
    input: Input<Value>,
) -> Result<Json<Value>, Failure> {
    let wanted = format(query.format.as_deref())?;
    let (api, calls) = assistant::read(&input.value).ok_or_else(|| {
        let known =
            "a run with required_action, a response with output, or an object with tool_calls";
        Problem::bad_request(format!("the body holds no tool calls: expected {known}"))
    })?;
    if calls.len() > MAX_CALLS {
        return Err(Problem::field("tool_calls", format!("at most {MAX_CALLS}")).into());
    }
    let identity = identity.or_of(&input.value);
    let usual = state.desk.language;
    let found = state.engine.read(|rows| identity.resolve(&rows, usual));
    let mut outputs = Vec::with_capacity(calls.len());
    for call in calls {
        let output = match &found {
            Ok((customer, language)) => {
                carry_out(&state, &input.caller, (customer, *language), &call, None).await
            }
            Err(error) => {
                tracing::error!(%error, "the customer of a tool call could not be read");
                refused(usual.not_read())
            }
        };
        outputs.push((call.id, output));
    }
    Ok(Json(assistant::answer(wanted.unwrap_or(api), outputs)))
}
