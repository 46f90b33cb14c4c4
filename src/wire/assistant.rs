//! Tool calls as the assistants' APIs hand them over, and their outputs as these want them back: Assistants, Responses
//! (realtime sessions have the same items) and Chat Completions. FORMATS section 8; S2.1 to S2.3, S2.6, S2.54.

use serde_json::{Value, json};

/// Tool calls in one request.
pub const MAX_CALLS: usize = 32;

pub const CREATE: &str = "create_ticket_report";
pub const GET: &str = "get_ticket_information";

/// Categories that the tool offers (S2.31).
pub const CATEGORIES: [&str; 7] = [
    "technical_support",
    "billing",
    "account",
    "general_inquiry",
    "complaint",
    "feature_request",
    "other",
];

/// Whose spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    Assistants,
    Responses,
    Chat,
}

impl Api {
    pub fn parse(text: &str) -> Option<Api> {
        match text {
            "assistants" => Some(Api::Assistants),
            "responses" => Some(Api::Responses),
            "chat" => Some(Api::Chat),
            _ => None,
        }
    }
}

/// A tool as every model is told of it.
pub struct Tool {
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// JSON Schema.
    pub parameters: Value,
    pub reads_only: bool,
}

/// The two tools for customers.
pub fn tools() -> [Tool; 2] {
    [
        Tool {
            name: CREATE,
            title: "Create a support ticket",
            description: "Creates a support ticket for the customer. Use when the customer reports an issue, requests \
                          help, or needs follow-up on a problem. The ticket will be tracked and assigned to an agent.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "subject": {
                        "type": "string",
                        "description": "Brief summary of the issue (max 200 chars)",
                    },
                    "description": {
                        "type": "string",
                        "description": "Detailed description of the customer's issue or request",
                    },
                    "category": {
                        "type": "string",
                        "enum": CATEGORIES,
                        "description": "Category that best describes the issue",
                    },
                    "priority": {
                        "type": "string",
                        "enum": ["low", "medium", "high", "urgent"],
                        "description": "Priority level based on issue severity. Use 'urgent' only for critical issues.",
                    },
                },
                "required": ["subject", "description", "category"],
            }),
            reads_only: false,
        },
        Tool {
            name: GET,
            title: "Look up a support ticket",
            description: "Retrieves information about a customer's support ticket. Use when customer asks about ticket \
                          status, wants updates, or references a previous issue.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "ticket_id": {
                        "type": "string",
                        "description": "The ticket ID (format: TICKET-YYYY-NNNNNN). Optional if looking up by recent \
                                        tickets.",
                    },
                    "lookup_recent": {
                        "type": "boolean",
                        "description": "Set to true to retrieve the customer's most recent tickets instead of a \
                                        specific one",
                    },
                },
                "required": [],
            }),
            reads_only: true,
        },
    ]
}

/// A tool as an API wants it in its `tools`.
pub fn definition(api: Api, tool: &Tool) -> Value {
    let mut function = json!({
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
    });
    match api {
        Api::Responses => {
            function["type"] = json!("function");
            // `priority` may be left out, which strict tools cannot.
            function["strict"] = json!(false);
            function
        }
        Api::Assistants | Api::Chat => json!({"type": "function", "function": function}),
    }
}

/// One call as a model made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// By which its output is known; may be empty, as whatever a model's API leaves out.
    pub id: String,
    pub name: String,
    /// JSON in a string, as far as the model kept to it.
    pub arguments: String,
}

/// Where an API's object may lie in what a program passes on.
const WRAPPED_IN: [&str; 6] = ["run", "response", "completion", "message", "data", "event"];

/// The calls in an object of any of the APIs, bare or in a wrapping; none where there is nothing of that kind.
pub fn read(value: &Value) -> Option<(Api, Vec<Call>)> {
    read_bare(value).or_else(|| WRAPPED_IN.iter().find_map(|name| read_bare(value.get(name)?)))
}

fn read_bare(value: &Value) -> Option<(Api, Vec<Call>)> {
    let submit = value.pointer("/required_action/submit_tool_outputs");
    if let Some(calls) = submit.or(value.get("submit_tool_outputs")) {
        let calls = calls.get("tool_calls")?.as_array()?;
        return Some((Api::Assistants, calls.iter().map(nested).collect()));
    }
    // A realtime session's `response.done` holds its response.
    let output = value.get("output").or(value.pointer("/response/output"));
    if let Some(items) = output.and_then(Value::as_array) {
        let calls = items.iter().filter(|item| item["type"] == "function_call");
        return Some((Api::Responses, calls.map(flat).collect()));
    }
    if value["type"] == "function_call" {
        return Some((Api::Responses, vec![flat(value)]));
    }
    if let Some(choices) = value.get("choices").and_then(Value::as_array) {
        let of = |choice: &Value| {
            let calls = choice.pointer("/message/tool_calls").and_then(Value::as_array).cloned();
            calls.unwrap_or_default()
        };
        let calls: Vec<Value> = choices.iter().flat_map(of).collect();
        return Some((Api::Chat, calls.iter().map(nested).collect()));
    }
    let calls = value.get("tool_calls").or(value.get("toolCalls"))?.as_array()?;
    Some((Api::Chat, calls.iter().map(nested).collect()))
}

fn text(value: &Value) -> String {
    value.as_str().map(str::to_owned).unwrap_or_default()
}

fn arguments(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        // Some libraries unpack them.
        other => other.to_string(),
    }
}

fn nested(call: &Value) -> Call {
    let function = &call["function"];
    let arguments = arguments(&function["arguments"]);
    Call { id: text(&call["id"]), name: text(&function["name"]), arguments }
}

fn flat(item: &Value) -> Call {
    let arguments = arguments(&item["arguments"]);
    Call { id: text(&item["call_id"]), name: text(&item["name"]), arguments }
}

/// What is to be submitted back, by call id and output.
pub fn answer(api: Api, outputs: Vec<(String, Value)>) -> Value {
    let each = outputs.into_iter().map(|(id, output)| {
        let output = output.to_string();
        match api {
            Api::Assistants => json!({"tool_call_id": id, "output": output}),
            Api::Responses => {
                json!({"type": "function_call_output", "call_id": id, "output": output})
            }
            Api::Chat => json!({"role": "tool", "tool_call_id": id, "content": output}),
        }
    });
    let each: Vec<Value> = each.collect();
    match api {
        Api::Assistants => json!({"tool_outputs": each}),
        Api::Responses => json!({"input": each}),
        Api::Chat => json!({"messages": each}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str) -> Call {
        Call { id: id.into(), name: CREATE.into(), arguments: "{}".into() }
    }

    #[test]
    fn the_calls_of_all_three_apis_are_read() {
        let nested = json!([{"id": "c1", "type": "function", "function": {"name": CREATE, "arguments": "{}"}}]);
        let run = json!({"required_action": {"submit_tool_outputs": {"tool_calls": nested}}});
        assert_eq!(read(&run), Some((Api::Assistants, vec![call("c1")])));
        assert_eq!(read(&json!({"run": run})), Some((Api::Assistants, vec![call("c1")])));
        let item = json!({"type": "function_call", "id": "fc_1", "call_id": "c2", "name": CREATE, "arguments": "{}"});
        let response = json!({"output": [{"type": "reasoning"}, item]});
        assert_eq!(read(&response), Some((Api::Responses, vec![call("c2")])));
        let done = json!({"type": "response.done", "response": response});
        assert_eq!(read(&done), Some((Api::Responses, vec![call("c2")])));
        let completion = json!({"choices": [{"message": {"tool_calls": nested}}]});
        assert_eq!(read(&completion), Some((Api::Chat, vec![call("c1")])));
        assert_eq!(read(&json!({"tool_calls": nested})), Some((Api::Chat, vec![call("c1")])));
        assert_eq!(read(&json!({"hello": 1})), None);
    }

    #[test]
    fn what_models_get_wrong_is_read_all_the_same() {
        let calls = json!({"tool_calls": [{}, 7, {"id": 3, "function": {"arguments": {"a": 1}}}]});
        let (_, calls) = read(&calls).unwrap();
        assert_eq!(calls.len(), 3);
        assert_eq!(calls[2].arguments, "{\"a\":1}");
        assert!(calls.iter().all(|call| call.id.is_empty() && call.name.is_empty()));
    }

    #[test]
    fn an_output_goes_back_under_the_id_of_its_call() {
        let output = |api| answer(api, vec![("c".into(), json!({"success": true}))]);
        let text = "{\"success\":true}";
        assert_eq!(
            output(Api::Assistants),
            json!({"tool_outputs": [{"tool_call_id": "c", "output": text}]})
        );
        let item = json!({"type": "function_call_output", "call_id": "c", "output": text});
        assert_eq!(output(Api::Responses), json!({"input": [item]}));
        let message = json!({"role": "tool", "tool_call_id": "c", "content": text});
        assert_eq!(output(Api::Chat), json!({"messages": [message]}));
    }
}
