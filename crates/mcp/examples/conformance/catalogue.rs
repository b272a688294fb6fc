//! The tools, resources and prompts that the suite looks for.

use std::sync::Arc;

use mcp::rmcp::model::{
    Implementation, JsonObject, Prompt, PromptArgument, Resource, ResourceTemplate, Tool,
};
use mcp::{Catalogue, CatalogueError};
use serde_json::{Value, json};

/// A red pixel, as PNG.
pub(crate) const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

const PLAIN_TOOLS: [(&str, &str); 29] = [
    ("test_simple_text", "Returns a text"),
    ("test_image_content", "Returns an image"),
    ("test_audio_content", "Returns a sound"),
    ("test_embedded_resource", "Returns a resource"),
    (
        "test_multiple_content_types",
        "Returns a text, an image and a resource",
    ),
    ("test_tool_with_logging", "Logs while it runs"),
    (
        "test_tool_with_progress",
        "Tells its progress while it runs",
    ),
    ("test_error_handling", "Fails as a tool may"),
    ("test_reconnection", "Answers after a while"),
    ("test_logging_tool", "Logs once"),
    ("test_missing_capability", "Needs sampling"),
    (
        "test_streaming_elicitation",
        "Tells its progress, then asks",
    ),
    ("test_trigger_tool_change", "Says that the tools changed"),
    (
        "test_trigger_prompt_change",
        "Says that the prompts changed",
    ),
    (
        "test_elicitation_sep1034_defaults",
        "Asks with default values",
    ),
    ("test_elicitation_sep1330_enums", "Asks for one of several"),
    ("test_input_required_result_elicitation", "Asks for a name"),
    ("test_input_required_result_sampling", "Asks a model"),
    ("test_input_required_result_list_roots", "Asks for roots"),
    (
        "test_input_required_result_request_state",
        "Asks, and keeps a state",
    ),
    (
        "test_input_required_result_multiple_inputs",
        "Asks three things",
    ),
    ("test_input_required_result_multi_round", "Asks twice"),
    (
        "test_input_required_result_tampered_state",
        "Asks, and keeps a state",
    ),
    (
        "test_input_required_result_capabilities",
        "Asks what can be answered",
    ),
    ("test_mrtr_echo_state", "Asks, and keeps a state"),
    ("test_mrtr_no_state", "Asks without a state"),
    ("test_mrtr_no_result_type", "Asks"),
    ("test_mrtr_unrelated", "Returns a text"),
    (
        "test_client_elicitation_defaults",
        "Asks with default values",
    ),
];

pub(crate) fn everything() -> Result<Catalogue, CatalogueError> {
    let plain = PLAIN_TOOLS.map(|(name, description)| tool(name, description, &empty()));
    Catalogue::builder(Implementation::new("conformance", "1.0.0"))
        .tools(plain)
        .tools([
            tool("test_sampling", "Asks a model", &words("prompt")),
            tool("test_elicitation", "Asks a person", &words("message")),
            tool(
                "test_custom_headers",
                "Mirrors arguments in headers",
                &mirrored(),
            ),
            tool(
                "json_schema_2020_12_tool",
                "Has every kind of schema",
                &elaborate(),
            ),
        ])
        .resources([
            Resource::new("test://static-text", "text").with_mime_type("text/plain"),
            Resource::new("test://static-binary", "binary").with_mime_type("image/png"),
            Resource::new("test://watched-resource", "watched").with_mime_type("text/plain"),
        ])
        .templates([
            ResourceTemplate::new("test://template/{id}/data", "template")
                .with_mime_type("application/json"),
        ])
        .prompts([
            prompt("test_simple_prompt", &[]),
            prompt("test_prompt_with_arguments", &["arg1", "arg2"]),
            prompt("test_prompt_with_embedded_resource", &["resourceUri"]),
            prompt("test_prompt_with_image", &[]),
            prompt("test_input_required_result_prompt", &[]),
        ])
        .build()
}

fn tool(name: &'static str, description: &'static str, input: &Value) -> Tool {
    let input: JsonObject = input.as_object().cloned().unwrap_or_default();
    Tool::new(name, description, Arc::new(input))
}

fn prompt(name: &str, arguments: &[&str]) -> Prompt {
    let arguments = arguments
        .iter()
        .map(|name| PromptArgument::new(*name).with_required(true))
        .collect();
    Prompt::new(name, Some("A prompt of the suite"), Some(arguments))
}

fn empty() -> Value {
    json!({ "type": "object", "properties": {} })
}

fn words(name: &str) -> Value {
    json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] })
}

fn mirrored() -> Value {
    json!({
        "type": "object",
        "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "query": { "type": "string" }
        }
    })
}

fn elaborate() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
            }
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" }
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": {
            "properties": { "contactMethod": { "const": "phone" } },
            "required": ["contactMethod"]
        },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false
    })
}
