//! Which of those that pass all tests is meant. Tests say little: what is small, likely, and does on inputs
//! that nobody wrote what most of the others do, is taken; and how sure that is, is said.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::{bench::Given, edits::Class, rank::real, search::Passer};

/// Candidates that are compared.
pub(crate) const COMPARED_MAX: usize = 60;
/// How fast an edit becomes unlikely when it costs more.
const SHARPNESS: f64 = 1.6;
/// What it costs to raise, on all inputs, where others do not.
const RAISING: f64 = 3.0;
/// What it costs to break, on all inputs, what holds for all examples.
const BREAKING: f64 = 3.0;
/// What a special case costs.
const SPECIAL: f64 = 2.5;
/// And how sure one may be of it at most: it is proposed.
const BY_HEART_MAX: f64 = 0.4;
/// So few tests may all be special cases.
const FEW_TESTS: usize = 2;

/// An input for which the two likeliest repairs differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub call: String,
    pub one: String,
    pub other: String,
}

/// The one that is taken, and how sure it is.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// The best first.
    pub(crate) order: Vec<usize>,
    pub(crate) confidence: f64,
    pub(crate) question: Option<Question>,
}

/// What a passer does on the inputs, and how likely it is before that.
struct Looked<'a> {
    values: &'a [String],
    weight: f64,
}

/// `given` has for each passer, and last for the program as it was, what it gives for each of `calls`.
pub(crate) fn choose(
    passers: &[Passer],
    given: &[Given],
    calls: &[(String, String)],
    source: &str,
    wanted: &[String],
    (failing, tests): (usize, usize),
) -> Choice {
    let cheapest = passers
        .iter()
        .map(|passer| passer.cost)
        .fold(f64::INFINITY, f64::min);
    let before = given.last().map_or(&[][..], |given| &given.values);
    // One that was ended in the midst of it has told nothing.
    let is_told = |values: &[String]| values.len() == calls.len();
    let told = given[..passers.len()]
        .iter()
        .map(|given| given.values.as_slice());
    let told: Vec<&[String]> = told.filter(|values| is_told(values)).collect();
    let usual = usual(&told);
    let looked: Vec<Looked<'_>> = passers
        .iter()
        .zip(given)
        .map(|(passer, Given { values, broken })| {
            let cost = passer.cost - cheapest
                + RAISING * raises_alone(values, &usual)
                + BREAKING * real(*broken) / real(calls.len().max(1))
                + oddity(passer, values, before, source, wanted, failing);
            Looked {
                values,
                weight: (-SHARPNESS * cost).exp(),
            }
        })
        .collect();
    // Where nothing can be compared, each may be something else.
    let mut groups: HashMap<(&[String], Option<usize>), Vec<usize>> = HashMap::new();
    for (place, one) in looked.iter().enumerate() {
        let alone = (calls.is_empty() || !is_told(one.values)).then_some(place);
        groups.entry((one.values, alone)).or_default().push(place);
    }
    let weight_of = |members: &[usize]| {
        // Ways to write the same are no more witnesses: each further one counts for less.
        let mut weights: Vec<f64> = members.iter().map(|place| looked[*place].weight).collect();
        weights.sort_by(|one, other| other.total_cmp(one));
        let shares = weights.iter().enumerate();
        shares
            .map(|(place, weight)| weight / (1.0 + real(place)))
            .sum::<f64>()
    };
    let mut ranked: Vec<(f64, Vec<usize>)> = groups
        .into_values()
        .map(|mut members| {
            // Among those that do the same, the shorter text is the one that a person would write.
            let merit =
                |place: usize| -looked[place].weight.ln() / SHARPNESS + wordiness(&passers[place]);
            members
                .sort_by(|one, other| merit(*one).total_cmp(&merit(*other)).then(one.cmp(other)));
            (weight_of(&members), members)
        })
        .collect();
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let all: f64 = ranked.iter().map(|(weight, _)| weight).sum();
    let share = if all > 0.0 { ranked[0].0 / all } else { 0.0 };
    // Where only tests speak, many of them say more than one.
    let share = if calls.is_empty() {
        share.powf(1.0 / (1.0 + real(tests).ln()))
    } else {
        share
    };
    // How likely it is beside the others says nothing if none of them is more than a special case.
    let is_learned = is_by_heart(&passers[ranked[0].1[0]], source, failing);
    let confidence = if is_learned {
        share.min(BY_HEART_MAX)
    } else {
        share
    };
    let question = match ranked.as_slice() {
        [first, second, ..] => {
            question(looked[first.1[0]].values, looked[second.1[0]].values, calls)
        }
        _ => None,
    };
    Choice {
        order: ranked
            .into_iter()
            .flat_map(|(_, members)| members)
            .collect(),
        confidence,
        question,
    }
}

/// What a longer text costs among those that do the same.
fn wordiness(passer: &Passer) -> f64 {
    const PER_LETTER: f64 = 0.2;
    const LETTERS_MAX: f64 = 6.0;
    let grown: f64 = passer
        .edits
        .iter()
        .map(|edit| real(edit.text.len()) - real(edit.range.len()))
        .sum();
    PER_LETTER * grown.clamp(-LETTERS_MAX, LETTERS_MAX)
}

/// For each input what most give.
fn usual(values: &[&[String]]) -> Vec<String> {
    let inputs = values.first().map_or(0, |values| values.len());
    (0..inputs)
        .map(|input| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for one in values {
                if let Some(value) = one.get(input) {
                    *counts.entry(value).or_default() += 1;
                }
            }
            let most = counts.into_iter().max_by_key(|(_, count)| *count);
            most.map_or_else(String::new, |(value, _)| value.to_owned())
        })
        .collect()
}

/// The share of the inputs on which it raises or takes too long, and most do not.
fn raises_alone(values: &[String], usual: &[String]) -> f64 {
    let fails = |value: &str| value.starts_with('!') || value == "T";
    let alone = values
        .iter()
        .zip(usual)
        .filter(|(value, usual)| fails(value) && !fails(usual))
        .count();
    real(alone) / real(usual.len().max(1))
}

/// What speaks against a repair whatever it does: that it looks like an answer that was learned by heart.
fn oddity(
    passer: &Passer,
    values: &[String],
    before: &[String],
    source: &str,
    wanted: &[String],
    failing: usize,
) -> f64 {
    let mut odd = 0.0;
    if is_by_heart(passer, source, failing) {
        odd += SPECIAL;
    }
    for edit in &passer.edits {
        let is_guard = matches!(edit.class, Class::Guard | Class::ConditionExtended);
        let compares = edit.text.contains("==") || edit.text.contains("!=");
        // Other inputs than those of the tests come to what they came to before.
        let is_special = is_guard && compares && !before.is_empty() && values == before;
        if is_special {
            odd += SPECIAL;
        }
        if literals(&edit.text).iter().any(|literal| {
            literal.len() > 4 && !source.contains(literal.as_str()) && wanted.contains(literal)
        }) {
            odd += SPECIAL;
        }
    }
    odd
}

/// Does a change single out what the failing tests give it, or answer with what they expect? An edit that
/// asks whether something is empty does not: that is a case of its own in any program.
pub(crate) fn is_by_heart(passer: &Passer, source: &str, failing: usize) -> bool {
    passer.edits.iter().any(|edit| {
        let pieces: Vec<&str> = edit
            .text
            .split('\n')
            .flat_map(|line| line.split(" and "))
            .flat_map(|part| part.split(" or "))
            .map(|part| part.trim().trim_start_matches("if ").trim_end_matches(':'))
            .collect();
        let is_new = |piece: &&&str| !source.contains(**piece);
        let compares = pieces
            .iter()
            .filter(is_new)
            .any(|piece| compares_with_literal(piece));
        let answers = pieces.iter().any(|piece| {
            let value = piece.strip_prefix("return ");
            value.is_some_and(begins_with_literal)
        });
        match edit.class {
            Class::Guard => compares && (failing == 1 || answers && failing <= FEW_TESTS),
            Class::ConditionExtended | Class::ConditionReplaced => compares && failing == 1,
            Class::Statement => answers && failing == 1 && !source.contains(edit.text.trim()),
            _ => false,
        }
    })
}

fn compares_with_literal(condition: &str) -> bool {
    ["==", "!=", "<=", ">=", "<", ">"].iter().any(|operator| {
        condition.split_once(operator).is_some_and(|(left, right)| {
            begins_with_literal(right.trim_start_matches('='))
                || begins_with_literal(left.trim_start_matches("not "))
        })
    })
}

fn begins_with_literal(text: &str) -> bool {
    let text = text.trim();
    let is_constant = ["None", "True", "False"].contains(&text);
    is_constant
        || text.starts_with(|letter: char| letter.is_ascii_digit() || "\"'-[{".contains(letter))
}

/// The texts between quotes.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for quote in ['"', '\''] {
        let pieces: Vec<&str> = text.split(quote).collect();
        found.extend(
            pieces
                .iter()
                .skip(1)
                .step_by(2)
                .map(|piece| (*piece).to_owned()),
        );
    }
    found
}

pub(crate) fn question(
    one: &[String],
    other: &[String],
    calls: &[(String, String)],
) -> Option<Question> {
    let place = differing(one, other, calls)?;
    let (function, arguments) = &calls[place];
    Some(Question {
        call: told_call(function, arguments),
        one: told(&one[place]),
        other: told(&other[place]),
    })
}

/// The call for which the two differ that is the easiest to answer: the shortest.
pub(crate) fn differing(
    one: &[String],
    other: &[String],
    calls: &[(String, String)],
) -> Option<usize> {
    let values = one.iter().zip(other).zip(calls).enumerate();
    let differing = values.filter(|(_, ((one, other), _))| one != other);
    let (place, _) = differing.min_by_key(|(_, (_, (_, arguments)))| arguments.len())?;
    Some(place)
}

fn told_call(function: &str, arguments: &str) -> String {
    let read: serde_json::Value = serde_json::from_str(arguments).unwrap_or_default();
    let positional = read[0].as_array().into_iter().flatten();
    let named = read.as_object().or_else(|| read[1].as_object());
    let named = named.into_iter().flatten();
    let parts: Vec<String> = positional
        .map(ToString::to_string)
        .chain(named.map(|(name, value)| format!("{name}={value}")))
        .collect();
    format!("{function}({})", parts.join(", "))
}

fn told(value: &str) -> String {
    match value.split_at_checked(1) {
        Some(("=", value)) => value.to_owned(),
        Some(("!", error)) => format!("the error {error}"),
        _ => "no end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{bench::Candidate, edits::Edit, program::Program};

    fn passer(class: Class, text: &str, cost: f64) -> Passer {
        let base = Program::parse("def f(n):\n    return n\n").unwrap();
        let edit = Edit {
            unit: 0,
            range: 14..22,
            text: text.to_owned(),
            class,
            cost,
            line: 2,
        };
        Passer {
            candidate: Candidate {
                base: Arc::new(base),
                splices: vec![edit.splice()],
                parts: Vec::new(),
            },
            edits: vec![edit],
            cost,
        }
    }

    /// Each passer with what it gives for two calls, and last what the program gave.
    fn chosen(passers: &[(Passer, [&str; 2])], before: [&str; 2]) -> Choice {
        let given = passers.iter().map(|(_, values)| values);
        // `-` is a value that breaks what holds for all examples.
        let given: Vec<Given> = given
            .chain([&before])
            .map(|values| Given {
                values: values.map(ToOwned::to_owned).to_vec(),
                broken: values.iter().filter(|value| **value == "=-").count(),
            })
            .collect();
        let passers: Vec<Passer> = passers.iter().map(|(passer, _)| passer.clone()).collect();
        let calls = [("f", "[[1],{}]"), ("f", "[[2000],{}]")]
            .map(|(function, call)| (function.to_owned(), call.to_owned()));
        let wanted = ["a long answer".to_owned()];
        choose(
            &passers,
            &given,
            &calls,
            "def f(n):\n    return n\n",
            &wanted,
            (2, 2),
        )
    }

    #[test]
    fn of_equally_likely_ones_what_most_do_is_taken() {
        let choice = chosen(
            &[
                (passer(Class::Number, "one", 1.0), ["=1", "=1"]),
                (passer(Class::Operator, "two", 1.0), ["=2", "=2"]),
                (passer(Class::Name, "three", 1.0), ["=2", "=2"]),
            ],
            ["=0", "=0"],
        );

        assert_eq!(choice.order, [1, 2, 0]);
        assert!((choice.confidence - 0.6).abs() < 1e-9, "{choice:?}");
    }

    #[test]
    fn ways_to_write_the_same_leave_no_doubt_and_no_question() {
        let choice = chosen(
            &[
                (passer(Class::Number, "one", 1.0), ["=1", "=1"]),
                (passer(Class::Number, "two", 1.5), ["=1", "=1"]),
            ],
            ["=0", "=0"],
        );

        assert_eq!(choice.order, [0, 1]);
        assert!((choice.confidence - 1.0).abs() < 1e-9);
        assert_eq!(choice.question, None);
    }

    #[test]
    fn those_that_were_ended_before_they_told_anything_agree_with_nobody() {
        let (one, other) = (
            passer(Class::Number, "one", 1.0),
            passer(Class::Operator, "two", 1.0),
        );
        let calls = [("f".to_owned(), "[[1],{}]".to_owned())];
        let given = [Vec::new(), Vec::new(), vec!["=0".to_owned()]]
            .map(|values| Given { values, broken: 0 });

        let choice = choose(&[one, other], &given, &calls, "", &[], (2, 2));

        assert!((choice.confidence - 0.5).abs() < 1e-9, "{choice:?}");
    }

    #[test]
    fn what_tells_the_likeliest_two_apart_is_asked_by_its_shortest_call() {
        let choice = chosen(
            &[
                (passer(Class::Number, "one", 1.0), ["=1", "=1"]),
                (passer(Class::Number, "two", 1.2), ["!ValueError: no", "T"]),
            ],
            ["=0", "=0"],
        );

        let question = Question {
            call: "f(1)".to_owned(),
            one: "1".to_owned(),
            other: "the error ValueError: no".to_owned(),
        };
        assert_eq!(choice.question, Some(question));
    }

    #[test]
    fn a_guard_that_changes_nothing_else_gives_way_to_what_costs_more() {
        let choice = chosen(
            &[
                (
                    passer(Class::Guard, "if n == 7:\n    return 1", 1.0),
                    ["=0", "=0"],
                ),
                (passer(Class::Operator, "n + 1", 3.0), ["=1", "=1"]),
            ],
            ["=0", "=0"],
        );

        assert_eq!(choice.order, [1, 0]);
    }

    #[test]
    fn a_text_that_only_a_test_has_gives_way_to_what_costs_more() {
        let choice = chosen(
            &[
                (
                    passer(Class::Text, "return \"a long answer\"", 1.0),
                    ["=1", "=1"],
                ),
                (passer(Class::Operator, "n + 1", 3.0), ["=2", "=2"]),
            ],
            ["=0", "=0"],
        );

        assert_eq!(choice.order, [1, 0]);
    }

    #[test]
    fn what_breaks_what_holds_for_all_examples_gives_way() {
        let choice = chosen(
            &[
                (passer(Class::Number, "one", 1.0), ["=-", "=-"]),
                (passer(Class::Number, "two", 1.5), ["=1", "=2"]),
            ],
            ["=0", "=0"],
        );

        assert_eq!(choice.order, [1, 0]);
    }

    #[test]
    fn what_raises_where_others_do_not_gives_way() {
        let choice = chosen(
            &[
                (passer(Class::Number, "one", 1.0), ["!ValueError", "T"]),
                (passer(Class::Number, "two", 1.5), ["=1", "=2"]),
                (passer(Class::Number, "three", 9.0), ["=1", "=2"]),
            ],
            ["=0", "=0"],
        );

        assert_eq!(choice.order[0], 1);
    }
}
