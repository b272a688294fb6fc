//! Calls that are written as JSON, as cases and clients write them.

use serde_json::{Map, Value};

use super::{
    example::{Call, Outcome},
    literal,
    relation::{self, Relation},
};

const TOOL: &[&str] = &["tool", "name", "function", "tool_name"];
const ARGUMENTS: &[&str] = &[
    "args",
    "arguments",
    "kwargs",
    "params",
    "parameters",
    "input",
];
const EXPECTED: &[&str] = &[
    "expect",
    "expected",
    "should_be",
    "should_return",
    "want",
    "wanted",
];
const OBSERVED: &[&str] = &["got", "actual", "observed", "now", "current"];
/// What comes out, which is wanted unless that is said elsewhere.
const RESULT: &[&str] = &["result", "output", "returns"];
/// What changes nothing of what comes out, unlike a state or a seed.
const BESIDE: &[&str] = &[
    "id",
    "jsonrpc",
    "method",
    "type",
    "error",
    "name",
    "why",
    "note",
    "comment",
    "description",
    "case",
];

/// A case: a call, and what its members say that it gives.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) call: Call,
    pub(super) relation: Relation,
    pub(super) bytes: usize,
}

/// The case that `text` begins with.
pub(super) fn read(text: &str) -> Option<Case> {
    let (Value::Object(members), bytes) = literal::read(text)? else {
        return None;
    };
    let tool = member(&members, TOOL)?.as_str()?;
    let arguments = member(&members, ARGUMENTS);
    let known = [TOOL, ARGUMENTS, EXPECTED, OBSERVED, RESULT, BESIDE].concat();
    let is_whole = members.keys().all(|name| known.contains(&name.as_str()));
    let relation = if is_whole {
        said(&members)
    } else {
        Relation::None
    };
    // Many things have a name, and few of them are calls.
    if arguments.is_none() && (relation == Relation::None || !members.contains_key("tool")) {
        return None;
    }
    let mut call = literal::read_call(&format!("{tool}()"))
        .filter(|(_, end)| *end == tool.len() + 2)
        .map(|(written, _)| Call {
            tool: written.name,
            positional: Vec::new(),
            keywords: written.keywords,
        })?;
    match arguments {
        Some(Value::Object(named)) => call.keywords.extend(named.clone()),
        Some(Value::Array(items)) => call.positional.clone_from(items),
        Some(_) => return None,
        None => {}
    }
    Some(Case {
        call,
        relation,
        bytes,
    })
}

fn member<'a>(members: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| members.get(*name))
}

fn said(members: &Map<String, Value>) -> Relation {
    let result = member(members, RESULT);
    let error = members.get("error").and_then(Value::as_str);
    let (wanted, observed) = match (member(members, EXPECTED), member(members, OBSERVED)) {
        (Some(wanted), observed) => (Some(wanted), observed.or(result)),
        (None, Some(observed)) => (None, Some(observed)),
        (None, None) => (result, None),
    };
    let observed = (observed.cloned().map(Outcome::Value))
        .or_else(|| error.map(|text| Outcome::Error(text.to_owned())));
    match (wanted.map(Outcome::of_case), observed) {
        (Some(Some(expected)), observed) => Relation::Expected { expected, observed },
        // A pattern that more than one result fits.
        (Some(None), _) => Relation::Unclear,
        (None, Some(observed)) => Relation::Observed(observed),
        (None, None) => Relation::None,
    }
}

/// With the words before and behind it, which may say that it is so now and wrong.
pub(super) fn judged(relation: Relation, lower: &str, (begin, end): (usize, usize)) -> Relation {
    match relation {
        Relation::Expected {
            expected,
            observed: None,
        } if relation::is_complaint(lower, (begin, end)) => Relation::Observed(expected),
        told => told,
    }
}
