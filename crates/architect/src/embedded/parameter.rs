//! What a workspace declares to be changed: its constants, and the values of its state.

use std::collections::BTreeSet;

use serde_json::Value;

use super::task::{Constant, Workspace};
use crate::templates::{self, words::words};

/// How many values of a state are looked at, and how deep.
const LEAVES_MAX: usize = 5_000;
const DEPTH_MAX: usize = 32;

/// Words of a wish that say no more than that a parameter is meant.
const GENERIC: &[&str] = &[
    "constant",
    "default",
    "parameter",
    "setting",
    "stat",
    "valu",
    "variabl",
];

/// Where a parameter stands.
#[derive(Clone, Debug)]
pub(super) enum Place<'a> {
    Constant(&'a Constant),
    /// The keys that lead to it.
    State(Vec<String>),
}

/// A value that may be changed by its name.
#[derive(Clone, Debug)]
pub(super) struct Parameter<'a> {
    pub(super) place: Place<'a>,
    pub(super) value: &'a Value,
    /// The words of its own name.
    own: BTreeSet<String>,
    /// These, and the words of where it stands and of what it is for.
    known: BTreeSet<String>,
}

impl Parameter<'_> {
    /// As a message may name it for sure.
    pub(super) fn name(&self) -> String {
        match &self.place {
            Place::Constant(constant) => constant.symbol.clone(),
            Place::State(keys) => keys.join("."),
        }
    }

    /// The last part of its name.
    pub(super) fn short_name(&self) -> &str {
        match &self.place {
            Place::Constant(constant) => constant.name(),
            Place::State(keys) => keys.last().map_or("", String::as_str),
        }
    }

    fn is_named_by(&self, token: &str) -> bool {
        match &self.place {
            Place::Constant(constant) => token == constant.symbol || token == constant.name(),
            Place::State(keys) => {
                let dotted = token.strip_prefix("state.").unwrap_or(token);
                dotted == keys.join(".") || token == format!("/{}", keys.join("/"))
            }
        }
    }
}

/// All parameters of a workspace, constants first.
pub(super) fn all(workspace: &Workspace) -> Vec<Parameter<'_>> {
    let mut found: Vec<Parameter<'_>> = workspace.constants.iter().map(of_constant).collect();
    let mut keys = Vec::new();
    collect(
        &workspace.state,
        &workspace.schema,
        &mut keys,
        &mut BTreeSet::new(),
        &mut found,
    );
    found
}

fn of_constant(constant: &Constant) -> Parameter<'_> {
    let own: BTreeSet<String> = meaningful(constant.name()).collect();
    let about = constant
        .doc
        .iter()
        .map(String::as_str)
        .chain([constant.path()]);
    let said = templates::all()
        .iter()
        .flat_map(|template| &template.parameters);
    let said = said
        .filter(|parameter| parameter.at == constant.symbol)
        .map(|parameter| parameter.name.as_str());
    Parameter {
        known: own
            .iter()
            .cloned()
            .chain(about.chain(said).flat_map(meaningful))
            .collect(),
        own,
        place: Place::Constant(constant),
        value: &constant.value,
    }
}

fn collect<'a>(
    value: &'a Value,
    schema: &Value,
    keys: &mut Vec<String>,
    around: &mut BTreeSet<String>,
    found: &mut Vec<Parameter<'a>>,
) {
    if found.len() >= LEAVES_MAX || keys.len() > DEPTH_MAX {
        return;
    }
    let Value::Object(members) = value else {
        return found.extend(
            keys.last()
                .map(|key| of_state(key, value, keys, around, schema)),
        );
    };
    for (key, member) in members {
        let inner = &schema["properties"][key];
        let mut around_member = around.clone();
        around_member.extend(meaningful(key));
        keys.push(key.clone());
        collect(member, inner, keys, &mut around_member, found);
        keys.pop();
    }
}

fn of_state<'a>(
    key: &str,
    value: &'a Value,
    keys: &[String],
    around: &BTreeSet<String>,
    schema: &Value,
) -> Parameter<'a> {
    let at = format!("/{}", keys.join("/"));
    let said = templates::all()
        .iter()
        .flat_map(|template| &template.parameters);
    let said = said
        .filter(|parameter| parameter.at == at)
        .map(|parameter| parameter.name.as_str());
    let about = schema["description"]
        .as_str()
        .into_iter()
        .chain(said)
        .flat_map(meaningful);
    Parameter {
        known: around.iter().cloned().chain(about).collect(),
        own: meaningful(key).collect(),
        place: Place::State(keys.to_vec()),
        value,
    }
}

/// The words of a text that tell one parameter from another.
fn meaningful(text: &str) -> impl Iterator<Item = String> {
    let words = words(text).into_iter().map(|word| match word.as_str() {
        "maximum" | "most" => "max".to_owned(),
        "minimum" | "least" => "min".to_owned(),
        _ => word,
    });
    words.filter(|word| !GENERIC.contains(&word.as_str()))
}

/// The parameters that a wish may mean: those that it names, else those whose words it uses.
pub(super) fn meant<'p, 'a>(
    parameters: &'p [Parameter<'a>],
    target: &[String],
    behind: &[String],
) -> Vec<&'p Parameter<'a>> {
    let bare = |token: &String| token.trim_matches(['`', '"', '\'']).to_owned();
    let tokens: Vec<String> = target.iter().map(bare).collect();
    let is_named =
        |parameter: &&Parameter<'_>| tokens.iter().any(|token| parameter.is_named_by(token));
    let named: Vec<_> = parameters.iter().filter(is_named).collect();
    if !named.is_empty() {
        return named;
    }
    let is_short =
        |parameter: &&Parameter<'_>| tokens.iter().any(|token| token == parameter.short_name());
    let shortly: Vec<_> = parameters.iter().filter(is_short).collect();
    let wish: BTreeSet<String> =
        meaningful(&format!("{} {}", tokens.join(" "), behind.join(" "))).collect();
    let by_words = |whole: bool| -> Vec<&'p Parameter<'a>> {
        let fits = |parameter: &&Parameter<'_>| {
            let is_own = !parameter.own.is_empty() && parameter.own.is_subset(&wish);
            wish.is_subset(&parameter.known) && if whole { is_own } else { wish.len() > 1 }
        };
        parameters.iter().filter(fits).collect()
    };
    [shortly, by_words(true), by_words(false)]
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}
