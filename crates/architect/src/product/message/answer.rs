//! What an answer says of the call that a question was about.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Call, Example, Message, Outcome, ToolShape, literal};

/// An answer begins with what it takes up from the question.
static TAKES_UP: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)^\s*(?:(?:it|that|this|the (?:answer|result|output|value)|i think|well|sorry|yes|no)\b[\s,:]*)+";
    Regex::new(pattern).expect("the pattern is one")
});

/// What stands for a value that whoever answers knows.
const OPEN: &str = "…";

/// What may stand between a call and what an answer says of it.
const JOINTS: [&str; 3] = ["should give ", "", "should "];

/// The examples that an answer gives: those that it spells out, or what it says of the call in the question.
pub(super) fn read(question: &str, answer: &str, tools: &[ToolShape<'_>]) -> Vec<Example> {
    let own = Message::read(answer, tools);
    if own.calls().next().is_some() {
        return own.examples;
    }
    let asked = Message::read(question, tools);
    // A call whose arguments are left open only shows how an answer may look.
    let is_open = |value: &Value| value == OPEN;
    let is_shape = |call: &&Call| {
        let mut values = call.positional.iter().chain(call.keywords.values());
        values.any(is_open)
    };
    let Some(call) = asked.only_call().filter(|call| !is_shape(call)) else {
        return Vec::new();
    };
    of_call(call, answer, tools)
        .or_else(|| offered(call, question, answer))
        .into_iter()
        .collect()
}

fn of_call(call: &Call, answer: &str, tools: &[ToolShape<'_>]) -> Option<Example> {
    let answer = TAKES_UP.replace(answer, "");
    let readings = JOINTS.iter().filter_map(|joint| {
        let message = Message::read(&format!("{call} {joint}{answer}"), tools);
        match message.examples.as_slice() {
            [example] if message.mentions.is_empty() && example.call.is_same(call) => {
                Some(example.clone())
            }
            _ => None,
        }
    });
    let mut readings: Vec<Example> = readings.collect();
    readings.dedup_by(|one, other| one.expected.is_same(&other.expected));
    match readings.as_slice() {
        [_, ..] => Some(readings.swap_remove(0)),
        [] => None,
    }
}

/// One of the texts that a question offers, without its quotes.
fn offered(call: &Call, question: &str, answer: &str) -> Option<Example> {
    let rest = question.rsplit('`').next()?;
    let answer = answer.trim().trim_end_matches(['.', '!']);
    let is_offered = rest
        .match_indices('"')
        .filter_map(|(at, _)| literal::read(&rest[at..]))
        .any(|(value, _)| value == answer);
    is_offered.then(|| Example {
        call: call.clone(),
        expected: Outcome::Value(answer.into()),
        observed: None,
        at: 0,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const QUESTION: &str = "what should `slugify(\"A B\")` give?";

    fn tools() -> Vec<String> {
        vec!["title".to_owned()]
    }

    fn expected(question: &str, answer: &str) -> Option<Value> {
        let parameters = tools();
        let tools = [ToolShape {
            name: "slugify",
            parameters: &parameters,
        }];
        let found = read(question, answer, &tools);
        let [example] = found.as_slice() else {
            return None;
        };
        Some(match &example.expected {
            Outcome::Value(value) => value.clone(),
            Outcome::Error(text) => json!({ "error": text }),
        })
    }

    #[test]
    fn a_bare_value_is_what_the_call_in_the_question_should_give() {
        let table = [
            ("'a-b'", json!("a-b")),
            ("\"a-b\".", json!("a-b")),
            ("3.28", json!(3.28)),
            ("it should give 'a-b'", json!("a-b")),
            ("It should be 'a-b', please", json!("a-b")),
            ("I want 'a-b'", json!("a-b")),
            ("should return None", json!(null)),
            ("[1, 2]", json!([1, 2])),
            ("slugify('A B') should be 'a_b'", json!("a_b")),
        ];
        for (answer, value) in table {
            assert_eq!(expected(QUESTION, answer), Some(value), "{answer}");
        }
        let refused = expected(QUESTION, "It should raise an error");
        assert!(
            refused.is_some_and(|it| it["error"].is_string()),
            "a refusal is an answer"
        );
    }

    #[test]
    fn what_a_question_offers_may_be_taken_without_quotes() {
        let question = "is `slugify(\"A B\")` \"a-b\" or \"a_b\"?";

        assert_eq!(expected(question, "a_b"), Some(json!("a_b")));
        assert_eq!(expected(question, "'a-b'"), Some(json!("a-b")));
        assert_eq!(expected(question, "neither"), None);
    }

    #[test]
    fn what_says_nothing_of_the_call_is_no_example() {
        for answer in ["no idea", "ask Jo", "", "yes"] {
            assert_eq!(expected(QUESTION, answer), None, "{answer}");
        }
        assert_eq!(expected("which one is meant?", "'a'"), None);
    }
}
