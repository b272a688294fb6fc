//! What a message asks for, as far as that can be known without guessing.

use std::path::Path;

use super::{
    adding,
    examples::{self, Cases},
    order,
    setting::{self, Change, Setting},
    task::{Analysis, PlanKind, Task},
};
use crate::{
    product::message::{Call, Message, asks_for_test},
    templates,
};

/// How many templates an answer names.
const TEMPLATES_MAX: usize = 3;

/// What the provider can do, in the words of a message.
const CAN: &str = "it repairs tools by examples (\"slugify('A b') should be 'a-b'\"), adds tools of the library (\"add a tool that counts words\"), changes constants and values of the state (\"set the greeting to 'Hi'\"), and adds tests (\"add a test: slugify('A b') is 'a-b'\")";
const WHO_CAN: &str =
    "a model (Anthropic or OpenAI-compatible), an agent CLI or the hand-off queue can write code";

const TESTS: &[&str] = &["test", "tests", "case", "cases", "golden", "goldens"];
/// With one of these a message asks for more than a test.
const CHANGES: &[&str] = &[
    "fix", "repair", "rename", "remove", "delete", "refactor", "rewrite", "correct",
];

pub(super) fn analyse(task: &Task) -> Analysis {
    let (prose, message) = match task.read() {
        Ok(read) => read,
        Err(error) => return Analysis::reject("no message", error.to_string()),
    };
    let first = of_prose(task, &prose, &message);
    // What was not understood may be said again, and better, in an answer.
    let whole = message.prose();
    if first.kind == PlanKind::Reject && whole != prose {
        let again = of_prose(task, &whole, &message);
        if again.kind != PlanKind::Reject {
            return again;
        }
    }
    first
}

fn of_prose(task: &Task, prose: &str, message: &Message) -> Analysis {
    let lower = prose.to_lowercase();
    let has_example = !message.examples().is_empty();
    let is_of_known = |call: &Call| task.workspace.tool(&call.tool).is_some();
    let has_known_call = message.calls().any(is_of_known);
    let (negated, rest) = order::parted(prose);
    if let Some(word) = order::negation(&lower) {
        let negated = negated.to_lowercase();
        let is_order = asks_for_test(&negated) || order::asks_for_tool(&negated, has_example);
        // A call says what is meant, whatever else is not wanted.
        if is_order || !(has_example || has_known_call) {
            let reason = format!(
                "it says `{word}`, and what is not wanted is no order to a provider that understands few sentences: say what is wanted instead; {CAN}"
            );
            return Analysis::reject("something that is not wanted", reason);
        }
    }
    let said = rest.to_lowercase();
    if asks_for_test(&said) {
        return adding_tests(task, prose, message);
    }
    let has_known_example = (message.examples().iter()).any(|example| is_of_known(&example.call));
    if order::asks_for_tool(&said, has_known_example) {
        return adding::analyse(task);
    }
    match setting::read(&rest, task) {
        Setting::Change(change) => changing(task, message, change),
        // A call says what is meant, whatever is sighed beside it.
        Setting::Impossible(_) if has_example || has_known_call => other(task, prose, message),
        Setting::Impossible(reason) => Analysis::reject("change a value", reason),
        Setting::Nothing => other(task, prose, message),
    }
}

fn adding_tests(task: &Task, prose: &str, message: &Message) -> Analysis {
    let lower = prose.to_lowercase();
    let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
    if let Some(verb) = words.find(|word| CHANGES.contains(word)) {
        return repair(
            task,
            prose,
            message,
            &format!("it says `{verb}`, which is more than a test"),
        );
    }
    let tier = tier(&lower);
    let cases = examples::cases(message, &task.workspace, None, tier);
    if let Some(problem) = cases.problems.first() {
        return Analysis::reject("add a test", problem.clone());
    }
    if cases.made.is_empty() && cases.questions.is_empty() {
        let reason =
            "a test needs a call and what it gives, as in \"add a test: slugify('A b') is 'a-b'\"";
        return Analysis::reject("add a test", reason);
    }
    let told: Vec<String> = message.examples().iter().map(examples::told).collect();
    let summary = format!("add tests: {}", told.join("; "));
    let mut analysis = Analysis::new(PlanKind::ChangeBehaviour, summary);
    "the message has the examples; no code is changed".clone_into(&mut analysis.reason);
    analysis.out_of_scope = vec!["code, if a case fails".to_owned()];
    accept(&mut analysis, cases)
}

/// The tier that a message names.
fn tier(lower: &str) -> &'static str {
    let words: Vec<&str> = lower
        .split(|letter: char| !letter.is_alphanumeric())
        .collect();
    let named = |tier: &str| {
        words
            .windows(2)
            .any(|pair| pair[0] == tier && (TESTS.contains(&pair[1]) || pair[1] == "tier"))
    };
    ["fast", "full"]
        .into_iter()
        .find(|tier| named(tier))
        .unwrap_or("micro")
}

fn accept(analysis: &mut Analysis, cases: Cases) -> Analysis {
    analysis.symbols.extend(cases.symbols);
    analysis.scope.extend(files(&cases.made));
    analysis.acceptance = cases.made;
    let mut unknowns = std::mem::take(&mut analysis.unknowns);
    unknowns.extend(cases.questions);
    analysis.clone().asking(unknowns)
}

fn files(cases: &[templates::FiledCase]) -> Vec<String> {
    let mut files: Vec<String> = cases.iter().map(|filed| filed.file.clone()).collect();
    files.dedup();
    files
}

fn changing(task: &Task, message: &Message, change: Change<'_>) -> Analysis {
    let cases = examples::cases(message, &task.workspace, None, "micro");
    if let Some(problem) = cases.problems.first() {
        return Analysis::reject("change a value", problem.clone());
    }
    let summary = if change.told.is_empty() {
        "change a value".to_owned()
    } else {
        format!("change {}", change.told.join(", "))
    };
    let kind = if change.is_code {
        PlanKind::ChangeBehaviour
    } else {
        PlanKind::Tune
    };
    let mut analysis = Analysis::new(kind, summary);
    analysis.unknowns = change.questions;
    for (constant, _) in &change.constants {
        analysis.symbols.push(constant.symbol.clone());
        analysis.scope.push(constant.path().to_owned());
    }
    if change.patch.is_some() {
        analysis.scope.push("state/active.state.json".to_owned());
    }
    if !change.constants.is_empty() && cases.made.is_empty() && cases.questions.is_empty() {
        analysis
            .unknowns
            .push(wants_example(task, change.constants[0].0.path()));
    }
    analysis.state = change.patch;
    "the workspace declares what the message changes".clone_into(&mut analysis.reason);
    accept(&mut analysis, cases)
}

/// A change of code is proved by a case that fails without it, and only somebody who knows what the
/// tool is for can say one.
fn wants_example(task: &Task, path: &str) -> String {
    let tool = task.workspace.tools.iter().find(|tool| tool.path == path);
    let call = tool.map_or_else(
        || "tool(argument='…')".to_owned(),
        |tool| {
            let arguments: Vec<String> = tool
                .parameters
                .iter()
                .take(1)
                .map(|name| format!("{name}='…'"))
                .collect();
            format!("{}({})", tool.name, arguments.join(", "))
        },
    );
    format!(
        "which call answers differently afterwards, and what does it give then, as in \"{call} is '…'\"?"
    )
}

fn other(task: &Task, prose: &str, message: &Message) -> Analysis {
    if !message.examples().is_empty() || !message.mentions().is_empty() {
        return repair(
            task,
            prose,
            message,
            "it asks for other answers than the code gives",
        );
    }
    if let Some(message) = task.about_recorded(message) {
        return repair(
            task,
            prose,
            &message,
            "it is about a call that was recorded",
        );
    }
    let nearest = templates::nearest(prose, TEMPLATES_MAX);
    let hint = if adding::says_anything(prose) {
        adding::offer(&nearest)
    } else {
        "say what should be different".to_owned()
    };
    let reason =
        format!("the embedded provider understands no free text: {CAN}; {WHO_CAN}; {hint}");
    Analysis::reject("free text", reason)
}

/// Code that several tools import.
fn is_shared_code(path: &str) -> bool {
    let extension = Path::new(path).extension();
    path.starts_with("tools/lib/") && extension.is_some_and(|extension| extension == "py")
}

/// A wish for other code, by what is to prove it: a search finds the code, or says that it does not.
fn repair(task: &Task, prose: &str, message: &Message, why: &str) -> Analysis {
    let has_example = !message.examples().is_empty();
    if let Some(verb) = order::reshapes(prose, &task.workspace, has_example) {
        let reason = format!(
            "it says `{verb}`, and the embedded provider writes no code of its own: {WHO_CAN}"
        );
        return Analysis::reject(format!("{verb} something"), reason);
    }
    let cases = examples::cases(message, &task.workspace, None, "micro");
    if let Some(problem) = cases.problems.first() {
        let reason = format!("understood: {problem}. {why}");
        return Analysis::reject(format!("repair: {problem}"), reason);
    }
    if cases.made.is_empty() && cases.questions.is_empty() {
        let reason = format!(
            "{why}, and there is no example of what should be different: say which call gives what, as in \"slugify('A b') should be 'a-b'\""
        );
        return Analysis::reject("repair", reason);
    }
    let told: Vec<String> = message.examples().iter().map(examples::told).collect();
    let mut analysis = Analysis::new(PlanKind::Repair, format!("repair: {}", told.join("; ")));
    why.clone_into(&mut analysis.reason);
    let files = task.workspace.files.iter();
    let shared = files.filter(|path| is_shared_code(path));
    analysis.scope.extend(shared.cloned());
    for symbol in &cases.symbols {
        let file = symbol.split("::").next().unwrap_or_default().to_owned();
        if !analysis.scope.contains(&file) {
            analysis.scope.push(file);
        }
    }
    accept(&mut analysis, cases)
}
