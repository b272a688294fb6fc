//! What a call costs: before it, at most; after it, really.

use crate::{
    Price, Request, Usage,
    check::{self, RESULT_BYTES_MAX},
};

const TOKENS_PRICED: f64 = 1_000_000.0;

/// A token has at least this many bytes in any text worth a bound: fewer only in made-up ones.
const BYTES_A_TOKEN: u64 = 3;

/// What a provider puts around a question: roles, the schema's wrapping.
const ENVELOPE_TOKENS: u64 = 64;

/// A call before it is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    /// Of all turns together.
    pub input_bytes: u64,
    pub output_tokens_max: u32,
    /// Of the dearest model that may answer; `None` if nobody knows.
    pub price: Option<Price>,
}

impl Call {
    pub fn of(request: &Request, price: Option<Price>) -> Self {
        let schema = request.schema.to_string();
        let bytes = request.told_system().len() + request.prompt.len() + schema.len();
        let checks = u64::from(request.checks_left());
        let each = bytes as u64 + tool_bytes(request);
        // Every check has the question read once more, with what was said until then.
        let said = u64::from(request.output_tokens_max) + ENVELOPE_TOKENS;
        let results = checks * RESULT_BYTES_MAX as u64;
        let again = each + said * BYTES_A_TOKEN + results;
        Self {
            input_bytes: each + again * checks,
            output_tokens_max: request.output_tokens_max,
            price,
        }
    }

    /// The most it can use.
    pub fn usage_max(&self) -> Usage {
        Usage {
            input_tokens: self.input_bytes.div_ceil(BYTES_A_TOKEN) + ENVELOPE_TOKENS,
            output_tokens: self.output_tokens_max.into(),
            cached_tokens: 0,
        }
    }

    pub(super) fn cost_max(&self) -> Option<MicroUsd> {
        let usage = self.usage_max();
        self.price
            .map(|price| MicroUsd::at_most(cost_usd(&price, usage)))
    }
}

fn tool_bytes(request: &Request) -> u64 {
    if !request.offers_checks() {
        return 0;
    }
    (check::description().len() + check::parameters().to_string().len()) as u64
}

/// What was used, priced.
pub fn cost_usd(price: &Price, usage: Usage) -> f64 {
    let cached = usage.cached_tokens.min(usage.input_tokens);
    let fresh = usage.input_tokens - cached;
    let part = |tokens, usd: f64| count(tokens) * usd;
    let sum = part(fresh, price.input_usd)
        + part(cached, price.cached_usd)
        + part(usage.output_tokens, price.output_usd);
    sum / TOKENS_PRICED
}

/// Millionths of a dollar: whole, so that a sum does not depend on its order.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub(super) struct MicroUsd(pub(super) u64);

impl MicroUsd {
    /// Rounded up.
    pub(super) fn at_most(usd: f64) -> Self {
        Self::whole((usd * TOKENS_PRICED).ceil())
    }

    /// Rounded to the nearest.
    pub(super) fn about(usd: f64) -> Self {
        Self::whole((usd * TOKENS_PRICED).round())
    }

    pub(super) fn usd(self) -> f64 {
        count(self.0) / TOKENS_PRICED
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a float saturates, and less than nothing costs nothing"
    )]
    fn whole(micros: f64) -> Self {
        Self(micros as u64)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts beyond 2^53 are far beyond any budget"
)]
pub(super) fn count(whole: u64) -> f64 {
    whole as f64
}
