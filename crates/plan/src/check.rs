//! What is wrong with a script is found before any of it runs: names, arguments, members, and
//! paths that cannot come to an end. It knows nothing of values: what a variable holds is seen
//! when the script runs.

mod calls;
mod flow;
mod names;
mod walk;

use rhai::{AST, ParseError, ParseErrorType, Position};

use crate::{limits::Limits, problem::Problem, run, script::Script};

use names::Names;
use walk::Walk;

/// More are not told: the first ones have to be mended first.
const PROBLEMS_MAX: usize = 32;

/// The script, or everything that is wrong with it, in the order of its lines.
pub fn check(text: &str) -> Result<Script, Vec<Problem>> {
    check_within(text, &Limits::default())
}

/// [`check`] with other limits than the default ones.
pub fn check_within(text: &str, limits: &Limits) -> Result<Script, Vec<Problem>> {
    if text.len() > limits.script_bytes_max {
        let cause = format!(
            "the script is {} bytes, {} are allowed",
            text.len(),
            limits.script_bytes_max
        );
        return Err(vec![Problem::new(Position::NONE, cause)]);
    }
    let ast = run::plain(limits)
        .compile(text)
        .map_err(|error| vec![syntax(&error)])?;
    let mut problems = of_tree(&ast);
    if problems.is_empty() {
        return Ok(Script::new(ast));
    }
    problems.sort();
    problems.dedup();
    problems.truncate(PROBLEMS_MAX);
    Err(problems)
}

fn of_tree(ast: &AST) -> Vec<Problem> {
    if ast.statements().is_empty() {
        return vec![Problem::new(Position::NONE, "the script does nothing")];
    }
    let names = Names::of(ast);
    let mut problems = Walk::over(&names, &[], ast.statements());
    problems.extend(flow::problems(ast.statements()));
    for function in ast.iter_functions() {
        let body = names::body(ast, function.name, function.params.len());
        problems.extend(Names::in_signature(&function, &body));
        problems.extend(Walk::over(&names, &function.params, &body));
        problems.extend(flow::problems(&body));
    }
    problems
}

fn syntax(error: &ParseError) -> Problem {
    let cause = match error.err_type() {
        ParseErrorType::Reserved(word) => format!("`{word}` cannot be used in a script"),
        ParseErrorType::UnexpectedEOF => "the script stops in the middle".to_owned(),
        other => other.to_string(),
    };
    Problem::new(error.position(), cause)
}
