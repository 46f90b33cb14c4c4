//! The CRM of seed 002 from outside: its face, the tools of assistants, and the same tools over MCP. S2.47's acceptance
//! list is here, one test a line of it.

mod bridge;
#[path = "crm/customers.rs"]
mod customers;
#[path = "crm/face.rs"]
mod face;
mod harness;
#[path = "crm/interop.rs"]
mod interop;
#[path = "crm/mcp.rs"]
mod mcp;
#[path = "crm/owners.rs"]
mod owners;
mod python;
#[path = "crm/tools.rs"]
mod tools;

use serde_json::{Value, json};

use bridge::{Desk, word};
use harness::Response;

/// The customer of the samples.
pub const ANA: &str = "5214491234567";

/// A contact centre with an assistant and an agent.
pub struct Centre {
    pub desk: Desk,
    pub assistant: String,
    pub agent: String,
}

impl Centre {
    pub fn open(config: &str) -> Centre {
        let desk = Desk::open(config);
        let assistant = desk.daemon.token("assistant");
        let agent = desk.daemon.token_named("Ani Wijaya", "agent");
        Centre { desk, assistant, agent }
    }

    /// One call of the API with a body.
    pub fn send(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.desk.daemon.request(method, path, &headers, body.to_string().as_bytes())
    }

    /// The agent's, accepted: what is under `data`.
    #[track_caller]
    pub fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.send(&self.agent, method, path, body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["success"], true, "{answer}");
        answer["data"].clone()
    }

    /// What a model's calls come to: the outputs, read.
    #[track_caller]
    pub fn submit(&self, body: &Value) -> Value {
        let answer = self.send(&self.assistant, "POST", "/api/v2/assistant/tool-calls", body);
        assert_eq!(answer.status, 200, "never an HTTP error: {}", answer.text());
        answer.json()
    }

    /// One call of a tool for a customer: its output.
    #[track_caller]
    pub fn tool(&self, context: &Value, id: &str, name: &str, arguments: &str) -> Value {
        let call = json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
        let answer = self.submit(&json!({"context": context, "tool_calls": [call]}));
        let message = &answer["messages"][0];
        assert_eq!((&message["role"], &message["tool_call_id"]), (&json!("tool"), &json!(id)));
        output(&message["content"])
    }

    /// A ticket that the assistant reports for this customer; gives its reference.
    #[track_caller]
    pub fn reported(&self, customer: &str, id: &str, subject: &str) -> String {
        let arguments =
            json!({"subject": subject, "description": "As above.", "category": "billing"});
        let context = json!({"phone": customer, "language": "en"});
        let told = self.tool(&context, id, "create_ticket_report", &arguments.to_string());
        assert_eq!(told["success"], true, "{told}");
        word(&told["ticketId"])
    }

    /// The daemon's own check of all its rows.
    pub fn is_sound(&mut self) {
        self.desk.daemon.terminate();
        let told = self.desk.daemon.cli(&["verify"]);
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
    }
}

/// The JSON in an output's text.
#[track_caller]
pub fn output(text: &Value) -> Value {
    let output: Value = serde_json::from_str(&word(text)).expect("an output is JSON");
    assert!(output["success"].is_boolean(), "{output}");
    output
}
