//! The tools of the suite that ask the client something first.

use mcp::rmcp::model::{ClientCapabilities, GetPromptResult, InputRequests, PromptMessage, Role};
use mcp::{Answer, Failure, PromptRequest, ToolAnswer, ToolCall};
use serde_json::{Value, json};

/// What a tool asks: the keys and requests of one round.
fn questions(requests: Value) -> Result<InputRequests, Failure> {
    serde_json::from_value(requests).map_err(Failure::broken)
}

fn form(message: &str, properties: &Value) -> Value {
    let required: Vec<&String> = properties
        .as_object()
        .map(|object| object.keys().collect())
        .unwrap_or_default();
    json!({
        "method": "elicitation/create",
        "params": {
            "message": message,
            "requestedSchema": {
                "type": "object", "properties": properties, "required": required
            }
        }
    })
}

fn sampling(prompt: &str, tokens_max: u32) -> Value {
    json!({
        "method": "sampling/createMessage",
        "params": {
            "messages": [{ "role": "user", "content": { "type": "text", "text": prompt } }],
            "maxTokens": tokens_max
        }
    })
}

fn roots() -> Value {
    json!({ "method": "roots/list", "params": {} })
}

fn name() -> Value {
    form(
        "What is your name?",
        &json!({ "name": { "type": "string" } }),
    )
}

fn confirm() -> Value {
    form("Please confirm", &json!({ "ok": { "type": "boolean" } }))
}

fn defaults() -> Value {
    form(
        "Please review",
        &json!({
            "name": { "type": "string", "default": "John Doe" },
            "age": { "type": "integer", "default": 30 },
            "score": { "type": "number", "default": 95.5 },
            "status": {
                "type": "string", "enum": ["active", "inactive", "pending"], "default": "active"
            },
            "verified": { "type": "boolean", "default": true }
        }),
    )
}

fn enums() -> Value {
    let titled = |what: &str| {
        json!([
            { "const": "value1", "title": format!("First {what}") },
            { "const": "value2", "title": format!("Second {what}") },
            { "const": "value3", "title": format!("Third {what}") }
        ])
    };
    let options = json!(["option1", "option2", "option3"]);
    form(
        "Please choose",
        &json!({
            "untitledSingle": { "type": "string", "enum": options },
            "titledSingle": { "type": "string", "oneOf": titled("Option") },
            "legacyEnum": {
                "type": "string", "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"]
            },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
            "titledMulti": { "type": "array", "items": { "anyOf": titled("Choice") } }
        }),
    )
}

/// The question that a tool asks once, and the state that it keeps meanwhile.
fn single(tool: &str, call: &ToolCall<'_>) -> Option<(Value, &'static str)> {
    let given = |name: &str| call.arguments[name].as_str().unwrap_or_default().to_owned();
    Some(match tool {
        "test_sampling" => (json!({ "it": sampling(&given("prompt"), 100) }), ""),
        "test_missing_capability" => (json!({ "it": sampling("Hello?", 100) }), ""),
        "test_elicitation" => {
            let properties = json!({
                "username": { "type": "string", "description": "User's response" },
                "email": { "type": "string", "description": "User's email address" }
            });
            (json!({ "it": form(&given("message"), &properties) }), "")
        }
        "test_elicitation_sep1034_defaults" | "test_client_elicitation_defaults" => {
            (json!({ "it": defaults() }), "")
        }
        "test_elicitation_sep1330_enums" => (json!({ "it": enums() }), ""),
        "test_streaming_elicitation"
        | "test_input_required_result_elicitation"
        | "test_mrtr_no_state"
        | "test_mrtr_no_result_type" => (json!({ "user_name": name() }), ""),
        "test_input_required_result_sampling" => {
            let asked = sampling("What is the capital of France?", 100);
            (json!({ "capital_question": asked }), "")
        }
        "test_input_required_result_list_roots" => (json!({ "client_roots": roots() }), ""),
        "test_input_required_result_request_state"
        | "test_input_required_result_tampered_state"
        | "test_mrtr_echo_state" => (json!({ "confirm": confirm() }), "asked"),
        "test_input_required_result_multiple_inputs" => (
            json!({
                "user_name": name(),
                "greeting": sampling("Generate a greeting", 50),
                "client_roots": roots()
            }),
            "asked",
        ),
        "test_input_required_result_capabilities" => {
            (answerable(&call.context.client_capabilities()), "")
        }
        _ => return None,
    })
}

fn answerable(can: &ClientCapabilities) -> Value {
    let can = serde_json::to_value(can).unwrap_or_default();
    let mut requests = json!({});
    if can.get("sampling").is_some() {
        requests["greeting"] = sampling("Generate a greeting", 50);
    }
    if can.get("elicitation").is_some() {
        requests["user_name"] = name();
    }
    requests
}

/// The answer of a tool that asks; nothing for one that does not.
pub(crate) fn asked(
    tool: &str,
    call: &ToolCall<'_>,
) -> Result<Option<Answer<ToolAnswer>>, Failure> {
    if tool == "test_input_required_result_multi_round" {
        return twice(call).map(Some);
    }
    let Some((requests, state)) = single(tool, call) else {
        return Ok(None);
    };
    let inputs = call.context.inputs();
    let keys = requests.as_object().into_iter().flat_map(|it| it.keys());
    let mut keys = keys.peekable();
    if keys.peek().is_none() || keys.any(|key| !answers(inputs.answers.get(key))) {
        return Ok(Some(Answer::Ask {
            requests: questions(requests)?,
            state: state.as_bytes().to_vec(),
        }));
    }
    let kept = inputs.state.unwrap_or_default();
    if kept != state.as_bytes() {
        return Err(Failure::refused("that is not the state I gave"));
    }
    let said = serde_json::to_string(inputs.answers).map_err(Failure::broken)?;
    let state = if state.is_empty() { "" } else { "state-ok " };
    Ok(Some(
        ToolAnswer::text(format!("{state}{}", told(tool, call, &said))).into(),
    ))
}

/// An answer is an object of the kind that was asked for.
fn answers(answer: Option<&Value>) -> bool {
    ["action", "content", "roots"]
        .iter()
        .any(|key| answer.and_then(|answer| answer.get(key)).is_some())
}

fn told(tool: &str, call: &ToolCall<'_>, said: &str) -> String {
    let answer = |key: &str| &call.context.inputs().answers[key];
    match tool {
        "test_sampling" => format!("LLM response: {}", answer("it")["content"]["text"]),
        "test_elicitation" => format!("User response: {}", completed(answer("it"))),
        "test_elicitation_sep1034_defaults" | "test_elicitation_sep1330_enums" => {
            format!("Elicitation completed: {}", completed(answer("it")))
        }
        "test_input_required_result_elicitation" => {
            let name = answer("user_name")["content"]["name"].as_str();
            format!("Hello, {}!", name.unwrap_or("whoever you are"))
        }
        _ => said.to_owned(),
    }
}

fn completed(answer: &Value) -> String {
    let action = answer["action"].as_str().unwrap_or("none");
    format!("action={action}, content={}", answer["content"])
}

fn twice(call: &ToolCall<'_>) -> Result<Answer<ToolAnswer>, Failure> {
    let inputs = call.context.inputs();
    let ask = |requests: Value, state: &[u8]| {
        Ok(Answer::Ask {
            requests: questions(requests)?,
            state: state.to_vec(),
        })
    };
    match inputs.state {
        Some(b"first") if answers(inputs.answers.get("step1")) => {
            let properties = json!({ "color": { "type": "string" } });
            let asked = form("Step 2: What is your favorite color?", &properties);
            ask(json!({ "step2": asked }), b"second")
        }
        Some(b"second") if answers(inputs.answers.get("step2")) => {
            Ok(ToolAnswer::text("Both steps are done.").into())
        }
        _ => {
            let properties = json!({ "name": { "type": "string" } });
            let asked = form("Step 1: What is your name?", &properties);
            ask(json!({ "step1": asked }), b"first")
        }
    }
}

pub(crate) fn about_prompt(
    request: &PromptRequest<'_>,
) -> Result<Answer<GetPromptResult>, Failure> {
    let inputs = request.context.inputs();
    let Some(answer) = inputs.answers.get("user_context") else {
        let properties = json!({ "context": { "type": "string" } });
        let asked = form("What context should the prompt use?", &properties);
        return Ok(Answer::Ask {
            requests: questions(json!({ "user_context": asked }))?,
            state: Vec::new(),
        });
    };
    let text = format!("Use this context: {}", answer["content"]["context"]);
    let messages = vec![PromptMessage::new_text(Role::User, text)];
    Ok(GetPromptResult::new(messages).into())
}
