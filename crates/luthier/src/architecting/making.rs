//! Looks for the code of a tool that nobody has written yet, by its cases.

use std::time::Duration;

use architect::{BenchError, Differing, Mended, product::message::Outcome as Expected};
use repair::{Case, Composed, Function, Outcome, Parameter, Settings, Wanted};
use serde_json::{Map, Value, json};

use super::{
    bench::broken,
    mending::{launcher, refused},
};

/// Code that nobody has seen is to be surer than a change of code that somebody wrote.
const CONFIDENCE_MIN: f64 = 0.65;

/// What may be spent on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Making {
    pub(super) budget: Duration,
    pub(super) confidence_min: f64,
}

impl Making {
    /// Takes as long as it may; to be called where that keeps nobody waiting.
    pub(super) fn make(&self, symbol: &str, cases: &[Value]) -> Result<Mended, BenchError> {
        let Some((path, name)) = symbol.split_once("::") else {
            return Ok(refused("the plan names no symbol for the tool"));
        };
        let wanted = wanted(name, cases);
        let settings = Settings {
            budget: self.budget,
            confidence_min: self.confidence_min.max(CONFIDENCE_MIN),
            ..Settings::default()
        };
        let composed = repair::compose(&wanted, &launcher()?, &settings);
        let composed = composed.map_err(|error| broken(&error))?;
        Ok(made(path, name, cases, composed))
    }
}

fn wanted(name: &str, cases: &[Value]) -> Wanted {
    let arguments = |case: &Value| case["args"].as_object().cloned().unwrap_or_default();
    let mut parameters: Vec<(String, Value)> = cases
        .first()
        .map(arguments)
        .unwrap_or_default()
        .into_iter()
        .collect();
    // What is worked on comes before what says how.
    parameters.sort_by_key(|(name, value)| (rank(value), name.clone()));
    let cases = cases.iter().filter_map(|case| {
        let (expect, raises) = match Expected::of_case(case.get("expect")?)? {
            Expected::Value(value) => (Some(value), None),
            Expected::Error(text) => (None, Some(text)),
        };
        Some(Case {
            call: name.to_owned(),
            args: Vec::new(),
            kwargs: arguments(case),
            expect,
            raises,
        })
    });
    Wanted {
        name: name.to_owned(),
        parameters: parameters
            .into_iter()
            .map(|(name, _)| Parameter {
                name,
                annotation: None,
            })
            .collect(),
        returns: None,
        cases: cases.collect(),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Array(_) | Value::Object(_) => 0,
        Value::String(_) => 1,
        Value::Number(_) => 2,
        Value::Bool(_) | Value::Null => 3,
    }
}

fn made(path: &str, name: &str, cases: &[Value], composed: Composed) -> Mended {
    let mended = Mended {
        reason: composed.reason,
        tried: usize::try_from(composed.tried).unwrap_or(usize::MAX),
        seconds: composed.seconds,
        ..Mended::default()
    };
    match composed.outcome {
        Outcome::Found(function) => Mended {
            edits: vec![json!({
                "op": "create",
                "path": path,
                "text": tool(name, cases, &function),
            })],
            reason: format!("`{}` is what the examples come to", function.expression),
            confidence: function.confidence,
            ..mended
        },
        Outcome::Open { question, .. } => Mended {
            question: Some(Differing {
                call: question.question.call,
                one: question.question.one,
                other: question.question.other,
            }),
            ..mended
        },
        Outcome::Thin(function) => Mended {
            reason: format!(
                "`{}` gives all examples, but they say so little that this may be chance: give more of them",
                function.expression
            ),
            confidence: function.confidence,
            ..mended
        },
        Outcome::Nothing => mended,
    }
}

/// The module of a tool with this function.
fn tool(name: &str, cases: &[Value], function: &Function) -> String {
    let module = function.module(name);
    let (imports, code) = module.split_at(module.find("def ").unwrap_or(0));
    let imports = imports.trim_end();
    let imports = if imports.is_empty() {
        String::new()
    } else {
        format!("{imports}\n\n")
    };
    let (signature, body) = code.split_once('\n').unwrap_or((code, ""));
    let about = docstring(name, cases);
    format!(
        "{imports}from luthier import tool\n\n\n@tool\n{signature}\n    \"\"\"{about}\"\"\"\n{body}"
    )
}

/// What is known of it: its first example.
fn docstring(name: &str, cases: &[Value]) -> String {
    let none = Map::new();
    let first = cases.first();
    let arguments = first
        .and_then(|case| case["args"].as_object())
        .unwrap_or(&none);
    let arguments: Vec<String> = (arguments.iter())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let expect = first.and_then(|case| Expected::of_case(&case["expect"]));
    let expect = expect.map_or_else(String::new, |expect| format!(" is {expect}"));
    let told = format!(
        "As its examples say: {name}({}){expect}.",
        arguments.join(", ")
    );
    told.replace('\\', "\\\\")
}
