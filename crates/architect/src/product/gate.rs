//! The ambiguity gate: what a message leaves open, as questions that a person can answer.
//! It guesses nothing: each rule says what it saw and how much that weighs. An analyst can find more
//! than the rules do and take nothing of theirs back.

mod power;
mod prose;
mod rules;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::{Message, ToolShape};
use prose::Prose;

/// From here on a message is asked about instead of acted on.
pub const THRESHOLD_DEFAULT: f64 = 0.5;

/// How many questions are asked at once.
pub const QUESTIONS_MAX: usize = 8;

/// What there is to talk about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Each tool with the names of its parameters in their order.
    pub tools: BTreeMap<String, Vec<String>>,
    /// Places in the state, as JSON Pointers such as `/search/k1`.
    pub state: Vec<String>,
    /// Other names of the code: constants, functions, patterns.
    pub constants: Vec<String>,
}

impl Known {
    /// The tools, for whoever resolves a message.
    pub fn shapes(&self) -> Vec<ToolShape<'_>> {
        (self.tools.iter())
            .map(|(name, parameters)| ToolShape { name, parameters })
            .collect()
    }
}

/// What an analyst makes of the same message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opinion {
    /// 0 is clear and 1 is not clear at all.
    pub ambiguity: f64,
    pub unknowns: Vec<String>,
}

/// What is unclear about a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// 0 is clear and 1 is not clear at all.
    pub score: f64,
    /// The heaviest first.
    pub unknowns: Vec<Unknown>,
    pub verdict: Verdict,
}

/// One thing that is unclear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unknown {
    pub rule: Rule,
    pub weight: f64,
    pub question: String,
    /// What was seen, or is missing.
    pub why: String,
    /// The words of the message that it is about; none if it is about the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// By what a thing was found to be unclear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Contradiction,
    NotThere,
    NoSubject,
    Pronoun,
    NoOutcome,
    Vague,
    TwoReadings,
    SeveralRequests,
    OnlyAsks,
    Analyst,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub enum Verdict {
    Clear,
    Ask,
    /// No Architect may do it, whatever is answered.
    Reject {
        reason: String,
    },
}

/// Is it clear what `message` asks for? `threshold` is [`THRESHOLD_DEFAULT`] unless a policy has another.
pub fn assess(
    message: &Message,
    known: &Known,
    opinion: Option<&Opinion>,
    threshold: f64,
) -> Assessment {
    let message = &message.resolved(&known.shapes());
    let prose = Prose::of(message, known);
    let mut unknowns = rules::apply(message, known, &prose);
    let certain = 1.0
        - unknowns
            .iter()
            .map(|unknown| 1.0 - unknown.weight)
            .product::<f64>();
    let believed = opinion.map_or(0.0, ambiguity);
    let score = certain.max(believed);
    unknowns.extend(opinion.into_iter().flat_map(asked_by_analyst));
    unknowns.sort_by(|one, two| {
        two.weight
            .total_cmp(&one.weight)
            .then(one.rule.cmp(&two.rule))
    });
    if score >= threshold && unknowns.is_empty() {
        unknowns.push(analyst_unknown(
            "What exactly should be different afterwards?",
            believed,
        ));
    }
    unknowns.truncate(QUESTIONS_MAX);
    let verdict = match power::refusal(&prose) {
        Some(reason) => Verdict::Reject {
            reason: reason.to_owned(),
        },
        None if score >= threshold => Verdict::Ask,
        None => Verdict::Clear,
    };
    Assessment {
        score,
        unknowns,
        verdict,
    }
}

/// What is no number is no reason to go on.
fn ambiguity(opinion: &Opinion) -> f64 {
    if opinion.ambiguity.is_nan() {
        1.0
    } else {
        opinion.ambiguity.clamp(0.0, 1.0)
    }
}

fn asked_by_analyst(opinion: &Opinion) -> impl Iterator<Item = Unknown> {
    let weight = ambiguity(opinion);
    let questions = opinion
        .unknowns
        .iter()
        .filter(|question| !question.trim().is_empty());
    questions.map(move |question| analyst_unknown(question, weight))
}

fn analyst_unknown(question: &str, weight: f64) -> Unknown {
    Unknown {
        rule: Rule::Analyst,
        weight,
        question: question.to_owned(),
        why: "the analyst found it unclear".to_owned(),
        pointer: None,
    }
}
