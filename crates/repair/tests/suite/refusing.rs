//! What cannot be repaired is said in one sentence, and what misbehaves harms nobody.

use std::{
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use repair::Tests;

use crate::support::{Trial, holds, python, python_with_pytest, trial};

const HALF: &str = r"
def half(number):
    return number // 3
";

#[test]
fn tests_that_all_pass_leave_nothing_to_repair() {
    let refused = trial(HALF, "half(0) -> 0").refusal();

    insta::assert_snapshot!(refused, @"all 1 tests pass: there is nothing to repair; add one that shows what is wrong");
}

#[test]
fn without_a_test_nothing_is_known() {
    let refused = trial(HALF, "").refusal();

    insta::assert_snapshot!(refused, @"there are no tests: a repair needs at least one that fails and says what is right");
}

#[test]
fn a_test_that_comes_out_otherwise_each_time_is_named() {
    let program = r"
import itertools

TURN = itertools.count()


def turn():
    return next(TURN)
";

    let refused = trial(program, "turn() -> 0").refusal();

    insta::assert_snapshot!(refused, @"`turn()` comes out otherwise each time: make it the same always (its clock, order or chance), then try again");
}

#[test]
fn two_cases_that_contradict_each_other_are_named() {
    let refused = trial(HALF, "half(4) -> 2 \n half(4) -> 3").refusal();

    insta::assert_snapshot!(refused, @r#"`{"call":"half","args":[4],"expect":2}` and `{"call":"half","args":[4],"expect":3}` cannot both be right: they expect different things of the same call"#);
}

#[test]
fn an_error_of_syntax_is_named_by_its_line() {
    let refused = trial("def half(number):\n    return number /\n", "half(4) -> 2").refusal();

    insta::assert_snapshot!(refused, @"`program.py` cannot be repaired: line 2 is not Python: mend its syntax first");
}

#[test]
fn a_text_that_is_too_large_is_not_read() {
    let program = format!(
        "{HALF}\nTEXT = '{}'\n",
        "x".repeat(repair::SOURCE_BYTES_MAX)
    );

    let refused = trial(&program, "half(4) -> 2").refusal();

    insta::assert_snapshot!(refused, @"`program.py` cannot be repaired: it has 1048628 bytes, and at most 1048576 are read: repair a part of it");
}

#[test]
fn a_module_that_raises_when_it_is_imported_is_not_loaded() {
    let program = format!("{HALF}\nLIMITS = {{}}\nLIMIT = LIMITS['default']\n");

    let refused = trial(&program, "half(4) -> 2").refusal();

    insta::assert_snapshot!(refused, @"the program could not be loaded: KeyError: 'default'");
}

#[test]
fn a_module_that_ends_its_process_when_it_is_imported_is_not_loaded() {
    let program = format!("import os\n{HALF}\nos._exit(3)\n");

    let refused = trial(&program, "half(4) -> 2").refusal();

    insta::assert_snapshot!(refused, @"what runs the tests ended: it said nothing more (exit status: 3)");
}

#[test]
fn a_module_that_never_ends_when_it_is_imported_is_not_loaded() {
    let program = format!("{HALF}\nwhile True:\n    half(1)\n");

    let refused = trial(&program, "half(4) -> 2").refusal();

    insta::assert_snapshot!(refused, @"the program could not be loaded: it takes longer to import than it may");
}

#[test]
fn a_module_that_builds_a_table_when_it_is_imported_is_repaired() {
    let program = r"
SQUARES = []
for number in range(30):
    SQUARES.append(number * number)


def square(number):
    return SQUARES[number + 1]
";

    let text = trial(
        program,
        "square(3) -> 9 \n square(0) -> 0 \n square(12) -> 144",
    )
    .repaired();

    assert!(holds(&text, "square(20) -> 400"), "{text}");
}

#[test]
fn a_python_that_is_not_there_is_named() {
    let mut trial = trial(HALF, "half(4) -> 2");
    trial.task.launcher.python = "/nowhere/python".into();

    let refused = trial.refusal();

    insta::assert_snapshot!(refused, @"`/nowhere/python` could not be started: No such file or directory (os error 2)");
}

#[test]
fn a_file_outside_of_the_folder_that_the_command_gets_a_copy_of_is_not_touched() {
    let words = vec!["true".to_owned()];
    let files = [("lib/half.py", HALF), ("tests/empty", "")];
    let mut trial = Trial::new(&files, Tests::Command { words }, python());
    trial.task.root.push("tests");

    let refused = trial.refusal();

    let folder = trial
        .task
        .root
        .parent()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    insta::assert_snapshot!(refused.replace(&folder, "FOLDER"), @"`FOLDER/lib/half.py` could not be used: it does not lie in `FOLDER/tests`, of which the command gets a copy");
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let words = vec!["no-such-command".to_owned()];
    let trial = Trial::new(&[("half.py", HALF)], Tests::Command { words }, python());

    let refused = trial.refusal();

    insta::assert_snapshot!(refused, @"`no-such-command` could not be started: No such file or directory (os error 2)");
}

fn pytest(files: &[(&str, &str)], python: &Path) -> Trial {
    let arguments = vec!["test_half.py".to_owned()];
    Trial::new(files, Tests::Pytest { arguments }, python)
}

#[test]
fn a_python_without_pytest_says_where_to_install_it() {
    let tests = "from half import half\n\ndef test_half():\n    assert half(4) == 2\n";
    let trial = pytest(&[("half.py", HALF), ("test_half.py", tests)], python());

    let refused = trial.refusal();

    let told = refused.replace(&python().to_string_lossy().into_owned(), "PYTHON");
    insta::assert_snapshot!(told, @"the tests could not be loaded: pytest is not installed for PYTHON: install it there, or name another Python by --python");
}

#[test]
fn a_file_without_tests_is_named() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let trial = pytest(
        &[
            ("half.py", HALF),
            ("test_half.py", "from half import half\n"),
        ],
        &python,
    );

    let refused = trial.refusal();

    insta::assert_snapshot!(refused, @"the tests could not be loaded: pytest found no test in test_half.py");
}

#[test]
fn tests_that_cannot_be_collected_say_why() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let tests = "from half import quarter\n\ndef test_half():\n    assert quarter(4) == 1\n";
    let trial = pytest(&[("half.py", HALF), ("test_half.py", tests)], &python);

    let refused = trial.refusal();

    assert!(
        refused.contains("cannot import name 'quarter'"),
        "{refused}"
    );
}

#[test]
fn a_fault_that_lies_in_another_module_is_said_to_be_elsewhere() {
    let Some(python) = python_with_pytest() else {
        return;
    };
    let other = "def third(number):\n    return number // 4\n";
    let tests = r"
from half import half
from third import third

def test_half():
    assert half(0) == 0

def test_third():
    assert third(9) == 3
";
    let trial = pytest(
        &[
            ("half.py", HALF),
            ("third.py", other),
            ("test_half.py", tests),
        ],
        &python,
    );

    let refused = trial.refusal();

    insta::assert_snapshot!(refused, @"
    no failing test runs a line of `half.py`: the fault is elsewhere (assert 2 == 3
     +  where 2 = third(9)), or the tests do not reach it
    ");
}

#[test]
fn an_example_that_cannot_be_right_is_not_made_to_pass() {
    let program = "def doubled(number):\n    return number + number\n";
    let cases = "
        doubled(2) -> 4
        doubled(3) -> 6
        doubled(5) -> \"a hundred\"
    ";

    let report = trial(program, cases).run().unwrap();

    assert!(!report.repaired && report.text.is_none(), "{report:#?}");
    insta::assert_snapshot!(report.reason, @"no change that it can think of passes all tests; still failing: doubled(5). More examples, a longer --budget, or a look at whether these tests are right would help");
}

#[test]
fn a_loop_without_an_end_is_a_fault_like_others() {
    let program = r"
def digits(number):
    count = 1
    while number > 9:
        count += 1
        number //= 1
    return count
";

    let cases = "digits(7) -> 1 \n digits(99) -> 2 \n digits(1000) -> 4";

    let report = trial(program, cases).run().unwrap();

    assert!(report.repaired, "{report:#?}");
    assert_eq!((report.failing, report.tests), (2, 3));
    assert!(holds(&report.text.unwrap(), "digits(98765) -> 5"));
}

#[test]
fn a_module_of_five_thousand_lines_is_repaired() {
    let mut program = String::new();
    for number in 0..1_000 {
        write!(
            program,
            "def step_{number}(value):\n    if value > {number}:\n        value -= 1\n    return value\n\n"
        )
        .unwrap();
    }
    program.push_str("def walked(value):\n    return step_3(step_4(value)) + step_5(value) + 1\n");

    let text = trial(
        &program,
        "walked(9) -> 15 \n walked(0) -> 0 \n walked(4) -> 7",
    )
    .repaired();

    assert!(holds(&text, "walked(20) -> 37"));
}

#[test]
fn what_is_no_number_is_a_value_like_others() {
    let program = r#"
def mean(values, weight):
    if weight:
        return float("nan")
    return sum(values) / len(values)
"#;

    let report = trial(program, "mean([2, 4], true) -> 3 \n mean([5], false) -> 5").run();

    assert!(report.unwrap().text.is_some());
}

#[test]
fn an_error_may_say_what_is_no_text() {
    let program = r#"
def first(values):
    if values:
        raise ValueError("\udc80")
    return values[0]
"#;

    let report = trial(program, "first([2, 4]) -> 2 \n first([]) raises IndexError").run();

    assert!(report.unwrap().text.is_some());
}

/// A program that calls `wreck` where it should not.
fn wrecked(wreck: &str) -> Trial {
    let program = format!(
        r"
import os, signal, sys, threading, time

SESSION = os.getpid()


def wreck(value):
    {wreck}
    return value


def checked(value, limit):
    if value < limit:
        wreck(value)
    return value
"
    );
    let cases = "
        checked(5, 5) -> 5
        checked(1, 5) -> 1
        checked(2, 9) -> 2
    ";
    trial(&program, cases)
}

/// Whatever it does, the search goes on behind it, and finds what passes.
fn survives(wreck: &str) {
    let report = wrecked(wreck).run().unwrap();

    assert!(report.text.is_some(), "{report:#?}");
    assert_eq!((report.failing, report.tests), (2, 3));
}

#[test]
fn a_program_may_end_its_process() {
    survives("os._exit(3)");
}

#[test]
fn a_program_may_raise_its_exit() {
    survives("sys.exit(3)");
}

#[test]
fn a_program_may_kill_its_process() {
    survives("os.kill(os.getpid(), signal.SIGKILL)");
}

#[test]
fn a_program_may_kill_its_group() {
    survives("sys.exit() if os.getpgid(0) != os.getpid() else os.kill(0, signal.SIGKILL)");
}

#[test]
fn a_program_may_delete_what_it_needs() {
    survives("del globals()['wreck']; raise ValueError");
}

#[test]
fn a_program_may_close_its_streams() {
    survives("sys.stdout.close(); os.close(1); print(value)");
}

#[test]
fn a_program_may_close_all_files() {
    survives("os.closerange(0, 100)");
}

#[test]
fn a_program_may_print_without_measure() {
    survives("print('x' * 1_000_000); raise ValueError");
}

/// Its copies make no copies of their own and end soon, so that a fault here stays a small one.
#[test]
fn a_program_may_fork() {
    survives("os.getppid() == SESSION and os.fork() == 0 and signal.alarm(9); raise ValueError");
}

#[test]
fn a_program_may_call_itself_without_end() {
    survives("wreck(value)");
}

#[test]
fn a_program_may_ask_for_more_memory_than_there_is() {
    survives("bytearray(10 << 30)");
}

/// What cannot be stopped from within costs its process, again and again: here it is the time that ends it.
fn ends_in_time(wreck: &str) {
    let trial = wrecked(wreck).with(|settings| settings.budget = Duration::from_secs(2));
    let began = Instant::now();

    let refused = trial.refusal();

    assert!(
        refused.starts_with("the time was enough for ") && refused.ends_with("a longer --budget"),
        "{refused}"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_program_may_compute_what_no_machine_can() {
    ends_in_time("10 ** 10 ** 8");
}

#[test]
fn a_program_may_wait_for_ever() {
    ends_in_time("time.sleep(1_000_000)");
}

#[test]
fn a_program_may_wait_for_a_lock_for_ever() {
    ends_in_time("lock = threading.Lock(); lock.acquire(); lock.acquire()");
}

#[test]
fn a_program_may_catch_everything_without_end() {
    ends_in_time("exec('while True:\\n try:\\n  value += 1\\n except BaseException: pass')");
}
