//! What a server said, whole: the answer that comes of it, or what is to be checked first.

use serde_json::Value;

use super::{
    call::Said,
    failures::{Failures, Trouble},
    http::Assembly,
};
use crate::{Answer, ProviderError, Request, Turn, Usage};

/// Put together out of one response, in the form of its wire.
pub(super) trait Reply: Assembly {
    /// So far: what was cut off was used as well.
    fn usage(&self) -> Usage;

    fn answer(&self) -> Result<Value, Trouble>;

    /// What is to be checked, or else the answer.
    fn said(&self) -> Result<Said, Trouble>;
}

/// The answer of `model`, or of nobody.
pub(super) fn answered(
    reply: &impl Reply,
    model: Result<String, Trouble>,
    failures: &Failures,
    request: &Request,
) -> Result<Answer, ProviderError> {
    let answer = model.and_then(|model| {
        Ok(Answer {
            value: reply.answer()?,
            usage: reply.usage(),
            model,
        })
    });
    answer.map_err(|trouble| failures.of(trouble, request, reply.usage()))
}

/// One turn of `model`, which may want something checked.
pub(super) fn turned(
    reply: &impl Reply,
    model: Result<String, Trouble>,
    failures: &Failures,
    request: &Request,
) -> Result<Turn, ProviderError> {
    let turn = model.and_then(|model| Ok(reply.said()?.into_turn(reply.usage(), model)));
    turn.map_err(|trouble| failures.of(trouble, request, reply.usage()))
}
