//! Looks at a change with the plan beside it: is each part of it planned, and all that is planned there?

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{
    CannotAnswer, adding,
    task::{Analysis, Task},
};
use crate::templates::{self, FiledCase};

#[derive(Debug, Serialize)]
pub(super) struct Review {
    verdict: Verdict,
    reasons: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Approve,
    Reject,
}

pub(super) fn review(task: &Task) -> Result<Review, CannotAnswer> {
    let plan = task.plan()?;
    let mut faults = Vec::new();
    if task.edits().is_none() && task.changed.is_none() {
        faults.push("the change is not shown: neither edits nor changed files".to_owned());
    }
    faults.extend(unplanned(task, plan));
    faults.extend(missing_cases(task, plan));
    let is_approved = faults.is_empty();
    Ok(Review {
        verdict: if is_approved {
            Verdict::Approve
        } else {
            Verdict::Reject
        },
        reasons: if is_approved {
            vec![approval(task).to_owned()]
        } else {
            faults
        },
    })
}

fn approval(task: &Task) -> &'static str {
    match task.cases {
        Some(_) => "only files of the plan are touched, and all its cases are there",
        None => "only files of the plan are touched; its cases were not shown",
    }
}

/// Files that the change touches and the plan does not name.
fn unplanned(task: &Task, plan: &Analysis) -> Vec<String> {
    let allowed = allowed(task, plan);
    let mut faults = Vec::new();
    let mut touched: BTreeSet<String> = task.changed.iter().flatten().cloned().collect();
    for edit in task.edits().unwrap_or_default() {
        match path(edit) {
            // Cases come with the tester's answer; an edit that touches them hides something.
            Some(path) if path.starts_with("tests/") => {
                faults.push(format!("an edit touches the cases in `{path}`"));
            }
            Some(path) => {
                touched.insert(path.to_owned());
            }
            None => faults.push(format!("an edit names no file: {edit}")),
        }
    }
    let beside = touched.into_iter().filter(|path| !allowed.contains(path));
    faults.extend(beside.map(|path| format!("`{path}` is changed and is not part of the plan")));
    faults
}

/// The file that an edit changes; a rename may change any, and is taken for the one it begins in.
fn path(edit: &Value) -> Option<&str> {
    let target = edit["target"]
        .as_str()
        .map(|target| target.split_once("::").map_or(target, |(path, _)| path));
    target.or_else(|| edit["path"].as_str())
}

fn allowed(task: &Task, plan: &Analysis) -> BTreeSet<String> {
    let mut allowed: BTreeSet<String> = plan
        .acceptance
        .iter()
        .map(|filed| filed.file.clone())
        .collect();
    allowed.extend(plan.scope.iter().cloned());
    let is_planned = |symbol: &String| plan.symbols.contains(symbol);
    let constants = task
        .workspace
        .constants
        .iter()
        .filter(|constant| is_planned(&constant.symbol));
    allowed.extend(constants.map(|constant| constant.path().to_owned()));
    if let Some(template) = plan.template.as_deref().and_then(templates::find) {
        let wanted = adding::missing(template, &task.workspace);
        allowed.extend(
            wanted
                .iter()
                .flat_map(|part| part.files().map(|(path, _)| path.to_owned())),
        );
    }
    if plan.state.is_some() {
        allowed.insert("state/active.state.json".to_owned());
    }
    allowed
}

/// Cases of the plan that are not there; a reviewer that is shown none looks at the edits alone.
fn missing_cases(task: &Task, plan: &Analysis) -> Vec<String> {
    let Some(given) = &task.cases else {
        return Vec::new();
    };
    let missing = plan
        .acceptance
        .iter()
        .filter(|planned| !given.contains(planned));
    let told = |filed: &FiledCase| {
        format!(
            "a case of the plan is missing from `{}`: {}",
            filed.file, filed.case
        )
    };
    missing.map(told).collect()
}
