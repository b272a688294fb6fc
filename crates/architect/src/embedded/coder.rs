//! Edits and cases of a plan. Each follows from the plan and the workspace; nothing is invented.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    CannotAnswer, adding,
    setting::{self, Setting},
    task::{Analysis, PlanKind, Task},
};
use crate::templates::{self, FiledCase, Template};

#[derive(Debug, Serialize)]
pub(super) struct Coded {
    edits: Vec<Value>,
    rationale: String,
}

/// The cases that prove a plan.
pub(super) fn cases(task: &Task) -> Result<Vec<FiledCase>, CannotAnswer> {
    let plan = task.plan()?;
    if !plan.acceptance.is_empty() {
        return Ok(plan.acceptance.clone());
    }
    let Some(template) = template(plan)? else {
        // What only sets values is proved by the cases that are there.
        if plan.kind == PlanKind::Tune {
            return Ok(Vec::new());
        }
        return Err(CannotAnswer(
            "the plan has no acceptance, and it writes no cases of its own".to_owned(),
        ));
    };
    let wanted = adding::missing(template, &task.workspace);
    Ok(wanted
        .iter()
        .flat_map(|part| part.cases().iter().cloned())
        .collect())
}

pub(super) fn code(task: &Task) -> Result<Coded, CannotAnswer> {
    let plan = task.plan()?;
    if let Some(template) = template(plan)? {
        return Ok(added(template, task));
    }
    match plan.kind {
        PlanKind::ChangeBehaviour | PlanKind::Tune => changed(plan, task),
        PlanKind::Repair | PlanKind::AddTool => searched(task),
        kind => Err(CannotAnswer(format!(
            "it writes no code of its own, which a plan of the kind `{}` needs",
            kind.as_str()
        ))),
    }
}

/// What the search has found, or how far it came.
fn searched(task: &Task) -> Result<Coded, CannotAnswer> {
    let Some(mended) = &task.mended else {
        return Err(CannotAnswer("no code was looked for".to_owned()));
    };
    if mended.edits.is_empty() {
        return Err(CannotAnswer(format!(
            "{} ({} changes tried in {:.0} s)",
            mended.reason, mended.tried, mended.seconds
        )));
    }
    Ok(Coded {
        edits: mended.edits.clone(),
        rationale: mended.reason.clone(),
    })
}

/// Does the plan change nothing but tests?
pub(super) fn is_only_cases(task: &Task) -> bool {
    code(task).is_ok_and(|coded| coded.edits.is_empty())
}

fn template(plan: &Analysis) -> Result<Option<&'static Template>, CannotAnswer> {
    let Some(name) = &plan.template else {
        return Ok(None);
    };
    let found = templates::find(name);
    found
        .map(Some)
        .ok_or_else(|| CannotAnswer(format!("there is no template `{name}`")))
}

fn added(template: &'static Template, task: &Task) -> Coded {
    let wanted = adding::missing(template, &task.workspace);
    let files = wanted.iter().flat_map(|part| part.files());
    let mut edits: Vec<Value> = files.map(|(path, text)| create(path, text)).collect();
    let (state, schema) = adding::merged(&wanted, &task.workspace);
    if state != task.workspace.state {
        edits.push(create("state/active.state.json", &pretty(&state)));
    }
    if schema != task.workspace.schema {
        edits.push(create("state/schema.json", &pretty(&schema)));
    }
    if let Some(more) = &template.budgets {
        let now = task.workspace.budgets.clone().unwrap_or_default();
        edits.push(create(
            "ci/budgets.json",
            &pretty(&adding::filled(&now, more)),
        ));
    }
    Coded {
        edits,
        rationale: format!("the template `{}`: {}", template.name, template.description),
    }
}

fn create(path: &str, text: &str) -> Value {
    json!({"op": "create", "path": path, "text": text})
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("JSON is written as JSON");
    text.push('\n');
    text
}

/// The values that the plan names, read from the message again.
fn changed(plan: &Analysis, task: &Task) -> Result<Coded, CannotAnswer> {
    let edits_state = plan.state.as_ref().map(|patch| {
        let mut state = task.workspace.state.clone();
        json_patch::merge(&mut state, patch);
        create("state/active.state.json", &pretty(&state))
    });
    let constants = constants(plan, task)?;
    let rationale = if constants.is_empty() && edits_state.is_none() {
        "the plan adds cases alone".to_owned()
    } else {
        plan.summary.clone()
    };
    Ok(Coded {
        edits: constants.into_iter().chain(edits_state).collect(),
        rationale,
    })
}

fn constants(plan: &Analysis, task: &Task) -> Result<Vec<Value>, CannotAnswer> {
    let is_constant = |symbol: &&String| {
        task.workspace
            .constants
            .iter()
            .any(|constant| constant.symbol == **symbol)
    };
    let planned: Vec<&String> = plan.symbols.iter().filter(is_constant).collect();
    if planned.is_empty() {
        return Ok(Vec::new());
    }
    let (prose, _) = task
        .read()
        .map_err(|error| CannotAnswer(error.to_string()))?;
    let Setting::Change(change) = setting::read(&prose, task) else {
        return Err(CannotAnswer(format!(
            "the message does not say what `{}` should be",
            planned[0]
        )));
    };
    (planned.into_iter())
        .map(|symbol| {
            let found = change
                .constants
                .iter()
                .find(|(constant, _)| constant.symbol == *symbol);
            let (constant, value) = found.ok_or_else(|| {
                CannotAnswer(format!(
                    "the message does not say what `{symbol}` should be"
                ))
            })?;
            let text = constant.defined_as(value);
            Ok(json!({"op": "replace", "target": symbol, "text": text}))
        })
        .collect()
}
