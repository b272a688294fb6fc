//! Functions that are wanted, by a few examples each, and what is made of them.

use std::{path::Path, process::Command, time::Duration};

use repair::{Case, Composed, Launcher, Outcome, Parameter, Settings, Wanted, compose};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{cases, python};

/// A function with what it is to give, and what it is to give elsewhere, which nobody tells.
#[derive(Deserialize)]
struct Row {
    name: String,
    parameters: Vec<String>,
    examples: Vec<(Vec<Value>, Value)>,
    held: Vec<(Vec<Value>, Value)>,
}

impl Row {
    fn wanted(&self) -> Wanted {
        let examples = self.examples.iter().map(|(args, expect)| Case {
            call: self.name.clone(),
            args: args.clone(),
            kwargs: serde_json::Map::new(),
            expect: Some(expect.clone()),
            raises: None,
        });
        Wanted {
            name: self.name.clone(),
            parameters: parameters(self.parameters.iter().map(String::as_str)),
            returns: None,
            cases: examples.collect(),
        }
    }
}

fn parameters<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Parameter> {
    let parameters = names.into_iter().map(|name| Parameter {
        name: name.to_owned(),
        annotation: None,
    });
    parameters.collect()
}

/// What is made of examples, one a line: `f(1, "a") -> [2]`.
fn of(names: &[&str], examples: &str) -> Composed {
    composed(&wanted(names, examples))
}

fn wanted(names: &[&str], examples: &str) -> Wanted {
    let cases = cases(examples);
    Wanted {
        name: cases[0].call.clone(),
        parameters: parameters(names.iter().copied()),
        returns: None,
        cases,
    }
}

fn composed(wanted: &Wanted) -> Composed {
    let folder = tempfile::tempdir().unwrap();
    let composed = compose(wanted, &launcher(folder.path()), &Settings::default()).unwrap();
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    Composed {
        seconds: 0.0,
        ..composed
    }
}

fn launcher(folder: &Path) -> Launcher {
    Launcher {
        hold: Vec::new(),
        python: python().to_owned(),
        folder: folder.to_owned(),
    }
}

fn expression(composed: &Composed) -> Option<&str> {
    let function = composed.outcome.function()?;
    Some(&function.expression)
}

/// Whether each module does what was held back. It is run as anybody would run it.
fn hold(rows: &[Row], all: &[Composed]) -> Vec<bool> {
    let modules = all.iter().zip(rows).map(|(composed, row)| {
        let function = composed.outcome.function()?;
        Some(function.module(&row.name))
    });
    let checked: Vec<Value> = rows
        .iter()
        .zip(modules)
        .map(|(row, module)| json!([row.name, module, row.held]))
        .collect();
    let output = Command::new(python())
        .args(["-I", "-c", include_str!("composing/held.py")])
        .arg(serde_json::to_string(&checked).unwrap())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_is_found_does_what_was_held_back_and_what_may_not_is_asked_about() {
    let rows: Vec<Row> = include_str!("composing/wanted.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    let all: Vec<Composed> = rows.iter().map(|row| composed(&row.wanted())).collect();

    let (mut wrong, mut not_found) = (Vec::new(), Vec::new());
    for ((row, composed), is_right) in rows.iter().zip(&all).zip(hold(&rows, &all)) {
        match composed.outcome {
            Outcome::Found(_) if is_right => {}
            Outcome::Found(_) => wrong.push(row.name.as_str()),
            Outcome::Open { .. } | Outcome::Thin(_) | Outcome::Nothing => {
                not_found.push(row.name.as_str());
            }
        }
    }
    assert_eq!(wrong, Vec::<&str>::new());
    assert_eq!(not_found, Vec::<&str>::new());
}

#[test]
fn a_module_reads_as_if_a_person_had_written_it() {
    let mut wanted = wanted(
        &["numbers", "places"],
        "
        mean([1, 2, 4, 8], 2) -> 3.75
        mean([4, 9, 9], 2) -> 7.33
        mean([4, 9, 9], 1) -> 7.3
        ",
    );
    wanted.parameters[0].annotation = Some("list[float]".to_owned());

    let composed = composed(&wanted);

    let Outcome::Found(function) = &composed.outcome else {
        panic!("{composed:#?}");
    };
    insta::assert_snapshot!(function.module("mean"), @r"
    def mean(numbers: list[float], places: int) -> float:
        return round(sum(numbers) / len(numbers), places)
    ");
}

#[test]
fn imports_stand_above_it() {
    let composed = of(
        &["words"],
        r#"
        counts(["a", "b", "a"]) -> {"a": 2, "b": 1}
        counts(["x"]) -> {"x": 1}
        counts(["q", "q", "w", "e"]) -> {"q": 2, "w": 1, "e": 1}
        "#,
    );

    let function = composed.outcome.function().unwrap();
    insta::assert_snapshot!(function.module("counts"), @r"
    from collections import Counter


    def counts(words: list[str]) -> dict[str, int]:
        return dict(Counter(words))
    ");
}

#[test]
fn what_no_composition_gives_is_refused_with_how_far_it_came() {
    let by_chance = of(
        &["text"],
        r#"
        strange("random") -> "zyx"
        strange("words") -> "bqp"
        strange("here") -> "kk"
        "#,
    );

    assert_eq!(by_chance.outcome, Outcome::Nothing);
    let reason = by_chance.reason;
    assert!(reason.starts_with("none of "), "{reason}");
    assert!(reason.contains("components"), "{reason}");
}

#[test]
fn small_numbers_by_chance_are_never_taken_for_found() {
    let composed = of(&["n"], "chance(1) -> 7\n chance(2) -> 3\n chance(5) -> 4");

    assert!(
        !matches!(composed.outcome, Outcome::Found(_)),
        "{composed:#?}"
    );
}

#[test]
fn one_example_ends_in_a_question() {
    let composed = of(&["text"], r#"short("hello big world") -> "hello""#);

    let Outcome::Open { question, .. } = &composed.outcome else {
        panic!("{composed:#?}");
    };
    assert_eq!(question.args.len(), 1);
    assert_ne!(question.question.one, question.question.other);
}

#[test]
fn the_answer_to_a_question_decides() {
    let examples = r#"
        short("hello big world") -> "hello"
    "#;
    let before = of(&["text"], examples);

    let answered =
        format!("{examples}\nshort(\"zoo and ants\") -> \"zoo\"\nshort(\"one two\") -> \"one\"");
    let after = of(&["text"], &answered);

    assert!(
        matches!(before.outcome, Outcome::Open { .. }),
        "{before:#?}"
    );
    assert!(matches!(after.outcome, Outcome::Found(_)), "{after:#?}");
    assert_eq!(expression(&after), Some(r#"text.partition(" ")[0]"#));
}

#[test]
fn what_six_grades_leave_open_is_asked() {
    let composed = of(
        &["score"],
        r#"
        grade(20) -> "fail"
        grade(40) -> "fail"
        grade(12) -> "fail"
        grade(60) -> "pass"
        grade(95) -> "pass"
        grade(80) -> "pass"
        "#,
    );

    let Outcome::Open {
        likeliest,
        question,
    } = &composed.outcome
    else {
        panic!("{composed:#?}");
    };
    let bound = "\"pass\" if score >= ";
    assert!(likeliest.expression.starts_with(bound), "{likeliest:#?}");
    let mut answers = [&question.question.one, &question.question.other];
    answers.sort();
    assert_eq!(answers, ["'fail'", "'pass'"]);
}

#[test]
fn a_literal_of_one_example_is_no_answer() {
    let composed = of(
        &["name"],
        r#"
        colour("apple") -> "red"
        colour("cherry") -> "red"
        colour("sky") -> "blue"
        "#,
    );

    assert_eq!(composed.outcome, Outcome::Nothing);
}

#[test]
fn a_contradiction_is_told() {
    let composed = of(&["n"], "twice(1) -> 2\n twice(1) -> 3");

    assert_eq!(
        composed.reason,
        "`twice(1) -> 2` and `twice(1) -> 3` cannot both be right: they are one call, and expect different things"
    );
}

#[test]
fn names_that_python_has_no_room_for_are_told() {
    let asked = |names: &[&str]| of(names, "f(1, 2) -> 3").reason;

    assert_eq!(asked(&["1st", "b"]), "`1st` is no name of a parameter");
    assert_eq!(asked(&["a", "a"]), "two parameters are named `a`");
    assert_eq!(
        asked(&["a", "class"]),
        "`class` is a word of Python, and no name of a parameter"
    );
}

#[test]
fn a_parameter_may_have_the_name_that_an_item_would_have() {
    let composed = of(
        &["items", "item"],
        "
        without([1, 2, 1], 1) -> [2]
        without([4, 5, 6], 5) -> [4, 6]
        without([7, 8], 9) -> [7, 8]
        ",
    );

    assert_eq!(
        expression(&composed),
        Some("[item_ for item_ in items if item_ != item]")
    );
}

#[test]
fn the_end_of_the_budget_changes_no_answer_but_ends_it() {
    let examples = r#"
        sorted_name("Ada", "Lovelace") -> "Lovelace, A."
        sorted_name("Bob", "Smith") -> "Smith, B."
        sorted_name("Cy", "Young") -> "Young, C."
    "#;
    let wanted = wanted(&["first", "last"], examples);
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        budget: Duration::from_millis(1),
        ..Settings::default()
    };

    let hurried = compose(&wanted, &launcher(folder.path()), &settings).unwrap();
    let once = composed(&wanted);

    assert_eq!(hurried.outcome, Outcome::Nothing);
    insta::assert_snapshot!(hurried.reason, @"none was found that gives all 3 examples before the 0 s of the budget were over");
    assert_eq!(once, composed(&wanted));
    assert_eq!(expression(&once), Some(r#"f"{last}, {first[0]}.""#));
}
