//! Tests as people have them: a folder for pytest, or a command.

use repair::Tests;

use crate::support::{Trial, changes, holds, python, python_with_pytest};

const TILL: &str = r"
from shop.rates import rate_of

DISCOUNT_FROM = 3


class Till:
    def __init__(self, country):
        self.rate = rate_of(country)
        self.lines = []

    def add(self, price, count=1):
        self.lines.append((price, count))

    def net(self):
        total = 0
        for price, count in self.lines:
            if count > DISCOUNT_FROM:
                price -= 1
            total += price * count
        return total

    def gross(self):
        return self.net() * (100 + self.rate) // 100
";
const RATES: &str = r#"
def rate_of(country):
    return {"de": 20, "ch": 10}.get(country, 0)
"#;
const CONFTEST: &str = r#"
import pytest

from shop.till import Till


@pytest.fixture
def till():
    return Till("de")
"#;
const TESTS: &str = r#"
import pytest

from shop.till import Till


@pytest.mark.parametrize("price, count, net", [(10, 1, 10), (10, 2, 20), (10, 3, 27), (10, 4, 36)])
def test_many_are_cheaper(till, price, count, net):
    till.add(price, count)
    assert till.net() == net


class TestGross:
    def test_with_a_rate(self, till):
        till.add(10)
        assert till.gross() == 12

    def test_without_one(self):
        till = Till("elsewhere")
        till.add(7)
        assert till.gross() == 7

    def test_of_nothing(self, till):
        assert till.gross() == 0
"#;

fn shop(arguments: &[&str]) -> Option<Trial> {
    let python = python_with_pytest()?;
    let files = [
        ("shop/till.py", TILL),
        ("shop/__init__.py", ""),
        ("shop/rates.py", RATES),
        ("tests/conftest.py", CONFTEST),
        ("tests/test_till.py", TESTS),
    ];
    let arguments = arguments.iter().map(ToString::to_string).collect();
    Some(Trial::new(&files, Tests::Pytest { arguments }, &python))
}

#[test]
fn a_project_with_fixtures_parameters_and_classes_is_repaired() {
    let Some(trial) = shop(&["tests"]) else {
        return;
    };

    let report = trial.run().unwrap();

    assert!(report.repaired, "{report:#?}");
    assert_eq!((report.failing, report.fixed, report.tests), (1, 1, 7));
    let (removed, added) = changes(&report.diff);
    assert_eq!((removed.len(), added.len()), (1, 1), "{}", report.diff);
}

#[test]
fn one_test_may_be_named() {
    let Some(trial) = shop(&["tests/test_till.py::test_many_are_cheaper"]) else {
        return;
    };

    let report = trial.run().unwrap();

    assert!(report.text.is_some(), "{report:#?}");
    assert_eq!((report.failing, report.tests), (1, 4));
}

#[test]
fn a_module_that_does_things_when_it_is_imported_is_repaired() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let program = r"
TABLE = []
for number in range(20):
    TABLE.append(number * 3)


def tripled(number):
    return TABLE[number - 1]
";
    let tests = r"
from table import tripled

def test_tripled():
    assert tripled(4) == 12
    assert tripled(1) == 3

def test_none():
    assert tripled(0) == 0
";
    let files = [("table.py", program), ("test_table.py", tests)];
    let arguments = vec!["test_table.py".to_owned()];

    let text = Trial::new(&files, Tests::Pytest { arguments }, &python).repaired();

    assert!(holds(&text, "tripled(7) -> 21"), "{text}");
}

#[test]
fn a_command_is_run_for_each_attempt() {
    let program = "def area(width, height):\n    return width + height\n";
    let tests = r"
from area import area

assert area(3, 4) == 12
assert area(1, 5) == 5
assert area(0, 2) == 0
";
    let words = [&*python().to_string_lossy(), "test_area.py"].map(ToOwned::to_owned);
    let files = [("area.py", program), ("test_area.py", tests)];
    let words = words.to_vec();

    let report = Trial::new(&files, Tests::Command { words }, python())
        .run()
        .unwrap();

    assert!(report.tried < 200, "{report:#?}");
    let text = report.text.unwrap();
    assert!(holds(&text, "area(6, 7) -> 42"), "{text}");
}

#[test]
fn a_file_behind_a_link_is_repaired_and_not_written() {
    let program = "def area(width, height):\n    return width + height\n";
    let files = [
        ("code/area.py", program),
        (
            "tests/test_area.py",
            "from area import area\n\nassert area(3, 4) == 12\n",
        ),
    ];
    let words = [&*python().to_string_lossy(), "test_area.py"].map(ToOwned::to_owned);
    let words = words.to_vec();
    let mut trial = Trial::new(&files, Tests::Command { words }, python());
    let tests = trial.task.root.join("tests");
    std::os::unix::fs::symlink(&trial.task.file, tests.join("area.py")).unwrap();
    trial.task.file = tests.join("area.py");
    trial.task.root = tests;

    let report = trial.run().unwrap();

    assert!(report.text.is_some(), "{report:#?}");
}

/// Its copies make no copies of their own and end soon, so that a fault here stays a small one.
#[test]
fn a_copy_that_a_test_makes_of_its_process_does_not_run_the_other_tests() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let program = r"
import os, signal

SESSION = os.getpid()


def doubled(number):
    if os.getppid() == SESSION and os.fork() == 0:
        signal.alarm(9)
    return number + number + 1
";
    let tests = r"
from doubled import doubled

def test_doubled():
    assert doubled(2) == 4

def test_none():
    assert doubled(0) == 0
";
    let files = [("doubled.py", program), ("test_doubled.py", tests)];
    let arguments = vec!["test_doubled.py".to_owned()];

    let report = Trial::new(&files, Tests::Pytest { arguments }, &python)
        .run()
        .unwrap();

    assert!(report.text.is_some(), "{report:#?}");
    assert_eq!((report.failing, report.tests), (2, 2));
}
