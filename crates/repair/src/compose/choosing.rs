//! Which of those that give all examples is meant, how sure that is, and what would make it surer.

use super::{
    Answer, Composed, Fitting, Function, Outcome, Parameter, Separating, Wanted, examples,
};
use crate::{Settings, choice, rank::real};

/// How fast an expression becomes unlikely when it costs more.
const SHARPNESS: f64 = 1.6;
/// What it costs to raise, on all inputs, where others do not.
const RAISING: f64 = 3.0;
/// How many bits of answers one more of cost may explain by chance.
const BITS_OF_COST: f64 = 2.0;
/// One answer alone never says enough.
const OF_ONE_ANSWER: f64 = 0.4;

/// Expressions that agree wherever both give something.
struct Group<'a> {
    /// The cheapest of them.
    leader: &'a Fitting,
    weight: f64,
    /// What its leader costs, with what it costs to raise.
    price: f64,
    members: f64,
}

pub(super) fn choose(
    wanted: &Wanted,
    answer: &Answer,
    others: &[(String, String)],
    settings: &Settings,
) -> Composed {
    let groups = groups(answer);
    let Some(best) = groups.first() else {
        return Composed {
            outcome: Outcome::Nothing,
            tried: answer.tried,
            seconds: 0.0,
            reason: explain_nothing(wanted, answer, settings),
        };
    };
    let expected = |place: usize| &wanted.cases[place].expect;
    let is_one_answer = (1..wanted.cases.len()).all(|place| expected(place) == expected(0));
    let confidence = confidence(&groups, answer.bits, is_one_answer);
    let function = function(wanted, answer, best.leader, confidence);
    // What is as simple is as likely, however many ways there are to write the one or the other.
    let is_tied = groups[1..].iter().any(|other| other.price <= best.price);
    let separating = groups.get(1).and_then(|other| {
        let call = choice::differing(&best.leader.values, &other.leader.values, others)?;
        Some(Separating {
            args: examples::read(&others[call].1),
            question: choice::question(&best.leader.values, &other.leader.values, others)?,
        })
    });
    let found = format!(
        "`{}` gives all {} examples ({} components)",
        function.expression,
        wanted.cases.len(),
        function.size
    );
    let (outcome, reason) = match separating {
        _ if confidence >= settings.confidence_min && !is_tied => (Outcome::Found(function), found),
        Some(question) => {
            let reason = format!(
                "{found}; others that are about as small do so, too, and differ elsewhere, so this is a proposal"
            );
            let likeliest = function;
            (
                Outcome::Open {
                    likeliest,
                    question,
                },
                reason,
            )
        }
        None if is_one_answer => {
            let reason =
                format!("{found}; one answer alone says too little, so this is a proposal");
            (Outcome::Thin(function), reason)
        }
        None => {
            let reason = format!(
                "{found}; the answers are so short that it may be chance, so this is a proposal"
            );
            (Outcome::Thin(function), reason)
        }
    };
    Composed {
        outcome,
        tried: answer.tried,
        seconds: 0.0,
        reason,
    }
}

fn confidence(groups: &[Group<'_>], bits: f64, is_one_answer: bool) -> f64 {
    let all: f64 = groups.iter().map(|group| group.weight).sum();
    let best = &groups[0];
    let surplus = bits - BITS_OF_COST * best.leader.cost;
    let evidence = 1.0 / (1.0 + (-surplus).exp2());
    let share = if is_one_answer { OF_ONE_ANSWER } else { 1.0 };
    let confidence = best.weight / all * evidence * share;
    (confidence * 1000.0).round() / 1000.0
}

fn function(wanted: &Wanted, answer: &Answer, fitting: &Fitting, confidence: f64) -> Function {
    let mut types = answer.types.iter();
    let parameters = wanted.parameters.iter().zip(&mut types);
    Function {
        expression: fitting.expression.clone(),
        imports: fitting.imports.clone(),
        parameters: parameters
            .map(|(one, told)| Parameter {
                name: one.name.clone(),
                annotation: one.annotation.clone().or_else(|| Some(told.clone())),
            })
            .collect(),
        returns: wanted
            .returns
            .clone()
            .or_else(|| answer.types.last().cloned())
            .unwrap_or_default(),
        size: fitting.size,
        confidence,
    }
}

/// The likeliest first.
fn groups(answer: &Answer) -> Vec<Group<'_>> {
    let is_error = |value: &String| value.starts_with('!');
    let inputs = answer.fitting.first().map_or(0, |one| one.values.len());
    let can_be: Vec<bool> = (0..inputs)
        .map(|input| {
            let mut all = answer.fitting.iter();
            all.any(|one| !is_error(&one.values[input]))
        })
        .collect();
    let costs = answer.fitting.iter().map(|one| one.cost);
    let cheapest = costs.fold(f64::INFINITY, f64::min);
    let mut groups: Vec<Group<'_>> = Vec::new();
    for one in &answer.fitting {
        let raised = one.values.iter().zip(&can_be);
        let raised = raised.filter(|(value, can_be)| **can_be && is_error(value));
        let price = one.cost + RAISING * real(raised.count()) / real(inputs.max(1));
        let own = (-SHARPNESS * (price - cheapest)).exp();
        let agrees = |other: &Fitting| {
            let mut values = one.values.iter().zip(&other.values);
            values.all(|(one, other)| one == other || is_error(one) || is_error(other))
        };
        match groups.iter_mut().find(|group| agrees(group.leader)) {
            // Ways to write the same are no more witnesses: each further one counts for less.
            Some(group) => {
                group.members += 1.0;
                group.weight += own / group.members;
                group.price = group.price.min(price);
            }
            None => groups.push(Group {
                leader: one,
                weight: own,
                price,
                members: 1.0,
            }),
        }
    }
    groups.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    groups
}

fn explain_nothing(wanted: &Wanted, answer: &Answer, settings: &Settings) -> String {
    if let Some(reason) = &answer.refused {
        return reason.clone();
    }
    let examples = wanted.cases.len();
    if answer.is_late {
        return format!(
            "none was found that gives all {examples} examples before the {:.0} s of the budget were over",
            settings.budget.as_secs_f64()
        );
    }
    let bound = if answer.is_cut {
        format!(
            "none of {} expressions, the cheapest of {} components,",
            answer.tried, answer.components
        )
    } else {
        format!(
            "no composition of {} components up to size {}",
            answer.components, answer.cost
        )
    };
    format!(
        "{bound} gives all {examples} examples: it may take steps that it does not know, or more of them"
    )
}
