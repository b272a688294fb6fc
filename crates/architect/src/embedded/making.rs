//! Tools that nobody has written yet, by examples of what they should give.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    examples::{self, New},
    task::{Analysis, PlanKind, Task},
};
use crate::product::message::{Example, Message};

/// Fewer examples fit too many functions.
const EXAMPLES_MIN: usize = 2;

/// The name of a tool that is not there and that all examples of a message call.
pub(super) fn wanted<'a>(task: &Task, message: &'a Message) -> Option<&'a str> {
    let mut calls = message.calls().map(|call| call.tool.as_str());
    let name = calls.next()?;
    let is_new = task.workspace.tool(name).is_none() && is_identifier(name);
    (is_new && calls.all(|other| other == name)).then_some(name)
}

/// What a tool may be called.
fn is_identifier(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    name.starts_with(is_letter)
        && name
            .chars()
            .all(|letter| is_letter(letter) || letter.is_ascii_digit())
}

/// A plan for a tool whose code is looked for: whatever gives all examples.
pub(super) fn analyse(task: &Task, message: &Message, name: &str) -> Analysis {
    let summary = format!("add a tool `{name}`");
    let path = format!("tools/runner/{name}.py");
    if task.workspace.has_file(&path) {
        let reason =
            format!("the workspace has a file `{path}` already, which would be written over");
        return Analysis::reject(summary, reason);
    }
    let parameters = match parameters(message.examples()) {
        Ok(parameters) => parameters,
        Err(reason) => return Analysis::reject(summary, reason),
    };
    let new = New {
        name,
        path: &path,
        parameters: &parameters,
    };
    let given = examples::cases(message, &task.workspace, Some(new), "micro");
    if let Some(problem) = given.problems.first() {
        return Analysis::reject(summary, problem.clone());
    }
    let told: Vec<String> = message.examples().iter().map(examples::told).collect();
    let mut analysis = Analysis::new(PlanKind::AddTool, format!("{summary}: {}", told.join("; ")));
    let mut questions = given.questions;
    if given.made.len() < EXAMPLES_MIN && questions.is_empty() {
        questions.push(format!(
            "what does `{name}` give for something else, as in \"{name}({}) is '…'\"? One example fits too many functions",
            vec!["'…'"; parameters.len()].join(", ")
        ));
    }
    analysis.scope = given.made.iter().map(|filed| filed.file.clone()).collect();
    analysis.scope.dedup();
    analysis.scope.push(path.clone());
    analysis.symbols = vec![format!("{path}::{name}")];
    analysis.acceptance = given.made;
    "no template is asked for, and the examples say what the tool gives"
        .clone_into(&mut analysis.reason);
    analysis.asking(questions)
}

/// The names of the arguments in the order in which the examples have them. Those that have none are
/// called after what they are.
fn parameters(examples: &[Example]) -> Result<Vec<String>, String> {
    let shape = |example: &Example| {
        let keywords: Vec<String> = example.call.keywords.keys().cloned().collect();
        (example.call.positional.len(), keywords)
    };
    let Some(first) = examples.first() else {
        return Err("there is no example of what it should give".to_owned());
    };
    if let Some(other) = examples.iter().find(|other| shape(other) != shape(first)) {
        return Err(format!(
            "`{}` and `{}` have different arguments: give each example the same ones",
            first.call, other.call
        ));
    }
    let (_, keywords) = shape(first);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let by_place = first.call.positional.iter().map(|value| {
        let kind = kind(value);
        let count = counts.entry(kind).or_default();
        *count += 1;
        match *count {
            1 => kind.to_owned(),
            count => format!("{kind}_{count}"),
        }
    });
    Ok(by_place.chain(keywords).collect())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Number(_) => "number",
        Value::Bool(_) => "flag",
        Value::Array(items) if items.iter().all(Value::is_string) => "texts",
        Value::Array(items) if items.iter().all(Value::is_number) => "numbers",
        Value::Array(_) => "items",
        Value::Object(_) => "record",
        Value::Null => "value",
    }
}
