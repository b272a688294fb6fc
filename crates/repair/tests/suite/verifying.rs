//! What passed is run once more by itself, as it would be written, before anybody is told of it.

use std::{fs, path::Path};

use repair::Tests;

use crate::support::{Trial, holds, python, python_with_pytest, trial};

const AREA: &str = "def area(width, height):\n    return width + height\n";

/// `area` with a command of the shell that runs `check.py`.
fn area(command: &str, check: &str) -> Trial {
    let command = command.replace("PYTHON", &python().to_string_lossy());
    let words = ["sh", "-c", &command].map(ToOwned::to_owned).to_vec();
    let files = [
        ("area.py", AREA),
        ("check.py", check),
        (".venv/tool", "a tool"),
    ];
    Trial::new(&files, Tests::Command { words }, python())
}

#[test]
fn what_was_tried_on_other_tests_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let [first, kept] = ["first.jsonl", "kept.jsonl"].map(|name| folder.path().join(name));
    fs::write(&first, "").unwrap();
    fs::hard_link(&first, &kept).unwrap();
    let check = "from area import area\n\nassert area(3, 4) == 12\n";
    let trial = area("PYTHON check.py", check).with(|settings| settings.journal = Some(first));
    trial.run().unwrap();
    let root = &trial.task.root;
    fs::write(root.join("check.py"), check.replace("12", "-1")).unwrap();

    let trial = trial.with(|settings| settings.journal = Some(kept));
    let report = trial.run().unwrap();

    let text = report.text.unwrap();
    assert!(holds(&text, "area(3, 4) -> -1"), "{text}");
}

#[test]
fn where_nothing_can_be_kept_it_is_repaired_all_the_same() {
    let trial = trial(
        AREA,
        "area(3, 4) -> 12 \n area(1, 5) -> 5 \n area(2, 2) -> 4",
    );
    let inside_a_file = trial.task.file.join("kept.jsonl");

    let text = trial
        .with(|settings| settings.journal = Some(inside_a_file))
        .repaired();

    assert!(holds(&text, "area(6, 7) -> 42"), "{text}");
}

#[test]
fn what_breaks_a_test_that_starts_a_program_is_not_taken() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let program = "def doubled(number):\n    return number + number + 1\n";
    let tests = r#"
import pathlib, subprocess, sys
from doubled import doubled

def test_doubled():
    assert doubled(2) == 4

def test_alone():
    code = "from doubled import doubled; assert doubled(2) == 5"
    here = pathlib.Path(__file__).parent
    assert subprocess.run([sys.executable, "-c", code], cwd=here).returncode == 0
"#;
    let files = [("doubled.py", program), ("test_doubled.py", tests)];
    let arguments = vec!["test_doubled.py".to_owned()];

    let report = Trial::new(&files, Tests::Pytest { arguments }, &python)
        .run()
        .unwrap();

    assert!(report.passers > 0 && report.text.is_none(), "{report:#?}");
    insta::assert_snapshot!(report.reason, @"what passed did so only beside other attempts, and not by itself");
}

#[test]
fn what_cannot_be_imported_any_more_is_passed_over() {
    let program = r#"
def limit(number):
    return number + 5


if limit(0) != 5:
    raise ValueError("what is nothing has another limit")
"#;

    let report = trial(program, "limit(1) -> 7").run();

    let text = report.unwrap().text;
    assert!(text.is_none_or(|text| holds(&text, "limit(0) -> 5")));
}

#[test]
fn a_test_that_passes_now_and_then_is_named() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let tests = r"
from area import area

TURN = 0

def test_area():
    global TURN
    TURN += 1
    assert area(3, 4) == 12 or TURN % 4 == 0
";
    let files = [("area.py", AREA), ("test_area.py", tests)];
    let arguments = vec!["test_area.py".to_owned()];

    let refused = Trial::new(&files, Tests::Pytest { arguments }, &python).refusal();

    insta::assert_snapshot!(refused, @"`test_area.py::test_area` comes out otherwise each time: make it the same always (its clock, order or chance), then try again");
}

#[test]
fn a_command_leaves_nothing_behind_that_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    let command = format!(
        "sleep 47 & echo $! >> {}; PYTHON check.py",
        started.display()
    );
    let check = "from area import area\n\nassert area(3, 4) == 12\n";

    let report = area(&command, check).run().unwrap();

    assert!(report.text.is_some(), "{report:#?}");
    let started = fs::read_to_string(started).unwrap();
    assert!(started.lines().count() > 2);
    for number in started.lines() {
        let words = fs::read(Path::new("/proc").join(number).join("cmdline"));
        assert!(words.is_err() || !words.unwrap().starts_with(b"sleep"));
    }
}

#[test]
fn an_attempt_may_end_as_a_command_that_is_not_there() {
    let check = r#"
import sys
from area import area

open(".venv/tool").close()
sys.exit({12: 0, 7: 1}.get(area(3, 4), 127))
"#;

    let report = area("PYTHON check.py", check).run().unwrap();

    let text = report.text.unwrap();
    assert!(holds(&text, "area(3, 4) -> 12"), "{text}");
}
