//! Templates that a message asks for.

use serde_json::{Map, Value};

use super::{
    examples::{self, New},
    making, setting,
    task::{Analysis, PlanKind, Task, Workspace},
};
use crate::{
    product::message::ToolShape,
    templates::{self, Kind, Template, words::words},
};

/// From here on a message is answered by a template.
const NEARNESS_MIN: f64 = 0.9;
/// Two templates that are no further apart can both be meant.
const NEARNESS_STEP_MIN: f64 = 0.04;
/// How many templates an answer names.
const TEMPLATES_MAX: usize = 3;

/// Adds the template that the message asks for, or says why not.
pub(super) fn analyse(task: &Task) -> Analysis {
    let (prose, message) = match task.read_with(&tools(task)) {
        Ok(read) => read,
        Err(error) => return Analysis::reject("no message", error.to_string()),
    };
    let template = match choose(&prose, task) {
        Ok(template) => template,
        Err(analysis) => {
            let new = making::wanted(task, &message);
            return new.map_or(*analysis, |name| making::analyse(task, &message, name));
        }
    };
    let summary = format!("add `{}`: {}", template.name, template.description);
    if let Some(reason) = obstacle(template, &task.workspace) {
        return Analysis::reject(summary, reason);
    }
    let wanted = missing(template, &task.workspace);
    let given = examples::cases(&message, &task.workspace, New::of(template), "micro");
    if let Some(problem) = given.problems.first() {
        return Analysis::reject(summary, format!("{problem}: ask for the tool alone"));
    }
    let mut analysis = Analysis::new(kind(template), summary);
    let mut cases: Vec<_> = wanted
        .iter()
        .flat_map(|part| part.cases().iter().cloned())
        .collect();
    cases.extend(
        given
            .made
            .into_iter()
            .filter(|own| !cases.iter().any(|case| is_same(&case.case, &own.case)))
            .collect::<Vec<_>>(),
    );
    analysis.acceptance = cases;
    analysis.scope = scope(&wanted, &task.workspace);
    analysis.symbols = wanted.iter().filter_map(|part| part.symbol()).collect();
    analysis.state = state_patch(&wanted, &task.workspace);
    analysis.template = Some(template.name.to_owned());
    analysis.reason = format!(
        "the template `{}` is what the message asks for, with its cases",
        template.name
    );
    analysis.asking(given.questions)
}

/// The tools that are there, and those of the library that could be.
fn tools(task: &Task) -> Vec<ToolShape<'_>> {
    let mut tools = task.workspace.shapes();
    let library =
        (templates::all().iter()).filter(|template| task.workspace.tool(template.name).is_none());
    tools.extend(library.map(|template| ToolShape {
        name: template.name,
        parameters: &template.arguments,
    }));
    tools
}

fn kind(template: &Template) -> PlanKind {
    match template.kind {
        Kind::Runner | Kind::Tuner => PlanKind::AddTool,
        Kind::Budgets => PlanKind::ChangeBehaviour,
    }
}

/// Cases are the same but for their names.
fn is_same(one: &Value, other: &Value) -> bool {
    ["tool", "args", "expect", "state", "seed", "session"]
        .iter()
        .all(|key| one.get(key) == other.get(key))
}

fn choose(prose: &str, task: &Task) -> Result<&'static Template, Box<Analysis>> {
    let nearest = templates::nearest(prose, TEMPLATES_MAX);
    let best = nearest.first().map_or(0.0, |(_, near)| *near);
    if best < NEARNESS_MIN {
        let offer = offer(&nearest);
        let reason = format!(
            "no template is near enough to what is asked for, and without examples of what it should give the embedded provider writes no code of its own (say \"add a tool initials: initials('Ada Lovelace') is 'AL', initials('Grace Hopper') is 'GH'\"): {offer}"
        );
        return Err(Box::new(Analysis::reject("add a tool", reason)));
    }
    let is_meant = |(_, near): &&(&Template, f64)| best - near < NEARNESS_STEP_MIN;
    let meant: Vec<&'static Template> = nearest
        .iter()
        .filter(is_meant)
        .map(|(template, _)| *template)
        .collect();
    let answered = meant
        .iter()
        .find(|template| task.is_answered_by(template.name));
    if let (Some(template), _) | (None, [template]) = (answered, &meant[..]) {
        return Ok(template);
    }
    let names: Vec<String> = meant
        .iter()
        .map(|template| format!("`{}`", template.name))
        .collect();
    let question = format!("which one is meant: {}?", names.join(" or "));
    let analysis = Analysis::new(PlanKind::AddTool, format!("add {}", names.join(" or ")));
    Err(Box::new(analysis.asking(vec![question])))
}

/// What can be said instead.
pub(super) fn offer(nearest: &[(&Template, f64)]) -> String {
    if nearest.is_empty() {
        let names: Vec<&str> = templates::all()
            .iter()
            .map(|template| template.name)
            .collect();
        return format!("the templates are {}", names.join(", "));
    }
    let told: Vec<String> = (nearest.iter())
        .map(|(template, _)| {
            format!(
                "`{}` (say \"add the tool {}\")",
                template.name, template.name
            )
        })
        .collect();
    format!("the nearest templates are {}", told.join(", "))
}

/// The template and what it needs, as far as the workspace lacks them.
pub(super) fn missing(
    template: &'static Template,
    workspace: &Workspace,
) -> Vec<&'static Template> {
    let parts = template.with_needs().into_iter();
    parts
        .filter(|part| part.name == template.name || workspace.tool(part.name).is_none())
        .collect()
}

fn obstacle(template: &'static Template, workspace: &Workspace) -> Option<String> {
    if let Some(tool) = workspace.tool(template.name) {
        return Some(format!(
            "there is a tool `{}` already, in `{}`",
            tool.name, tool.path
        ));
    }
    let wanted = missing(template, workspace);
    let mut paths = wanted
        .iter()
        .flat_map(|part| part.files().map(|(path, _)| path));
    if let Some(path) = paths.find(|path| workspace.has_file(path)) {
        return Some(format!(
            "the workspace has a file `{path}` already, which the template would write over"
        ));
    }
    if template.kind == Kind::Budgets {
        return budgets_obstacle(template, workspace);
    }
    let (state, schema) = merged(&wanted, workspace);
    setting::allowed(&state, &schema).err()
}

fn budgets_obstacle(template: &Template, workspace: &Workspace) -> Option<String> {
    match (&workspace.budgets, &template.budgets) {
        (None, _) if workspace.has_file("ci/budgets.json") => Some(
            "`ci/budgets.json` is there and was not handed over, so it cannot be added to"
                .to_owned(),
        ),
        (Some(now), Some(more)) if filled(now, more) == *now => {
            Some("`ci/budgets.json` has all of these budgets already".to_owned())
        }
        _ => None,
    }
}

fn scope(wanted: &[&Template], workspace: &Workspace) -> Vec<String> {
    let (state, schema) = merged(wanted, workspace);
    let mut paths: Vec<String> = wanted
        .iter()
        .flat_map(|part| part.files().map(|(path, _)| path.to_owned()))
        .collect();
    if state != workspace.state {
        paths.push("state/active.state.json".to_owned());
    }
    if schema != workspace.schema {
        paths.push("state/schema.json".to_owned());
    }
    if wanted.iter().any(|part| part.kind == Kind::Budgets) {
        paths.push("ci/budgets.json".to_owned());
    }
    paths
}

/// The state and the schema with what the templates add.
pub(super) fn merged(wanted: &[&Template], workspace: &Workspace) -> (Value, Value) {
    let add = |now: &Value, more: fn(&Template) -> Option<&Value>| {
        wanted
            .iter()
            .filter_map(|part| more(part))
            .fold(now.clone(), |now, more| filled(&now, more))
    };
    let state = add(&workspace.state, |part| part.state.as_ref());
    let schema = add(&workspace.schema, |part| part.schema.as_ref());
    (state, schema)
}

/// What is there, and of the rest what is new: nothing that somebody set is changed.
pub(super) fn filled(now: &Value, more: &Value) -> Value {
    let (Value::Object(now), Value::Object(more)) = (now, more) else {
        return if now.is_null() {
            more.clone()
        } else {
            now.clone()
        };
    };
    let mut made = now.clone();
    for (key, value) in more {
        let inner = now
            .get(key)
            .map_or_else(|| value.clone(), |there| filled(there, value));
        made.insert(key.clone(), inner);
    }
    Value::Object(made)
}

/// What the templates add to the state, alone.
fn state_patch(wanted: &[&Template], workspace: &Workspace) -> Option<Value> {
    let (state, _) = merged(wanted, workspace);
    added(&workspace.state, &state)
}

fn added(now: &Value, then: &Value) -> Option<Value> {
    let Value::Object(then) = then else {
        return None;
    };
    let mut patch = Map::new();
    for (key, value) in then {
        match now.get(key) {
            None => {
                patch.insert(key.clone(), value.clone());
            }
            Some(there) => patch.extend(added(there, value).map(|inner| (key.clone(), inner))),
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// Words that a wish is about, for somebody who looks for what was left over.
pub(super) fn says_anything(prose: &str) -> bool {
    !words(prose).is_empty()
}
