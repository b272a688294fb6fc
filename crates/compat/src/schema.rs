//! What lies between two JSON Schemas for who relied on the old one.

mod added;
mod array;
mod branch;
mod endless;
mod explain;
mod number;
mod object;
mod plain;
mod pointer;
mod pool;
mod prove;
mod rule;
mod validators;
mod words;

use serde_json::Value;

use self::{
    explain::Explainer,
    pool::{Origin, Pool},
    prove::Prover,
    validators::{Validators, registry},
};
use crate::Bump;

/// How deep a schema may nest: reading it recurses.
const DEPTH_MAX: usize = 128;

/// What a schema is for, and so in which direction it may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// What was accepted must be accepted.
    Input,
    /// What comes must be what was promised.
    Output,
    /// What is stored must be accepted.
    State,
}

/// A difference, and where in the stricter of the two schemas it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) bump: Bump,
    pub(crate) pointer: String,
    pub(crate) what: String,
}

/// What a change from `old` to `new` means.
pub(crate) fn between(old: &Value, new: &Value, way: Way) -> Vec<Difference> {
    if old == new {
        return Vec::new();
    }
    let refused = |why: &str| {
        let what = format!("{}, for {why}", words::not_shown(way));
        vec![major(String::new(), what)]
    };
    if is_too_deep(old, DEPTH_MAX) || is_too_deep(new, DEPTH_MAX) {
        return refused("a schema nests too deep");
    }
    let Some(registry) = registry(old, new) else {
        return refused("one of the schemas is none");
    };
    let mut pool = Pool::new(old, new);
    let (before, after) = (pool.root(Origin::Old), pool.root(Origin::New));
    if endless::has_endless(&pool) {
        return refused("a schema refers to itself without end");
    }
    let mut prover = Prover::new(pool, Validators::new(&registry));
    let (looser, stricter) = match way {
        Way::Input | Way::State => (before, after),
        Way::Output => (after, before),
    };
    let mut differences = Vec::new();
    if !prover.accepts(stricter, &[looser.holds()]) {
        differences = Explainer::new(&mut prover, way).differences(looser, stricter);
    }
    if way == Way::Input {
        differences.extend(added::arguments(&prover.pool, before, after));
    }
    if differences.is_empty() && plain::without_annotations(old) != plain::without_annotations(new)
    {
        differences.extend(compatible(&mut prover, way, looser, stricter));
    }
    differences
}

/// A change that nobody notices, unless as more freedom.
fn compatible(
    prover: &mut Prover<'_>,
    way: Way,
    looser: rule::NodeId,
    stricter: rule::NodeId,
) -> Option<Difference> {
    let is_same = prover.accepts(looser, &[stricter.holds()]);
    (!is_same).then(|| Difference {
        bump: Bump::Patch,
        pointer: String::new(),
        what: match way {
            Way::Input | Way::State => "accepts more than before",
            Way::Output => "promises more than before",
        }
        .to_owned(),
    })
}

fn major(pointer: String, what: String) -> Difference {
    Difference {
        bump: Bump::Major,
        pointer,
        what,
    }
}

fn is_too_deep(value: &Value, left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else {
        return true;
    };
    match value {
        Value::Array(items) => items.iter().any(|item| is_too_deep(item, left)),
        Value::Object(members) => members.values().any(|member| is_too_deep(member, left)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
