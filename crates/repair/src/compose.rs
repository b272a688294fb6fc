//! A small function from examples, put together of components and without a model. Nothing is learned by
//! heart: no literal stands for one example, and no condition asks which example it is.

mod choosing;
mod examples;

use std::{fmt::Write as _, time::Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Case, Launcher, Question, Settings,
    bench::{BenchError, answer_to},
};

/// Expressions that are tried, whatever they come to: the same examples have the same answer on any machine.
const EXPRESSIONS_MAX: u64 = 150_000;

/// A function that nobody has written yet.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub name: String,
    pub parameters: Vec<Parameter>,
    /// The type of what it gives, if that is known; else examples say it.
    pub returns: Option<String>,
    pub cases: Vec<Case>,
}

impl Wanted {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|one| one.name.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    pub name: String,
    /// Its type as Python writes it, if that is known; else examples say it.
    pub annotation: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Composed {
    pub outcome: Outcome,
    /// How many expressions were tried.
    pub tried: u64,
    pub seconds: f64,
    /// In one sentence.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It gives all examples, and nothing that does and differs elsewhere is as likely.
    Found(Function),
    /// Several give all examples and differ elsewhere: the answer is one more example.
    Open {
        likeliest: Function,
        question: Separating,
    },
    /// It gives all examples, but they say so little that this may be chance.
    Thin(Function),
    /// Nothing within reach gives all examples.
    Nothing,
}

impl Outcome {
    /// The function that is likeliest, however sure that is.
    pub fn function(&self) -> Option<&Function> {
        match self {
            Self::Found(function)
            | Self::Thin(function)
            | Self::Open {
                likeliest: function,
                ..
            } => Some(function),
            Self::Nothing => None,
        }
    }
}

/// A call for which the two likeliest functions differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Separating {
    /// As a person reads it, with both answers.
    pub question: Question,
    /// The arguments of the call in the order of the parameters.
    pub args: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Function {
    /// What it returns.
    pub expression: String,
    /// Lines that it needs above itself.
    pub imports: Vec<String>,
    /// Each with its type.
    pub parameters: Vec<Parameter>,
    pub returns: String,
    /// How many components it has.
    pub size: usize,
    /// From 0 to 1.
    pub confidence: f64,
}

impl Function {
    /// A module with the function alone, under this name.
    pub fn module(&self, name: &str) -> String {
        let mut text = String::new();
        for line in &self.imports {
            text.push_str(line);
            text.push('\n');
        }
        if !self.imports.is_empty() {
            text.push_str("\n\n");
        }
        let parameters = self.parameters.iter().map(|one| match &one.annotation {
            Some(annotation) => format!("{}: {annotation}", one.name),
            None => one.name.clone(),
        });
        let parameters: Vec<String> = parameters.collect();
        // Writing to a text cannot fail.
        _ = write!(
            text,
            "def {name}({}) -> {}:\n    return {}\n",
            parameters.join(", "),
            self.returns,
            self.expression
        );
        text
    }
}

/// What Python found.
#[derive(Debug, Deserialize)]
struct Answer {
    /// Of each parameter, and last of what is given.
    types: Vec<String>,
    /// How much all examples say.
    bits: f64,
    tried: u64,
    components: usize,
    cost: usize,
    is_cut: bool,
    is_late: bool,
    fitting: Vec<Fitting>,
    /// Why nothing was looked for.
    refused: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Fitting {
    expression: String,
    imports: Vec<String>,
    cost: f64,
    size: usize,
    /// For each input `=` and the value, or `!` and the error.
    values: Vec<String>,
}

/// Looks for an expression that gives all examples.
pub fn compose(
    wanted: &Wanted,
    launcher: &Launcher,
    settings: &Settings,
) -> Result<Composed, BenchError> {
    let began = Instant::now();
    let mut composed = match examples::arguments(wanted) {
        Ok(cases) => {
            let others = examples::others(wanted, &cases, settings.seed);
            let answer = ask(wanted, &cases, &others, launcher, settings)?;
            choosing::choose(wanted, &answer, &others, settings)
        }
        Err(reason) => Composed {
            outcome: Outcome::Nothing,
            tried: 0,
            seconds: 0.0,
            reason,
        },
    };
    composed.seconds = began.elapsed().as_secs_f64();
    Ok(composed)
}

fn ask(
    wanted: &Wanted,
    cases: &[Vec<Value>],
    others: &[(String, String)],
    launcher: &Launcher,
    settings: &Settings,
) -> Result<Answer, BenchError> {
    let inputs = others.iter().map(|(_, call)| examples::read(call));
    let expected = wanted.cases.iter().map(|case| &case.expect);
    let order = json!({
        "do": "compose",
        "parameters": wanted.names().collect::<Vec<_>>(),
        "cases": cases,
        "expected": expected.collect::<Vec<_>>(),
        "inputs": inputs.collect::<Vec<_>>(),
        "expressions": EXPRESSIONS_MAX,
        "seconds": settings.budget.as_secs_f64(),
    });
    answer_to(launcher, &order)
}
