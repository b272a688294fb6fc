//! How programs and their tests are loaded, and what is found as it was by each that is tried.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use repair::Tests;

use crate::support::{Trial, cases, holds, python, python_with_pytest, trial};

const HALF: &str = r"
def half(number):
    return number // 3
";
const TEST_HALF: &str = r"
from half import half

def test_half():
    assert half(4) == 2
    assert half(9) == 4

def test_none():
    assert half(0) == 0
";

/// `half` with its test and more files.
fn half(more: &[(&str, &str)]) -> Option<Trial> {
    let python = python_with_pytest()?;
    let mut files = vec![("half.py", HALF), ("test_half.py", TEST_HALF)];
    files.extend(more);
    let arguments = vec!["test_half.py".to_owned()];
    Some(Trial::new(&files, Tests::Pytest { arguments }, &python))
}

#[test]
fn sets_of_texts_have_one_order_in_each_process() {
    let set = r#"{"ash", "birch", "cedar", "fir", "oak", "pine"}"#;
    let told = Command::new(python())
        .args(["-B", "-c", &format!("print(list({set})[:3])")])
        .env("PYTHONHASHSEED", "0")
        .output()
        .unwrap();
    let first = String::from_utf8(told.stdout).unwrap().replace('\'', "\"");
    let program =
        format!("TREES = list({set})\n\n\ndef first(count):\n    return TREES[:count + 1]\n");

    let text = trial(&program, &format!("first(3) -> {first} \n first(0) -> []")).repaired();

    assert!(text.contains("TREES[:count]"), "{text}");
}

#[test]
fn a_module_of_the_project_is_not_taken_for_one_of_python() {
    let Some(trial) = half(&[("resource.py", "raise RuntimeError\n")]) else {
        return;
    };

    let text = trial.repaired();

    assert!(holds(&text, "half(20) -> 10"), "{text}");
}

#[test]
fn a_package_that_imports_its_module_sees_what_is_tried() {
    let program = r"
def raised(price):
    return price - 1


def total(prices):
    from shop import basket

    return basket.total(prices)
";
    let basket = r"
from shop import price


def total(prices):
    return sum(map(price.raised, prices))
";
    let files = [
        ("shop/price.py", program),
        ("shop/__init__.py", "from shop import basket\n"),
        ("shop/basket.py", basket),
    ];
    let tests = Tests::Cases(cases(
        "total([1, 2]) -> 5 \n total([4]) -> 5 \n total([]) -> 0",
    ));

    let report = Trial::new(&files, tests, python()).run().unwrap();

    assert!(report.diff.contains("+    return price + 1"), "{report:#?}");
}

#[test]
fn options_of_a_project_and_tests_that_are_skipped_are_no_fault() {
    let options = "[pytest]\naddopts = -ra -q --tb=short --strict-markers\n";
    let later = "import pytest\n\n@pytest.fixture(autouse=True)\ndef first(request):\n    if request.node.name == 'test_none':\n        pytest.skip('later')\n";
    let Some(trial) = half(&[("pytest.ini", options), ("conftest.py", later)]) else {
        return;
    };

    let report = trial.run().unwrap();

    assert!(report.repaired, "{report:#?}");
    assert_eq!((report.failing, report.tests), (1, 2));
}

#[test]
fn options_that_pytest_does_not_know_are_a_fault_of_the_tests() {
    let options = "[pytest]\naddopts = --no-such-option\n";
    let Some(trial) = half(&[("pytest.ini", options)]) else {
        return;
    };

    let refused = trial.refusal();

    let beginning = "the tests could not be loaded: pytest could not collect the tests: ";
    assert!(refused.starts_with(beginning), "{refused}");
    assert!(refused.contains("--no-such-option"), "{refused}");
}

#[test]
fn a_test_that_is_skipped_does_not_pass() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let tests = r"
import pytest
from half import half

def test_half():
    if half(9) != 3:
        pytest.skip('not the value that is wrong')
    assert half(9) == 4
";
    let files = [("half.py", HALF), ("test_half.py", tests)];
    let arguments = vec!["test_half.py".to_owned()];
    let trial = Trial::new(&files, Tests::Pytest { arguments }, &python);

    let report = trial
        .with(|settings| settings.budget = Duration::from_secs(3))
        .run()
        .unwrap();

    assert!(report.tried > 0 && report.text.is_none(), "{report:#?}");
}

#[test]
fn what_is_bound_anew_by_a_run_is_as_it_was_for_the_next() {
    let program = r"
NEXT = 1


class Till:
    count = 0

    def add(self, by):
        Till.count += by
        return Till.count - 1


def ticket(step):
    global NEXT
    NEXT += step
    return NEXT
";
    let cases = "
        Till.add(3) -> 3
        Till.add(5) -> 5
        ticket(2) -> 3
        ticket(4) -> 5
    ";

    let text = trial(program, cases).repaired();

    assert!(holds(&text, "Till.add(7) -> 7"), "{text}");
}

#[test]
fn a_field_that_no_test_runs_a_line_of_is_repaired() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let program = r"
import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    low: int = 1
    high: int = 9
    names: list = dataclasses.field(default_factory=list)


def doubled(number):
    return number * 2
";
    let tests = r"
from limits import Limits, doubled

def test_high():
    assert Limits(2).high == 10

def test_low():
    assert Limits().low == 1 and Limits().names == []

def test_doubled():
    assert doubled(2) == 4
";
    let files = [("limits.py", program), ("test_limits.py", tests)];
    let arguments = vec!["test_limits.py".to_owned()];

    let report = Trial::new(&files, Tests::Pytest { arguments }, &python)
        .run()
        .unwrap();

    assert!(report.text.unwrap().contains("high: int = 10"));
}

#[test]
fn an_import_that_nothing_can_be_raised_in_ends_with_the_time() {
    let program = format!("{HALF}\nBIG = 9 ** 9 ** 9\n");
    let trial = trial(&program, "half(4) -> 2").with(|settings| {
        settings.budget = Duration::from_secs(1);
    });
    let began = Instant::now();

    let refused = trial.refusal();

    insta::assert_snapshot!(refused, @"the program could not be loaded: it takes longer to import than it may");
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn the_mark_that_a_file_begins_with_stays() {
    let program = format!("\u{feff}{}", HALF.trim_start());

    let text = trial(&program, "half(4) -> 2 \n half(9) -> 4").repaired();

    assert!(text.starts_with("\u{feff}def half"), "{text:?}");
}
