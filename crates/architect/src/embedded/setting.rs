//! Parameters that a message gives another value.

use serde_json::{Map, Number, Value, json};

use super::{
    clause::{self, Assignment, Clause, Way},
    literal::Literal,
    parameter::{self, Parameter, Place},
    task::{Constant, Task, Workspace},
};
use crate::{product::message::find_name, templates::words::words};

/// How many names an answer lists.
const NAMES_MAX: usize = 8;

/// What a message changes of what is declared.
#[derive(Debug, Default)]
pub(super) struct Change<'a> {
    pub(super) constants: Vec<(&'a Constant, Value)>,
    /// A constant is changed, or may be.
    pub(super) is_code: bool,
    /// A merge patch of the active document.
    pub(super) patch: Option<Value>,
    /// Each change in words.
    pub(super) told: Vec<String>,
    /// What has to be answered first.
    pub(super) questions: Vec<String>,
    /// What each name is given.
    given: Vec<(String, Value)>,
}

impl Change<'_> {
    /// Does `name` have a value already that stays? Only an answer tells which one of two is meant.
    fn keeps(&mut self, name: &str, value: &Value, task: &Task) -> bool {
        let Some((_, earlier)) = self.given.iter().find(|(given, _)| given == name) else {
            return false;
        };
        if *earlier == *value {
            return true;
        }
        match (
            is_answered_with(task, earlier),
            is_answered_with(task, value),
        ) {
            (true, false) => true,
            (false, true) => {
                self.given.retain(|(given, _)| given != name);
                self.constants
                    .retain(|(constant, _)| constant.symbol != name);
                self.told
                    .retain(|told| !told.starts_with(&format!("`{name}`")));
                false
            }
            (true, true) | (false, false) => {
                let question = format!("should `{name}` be {earlier} or {value}?");
                self.questions.push(question);
                true
            }
        }
    }
}

/// What came of looking for parameters in a message.
pub(super) enum Setting<'a> {
    /// It gives nothing a value.
    Nothing,
    Change(Change<'a>),
    /// It does, and it cannot be done, for this reason.
    Impossible(String),
}

/// `prose` is a message without its examples.
pub(super) fn read<'a>(prose: &str, task: &'a Task) -> Setting<'a> {
    let clauses = clause::clauses(prose);
    let is_assignment = |clause: &&Clause| matches!(clause, Clause::Assigns(_));
    if !clauses.iter().any(|clause| is_assignment(&clause)) {
        return Setting::Nothing;
    }
    let parameters = parameter::all(&task.workspace);
    let mut change = Change::default();
    for clause in &clauses {
        let done = match clause {
            Clause::Assigns(assignment) => one(assignment, &parameters, task, &mut change),
            Clause::Other(text) if words(text).is_empty() => Ok(()),
            Clause::Other(text) => Err(format!(
                "`{text}` asks for more than a value: send it as a message of its own"
            )),
        };
        if let Err(reason) = done {
            return Setting::Impossible(reason);
        }
    }
    match checked(&change, &task.workspace) {
        Ok(()) => Setting::Change(change),
        Err(reason) => Setting::Impossible(reason),
    }
}

fn one<'a>(
    assignment: &Assignment,
    parameters: &[Parameter<'a>],
    task: &Task,
    change: &mut Change<'a>,
) -> Result<(), String> {
    let mut meant = parameter::meant(parameters, &assignment.target, &[]);
    if meant.is_empty() {
        meant = parameter::meant(parameters, &assignment.target, &assignment.behind);
    }
    if meant.len() > 1 {
        let answered = |parameter: &&Parameter<'_>| task.is_answered_by(&parameter.name());
        let chosen: Vec<_> = meant.iter().copied().filter(answered).collect();
        if chosen.len() != 1 {
            change.questions.push(which(assignment, &meant));
            let is_code =
                |parameter: &&Parameter<'_>| matches!(parameter.place, Place::Constant(_));
            change.is_code |= meant.iter().any(is_code);
            return Ok(());
        }
        meant = chosen;
    }
    let Some(parameter) = meant.first() else {
        return Err(unknown(assignment, parameters, task));
    };
    let value = value(assignment, parameter)?;
    if value == *parameter.value {
        return Err(format!("`{}` is {value} already", parameter.name()));
    }
    if change.keeps(&parameter.name(), &value, task) {
        return Ok(());
    }
    change.given.push((parameter.name(), value.clone()));
    let doubts = doubts(assignment, parameter, &value);
    if !doubts.is_empty() && task.is_answered_by("no") {
        return Err(
            "an answer says no to what the message asks for: send it anew as it is meant"
                .to_owned(),
        );
    }
    if !task.is_answered_by("yes") {
        change.questions.extend(doubts);
    }
    change.told.push(format!(
        "`{}` from {} to {value}",
        parameter.name(),
        parameter.value
    ));
    match &parameter.place {
        Place::Constant(constant) => {
            change.is_code = true;
            change.constants.push((constant, value));
        }
        Place::State(keys) => {
            let patch = change
                .patch
                .get_or_insert_with(|| Value::Object(Map::new()));
            json_patch::merge(patch, &nested(keys, value));
        }
    }
    Ok(())
}

/// Does an answer have this value in it?
fn is_answered_with(task: &Task, value: &Value) -> bool {
    let text = (value.as_str()).map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut answers = task.answers();
    answers.any(|answer| find_name(answer, &text).is_some())
}

fn which(assignment: &Assignment, meant: &[&Parameter<'_>]) -> String {
    let names: Vec<String> = meant
        .iter()
        .take(NAMES_MAX)
        .map(|parameter| format!("`{}`", parameter.name()))
        .collect();
    format!(
        "which one is meant by `{}`: {}?",
        assignment.target.join(" "),
        names.join(", ")
    )
}

fn unknown(assignment: &Assignment, parameters: &[Parameter<'_>], task: &Task) -> String {
    let target = assignment.target.join(" ");
    let mut tools = task.workspace.tools.iter();
    if let Some(tool) = tools.find(|tool| find_name(&target, &tool.name).is_some()) {
        return format!(
            "`{target}` is no constant and no value of the state, and `{}` is a tool: say which call of it gives what, as in \"slugify('A b') should be 'a-b'\"",
            tool.name
        );
    }
    let names: Vec<String> = parameters.iter().map(Parameter::name).collect();
    let short = parameters.iter().map(Parameter::short_name);
    let mut likely: Vec<&str> = model::nearest::nearest(&target.replace(' ', "_"), short);
    if likely.is_empty() {
        likely = names.iter().map(String::as_str).take(NAMES_MAX).collect();
    }
    if likely.is_empty() {
        return format!(
            "`{target}` is no constant and no value of the state, and there is none that could be changed"
        );
    }
    format!(
        "`{target}` is no constant and no value of the state that it knows; there are: {}",
        likely.join(", ")
    )
}

/// The new value, if it is of the kind that is there now.
fn value(assignment: &Assignment, parameter: &Parameter<'_>) -> Result<Value, String> {
    let (literal, behind) = (&assignment.value, &assignment.behind);
    let read = match literal {
        Literal::Value(Value::Number(number)) => {
            let (unit, rest) = unit_of(behind);
            no_rest(rest, parameter)?;
            Value::Number(measured(number, unit, parameter)?)
        }
        Literal::Measured(number, unit) => {
            no_rest(behind, parameter)?;
            Value::Number(measured(number, Some(unit), parameter)?)
        }
        Literal::Value(value) => {
            no_rest(behind, parameter)?;
            value.clone()
        }
        Literal::Word(word) => {
            if !behind.is_empty() {
                let text = behind.join(" ");
                return Err(format!(
                    "it is not clear where the text `{word} {text}` ends: put it in quotation marks"
                ));
            }
            worded(word, parameter.value).ok_or_else(|| {
                format!(
                    "`{word}` is no value for `{}`, which is {}",
                    parameter.name(),
                    parameter.value
                )
            })?
        }
    };
    let made = if assignment.is_step {
        stepped(parameter, &read, assignment.way)?
    } else {
        read
    };
    let is_alike = match (&made, parameter.value) {
        (Value::Number(new), Value::Number(old)) => {
            old.is_f64() || !new.is_f64() || is_state(parameter)
        }
        (new, old) => old.is_null() || std::mem::discriminant(new) == std::mem::discriminant(old),
    };
    if is_alike {
        return Ok(made);
    }
    Err(format!(
        "`{}` is {}, and {made} is of another kind",
        parameter.name(),
        parameter.value
    ))
}

/// What a value of the state may be is for the schema to say.
fn is_state(parameter: &Parameter<'_>) -> bool {
    matches!(parameter.place, Place::State(_))
}

fn worded(word: &str, now: &Value) -> Option<Value> {
    match (now, word.to_lowercase().as_str()) {
        (Value::Bool(_), "true" | "on" | "yes") => Some(json!(true)),
        (Value::Bool(_), "false" | "off" | "no") => Some(json!(false)),
        (Value::String(_), _) => Some(json!(word)),
        _ => None,
    }
}

fn stepped(parameter: &Parameter<'_>, step: &Value, way: Way) -> Result<Value, String> {
    let sign = if way == Way::Down { -1 } else { 1 };
    let whole = parameter.value.as_i64().zip(step.as_i64());
    if let Some(made) = whole.and_then(|(now, step)| now.checked_add(sign * step)) {
        return Ok(json!(made));
    }
    let sum = parameter
        .value
        .as_f64()
        .zip(step.as_f64())
        .map(|(now, step)| now + f64::from(i32::try_from(sign).unwrap_or(1)) * step);
    sum.filter(|sum| sum.is_finite())
        .map(|sum| json!(sum))
        .ok_or_else(|| {
            format!(
                "`{}` is {}, to which {step} cannot be added",
                parameter.name(),
                parameter.value
            )
        })
}

/// The unit that stands behind a number, and what is left.
fn unit_of(behind: &[String]) -> (Option<&str>, &[String]) {
    match behind.split_first() {
        Some((first, rest)) if seconds(first).is_some() || first == "%" || first == "percent" => {
            (Some(first), rest)
        }
        _ => (None, behind),
    }
}

/// Words behind a value have to belong to the name of what is set.
fn no_rest(behind: &[String], parameter: &Parameter<'_>) -> Result<(), String> {
    let text = behind.join(" ");
    if words(&text).is_empty()
        || !parameter::meant(std::slice::from_ref(parameter), &[], behind).is_empty()
    {
        return Ok(());
    }
    if words(&text)
        .iter()
        .all(|word| words(&parameter.name()).contains(word))
    {
        return Ok(());
    }
    Err(format!(
        "it is not clear what `{text}` after the value of `{}` means: leave it out, or send it apart",
        parameter.name()
    ))
}

/// A number in the unit that the parameter's name ends with.
fn measured(
    number: &Number,
    unit: Option<&str>,
    parameter: &Parameter<'_>,
) -> Result<Number, String> {
    let Some(unit) = unit else {
        return Ok(number.clone());
    };
    let own = words(parameter.short_name())
        .iter()
        .rev()
        .find_map(|word| seconds(word));
    let (Some(given), Some(own), Some(amount)) = (seconds(unit), own, number.as_f64()) else {
        return Err(format!(
            "`{}` says no unit that {number} {unit} could be brought to: say the number alone",
            parameter.name()
        ));
    };
    let made = amount * given / own;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and within what an i64 holds"
    )]
    let whole = (made.fract() == 0.0 && made.abs() < 9e15).then_some(made as i64);
    whole
        .map(Number::from)
        .or_else(|| Number::from_f64(made))
        .ok_or_else(|| format!("{number} {unit} is more than a number can hold"))
}

/// How many seconds a unit has.
fn seconds(unit: &str) -> Option<f64> {
    match unit.to_lowercase().as_str() {
        "ms" | "millisecond" | "milliseconds" => Some(0.001),
        "s" | "sec" | "second" | "seconds" => Some(1.0),
        "min" | "minute" | "minutes" => Some(60.0),
        "h" | "hour" | "hours" => Some(3600.0),
        _ => None,
    }
}

/// What contradicts what is there now.
fn doubts(assignment: &Assignment, parameter: &Parameter<'_>, value: &Value) -> Vec<String> {
    let name = parameter.name();
    let mut doubts = Vec::new();
    if let Some(from) = &assignment.from
        && *from != Literal::Value(parameter.value.clone())
        && !matches!((from, parameter.value), (Literal::Word(word), Value::String(text)) if word == text)
    {
        doubts.push(format!("`{name}` is {} and not what the message begins from: should it be {value} all the same?", parameter.value));
    }
    let (now, new) = (parameter.value.as_f64(), value.as_f64());
    let is_against = now.zip(new).is_some_and(|(now, new)| match assignment.way {
        Way::Any => false,
        Way::Up => new < now,
        Way::Down => new > now,
    });
    if is_against {
        doubts.push(format!("`{name}` is {} now, so {value} goes the other way than the message says: is {value} meant?", parameter.value));
    }
    doubts
}

fn nested(keys: &[String], value: Value) -> Value {
    keys.iter()
        .rev()
        .fold(value, |inner, key| json!({key: inner}))
}

/// Is the document as it would be what the schema allows?
fn checked(change: &Change<'_>, workspace: &Workspace) -> Result<(), String> {
    let Some(patch) = &change.patch else {
        return Ok(());
    };
    let mut document = workspace.state.clone();
    json_patch::merge(&mut document, patch);
    allowed(&document, &workspace.schema)
}

/// Refuses a document that breaks its schema, with the place.
pub(super) fn allowed(document: &Value, schema: &Value) -> Result<(), String> {
    if schema.is_null() {
        return Ok(());
    }
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| format!("`state/schema.json` is no JSON Schema: {error}"))?;
    match validator.iter_errors(document).next() {
        None => Ok(()),
        Some(error) => Err(format!(
            "the state would break its schema at `{}`: {error}",
            error.instance_path()
        )),
    }
}
