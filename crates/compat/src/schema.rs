//! What lies between two JSON Schemas for who relied on the old one.

use serde_json::Value;

use crate::Bump;

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
    let what = match way {
        Way::Input | Way::State => "cannot be shown to accept what it accepted before",
        Way::Output => "cannot be shown to give only what was promised before",
    };
    vec![Difference {
        bump: Bump::Major,
        pointer: String::new(),
        what: what.to_owned(),
    }]
}
