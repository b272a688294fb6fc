//! What is said of a candidate's text before anything runs it: the gate's policy, then the compiler of
//! the Python that serves.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use crate::{
    candidate::{Candidate, Case, Isolation, Limits},
    gate::{self, Policy, Refusal},
    report::{Loaded, Tier, Verdict},
    sandbox::{Sandbox, Unfit},
};

/// Compiles texts, and runs none. It is ours; what it reads is not, so it works in a cell all the same.
const COMPILER: &str = r#"
def compile_all(modules):
    problems = []
    for path, text in modules:
        try:
            compile(text, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            place = error.lineno or 1, error.offset or 1
            problems.append({"file": path, "line": place[0], "column": place[1], "reason": error.msg})
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            reason = str(error) or type(error).__name__
            problems.append({"file": path, "line": 1, "column": 1, "reason": reason})
    return problems
"#;

const PLACE: &str = "tools/runner/compiler.py";

#[derive(Deserialize)]
struct Problem {
    file: String,
    line: u32,
    column: u32,
    reason: String,
}

impl Sandbox {
    /// What the gate refuses of a candidate's modules, in order of place; what the compiler does not
    /// take is among it.
    pub async fn examine(
        &self,
        candidate: &Candidate,
        policy: &Policy,
    ) -> Result<Vec<Refusal>, Unfit> {
        let mut refusals = gate::check(&candidate.files, policy);
        let problems = self.compile(candidate).await?;
        // The compiler knows better what is wrong with a syntax.
        let is_known = |refusal: &Refusal| {
            refusal.code == gate::Code::Syntax
                && problems.iter().any(|problem| problem.file == refusal.file)
        };
        refusals.retain(|refusal| !is_known(refusal));
        refusals.extend(problems);
        refusals.sort_by(|one, other| {
            let place = |it: &Refusal| (it.file.clone(), it.line, it.column);
            place(one).cmp(&place(other))
        });
        Ok(refusals)
    }

    async fn compile(&self, candidate: &Candidate) -> Result<Vec<Refusal>, Unfit> {
        // What is no text was refused already.
        let modules = candidate.files.iter().filter_map(|(path, body)| {
            let text = gate::is_python(path).then_some(body)?;
            Some(json!([path, std::str::from_utf8(text).ok()?]))
        });
        let modules: Vec<_> = modules.collect();
        let compiler = Candidate {
            label: "compiler".to_owned(),
            files: BTreeMap::from([(PLACE.to_owned(), Bytes::from_static(COMPILER.as_bytes()))]),
            folder: "tools/runner".to_owned(),
            state: Bytes::from_static(b"{}"),
            packages: Vec::new(),
            cases: vec![Case {
                kind: "script".to_owned(),
                name: format!("{PLACE}:compile_all"),
                arguments: json!([modules]).to_string().into(),
                session: None,
                seed: 0,
                notes_lines: false,
                answers: Vec::new(),
            }],
            isolation: Isolation::Shared,
            limits: Limits {
                call_ms_max: candidate.limits.load_ms_max,
                ..Limits::default()
            },
        };
        let report = self.run(Tier::Native, &compiler).await?;
        let reason = match (report.outcomes.first(), &report.loaded) {
            (Some(outcome), _) => match &outcome.verdict {
                Verdict::Value { json, .. } => return Ok(problems(json)),
                Verdict::Raised(raised) => raised.message.clone(),
                Verdict::Ended(ending) => ending.to_string(),
            },
            (None, Loaded::Failed(problem)) => problem.message.clone(),
            (None, Loaded::Ended(ending)) => ending.to_string(),
            (None, Loaded::Manifest(_)) => "it was not asked".to_owned(),
        };
        // A text by which a compiler is ended is no better than one that it refuses.
        let first = candidate.files.keys().next().map_or("", String::as_str);
        let reason = format!("the compiler gave up: {reason}");
        Ok(vec![Refusal::syntax(first, 1, 1, reason)])
    }
}

fn problems(json: &[u8]) -> Vec<Refusal> {
    let problems: Vec<Problem> = serde_json::from_slice(json).unwrap_or_default();
    let refusals = problems.into_iter().map(|problem| {
        Refusal::syntax(&problem.file, problem.line, problem.column, problem.reason)
    });
    refusals.collect()
}
