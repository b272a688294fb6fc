//! Examples of a message as cases.

use serde_json::{Map, Value, json};

use super::task::Workspace;
use crate::{
    product::message::{Call, Example, Message},
    templates::{FiledCase, Template},
};

/// What came of the examples of a message.
#[derive(Debug, Default)]
pub(super) struct Cases {
    pub(super) made: Vec<FiledCase>,
    /// The tools that they are about, as symbols.
    pub(super) symbols: Vec<String>,
    /// Pairs that cannot both be right, and calls of which nothing is said.
    pub(super) questions: Vec<String>,
    /// Why some can be no cases.
    pub(super) problems: Vec<String>,
}

/// A tool that will be there.
#[derive(Clone, Copy, Debug)]
pub(super) struct New<'a> {
    pub(super) name: &'a str,
    pub(super) path: &'a str,
    pub(super) parameters: &'a [String],
}

impl<'a> New<'a> {
    pub(super) fn of(template: &'a Template) -> Option<Self> {
        let (path, _) = template.files().last()?;
        Some(Self {
            name: template.name,
            path,
            parameters: &template.arguments,
        })
    }
}

/// Reads the examples for a tier.
pub(super) fn cases(
    message: &Message,
    workspace: &Workspace,
    new: Option<New<'_>>,
    tier: &str,
) -> Cases {
    let mut cases = Cases::default();
    for example in message.examples() {
        match case(example, workspace, new, tier) {
            Ok((filed, symbol)) => {
                if !cases.made.contains(&filed) {
                    cases.made.push(filed);
                }
                if !cases.symbols.contains(&symbol) {
                    cases.symbols.push(symbol);
                }
            }
            Err(problem) => cases.problems.push(problem),
        }
    }
    let parameters =
        |tool: &str| target(tool, workspace, new).map(|target| target.parameters.to_vec());
    cases.questions = (message.contradictions(parameters).iter())
        .map(|pair| format!("is `{}` {} or {}?", pair.call, pair.first, pair.second))
        .collect();
    // What a call gives now may be said beside what it should give.
    let is_open = |call: &Call| {
        let names = |call: &Call| parameters(&call.tool);
        let mut examples = message.examples().iter();
        !examples.any(|example| example.call.is_same_as(call, names))
    };
    let mentions = message.mentions().iter().filter(|mention| {
        let is_asked = mention.is_unclear || is_open(&mention.call);
        target(&mention.call.tool, workspace, new).is_some() && is_asked
    });
    cases
        .questions
        .extend(mentions.map(|mention| format!("what should `{}` give?", mention.call)));
    cases
}

/// The tool that an example calls.
struct Target<'a> {
    path: &'a str,
    parameters: &'a [String],
}

fn target<'a>(tool: &str, workspace: &'a Workspace, new: Option<New<'a>>) -> Option<Target<'a>> {
    let there = workspace.tool(tool).map(|tool| Target {
        path: &tool.path,
        parameters: &tool.parameters,
    });
    let to_be = new.filter(|new| new.name == tool).map(|new| Target {
        path: new.path,
        parameters: new.parameters,
    });
    there.or(to_be)
}

fn case(
    example: &Example,
    workspace: &Workspace,
    new: Option<New<'_>>,
    tier: &str,
) -> Result<(FiledCase, String), String> {
    let tool = &example.call.tool;
    let target = target(tool, workspace, new).ok_or_else(|| no_tool(&example.call, workspace))?;
    if !target.path.starts_with("tools/runner/") {
        return Err(format!(
            "`{tool}` is a tool of the tuner, and cases call tools of the runner alone"
        ));
    }
    let arguments = example
        .call
        .arguments(target.parameters)
        .map_err(|error| error.to_string())?;
    let mut case = Map::from_iter([("tool".to_owned(), json!(tool))]);
    if !arguments.is_empty() {
        case.insert("args".to_owned(), Value::Object(arguments));
    }
    case.insert("expect".to_owned(), example.expected.as_case());
    let module = target
        .path
        .rsplit('/')
        .next()
        .and_then(|file| file.strip_suffix(".py"))
        .unwrap_or(tool);
    let filed = FiledCase {
        file: format!("tests/{tier}/{module}.jsonl"),
        case: Value::Object(case),
    };
    Ok((filed, format!("{}::{tool}", target.path)))
}

fn no_tool(call: &Call, workspace: &Workspace) -> String {
    let known = workspace.tools.iter().map(|tool| tool.name.as_str());
    match model::nearest::nearest(&call.tool, known).first() {
        Some(nearest) => format!("there is no tool `{}`: `{nearest}` may be meant", call.tool),
        None => format!("there is no tool `{}`", call.tool),
    }
}

/// An example in words.
pub(super) fn told(example: &Example) -> String {
    let seen = example
        .observed
        .as_ref()
        .map_or_else(String::new, |seen| format!(" (now it gives {seen})"));
    format!("`{}` should give {}{seen}", example.call, example.expected)
}
