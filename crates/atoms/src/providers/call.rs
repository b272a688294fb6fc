//! A model's call of the tool that checks syntax, as both wires have it.

use serde_json::Value;

use super::failures::Trouble;
use crate::{Answer, Check, Turn, Usage, check::TOOL};

/// What a model says in one turn.
pub(super) enum Said {
    Answer(Value),
    Check(Check),
}

impl Said {
    pub(super) fn into_turn(self, usage: Usage, model: String) -> Turn {
        match self {
            Self::Answer(value) => Turn::Answer(Answer {
                value,
                usage,
                model,
            }),
            Self::Check(check) => Turn::Check {
                check,
                usage,
                model,
            },
        }
    }
}

/// What a call wants checked. It has to be the only one of its turn: each is answered before the
/// next is made, and servers are asked for no more.
pub(super) fn read(arguments: &str, calls: usize) -> Result<Check, Trouble> {
    if calls > 1 {
        return Err(Trouble::malformed(format!(
            "it made {calls} calls at once, where one at a time is allowed"
        )));
    }
    serde_json::from_str(arguments)
        .map_err(|error| Trouble::malformed(format!("its call of `{TOOL}` is none: {error}")))
}

/// What a call is named by when it is told again, in the form that the strictest servers take.
pub(super) fn id(position: usize) -> String {
    format!("check{:04}", position + 1)
}
