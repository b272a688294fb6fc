//! Pairs of schemas with a known verdict, whole interfaces, and properties of any pair.

mod interfaces;
mod pairs;
mod properties;

use compat::{Interface, ToolInterface, Verdict, compare};
use serde_json::{Value, json};

/// The verdict on a change of what the tool `f` takes.
fn of_input(old: &Value, new: &Value) -> Verdict {
    let interface = |input: &Value| of_tool(input.clone(), None);
    compare(&interface(old), &interface(new))
}

/// The verdict on a change of what the tool `f` gives.
fn of_output(old: &Value, new: &Value) -> Verdict {
    let interface = |output: &Value| {
        let output = (!output.is_null()).then(|| output.clone());
        of_tool(json!({"type": "object"}), output)
    };
    compare(&interface(old), &interface(new))
}

fn of_state(old: &Value, new: &Value, migrates: bool) -> Verdict {
    let interface = |schema: &Value| Interface {
        state_schema: (!schema.is_null()).then(|| schema.clone()),
        migrates,
        ..Interface::default()
    };
    compare(&interface(old), &interface(new))
}

fn of_tool(input: Value, output: Option<Value>) -> Interface {
    Interface {
        tools: [("f".to_owned(), ToolInterface { input, output })].into(),
        ..Interface::default()
    }
}
