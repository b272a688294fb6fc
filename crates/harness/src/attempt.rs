//! One call of one case, and what to make of the answer.

use std::collections::BTreeMap;
use std::time::Instant;

use mcp::{CallOutcome, CallRequest};
use serde_json::{Map, Value, json};

use crate::{
    case::Case,
    compare::compare,
    coverage::Lines,
    diff,
    expect::{Kind, Scorer},
    target::{CONVERSATION_ID, Target},
};

/// Where a candidate finds what a case wants of its circumstances.
const CASE_META: &str = "luthier/case";

/// Where a result says what it cost.
const COST_META: &str = "luthier/cost_usd";

/// The tool of a candidate that runs a scorer.
const SCORE_TOOL: &str = "_score";

/// What the answer to one call was worth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempt {
    pub(crate) is_passed: bool,
    pub(crate) score: f64,
    pub(crate) ms: f64,
    pub(crate) diff: Option<String>,
    pub(crate) error: Option<String>,
    /// The call failed and should not have.
    pub(crate) is_call_failed: bool,
    pub(crate) cost_usd: Option<f64>,
    pub(crate) lines: Lines,
    pub(crate) got: Option<Got>,
}

/// What a tool answered, for whoever rewrites goldens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Got {
    Value(Value),
    Refusal(String),
    /// Not the same each time that it was asked.
    Varying,
}

impl Got {
    /// What all attempts agree on; `None` if none was answered.
    pub(crate) fn of(attempts: &[&Attempt]) -> Option<Self> {
        let (first, others) = attempts.split_first()?;
        let is_same = |it: &&Attempt| match (&first.got, &it.got) {
            (Some(Self::Refusal(a)), Some(Self::Refusal(b))) => lasting(a) == lasting(b),
            (a, b) => a == b,
        };
        if others.iter().all(is_same) {
            first.got.clone()
        } else {
            Some(Self::Varying)
        }
    }
}

/// What of a refusal is the same each time: where the log of the call lies is not.
pub(crate) fn lasting(text: &str) -> &str {
    text.split("; `logs://").next().unwrap_or(text)
}

/// One conversation, from its first turn to its last.
pub(crate) struct Conversation<'a> {
    pub(crate) target: &'a Target,
    pub(crate) snapshots: &'a BTreeMap<String, Value>,
    pub(crate) has_coverage: bool,
    id: Option<String>,
}

impl<'a> Conversation<'a> {
    pub(crate) fn begin(
        target: &'a Target,
        snapshots: &'a BTreeMap<String, Value>,
        has_coverage: bool,
    ) -> Self {
        Self {
            target,
            snapshots,
            has_coverage,
            id: None,
        }
    }

    pub(crate) async fn turn(&mut self, case: &Case) -> Attempt {
        let request = self.request(case);
        let began = Instant::now();
        let answer = self.target.call(request).await;
        let ms = began.elapsed().as_secs_f64() * 1e3;
        let outcome = match answer {
            Ok(outcome) => outcome,
            Err(error) => {
                return Attempt {
                    ms,
                    error: Some(chain(&error)),
                    is_call_failed: true,
                    ..Attempt::default()
                };
            }
        };
        // A refused turn leaves the conversation as it was: there may be none yet.
        if case.session.is_some() && self.id.is_none() && !outcome.is_error {
            self.id = conversation_of(&outcome);
        }
        let attempt = self.judge(case, &outcome).await;
        Attempt {
            ms,
            cost_usd: outcome.meta.get(COST_META).and_then(Value::as_f64),
            lines: Lines::of_meta(&outcome.meta),
            ..attempt
        }
    }

    fn request(&self, case: &Case) -> CallRequest {
        let mut arguments = case.args.clone();
        if let Some(id) = &self.id
            && self.target.takes_conversation(&case.tool)
        {
            let id = Value::from(id.as_str());
            arguments.entry(CONVERSATION_ID).or_insert(id);
        }
        let mut wishes = Map::new();
        wishes.insert("seed".to_owned(), case.seed.into());
        if let Some(state) = &case.state {
            wishes.insert("state".to_owned(), state.clone());
        }
        if self.has_coverage {
            wishes.insert("coverage".to_owned(), true.into());
        }
        CallRequest {
            tool: case.tool.clone(),
            arguments,
            meta: Map::from_iter([(CASE_META.to_owned(), Value::Object(wishes))]),
            timeout: case.timeout,
        }
    }

    async fn judge(&self, case: &Case, outcome: &CallOutcome) -> Attempt {
        if outcome.is_error {
            return refused(&case.expect.0, outcome.text());
        }
        let value = self.target.value_of(&case.tool, outcome);
        let mut attempt = match &case.expect.0 {
            Kind::Refusal(text) => Attempt::wrong(format!(
                "expected a refusal with \"{}\", got {}",
                diff::clip(text),
                diff::shown(&value)
            )),
            Kind::Value(pattern) => {
                let compared = compare(pattern, &value, self.snapshots);
                if compared.is_same() {
                    Attempt::right(1.0)
                } else {
                    Attempt::wrong(diff::render(&compared))
                }
            }
            Kind::Scorer(scorer) => self.score(case, scorer, &value).await,
        };
        attempt.got = Some(Got::Value(value));
        attempt
    }

    async fn score(&self, case: &Case, scorer: &Scorer, value: &Value) -> Attempt {
        let arguments = json!({
            "scorer": scorer.function,
            "args": case.args,
            "value": value,
            "case": case.line_value,
        });
        let Value::Object(arguments) = arguments else {
            unreachable!("it is written as an object")
        };
        let request = CallRequest {
            tool: SCORE_TOOL.to_owned(),
            arguments,
            meta: Map::new(),
            timeout: case.timeout,
        };
        let broken = |what: String| Attempt {
            error: Some(format!("the scorer `{}` {what}", scorer.function)),
            ..Attempt::default()
        };
        let outcome = match self.target.call(request).await {
            Ok(outcome) if outcome.is_error => {
                return broken(format!("failed: {}", outcome.text()));
            }
            Ok(outcome) => outcome,
            Err(error) => return broken(format!("could not be run: {}", chain(&error))),
        };
        let given = self.target.value_of(SCORE_TOOL, &outcome);
        let given = given.get("score").cloned().unwrap_or(given);
        match given.as_f64().filter(|score| (0.0..=1.0).contains(score)) {
            None => broken(format!(
                "gave {}: a score is a number from 0 to 1",
                diff::shown(&given)
            )),
            Some(score) if score >= scorer.score_min => Attempt::right(score),
            Some(score) => Attempt {
                score,
                ..Attempt::wrong(format!(
                    "`{}` gave {score}, at least {} is wanted, for {}",
                    scorer.function,
                    scorer.score_min,
                    diff::shown(value)
                ))
            },
        }
    }
}

impl Attempt {
    fn right(score: f64) -> Self {
        Self {
            is_passed: true,
            score,
            ..Self::default()
        }
    }

    fn wrong(diff: String) -> Self {
        Self {
            diff: Some(diff),
            ..Self::default()
        }
    }
}

fn refused(expected: &Kind, said: String) -> Attempt {
    let mut attempt = match expected {
        Kind::Refusal(text) if said.contains(text) => Attempt::right(1.0),
        Kind::Refusal(text) => Attempt::wrong(format!(
            "expected a refusal with \"{}\", it says \"{}\"",
            diff::clip(text),
            diff::clip(&said)
        )),
        Kind::Value(_) | Kind::Scorer(_) => Attempt {
            error: Some(format!("refused: {}", diff::clip(&said))),
            is_call_failed: true,
            ..Attempt::default()
        },
    };
    attempt.got = Some(Got::Refusal(said));
    attempt
}

fn conversation_of(outcome: &CallOutcome) -> Option<String> {
    let in_meta = outcome.meta.get(CONVERSATION_ID);
    let in_value = || outcome.structured.as_ref()?.get(CONVERSATION_ID);
    let id = in_meta.or_else(in_value)?;
    id.as_str().map(ToOwned::to_owned)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
