//! The two tools that every server has, for clients that never ask for the list again.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::backend::ToolAnswer;
use crate::catalogue::Catalogue;

const FOUND_TOOLS_MAX: u64 = 20;
const FOUND_TOOLS_DEFAULT: u64 = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetaTool {
    Find,
    Call,
}

impl MetaTool {
    pub(crate) const ALL: [Self; 2] = [Self::Find, Self::Call];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Find => "find_tools",
            Self::Call => "call_tool",
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    pub(crate) fn listed(self) -> Tool {
        let tool = Tool::new_with_raw(
            self.name(),
            Some(self.description().into()),
            Arc::new(object(self.input_schema())),
        );
        match self {
            Self::Find => tool.annotate(ToolAnnotations::new().read_only(true).open_world(false)),
            Self::Call => tool,
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Find => "Finds tools of this server, also ones added after you connected.",
            Self::Call => "Calls a tool that `find_tools` named and your own list lacks.",
        }
    }

    pub(crate) fn input_schema(self) -> Value {
        match self {
            Self::Find => json!({
                "type": "object",
                "properties": {
                    "query": { "type": "string", "description": "Words; empty for all tools" },
                    "limit": {
                        "type": "integer", "minimum": 1, "maximum": FOUND_TOOLS_MAX,
                        "default": FOUND_TOOLS_DEFAULT
                    }
                },
                "required": ["query"]
            }),
            Self::Call => json!({
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "arguments": { "type": "object", "description": "As its input_schema says" }
                },
                "required": ["name"]
            }),
        }
    }
}

/// What was asked of `call_tool`.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) arguments: JsonObject,
}

impl Named {
    pub(crate) fn of(mut arguments: JsonObject) -> Result<Self, &'static str> {
        let Some(Value::String(name)) = arguments.remove("name") else {
            return Err("at `/name`: the name of a tool is expected, as a string");
        };
        match arguments.remove("arguments") {
            None | Some(Value::Null) => Ok(Self {
                name,
                arguments: JsonObject::new(),
            }),
            Some(Value::Object(arguments)) => Ok(Self { name, arguments }),
            Some(_other) => Err("at `/arguments`: an object is expected"),
        }
    }
}

/// The tools of `catalogue` that fit a query best.
pub(crate) fn find(
    catalogue: &Catalogue,
    arguments: &JsonObject,
) -> Result<ToolAnswer, &'static str> {
    let Some(query) = arguments.get("query").and_then(Value::as_str) else {
        return Err("at `/query`: words are expected, as a string");
    };
    let limit = match arguments.get("limit") {
        None | Some(Value::Null) => FOUND_TOOLS_DEFAULT,
        Some(limit) => limit
            .as_u64()
            .filter(|limit| (1..=FOUND_TOOLS_MAX).contains(limit))
            .ok_or("at `/limit`: a whole number from 1 to 20 is expected")?,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let tools: Vec<Value> = ranked(catalogue, query)
        .into_iter()
        .take(limit)
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.input_schema,
            })
        })
        .collect();
    let total = catalogue.tools.len();
    let value = json!({ "tools": tools, "total": total });
    let text = value.to_string();
    Ok(ToolAnswer::structured(value, text))
}

/// Those that hold the most of the words first; without any word, all of them in their order.
fn ranked<'a>(catalogue: &'a Catalogue, query: &str) -> Vec<&'a Tool> {
    let query = query.to_lowercase();
    let words: Vec<&str> = query
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut scored: Vec<(usize, &Tool)> = catalogue
        .tools
        .iter()
        .map(|entry| {
            let name = entry.tool.name.to_lowercase();
            let held = words.iter().filter(|word| entry.words.contains(**word));
            let named = words.iter().filter(|word| name.contains(**word));
            (2 * named.count() + held.count(), &entry.tool)
        })
        .filter(|(score, _)| *score > 0 || words.is_empty())
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, tool)| tool).collect()
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::Implementation;

    use super::*;

    /// About 600 tokens, at four characters each, less some room.
    const LISTING_BYTES_MAX: usize = 2_000;

    #[test]
    fn they_take_little_of_a_models_context() {
        let catalogue = Catalogue::builder(Implementation::new("empty", "1.0.0"));
        let catalogue = catalogue.build().unwrap();

        let listing = serde_json::to_string(&catalogue.listed_tools).unwrap();

        assert_eq!(catalogue.listed_tools.len(), 2);
        assert!(listing.len() < LISTING_BYTES_MAX, "{} bytes", listing.len());
    }

    #[test]
    fn a_limit_out_of_bounds_is_refused() {
        let catalogue = Catalogue::builder(Implementation::new("empty", "1.0.0"));
        let catalogue = catalogue.build().unwrap();

        for limit in [json!(0), json!(21), json!(-1), json!("5")] {
            let arguments = object(json!({ "query": "", "limit": limit }));

            let refused = find(&catalogue, &arguments).unwrap_err();

            assert_eq!(
                refused,
                "at `/limit`: a whole number from 1 to 20 is expected"
            );
        }
    }
}
