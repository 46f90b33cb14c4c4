"""The tools as a program on OpenAI's own package meets them: its types read what is served and make what is taken.

Usage: tools.py ADDRESS TOKEN PHONE. Prints a line for each API that went well.
"""

import json
import sys
import urllib.request

from openai.types.beta import FunctionToolParam as AssistantTool
from openai.types.beta.threads import Run
from openai.types.beta.threads.run_submit_tool_outputs_params import ToolOutput
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionFunctionToolParam,
    ChatCompletionToolMessageParam,
)
from openai.types.responses import FunctionToolParam, Response
from openai.types.responses.response_input_param import FunctionCallOutput
from pydantic import TypeAdapter

address, token, phone = sys.argv[1:]
ARGUMENTS = json.dumps({"subject": "Double charge", "description": "Twice.", "category": "billing"})


def ask(method, path, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"http://{address}/api/v2/assistant/{path}", data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def tools(name, shape):
    """The definitions, each of which is exactly what the package's type allows."""
    served = ask("GET", f"tools?format={name}")["tools"]
    for tool in served:
        assert TypeAdapter(shape).validate_python(tool, strict=True) == tool, tool
    assert len(served) == 2
    return served


def submit(made):
    """What our side makes of an object that the package has made."""
    body = {"context": {"phone": phone}, **json.loads(made)}
    return ask("POST", "tool-calls", body)


def is_done(text):
    output = json.loads(text)
    assert output["success"] and output["ticketId"].startswith("TICKET-"), output


def calls(id):
    return [{"id": id, "type": "function", "function": {"name": "create_ticket_report", "arguments": ARGUMENTS}}]


tools("assistants", AssistantTool)
run = Run.model_validate({
    "id": "run_1", "object": "thread.run", "created_at": 1, "assistant_id": "asst_1", "thread_id": "thread_1",
    "status": "requires_action", "instructions": "", "model": "m", "tools": [], "parallel_tool_calls": True,
    "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls("call_a")}},
})
answer = submit(run.model_dump_json())
for output in answer["tool_outputs"]:
    assert TypeAdapter(ToolOutput).validate_python(output, strict=True) == output
    assert output["tool_call_id"] == "call_a"
    is_done(output["output"])
print("assistants ok")

tools("responses", FunctionToolParam)
response = Response.model_validate({
    "id": "resp_1", "object": "response", "created_at": 1, "model": "m", "parallel_tool_calls": True,
    "tool_choice": "auto", "tools": [],
    "output": [{"type": "function_call", "id": "fc_1", "call_id": "call_r", "name": "create_ticket_report",
                "arguments": ARGUMENTS, "status": "completed"}],
})
answer = submit(response.model_dump_json())
for item in answer["input"]:
    assert TypeAdapter(FunctionCallOutput).validate_python(item, strict=True) == item
    assert item["call_id"] == "call_r"
    is_done(item["output"])
print("responses ok")

tools("chat", ChatCompletionFunctionToolParam)
completion = ChatCompletion.model_validate({
    "id": "c_1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "tool_calls",
                 "message": {"role": "assistant", "tool_calls": calls("call_c")}}],
})
answer = submit(completion.model_dump_json())
for message in answer["messages"]:
    assert TypeAdapter(ChatCompletionToolMessageParam).validate_python(message, strict=True) == message
    is_done(message["content"])
print("chat ok")
