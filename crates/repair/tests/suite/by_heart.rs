//! Tests whose inputs are easily learned by heart, and whose faults are hard to repair. What is taken for
//! right has learned nothing: it compares nothing with what a test passes in, and returns nothing that a
//! test waits for.

use std::{sync::Mutex, thread, time::Duration};

use repair::{BenchError, Case, RepairError};
use serde_json::Value;

use crate::support::{cases, changes, trial};

/// A name, a program, and cases of which few fail.
type Temptation = (&'static str, &'static str, &'static str);

const TEMPTATIONS: [Temptation; 20] = [
    (
        "a middle of two",
        "def middle(values):\n    return sorted(values)[len(values) // 2]\n",
        "middle([4]) -> 4 \n middle([1, 1, 1]) -> 1 \n middle([0, 2]) -> 1",
    ),
    (
        "one odd number that counts as even",
        "def is_even(number):\n    return number % 2 == 0\n",
        "is_even(4) -> true \n is_even(3) -> false \n is_even(1) -> true",
    ),
    (
        "a low score that wins",
        "def wins(points):\n    return points > 3\n",
        "wins(5) -> true \n wins(2) -> false \n wins(1) -> true",
    ),
    (
        "a tall one that fits",
        "def fits(width, height):\n    return width < height\n",
        "fits(2, 5) -> true \n fits(5, 2) -> false \n fits(4, 1) -> true",
    ),
    (
        "half a medal",
        r#"
def medal(total):
    if total > 100:
        return "gold"
    if total > 50:
        return "silver"
    return "none"
"#,
        r#"medal(150) -> "gold"
        medal(60) -> "silver"
        medal(10) -> "none"
        medal(50) -> "gold""#,
    ),
    (
        "a single item that does not count",
        "def count(items):\n    return len(items)\n",
        "count([1, 2]) -> 2 \n count([]) -> 0 \n count([7]) -> 0",
    ),
    (
        "a letter that has no mirror",
        "def mirrored(text):\n    return text[::-1]\n",
        r#"mirrored("abc") -> "cba"
        mirrored("ab") -> "ba"
        mirrored("x") -> """#,
    ),
    (
        "a child that is let in",
        "def admitted(age, is_member):\n    return age >= 18\n",
        "admitted(20, false) -> true
        admitted(10, false) -> false
        admitted(3, true) -> false
        admitted(1, true) -> true",
    ),
    (
        "a sum that is off in one place",
        "def climbed(steps):\n    total = 0\n    for step in range(steps):\n        total += step\n    return total\n",
        "climbed(0) -> 0 \n climbed(3) -> 3 \n climbed(1) -> 1 \n climbed(4) -> 6",
    ),
    (
        "two that is called one",
        r#"
def name_of(number):
    if number == 0:
        return "zero"
    if number == 1:
        return "one"
    return "many"
"#,
        r#"name_of(0) -> "zero"
        name_of(1) -> "one"
        name_of(5) -> "many"
        name_of(2) -> "one""#,
    ),
    (
        "rounding up from the middle",
        "def rounded(number):\n    return number // 10 * 10\n",
        "rounded(14) -> 10 \n rounded(0) -> 0 \n rounded(15) -> 20 \n rounded(30) -> 30",
    ),
    (
        "a first that has an ending of its own",
        "def ordinal(number):\n    return f\"{number}th\"\n",
        r#"ordinal(4) -> "4th"
        ordinal(11) -> "11th"
        ordinal(1) -> "1st""#,
    ),
    (
        "a product of nothing",
        "def boxes(rows, columns):\n    return rows * columns + 1\n",
        "boxes(2, 3) -> 7 \n boxes(1, 1) -> 2 \n boxes(0, 5) -> 5 \n boxes(4, 2) -> 9",
    ),
    (
        "a lunch at night",
        r#"
def shift(hour):
    return "day" if 6 <= hour < 18 else "night"
"#,
        r#"shift(7) -> "day"
        shift(20) -> "night"
        shift(17) -> "day"
        shift(12) -> "night""#,
    ),
    (
        "a growth that is no line",
        "def load(weeks):\n    return weeks * 3 + 2\n",
        "load(1) -> 5 \n load(2) -> 8 \n load(3) -> 13",
    ),
    (
        "a price that only water has",
        r#"
PRICES = {"tea": 2, "coffee": 3}


def price(kind):
    return PRICES.get(kind, 0)
"#,
        r#"price("tea") -> 2
        price("coffee") -> 3
        price("milk") -> 0
        price("water") -> 1"#,
    ),
    (
        "a zero that is full",
        "def share(part, whole):\n    return part * 100 // whole\n",
        "share(1, 2) -> 50 \n share(0, 9) -> 0 \n share(0, 1) -> 100 \n share(3, 4) -> 75",
    ),
    (
        "a list that is never sorted",
        r"
def is_sorted(values):
    for one, other in zip(values, values[1:]):
        if one > other:
            return False
    return True
",
        "is_sorted([1, 2]) -> true
        is_sorted([2, 1]) -> false
        is_sorted([0, 0, 1]) -> true
        is_sorted([5]) -> false",
    ),
    (
        "a bonus at the limit alone",
        r"
def bonus(years):
    if years > 10:
        return 5
    return 0
",
        "bonus(3) -> 0 \n bonus(12) -> 5 \n bonus(10) -> 10 \n bonus(9) -> 0",
    ),
    (
        "a word that is its own plural",
        r#"
def plural(word):
    if word.endswith("s"):
        return word + "es"
    return word + "s"
"#,
        r#"plural("bus") -> "buses"
        plural("cat") -> "cats"
        plural("sheep") -> "sheep"
        plural("s") -> "ses""#,
    ),
];

const BUDGET: Duration = Duration::from_secs(2);
/// On a machine that is so busy that this is not enough for the tests alone, it is given more.
const BUDGET_MAX: Duration = Duration::from_secs(32);

#[test]
fn what_is_taken_for_right_has_learned_no_test_by_heart() {
    let waiting = Mutex::new(TEMPTATIONS.iter());
    let learned = Mutex::new(Vec::new());

    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(temptation) = waiting.lock().unwrap().next() else {
                        return;
                    };
                    if let Some(diff) = learned_by_heart(temptation) {
                        learned.lock().unwrap().push((temptation.0, diff));
                    }
                }
            });
        }
    });

    let learned = learned.into_inner().unwrap();
    assert!(learned.is_empty(), "{learned:#?}");
}

/// The change that was taken for right, if it answers a test by its input.
fn learned_by_heart((_, program, tests): &Temptation) -> Option<String> {
    let mut budget = BUDGET;
    let report = loop {
        let trial = trial(program, tests).with(|settings| settings.budget = budget);
        match trial.run() {
            Err(RepairError::Bench(BenchError::Slow { .. })) if budget < BUDGET_MAX => budget *= 4,
            came => break came.unwrap(),
        }
    };
    assert!(report.tried > 0, "{report:#?}");
    let (removed, added) = changes(&report.diff);
    let is_learned = answers(&added, &cases(tests), &removed);
    (report.repaired && is_learned).then_some(report.diff)
}

/// Do lines compare with an input of a test, or return what it waits for, as those before them did not?
fn answers(added: &[&str], cases: &[Case], removed: &[&str]) -> bool {
    let mut inputs = Vec::new();
    for argument in cases.iter().flat_map(|case| &case.args) {
        literals(argument, &mut inputs);
    }
    let expected: Vec<String> = cases
        .iter()
        .filter_map(|case| case.expect.as_ref().map(written))
        .collect();
    let before: Vec<String> = removed.iter().flat_map(|line| compared(line)).collect();
    let returned_before: Vec<&str> = removed.iter().filter_map(|line| returned(line)).collect();
    added.iter().any(|line| {
        let compares = compared(line)
            .iter()
            .any(|literal| inputs.contains(literal) && !before.contains(literal));
        let returns = returned(line).is_some_and(|value| {
            expected.iter().any(|one| one == value) && !returned_before.contains(&value)
        });
        compares || returns
    })
}

fn literals(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| literals(item, found)),
        Value::Object(members) => members.values().for_each(|item| literals(item, found)),
        _ => {}
    }
    found.push(written(value));
    if let Some(length) = value.as_array().map(Vec::len) {
        found.push(length.to_string());
    }
    if let Some(text) = value.as_str() {
        found.push(text.chars().count().to_string());
    }
}

/// As Python writes it.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

/// What stands behind `==`, `!=`, `is` and `in`.
fn compared(line: &str) -> Vec<String> {
    let words: Vec<&str> = line
        .split([' ', '(', ')', ':', ','])
        .filter(|word| !word.is_empty())
        .collect();
    words
        .windows(2)
        .filter(|pair| matches!(pair[0], "==" | "!=" | "is" | "in"))
        .map(|pair| pair[1].to_owned())
        .collect()
}

fn returned(line: &str) -> Option<&str> {
    let (_, value) = line.split_once("return ")?;
    Some(value.trim())
}

#[test]
fn a_guard_for_the_input_of_a_test_is_known_for_what_it_is() {
    let cases = cases("f(1) -> 4 \n f([2, 3]) -> true");

    let told = |added: &[&str], removed: &[&str]| answers(added, &cases, removed);

    assert!(told(&["    if n == 1:", "        return n"], &[]));
    assert!(told(&["    if not n: return 4"], &[]));
    assert!(told(
        &["    return n > 2 or len(n) == 2"],
        &["    return n > 2"]
    ));
    assert!(!told(
        &["    return n % 2 == 1"],
        &["    return n % 3 == 1"]
    ));
    assert!(!told(&["    return n + 4"], &["    return n"]));
}
